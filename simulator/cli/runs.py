"""`simulator eval diff|report|merge`: runs that were held before."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.app import AsJson, app

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


def finish(begun: "Run", output: list[Path], *, capped: bool = False) -> None:
    """Write the reports, say what came out, and leave with its code.

    Raises: typer.Exit always.
    """
    from simulator.evals.gate import Exit, told
    from simulator.evals.report import text, write
    from simulator.evals.summary import lines

    summary = write(begun)
    for path in output:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(begun, summary, path.name), encoding="utf-8")
    *shown, last = lines(summary)
    code = Exit.INFRASTRUCTURE if capped and summary.code is Exit.INTERRUPTED else summary.code
    typer.echo("\n".join([*shown, f"report: {begun.folder / 'report.html'}", told(code) if capped else last]))
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
    regressed = compare(before, after, allow_mismatch=allow_mismatch, as_json=as_json)
    if regressed and fail_on_regression:
        raise typer.Exit(1)


def compare(before: Path, after: Path, *, allow_mismatch: bool, as_json: bool) -> bool:
    """Print what changed between two runs; whether cases pass significantly less often."""
    from simulator.evals.difference import difference, lines
    from simulator.evals.run import Run

    found = difference(Run.open(before), Run.open(after), allow_mismatch=allow_mismatch)
    typer.echo(json.dumps(found.as_dict(), indent=1) if as_json else "\n".join(lines(found)))
    return found.regressed


@evals.command()
def report(
    run: RunFolder, output: Annotated[list[Path] | None, typer.Option("--output", "-o")] = None
) -> None:
    """Write a run's reports again, and say what came out."""
    from simulator.evals.run import Run

    finish(Run.open(run), output or [])


@evals.command()
def merge(
    runs: Annotated[list[Path], typer.Argument(help="Shards of one run.")], out: Out = Path("runs")
) -> None:
    """Join the shards of a matrix into one run."""
    from simulator.evals.run import Run
    from simulator.evals.run import merge as joined

    finish(joined([Run.open(run) for run in runs], out), [])
