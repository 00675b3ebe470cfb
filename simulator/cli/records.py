"""`simulator debrief` and `simulator sessions`: what was said before."""

import json
import sys
from collections.abc import Iterator
from itertools import zip_longest
from shutil import get_terminal_size
from textwrap import shorten, wrap
from typing import Annotated

import typer

from simulator.cli.app import AsJson, app, confirmed, one_of, sessions, simulator
from simulator.cli.saving import Out, put
from simulator.domain.branch import Branch
from simulator.domain.comparison import FELT, Comparison
from simulator.domain.dialogue import Turn
from simulator.errors import InputError


@app.command()
def debrief(
    session: Annotated[str, typer.Argument(help="A session's id, or its beginning.")],
    form: Annotated[str, typer.Option("--format", "-f", help="text, md, json, html, pdf or csv.")] = "text",
    out: Out = None,
) -> None:
    """Look back on a session: what landed, what missed, and the passages that say why."""
    from simulator.cli.fetching import fetch
    from simulator.report import FORMATS

    one_of(form, tuple(FORMATS), "--format")
    if form == "pdf" and out is None and sys.stdout.isatty():
        raise InputError("--format pdf: a terminal cannot show it; add -o FILE.pdf.")
    run = simulator()
    run.ledger.card(session)
    fetch(run, [name for name in run.missing_files() if name != "chat"])
    put(FORMATS[form](run.account(session)), out)
    run.close()


@sessions.command("list")
def list_sessions(as_json: AsJson = False) -> None:
    """Every session, the newest first."""
    rows = [
        {
            "id": s.card.id,
            "persona": s.card.persona,
            "scenario": s.card.scenario,
            "turns": s.turns,
            "started": s.card.created,
            "last": s.last,
            "ended": s.ended,
            "parent": s.card.parent,
            "fork": s.card.fork,
        }
        for s in simulator().ledger.summaries()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        left = "  left" if row["ended"] else ""
        told = f"{row['id']:16} {row['persona']:8} {row['scenario']:14} {row['turns']:3} turns"
        off = f"  <- {row['parent']}@{row['fork'] + 1}" if row["parent"] else ""
        typer.echo(f"{told}  {row['last']}{left}{off}")
    if not rows:
        typer.echo("No sessions yet: `simulator chat` begins one.")


@sessions.command()
def show(session: str) -> None:
    """A session's words."""
    from simulator.report import transcript

    run = simulator()
    card = run.ledger.card(session)
    typer.echo(transcript(card, run.persona(card.persona).name, run.ledger.turns(card.id)))


@sessions.command()
def export(
    session: str,
    form: Annotated[str, typer.Option("--format", "-f", help="json, csv or md.")] = "json",
    out: Out = None,
) -> None:
    """A session with everything felt and decided (json, csv), or its words alone (md)."""
    from simulator.report import SESSION_FORMATS, as_csv, session_json, transcript

    one_of(form, SESSION_FORMATS, "--format")
    run = simulator()
    card = run.ledger.card(session)
    turns = run.ledger.turns(card.id)
    match form:
        case "csv":
            told = as_csv(card.id, turns)
        case "md":
            told = transcript(card, run.persona(card.persona).name, turns)
        case _:
            told = session_json(card, turns)
    put(told.encode(), out)


@sessions.command()
def branch(
    session: str,
    turn: Annotated[int, typer.Option(help="The turn to say differently, 1 and up.")],
) -> None:
    """Go back to a turn and say it differently, in a new session; the old one stays as it is."""
    run = simulator()
    card = run.branch(session, turn).card
    typer.echo(f"{card.id} begins as {card.parent} did; turn {turn} is yours to say anew:")
    typer.echo(f"simulator chat --resume {card.id}")
    run.close()


@sessions.command()
def tree(session: str) -> None:
    """A session with its branches: what was said differently, and where."""
    run = simulator()
    current = run.ledger.card(session).id
    for depth, each in run.tree(current).walk():
        typer.echo(_twig(depth, each, current))
    run.close()


def _twig(depth: int, each: Branch, current: str) -> str:
    mark = "*" if each.session == current else " "
    at = f'turn {each.fork + 1}: "{shorten(each.said, 50, placeholder=" ...")}"  ' if depth else ""
    return f"{mark} {'    ' * depth}{at}{each.session}  {each.turns} turns"


@sessions.command()
def compare(one: str, other: str) -> None:
    """Two branches of one talk side by side: the words, and what came of them."""
    run = simulator()
    found = run.compare(one, other)
    cards = [run.ledger.card(each) for each in (one, other)]
    name = run.persona(cards[0].persona).name
    for line in _compared(found, name, cards[0].id, cards[1].id):
        typer.echo(line)
    run.close()


def _compared(found: Comparison, name: str, one: str, other: str) -> Iterator[str]:
    yield f"Turns that are the same: {found.shared}."
    yield from _beside(f"\n{one}", f"\n{other}")
    for number, (left, right) in enumerate(found.pairs, start=found.shared + 1):
        yield f"\nturn {number}"
        yield from _beside(_told(left, name), _told(right, name))
    yield f"\n{'at the end':22} {one:>16} {other:>16}   change"
    for felt, change in found.difference.items():
        before, after = (getattr(end, felt) for end in found.ends)
        yield f"{felt:22} {before:16.2f} {after:16.2f}  {change:+7.2f}"
    yield "\nskills, 0 to 4"
    for skill, levels in found.skills.items():
        first, second = ("not judged" if level is None else f"{level:.1f}" for level in levels)
        yield f"{skill.value:22} {first:>16} {second:>16}"


def _told(turn: Turn | None, name: str) -> str:
    """One turn for a column: what both said, and how the persona felt after it."""
    if turn is None:
        return ""
    felt = ", ".join(f"{each} {getattr(turn.after, each):.2f}" for each in FELT) if turn.after else ""
    return f"You: {turn.said}\n{name}: {turn.reply}\n{felt}"


def _beside(left: str, right: str) -> Iterator[str]:
    """Two texts as columns, as wide as the terminal lets them be."""
    width = max(20, (get_terminal_size().columns - 4) // 2)
    columns = [
        [piece for line in text.split("\n") for piece in wrap(line, width) or [""]] for text in (left, right)
    ]
    for one, other in zip_longest(*columns, fillvalue=""):
        yield f"{one:{width}} | {other}".rstrip()


@sessions.command()
def delete(
    session: Annotated[str, typer.Argument(help="A session's id, or `all`.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a session, or all, for good."""
    run = simulator()
    ledger = run.ledger
    everything = session == "all"
    gone = [s.card.id for s in ledger.summaries()] if everything else [ledger.card(session).id]
    kept = [] if everything else _branches(run.tree(gone[0]), gone[0])
    if kept:
        typer.echo(f"Its branches stay, with their copies of what was said: {', '.join(kept)}.")
    if not (yes or confirmed(f"Delete {len(gone)} session(s) for good?")):
        raise InputError("nothing deleted.")
    for one in gone:
        with ledger.hold(one):
            ledger.delete([one])
    typer.echo(f"Deleted {len(gone)} session(s).")


def _branches(whole: Branch, session: str) -> list[str]:
    """All that hang on a session of this tree."""
    own = next(each for _, each in whole.walk() if each.session == session)
    return [each.session for _, each in own.walk() if each.session != session]
