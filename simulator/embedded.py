"""The embedded model: a GGUF file served by a child process of our own, started when first asked.

One server per run, reused by every client, restarted once if it dies; nothing leaves the machine.
"""

import atexit
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from simulator.errors import ModelError, WeightsError
from simulator.llm import CutError, Message, Model, OpenAIChat, Sampling
from simulator.settings import Endpoint

START_S = 180.0
"""Longest wait for a model to load, in seconds."""


def fitting_threads(cores: int | None = None, load: float | None = None) -> int:
    """Threads for the server: the free cores but one, at least one, at most eight.

    Threads that wait for a busy core collapse to a tenth of the speed (docs/measurements.md), so
    one core is left for everything else, and so are those that others keep busy.

    >>> fitting_threads(cores=2, load=0.3), fitting_threads(cores=8, load=0.3)
    (1, 7)
    """
    cores = cores or os.cpu_count() or 1
    if load is None:
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return max(1, min(cores - 1, round(cores - load), 8))


class EmbeddedServer:
    """The child process and its address."""

    def __init__(self, model: Path, *, threads: int | None, context: int) -> None:
        self._options = {"model": str(model), "context": context, "alias": model.stem}
        self._threads = threads
        self._child: subprocess.Popen[str] | None = None
        self._endpoint: Endpoint | None = None
        self._lock = threading.Lock()
        atexit.register(self.stop)

    @property
    def alive(self) -> bool:
        """Whether the child is running."""
        return self._child is not None and self._child.poll() is None

    def endpoint(self) -> Endpoint:
        """The address of the running server; starts it when it is not.

        Raises: ModelError when the file cannot be served.
        """
        with self._lock:
            if self._endpoint is None or not self.alive:
                self._endpoint = self._start()
            return self._endpoint

    def _start(self) -> Endpoint:
        key = secrets.token_urlsafe(24)
        options = self._options | {"key": key, "threads": self._threads or fitting_threads()}
        log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._child = subprocess.Popen(
            [sys.executable, "-m", "simulator.serving"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
        answer = self._handshake(self._child, options)
        if "url" not in answer:
            self.stop()
            log.seek(0)
            raise ModelError(
                f"{self._options['model']}: cannot be served ({_last_line(log.read()) or answer['error']}); "
                "is it a whole GGUF file? `simulator models verify` checks it."
            )
        return Endpoint(answer["url"], str(self._options["alias"]), key)

    @staticmethod
    def _handshake(child: "subprocess.Popen[str]", options: dict[str, Any]) -> dict[str, str]:
        assert child.stdin
        assert child.stdout
        timer = threading.Timer(START_S, child.kill)
        timer.start()
        try:
            child.stdin.write(json.dumps(options) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        found: dict[str, str] = json.loads(line) if line else {"error": "the server ended while loading"}
        return found

    def stop(self) -> None:
        """End the child; closing its input is enough."""
        child, self._child, self._endpoint = self._child, None, None
        if child is None:
            return
        if child.stdin:
            child.stdin.close()
        try:
            child.wait(2)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:160] if lines else ""


class EmbeddedChat:
    """The embedded model as a ChatModel; it words meanings it is given, and no more."""

    capable = False

    def __init__(
        self, model: Callable[[], Path], *, threads: int | None, context: int, timeout_s: float
    ) -> None:
        self._model = model
        self._threads, self._context, self._timeout_s = threads, context, timeout_s
        self._server: EmbeddedServer | None = None
        self._client: tuple[Endpoint, OpenAIChat] | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self._model().stem

    def endpoint(self) -> Endpoint:
        """The address of the running server, for who records what goes over its wire.

        Raises: WeightsError when the file is not there; ModelError when it cannot be served.
        """
        if self._server is None:
            path = self._model()
            if not path.is_file():
                raise WeightsError(f"{path}: no such model file; check --model-path.")
            self._server = EmbeddedServer(path, threads=self._threads, context=self._context)
        return self._server.endpoint()

    def _chat(self) -> OpenAIChat:
        with self._lock:
            endpoint = self.endpoint()
            if self._client is None or self._client[0] != endpoint:
                chat = OpenAIChat(endpoint, timeout_s=self._timeout_s, label="embedded model")
                self._client = endpoint, chat
            return self._client[1]

    def warm(self, messages: Sequence[Message]) -> None:
        """Load the model and read a prompt's beginning, so that the first turn is quick."""
        nudge: Message = {"role": "user", "content": "Ready?"}
        for _ in self._chat().stream([*messages, nudge], Sampling(max_tokens=4)):
            break

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """Yield the reply; a server that died is started again once."""
        try:
            yield from self._chat().stream(messages, sampling)
        except CutError:
            raise
        except ModelError:
            if self._server is None or self._server.alive:
                raise
            yield from self._chat().stream(messages, sampling)

    def structured(self, messages: Sequence[Message], schema: type[Model]) -> Model:
        """Not offered: valid is not sensible at this size (docs/decisions/005-coder.md)."""
        asked = f"{schema.__name__}, {len(messages)} messages"
        raise ModelError(f"the embedded model gives no structured answers ({asked}).")

    def close(self) -> None:
        """Stop the server if it runs."""
        if self._server:
            self._server.stop()
