"""The nodes of one turn, a verb each: state in, delta out. Rules live in domain/, words in wording.py."""

from collections.abc import Callable, Generator
from datetime import UTC, datetime
from random import Random

from langgraph.config import get_stream_writer
from langgraph.runtime import Runtime

from simulator.domain.affect import Affect, feel
from simulator.domain.appraisal import appraise
from simulator.domain.beneath import FEELING
from simulator.domain.checks import overlap
from simulator.domain.codebook import Code, Coding, Oddity
from simulator.domain.dialogue import Turn
from simulator.domain.line import choose
from simulator.domain.memory import reminded
from simulator.domain.strategy import Moment, Move, decide
from simulator.domain.utterance import words
from simulator.graph.state import Deps, TurnState
from simulator.wording import Plan, Spoken

REPEAT_COUNTS = 0.35
"""What attuned words still count for (0..1) when the trainee says the same thing again."""
UNREAD = frozenset({Oddity.OTHER_LANGUAGE, Oddity.NONSENSE})
"""Words nobody could read carry no code, whatever they look like; only their strangeness counts."""
ASIDE = "aside"
"""The move of a reply to a question of fact or to a turn that is no move."""
RECALLED = "recalled"
"""The line of a reply that speaks of an earlier talk."""
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
    """Code the turn; repeated words count for less (node `appraise`)."""
    deps = runtime.context
    history = deps.history
    coding = deps.coder.code(state["said"], history[-1].reply if history else deps.card.opening)
    if coding.oddity in UNREAD:
        coding = Coding((), coding.oddity, coding.coder)
    if any(_same(state["said"], turn.said) for turn in history):
        coding = coding.scaled(REPEAT_COUNTS)
    return {"coding": coding.as_dict()}


def _same(said: str, earlier: str) -> bool:
    return words(said) == words(earlier) or overlap(said, earlier) > 0.8


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
    """Choose the move, then the meaning that answers this turn (node `decide`)."""
    deps, coding = runtime.context, Coding.from_dict(state["coding"])
    rng = Random(f"{deps.card.seed}:{state['number']}")
    moment = _moment(state, deps, coding)
    used = {turn.line for turn in deps.history} | (deps.memory.told if deps.memory else frozenset())
    lines = deps.repertoire.candidates(state["said"], moment, used)
    move = decide(moment, rng, {move: max(scores.values()) for move, scores in lines.items()})
    aside = None if move is Move.LEAVE else _aside(state["said"], coding, deps, rng)
    if aside is None and move in lines:
        line = choose(lines[move], rng)
        recalled = _recalled(deps, coding, move, rng)
        return {
            "move": move.value,
            "feeling": FEELING[move],
            "layer": line.layer.label,
            "line": RECALLED if recalled else line.id,
            "meaning": recalled or deps.repertoire.say(line),
            "verbatim": bool(recalled),
            "ended": move is Move.LEAVE,
        }
    return {
        "move": ASIDE,
        "feeling": "thrown for a moment",
        "layer": "behaviour",
        "line": "",
        "meaning": aside or deps.repertoire.unexpected(Oddity.SILENCE, set(), rng),
        "verbatim": True,
        "ended": False,
    }


def _moment(state: TurnState, deps: Deps, coding: Coding) -> Moment:
    before, after = Affect(**state["before"]), Affect(**state["after"])
    impact = appraise(coding, deps.persona.attachment, before)
    recent = tuple(Move(turn.move) for turn in deps.history if turn.move != ASIDE)
    return Moment(deps.persona.attachment, after, impact, coding, state["number"], recent)


def _recalled(deps: Deps, coding: Coding, move: Move, rng: Random) -> str | None:
    """What the turn brings back from an earlier talk; once in a talk is enough."""
    if not deps.memory or move is Move.LEAVE or any(turn.line == RECALLED for turn in deps.history):
        return None
    trace = reminded(deps.memory, coding, move)
    lines = deps.persona.recalls.get(trace, ()) if trace else ()
    return rng.choice(list(lines)).replace("{quote}", deps.memory.quotes[trace]) if trace and lines else None


def _aside(said: str, coding: Coding, deps: Deps, rng: Random) -> str | None:
    """A fact that was asked for, or the answer to a turn that is no move."""
    asking = coding.oddity is Oddity.FACT_QUESTION or coding.intensity(Code.INQUIRE) >= 0.5
    fact = deps.repertoire.fact(said, plain=asking)
    if fact:
        return fact.say
    if coding.oddity:
        return deps.repertoire.unexpected(coding.oddity, {t.reply for t in deps.history}, rng)
    return None


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
