"""`simulator code`: what every turn of a table does."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.app import app, one_of, simulator
from simulator.cli.fetching import fetch
from simulator.cli.progress import stepping
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.coder import Coder
    from simulator.session import Simulator


CoderName = Annotated[
    str, typer.Option("--coder", help="local, or endpoint: the words go to the appraiser's endpoint.")
]


def chosen_coder(run: "Simulator", name: str) -> "Coder":
    """The local coder, or the endpoint's where the user chose it, saying where the words go.

    Raises: InputError when there is no endpoint.
    """
    if one_of(name, ("local", "endpoint"), "--coder") == "local":
        return run.table_coder
    if "appraiser" not in run.settings.endpoints:
        raise InputError("--coder endpoint: set SIMULATOR_BASE_URL and SIMULATOR_MODEL first.")
    fetch(run, [file for file in run.missing_files() if file != "chat"])
    typer.echo(f"The turns go to {run.settings.endpoints['appraiser'].host}.", err=True)
    return run.coder


@app.command()
def code(
    file: Annotated[Path, typer.Argument(help="A CSV file, one turn a row.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the coded table goes.")],
    text: Annotated[str, typer.Option(help="The column with the turn.")] = "text",
    context: Annotated[
        str, typer.Option(help="The column with what was said before; its last turn counts.")
    ] = "",
    session: Annotated[
        str, typer.Option(help="The column that names the session; adds NAME.sessions.csv.")
    ] = "",
    where: Annotated[str, typer.Option(help="Only rows with this value: COLUMN=VALUE.")] = "",
    coder: CoderName = "local",
) -> None:
    """Code a table of turns: adds a probability for each code and the words that show it.

    A run that was stopped goes on where it stopped. The turns stay on this machine unless you choose
    --coder endpoint.
    """
    from simulator.batch import Columns, code_table, session_table, session_target, table

    columns = Columns(text, context, session, _condition(where))
    table(file, columns)  # a bad table is told before anything is loaded
    sessions = session_target(file, output) if session else None
    run = simulator()
    chosen = chosen_coder(run, coder)
    with stepping() as step:
        for done, total in code_table(file, output, columns, chosen):
            step("turns", done, total)
    typer.echo(f"wrote {output}")
    if sessions:
        session_table(output, sessions, columns)
        typer.echo(f"wrote {sessions}")
    run.close()


def _condition(where: str) -> tuple[str, str] | None:
    if not where:
        return None
    name, equals, value = where.partition("=")
    if not (equals and name):
        raise InputError(f"--where {where}: write COLUMN=VALUE.")
    return name, value
