"""The composition root and the use cases: start, resume, say, finish, debrief.

Everything that front ends (terminal, page, suites) may do with a rehearsal stands here; they parse
and print, and hold no rule of their own.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from simulator import library
from simulator.conversation import Conversation
from simulator.domain import branch
from simulator.domain.affect import Affect, hurt, rested
from simulator.domain.branch import Branch
from simulator.domain.comparison import Comparison, compared
from simulator.domain.dialogue import Turn
from simulator.domain.memory import Memory, remember
from simulator.domain.persona import Persona
from simulator.domain.scenario import Opening, Scenario
from simulator.domain.screening import Danger
from simulator.domain.utterance import cleaned
from simulator.errors import InputError, WeightsError
from simulator.ledger import Card, Ledger
from simulator.once import once
from simulator.settings import TALKING, Role, Settings

if TYPE_CHECKING:
    from simulator.coder import Coder
    from simulator.coder.local import LocalCoder
    from simulator.domain.progress import Progress
    from simulator.domain.self_assessment import Assessment, Compared
    from simulator.embeddings import Embedder
    from simulator.evaluator import Debrief, Evaluator
    from simulator.llm import ChatModel
    from simulator.report import Account
    from simulator.self_assessment import Assessments
    from simulator.store import Store
    from simulator.what_if import Stage, WhatIf


@dataclass(frozen=True)
class Parts:
    """Components that replace the real ones, or are shared; for tests and eval suites."""

    model: "ChatModel | None" = None
    coder: "Coder | None" = None
    embedder: "Embedder | None" = None
    alarm: Callable[[str], Danger | None] | None = None
    chat: Callable[[Role], "ChatModel | None"] | None = None
    """Models by role, in place of the settings' endpoints."""
    local: "LocalCoder | None" = None
    """The coder that stays on this machine whatever model is used."""
    store: Callable[[], "Store"] | None = None
    ledger: Ledger | None = None


class Simulator:
    """One run of the product: settings in, rehearsals out; heavy parts are made when first needed."""

    def __init__(self, settings: Settings, parts: Parts | None = None) -> None:
        self.settings = settings
        self._parts = parts or Parts()

    @once
    def ledger(self) -> Ledger:
        """The sessions database."""
        return self._parts.ledger or Ledger(self.settings.ledger)

    @once
    def embedder(self) -> "Embedder":
        """The sentence embedder, its files verified."""
        if self._parts.embedder:
            return self._parts.embedder
        from simulator.embeddings import MiniLM
        from simulator.weights import find, trusted

        cache = self.settings.cache
        return MiniLM(trusted(find("embedding"), cache), trusted(find("tokenizer"), cache))

    def check(self) -> None:
        """Make what several threads will share, so that none of them makes it twice.

        Raises: WeightsError when a model file is missing or damaged.
        """
        _ = self.ledger, self.embedder, self.model

    @once
    def model(self) -> "ChatModel":
        """The model that speaks for the persona."""
        if self._parts.model:
            return self._parts.model
        from simulator.embedded import EmbeddedChat

        remote = self.chat("persona")
        if remote:
            return remote
        settings = self.settings
        return EmbeddedChat(
            self.chat_file, threads=settings.threads, context=settings.context, timeout_s=settings.timeout_s
        )

    def chat_file(self) -> Path:
        """The chat model's file: the user's own, or the verified default."""
        from simulator.weights import find, trusted

        if self.settings.model_path:
            if not self.settings.model_path.is_file():
                raise WeightsError(f"{self.settings.model_path}: no such model file; check --model-path.")
            return self.settings.model_path
        return trusted(find("chat"), self.settings.cache)

    def chat(self, role: Role) -> "ChatModel | None":
        """The model behind an endpoint that has this role; None when there is none."""
        if self._parts.chat:
            return self._parts.chat(role)
        from simulator.llm import OpenAIChat

        endpoint = self.settings.endpoints.get(role)
        return OpenAIChat(endpoint, timeout_s=self.settings.timeout_s) if endpoint else None

    @once
    def coder(self) -> "Coder":
        """The coder that hears the trainee's turns."""
        if self._parts.coder:
            return self._parts.coder
        appraiser = self.chat("appraiser")
        if appraiser is None:
            return self._local_coder
        from simulator.coder.averaged import AveragedCoder
        from simulator.coder.structured import StructuredCoder

        capable = StructuredCoder(appraiser, self._local_coder)
        return AveragedCoder(capable, self._local_coder)

    @once
    def local_coder(self) -> "Coder":
        """The coder that stays on this machine."""
        return self._parts.coder or self._local_coder

    @once
    def table_coder(self) -> "Coder":
        """The local coder for tables of turns: codes alone, and no model file but its own."""
        from simulator.coder.local import LocalCoder

        return self._parts.coder or LocalCoder()

    @once
    def _local_coder(self) -> "LocalCoder":
        if self._parts.local:
            return self._parts.local
        from simulator.coder.local import LocalCoder

        return LocalCoder(self.embedder)

    def alarm(self, text: str, *, meant: bool = False) -> Danger | None:
        """The danger in the trainee's own life that a turn discloses: by pattern, or by likeness.

        Likeness is not asked about words that are `meant` for the scene. This never leaves the
        machine, whatever model plays the persona.
        """
        found = library.rail().screen.danger(text)
        if found or meant:
            return found
        by_likeness = self._parts.alarm or self._local_coder.danger
        return by_likeness(text)

    @once
    def store(self) -> "Store":
        """The document store, our own passages up to date."""
        if self._parts.store:
            return self._parts.store()
        from simulator.store import Store

        return Store(self.settings.store, self.embedder)

    def missing_files(self) -> list[str]:
        """Names of model files that a rehearsal needs and that are not here yet."""
        from simulator.weights import find

        wanted = [] if self._parts.embedder else ["embedding", "tokenizer"]
        own = self.settings.model_path or "persona" in self.settings.endpoints or self._parts.model
        wanted += [] if own else ["chat"]
        return [name for name in wanted if not find(name).path(self.settings.cache).is_file()]

    def destinations(self) -> dict[str, str]:
        """Which role's words leave this machine, and where they go; empty when none do."""
        return {role: e.host for role, e in self.settings.endpoints.items() if e.remote and role in TALKING}

    def persona(self, name: str) -> Persona:
        """A persona by its key."""
        return library.persona(name, self.settings.home)

    def scenario(self, name: str) -> Scenario:
        """A scenario by its key."""
        return library.scenario(name, self.settings.home)

    def start(
        self, persona: str, scenario: str, *, seed: int | None = None, after: str | None = None
    ) -> Conversation:
        """Begin a rehearsal; `after` names an earlier session that the persona remembers.

        Raises: InputError for unknown names; LedgerError when it cannot be written.
        """
        who, scene = self.persona(persona), self.scenario(scenario)
        number = secrets.randbelow(10_000) if seed is None else seed
        start = hurt(who.attachment, scene.severity)
        remembered = self.memory(after, persona) if after else None
        if remembered:
            kept = rested(remembered.affect, who.attachment)
            start = replace(start, trust=kept.trust, injury=max(start.injury, kept.injury))
        card = Card(
            id=_id(persona),
            persona=persona,
            scenario=scenario,
            seed=number,
            created=_now(),
            model=self.model_name,
            opening=_opening(who, scene, number),
            start=Affect(**start.as_dict()),  # as it is written: resumed or not, the talk is the same
            after=self.ledger.card(after).id if after else "",
        )
        self.ledger.start(card)
        return Conversation(self, card, who, scene, remembered)

    @property
    def model_name(self) -> str:
        """The persona's model, named without loading it."""
        endpoint = self.settings.endpoints.get("persona")
        if self._parts.model or self._parts.chat:
            return self.model.name
        return endpoint.model if endpoint else (self.settings.model_path or Path("embedded")).stem

    def memory(self, session: str, persona: str) -> Memory | None:
        """What a persona remembers of a session and of those before it; None once it was deleted.

        Raises: InputError when it was held with somebody else, or there never was one of that name.
        """
        card = self.ledger.card(session)
        if card.persona != persona:
            raise InputError(f"session {session}: was held with {card.persona}, not {persona}.")
        earlier = self._remembered(card)
        return remember(self._title(card.scenario), card.start, self.ledger.turns(card.id), earlier)

    def _remembered(self, card: Card) -> Memory | None:
        try:
            return self.memory(card.after, card.persona) if card.after else None
        except InputError:
            return None  # what was deleted is forgotten

    def _title(self, scenario: str) -> str:
        try:
            return self.scenario(scenario).title
        except InputError:
            return scenario

    def last(self, persona: str) -> str | None:
        """The session that a persona would remember now; None when there is none, or none is to be."""
        return self.ledger.last(persona) if self.settings.memory else None

    def resume(self, session: str) -> Conversation:
        """Take up a session where it stopped.

        Raises: InputError when there is none of that name.
        """
        card = self.ledger.card(session)
        who, scene = self.persona(card.persona), self.scenario(card.scenario)
        return Conversation(self, card, who, scene, self._remembered(card))

    def branch(self, session: str, turn: int) -> Conversation:
        """A new session that goes as another one did up to `turn` (1 and up), to say that one differently.

        The other one stays as it is. The same words get the same answers here as there.
        Raises: InputError when there is no such session or turn; LedgerError when it cannot be written.
        """
        parent = self.ledger.card(session)
        card = replace(parent, id=_id(parent.persona), created=_now(), parent=parent.id, fork=turn - 1)
        self.ledger.branch(card)
        return self.resume(card.id)

    def tree(self, session: str) -> Branch:
        """A session with all that branch off it, or that it branched off, from the one that was first.

        Raises: InputError when there is none of that name.
        """
        return branch.tree(self._branches(), self.ledger.card(session).id)

    def _branches(self) -> list[Branch]:
        """Every session there is, the oldest first."""
        held = reversed(self.ledger.summaries())
        return [Branch(s.card.id, s.card.parent, s.card.fork, s.turns, s.said) for s in held]

    def compare(self, one: str, other: str) -> Comparison:
        """Two sessions of one tree side by side.

        Raises: InputError when there is none of that name, or they are not of one tree.
        """
        first, second = self.ledger.card(one), self.ledger.card(other)
        known = {each.session: each for each in self._branches()}
        if branch.root(known, first.id) != branch.root(known, second.id):
            raise InputError(
                f"sessions {first.id} and {second.id}: did not begin as one talk; "
                f"`simulator sessions tree {first.id}` names those that did."
            )
        from simulator.progress import levels

        return compared(first.start, self.ledger.turns(first.id), self.ledger.turns(second.id), levels)

    def evaluator(self, persona: Persona, scenario: Scenario) -> "Evaluator":
        """The evaluator for talks with one persona in one scene."""
        from simulator.evaluator import Evaluator

        # better sentences are weighed here, dozens a turn: none of them was said
        return Evaluator(persona, scenario, self.local_coder, self.store, self._suggest())

    def _suggest(self) -> Callable[[Turn, str], Sequence[str]] | None:
        """Better sentences from the grader, when a capable model has that role."""
        grader = self.chat("grader")
        if grader is None:
            return None
        from simulator.suggesting import suggested

        return lambda turn, fault: suggested(grader, turn, fault)

    def debrief(self, session: str) -> "Debrief":
        """Look back on a session.

        Raises: InputError when there is none, or nothing was said in it.
        """
        from simulator.graph.debrief import DebriefDeps, debrief_graph

        card = self.ledger.card(session)
        if not self.ledger.turns(card.id):
            raise InputError(f"session {card.id}: nothing was said yet; `simulator chat --resume {card.id}`.")
        known = frozenset(passage.id for passage in self.store.passages())
        evaluator = self.evaluator(self.persona(card.persona), self.scenario(card.scenario))
        deps = DebriefDeps(card, self.ledger, evaluator, known)
        found: Debrief = debrief_graph().invoke({}, context=deps)["debrief"]
        return found

    def account(self, session: str) -> "Account":
        """A session with its debrief: what every form of `report.FORMATS` is made from.

        Raises: InputError when there is none, or nothing was said in it.
        """
        from simulator.report import Account

        card = self.ledger.card(session)
        attachment = self.persona(card.persona).attachment
        return Account(card, attachment, self.ledger.turns(card.id), self.debrief(card.id))

    def bundle(self, session: str) -> bytes:
        """The supervisor's bundle: a ZIP of the session, its debrief and what both rest on.

        Raises: InputError when there is none, or nothing was said in it.
        """
        from simulator.bundle import bundle

        return bundle(self.account(session), self.store.passages(), self.destinations())

    def costly(self, session: str) -> list[int]:
        """The numbers of the turns that deserve a what-if, the costliest first; needs no model.

        Raises: InputError when there is no such session, or its persona is gone.
        """
        from simulator.evaluator import costly

        card = self.ledger.card(session)
        attachment = self.persona(card.persona).attachment
        return [turn.number for turn in costly(self.ledger.turns(card.id), attachment)]

    def what_if(
        self, session: str, turn: int | None = None, *, seeds: int | None = None, said: str = ""
    ) -> "WhatIf":
        """What a turn, the costliest if none is named, would have done in other words; nothing is recorded.

        `seeds` is how often each wording is re-enacted (1..1000; 40 if not given); `said` is the trainee's
        own other wording.
        Raises: InputError when there is no such session or turn, or no turn that cost anything.
        """
        card = self.ledger.card(session)
        if turn is None:
            turn = next(iter(self.costly(card.id)), None)
        if turn is None:
            raise InputError(f"session {card.id}: no turn of it cost anything; name the one you mean.")
        own = cleaned(said) if said else ""
        danger = self.alarm(own) if own else None
        return replace(self._stage(card, turn, seeds).play("" if danger else own), danger=danger)

    def _stage(self, card: Card, turn: int, seeds: int | None) -> "Stage":
        """A session as it stood before a turn, with all that it takes to hold that turn again."""
        from simulator.chooser import Chooser
        from simulator.repertoire import Repertoire
        from simulator.what_if import SEEDS, Stage

        who, scene = self.persona(card.persona), self.scenario(card.scenario)
        repertoire = Repertoire(who, scene, self.embedder, self.settings.home / "vectors")
        return Stage(
            persona=who,
            card=card,
            turns=self.ledger.turns(card.id),
            number=turn,
            coder=self.local_coder,
            evaluator=self.evaluator(who, scene),
            chooser=Chooser(who, repertoire, self._remembered(card)),
            seeds=SEEDS if seeds is None else seeds,
        )

    def progress(self) -> "Progress":
        """How the trainee's skills stand over all talks, and what to practise next.

        Raises: LedgerError when a session cannot be read.
        """
        from simulator.progress import progress

        return progress(self.ledger, self.settings.home)

    @once
    def assessments(self) -> "Assessments":
        """What the trainee said of themself."""
        from simulator.self_assessment import Assessments

        return Assessments(self.ledger)

    def assess(self, answers: Mapping[str, int]) -> "Assessment":
        """Keep a whole set of answers (1..5 by the statement's id).

        Raises: InputError when one is missing or out of range; LedgerError when it cannot be written.
        """
        from simulator.progress import finished

        return self.assessments.take(answers, finished(self.ledger))

    def assessment_due(self) -> bool:
        """Whether it is time for a self-assessment: before the first talk, and after every fifth."""
        from simulator.domain.self_assessment import due
        from simulator.progress import finished

        return due(finished(self.ledger), self.assessments.taken())

    def compared(self, shown: "Progress | None" = None) -> "Compared | None":
        """The last self-assessment beside the talks, `shown` if counted already; None before the first."""
        from simulator.domain.self_assessment import compared

        taken = self.assessments.taken()
        if not taken:
            return None
        return compared(library.questionnaire(), taken[-1], (shown or self.progress()).sessions)

    def with_settings(self, settings: Settings) -> "Simulator":
        """The same simulator with other settings; this one is to be closed."""
        return Simulator(settings, self._parts)

    def close(self) -> None:
        """Stop the embedded server and close the database."""
        model = self.__dict__.get("model")
        if model is not None and hasattr(model, "close"):
            model.close()
        if "ledger" in self.__dict__:
            self.ledger.close()


def _id(persona: str) -> str:
    return f"{persona}-{secrets.token_hex(3)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _opening(persona: Persona, scenario: Scenario, seed: int) -> str:
    """The persona's first words, by its leaning: the two axes as odds against plainness."""
    attachment = persona.attachment
    odds: dict[Opening, float] = {
        "hyperactivating": attachment.anxious**3,
        "deactivating": attachment.avoidant**3,
        "plain": (1 - max(attachment.anxious, attachment.avoidant)) ** 3,
    }
    rng = Random(f"{seed}:opening")
    kind = rng.choices(list(odds), list(odds.values()))[0]
    return rng.choice(list(scenario.openings[kind]))
