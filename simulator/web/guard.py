"""What every request must pass and every answer carries: hosts, origins, sizes, seats, headers.

Forged requests are refused by what the browser itself says of their origin (Sec-Fetch-Site, or Origin
where that is missing), on event streams too; no token in a form can be forgotten that way.
"""

import re
import sys
import traceback
from collections.abc import Collection
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.web.door import SEAT, Door
from simulator.web.view import render

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
MOST_BYTES = 12 << 20
"""Largest request body; an uploaded document and its form fit in."""
PUBLIC = ("/login", "/static/", "/alive")
"""Paths that need no seat."""
SAFE = frozenset({"GET", "HEAD"})
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class _TooLargeError(Exception):
    """The body grew past the bound while it was read."""


class Guard:
    """The outermost layer of the page."""

    def __init__(self, app: ASGIApp, door: Door, hosts: Collection[str] = LOOPBACK) -> None:
        self._app, self._door, self._hosts = app, door, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; nothing that was said reaches a log by an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _dress(message, scope["path"])
            await send(message)

        try:
            answer = self._refusal(scope)
            await (answer or self._app)(scope, _bounded(receive), sending)
        except _TooLargeError:
            await PlainTextResponse("Too large.", 413)(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 - its text may hold what was said; kind and place do not
            where = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(where.filename).name}:{where.lineno}"
            sys.stderr.write(f"simulator: unexpected {type(error).__name__} ({place}); please report it.\n")
            if not begun:
                await HTMLResponse(render("gone.html"), 500)(scope, receive, sending)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if self._hosts and _name(headers.get("host", "")) not in self._hosts:
            return PlainTextResponse("Not a name of this page.", 421)
        if not _same_origin(scope["method"], headers):
            return PlainTextResponse("Asked for by another site.", 403)
        length = headers.get("content-length", "0")
        if not re.fullmatch("[0-9]{1,15}", length):
            return PlainTextResponse("Not a length.", 400)
        if int(length) > MOST_BYTES:
            return PlainTextResponse("Too large.", 413)
        if not self._door.open and not self._seated(scope["path"], headers):
            if scope["method"] in SAFE and "text/html" in headers.get("accept", ""):
                return RedirectResponse("/login", 303)
            return PlainTextResponse("Sign in first.", 401)
        return None

    def _seated(self, path: str, headers: Headers) -> bool:
        if path.startswith(PUBLIC):
            return True
        return self._door.knows(cookie_parser(headers.get("cookie", "")).get(SEAT, ""))


def _name(host: str) -> str:
    """A Host header without its port."""
    return re.sub(r":\d*$", "", host).lower()


def _same_origin(method: str, headers: Headers) -> bool:
    """Whether our own page asks, or somebody follows a link or types the address."""
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    if site is not None:
        return site in {"same-origin", "none"} or (method in SAFE and mode == "navigate")
    origin = headers.get("origin")
    return origin is None or origin.split("//", 1)[-1] == headers.get("host")


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BYTES:
            raise _TooLargeError
        return message

    return bounded


def _dress(message: Message, path: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers[name] = value
    # files carry their hash in the query; what people said is kept in no browser's cache, nor is a refusal
    found = path.startswith("/static/") and message["status"] < 400
    headers["Cache-Control"] = "public, max-age=31536000, immutable" if found else "no-store"
