"""A run's folder: the driver alone writes it, a line at a time, so that nothing is lost to a crash.

manifest.json, results.jsonl (append-only; the last line of a talk counts), transcripts/*.json.gz,
timings.jsonl, suites/ (as they were), and what report.py makes of them.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulator.errors import InputError
from simulator.evals.episode import Episode
from simulator.evals.suite import Suite, read_suite
from simulator.evals.unit import Done, Result, Status

LIBRARIES = ("attunement-simulator", "langgraph", "openai", "vcrpy")


class Run:
    """One run's folder."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest

    @classmethod
    def create(
        cls, out: Path, suites: Mapping[Path, Suite], units: Sequence[str], told: Mapping[str, Any]
    ) -> "Run":
        """Begin a run in a new folder of `out`; `units` are the keys of its talks, `told` the rest.

        Raises: InputError when the folder cannot be made.
        """
        now = datetime.now(UTC)
        name = next(iter(suites.values())).suite if len(suites) == 1 else f"{len(suites)}-suites"
        mark = hashlib.sha256("\n".join([*units, now.isoformat()]).encode()).hexdigest()[:6]
        folder = out / f"{now:%Y%m%dT%H%M%SZ}-{name}-{mark}"
        manifest = {
            "created": now.isoformat(timespec="seconds"),
            "versions": {library: version(library) for library in LIBRARIES},
            "suites": {suite.suite: str(path.resolve()) for path, suite in suites.items()},
            "units": list(units),
            **told,
        }
        try:
            (folder / "suites").mkdir(parents=True)
            (folder / "transcripts").mkdir()
        except OSError as error:
            raise InputError(f"{folder}: cannot be made ({error.strerror}); choose another --out.") from error
        for path, suite in suites.items():
            (folder / "suites" / f"{suite.suite}.yaml").write_bytes(path.read_bytes())
        _write(folder / "manifest.json", manifest)
        return cls(folder, manifest)

    @classmethod
    def open(cls, folder: Path) -> "Run":
        """A run that was begun before.

        Raises: InputError when there is none.
        """
        try:
            manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
            _ = manifest["units"], manifest["suites"], manifest["mode"], manifest["cassettes"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder}: no run here; a run's folder holds manifest.json.") from error
        return cls(folder, manifest)

    @property
    def suites(self) -> list[Suite]:
        """The suites as they were when the run began.

        Raises: LibraryError when one cannot be read.
        """
        return [read_suite(self.folder / "suites" / f"{name}.yaml") for name in self.manifest["suites"]]

    def append(self, done: Done) -> None:
        """Write one talk down: its transcript first, so that a line of results always has one."""
        result = done.result
        if done.episode:
            data = json.dumps(done.episode.as_dict(), ensure_ascii=False).encode()
            path = self._transcript(result.key)
            path.write_bytes(gzip.compress(data, mtime=0))
        self.append_result(result)
        with (self.folder / "timings.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": result.key, "seconds": round(done.seconds, 3)}) + "\n")

    def append_result(self, result: Result) -> None:
        """Write one line of results; a later line of the same talk takes its place."""
        line = json.dumps(result.as_dict(), ensure_ascii=False, sort_keys=True)
        with (self.folder / "results.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def mend(self) -> None:
        """Take away the half lines that a crash may have left; before anything is appended."""
        for path in (self.folder / "results.jsonl", self.folder / "timings.jsonl"):
            data = path.read_bytes() if path.is_file() else b""
            if data and not data.endswith(b"\n"):
                with path.open("r+b") as file:
                    file.truncate(data.rfind(b"\n") + 1)

    def results(self) -> dict[str, Result]:
        """The results there are, by key, in order of the suites.

        Raises: InputError when a line cannot be read.
        """
        found = dict(self._lines())
        order = {key: place for place, key in enumerate(self.manifest["units"])}
        return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))

    def _lines(self) -> Iterator[tuple[str, Result]]:
        path = self.folder / "results.jsonl"
        if not path.is_file():
            return
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith("\n"):
                    return  # being written, or cut off by a crash
                try:
                    result = Result.from_dict(json.loads(line))
                except (ValueError, TypeError, KeyError) as error:
                    raise InputError(
                        f"{path}:{number}: not a line of results; remove it, then `eval resume`."
                    ) from error
                yield result.key, result

    def left(self) -> list[str]:
        """Keys of talks without a result; an error is no result."""
        done = {key for key, result in self._lines() if result.status is not Status.ERROR}
        return [key for key in self.manifest["units"] if key not in done]

    def episode(self, key: str) -> Episode | None:
        """A talk's transcript, if it was held."""
        path = self._transcript(key)
        if not path.is_file():
            return None
        return Episode.from_dict(json.loads(gzip.decompress(path.read_bytes())))

    def _transcript(self, key: str) -> Path:
        return self.folder / "transcripts" / (key.replace("/", "--") + ".json.gz")

    def seconds(self) -> dict[str, float]:
        """How long each talk took."""
        path = self.folder / "timings.jsonl"
        lines = path.read_text("utf-8").splitlines(keepends=True) if path.is_file() else []
        rows = [json.loads(line) for line in lines if line.endswith("}\n")]
        return {row["key"]: row["seconds"] for row in rows}

    def write(self, name: str, text: str) -> Path:
        """Write one of the run's reports; returns where."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def _write(path: Path, data: Mapping[str, Any]) -> None:
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def merge(runs: Sequence[Run], out: Path) -> Run:
    """One run from the shards of a matrix.

    Raises: InputError when they are not all the shards of one run.
    """
    first = runs[0]
    _check_shards(runs)
    units = list(dict.fromkeys(key for run in runs for key in run.manifest["units"]))
    copies = {first.folder / "suites" / f"{suite.suite}.yaml": suite for suite in first.suites}
    own = {"created", "versions", "units", "shard"}
    told = {key: value for key, value in first.manifest.items() if key not in own}
    merged = Run.create(out, copies, units, told | {"merged": [run.folder.name for run in runs]})
    for run in runs:
        seconds = run.seconds()
        for key, result in run.results().items():
            merged.append(Done(result, run.episode(key), seconds=seconds.get(key, 0.0)))
    return merged


def _check_shards(runs: Sequence[Run]) -> None:
    """All shards of one run, each once.

    Raises: InputError naming what differs or is missing.
    """
    first = runs[0]
    for run in runs[1:]:
        same = [s.model_dump() for s in run.suites] == [s.model_dump() for s in first.suites]
        if not same or run.manifest["mode"] != first.manifest["mode"]:
            told = "its suites or mode differ from those of"
            raise InputError(f"{run.folder}: {told} {first.folder}; merge shards of one run.")
    shards = [run.manifest.get("shard", "1/1") for run in runs]
    count = int(shards[0].partition("/")[2])
    wanted = [f"{number}/{count}" for number in range(1, count + 1)]
    if sorted(shards) != sorted(wanted):
        raise InputError(f"merge: there are shards {', '.join(shards)}; wanted are {', '.join(wanted)}.")
