"""`simulator cassettes`: look at, compare, check and tidy recordings."""

import json
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.app import AsJson, confirmed, group
from simulator.cli.evals import Cassettes, Suites, bench
from simulator.errors import InputError

cassettes = group("cassettes", "Recordings of eval suites: ls, show, diff, verify, gc.")
One = Annotated[Path, typer.Argument(help="A cassette's file.")]


def _data(path: Path) -> bytes:
    """A cassette's bytes.

    Raises: InputError when it cannot be read.
    """
    if not path.is_file() or path.suffix != ".yaml":
        raise InputError(f"{path}: no cassette; `simulator cassettes ls` names them.")
    return path.read_bytes()


@cassettes.command("ls")
def list_cassettes(suites: Suites = None, cassettes: Cassettes = None, as_json: AsJson = False) -> None:
    """Every recording, with its model, age and calls."""
    from simulator.evals.driver import talks
    from simulator.evals.freshness import age_days

    opened = bench(suites, cassettes)
    rows = [
        {
            "path": str(opened.recordings.path(talk.case, talk.epoch, role)),
            "model": about.get("model_answered") or about.get("model"),
            "calls": about.get("calls"),
            "tokens": about.get("tokens"),
            "days": round(age_days(about), 1),
        }
        for talk in talks(opened.suites.values())
        for role, about in opened.recordings.abouts(talk.case, talk.epoch).items()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        typer.echo(
            f"{row['path']}  {row['calls']} calls, {row['tokens']} tokens, {row['model']}, {row['days']} days"
        )
    root = opened.recordings.root
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file()) / 1e6
    typer.echo(f"{len(rows)} cassettes, {size:.1f} MB with vectors")


@cassettes.command()
def show(path: One) -> None:
    """A recording as it was spoken: what was asked last, and what was answered."""
    from simulator.evals.cassette import Cassette

    cassette = Cassette.load(_data(path), str(path))
    about = cassette.about
    typer.echo(f"{about['role']} of {about['case']}, {about['model']}, {about['recorded_at']}")
    for name, sha in about["sources"].items():
        typer.echo(f"  made from {name} {sha}")
    for number, (asked, answered) in enumerate(cassette.exchanges(), 1):
        typer.echo(f"\n{number}. {asked}\n-> {answered}")


@cassettes.command()
def diff(one: One, other: One) -> None:
    """Two recordings side by side, as prose."""
    import difflib

    from simulator.evals.cassette import Cassette

    def told(path: Path) -> list[str]:
        pairs = Cassette.load(_data(path), str(path)).exchanges()
        return [line for pair in pairs for text in pair for line in text.splitlines()]

    rows = list(difflib.unified_diff(told(one), told(other), str(one), str(other), lineterm=""))
    typer.echo("\n".join(rows) or "The same words.")


@cassettes.command()
def verify(suites: Suites = None, cassettes: Cassettes = None) -> None:
    """Check every recording: readable, claimed, without secrets, with all its vectors."""
    opened = bench(suites, cassettes)
    faults = list(opened.recordings.faults(opened.cases))
    for fault in faults:
        typer.echo(fault)
    typer.echo(f"{len(faults)} faults.")
    if faults:
        raise typer.Exit(3)


@cassettes.command()
def gc(
    suites: Suites = None,
    cassettes: Cassettes = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove recordings that no case claims, and keep each vector once."""
    opened = bench(suites, cassettes)
    orphans = opened.recordings.orphans(opened.cases)
    for path in orphans:
        typer.echo(path)
    if orphans and not (yes or confirmed(f"Remove {len(orphans)} files?")):
        raise InputError("nothing removed.")
    opened.recordings.gc(opened.cases)
    typer.echo(f"{len(orphans)} files removed; vectors shared anew.")
