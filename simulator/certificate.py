"""Certificates of personas as text, Markdown and JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from simulator.domain.certificate import Certificate, certify
from simulator.domain.curve import curves
from simulator.domain.persona import Persona

LEGEND = """simulated sessions on the policy core, no model, the same seeds for everybody.
Effect sizes are Cohen's d with a 95 % interval; the reference people stand at 2 and 6 on the two axes."""


def certified(persona: Persona, each: int) -> Certificate:
    """The certificate of one persona after `each` sessions with every style of trainee."""
    return certify(persona.name, persona.attachment, persona.lines, each)


def _title(found: Certificate) -> str:
    a = found.attachment
    verdict = "holds" if found.held else "DOES NOT HOLD"
    return f"{found.name} ({a.style}: anxiety {a.anxiety}, avoidance {a.avoidance}): {verdict}"


def as_text(found: Certificate) -> str:
    """For the terminal: one line a claim, the failed ones marked."""
    rows = [f"{'ok ' if f.held else 'NO '} {f.claim}: {f.figure} [{f.source}]" for f in found.findings]
    return "\n".join([f"{_title(found)} in {found.sessions} simulated sessions", *rows])


def as_markdown(every: Sequence[Certificate], each: int) -> str:
    """A page: what was held, a table a persona, and how it reacts turn by turn."""
    parts = [
        "# Certificates\n",
        f"`simulator personas certify --sessions {each}`: {LEGEND}\n",
    ]
    for found in every:
        parts.append(f"## {_title(found)}\n\n| | claim | measured | source |\n|---|---|---|---|")
        parts += [
            f"| {'holds' if f.held else '**fails**'} | {f.claim} | {f.figure} | {f.source} |"
            for f in found.findings
        ]
        parts.append(
            "\n| distress, turn by turn | " + " | ".join(map(str, range(9))) + " |\n" + "|---" * 10 + "|"
        )
        parts += [
            f"| {curve.name} | " + " | ".join(f"{state.activation:.2f}" for state in curve.states) + " |"
            for curve in curves(found.attachment)
        ]
        parts.append("")
    return "\n".join(parts)


def as_json(every: Sequence[Certificate]) -> str:
    """For a program to read."""
    return json.dumps([{**asdict(found), "held": found.held} for found in every], indent=1)
