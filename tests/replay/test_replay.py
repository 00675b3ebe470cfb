"""Whole sessions with their debriefs, replayed from the embedded model's recordings, sockets blocked."""

import re

import pytest
import yaml

from simulator.llm import OpenAIChat
from simulator.session import Parts, Simulator
from simulator.settings import Endpoint, Settings
from simulator.testing import RecordedEmbedder
from tests.replay.recording import cassette
from tests.replay.sessions import HERE, MODEL, SCRIPTS, held


class Replayed(OpenAIChat):
    """The embedded model's wire without the embedded model."""

    capable = False


@pytest.fixture(scope="module")
def embedder():
    return RecordedEmbedder(HERE / "vectors.npz")


def replaying(tmp_path, embedder):
    model = Replayed(Endpoint("http://127.0.0.1:9/v1", MODEL, "none"))
    return Simulator(Settings(tmp_path / "home", tmp_path), Parts(model=model, embedder=embedder))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_recorded_session_replays_word_for_word(name, tmp_path, embedder):
    with cassette(HERE / "cassettes" / f"{name}.yaml", "none") as played:
        run = replaying(tmp_path, embedder)
        assert held(run, SCRIPTS[name]) == (HERE / f"{name}.md").read_text("utf-8")
        assert played.all_played
        run.close()


def test_a_changed_prompt_misses_loudly(tmp_path, embedder, monkeypatch):
    from vcr.errors import CannotOverwriteExistingCassetteException

    from simulator.prompts import WordingSystem

    real = WordingSystem.render
    monkeypatch.setattr(WordingSystem, "render", lambda self: real(self) + " Be brief.")
    with cassette(HERE / "cassettes" / "secure.yaml", "none"):
        run = replaying(tmp_path, embedder)
        with pytest.raises(CannotOverwriteExistingCassetteException):
            held(run, SCRIPTS["secure"])
        run.close()


@pytest.mark.parametrize("name", SCRIPTS)
def test_recordings_come_from_a_real_server_and_hold_no_secret(name):
    raw = (HERE / "cassettes" / f"{name}.yaml").read_text("utf-8")
    for interaction in yaml.safe_load(raw)["interactions"]:
        assert set(interaction["request"]["headers"]) == {"content-type"}
        assert set(interaction["response"]["headers"]) == {"content-type"}
        assert "system_fingerprint" in str(interaction["response"]["body"])
        assert "timings" in str(interaction["response"]["body"])
    assert not re.search(r"Bearer|sk-[A-Za-z0-9]|127\.0\.0\.1|api_key", raw)


def test_the_recorded_sessions_hold_what_they_claim():
    fearful = (HERE / "fearful.md").read_text("utf-8")
    assert "aside" in fearful
    assert "system prompt" not in fearful.split("**Jonah:**")[4].split("**You:**")[0]
