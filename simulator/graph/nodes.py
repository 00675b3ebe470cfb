"""The nodes of one turn, a verb each: state in, delta out. Rules live in domain/, words in wording.py."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime
from random import Random

from langgraph.config import get_stream_writer
from langgraph.runtime import Runtime

from simulator.chooser import ASIDE
from simulator.domain.affect import Affect, feel
from simulator.domain.appraisal import appraise
from simulator.domain.codebook import Coding
from simulator.domain.dialogue import Turn
from simulator.domain.hearing import weighed
from simulator.domain.strategy import Moment, Move
from simulator.graph.state import Deps, TurnState
from simulator.wording import Plan, Spoken

COMPLETION = 90
"""The part number of what `check` adds, after any sentence of `speak`."""

Run = Runtime[Deps]


def screen(state: TurnState, runtime: Run) -> TurnState:  # noqa: ARG001 - LangGraph passes `state` by name
    """Stop at a disclosure of danger; otherwise let the words in."""
    deps = runtime.context
    danger = deps.alarm(deps.said)
    if danger:
        return {"danger": danger.value}
    return {"danger": "", "said": deps.said, "number": len(deps.history) + 1}


def hear(state: TurnState, runtime: Run) -> TurnState:
    """Code the turn, as it counts in this talk (node `appraise`)."""
    deps = runtime.context
    history = deps.history
    coding = deps.coder.code(state["said"], deps.card.last_words(history))
    return {"coding": weighed(coding, state["said"], [turn.said for turn in history]).as_dict()}


def react(state: TurnState, runtime: Run) -> TurnState:
    """Move the persona's state (node `feel`)."""
    deps = runtime.context
    history = deps.history
    before = (history[-1].after if history else None) or deps.card.start
    impact = appraise(Coding.from_dict(state["coding"]), deps.persona.attachment, before)
    after = feel(before, impact, deps.persona.attachment)
    return {
        "before": before.as_dict(),
        "after": after.as_dict(),
        "comfort": round(impact.comfort, 4),
        "alarm": round(impact.alarm, 4),
    }


def plan(state: TurnState, runtime: Run) -> TurnState:
    """Choose the move and the meaning that answers this turn (node `decide`)."""
    deps = runtime.context
    rng = Random(f"{deps.card.seed}:{state['number']}")
    chosen = deps.chooser.choose(state["said"], _moment(state, deps), deps.history, rng, deps.card.opening)
    return {
        "move": chosen.move,
        "feeling": chosen.feeling,
        "layer": chosen.layer.label,
        "line": chosen.line,
        "meaning": chosen.meaning,
        "verbatim": chosen.verbatim,
        "ended": chosen.ended,
    }


def _moment(state: TurnState, deps: Deps) -> Moment:
    coding, before, after = (
        Coding.from_dict(state["coding"]),
        Affect(**state["before"]),
        Affect(**state["after"]),
    )
    impact = appraise(coding, deps.persona.attachment, before)
    recent = tuple(Move(turn.move) for turn in deps.history if turn.move != ASIDE)
    return Moment(deps.persona.attachment, after, impact, coding, state["number"], recent)


def speak(state: TurnState, runtime: Run) -> TurnState:
    """Find the words; every sentence is checked, written down, and only then shown."""
    deps, show = runtime.context, get_stream_writer()
    session, number = deps.card.id, state["number"]
    already = deps.ledger.spoken(session, number)
    intended = Plan(
        heard=state["said"],
        meaning=state["meaning"],
        feeling=state["feeling"],
        move=state["move"],
        layer=state["layer"],
        verbatim=state["verbatim"],
        seed=deps.card.seed * 1000 + number * 10,
    )
    voicing = deps.voice.speak(intended, deps.history, deps.card.opening, already)
    part = len(already)

    def say(sentence: str) -> None:
        nonlocal part
        deps.ledger.speak(session, number, part, sentence)
        part += 1
        show({"sentence": sentence})

    spoken = _drained(voicing, say)
    return {
        "reply": spoken.text,
        "path": spoken.path,
        "rejected": list(spoken.rejected),
        "prompt": spoken.prompt,
        "model": spoken.model,
    }


def _drained(voicing: Generator[str, None, Spoken], say: Callable[[str], None]) -> Spoken:
    while True:
        try:
            say(next(voicing))
        except StopIteration as done:
            found: Spoken = done.value
            return found


def check(state: TurnState, runtime: Run) -> TurnState:
    """Complete the reply with what the drafts left out of its meaning, so none is shown in part."""
    deps = runtime.context
    missing = deps.voice.missing(state["reply"], state["meaning"], state["path"])
    if not missing:
        return {}
    deps.ledger.speak(deps.card.id, state["number"], COMPLETION, missing)
    get_stream_writer()({"sentence": missing})
    return {"reply": f"{state['reply']} {missing}"}


def record(state: TurnState, runtime: Run) -> TurnState:
    """Write the turn down; writing it again after a crash changes nothing."""
    deps = runtime.context
    turn = Turn(
        number=state["number"],
        said=state["said"],
        reply=state["reply"],
        coding=Coding.from_dict(state["coding"]),
        before=Affect(**state["before"]),
        after=Affect(**state["after"]),
        comfort=state["comfort"],
        alarm=state["alarm"],
        move=state["move"],
        layer=state["layer"],
        line=state["line"],
        meaning=state["meaning"],
        feeling=state["feeling"],
        path=state["path"],
        rejected=tuple(state["rejected"]),
        prompt=state["prompt"],
        model=state["model"],
        ended=state["ended"],
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    deps.ledger.record(deps.card.id, turn)
    return {}


def after_screen(state: TurnState) -> str:
    """Where a turn goes from the screen."""
    return "stop" if state["danger"] else "appraise"
