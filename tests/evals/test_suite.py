"""Suite files: what they may say, what they make, and errors that name file and field."""

import json
from pathlib import Path

import pytest
import yaml

from simulator.errors import LibraryError
from simulator.evals.bench import Bench
from simulator.evals.suite import Suite, find, read_suite, schema
from simulator.settings import Settings

ROOT = Path(__file__).parents[2] / "evals"
CASE = {"id": "one", "persona": "maya", "scenario": "late-reply", "user": {"script": ["Hello."]}}


def suite(tmp_path, **changes):
    path = tmp_path / "trial.yaml"
    path.write_text(yaml.safe_dump({"suite": "trial", "cases": [CASE]} | changes), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"surprise": 1}, "surprise: unknown key"),
        ({"suite": "other"}, "suite: is 'other', but the file is called 'trial'"),
        ({"cases": [CASE, CASE]}, "case one: used twice"),
        ({"cases": [{**CASE, "user": {}}]}, "cases.0.user: needs a script, or a style with turns"),
        (
            {"cases": [{**CASE, "user": {"style": "rude", "turns": 2}}]},
            "cases.0.user.style: Input should be 'attuned'",
        ),
        ({"cases": [{**CASE, "user": {"style": "attuned"}}]}, "style and turns belong together"),
        ({"cases": [{**CASE, "expect": [{"id": "a", "check": "state", "claim": "x rises"}]}]}, "is no claim"),
        ({"cases": [{**CASE, "expect": [{"id": "a", "check": "replies"}]}]}, "checks nothing"),
        (
            {"cases": [{**CASE, "expect": [{"id": "a", "check": "replies", "matches": "("}]}]},
            "not a regular expression",
        ),
        ({"gate": {"all": {"select": "colour:red", "require": "all_epochs"}}}, "is no selection"),
        ({"gate": {"all": {}}}, "give require or min_pass_rate"),
        ({"rules": [{"select": "*", "expect": [{"id": "a", "check": "run", "turns": 3}]}]}, "unknown key"),
        (
            {"gate": {"all": {"select": "tag:skripted", "require": "all_epochs"}}},
            "gate all: select 'tag:skripted' meets no case",
        ),
        (
            {"rules": [{"select": "tag:b", "expect": [{"id": "a", "check": "debrief"}]}]},
            "rule 1: select 'tag:b' meets no case",
        ),
        ({"gate": {"all": {"min_pass_rate": 1.0}}}, "Input should be less than 1"),
        ({"cases": [{**CASE, "expect": [{"id": "a", "check": "moves"}]}]}, "checks nothing; moves takes"),
        ({"cases": [{**CASE, "expect": [{"id": "a", "check": "coding", "turn": 1}]}]}, "checks nothing"),
        (
            {"cases": [{**CASE, "expect": [{"id": "a", "check": "replies", "turns": [], "min_words": 1}]}]},
            "Input should be 'all'",
        ),
        ({"cases": [{**CASE, "persona": None, "matrix": {"persona": []}}]}, "at least 1 item"),
    ],
)
def test_a_wrong_file_is_one_line_with_file_and_field(tmp_path, changes, told):
    path = suite(tmp_path, **changes)
    with pytest.raises(LibraryError) as caught:
        read_suite(path)
    assert str(caught.value).startswith(str(path))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_that_are_not_there_are_told_before_anything_runs(tmp_path):
    path = suite(tmp_path, cases=[{**CASE, "persona": "mayaa"}])
    with pytest.raises(LibraryError, match="case one: persona mayaa: unknown; did you mean maya"):
        Bench.open(Settings(tmp_path, tmp_path), [path])


def test_no_suite_here(tmp_path):
    with pytest.raises(LibraryError, match="no suite here"):
        find([tmp_path])


def test_matrix_rules_and_defaults_make_cases():
    text = """
    suite: trial
    defaults: {scenario: late-reply, tags: [all], epochs: 2}
    rules:
      - {select: "tag:daniel", expect: [{id: for-daniel, check: run, min_turns: 1}]}
    cases:
      - {id: hello, tags: [short], matrix: {persona: [maya, daniel]}, user: {script: [Hello.]}}
    """
    maya, daniel = Suite.model_validate(yaml.safe_load(text)).expanded
    assert (maya.id, maya.tags, maya.epochs) == ("hello-maya", ("all", "short", "maya"), 2)
    assert [e.id for e in daniel.expect] == ["for-daniel"]
    assert maya.inputs != daniel.inputs


def test_expectations_do_not_change_what_decides_the_talk():
    one = Suite.model_validate({"suite": "trial", "cases": [CASE]}).expanded[0]
    expect = [{"id": "a", "check": "run", "min_turns": 1}]
    other = Suite.model_validate({"suite": "trial", "cases": [{**CASE, "expect": expect}]}).expanded[0]
    assert one.inputs == other.inputs
    assert one.checks != other.checks


def test_each_epoch_has_a_seed_of_its_own():
    case = Suite.model_validate({"suite": "trial", "cases": [{**CASE, "seed": 7}]}).expanded[0]
    seeds = [case.seed_of(epoch) for epoch in range(1, 50)]
    assert seeds[0] == 7
    assert len(set(seeds)) == len(seeds)


def test_the_schema_names_every_style():
    from typing import get_args

    from simulator.domain.trainee import STYLES
    from simulator.evals.suite import Style

    assert set(get_args(Style)) == set(STYLES)


def test_the_published_schema_is_current():
    assert (ROOT / "suite.schema.json").read_text("utf-8") == schema()
    assert json.loads(schema())["additionalProperties"] is False


def test_every_shipped_suite_is_valid_and_names_the_schema(tmp_path):
    bench = Bench.open(Settings(tmp_path, tmp_path), [ROOT / "suites"])
    assert {s.suite for s in bench.suites.values()} >= {
        "styles",
        "dose",
        "niceness",
        "stays-in-role",
        "grounding",
        "rail",
    }
    for path in bench.suites:
        assert path.read_text("utf-8").startswith("# yaml-language-server: $schema=../suite.schema.json")
