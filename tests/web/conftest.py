"""A visitor to the page: no server, no socket, a home of its own."""

import asyncio
import re
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from urllib.parse import quote, unquote

import numpy as np
import pytest
from starlette.testclient import TestClient

from simulator.session import Simulator
from simulator.store import Store
from simulator.testing import HashingEmbedder, ScriptedCoder, ScriptedModel, fake_parts
from simulator.web.app import create
from tests.conftest import TABLE

PASSWORD = "correct horse battery"
PATIENCE_S = 20
"""How long a test waits for another thread on a busy machine before it fails."""


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """Our passages, indexed once; a test that adds documents takes a store of its own."""
    return Store(tmp_path_factory.mktemp("web") / "store", Remembering())


class Remembering(HashingEmbedder):
    """The hashing embedder, each text hashed once for all tests."""

    def __call__(self, texts):
        return np.stack([self._one(text) for text in texts]) if texts else super().__call__(texts)

    @staticmethod
    @cache
    def _one(text):
        return HashingEmbedder()([text])[0]


def fakes(shelf):
    """Everybody's parts, with the embedder and the passages that are made once."""
    return replace(fake_parts(), coder=ScriptedCoder(TABLE), embedder=Remembering(), store=lambda: shelf)


@pytest.fixture
def parts(shelf):
    return fakes(shelf)


@pytest.fixture
def app(simulator):
    return create(simulator)


@pytest.fixture
def visit():
    """`visit(app)` is a browser at the page, its application started."""
    with ExitStack() as stack:
        yield lambda app, **options: stack.enter_context(TestClient(app, **BROWSER | options))


@pytest.fixture
def client(app, visit):
    return visit(app)


BROWSER = {"base_url": "http://localhost", "follow_redirects": False}


@pytest.fixture
def locked(simulator):
    """The application behind a password."""
    return create(simulator, password=PASSWORD)


def begin(client, persona="maya", scenario="late-reply"):
    """Start a talk; its id."""
    answer = client.post("/talks", data={"persona": persona, "scenario": scenario})
    assert answer.status_code == 303, answer.text
    return unquote(answer.headers["location"].removeprefix("/talks/"))


def say(client, talk, words):
    """Take a turn and read its answer to the end: what the page shows then."""
    path = f"/talks/{quote(talk)}/turns"
    answer = client.post(path, data={"words": words})
    assert answer.status_code == 303, answer.text
    number = answer.headers["location"].rsplit("-", 1)[1]
    return events(client.get(f"{path}/{number}/answer").text)[-1][1]


def events(stream):
    """The events of a stream as pairs of name and data."""
    found = []
    for block in filter(None, re.split(r"(?:\r\n){2}", stream)):
        lines = [line.split(": ", 1) for line in block.split("\r\n")]
        fields = [(name, rest[0] if rest else "") for name, *rest in lines]
        name = next((value for key, value in fields if key == "event"), "")
        if name:
            found.append((name, "\n".join(value for key, value in fields if key == "data")))
    return found


class Asgi:
    """One request put to an application piece by piece, and its answer taken the same way."""

    def __init__(self, app, path, *, method="GET", headers=(), chunks=(b"",), on_event=None):
        self.status, self.headers, self.events = 0, {}, []
        self._app, self._chunks, self._on_event = app, list(chunks), on_event
        told = {"host": "localhost"} | dict(headers)
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in told.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("localhost", 80),
        }
        asyncio.run(self._ask())

    async def _ask(self):
        self._gone = asyncio.Event()
        await self._app(self._scope, self._receive, self._send)

    async def _receive(self):
        if self._chunks:
            body = self._chunks.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(self._chunks)}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return
        for event in events(message.get("body", b"").decode()):
            self.events.append(event)
            if self._on_event and self._on_event(*event) == "leave":
                self._gone.set()


class Gated(ScriptedModel):
    """A model that says each of its sentences, and that it is done, when a test lets it.

    A sentence is seen to be whole when the next begins: to let two is to be shown one.
    """

    def __init__(self, *sentences):
        super().__init__(lambda _messages: "", capable=True)
        self._sentences = sentences
        self._let = threading.Semaphore(0)

    def let(self, sentences=1):
        """Let it say some more."""
        self._let.release(sentences)

    def stream(self, messages, sampling):
        self.asked.append(messages)
        for sentence in [*self._sentences, ""]:
            assert self._let.acquire(timeout=PATIENCE_S)
            yield f"{sentence} "


def until(condition):
    """Wait for another thread to bring something about."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.005)


def with_model(settings, parts, model):
    """A simulator whose persona is spoken for by this model."""
    return Simulator(settings, replace(parts, model=model))


class Markup(HTMLParser):
    """A page as a browser takes it: its elements with their attributes, and its text."""

    VOID = frozenset({"meta", "link", "input", "br", "hr", "img", "circle", "line", "rect", "path"})

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts, self._inside = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self._inside:
            del self._inside[len(self._inside) - 1 - self._inside[::-1].index(tag) :]

    def handle_data(self, data):
        self.texts.append((self._inside[-1] if self._inside else "", data))

    @property
    def text(self):
        """Everything that is read, and what stands in form fields."""
        return "".join(data for _, data in self.texts)

    @property
    def skeleton(self):
        """What stays when every text and value is taken away."""
        return [(tag, *attributes) for tag, attributes in self.elements]

    def faults(self):
        """Everything that a page of ours never has, whatever was said: inline code and style."""
        found = []
        for tag, attributes in self.elements:
            if tag == "style" or (tag == "script" and not attributes.get("src", "").startswith("/static/")):
                found.append(f"<{tag}>")
            if tag in {"img", "iframe", "object", "embed", "base", "foreignobject", "math", "template"}:
                found.append(f"<{tag}>")
            for name, value in attributes.items():
                if name == "style" or name.startswith("on"):
                    found.append(f"<{tag} {name}>")
                if name in {
                    "href",
                    "src",
                    "action",
                    "formaction",
                    "hx-get",
                    "hx-post",
                    "sse-connect",
                } and not (value.startswith(("/", "#")) and not value.startswith("//")):
                    found.append(f"<{tag} {name}={value}>")
        return found + [f"<{tag}>{data}" for tag, data in self.texts if tag in {"script", "style"} and data]
