"""`simulator what-if`: a turn as it was said, and what other words would have done."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.app import AsJson, app, simulator

if TYPE_CHECKING:
    from simulator.domain.codebook import Code
    from simulator.domain.reenactment import Change, Spread
    from simulator.domain.screening import Danger
    from simulator.session import Simulator
    from simulator.what_if import Outcome, WhatIf


@app.command("what-if")
def what_if(
    session: Annotated[str, typer.Argument(help="A session's id, or its beginning.")],
    turn: Annotated[int | None, typer.Option("--turn", "-t", help="Which turn; else the costliest.")] = None,
    say: Annotated[str, typer.Option("--say", help="Other words of your own to try.")] = "",
    seeds: Annotated[int, typer.Option("--seeds", help="How often each wording is re-enacted.")] = 40,
    as_json: AsJson = False,
) -> None:
    """See what other words would have done in a turn of a session; the session stays as it is."""
    from simulator.cli.fetching import fetch

    run = simulator()
    run.ledger.card(session)
    fetch(run, [name for name in run.missing_files() if name != "chat"])
    found = run.what_if(session, turn, seeds=seeds, said=say)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))
    elif found.danger:
        _rail(run, found.danger)
    else:
        typer.echo(text(found))
    run.close()


def _rail(run: "Simulator", danger: "Danger") -> None:
    """Out of the role: help is what matters now."""
    from simulator import library
    from simulator.cli.screen import Screen
    from simulator.conversation import Disclosed

    rail = library.rail()
    places = rail.places(danger, run.settings.locale)
    Screen.for_streams().rail(Disclosed(danger, rail.stop(danger), places))


def text(found: "WhatIf") -> str:
    """A what-if for a terminal."""
    lines = [f"What if: turn {found.turn} with {found.persona}", *_outcome(found, found.said, "You said")]
    for number, outcome in enumerate(found.rewrites, 1):
        lines += _outcome(found, outcome, f"{number}. You could have said")
    lines += ["", found.note] if found.note else []
    if found.own:
        lines += _outcome(found, found.own, "In your other words")
    return "\n".join([*lines, "", *_legend(found)])


def _outcome(found: "WhatIf", outcome: "Outcome", heading: str) -> Iterator[str]:
    yield f'\n{heading}: "{outcome.text}"'
    if outcome.codes:
        yield f"   heard as: {_named(outcome.codes)}"
    yield f"   at once:  {_change(outcome.at_once)}"
    if outcome.later:
        yield f"   later:    {_change(outcome.later)}"
    if outcome.replies:
        yield f"   {found.persona} might answer: " + " / ".join(f'"{reply}"' for reply in outcome.replies)
    if outcome is not found.said:
        better = round(outcome.better_in * found.seeds)
        yield f"   more trust and less distress than what you said: {better} of {found.seeds} times"
    if outcome.remark:
        cited = outcome.remark.citation
        yield f"   {outcome.remark.why}" + (f" [{cited.id}: {cited.title}]" if cited else "")


def _named(codes: "Sequence[Code]") -> str:
    from simulator.library import codebook

    return ", ".join(codebook()[code].name.lower() for code in codes)


def _change(change: "Change") -> str:
    felt = {"trust": change.trust, "distress": change.distress, "felt safety": change.security}
    return "; ".join(f"{name} {_spread(spread)}" for name, spread in felt.items())


def _spread(spread: "Spread") -> str:
    return f"{spread.median:+.2f} ({spread.low:+.2f} to {spread.high:+.2f})"


def _legend(found: "WhatIf") -> Iterator[str]:
    yield "Each figure is a change since just before the turn, on a scale from 0 to 1: the middle of"
    yield f"{found.seeds} re-enactments, each heard a little differently, and where 8 in 10 of them fell."
    if found.following:
        turns = "turn" if found.following == 1 else f"{found.following} turns"
        yield f'"Later" is after your next {turns}, just as you really said them.'
    yield "It shows how this simulation works, not what a person you know would do."
