"""`simulator eval diff|report|merge`: runs that were held before."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.app import AsJson, app
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.evals.run import Run

evals = typer.Typer(
    help="Eval suites: validate, list, status, run, resume, record, score, diff, report, merge, schema.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"auto_envvar_prefix": "SIMULATOR_EVAL"},
)
app.add_typer(evals, name="eval")

RunFolder = Annotated[Path, typer.Argument(help="A run's folder.")]
Out = Annotated[Path, typer.Option(help="Where runs are kept.")]


ENDINGS = (".json", ".jsonl", ".xml", ".html")


def known_endings(output: list[Path]) -> None:
    """Check report names before a run is held.

    Raises: InputError naming the endings.
    """
    for path in output:
        if path.suffix not in ENDINGS or path.is_dir():
            raise InputError(f"-o {path}: name a file that ends with {', '.join(ENDINGS)}.")


def finish(begun: "Run", output: list[Path], *, stopped: str = "", before: "Run | None" = None) -> None:
    """Write the reports, say what came out, and leave with its code.

    `stopped` names the option that ended the run early; what was held decides, or else exit 4.
    Raises: typer.Exit always.
    """
    from simulator.evals.gate import Exit, told
    from simulator.evals.report import text, write
    from simulator.evals.summary import lines

    summary = write(begun)
    for path in output:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(begun, begun.results(), summary, path.name), encoding="utf-8")
        typer.echo(f"wrote {path}", err=True)
    if before:
        _compare(before, begun, allow_mismatch=True)
    typer.echo("\n".join(lines(summary)[:-1]))
    typer.echo(f"report: {begun.folder / 'report.html'}")
    code, why = summary.code, f" (stopped by {stopped})" if stopped else ""
    if stopped and code is Exit.INTERRUPTED:
        code = Exit.FAILED if stopped == "--fail-fast" else Exit.INFRASTRUCTURE
    typer.echo(f"exit {code.value}: stopped by {stopped}" if code is not summary.code else told(code) + why)
    raise typer.Exit(code.value)


@evals.command()
def diff(
    before: RunFolder,
    after: RunFolder,
    allow_mismatch: Annotated[
        bool, typer.Option("--allow-mismatch", help="Compare although cases differ.")
    ] = False,
    fail_on_regression: Annotated[
        bool, typer.Option("--fail-on-regression", help="Exit 1 when cases pass significantly less often.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Compare two runs, paired by case: intervals, corrected p-values, flips, what could be noticed."""
    from simulator.evals.run import Run

    one, other = Run.open(before), Run.open(after)
    regressed = _compare(one, other, allow_mismatch=allow_mismatch, as_json=as_json)
    if regressed and fail_on_regression:
        raise typer.Exit(1)


def _compare(before: "Run", after: "Run", *, allow_mismatch: bool, as_json: bool = False) -> bool:
    """Print what changed between two runs; whether cases pass significantly less often."""
    from simulator.evals.difference import difference, lines

    found = difference(before, after, allow_mismatch=allow_mismatch)
    typer.echo(json.dumps(found.as_dict(), indent=1) if as_json else "\n".join(lines(found)))
    return found.regressed


@evals.command()
def report(
    run: RunFolder, output: Annotated[list[Path] | None, typer.Option("--output", "-o")] = None
) -> None:
    """Write a run's reports again, and say what came out."""
    from simulator.evals.run import Run

    known_endings(output or [])
    finish(Run.open(run), output or [])


@evals.command()
def merge(
    runs: Annotated[list[Path], typer.Argument(help="Shards of one run.")], out: Out = Path("runs")
) -> None:
    """Join the shards of a matrix into one run."""
    from simulator.evals.run import Run
    from simulator.evals.run import merge as joined

    finish(joined([Run.open(run) for run in runs], out), [])
