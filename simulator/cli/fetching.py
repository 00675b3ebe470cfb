"""Fetching model files with a progress bar on a terminal and plain lines elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import typer

from simulator.session import Simulator
from simulator.weights import Progress, Weights, find, pull


def fetch(run: Simulator, names: Sequence[str]) -> None:
    """Pull what is missing, telling how much there is to fetch.

    Raises: WeightsError when no source answers.
    """
    entries = [find(name) for name in names]
    if entries:
        size = sum(entry.size for entry in entries) / 1e9
        typer.echo(f"Fetching the local model (once, {size:.2f} GB) to {run.settings.cache}", err=True)
    for entry in entries:
        with progress(entry) as report:
            pull(entry, run.settings.cache, report)


@contextmanager
def progress(entry: Weights) -> Iterator[Progress]:
    """A bar on standard error, or a line for every tenth where nobody watches."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Bar(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(entry.title, total=entry.size)
            yield lambda done, _total: bar.update(task, completed=done)
        return
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // max(1, total)
        if tenth > told:
            told = tenth
            typer.echo(f"  {entry.title}: {10 * tenth} %", err=True)

    yield tell
