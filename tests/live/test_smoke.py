"""The real server, the real coder and store, the tiny model: wiring only, never quality.

Run by .ci/run after `simulator models pull embedding tokenizer tiny`.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator import settings as real_settings
from simulator.weights import find

pytestmark = pytest.mark.live
CACHE = real_settings.load({k: v for k, v in os.environ.items() if k != "SIMULATOR_HOME"}).cache
LINES = "Relax, I was busy. It is not a big deal.\nYou are right, I went straight to defending myself.\n"


@pytest.fixture
def environment(tmp_path):
    return os.environ | {
        "SIMULATOR_HOME": str(tmp_path / "home"),
        "SIMULATOR_MODELS": str(CACHE),
        "SIMULATOR_MODEL_PATH": str(find("tiny").path(CACHE)),
        "SIMULATOR_THREADS": "1",
    }


def simulator(environment, *arguments, **given):
    command = [sys.executable, "-m", "simulator", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300, **given
    )


def serving():
    return subprocess.run(
        ["pgrep", "-f", "simulator.serving"], capture_output=True, text=True, check=False
    ).stdout


def test_two_turns_and_a_debrief(environment):
    ran = simulator(environment, "chat", "--seed", "1", input=LINES)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("\nMaya: ") == 3
    assert "DEBRIEF" in ran.stdout


def test_resume_after_kill_nine_and_no_server_left(environment):
    command = [sys.executable, "-m", "simulator", "chat", "--seed", "2"]
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    first, second = LINES.splitlines(keepends=True)
    child.stdin.write(first)
    child.stdin.flush()
    replies = 0
    while replies < 2:
        replies += child.stdout.readline().startswith("Maya: ")
    child.stdin.write(second)
    child.stdin.flush()
    time.sleep(0.15)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    deadline = time.time() + 10
    while serving() and time.time() < deadline:
        time.sleep(0.2)
    assert serving() == ""
    row = json.loads(simulator(environment, "sessions", "list", "--json").stdout)[0]
    assert row["turns"] in {1, 2}
    ran = simulator(environment, "chat", "--resume", row["id"], input="I am sorry.\n")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(simulator(environment, "sessions", "export", row["id"]).stdout)["turns"]
    assert [turn["number"] for turn in told] == list(range(1, len(told) + 1))
    assert told[0]["said"] == first.strip()
    assert told[-1]["said"] == "I am sorry."


def test_a_wrong_model_file_is_one_line(environment, tmp_path):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"this is no model")
    ran = simulator(environment | {"SIMULATOR_MODEL_PATH": str(bad)}, "chat", input=LINES)
    assert ran.returncode == 4
    assert "cannot be served" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_missing_model_file_is_one_line(environment):
    ran = simulator(environment | {"SIMULATOR_MODEL_PATH": "/nowhere.gguf"}, "chat", input=LINES)
    assert ran.returncode == 4
    assert "no such model file" in ran.stderr


def test_the_default_wording_survives_a_dead_endpoint(environment):
    dead = {"SIMULATOR_BASE_URL": "http://127.0.0.1:9/v1", "SIMULATOR_MODEL": "none"}
    ran = simulator(environment | dead, "chat", "--seed", "1", input=LINES)
    assert ran.returncode == 4
    assert "cannot be reached" in ran.stderr
    assert "--resume" in ran.stderr
    assert Path(environment["SIMULATOR_HOME"]).is_dir()


def test_the_server_outlives_the_thread_that_started_it():
    import threading

    from simulator.embedded import EmbeddedServer

    server = EmbeddedServer(find("tiny").path(CACHE), threads=1, context=512)
    starting = threading.Thread(target=server.endpoint)
    starting.start()
    starting.join()
    time.sleep(0.5)
    assert server.alive
    server.stop()
    assert not server.alive


def test_a_suite_is_recorded_from_the_real_server_and_replays_without_it(environment, tmp_path):
    folder = tmp_path / "own" / "suites"
    folder.mkdir(parents=True)
    (folder / "trial.yaml").write_text(
        "suite: trial\n"
        "defaults: {scenario: late-reply}\n"
        "cases:\n"
        "  - {id: scripted, persona: maya, user: {script: [It is not a big deal., You sat there alone.]}}\n"
        "  - {id: simulated, persona: daniel, user: {style: pressing, turns: 2}}\n"
    )
    out = ("--out", str(tmp_path / "runs"))
    ran = simulator(environment, "eval", "record", str(folder), "--missing", "--yes", *out)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    names = {path.name for path in (tmp_path / "own" / "cassettes" / "trial" / "simulated").iterdir()}
    assert names == {"e01.persona.yaml", "e01.trainee.yaml", "e01.embedding.npz"}
    away = environment | {"SIMULATOR_MODELS": str(tmp_path / "none"), "SIMULATOR_MODEL_PATH": ""}
    assert simulator(away, "cassettes", "verify", str(folder)).stdout == "0 faults.\n"
    ran = simulator(away, "eval", "run", str(folder), "-j", "2", *out)
    assert "0 drift" not in ran.stdout
    assert ran.returncode in {0, 5}, ran.stdout
