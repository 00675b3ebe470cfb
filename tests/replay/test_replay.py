"""What we ship recorded: every suite replays, word for word, with sockets blocked, no key and no model."""

import os
import re
from pathlib import Path

import pytest

from simulator.evals.bench import Bench, Means
from simulator.evals.freshness import State
from simulator.evals.player import Player
from simulator.evals.report import write
from simulator.evals.unit import Status
from simulator.files import loads
from simulator.settings import Settings
from tests.replay.transcripts import HERE, prose, replayed

SUITES = HERE.parents[1] / "evals" / "suites"
CASSETTES = SUITES.parent / "cassettes"


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return Bench.open(Settings(home, home / "no-models"), [SUITES])


@pytest.fixture(scope="module")
def run(bench, tmp_path_factory):
    assert not [key for key in os.environ if key.startswith(("SIMULATOR_", "OPENAI_"))]
    talks = bench.talks()
    found = bench.begin(talks, tmp_path_factory.mktemp("runs"), "replay")
    assert len(list(bench.hold(found, talks, "replay", Means()))) == len(talks)
    return found


def test_every_suite_replays_and_passes_its_gates(run):
    summary = write(run)
    assert summary.counts == {"pass": len(summary.cases)}, [r.reason for r in summary.cases if r.reason]
    assert summary.code == 0


def test_every_recording_is_fresh_and_without_fault(bench):
    standings = [bench.standing(talk) for talk in bench.talks()]
    assert {s.state for s in standings} == {State.FRESH}, [s for s in standings if s.state is not State.FRESH]
    assert list(bench.recordings.faults(bench.cases)) == []


def test_altering_every_request_makes_every_talk_with_calls_miss(bench):
    player, missed, silent = Player(bench.stage("replay")), 0, 0
    from simulator.evals.driver import Driver
    from simulator.evals.executor import Serial

    driver = Driver(bench.recordings, Serial(bench.stage("replay")))
    for unit in driver.units(bench.talks(), "replay"):
        altered = {
            role: data.replace(b"top_p: 0.95", b"top_p: 0.94") if role != "embedding" else data
            for role, data in unit.recordings.items()
        }
        if altered == unit.recordings:
            silent += 1  # all that was said is authored word for word
            continue
        result = player.play(type(unit)(unit.case, unit.epoch, "replay", altered)).result
        missed += (result.status, result.state) == (Status.DRIFT, "MISSED")
    assert missed + silent == len(bench.talks())
    assert missed > 0.9 * len(bench.talks())


def test_recordings_come_from_a_real_server_and_hold_nothing_that_names_us():
    names = [
        name for name in (os.environ.get("USER", ""), Path.home().name, os.uname().nodename) if len(name) > 4
    ]
    for path in CASSETTES.rglob("*.yaml"):
        text = path.read_text("utf-8")
        rows = loads(text)["interactions"]
        for row in rows:
            assert "system_fingerprint" in row["answer"]
            assert "timings" in row["answer"]
        assert not re.search(r"(?i)cookie|authorization|bearer|x-api-key|\bsk-\w|/home/|/Users/|/root/", text)
        assert not any(name in text for name in names)


def test_the_library_of_recordings_stays_small():
    assert sum(path.stat().st_size for path in CASSETTES.rglob("*") if path.is_file()) < 20_000_000


def test_the_transcripts_are_what_is_replayed(tmp_path):
    found = {persona: prose(episode) for persona, episode in replayed(tmp_path)}
    assert found == {path.stem: path.read_text("utf-8") for path in HERE.glob("*.md")}


def test_no_reply_speaks_of_prompts_or_models(run):
    for key in run.results():
        episode = run.episode(key)
        for turn in episode.turns:
            assert not re.search(r"(?i)system prompt|language model|as an ai\b", turn.reply), key
