"""A debrief or a session in words: text, Markdown, JSON. Pure rendering."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from simulator.card import Trust
from simulator.domain.dialogue import Turn
from simulator.domain.skills import SkillScore
from simulator.evaluator import LANDED, Debrief, Feedback, Inside, Remark
from simulator.ledger import Card

SCALE = "0-4"
UNMEASURED = "how well this coder agrees with raters was not measured"


def feedback_lines(feedback: Feedback, *, full: bool = False) -> list[str]:
    """What is said of one turn: a line for what landed, one for what missed, one better sentence."""
    lines = [_remark(remark, full=full) for remark in feedback.remarks]
    if feedback.better:
        lines.append(f'  try: "{feedback.better}"')
    return lines


def _remark(remark: Remark, *, full: bool) -> str:
    mark = "+" if remark.verdict == LANDED else "-"
    cited = f" [{remark.citation.id}: {remark.citation.title}]" if remark.citation else ""
    why = f" {remark.why}" if full or remark.verdict != LANDED else ""
    return f'{mark} "{remark.quote}" ({remark.name.lower()}).{why}{cited}'


def text(debrief: Debrief) -> str:
    """The debrief for a terminal."""
    return "\n".join(_lines(debrief, heading=lambda title: f"\n{title}\n{'-' * len(title)}"))


def markdown(debrief: Debrief) -> str:
    """The debrief in Markdown."""
    lines = _lines(debrief, heading=lambda title: f"\n## {title}\n")
    scene = [f"\n{debrief.briefing}"] if debrief.briefing else []
    return "\n".join([f"# Debrief: {debrief.persona}, {debrief.scenario}", *scene, *lines])


def _lines(debrief: Debrief, heading: Callable[[str], str]) -> list[str]:
    """The debrief's sections in reading order."""
    lines = [heading(f"Inside {debrief.persona} ({debrief.style})")]
    for inside in debrief.inside:
        lines += _inside(inside, debrief.persona)
    lines.append(heading("Turning points"))
    lines += [f"- turn {turn}: {what}" for turn, what in debrief.turning] or ["- none: nothing moved much"]
    lines.append(heading(f"Skills ({SCALE}, with your words)"))
    lines += [line for score in debrief.skills for line in _skill(score, debrief.trust.get(score.skill))]
    lines += [] if debrief.trust else [f"- ({UNMEASURED})"]
    lines += [f"- {counselled(debrief)}"]
    lines.append(heading("Best moment"))
    lines += [_moment(debrief.best)] if debrief.best else ["- none landed yet; that is what practice is for"]
    lines.append(heading("Costliest moment"))
    lines += [_moment(debrief.costliest)] if debrief.costliest else ["- none"]
    if debrief.better:
        lines.append(f'- Instead, you could say: "{debrief.better}"')
    lines.append(heading("Passages cited"))
    lines += [f"- [{c.id}] {c.title} ({c.source})" for c in debrief.citations] or ["- none"]
    lines.append(f"\n{closing(debrief)}")
    return lines


def closing(debrief: Debrief) -> str:
    """What stands under every debrief."""
    return f"Turns coded by {debrief.coder}. This is practice, not therapy or assessment."


def _inside(inside: Inside, name: str) -> list[str]:
    lines = [f'{inside.turn}. You: "{inside.said}"', f"   {name}: {felt(inside)}"]
    if inside.beneath:
        b = inside.beneath
        lines.append(f"   showed: {b.behaviour}; under it: {b.primary}; needing: {b.need}")
    return lines


def felt(inside: Inside) -> str:
    """How felt safety and distress moved in one turn."""
    (safe, safer), (tense, tenser) = inside.security, inside.activation
    return f"felt safety {safe:.2f} -> {safer:.2f}, distress {tense:.2f} -> {tenser:.2f}"


def _skill(score: SkillScore, trust: Trust | None) -> list[str]:
    name, agreed = score.skill.value, f" ({trust})" if trust else ""
    if score.level is None:
        return [f"- {name}: {unjudged(trust)}"]
    lines = [f"- {name}: {score.level:.0f}, from {score.basis}{agreed}"]
    for sign, rows in (("+", score.shown[:1]), ("-", score.missed[:1])):
        lines += [f'    {sign} turn {e.turn}: "{e.quote}" ({e.code.value})' for e in rows]
    return lines


def unjudged(trust: Trust | None) -> str:
    """Why a skill has no level."""
    why = f"agreement with raters too low: {trust}" if trust and not trust.judged else "no occasion"
    return f"not judged ({why})"


def counselled(debrief: Debrief) -> str:
    """What trainees' supervisors look at first, in one line."""
    c = debrief.counsel
    ratio = (
        "no question asked" if c.ratio is None else f"{c.ratio:.1f} reflections a question (1 fair, 2 good)"
    )
    asked = f"{c.open_questions} open and {c.closed_questions} closed questions"
    return f"for counsellors: {c.reflections} reflections, {asked}; {ratio}"


def _moment(remark: Remark) -> str:
    cited = f" [{remark.citation.id}]" if remark.citation else ""
    return f'- turn {remark.turn}: "{remark.quote}" ({remark.name.lower()}). {remark.why}{cited}'


def as_json(debrief: Debrief) -> str:
    """The debrief as one JSON object."""
    told = asdict(debrief) | {"trust": {s.value: t.model_dump() for s, t in debrief.trust.items()}}
    return json.dumps(told, indent=1, ensure_ascii=False)


def transcript(card: Card, name: str, turns: Sequence[Turn]) -> str:
    """A session's words in Markdown."""
    lines = [f"# {name}, {card.scenario} ({card.id})", "", f"**{name}:** {card.opening}", ""]
    for turn in turns:
        lines += [f"**You:** {turn.said}", "", f"**{name}:** {turn.reply}", ""]
    return "\n".join(lines)


def session_data(card: Card, turns: Sequence[Turn]) -> dict[str, Any]:
    """A session with everything felt and decided, as plain data."""
    return asdict(card) | {"start": card.start.as_dict(), "turns": [turn.as_dict() for turn in turns]}


def session_json(card: Card, turns: Sequence[Turn]) -> str:
    """A session with everything felt and decided, as one JSON object."""
    return json.dumps(session_data(card, turns), indent=1, ensure_ascii=False)
