"""How a run's progress is shown: a live line on a terminal, a plain one every ten seconds elsewhere."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from simulator.evals.unit import Done

EVERY_S = 10.0
"""Seconds between two plain lines."""
Style = Literal["auto", "plain", "json", "none"]


def shown(held: Iterable[Done], total: int, style: Style) -> Iterator[Done]:
    """Pass talks on, showing how far they are."""
    live = style == "auto" and sys.stderr.isatty()
    if style == "none":
        yield from held
    elif live:
        yield from _live(held, total)
    else:
        yield from _plain(held, total, as_json=style == "json")


@contextmanager
def stepping() -> Iterator[Callable[[str, int, int], None]]:
    """A way to tell of steps: what, done, in all; a bar on a terminal, a line for every tenth elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("")
            yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
        return
    told: dict[str, int] = {}

    def tell(what: str, done: int, total: int) -> None:
        tenth = 10 * done // max(1, total)
        if tenth > told.get(what, 0):
            told[what] = tenth
            sys.stderr.write(f"  {what}: {done} of {total}\n")

    yield tell


class _Tally:
    """Counts, calls a second, and the time that is left."""

    def __init__(self, total: int) -> None:
        self.total, self.began = total, time.monotonic()
        self.counts: Counter[str] = Counter()
        self.calls = 0

    def add(self, done: Done) -> None:
        """Count one talk."""
        self.counts[done.result.status.value] += 1
        self.calls += done.result.calls

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / max(time.monotonic() - self.began, 1e-6)

    @property
    def left_s(self) -> float:
        """Seconds left, going by those that went."""
        ended = sum(self.counts.values())
        return (time.monotonic() - self.began) / max(ended, 1) * (self.total - ended)

    def __str__(self) -> str:
        """One line."""
        counts = ", ".join(f"{count} {status}" for status, count in sorted(self.counts.items()))
        ended = sum(self.counts.values())
        return f"{ended}/{self.total} talks: {counts}; {self.rate:.1f} calls/s; {self.left_s:.0f} s left"


def _live(held: Iterable[Done], total: int) -> Iterator[Done]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    tally = _Tally(total)
    columns = (BarColumn(bar_width=30), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"0/{total} talks", total=total)
        for done in held:
            tally.add(done)
            bar.update(task, advance=1, description=str(tally))
            yield done


def _plain(held: Iterable[Done], total: int, *, as_json: bool) -> Iterator[Done]:
    tally, last = _Tally(total), time.monotonic()
    for done in held:
        tally.add(done)
        now = time.monotonic()
        if as_json:
            row = {
                "key": done.result.key,
                "status": done.result.status.value,
                "seconds": round(done.seconds, 3),
            }
            sys.stderr.write(json.dumps(row) + "\n")
        elif now - last >= EVERY_S:
            sys.stderr.write(f"{tally}\n")
            last = now
        yield done
    if not as_json:
        sys.stderr.write(f"{tally}\n")
