"""A debrief or a session as text, Markdown, JSON or HTML. Pure rendering."""

import html
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from simulator.card import Trust
from simulator.domain.dialogue import Turn
from simulator.domain.skills import SkillScore
from simulator.evaluator import LANDED, Debrief, Feedback, Inside, Remark
from simulator.ledger import Card

SCALE = "0-4"


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
    return f"# Debrief: {debrief.persona}, {debrief.scenario}\n" + "\n".join(
        _lines(debrief, heading=lambda title: f"\n## {title}\n")
    )


def _lines(debrief: Debrief, heading: Callable[[str], str]) -> list[str]:
    """The debrief's sections in reading order."""
    lines = [heading(f"Inside {debrief.persona} ({debrief.style})")]
    for inside in debrief.inside:
        lines += _inside(inside, debrief.persona)
    lines.append(heading("Turning points"))
    lines += [f"- turn {turn}: {what}" for turn, what in debrief.turning] or ["- none: nothing moved much"]
    lines.append(heading(f"Skills ({SCALE}, with your words)"))
    lines += [line for score in debrief.skills for line in _skill(score, debrief.trust.get(score.skill))]
    lines += [] if debrief.trust else ["- (how well this coder agrees with raters was not measured)"]
    lines += [_counsel(debrief)]
    lines.append(heading("Best moment"))
    lines += [_moment(debrief.best)] if debrief.best else ["- none landed yet; that is what practice is for"]
    lines.append(heading("Costliest moment"))
    lines += [_moment(debrief.costliest)] if debrief.costliest else ["- none"]
    if debrief.better:
        lines.append(f'- Instead, you could say: "{debrief.better}"')
    lines.append(heading("Passages cited"))
    lines += [f"- [{c.id}] {c.title} ({c.source})" for c in debrief.citations] or ["- none"]
    lines.append(f"\nTurns coded by {debrief.coder}. This is practice, not therapy or assessment.")
    return lines


def _inside(inside: Inside, name: str) -> list[str]:
    (safe, safer), (tense, tenser) = inside.security, inside.activation
    felt = f"felt safety {safe:.2f} -> {safer:.2f}, distress {tense:.2f} -> {tenser:.2f}"
    lines = [f'{inside.turn}. You: "{inside.said}"', f"   {name}: {felt}"]
    if inside.beneath:
        b = inside.beneath
        lines.append(f"   showed: {b.behaviour}; under it: {b.primary}; needing: {b.need}")
    return lines


def _skill(score: SkillScore, trust: Trust | None) -> list[str]:
    name, agreed = score.skill.value, f" ({trust})" if trust else ""
    if score.level is None:
        why = f"agreement with raters too low: {trust}" if trust and not trust.judged else "no occasion"
        return [f"- {name}: not judged ({why})"]
    lines = [f"- {name}: {score.level:.0f}{agreed}"]
    for sign, rows in (("+", score.shown[:1]), ("-", score.missed[:1])):
        lines += [f'    {sign} turn {e.turn}: "{e.quote}" ({e.code.value})' for e in rows]
    return lines


def _counsel(debrief: Debrief) -> str:
    c = debrief.counsel
    ratio = (
        "no question asked" if c.ratio is None else f"{c.ratio:.1f} reflections a question (1 fair, 2 good)"
    )
    asked = f"{c.open_questions} open and {c.closed_questions} closed questions"
    return f"- for counsellors: {c.reflections} reflections, {asked}; {ratio}"


def _moment(remark: Remark) -> str:
    cited = f" [{remark.citation.id}]" if remark.citation else ""
    return f'- turn {remark.turn}: "{remark.quote}" ({remark.name.lower()}). {remark.why}{cited}'


def as_json(debrief: Debrief) -> str:
    """The debrief as one JSON object."""
    told = asdict(debrief) | {"trust": {s.value: t.model_dump() for s, t in debrief.trust.items()}}
    return json.dumps(told, indent=1, ensure_ascii=False)


def as_html(debrief: Debrief) -> str:
    """The debrief as one self-contained page; everything said is escaped."""
    body: list[str] = []
    for line in markdown(debrief).splitlines():
        safe = html.escape(line.strip())
        if line.startswith("# "):
            body.append(f"<h1>{safe[2:]}</h1>")
        elif line.startswith("## "):
            body.append(f"<h2>{safe[3:]}</h2>")
        elif safe:
            body.append(f"<p>{safe.removeprefix('- ')}</p>")
    title = html.escape(f"Debrief: {debrief.persona}, {debrief.scenario}")
    return _PAGE.format(title=title, body="\n".join(body))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1rem/1.6 Georgia, serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; }}
body {{ color: #222; }}
h1, h2 {{ font-family: system-ui, sans-serif; line-height: 1.2; }}
h2 {{ margin-top: 2.5rem; color: #35524a; }}
p {{ margin: .4rem 0; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #181a1b; color: #ddd; }}
  h2 {{ color: #9cc5b8; }}
}}
</style></head><body>
{body}
</body></html>
"""

FORMATS: Mapping[str, Callable[[Debrief], str]] = {
    "text": text,
    "md": markdown,
    "json": as_json,
    "html": as_html,
}


def transcript(card: Card, name: str, turns: Sequence[Turn]) -> str:
    """A session's words in Markdown."""
    lines = [f"# {name}, {card.scenario} ({card.id})", "", f"**{name}:** {card.opening}", ""]
    for turn in turns:
        lines += [f"**You:** {turn.said}", "", f"**{name}:** {turn.reply}", ""]
    return "\n".join(lines)


def session_json(card: Card, turns: Sequence[Turn]) -> str:
    """A session with everything felt and decided, as one JSON object."""
    data = asdict(card) | {"start": card.start.as_dict(), "turns": [turn.as_dict() for turn in turns]}
    return json.dumps(data, indent=1, ensure_ascii=False)
