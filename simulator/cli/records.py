"""`simulator debrief` and `simulator sessions`: what was said before."""

import json
from typing import Annotated

import typer

from simulator.cli.app import AsJson, app, confirmed, one_of, sessions, simulator
from simulator.errors import InputError


@app.command()
def debrief(
    session: Annotated[str, typer.Argument(help="A session's id, or its beginning.")],
    form: Annotated[str, typer.Option("--format", "-f", help="text, md, json or html.")] = "text",
) -> None:
    """Look back on a session: what landed, what missed, and the passages that say why."""
    from simulator.cli.fetching import fetch
    from simulator.report import FORMATS

    one_of(form, tuple(FORMATS), "--format")
    run = simulator()
    run.ledger.card(session)
    fetch(run, [name for name in run.missing_files() if name != "chat"])
    typer.echo(FORMATS[form](run.debrief(session)))
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
        }
        for s in simulator().ledger.summaries()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        left = "  left" if row["ended"] else ""
        told = f"{row['id']:16} {row['persona']:8} {row['scenario']:14} {row['turns']:3} turns"
        typer.echo(f"{told}  {row['last']}{left}")
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
def export(session: str) -> None:
    """A session with everything felt and decided, as JSON."""
    from simulator.report import session_json

    ledger = simulator().ledger
    card = ledger.card(session)
    typer.echo(session_json(card, ledger.turns(card.id)))


@sessions.command()
def delete(
    session: Annotated[str, typer.Argument(help="A session's id, or `all`.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a session, or all, for good."""
    ledger = simulator().ledger
    everything = session == "all"
    gone = [s.card.id for s in ledger.summaries()] if everything else [ledger.card(session).id]
    if not (yes or confirmed(f"Delete {len(gone)} session(s) for good?")):
        raise InputError("nothing deleted.")
    for one in gone:
        with ledger.hold(one):
            ledger.delete([one])
    typer.echo(f"Deleted {len(gone)} session(s).")
