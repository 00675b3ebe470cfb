"""`simulator what-if` as a user meets it."""

import json
import sys

import pytest

from simulator import session
from simulator.cli.app import main
from simulator.domain.screening import Danger
from simulator.session import Simulator
from tests.conftest import OPENING, REPAIR


@pytest.fixture
def call(monkeypatch, capsys, parts):
    """The real entry point on the public fakes: exit code, standard output and error."""
    real = Simulator.__init__
    monkeypatch.setattr(
        session.Simulator, "__init__", lambda self, settings, given=None: real(self, settings, given or parts)
    )

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["simulator", *arguments])
        with pytest.raises(SystemExit) as done:
            main()
        out, err = capsys.readouterr()
        return done.value.code or 0, out, err

    return run


@pytest.fixture
def held(settings, parts):
    run = Simulator(settings, parts)
    talk = run.start("maya", "late-reply", seed=1)
    for said in (OPENING, REPAIR):
        list(talk.say(said))
    run.close()
    return talk.card.id


def test_the_costliest_turn_is_told_with_other_words(call, held):
    code, out, err = call("what-if", held, "--say", REPAIR, "--seeds", "20")
    assert (code, err) == (0, "")
    assert out.startswith("What if: turn 1 with Maya\n")
    assert f'You said: "{OPENING}"\n   heard as: minimising, ' in out
    assert f'In your other words: "{REPAIR}"' in out
    assert "more trust and less distress than what you said: 20 of 20 times" in out
    assert "after your next turn, just as you really said" in out
    assert out.count("at once:  trust ") == out.count("later:    trust ") >= 2


def test_a_program_reads_it_as_json(call, held):
    code, out, _ = call("what-if", held[:8], "--turn", "2", "--json")
    found = json.loads(out)
    assert (code, found["turn"], found["said"]["text"], found["own"]) == (0, 2, REPAIR, None)
    assert set(found["said"]["at_once"]["trust"]) == {"low", "median", "high"}


def test_danger_is_answered_with_help_alone(call, held, monkeypatch):
    monkeypatch.setattr(Simulator, "alarm", lambda _self, _text: Danger.SELF_HARM)
    code, out, _ = call("what-if", held, "--say", "I want to give up.")
    assert code == 0
    assert "You said" not in out
    assert len(out.strip().splitlines()) > 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--turn", "9"], "there is no turn 9; its turns are 1 to 2."),
        (["--seeds", "0"], "0 re-enactments: from 1 to 1000 can be held."),
    ],
)
def test_what_cannot_be_is_one_line(call, held, arguments, told):
    code, out, err = call("what-if", held, *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert told in err
