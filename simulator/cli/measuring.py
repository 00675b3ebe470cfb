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
    from simulator.coder import Coder
    from simulator.evals.agreement import Figure, Step


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
    from simulator.evals.agreement_card import as_markdown, as_yaml, card

    if not data.is_dir():
        raise InputError(f"--data {data}: no such folder.")
    run = simulator()
    chosen = chosen_coder(run, coder)
    with stepping() as step:
        own = heldback.measured(held_back(), chosen, step)
        found = list(_figures(data, chosen, step))
    told = card(chosen.name, own, found)
    text = as_markdown(told, own, found)
    typer.echo(text)
    for path, content in ((page, text), (figures, as_yaml(told))):
        if path:
            path.write_text(content, encoding="utf-8")
            typer.echo(f"wrote {path}", err=True)
    run.close()


def _figures(data: Path, coder: "Coder", step: "Step") -> "Iterator[Figure]":
    from simulator.evals.agreement import coded, figures
    from simulator.evals.raters import rated_sets

    for rated in rated_sets():
        if not (data / rated.file).is_file():
            typer.echo(f"{rated.name}: no {rated.file} in {data}, left out", err=True)
            continue
        rows = rated.rows(data)
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
