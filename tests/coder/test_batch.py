"""Coding a table: every row once and in order, resumable, and a row a session."""

import csv
import json

import pytest

from simulator.batch import Columns, code_table, said_before, session_table, session_target
from simulator.domain.codebook import Code
from simulator.errors import InputError
from simulator.testing import ScriptedCoder

COLUMNS = Columns("said", "ctx", "talk")
ROWS = [
    {"talk": "a", "ctx": "", "said": 'It is "not" a big deal,\nreally.'},
    {"talk": "a", "ctx": "her: I waited. || him: Mm. || her: All night.", "said": "You sat there alone."},
    {"talk": "b", "ctx": "", "said": "..."},
    {"talk": "b", "ctx": "", "said": "Hello."},
]


class Counting(ScriptedCoder):
    """Counts what it is asked, and keeps the contexts."""

    def __init__(self):
        super().__init__({"sat there alone": {Code.REFLECT: 0.9}, "big deal": {Code.MINIMIZE: 0.8}})
        self.befores = []

    def read(self, text, before=""):
        self.befores.append(before)
        return super().read(text, before)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["talk", "ctx", "said"])
        writer.writeheader()
        writer.writerows(ROWS)
    return path


def coded(source, target, coder=None, columns=COLUMNS):
    list(code_table(source, target, columns, coder or Counting()))
    with target.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_row_gets_every_code_and_verified_spans(source, tmp_path):
    coder = Counting()
    rows = coded(source, tmp_path / "out.csv", coder)
    assert [row["said"] for row in rows] == [row["said"] for row in ROWS]
    assert all(0 <= float(row[f"p_{code.value}"]) <= 1 for row in rows for code in Code)
    assert json.loads(rows[1]["spans"]) == {"reflect": "sat there alone"}
    assert all(span in row["said"] for row in rows for span in json.loads(row["spans"]).values())
    assert coder.befores == ["", "I waited. Mm. All night.", ""]
    assert json.loads(rows[1]["heard"]) == {"reflect": 0.9}
    assert rows[2]["p_reflect"] == "0.0000"


def test_a_stopped_run_goes_on_and_ends_the_same(source, tmp_path):
    whole = tmp_path / "whole.csv"
    coded(source, whole)
    data = whole.read_bytes()
    for cut in (0, data.index(b"\n") + 5, data.index(b"sat there") + 3, len(data) - 1):
        part = tmp_path / f"part{cut}.csv"
        part.write_bytes(data[:cut])
        coded(source, part)
        assert part.read_bytes() == data, cut


def test_a_finished_table_is_not_coded_again(source, tmp_path):
    coded(source, tmp_path / "out.csv")
    coder = Counting()
    coded(source, tmp_path / "out.csv", coder)
    assert coder.befores == []


def test_another_table_is_not_overwritten(source, tmp_path):
    other = tmp_path / "out.csv"
    for content in ("a,b\n1,2\n", 'He is 6" tall\nand so on', "{}"):
        other.write_text(content)
        with pytest.raises(InputError, match="not made from this table"):
            coded(source, other)
        assert other.read_text() == content
    before = source.read_bytes()
    with pytest.raises(InputError, match="not made from this table"):
        coded(source, source)
    assert source.read_bytes() == before


def test_another_coder_or_context_does_not_go_on_with_a_table(source, tmp_path):
    coded(source, tmp_path / "out.csv")
    for columns in (Columns("said", "", "talk"), Columns("talk", "ctx", "talk")):
        with pytest.raises(InputError, match="column of turns, coder and context"):
            coded(source, tmp_path / "out.csv", columns=columns)


@pytest.mark.parametrize(
    "harm", [lambda data: data.replace(b"sat", b"s\x92t"), lambda data: data[:-2] + b'"x']
)
def test_a_table_another_program_changed_is_left_as_it_is(source, tmp_path, harm):
    target = tmp_path / "out.csv"
    coded(source, target)
    harmed = harm(target.read_bytes()).replace(b"scripted", b"another")
    target.write_bytes(harmed)
    with pytest.raises(InputError, match="not made from this table"):
        coded(source, target)
    assert target.read_bytes() == harmed


def test_a_header_may_hold_a_line_break(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text('"what\nshe said",said\nx,Hello.\n')
    assert coded(source, target, columns=Columns("said")) == coded(source, target, columns=Columns("said"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("said\nwell, you know\n", "row 1 has more cells"),
        ("said,said\na,b\n", "same name"),
        ("said,p_fix\na,b\n", "'p_fix' already"),
        (",said\n0,well, you know\n", "row 1 has more cells"),
        ('said\n"Hello\nBye\nOk\n', "cannot be read as CSV"),
        ('said\n"He said "hi" to me"\n', "cannot be read as CSV"),
    ],
)
def test_tables_that_would_lose_something_are_refused(tmp_path, content, told):
    path = tmp_path / "in.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=told):
        coded(path, tmp_path / "out.csv", columns=Columns("said"))


def test_short_rows_and_words_in_any_script_are_coded(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text(
        "said,note\n\u042f \u043f\u043e\u043d\u0438\u043c\u0430\u044e\nhello,x\n", encoding="utf-8"
    )
    coder = Counting()
    rows = coded(path, tmp_path / "out.csv", coder, columns=Columns("said"))
    assert [row["note"] for row in rows] == ["", "x"]
    assert len(coder.befores) == 2
    assert coded(path, tmp_path / "out.csv", columns=Columns("said")) == rows


def test_only_the_rows_asked_for(source, tmp_path):
    columns = Columns("said", "ctx", "talk", where=("talk", "b"))
    assert len(coded(source, tmp_path / "out.csv", columns=columns)) == 2


@pytest.mark.parametrize(
    ("columns", "told"),
    [(Columns("text"), "no column 'text'"), (Columns("said", where=("talk", "z")), "no rows to code")],
)
def test_a_table_that_does_not_fit_is_one_line(source, tmp_path, columns, told):
    with pytest.raises(InputError, match=told):
        coded(source, tmp_path / "out.csv", columns=columns)
    assert not (tmp_path / "out.csv").exists()


def test_a_row_a_session(source, tmp_path):
    coded(source, tmp_path / "out.csv")
    target = session_target(source, tmp_path / "out.csv")
    session_table(tmp_path / "out.csv", target, COLUMNS)
    with target.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["session"], row["turns"]) for row in rows] == [("a", "2"), ("b", "2")]
    assert float(rows[0]["mean_reflect"]) == pytest.approx(0.45)
    assert float(rows[0]["skill_reflecting"]) == 4
    assert rows[1]["skill_self_regulation"] == ""


def test_the_end_of_a_context_counts():
    assert said_before("") == ""
    assert (
        said_before("I told you: stop shouting at me in the street.")
        == "I told you: stop shouting at me in the street."
    )
    assert said_before("Mm-hmm.\nclient: At nine: always.") == "Mm-hmm. At nine: always."


def test_sessions_without_a_name_are_none_and_words_said_again_count_less(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("talk,said\na,You sat there alone.\na,You sat there alone.\n,Hello.\n")
    columns = Columns("said", session="talk")
    coded(source, target, columns=columns)
    session_table(target, session_target(source, target), columns)
    rows = list(csv.DictReader((tmp_path / "out.sessions.csv").open()))
    assert [row["session"] for row in rows] == ["a"]
    once = 2 + 2 * min(1, 0.5 / 0.35)
    assert float(rows[0]["skill_reflecting"]) == pytest.approx(once)


def test_a_row_a_session_overwrites_nothing_else(tmp_path):
    source = tmp_path / "talks.sessions.csv"
    source.write_text("said\nHello.\n")
    for origin in (source, tmp_path / "in.csv"):
        with pytest.raises(InputError, match="would be overwritten"):
            session_target(origin, tmp_path / "talks.csv")


def test_a_folder_that_is_not_there_is_one_line(source, tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        coded(source, tmp_path / "gone" / "out.csv")
