"""Runs: the same on every executor, after a crash and from shards; every exit code once."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.evals.bench import Bench, Means
from simulator.evals.executor import Processes
from simulator.evals.player import Player, Stage
from simulator.evals.report import write
from simulator.evals.run import Run, merge
from simulator.evals.unit import Status, Unit
from simulator.settings import Settings
from simulator.testing import ScriptedModel, fake_parts
from tests.evals.conftest import SUITE

ROOT = Path(__file__).parents[2]
DRIVE = """
import sys
from pathlib import Path
from simulator.evals.bench import Bench, Means
from simulator.evals.player import Stage
from simulator.evals.run import Run
from simulator.settings import Settings
from simulator.testing import fake_parts

if __name__ == "__main__":
    suite, out, kind, workers = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    settings = Settings(out / "home", out)
    Bench.stage = lambda self, mode: Stage(settings, parts=fake_parts)
    if (out / "manifest.json").is_file():
        run = Run.open(out)
        bench = Bench.reopen(settings, run)
        talks = bench.left(run)
    else:
        bench = Bench.open(settings, [suite])
        talks = bench.talks()
        run = bench.begin(talks, out, "live")
    for done in bench.hold(run, talks, "live", Means(kind, workers)):
        print(done.result.key, flush=True)
    print(run.folder)
"""


def drive(*arguments, **options):
    command = [sys.executable, "-c", DRIVE, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def lines(folder):
    return sorted((folder / "results.jsonl").read_text("utf-8").splitlines())


def finished(child):
    out, err = child.communicate(timeout=180)
    assert child.returncode == 0, err
    return Path(out.splitlines()[-1])


@pytest.fixture
def serial(suite, tmp_path):
    folder = finished(drive(suite(epochs=4), tmp_path / "serial", "serial", 1))
    assert len(lines(folder)) == 12
    return folder


@pytest.mark.parametrize(("kind", "workers"), [("process", 4), ("ray", 2)])
def test_every_executor_gives_the_same_results(serial, suite, tmp_path, kind, workers):
    folder = finished(drive(suite(epochs=4), tmp_path / kind, kind, workers))
    assert lines(folder) == lines(serial)
    for path in (serial / "transcripts").iterdir():
        assert (folder / "transcripts" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("kind", "workers"), [("serial", 1), ("process", 2)])
def test_a_run_killed_and_resumed_equals_one_that_was_not(serial, suite, tmp_path, kind, workers):
    child = drive(suite(epochs=4), tmp_path / "killed", kind, workers, start_new_session=True)
    for _ in range(3):
        child.stdout.readline()
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    (folder,) = [path.parent for path in (tmp_path / "killed").glob("*/manifest.json")]
    assert len(lines(folder)) < 12
    with (folder / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"suite": "trial", "case": "mis')  # what a crash in mid-write leaves
    assert finished(drive("-", folder, kind, workers)) == folder
    assert lines(folder) == lines(serial)


def test_a_worker_that_dies_takes_no_talk_with_it(suite, tmp_path):
    bench = Bench.open(Settings(tmp_path / "home", tmp_path), [suite(epochs=3)])
    stage = Stage(bench.settings, parts=fake_parts)
    units = [Unit(talk.case, talk.epoch, "live") for talk in bench.talks()]
    keys, held = [], Processes(stage, 2).hold(units)
    for done in held:
        if not keys:
            children = subprocess.run(
                ["pgrep", "-P", str(os.getpid())], capture_output=True, text=True, check=False
            )
            for pid in children.stdout.split():
                command = Path(f"/proc/{pid}/cmdline")
                if command.is_file() and b"spawn_main" in command.read_bytes():
                    os.kill(int(pid), signal.SIGKILL)
                    break
        keys.append(done.result.key)
        assert done.result.status is not Status.ERROR, done.result.reason
    assert sorted(keys) == sorted(unit.key for unit in units)


def poisoned():
    parts = fake_parts()

    def answer(messages):
        if "Daniel" in messages[-1]["content"]:
            os._exit(9)
        return messages[-1]["content"].split(" means: ")[-1]

    return replace(parts, model=ScriptedModel(answer))


def test_a_talk_that_kills_its_worker_takes_no_other_with_it(suite, tmp_path):
    bench = Bench.open(Settings(tmp_path / "home", tmp_path), [suite(epochs=2)])
    units = [Unit(talk.case, talk.epoch, "live") for talk in bench.talks()]
    results = [done.result for done in Processes(Stage(bench.settings, parts=poisoned), 2).hold(units)]
    assert len(results) == len(units)
    assert {r.case for r in results if r.status is Status.ERROR} == {"missed-daniel"}


def test_a_fault_of_ours_is_an_error_of_its_talk_alone(suite, tmp_path, monkeypatch):
    bench = Bench.open(Settings(tmp_path / "home", tmp_path), [suite()])
    player = Player(Stage(bench.settings, parts=fake_parts))
    monkeypatch.setattr("simulator.evals.player.faithful", lambda *_: 1 / 0)
    statuses = {t.case.id: player.play(Unit(t.case, 1, "live")).result for t in bench.talks()}
    assert statuses["missed-maya"].status is Status.PASS
    assert statuses["simulated"].status is Status.ERROR
    assert statuses["simulated"].reason.startswith("ZeroDivisionError: division by zero (")


def held(bench, tmp_path, shard="", monkeypatch=None):
    talks = bench.talks(shard=shard)
    run = bench.begin(talks, tmp_path / "runs", "live", shard)
    list(bench.hold(run, talks, "live", Means()))
    return run


def test_shards_part_the_work_and_merge_into_the_whole(suite, tmp_path, monkeypatch):
    monkeypatch.setattr(Bench, "stage", lambda self, mode: Stage(self.settings, parts=fake_parts))
    bench = Bench.open(Settings(tmp_path / "home", tmp_path), [suite(epochs=4)])
    whole = held(bench, tmp_path)
    parts = [held(bench, tmp_path, f"{i}/3") for i in (1, 2, 3)]
    keys = [set(part.results()) for part in parts]
    assert sum(map(len, keys)) == len(set().union(*keys)) == 12
    merged = merge(parts, tmp_path / "merged")
    assert lines(merged.folder) == lines(whole.folder)
    assert write(merged).code == write(whole).code


def test_scoring_again_uses_todays_expectations_and_says_nothing_anew(suite, tmp_path, monkeypatch):
    monkeypatch.setattr(Bench, "stage", lambda self, mode: Stage(self.settings, parts=fake_parts))
    settings = Settings(tmp_path / "home", tmp_path)
    run = held(Bench.open(settings, [suite()]), tmp_path)
    before = {key: run.episode(key).as_dict() for key in run.results()}
    stricter = Bench.open(settings, [suite(SUITE.replace("min_turns: 2", "min_turns: 3"))])
    monkeypatch.setattr(Player, "play", None)
    assert stricter.score(run) == 2  # the simulated trainee was at fault: nothing to score
    assert {r.case: r.status.value for r in run.results().values()} == {
        "missed-maya": "fail",
        "missed-daniel": "fail",
        "simulated": "user_fault",
    }
    assert {key: run.episode(key).as_dict() for key in run.results()} == before


def test_reports_follow_from_the_results_and_hold_no_live_markup(suite, tmp_path, monkeypatch):
    monkeypatch.setattr(Bench, "stage", lambda self, mode: Stage(self.settings, parts=fake_parts))
    hostile = SUITE.replace("You sat there alone with your phone.", "<script>alert(1)</script> & so on")
    strict = hostile.replace("min_turns: 2}}\n      - {{id: in", "min_turns: 9}}\n      - {{id: in")
    run = held(Bench.open(Settings(tmp_path / "home", tmp_path), [suite(strict)]), tmp_path)
    summary = write(run)
    page = (run.folder / "report.html").read_text("utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("<polyline") >= 4
    junit = (run.folder / "junit.xml").read_text("utf-8")
    assert 'failures="2"' in junit
    assert json.loads((run.folder / "summary.json").read_text("utf-8"))["told"] == "exit 1: a gate failed"
    assert summary.counts["fail"] == 2


def test_memory_does_not_grow_with_the_number_of_talks(suite, tmp_path):
    units = (
        Unit(talk.case, talk.epoch, "live")
        for talk in Bench.open(Settings(tmp_path, tmp_path), [suite(epochs=30)]).talks()
    )
    taken = []

    def counted():
        for unit in units:
            taken.append(unit)
            yield unit

    for number, _ in enumerate(
        Processes(Stage(Settings(tmp_path, tmp_path), parts=fake_parts), 2).hold(counted()), 1
    ):
        assert len(taken) <= number + 4
    assert len(taken) == 90


def test_opening_what_is_no_run_is_one_line(tmp_path):
    from simulator.errors import InputError

    with pytest.raises(InputError, match="no run here"):
        Run.open(tmp_path)
