"""A persona's lines for one scene, with what each answers in vectors: which line fits this turn."""

from collections.abc import Collection
from pathlib import Path

import numpy as np

from simulator.domain.line import Line, admissible, fill
from simulator.domain.persona import Fact, Persona
from simulator.domain.scenario import Scenario
from simulator.domain.strategy import Move
from simulator.domain.utterance import sentences
from simulator.embeddings import Embedder, cached
from simulator.ranker import Lines, Place, expected_fit

WELL_ENOUGH = 0.55
"""Expected fit (0..1) below which a short plain answer does as well (docs/measurements.md)."""
KNOWN_QUESTION, TOLD_QUESTION, SAME_QUESTION = 0.66, 0.72, 0.8
"""Cosine (-1..1) from which a plain question, one answered before, or any turn is one a sheet answers."""


class Repertoire:
    """All that this persona can mean in this scene."""

    def __init__(self, persona: Persona, scenario: Scenario, embedder: Embedder, cache: Path) -> None:
        self._embedder = embedder
        own = () if scenario.own_lines_only else persona.lines
        lines = (*scenario.lines, *own)
        self._own_only = scenario.own_lines_only
        self._slots = scenario.slots
        self._by_id = {line.id: line for line in lines}
        self._facts = [(ask, fact) for fact in (*scenario.facts, *persona.facts) for ask in fact.ask]
        self._kind = scenario.kind
        says = [self.filled(line.say) for line in lines]
        answered = cached(embedder, [self.filled(line.to or line.say) for line in lines], cache)
        shared = [at < len(scenario.lines) and bool(own) for at in range(len(lines))]
        self._lines = Lines(lines, says, answered, cached(embedder, says, cache), shared)
        self._asked = cached(embedder, [ask for ask, _ in self._facts], cache)

    def filled(self, text: str) -> str:
        """Authored text with the scene's facts in it."""
        return fill(text, self._slots)

    def named(self, line: str) -> Line | None:
        """The line of that id; None when it is no line of this scene."""
        return self._by_id.get(line)

    def answers(self, score: float) -> bool:
        """Whether a line of that score answers well enough to be spoken."""
        return score >= WELL_ENOUGH

    def candidates(self, place: Place, used: Collection[str]) -> dict[Move, dict[Line, float]]:
        """For each move, the lines that may be spoken now and how well (0..1) each answers the turn."""
        depth, trust = place.moment.deepest, place.moment.confidence
        near = (self._lines.answered @ self._embedder([place.said])[0]).tolist()
        able = [
            at
            for at, (line, nearness) in enumerate(zip(self._lines.lines, near, strict=True))
            if admissible(line, deepest=depth, kind=self._kind, trust=trust, used=used, nearness=nearness)
        ]
        if not able:
            return {}
        some = self._lines.taken(able)
        found: dict[Move, dict[Line, float]] = {}
        for line, fit in zip(some.lines, expected_fit(place, some, self._embedder).tolist(), strict=True):
            found.setdefault(line.move, {})[line] = fit
        return found

    @property
    def own_only(self) -> bool:
        """Whether the scene leaves out what the persona says as the one who was hurt."""
        return self._own_only

    def say(self, line: Line) -> str:
        """The line with the scene's facts in it."""
        return self.filled(line.say)

    def fact(self, question: str, *, plain: bool, told: Collection[str] = ()) -> Fact | None:
        """The fact that answers the question, if the sheets hold it; `plain` for a question of fact.

        A fact that was `told` has to be asked for more plainly: it came back for some other question
        as often as for the same one.
        """
        if not self._facts:
            return None
        scores = self._asked @ self._embedder([question])[0]
        best = int(np.argmax(scores))
        fact = self._facts[best][1]
        enough = SAME_QUESTION if not plain else TOLD_QUESTION if fact.say in told else KNOWN_QUESTION
        return fact if scores[best] >= enough else None

    def closeness(self, text: str, meaning: str) -> float:
        """Cosine of two sentences, -1..1."""
        pair = self._embedder([text, meaning])
        return float(pair[0] @ pair[1])

    def unsaid(self, spoken: str, meaning: str, floor: float) -> list[str]:
        """The sentences of the meaning that nothing spoken comes near to, in order."""
        parts = sentences(meaning)
        if not spoken or len(parts) < 2:
            return []
        said = self._embedder(sentences(spoken))
        near = (self._embedder(parts) @ said.T).max(axis=1)
        return [part for part, score in zip(parts, near, strict=True) if score < floor]
