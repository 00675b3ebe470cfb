"""`simulator eval` and `simulator cassettes` at the command line: every exit code, and what is said."""

import json
import re
import sys
from io import StringIO
from pathlib import Path

import pytest

from simulator.cli.app import main
from simulator.evals.bench import Bench
from simulator.evals.player import Player, Stage
from simulator.evals.unit import Status
from simulator.testing import fake_parts
from tests.evals.conftest import SUITE

NOTHING = (
    "suite: trial\ncases:\n  - {{id: one, persona: maya, scenario: late-reply, user: {{script: [Hi.]}}}}\n"
)


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run the real entry point in a folder of its own; returns exit code, output and error."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["simulator", *map(str, arguments)])
        with pytest.raises(SystemExit) as done:
            main()
        out, err = capsys.readouterr()
        return int(done.value.code or 0), out, err

    return run


@pytest.fixture
def live(monkeypatch):
    """Talks with the public fakes, no recordings."""
    monkeypatch.setattr(Bench, "stage", lambda self, _mode: Stage(self.settings, parts=fake_parts))


def runs(tmp_path):
    return sorted((tmp_path / "runs").glob("*/manifest.json"))


def test_0_when_every_gate_passes(call, suite, live, tmp_path):
    code, out, _ = call("eval", "run", suite(), "--mode", "live", "--case", "missed-*")
    assert code == 0
    assert out.splitlines()[-1] == "exit 0: every gate passed"
    folder = runs(tmp_path)[0].parent
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "manifest.json",
        "results.jsonl",
        "transcripts",
        "summary.json",
        "junit.xml",
        "report.html",
    }


def test_1_when_a_gate_fails_and_only_then(call, suite, live):
    failing = SUITE.replace("min_turns: 2", "min_turns: 9")
    code, out, _ = call("eval", "run", suite(failing), "--mode", "live", "--case", "missed-*")
    assert code == 1
    assert "FAILED   trial.all: 0 of 2 cases pass in every epoch; not: missed-maya, missed-daniel" in out
    assert "goes-on: 2 turns, fewer than 9" in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--case", "nobody"), "no case is selected"),
        (("--mode", "sometimes"), "--mode sometimes: must be one of replay, live, record-missing"),
        (("--shard", "4/3"), "--shard 4/3: write i/N"),
        (("--executor", "cloud"), "--executor cloud: must be one of"),
        (("--failed-from", "nowhere"), "nowhere: no run here"),
        (("--progress", "loud"), "--progress loud: must be one of"),
    ],
)
def test_2_for_what_cannot_be_run(call, suite, arguments, told):
    code, _, err = call("eval", "run", suite(), *arguments)
    assert code == 2
    assert told in err
    assert err.count("\n") == 1


def test_2_for_an_invalid_suite(call, suite):
    code, _, err = call("eval", "validate", suite(NOTHING + "surprise: 1\n"))
    assert (code, "surprise: unknown key" in err) == (2, True)


def test_3_when_recordings_are_missing(call, suite):
    code, out, _ = call("eval", "run", suite())
    assert code == 3
    assert "persona: never recorded; `simulator eval record SUITES --missing`" in out
    assert out.splitlines()[-1] == "exit 3: recordings are missing or no longer fit"


def test_4_when_the_model_is_away(call, suite, monkeypatch, tmp_path):
    monkeypatch.setenv("SIMULATOR_MODELS", str(tmp_path / "none"))
    code, out, _ = call("eval", "run", suite(), "--mode", "live")
    assert code == 4
    assert "missing; run `simulator models pull" in out


def test_5_when_too_few_cases_can_tell(call, suite, live):
    gate = "gate: {{rate: {{select: 'tag:scripted', min_pass_rate: 0.9}}}}\n"
    code, out, _ = call("eval", "run", suite(SUITE + gate), "--mode", "live", "--case", "missed-*")
    assert code == 5
    assert "UNCLEAR  trial.rate: pass rate 1.00 (0.34 to 1.00), bar 0.90: too few cases to tell" in out
    gate = gate.replace("0.9", "0.9, on_straddle: point")
    assert call("eval", "run", suite(SUITE + gate), "--mode", "live", "--case", "missed-*")[0] == 0


def test_130_when_interrupted_and_resume_goes_on(call, suite, live, tmp_path, monkeypatch):
    real, count = Player.play, []

    def interrupted(self, unit):
        count.append(unit)
        if len(count) == 2:
            raise KeyboardInterrupt
        return real(self, unit)

    monkeypatch.setattr(Player, "play", interrupted)
    code, _, err = call("eval", "run", suite(), "--mode", "live", "--case", "missed-*")
    assert code == 130
    told = re.search(r"interrupted; go on with: simulator (eval resume \S+)", err)
    code, out, _ = call(*told[1].split())
    assert code == 0
    assert len(count) == 3
    assert "2 cases: 2 pass" in out


def test_the_worst_code_decides(call, suite, live, monkeypatch):
    real = Player.play

    def mixed(self, unit):
        done = real(self, unit)
        if unit.case.id == "missed-daniel":
            object.__setattr__(done.result, "status", Status.ERROR)
        return done

    monkeypatch.setattr(Player, "play", mixed)
    failing = SUITE.replace("min_turns: 2", "min_turns: 9")
    assert call("eval", "run", suite(failing), "--mode", "live", "--case", "missed-*")[0] == 1
    assert call("eval", "run", suite(), "--mode", "live", "--case", "missed-*")[0] == 4


def test_fail_fast_and_dry_run(call, suite, live, tmp_path):
    code, out, _ = call("eval", "run", suite(), "--mode", "live", "--dry-run")
    assert (code, runs(tmp_path)) == (0, [])
    assert "3 talks, mode live; calls to a model: about 8" in out
    failing = SUITE.replace("min_turns: 2", "min_turns: 9")
    assert call("eval", "run", suite(failing), "--mode", "live", "--fail-fast", "--progress", "none")[0] == 1
    (manifest,) = runs(tmp_path)
    assert (manifest.parent / "results.jsonl").read_text("utf-8").count("\n") == 1


def test_an_option_may_come_from_the_environment(call, suite, live, monkeypatch):
    monkeypatch.setenv("SIMULATOR_EVAL_RUN_MODE", "live")
    assert call("eval", "run", suite(), "--case", "missed-maya")[0] == 0


def test_list_and_status_run_nothing(call, suite, tmp_path):
    code, out, _ = call("eval", "list", suite(), "--tag", "scripted")
    assert code == 0
    assert out.splitlines()[0].startswith("trial/missed-maya  maya, late-reply, scripted  [scripted, maya]")
    code, out, _ = call("eval", "status", suite())
    assert code == 3
    assert "MISSED   trial/missed-maya/e01  no recording of embedding; no recording of persona" in out
    assert "0 of 3 fresh. Recording the rest: about 8 calls" in out
    rows = json.loads(call("eval", "status", suite(), "--json")[1])
    assert {row["state"] for row in rows["talks"]} == {"MISSED"}
    assert runs(tmp_path) == []


def test_record_says_before_how_long_it_will_take_and_replay_follows(call, suite, faked, tmp_path):
    code, out, err = call("eval", "record", suite(), "--missing", "--yes", "--progress", "none")
    assert code == 0, out
    assert "3 talks to record: about 8 calls" in err
    assert call("eval", "status", suite())[0] == 0
    assert call("eval", "record", suite(), "--stale")[1] == "Every recording is fresh.\n"
    code, out, _ = call("eval", "run", suite(), "--case", "missed-*")
    assert code == 0
    assert "Replayed: intervals reflect the 1 recorded epochs a case" in out


def test_record_asks_before_it_begins(call, suite, monkeypatch):
    assert (
        call("eval", "record", suite())[2]
        == "simulator: record: say what: --stale, --missing or --case ID.\n"
    )
    monkeypatch.setattr(sys, "stdin", StringIO(""))
    code, _, err = call("eval", "record", suite(), "--missing")
    assert (code, err.splitlines()[-1]) == (2, "simulator: nothing recorded.")
    assert "about 8 calls" in err


def test_looking_at_cassettes(call, record, suite, tmp_path):
    bench = record()
    path = next(bench.recordings.root.rglob("missed-maya/e01.persona.yaml"))
    code, out, _ = call("cassettes", "ls", suite())
    assert code == 0
    assert "model-1-answered" in out
    assert re.search(r"4 cassettes, 0\.\d MB|4 cassettes, \d\.\d MB", out)
    code, out, _ = call("cassettes", "show", path)
    assert out.startswith("persona of trial/missed-maya/e01, model-1, ")
    assert "made from prompts/wording_turn.md" in out
    assert call("cassettes", "diff", path, path)[1] == "The same words.\n"
    other = path.parents[1] / "missed-daniel" / "e01.persona.yaml"
    assert "+Daniel" in call("cassettes", "diff", path, other)[1]
    assert call("cassettes", "verify", suite())[:2] == (0, "0 faults.\n")
    stray = path.with_name("e09.persona.yaml")
    stray.write_bytes(path.read_bytes())
    assert call("cassettes", "verify", suite())[0] == 3
    assert call("cassettes", "gc", suite(), "--yes")[0] == 0
    assert not stray.exists()
    assert call("cassettes", "show", tmp_path)[0] == 2


def test_diff_report_score_and_merge(call, suite, live, tmp_path):
    for _ in range(2):
        call("eval", "run", suite(), "--mode", "live", "--case", "missed-*", "--progress", "json")
    one, other = (path.parent for path in runs(tmp_path))
    code, out, _ = call("eval", "diff", one, other, "--fail-on-regression")
    assert code == 0
    assert "2 cases in both runs; no significant loss of passes." in out
    assert call("eval", "diff", one, other, "--json")[0] == 0
    suite(SUITE.replace("min_turns: 2", "min_turns: 9"))
    assert call("eval", "score", other)[0] == 1
    code, _, err = call("eval", "diff", one, other)
    assert (code, "2 cases are not the same in both runs" in err) == (2, True)
    code, out, _ = call("eval", "diff", one, other, "--allow-mismatch")
    assert "flip  trial/missed-maya: pass rate 1.00 -> 0.00" in out
    target = tmp_path / "out" / "results.jsonl"
    assert call("eval", "report", one, "-o", target)[0] == 0
    assert len(target.read_text("utf-8").splitlines()) == 2
    assert call("eval", "merge", one, "--out", tmp_path / "merged")[0] == 0


def test_the_schema_is_printed(call):
    assert json.loads(call("eval", "schema")[1])["title"] == "Attunement simulator: eval suite"


def test_no_host_name_or_user_stands_in_a_run(call, suite, live, tmp_path):
    call("eval", "run", suite(), "--mode", "live", "--case", "missed-maya")
    results = (runs(tmp_path)[0].parent / "results.jsonl").read_text("utf-8")
    assert str(Path.home()) not in results


def test_progress_is_a_plain_line_off_a_terminal_and_a_bar_on_one(call, suite, live, monkeypatch):
    arguments = ("eval", "run", suite(), "--mode", "live", "--case", "missed-*")
    _, _, err = call(*arguments)
    assert re.search(r"^2/2 talks: 2 pass; [\d.]+ calls/s; 0 s left$", err, re.MULTILINE)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, _, err = call(*arguments)
    assert "2/2 talks" in err
    assert "━" in err
    rows = call(*arguments, "--progress", "json")[2].splitlines()
    assert [json.loads(row)["status"] for row in rows] == ["pass", "pass"]
    assert call(*arguments, "--progress", "none")[2] == ""


def test_a_cap_on_calls_ends_the_run_as_infrastructure(call, suite, live, monkeypatch):
    real = Player.play

    def counted(self, unit):
        done = real(self, unit)
        object.__setattr__(done.result, "calls", 5)
        return done

    monkeypatch.setattr(Player, "play", counted)
    code, out, err = call("eval", "run", suite(), "--mode", "live", "--case", "missed-*", "--max-calls", "3")
    assert (code, out.splitlines()[-1]) == (4, "exit 4: stopped by --max-calls")
    assert "stopped after 5 calls" in err


def test_a_lost_shard_is_not_merged_over(call, suite, live, tmp_path):
    for part in ("1/2", "2/2"):
        code, out, _ = call("eval", "run", suite(epochs=3), "--mode", "live", "--shard", part)
        assert code in {0, 130}
        assert f"Shard {part}: no gate is decided" in out
    one, other = (path.parent for path in runs(tmp_path))
    code, _, err = call("eval", "merge", one, "--out", tmp_path / "merged")
    assert (code, "wanted are 1/2, 2/2" in err) == (2, True)
    assert call("eval", "merge", one, one, "--out", tmp_path / "merged")[0] == 2
    assert call("eval", "merge", one, other, "--out", tmp_path / "merged")[0] == 0


def test_a_case_may_be_named_with_its_suite_and_nothing_selected_is_told(call, suite, live, tmp_path):
    assert "missed-maya" in call("eval", "list", suite(), "-k", "trial/missed-*")[1]
    assert call("eval", "run", suite(), "--shard", "1/2", "--case", "nobody")[0] == 2
    call("eval", "run", suite(), "--mode", "live", "--case", "missed-*")
    (manifest,) = runs(tmp_path)
    code, _, err = call("eval", "run", suite(), "--failed-from", manifest.parent)
    assert (code, "none of these talks failed there" in err) == (2, True)


def test_wrong_report_names_and_baselines_are_told_before_anything_is_held(call, suite, live, tmp_path):
    for wrong in (("-o", "report.pdf"), ("-o", tmp_path), ("--baseline", "nowhere")):
        code, _, err = call("eval", "run", suite(), "--mode", "live", *wrong)
        assert (code, err.count("\n")) == (2, 1)
    assert runs(tmp_path) == []


def test_a_damaged_run_is_one_line(call, suite, live, tmp_path):
    call("eval", "run", suite(), "--mode", "live", "--case", "missed-*")
    (manifest,) = runs(tmp_path)
    with (manifest.parent / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"half')
    with (manifest.parent / "timings.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"half')
    assert call("eval", "score", manifest.parent)[0] == 0
    assert call("eval", "report", manifest.parent)[0] == 0
    manifest.write_text("{}")
    for command in ("report", "resume", "score"):
        code, _, err = call("eval", command, manifest.parent)
        assert (code, "no run here" in err, err.count("\n")) == (2, True, 1)


def test_an_unexpected_fault_is_one_line_and_never_the_code_of_a_gate(call, suite, monkeypatch):
    monkeypatch.setattr(Bench, "open", lambda *_: 1 / 0)
    code, _, err = call("eval", "validate", suite())
    assert code == 4
    assert err.startswith("simulator: unexpected ZeroDivisionError: division by zero (test_eval_commands.py:")
