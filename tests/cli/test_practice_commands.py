"""`simulator progress` and `simulator self-assess` as a user meets them."""

import json
import sys
from io import StringIO

import pytest

from simulator import library, session
from simulator.cli import practice
from simulator.cli.app import main
from simulator.domain.codebook import Code
from simulator.ledger import Card, Ledger
from simulator.session import Simulator
from simulator.testing import turn

ITEMS = library.questionnaire().items


@pytest.fixture
def call(monkeypatch, capsys, parts):
    """Run the real entry point on the public fakes; gives exit code, standard output and error."""
    real = Simulator.__init__
    monkeypatch.setattr(session.Simulator, "__init__", lambda self, settings: real(self, settings, parts))

    def run(*arguments, lines=()):
        monkeypatch.setattr(sys, "argv", ["simulator", *arguments])
        monkeypatch.setattr(sys, "stdin", StringIO("".join(f"{line}\n" for line in lines)))
        with pytest.raises(SystemExit) as done:
            main()
        return (done.value.code or 0, *capsys.readouterr())

    return run


@pytest.fixture
def assessments(settings):
    return Simulator(settings).assessments


def test_progress_begins_empty_and_says_so(call):
    code, out, err = call("progress")
    assert (code, err) == (0, "")
    assert "Nothing to show yet" in out
    assert "`simulator self-assess`" in out
    assert json.loads(call("progress", "--json")[1])["sessions"] == []


def test_progress_shows_talks_skills_and_what_is_next(call, settings):
    ledger = Ledger(settings.ledger)
    for persona in ("maya", "daniel"):
        ledger.start(Card(persona, persona, "late-reply", 1, "2026-01-01T00:00:00+00:00", "m", "Hello."))
        for number in (1, 2, 3):
            ledger.record(persona, turn(number, "You sat there alone.", {Code.REFLECT: 0.9}))
    ledger.close()
    code, out, err = call("progress")
    assert (code, err) == (0, "")
    assert "maya, anxious" in out
    assert "reflecting            4.0 (4.0-4.0; 2)      4.0 (1)   4.0 (1)" in out
    assert "self-regulation       not judged yet        -         -" in out
    assert "Next\n----\n" in out
    assert "`simulator chat -p " in out
    found = json.loads(call("progress", "--json")[1])
    assert [row["persona"] for row in found["sessions"]] == ["maya", "daniel"]
    assert found["overall"]["reflecting"]["n"] == 2
    assert found["by_style"]["avoidant"]["reflecting"]["mean"] == 4
    assert found["sessions"][0]["levels"]["self-regulation"] is None


def test_a_self_assessment_from_a_pipe(call, assessments):
    code, out, err = call("self-assess", lines=[3] * len(ITEMS))
    assert (code, err) == (0, "")
    assert "1 never" in out
    assert "5 nearly always" in out
    assert "Enter" not in out
    assert "too few talks" not in out  # there is none yet
    assert "not a diagnosis" in out
    (one,) = assessments.taken()
    assert one.answers == {item.id: 3 for item in ITEMS}
    shown = call("self-assess", "--show")[1]
    assert "0 talks: presence 2.0" in shown
    assert "self-assess" not in call("progress")[1]


@pytest.mark.parametrize(
    ("lines", "told"), [([3, 3], "line 3: no answer"), ([3, 7], "line 2: 7 is not 1 to 5"), ([], "line 1")]
)
def test_too_few_or_other_answers_are_one_line_and_nothing_is_kept(call, assessments, lines, told):
    code, _, err = call("self-assess", lines=lines)
    assert code == 2
    assert told in err
    assert err.count("\n") == 1
    assert assessments.taken() == []
    assert "Nothing said yet" in call("self-assess", "--show")[1]


def test_on_a_terminal_a_slip_is_asked_again_and_enter_goes_back(monkeypatch):
    asked, answers = [], iter(["2", "9", "4", "", "5", *["1"] * len(ITEMS)])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or next(answers))
    given = list(practice._answers(library.questionnaire()).values())
    assert given[:3] == [2, 5, 1]
    assert len(given) == len(ITEMS)
    assert [prompt.split(".")[0] for prompt in asked[:5]] == ["1", "2", "2", "3", "2"]
