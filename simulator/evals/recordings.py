"""The folder of recordings: one file for each case, epoch and role, and a pack of shared vectors.

`<root>/<suite>/<case>/e01.persona.yaml`. No file belongs to two talks but `shared.npz`, which only
`share` writes; writes are atomic, so a reader never sees half a recording.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from simulator.embeddings import MiniLM
from simulator.errors import CassetteError
from simulator.evals.cassette import Cassette
from simulator.evals.deck import VECTORS
from simulator.evals.freshness import Standing, State, age_days, drift
from simulator.evals.suite import Case
from simulator.evals.vectors import Pack

SECRET = re.compile(
    r"(?i)bearer [\w-]{8}|\bsk-[\w-]{8}|set-cookie|authorization:|api[_-]key"
    r"|127\.0\.0\.1|/(?:home|root|Users)/"
)
"""What no recording may hold: keys, cookies, and where it was made."""


class Recordings:
    """All recordings of a folder of suites."""

    def __init__(self, root: Path, *, home: Path, judges: Path) -> None:
        self.root, self._home, self.judges = root, home, judges

    def path(self, case: Case, epoch: int, role: str) -> Path:
        """Where a role's recording lies."""
        ending = "npz" if role == VECTORS else "yaml"
        return self.root / case.suite / case.id / f"e{epoch:02}.{role}.{ending}"

    def files(self, case: Case, epoch: int) -> dict[str, Path]:
        """The recordings there are, by role."""
        found = sorted((self.root / case.suite / case.id).glob(f"e{epoch:02}.*.*"))
        return {path.name.split(".")[1]: path for path in found if path.suffix in {".yaml", ".npz"}}

    def load(self, case: Case, epoch: int) -> dict[str, bytes]:
        """What a worker needs to play a talk."""
        return {role: path.read_bytes() for role, path in self.files(case, epoch).items()}

    def save(self, case: Case, epoch: int, recordings: Mapping[str, bytes]) -> None:
        """Put a whole talk's recordings in place of those before."""
        for role, path in self.files(case, epoch).items():
            if role not in recordings:
                path.unlink()
        for role, data in recordings.items():
            kept = Pack.load(data).without(self.shared.rows).dump() if role == VECTORS else data
            _replace(self.path(case, epoch, role), kept)

    @cached_property
    def shared(self) -> Pack:
        """Vectors that several recordings need."""
        path = self._shared_path
        try:
            return Pack.load(path.read_bytes(), str(path)) if path.is_file() else Pack(MiniLM.name)
        except CassetteError:
            return Pack(MiniLM.name)  # the talks that need it are told to be short of vectors

    @property
    def _shared_path(self) -> Path:
        return self.root / "shared.npz"

    def share(self) -> None:
        """Keep each vector once: in the shared pack if two talks need it, else with its talk."""
        paths = sorted(self.root.glob(f"*/*/*.{VECTORS}.npz"))
        packs = {path: Pack.load(path.read_bytes(), str(path)) for path in paths}
        rows = dict(self.shared.rows)
        for pack in packs.values():
            rows |= pack.rows
        wanted = Counter(name for pack in packs.values() for name in pack.needs)
        common = {name: rows[name] for name, times in wanted.items() if times > 1 and name in rows}
        self.shared = Pack(MiniLM.name, common)
        _replace(self._shared_path, Pack(MiniLM.name, rows).dump())  # a crash from here on loses nothing
        for path, pack in packs.items():
            kept = {name: rows[name] for name in pack.needs if name not in common and name in rows}
            _replace(path, Pack(pack.model, kept, pack.needs).dump())
        _replace(self._shared_path, self.shared.dump())

    def abouts(self, case: Case, epoch: int) -> dict[str, Mapping[str, Any]]:
        """The metadata of a talk's cassettes, by role.

        Raises: CassetteError when one cannot be read.
        """
        found = self.files(case, epoch).items()
        return {role: Cassette.head(p.read_bytes(), str(p)) for role, p in found if role != VECTORS}

    def standing(self, case: Case, epoch: int, max_age_days: float | None = None) -> Standing:
        """The state of one talk's recordings, from files alone.

        Raises: CassetteError when one cannot be read.
        """
        files, abouts = self.files(case, epoch), self.abouts(case, epoch)
        calls = sum(int(about.get("calls", 0)) for about in abouts.values())
        seconds = sum(float(about.get("seconds", 0)) for about in abouts.values())

        def found(state: State, why: Iterable[str] = ()) -> Standing:
            return Standing(case.id, epoch, state, sorted(why), calls, seconds)

        wanted = {"persona", VECTORS, *(["trainee"] if case.user.style else [])}
        wanted |= {"judge"} if case.judged else set()
        if missing := wanted - set(files):
            return found(State.MISSED, [f"no recording of {role}" for role in missing])
        why = {
            f"{name} changed"
            for role, about in abouts.items()
            for name in drift(case, role, about, self._home, self.judges)
        }
        if self._lost(files[VECTORS]):
            why.add("vectors are missing")
        if why:
            return found(State.DRIFTED, why)
        oldest = max((age_days(about) for about in abouts.values()), default=0.0)
        if max_age_days is not None and oldest > max_age_days:
            return found(State.AGED, [f"{oldest:.0f} days old, more than {max_age_days:.0f}"])
        return found(State.FRESH)

    def _lost(self, path: Path) -> frozenset[int]:
        """Vectors that a talk needs and that are nowhere.

        Raises: CassetteError when its pack cannot be read.
        """
        pack = Pack.load(path.read_bytes(), str(path))
        return pack.needs - pack.rows.keys() - self.shared.rows.keys()

    def orphans(self, cases: Iterable[Case]) -> list[Path]:
        """Files of the suites at hand that none of their cases claims."""
        known = list(cases)
        claimed = {
            self.root / case.suite / case.id / f"e{epoch:02}"
            for case in known
            for epoch in range(1, case.epochs + 1)
        }
        suites = {case.suite for case in known}
        files = (path for suite in suites for path in sorted((self.root / suite).glob("*/*.*")))
        return [path for path in files if path.parent / path.name.split(".")[0] not in claimed]

    def faults(self, cases: Iterable[Case]) -> Iterator[str]:
        """What is wrong with the files: unclaimed, unreadable, secret, or short of a vector."""
        known = list(cases)
        for path in self.orphans(known):
            yield f"{path}: {State.ORPHAN}: no case claims it"
        for case in known:
            for epoch in range(1, case.epochs + 1):
                for role, path in self.files(case, epoch).items():
                    try:
                        yield from self._faults(role, path)
                    except CassetteError as error:
                        yield str(error)

    def _faults(self, role: str, path: Path) -> Iterator[str]:
        if role == VECTORS:
            if lost := self._lost(path):
                yield f"{path}: {len(lost)} vectors are neither here nor in shared.npz"
            return
        data = path.read_bytes()
        cassette = Cassette.load(data, str(path))
        if len(cassette) and not cassette.about.get("fingerprint"):
            yield f"{path}: no server's fingerprint; was it recorded from a real model?"
        if found := SECRET.search(data.decode("utf-8")):
            yield f"{path}: holds what may be secret ({found[0][:12]}...)"

    def gc(self, cases: Iterable[Case]) -> Sequence[Path]:
        """Remove orphans and share vectors anew; returns what went."""
        gone = self.orphans(cases)
        for path in gone:
            path.unlink()
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        self.share()
        return gone


def _replace(path: Path, data: bytes) -> None:
    if path.is_file() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    partial.write_bytes(data)
    partial.replace(path)
