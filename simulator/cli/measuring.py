"""`simulator eval agreement|retrieval`: does the coder agree with people, are passages found?"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.app import simulator
from simulator.cli.coding import CoderName, chosen_coder
from simulator.cli.progress import stepping
from simulator.cli.runs import evals
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.batch import Row
    from simulator.coder import Coder
    from simulator.evals.agreement import Figure, Step
    from simulator.evals.raters import RatedSet


@evals.command()
def agreement(
    data: Annotated[
        Path, typer.Option(help="Folder of human-labelled CSV files (documents/agreement/sets says which).")
    ],
    page: Annotated[Path | None, typer.Option("--card", help="Write the card as Markdown here.")] = None,
    figures: Annotated[Path | None, typer.Option(help="Write the debrief's figures (YAML) here.")] = None,
    coder: CoderName = "local",
) -> None:
    """Score the coder against human labels; prints the agreement card. Labels are read, never kept."""
    from simulator.coder.corpus import held_back
    from simulator.evals import heldback
    from simulator.evals.agreement_card import as_markdown, as_yaml, card, unmeasured

    if not data.is_dir():
        raise InputError(f"--data {data}: no such folder.")
    for path in (page, figures):
        if path and not path.parent.is_dir():
            raise InputError(f"{path.parent}: no such folder.")
    run = simulator()
    chosen, rated = chosen_coder(run, coder), _rated(data)
    with stepping() as step:
        own = heldback.measured(held_back(), chosen, step)
        found = list(_figures(rated, chosen, step))
    told = card(chosen.name, own, found)
    text = as_markdown(told, own, found)
    typer.echo(text)
    if figures and (missing := unmeasured(found)):
        raise InputError(f"{figures}: not written; no figure for {'; '.join(missing)} from {data}.")
    for path, content in ((page, text), (figures, as_yaml(told))):
        if path:
            path.write_text(content, encoding="utf-8")
            typer.echo(f"wrote {path}", err=True)
    run.close()


def _rated(data: Path) -> "list[tuple[RatedSet, list[Row]]]":
    """The rated sets whose files are there, with their rows: a bad one is told before any is coded."""
    from simulator.evals.raters import rated_sets

    found = []
    for rated in rated_sets():
        if (data / rated.file).is_file():
            found.append((rated, rated.rows(data)))
        else:
            typer.echo(f"{rated.name}: no {rated.file} in {data}, left out", err=True)
    return found


def _figures(
    rated_rows: "list[tuple[RatedSet, list[Row]]]", coder: "Coder", step: "Step"
) -> "Iterator[Figure]":
    from simulator.evals.agreement import coded, figures

    for rated, rows in rated_rows:
        plain = coded(rows, rated, coder, step)
        yield from figures(rated, rows, plain, coded(rows, rated, coder, step, bare=True))


@evals.command()
def retrieval() -> None:
    """How well passages are found for our own questions, and how well support is told from its lack."""
    from simulator.evals.retrieval import checked, found

    run = simulator()
    typer.echo(f"{'ranking':16} questions  recall@3    MRR")
    for row in found(run.store):
        typer.echo(f"{row.ranking:16} {row.questions:9}  {row.recall:8.3f}  {row.mrr:5.3f}")
    told = checked(run.store)
    typer.echo(
        f"support by likeness: precision {told.precision:.3f}, recall {told.recall:.3f}, {told.pairs} pairs"
    )
    run.close()
