"""Fetching model files behind the page: one fetch at a time, its progress for who looks."""

import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from simulator.errors import SimulatorError
from simulator.weights import find, pull


class Fetching:
    """The files being fetched, or that were."""

    def __init__(self, names: Sequence[str], cache: Path) -> None:
        self._entries, self._cache = [find(name) for name in names], cache
        self.total = sum(entry.size for entry in self._entries)
        self.done = 0
        """Bytes fetched so far."""
        self.trouble = ""
        self._thread = threading.Thread(target=self._fetch, daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive()

    def _fetch(self) -> None:
        before = 0
        try:
            for entry in self._entries:
                pull(entry, self._cache, partial(self._count, before))
                before += entry.size
        except SimulatorError as error:
            self.trouble = str(error)
        except Exception as error:  # noqa: BLE001 - the page must learn of it, whatever it was
            self.trouble = f"Something unexpected happened ({type(error).__name__}); please report it."

    def _count(self, before: int, done: int, _total: int) -> None:
        self.done = before + done
