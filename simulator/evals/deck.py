"""All recordings of one talk: a cassette for each role, and models that speak through them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

from simulator.errors import CassetteError
from simulator.evals.cassette import HOST, Cassette
from simulator.evals.transport import CassetteTransport, Wire
from simulator.llm import ChatModel, OpenAIChat
from simulator.settings import Endpoint

VECTORS = "embedding"
"""The role whose recording is a pack of vectors, not a cassette."""


@dataclass(frozen=True)
class Upstream:
    """A server to record from."""

    endpoint: Endpoint
    capable: bool


class Deck:
    """The roles of one talk, each on its own cassette."""

    def __init__(self, wires: Mapping[str, Wire], chats: Mapping[str, ChatModel]) -> None:
        self._wires, self._chats = wires, chats

    @classmethod
    def playing(cls, recordings: Mapping[str, bytes]) -> "Deck":
        """Play what was recorded.

        Raises: CassetteError when a recording is damaged.
        """
        wires, chats = {}, {}
        for role, data in recordings.items():
            if role == VECTORS:
                continue
            cassette = Cassette.load(data, role)
            wires[role] = wire = Wire(role, cassette)
            model, capable = str(cassette.about.get("model", "")), bool(cassette.about.get("capable"))
            chats[role] = _chat(wire, Endpoint(f"{HOST}/v1", model), capable)
        return cls(wires, chats)

    @classmethod
    def recording(cls, upstreams: Mapping[str, Upstream], client: httpx2.Client) -> "Deck":
        """Pass on to servers through `client`, and keep what they answer."""
        wires, chats = {}, {}
        for role, upstream in upstreams.items():
            base = urlsplit(upstream.endpoint.base_url).path.rstrip("/")
            wires[role] = wire = Wire(role, Cassette.blank(), client, base)
            chats[role] = _chat(wire, upstream.endpoint, upstream.capable)
        return cls(wires, chats)

    def chat(self, role: str) -> ChatModel | None:
        """The model that plays a role, if there is one.

        Raises: CassetteError for a persona without a recording.
        """
        if role == "persona" and role not in self._chats:
            raise CassetteError("persona: never recorded; `simulator eval record SUITES --missing`.")
        return self._chats.get(role)

    def turn(self, number: int) -> None:
        """Tell which turn is under way, for messages."""
        for wire in self._wires.values():
            wire.turn = number

    @property
    def calls(self) -> int:
        """Requests so far, over all roles."""
        return sum(wire.calls for wire in self._wires.values())

    @property
    def unplayed(self) -> Mapping[str, int]:
        """Recorded requests that nobody asked for, by role."""
        return {role: left for role, wire in self._wires.items() if (left := wire.cassette.unplayed)}

    @property
    def abouts(self) -> Mapping[str, Mapping[str, Any]]:
        """The metadata of what is played, by role."""
        return {role: wire.cassette.about for role, wire in self._wires.items()}

    def dump(self, about: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
        """The cassettes' files by role, each with its metadata."""
        return {role: wire.cassette.dump(about[role]).encode() for role, wire in self._wires.items()}

    def templates(self, rendered: Mapping[str, str]) -> dict[str, frozenset[str]]:
        """Which templates each role's requests were rendered from."""
        return {
            role: frozenset(rendered[text] for text in wire.cassette.texts() if text in rendered)
            for role, wire in self._wires.items()
        }


def _chat(wire: Wire, endpoint: Endpoint, capable: bool) -> OpenAIChat:
    client = httpx2.Client(transport=CassetteTransport(wire), trust_env=False)
    return OpenAIChat(endpoint, capable=capable, http_client=client, label=f"{wire.role} model")
