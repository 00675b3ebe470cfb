"""`simulator sessions bundle` and `simulator verify`: what a supervisor gets, and how it is checked."""

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.app import app, sessions, simulator
from simulator.cli.saving import save
from simulator.errors import InputError, SimulatorError


@sessions.command()
def bundle(
    session: Annotated[str, typer.Argument(help="A session's id, or its beginning.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The ZIP file to write.")],
) -> None:
    """A session with its debrief and sources for a supervisor, in one ZIP that can be checked."""
    from simulator.audit import findings
    from simulator.bundle import fingerprint
    from simulator.cli.fetching import fetch

    run = simulator()
    run.ledger.card(session)
    fetch(run, [name for name in run.missing_files() if name != "chat"])
    data = run.bundle(session)
    save(data, out)
    run.close()
    for finding in findings(data):
        if not finding.holds:  # such as when the persona's file was changed since the talk
            typer.echo(str(finding), err=True)
    typer.echo(f"wrote {out}", err=True)
    typer.echo(fingerprint(data))


@app.command()
def verify(
    path: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A ZIP of `simulator sessions bundle`.")],
) -> None:
    """Check a supervisor's bundle: files, quotes, citations, and whether the states follow."""
    from simulator.audit import findings
    from simulator.bundle import fingerprint

    data = _read(path)
    try:
        found, mark = findings(data), fingerprint(data)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    for finding in found:
        typer.echo(str(finding))
    typer.echo(f"\nThe hash over all: {mark}")
    typer.echo("Compare it with the one you were told: it shows that nothing changed, not who made it.")
    failed = sum(finding.holds is False for finding in found)
    if failed:
        raise SimulatorError(f"{path}: {failed} of {len(found)} checks do not hold.")


def _read(path: Path) -> bytes:
    """The file's bytes, no more than one past the most a bundle may have.

    Raises: InputError when there is none, or it cannot be read.
    """
    from simulator.bundle import MOST_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; name a bundle's ZIP file.") from error
