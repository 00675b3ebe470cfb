"""The wire between a client and a cassette: it belongs to the client, so talks run side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from simulator.errors import CassetteError
from simulator.evals.cassette import Cassette, request
from simulator.prompts import rendered


@dataclass
class Wire:
    """One role's line to a model: played from a cassette, or recorded from a server."""

    role: str
    cassette: Cassette
    upstream: httpx2.Client | None = None
    """None to play."""
    base: str = "/v1"
    """The path before the API's own, which servers choose."""
    turn: int = 0
    """Which turn of the talk is under way; for messages."""
    calls: int = 0
    missed: str = ""
    """How the first request without a recording differed; later ones would only repeat it."""


class CassetteTransport(httpx2.BaseTransport):
    """Answers from a cassette, or passes on and keeps whole answers."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def handle_request(self, asked: httpx2.Request) -> httpx2.Response:
        """Answer one request.

        Raises: CassetteError when it was not recorded.
        """
        wire, body = self._wire, asked.read()
        wire.calls += 1
        known = request(asked.method, asked.url.path.removeprefix(wire.base), body)
        if wire.upstream:
            return self._passed_on(asked, known)
        answer = None if wire.missed else wire.cassette.play(known)
        if answer is None:
            wire.missed = wire.missed or wire.cassette.difference(known, rendered.get() or {})
            raise CassetteError(f"{wire.role}, turn {wire.turn}: not recorded: {wire.missed}")
        return _response(answer)

    def _passed_on(self, asked: httpx2.Request, known: Any) -> httpx2.Response:
        assert self._wire.upstream
        came = self._wire.upstream.send(asked)
        answer = {
            "status": {"code": came.status_code, "message": ""},
            "headers": {"content-type": came.headers.get("content-type", "")},
            "body": {"string": came.read()},
        }
        if came.is_success:
            self._wire.cassette.record(known, answer)
        return _response(answer | {"headers": dict(came.headers)} if not came.is_success else answer)


def _response(answer: Mapping[str, Any]) -> httpx2.Response:
    dropped = {"content-encoding", "content-length", "transfer-encoding"}  # the body is here, decoded
    headers = {k: v for k, v in answer["headers"].items() if k.lower() not in dropped}
    return httpx2.Response(answer["status"]["code"], headers=headers, content=answer["body"]["string"])
