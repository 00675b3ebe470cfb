"""How a test serves an app to a browser: on loopback, in a thread or in a process that can be killed."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from simulator.session import Parts, Simulator
from simulator.settings import Settings

HOST = "127.0.0.1"
PATIENCE_S = 60
"""Long enough to import everything on a busy machine."""
_FORKS = multiprocessing.get_context("forkserver")
# imported once, in a process that never runs anything else: each server is a clean copy of it
_FORKS.set_forkserver_preload(["simulator.web.app", "simulator.graph.build", "tests.browser.cast"])


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def product(parts: Callable[[], Parts], settings: Settings, password: str = "") -> Starlette:
    """The web app over fakes; a module's function, so that a child process can call it."""
    from simulator.web.app import create

    return create(Simulator(settings, parts()), password=password)


class Server:
    """An app under uvicorn in a thread of this process, so that a test can look at its parts."""

    def __init__(self, app: Starlette, simulator: Simulator | None = None) -> None:
        self.simulator = simulator
        self.port = free_port()
        self._uvicorn = uvicorn.Server(_config(app, self.port))
        self._thread = threading.Thread(target=self._uvicorn.run, daemon=True)
        self._thread.start()
        _await(self.port, self._thread.is_alive)

    @property
    def url(self) -> str:
        """The origin, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    def stop(self) -> None:
        """Stop it; a stream that is still open is cut after a second."""
        self._uvicorn.should_exit = True
        self._thread.join(PATIENCE_S)


class MortalServer:
    """An app in a process of its own, that can be killed and started again at the same address.

    Only a process dies as a real one does: a thread's database connection would outlive it.
    """

    def __init__(self, make: Callable[[], Starlette]) -> None:
        self.port = free_port()
        self._make = make
        self._process: multiprocessing.process.BaseProcess | None = None
        self.start()

    @property
    def url(self) -> str:
        """The origin, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start it, and return once it answers."""
        run = _FORKS.Process(target=_run, args=(self._make, self.port), daemon=True)
        run.start()
        self._process = run
        _await(self.port, run.is_alive)

    def kill(self) -> None:
        """Kill it as `kill -9` does: nothing is said, saved or closed."""
        if self._process:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None


def _run(make: Callable[[], Starlette], port: int) -> None:
    uvicorn.Server(_config(make(), port)).run()


def _config(app: Starlette, port: int) -> uvicorn.Config:
    return uvicorn.Config(
        app, host=HOST, port=port, log_level="critical", ws="none", timeout_graceful_shutdown=1
    )


def _await(port: int, alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        if not alive():
            break
        time.sleep(0.05)
    raise RuntimeError(f"port {port}: the app did not start; its own error stands above.")
