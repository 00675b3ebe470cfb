"""Serving the page: where it listens, what it asks for at the door, and opening a browser."""

import asyncio
import contextlib
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from simulator.errors import InputError
from simulator.session import Simulator
from simulator.web.app import create
from simulator.web.guard import LOOPBACK

LOOPBACK_HOSTS = frozenset(name.strip("[]") for name in LOOPBACK)
SHORTEST_PASSWORD = 8
TRIED_PORTS = 20
"""How many ports after the one wanted are tried, when nobody asked for that very one."""


def serve(
    simulator: Simulator,
    *,
    host: str,
    port: int,
    exact: bool,
    password: str,
    look: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve until interrupted; `exact` insists on the port, `look` opens a browser.

    Raises: InputError when the port is taken, or the password is too short to be one.
    """
    far = host not in LOOPBACK_HOSTS
    password = _password(password, far=far, tell=tell)
    listening = _socket(host, port, exact=exact)
    address = _address(host, listening.getsockname()[1])
    app = create(simulator, password=password, hosts=() if far else LOOPBACK)
    tell(f"Practise at {address} (Ctrl-C stops it; what was said is kept).")
    if far:
        tell("Others on this network can reach it, and read along unless something in front of it adds TLS.")
    if look:
        threading.Timer(0.6, webbrowser.open, [address]).start()
    config = uvicorn.Config(
        app,
        access_log=False,
        lifespan="off",
        log_level="critical",
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(uvicorn.Server(config).serve([listening]))
    # A turn under way is on disk and is finished next time; the model's process ends with this one.
    # Python's own ending would wait for threads in native code, or pull the ground from under them.
    sys.stderr.flush()
    os._exit(0)


def _password(given: str, *, far: bool, tell: Callable[[str], None]) -> str:
    if given and len(given) < SHORTEST_PASSWORD:
        raise InputError(f"SIMULATOR_WEB_PASSWORD: shorter than {SHORTEST_PASSWORD} characters.")
    if given or not far:
        return given
    made = secrets.token_urlsafe(12)
    tell(f"Password for this run: {made} (SIMULATOR_WEB_PASSWORD sets one of your own).")
    return made


def _socket(host: str, port: int, *, exact: bool) -> socket.socket:
    """A listening socket on the port, or on the next free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in [port] if exact else [*range(port, port + TRIED_PORTS), 0]:
        listening = socket.socket(family, socket.SOCK_STREAM)
        if os.name != "nt":  # there it would share a port that is in use
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, candidate))
            listening.listen()  # until then another may bind it too
        except OSError as error:
            listening.close()
            trouble = error
        else:
            return listening
    raise InputError(f"--host {host} --port {port}: {trouble.strerror}; choose another.")


def _address(host: str, port: int) -> str:
    shown = "localhost" if host in {"0.0.0.0", "::", "127.0.0.1", "::1"} else host  # noqa: S104 - told, not bound
    return f"http://[{shown}]:{port}/" if ":" in shown else f"http://{shown}:{port}/"
