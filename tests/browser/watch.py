"""What went wrong in a browser while a test looked elsewhere: errors, and requests that left the site."""

import re
from urllib.parse import urlsplit


class Watch:
    """Listens to every page of a context; `faults` must be empty when the test ends."""

    def __init__(self, origins) -> None:
        self._origins = origins
        self._allowed: list[str] = []
        self._seen: list[str] = []

    def allow(self, pattern: str) -> None:
        """Faults that match this are expected, in this test, before and after this call."""
        self._allowed.append(pattern)

    @property
    def faults(self) -> list[str]:
        """One line a fault that no pattern allows."""
        return [f for f in self._seen if not any(re.search(p, f) for p in self._allowed)]

    def attach(self, context) -> None:
        """Listen to a browser context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self._seen.append(f"page error: {error.error}"))
        context.on("request", lambda request: self._request(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._request(socket.url)))

    def _console(self, message) -> None:
        if message.type == "error":
            at = message.location.get("url", "")
            self._seen.append(f"console error: {message.text} ({at})")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        origin = f"{parts.scheme.replace('ws', 'http')}://{parts.netloc}"
        if parts.netloc and origin not in self._origins:
            self._seen.append(f"request to another origin: {url}")
