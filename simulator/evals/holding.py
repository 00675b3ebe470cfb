"""Holds one talk from its first turn to its debrief: a script, a simulated trainee, doses."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from simulator.conversation import Answered, Conversation, Disclosed
from simulator.domain.dialogue import Turn
from simulator.domain.trainee import STYLES
from simulator.errors import InputError
from simulator.evals.deck import Deck
from simulator.evals.episode import Episode, Stop
from simulator.evals.suite import Case
from simulator.evals.trainee import Trainee
from simulator.report import as_json
from simulator.session import Simulator


def held(case: Case, simulator: Simulator, talk: Conversation, deck: Deck | None) -> Episode:
    """Say all that the case says, and write down the whole.

    Raises: CassetteError when a recording does not hold what is asked; ModelError when no model answers.
    """
    intended: list[str] = []
    stop = None
    for meant, text in _said(case, simulator, talk, deck):
        intended.append(meant)
        if stop := _turn(talk, text, deck):
            break
    doses = [] if stop else [_dosed(talk, text, deck) for text in case.user.doses]
    turns = talk.turns
    wanted = turns and case.debriefed
    debrief = json.loads(as_json(simulator.debrief(talk.card.id))) if wanted else {}
    return Episode(
        persona=case.persona,
        name=talk.persona.name,
        scenario=case.scenario,
        seed=talk.card.seed,
        opening=talk.card.opening,
        start=talk.card.start,
        turns=[replace(turn, at="") for turn in turns],
        intended=intended[: len(turns)],
        doses=[replace(turn, at="") for turn in doses],
        stop=stop,
        debrief=debrief,
        calls=deck.calls if deck else 0,
    )


def _said(
    case: Case, simulator: Simulator, talk: Conversation, deck: Deck | None
) -> Iterator[tuple[str, str]]:
    """What the trainee says next, with the code it means when simulated, while the persona stays."""
    script: Sequence[str] = case.user.script[: case.max_turns]
    for text in script:
        if talk.ended:
            return
        yield "", text
    if not case.user.style:
        return
    trainee = _trainee(case.user.style, simulator, talk)
    for number in range(1, min(case.user.turns, case.max_turns - len(script)) + 1):
        turns = talk.turns
        if talk.ended:
            return
        if deck:
            deck.turn(len(turns) + 1)
        heard = turns[-1].reply if turns else talk.card.opening
        code, text = trainee.say(number, heard, turns, talk.affect)
        yield code.value, text


def _trainee(style: str, simulator: Simulator, talk: Conversation) -> Trainee:
    return Trainee(
        STYLES[style],
        talk.persona,
        talk.scenario,
        seed=talk.card.seed,
        model=simulator.chat("trainee") or simulator.model,
        coder=simulator.coder,
        embedder=simulator.embedder,
    )


def _turn(talk: Conversation, text: str, deck: Deck | None) -> Stop | None:
    """Say one turn; a stop when the safety rail ended the talk."""
    number = len(talk.turns) + 1
    if deck:
        deck.turn(number)
    *_, last = talk.say(text)
    if isinstance(last, Disclosed):
        return Stop(number, last.danger.value, kept=any(text in turn.said for turn in talk.turns))
    return None


def _dosed(talk: Conversation, text: str, deck: Deck | None) -> Turn:
    """Say one dose, and take it back.

    Raises: InputError when the safety rail stops at it.
    """
    if deck:
        deck.turn(len(talk.turns) + 1)
    *_, last = talk.say(text)
    if not isinstance(last, Answered):
        raise InputError(f"dose '{text[:40]}': stopped by the safety rail; choose other words.")
    talk.undo()
    return last.turn
