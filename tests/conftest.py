"""Fakes, a temporary home, no sockets and no keys for every test."""

import os

import pytest

from simulator.domain.codebook import Code
from simulator.session import Parts, Simulator
from simulator.settings import Settings
from simulator.testing import HashingEmbedder, ScriptedCoder, ScriptedModel, repeating_meaning

TABLE = {
    "not a big deal": {Code.MINIMIZE: 0.9, Code.EXPLAIN: 0.6},
    "I went straight to defending myself": {Code.REPAIR: 0.9, Code.EXPLORE: 0.6},
    "You sat there alone": {Code.REFLECT: 0.9},
    "It makes sense": {Code.VALIDATE: 0.9},
    "I'm here": {Code.STAY: 0.9},
    "Tell me now": {Code.PRESS: 0.95},
    "What do we do": {Code.PLAN: 0.9},
}
OPENING = "Relax, I was busy. It's not a big deal."
REPAIR = "You're right, I went straight to defending myself. What was last night like for you?"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    for key in [k for k in os.environ if k.startswith(("SIMULATOR_", "OPENAI_"))]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("SIMULATOR_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SIMULATOR_MODELS", str(tmp_path / "models"))


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "models")


@pytest.fixture
def parts():
    return Parts(
        model=ScriptedModel(repeating_meaning),
        coder=ScriptedCoder(TABLE),
        embedder=HashingEmbedder(),
        alarm=lambda _text: None,
    )


@pytest.fixture
def simulator(settings, parts):
    run = Simulator(settings, parts)
    yield run
    run.close()
