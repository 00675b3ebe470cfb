"""The supervisor's bundle: a session, the look back on it and what both rest on, in one ZIP.

The same session gives the same bytes: fixed times, fixed order, nothing compressed. A bundle that comes
from elsewhere is read with bounds and never unpacked to disk.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from simulator import __version__
from simulator.card import card as agreement
from simulator.errors import InputError
from simulator.evaluator import Citation, Debrief
from simulator.library import Passage, folder
from simulator.report import Account, as_html, as_json, session_data, transcript

MOST_BYTES = 20_000_000
"""Of a whole bundle, packed and unpacked."""
MOST_FILES = 100
MANIFEST = "manifest.json"
PASSAGES, SETTINGS, AGREEMENT = "passages.json", "settings.json", "agreement.json"
SESSION, DEBRIEF = "session.json", "debrief.json"
FILES = (
    *("README.txt", "transcript.md", SESSION, DEBRIEF, "debrief.html"),
    *(PASSAGES, SETTINGS, AGREEMENT),
)
"""What a bundle holds beside its manifest."""

README = """A rehearsal with {name}: {scenario}
Session {session}, begun {created}

What this is
  Somebody practised a hard conversation with a simulated person. This folder
  holds what was said, what the simulated person felt turn by turn, and the look
  back on it with its sources. It is practice, not therapy or assessment.

What is in it
  transcript.md   the words alone
  debrief.html    the look back, to read in a browser or to print
  debrief.json    the same as data
  session.json    every turn with the codes heard in it and the state before and after
  passages.json   the text and the source of every passage that the look back cites
  settings.json   which version, coder, model and prompts; where words may have gone
  agreement.json  how well the coder agrees with people
  manifest.json   the SHA-256 of each of these files, and one hash over them all

How to check it
  `simulator verify FILE.zip` says line by line whether the files are as they were,
  whether each quote was said, whether each citation is here, and whether the states
  follow from the codes that were heard.

What the hash shows, and what not
  The one hash over all shows that nothing was changed since it was noted down. It
  does not show who made the bundle: whoever changes a file can also work out a new
  hash. So let whoever practised tell you the hash by another way, and compare. The
  other checks find a change that was not carried through; they cannot find a talk
  that was made up whole.
"""


@dataclass(frozen=True)
class Opened:
    """A bundle's files as they were read."""

    files: Mapping[str, bytes]
    damaged: Sequence[str] = ()
    """Files that are listed and cannot be read whole."""


def bundle(account: Account, passages: Iterable[Passage], destinations: Mapping[str, str]) -> bytes:
    """The ZIP; `destinations` says which role's words leave this machine, and to which host."""
    wanted = {citation.id for citation in cited(account.debrief)}
    sources = [_source(passage) for passage in passages if passage.id in wanted]
    files = told(account) | {
        PASSAGES: _json(sorted(sources, key=lambda row: str(row["id"]))),
        SETTINGS: _json(_settings(account, destinations)),
        AGREEMENT: _json(agreement().model_dump(mode="json")),
    }
    inside = {name: files[name].encode() for name in FILES}
    return packed(inside | {MANIFEST: _json(manifest(inside)).encode()})


def told(account: Account) -> dict[str, str]:
    """The files that follow from the session and its debrief alone, by name."""
    card = account.card
    readme = README.format(
        name=account.name, scenario=account.debrief.scenario, session=card.id, created=card.created
    )
    persona = {"name": account.name, "attachment": asdict(account.attachment)}
    return {
        "README.txt": readme,
        "transcript.md": transcript(card, account.name, account.turns),
        SESSION: _json({"played": persona} | session_data(card, account.turns)),
        DEBRIEF: as_json(account.debrief),
        "debrief.html": as_html(account),
    }


def cited(debrief: Debrief) -> list[Citation]:
    """Every citation of a debrief, wherever it stands."""
    remarks = [remark for feedback in debrief.feedback for remark in feedback.remarks]
    remarks += [remark for remark in (debrief.best, debrief.costliest) if remark]
    return [*debrief.citations, *(remark.citation for remark in remarks if remark.citation)]


def _source(passage: Passage) -> dict[str, Any]:
    kept = passage.model_dump(mode="json", include={"id", "title", "text", "source"})
    return kept | {"cited_as": str(passage.source)}


def _settings(account: Account, destinations: Mapping[str, str]) -> dict[str, Any]:
    """What the session and its debrief were made with; hosts and names, never keys."""
    prompts = sorted(folder("prompts").glob("*.md"))
    return {
        "product": "attunement-simulator",
        "version": __version__,
        "coder": account.debrief.coder,
        "persona_model": account.card.model,
        "reply_models": list(dict.fromkeys(turn.model for turn in account.turns if turn.model)),
        "words_leave_this_machine": bool(destinations),
        "destinations": {role: _host(where) for role, where in sorted(destinations.items())},
        "about_destinations": "As set when this bundle was made; a session records its models' names only.",
        "prompts": {path.name: _hash(path.read_bytes()) for path in prompts},
    }


def _host(where: str) -> str:
    """The host alone: an address may carry a name and a password before it, or a key behind it.

    >>> _host("me:secret@models.example:8000?key=1")
    'models.example:8000'
    """
    return where.rpartition("@")[2].partition("?")[0].partition("#")[0]


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The SHA-256 of each file, and of all in the order of their names."""
    hashes = {name: _hash(data) for name, data in sorted(files.items())}
    return {"files": hashes, "overall": overall(hashes)}


def overall(hashes: Mapping[str, str]) -> str:
    """One SHA-256 over files' hashes: of the lines `HASH  NAME` in the order of the names."""
    return _hash("".join(f"{value}  {name}\n" for name, value in sorted(hashes.items())).encode())


def fingerprint(data: bytes) -> str:
    """The overall hash of a bundle, worked out from its files whatever its manifest says.

    Raises: InputError when it is no bundle.
    """
    files = opened(data).files
    return overall({name: _hash(inside) for name, inside in files.items() if name != MANIFEST})


def packed(files: Mapping[str, bytes]) -> bytes:
    """A ZIP of these files in this order, the same bytes on every machine."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()


def opened(data: bytes) -> Opened:
    """Read a bundle in memory.

    Raises: InputError when it is no ZIP, is locked, too large, or names a file twice.
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"larger than the {MOST_BYTES // 10**6} MB a bundle may have.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, ValueError, OSError) as error:
        raise InputError("not a bundle: it cannot be read as a ZIP file.") from error


def _read(archive: zipfile.ZipFile) -> Opened:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise InputError(f"not a bundle: it holds {len(entries):,} files.")
    if len({entry.filename for entry in entries}) < len(entries):
        raise InputError("not a bundle: it holds two files of one name.")
    files: dict[str, bytes] = {}
    damaged, left = [], MOST_BYTES
    for entry in entries:
        _check(entry)
        inside = _inside(archive, entry, left)
        if inside is None:
            damaged.append(entry.filename)
            continue
        left -= len(inside)
        files[entry.filename] = inside
    return Opened(files, damaged)


def _check(entry: zipfile.ZipInfo) -> None:
    if entry.flag_bits & 1:
        raise InputError("not a bundle: a file in it is locked with a password.")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise InputError("not a bundle: a file in it is packed in a way that bundles are not.")


def _inside(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes | None:
    """A file's bytes, never more than `most`; None when it is damaged."""
    try:
        with archive.open(entry) as file:
            data = file.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return None
    if len(data) > most:
        raise InputError(f"unpacks to more than the {MOST_BYTES // 10**6} MB a bundle may have.")
    return data
