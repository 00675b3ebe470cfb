"""Going back in a talk at the command line: branch, tree, compare, and what a deletion leaves."""

import json

import pytest

from tests.cli.test_commands import _fakes, call  # noqa: F401 - fixtures
from tests.conftest import OPENING, REPAIR

WORDS = "You sat there alone."


def rows(call):  # noqa: F811
    return json.loads(call("sessions", "list", "--json")[1])


@pytest.fixture
def first(call):  # noqa: F811
    call("chat", "--seed", "1", lines=[OPENING, REPAIR])
    return rows(call)[0]["id"]


@pytest.fixture
def second(call, first):  # noqa: F811
    code, out, err = call("sessions", "branch", first, "--turn", "2")
    assert (code, err) == (0, "")
    *_, told = out.splitlines()
    name = told.removeprefix("simulator chat --resume ")
    assert call("chat", "--resume", name, lines=[WORDS])[0] == 0
    return name


def test_a_branch_is_talked_in_and_listed(call, first, second):  # noqa: F811
    branch, parent = rows(call)
    assert (branch["id"], branch["parent"], branch["fork"], branch["turns"]) == (second, first, 1, 2)
    assert (parent["parent"], parent["fork"]) == ("", 0)
    listed = call("sessions", "list")[1].splitlines()
    assert listed[0].endswith(f"  <- {first}@2")
    assert "<-" not in listed[1]
    shown = call("sessions", "show", second)[1]
    assert f"**You:** {OPENING}" in shown
    assert f"**You:** {WORDS}" in shown
    assert REPAIR not in shown


def test_the_tree_marks_the_session_asked_for(call, first, second):  # noqa: F811
    assert call("sessions", "tree", second)[1].splitlines() == [
        f"  {first}  2 turns",
        f'*     turn 2: "{WORDS}"  {second}  2 turns',
    ]
    assert call("sessions", "tree", first)[1].startswith(f"* {first}")


def test_branches_are_compared_in_columns(call, monkeypatch, first, second):  # noqa: F811
    monkeypatch.setenv("COLUMNS", "220")
    code, out, _ = call("sessions", "compare", first, second)
    assert code == 0
    assert "Turns that are the same: 1." in out
    assert OPENING not in out
    (line,) = [line for line in out.splitlines() if "You: " in line]
    assert [side.strip() for side in line.split("|")] == ["You: " + REPAIR, "You: " + WORDS]
    end = {line.split()[0]: line.split()[1:] for line in out.split("at the end")[1].splitlines()[1:5]}
    assert list(end) == ["security", "trust", "activation", "withdrawal"]
    before, after, change = map(float, end["security"])
    assert change == pytest.approx(after - before, abs=0.011)
    assert change
    assert "reflecting" in out.split("skills, 0 to 4")[1]


def test_columns_are_as_narrow_as_the_terminal(call, monkeypatch, first, second):  # noqa: F811
    monkeypatch.setenv("COLUMNS", "60")
    words = call("sessions", "compare", first, second)[1].split("at the end")[0]
    assert max(map(len, words.splitlines())) <= 60


def test_deleting_a_talk_keeps_its_branches_and_says_so(call, first, second):  # noqa: F811
    _, out, _ = call("sessions", "delete", first, "--yes")
    assert f"Its branches stay, with their copies of what was said: {second}." in out
    assert "Deleted 1" in out
    assert [row["id"] for row in rows(call)] == [second]
    assert f"**You:** {OPENING}" in call("sessions", "show", second)[1]
    assert "branches stay" not in call("sessions", "delete", second, "--yes")[1]


def test_deleting_all_keeps_nothing(call, first, second):  # noqa: F811
    _, out, _ = call("sessions", "delete", "all", "--yes")
    assert "branches stay" not in out
    assert rows(call) == []


def test_bad_input_is_one_line(call, first):  # noqa: F811
    call("chat", "--seed", "1", "--fresh", lines=[OPENING])
    other = rows(call)[0]["id"]
    for arguments, told in (
        (["branch", first, "--turn", "3"], "there is no turn 3; it has turns 1 to 2"),
        (["branch", "nobody", "--turn", "1"], "no such session"),
        (["tree", "nobody"], "no such session"),
        (["compare", first, other], "did not begin as one talk"),
    ):
        code, _, err = call("sessions", *arguments)
        assert code == 2
        assert told in err
        assert err.count("\n") == 1
