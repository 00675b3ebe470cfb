"""The commands, and how errors leave: one line on standard error and an exit code."""

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from simulator.errors import InputError, SimulatorError

DEFAULT_PERSONA, DEFAULT_SCENARIO = "maya", "late-reply"

app = typer.Typer(
    help="Practise a hard conversation with a persona that reacts as its attachment style would.",
    epilog="Practice, not therapy. In danger? Call your local emergency number.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def group(name: str, help_text: str) -> typer.Typer:
    """A sub-command group in the same plain style."""
    found = typer.Typer(help=help_text, no_args_is_help=True, rich_markup_mode=None)
    app.add_typer(found, name=name)
    return found


sessions = group("sessions", "Your rehearsals: list, show, branch, tree, compare, export, bundle, delete.")
personas = group("personas", "Who you can talk with: list, show, validate, new.")
scenarios = group("scenarios", "What it is about: list, show, validate, new.")
documents = group("documents", "What feedback is grounded in: list, search, add, remove.")
models = group("models", "Model files: list, pull, verify, path.")

BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="An OpenAI-compatible server (words go there).")
]
ModelName = Annotated[str | None, typer.Option("--model", help="The model to ask for at --base-url.")]
ApiKey = Annotated[
    str | None, typer.Option("--api-key", help="Its key; SIMULATOR_API_KEY keeps it out of ps.")
]
ModelPath = Annotated[
    Path | None, typer.Option("--model-path", help="Any GGUF file in place of the default.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]


def simulator(**given: Any) -> Any:
    """The composition root for this command."""
    from simulator import settings
    from simulator.session import Simulator

    return Simulator(settings.load(**given))


def main() -> None:
    """Run the command line; every expected error is one line."""
    from simulator.cli import (  # noqa: F401 - they register their commands
        authoring,
        bundles,
        cassettes,
        chat,
        coding,
        evals,
        library,
        measuring,
        practice,
        records,
        upkeep,
        web,
        what_if,
    )

    try:
        app()
    except SimulatorError as error:
        typer.echo(f"simulator: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - exit 1 is a verdict on a gate, never a fault of ours
        where = traceback.extract_tb(error.__traceback__)[-1]
        kind, place = type(error).__name__, f"{Path(where.filename).name}:{where.lineno}"
        typer.echo(f"simulator: unexpected {kind}: {error} ({place}); please report it.", err=True)
        sys.exit(4)
    except KeyboardInterrupt:
        sys.exit(130)


def one_of(value: str, known: tuple[str, ...], option: str) -> str:
    """Check an option with a closed set of values.

    Raises: InputError naming them.
    """
    if value not in known:
        raise InputError(f"{option} {value}: must be one of {', '.join(known)}.")
    return value


def confirmed(question: str) -> bool:
    """Ask; the end of input is a no."""
    try:
        return typer.confirm(question)
    except typer.Abort:
        typer.echo(err=True)
        return False
