"""Rendered prompts, word for word: a change is seen in review."""

from pathlib import Path

import pytest

from simulator import library
from simulator.prompts import BetterTurn, CodeTurn, FreeSystem, FreeTurn, WordingSystem, WordingTurn

HERE = Path(__file__).parent
MAYA, SCENE = library.persona("maya"), library.scenario("late-reply")
HEARD, FEELING, MEANING = "Relax, I was busy.", "hurt, alarmed", "I sat up until one."
CASES = {
    "wording_system": WordingSystem(MAYA, SCENE),
    "wording_turn": WordingTurn("Partner", "Maya", HEARD, FEELING, MEANING),
    "free_system": FreeSystem(MAYA, SCENE, MAYA.demos, memory=""),
    "free_turn": FreeTurn("Maya", HEARD, FEELING, "protest", "secondary", MEANING),
    "code_turn": CodeTurn([("repair", "Owns the miss.")], "I waited.", "I'm sorry."),
    "better_turn": BetterTurn(HEARD, "Makes it smaller."),
}


@pytest.mark.parametrize("name", CASES)
def test_prompt(name):
    golden = HERE / f"{name}.txt"
    assert CASES[name].render() + "\n" == golden.read_text("utf-8")


def test_a_variable_that_is_missing_is_an_error(monkeypatch):
    import jinja2

    monkeypatch.setattr(WordingTurn, "template", "wording_system.md")
    with pytest.raises(jinja2.UndefinedError):
        CASES["wording_turn"].render()
