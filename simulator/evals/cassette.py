"""A cassette: what one role asked of a model in one talk, and what was answered.

VCR.py's `Cassette` matches and counts; the file format is ours: each message stands once, bodies are
readable YAML, headers are an allow-list of one, and a metadata block says where it all came from.
Nothing is patched: a transport that the client owns asks it (docs/decisions/008-evals.md).
"""

import difflib
import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import yaml
from vcr.cassette import Cassette as Played
from vcr.matchers import method, path
from vcr.record_mode import RecordMode
from vcr.request import Request
from vcr.serialize import deserialize as read_requests
from vcr.serialize import serialize as write_requests

from simulator.errors import CassetteError
from simulator.files import loads

logging.getLogger("vcr").setLevel(logging.WARNING)  # it logs requests, and a talk is never logged
VOLATILE = frozenset({"user", "metadata", "store", "safety_identifier", "prompt_cache_key"})
"""Keys of a body that differ between two equal requests, or name a person; neither kept nor compared."""
FORMAT = 1
HOST = "http://recorded"
LONGEST_DIFF = 14
"""Lines of a difference that are shown."""


class Cassette:
    """The requests of one role, to be recorded or to be played once each."""

    def __init__(self, played: Played) -> None:
        self._played = played

    @classmethod
    def blank(cls) -> "Cassette":
        """An empty one, to record on."""
        return cls(Played("", record_mode=RecordMode.ALL, match_on=_MATCHED))

    @classmethod
    def load(cls, data: bytes, where: str = "cassette") -> "Cassette":
        """One to play from.

        Raises: CassetteError when it cannot be read.
        """
        cls.head(data, where)
        holder = _Text(data.decode("utf-8"))
        try:
            return cls(
                Played.load(
                    path=where,
                    serializer=_Format,
                    persister=holder,
                    record_mode=RecordMode.NONE,
                    match_on=_MATCHED,
                )
            )
        except (ValueError, KeyError, TypeError, IndexError, yaml.YAMLError) as error:
            raise CassetteError(f"{where}: damaged; `simulator eval record SUITES --stale`.") from error

    @staticmethod
    def head(data: bytes, where: str = "cassette") -> Mapping[str, Any]:
        """The metadata block of a file, without reading the rest.

        Raises: CassetteError when it cannot be read.
        """
        try:
            kept = loads(data.decode("utf-8").partition("\nmessages:")[0])
            datetime.fromisoformat(str(kept["about"].get("recorded_at", "2026-01-01")))
            known = kept["format"] == FORMAT
        except (yaml.YAMLError, TypeError, KeyError, ValueError, AttributeError) as error:
            told = "no recording, or a damaged one; `simulator eval record SUITES --stale`."
            raise CassetteError(f"{where}: {told}") from error
        if not known:
            raise CassetteError(f"{where}: format {kept['format']}; this version reads {FORMAT}.")
        return dict(kept["about"])

    @property
    def about(self) -> Mapping[str, Any]:
        """The metadata block: role, time, models, sources, versions."""
        return dict(self._played._metadata)

    def __len__(self) -> int:
        """How many requests it holds."""
        count: int = len(self._played)
        return count

    @property
    def unplayed(self) -> int:
        """How many of them nobody asked for."""
        return len(self) - int(self._played.play_count)

    def texts(self) -> set[str]:
        """Every message that was sent."""
        return {m["content"] for stored in self._played.requests for m in _body(stored).get("messages", [])}

    def exchanges(self) -> list[tuple[str, str]]:
        """The last message of every request with the words answered."""
        pairs = zip(self._played.requests, self._played.responses, strict=True)
        return [(_body(asked)["messages"][-1]["content"], _words(_text(answer))) for asked, answer in pairs]

    def play(self, asked: Request) -> Mapping[str, Any] | None:
        """The answer to a request, each once; None when there is none."""
        if not self._played.can_play_response_for(asked):
            return None
        found: Mapping[str, Any] = self._played.play_response(asked)
        return found

    def record(self, asked: Request, answer: Mapping[str, Any]) -> None:
        """Keep one answer."""
        self._played.append(asked, dict(answer))

    def difference(self, asked: Request, templates: Mapping[str, str]) -> str:
        """How a request that was missed differs from the next recorded one, and which template did it."""
        counts = self._played.play_counts
        left = [stored for i, stored in enumerate(self._played.requests) if not counts[i]]
        if not left:
            return f"asked once more than was recorded ({len(self)})"
        return _difference(_body(left[0]), _body(asked), templates)

    def dump(self, about: Mapping[str, Any]) -> str:
        """The file's text, with its metadata block completed from the answers."""
        texts = [_text(response) for response in self._played.responses]
        told = {
            **about,
            "calls": len(self),
            "model_answered": _first(r'"model":\s*"([^"]+)"', texts),
            "fingerprint": _first(r'"system_fingerprint":\s*"([^"]+)"', texts),
            "tokens": sum(_tokens(text) for text in texts),
        }
        requests = {"requests": self._played.requests, "responses": self._played.responses}
        return str(write_requests(requests | {"metadata": told}, _Format))


def request(verb: str, path_asked: str, body: bytes) -> Request:
    """A request as cassettes compare it: where the server listens does not count."""
    return Request(verb, HOST + path_asked, body, {})


def _body(asked: Request) -> dict[str, Any]:
    return _lasting(asked.body or b"{}")


def _lasting(body: str | bytes) -> dict[str, Any]:
    return {key: value for key, value in json.loads(body).items() if key not in VOLATILE}


def digest(asked: Request) -> str:
    """SHA-256 of the canonical body; counted once a request."""
    known = getattr(asked, "digest", None)
    if known is None:
        known = hashlib.sha256(json.dumps(_body(asked), sort_keys=True).encode()).hexdigest()
        asked.digest = known
    return str(known)


def same_body(one: Request, other: Request) -> None:
    """A matcher: the same canonical body.

    Raises: AssertionError when they differ.
    """
    assert digest(one) == digest(other)


_MATCHED = (method, path, same_body)


class _Text:
    """A persister that reads from a string: workers get texts, and only the driver writes files."""

    def __init__(self, text: str) -> None:
        self._text = text

    def load_cassette(self, _path: str, serializer: Any) -> Any:
        return read_requests(self._text, serializer)


class _Format:
    """Our file format, as a serializer of VCR's."""

    @staticmethod
    def serialize(data: Mapping[str, Any]) -> str:
        messages: list[Any] = []
        rows = [_row(one["request"], one["response"], messages) for one in data["interactions"]]
        kept = {
            "format": FORMAT,
            "about": data.get("metadata", {}),
            "messages": messages,
            "interactions": rows,
        }
        return yaml.dump(kept, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)

    @staticmethod
    def deserialize(text: str) -> dict[str, Any]:
        data = loads(text)
        rows = [_unrow(row, data["messages"]) for row in data["interactions"]]
        return {"version": 1, "interactions": rows, "metadata": data["about"]}


def _row(asked: Mapping[str, Any], answer: Mapping[str, Any], messages: list[Any]) -> dict[str, Any]:
    body = _lasting(asked["body"])
    for message in body.get("messages", []):
        if message not in messages:
            messages.append(message)
    body["messages"] = [messages.index(message) for message in body.get("messages", [])]
    return {
        "method": asked["method"],
        "path": asked["uri"].removeprefix(HOST),
        "body": body,
        "status": answer["status"]["code"],
        "type": answer["headers"]["content-type"],
        "answer": answer["body"]["string"],
    }


def _unrow(row: Mapping[str, Any], messages: Sequence[Any]) -> dict[str, Any]:
    body = dict(row["body"])
    body["messages"] = [messages[index] for index in body["messages"]]
    return {
        "request": {
            "method": row["method"],
            "uri": HOST + row["path"],
            "body": json.dumps(body),
            "headers": {},
        },
        "response": {
            "status": {"code": row["status"], "message": ""},
            "headers": {"content-type": row["type"]},
            "body": {"string": row["answer"]},
        },
    }


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Long texts as blocks, which people can read and diff."""


def _block(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)


def _text(response: Mapping[str, Any]) -> str:
    raw = response["body"]["string"]
    return raw.decode("utf-8") if isinstance(raw, bytes) else str(raw)


def _words(text: str) -> str:
    """The content of an answer, streamed or whole."""
    if not text.startswith("data:"):
        return str(json.loads(text)["choices"][0]["message"]["content"])
    chunks = [json.loads(row[5:]) for row in text.splitlines() if row.startswith("data: {")]
    deltas = (choice["delta"] for chunk in chunks for choice in chunk["choices"])
    return "".join(delta.get("content") or "" for delta in deltas)


def _first(pattern: str, texts: Sequence[str]) -> str:
    return next((found[1] for text in texts if (found := re.search(pattern, text))), "")


def _tokens(text: str) -> int:
    """Tokens read and written, where the server tells: `usage`, or llama.cpp's `timings`."""
    counts = [re.findall(rf'"{key}":\s*(\d+)', text) for key in ("total_tokens", "prompt_n", "predicted_n")]
    total, read, written = (int(found[-1]) if found else 0 for found in counts)
    return total or read + written


def _difference(stored: Mapping[str, Any], asked: Mapping[str, Any], templates: Mapping[str, str]) -> str:
    one, other = stored.get("messages", []), asked.get("messages", [])
    for index, (old, new) in enumerate(zip(one, other, strict=False)):
        if old != new:
            came = templates.get(new["content"], "the talk so far")
            return f"message {index} ({came}) differs\n" + _lines(old["content"], new["content"])
    if len(one) != len(other):
        return f"{len(other)} messages, recorded with {len(one)}"
    keys = [key for key in {**stored, **asked} if stored.get(key) != asked.get(key)]
    return "; ".join(f"{key} {asked.get(key)!r}, recorded with {stored.get(key)!r}" for key in keys)


def _lines(old: str, new: str) -> str:
    rows = list(
        difflib.unified_diff(old.splitlines(), new.splitlines(), "recorded", "asked", n=0, lineterm="")
    )
    return "\n".join(rows[2:LONGEST_DIFF])
