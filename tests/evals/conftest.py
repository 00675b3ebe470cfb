"""Recorded talks made here with a fake server, so that what becomes of recordings can be tested."""

import json
import shutil
from dataclasses import replace

import httpx2
import pytest

from simulator import library, repertoire
from simulator.coder.likeness import Likeness
from simulator.evals import player as players
from simulator.evals.bench import Bench
from simulator.evals.deck import Upstream
from simulator.settings import Endpoint, Settings
from simulator.testing import HashingEmbedder
from tests.evals.test_cassette import sse

SUITE = """
suite: trial
defaults: {{scenario: late-reply, epochs: {epochs}}}
cases:
  - id: missed
    tags: [scripted]
    matrix: {{persona: [maya, daniel]}}
    user: {{script: ["Relax, I was busy. It's not a big deal.", "You sat there alone with your phone."]}}
    expect:
      - {{id: goes-on, check: run, min_turns: 2}}
      - {{id: in-character, check: replies, in_character: true}}
  - id: simulated
    tags: [simulated]
    persona: iris
    user: {{style: attuned, turns: 2}}
    expect: [{{id: goes-on, check: run, min_turns: 2}}]
"""


class Meaning:
    """A server that speaks the meaning it was given."""

    def __call__(self, request):
        body = json.loads(request.content)
        asked = body["messages"][-1]["content"]
        if "response_format" in body:
            return httpx2.Response(200, json=self.verdict())
        return httpx2.Response(
            200, headers={"content-type": "text/event-stream"}, text=sse([asked.split(" means: ")[-1]])
        )

    @staticmethod
    def verdict():
        quote = {"turn": 1, "quote": "It's not a big deal."}
        answer = {"id": "human", "evidence": [quote], "reasoning": "So.", "verdict": "yes"}
        message = {"role": "assistant", "content": json.dumps({"answers": [answer]})}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        head = {"id": "1", "object": "chat.completion", "created": 1, "model": "judge-1"}
        return head | {"system_fingerprint": "fp-8", "choices": [choice]}


@pytest.fixture
def suite(tmp_path):
    folder = tmp_path / "own" / "suites"
    folder.mkdir(parents=True)

    def write(text=SUITE, epochs=1):
        path = folder / "trial.yaml"
        path.write_text(text.format(epochs=epochs), encoding="utf-8")
        return path

    return write


@pytest.fixture
def faked(monkeypatch):
    """Recording reaches a fake server and the hashing embedder; replay is the real thing."""
    client = httpx2.Client(transport=httpx2.MockTransport(Meaning()))
    endpoint = Endpoint("http://localhost/v1", "model-1")
    monkeypatch.setattr(players.Player, "_client", client)
    monkeypatch.setattr(players.Simulator, "embedder", HashingEmbedder())
    # nor can they tell whether a line answers well enough to be worded by the model
    monkeypatch.setattr(repertoire, "WELL_ENOUGH", 0.0)
    # hashed words mean nothing to what listens by likeness: it would raise alarms at random
    monkeypatch.setattr(Likeness, "danger", lambda _self, _text: None)
    monkeypatch.setattr(
        players.Player,
        "_upstreams",
        lambda _self, unit: {
            "persona": Upstream(endpoint, capable=False),
            **({"trainee": Upstream(endpoint, capable=False)} if unit.case.user.style else {}),
            **(
                {"judge": Upstream(replace(endpoint, model="judge-1"), capable=True)}
                if unit.case.judged
                else {}
            ),
        },
    )


@pytest.fixture
def record(faked, tmp_path, suite):
    """Record the trial suite; returns its bench."""

    def make(text=SUITE, epochs=1):
        from simulator.evals.bench import Means

        bench = Bench.open(Settings(tmp_path / "home", tmp_path), [suite(text, epochs)])
        talks = bench.talks()
        run = bench.begin(talks, tmp_path / "runs", "record")
        done = list(bench.hold(run, talks, "record", Means()))
        assert all(d.recordings for d in done), [d.result.reason for d in done]
        bench.recordings.share()
        return bench

    return make


@pytest.fixture
def own_library(tmp_path, monkeypatch):
    """Prompts, personas and scenarios that a test may edit."""
    for name in ("prompts", "personas", "scenarios", "documents"):
        shutil.copytree(library.folder(name), tmp_path / "library" / name)
    real = library.folder
    found = lambda name: tmp_path / "library" / name  # noqa: E731
    monkeypatch.setattr(library, "folder", found)
    monkeypatch.setattr("simulator.prompts.folder", found)
    from simulator import prompts

    prompts._template.cache_clear()
    yield tmp_path / "library"
    prompts._template.cache_clear()
    assert real is not found
