"""Each kind of expectation, met and missed, with the words that decide."""

import dataclasses

import pytest
from pydantic import TypeAdapter

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Oddity
from simulator.evals.episode import Episode, Stop
from simulator.evals.expectation import Expectation
from simulator.library import passages
from simulator.testing import turn

START = Affect(0.6, 0.3, 0.3, 0.2)


def said(number, text, codes, reply, move="protest", after=START, **changes):
    one = turn(number, text, codes)
    return dataclasses.replace(one, reply=reply, move=move, after=after, **changes)


@pytest.fixture
def episode():
    turns = [
        said(1, "It's not a big deal.", {Code.MINIMIZE: 0.9}, "I know it was a text, thanks."),
        said(
            2, "You're right, I'm sorry.", {Code.REPAIR: 0.9}, "Are you?", "test", Affect(0.4, 0.5, 0.35, 0.1)
        ),
    ]
    return Episode("maya", "Maya", "late-reply", 1, "Hello.", START, turns, ["", ""], calls=2)


def outcome(episode, **values):
    return TypeAdapter(Expectation).validate_python({"id": "it", **values}).ask(episode)


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"check": "replies", "not_matches": "text"}, "turn 1: says 'text'"),
        ({"check": "replies", "matches": r"\?$"}, "turn 1: does not match"),
        ({"check": "replies", "says_none_of": ["THANKS"]}, "turn 1: says 'THANKS'"),
        ({"check": "replies", "max_words": 4}, "turn 1: 7 words, more than 4"),
        ({"check": "replies", "min_words": 3}, "turn 2: 2 words, fewer than 3"),
        ({"check": "replies", "turns": [9], "min_words": 1}, "turn 9: the talk has no such turn"),
        ({"check": "state", "claim": "trust falls from start to end"}, "trust 0.300 after turn 0"),
        ({"check": "moves", "include": ["leave"]}, "no leave among protest, test"),
        ({"check": "moves", "never": ["test"]}, "turn 2: test"),
        ({"check": "moves", "last": ["protest"]}, "turn 2: test, not protest"),
        ({"check": "coding", "turn": 1, "hears": ["repair"]}, "turn 1: no repair (heard minimize)"),
        ({"check": "coding", "turn": 1, "not_hears": ["minimize"]}, "turn 1: heard minimize"),
        ({"check": "coding", "turn": 1, "oddity": "break_role"}, "turn 1: none, not break_role"),
        ({"check": "debrief"}, "no debrief was made"),
        ({"check": "rail", "danger": "abuse", "turn": 2}, "did not stop, expected abuse at turn 2"),
        ({"check": "run", "ended": True}, "the persona did not leave"),
        ({"check": "run", "max_calls": 1}, "2 calls, more than 1"),
        ({"check": "run", "min_turns": 3}, "2 turns, fewer than 3"),
        ({"check": "doses", "value": "security", "order": "rises"}, "fewer than two doses"),
    ],
)
def test_what_is_missed_is_told(episode, values, detail):
    found = outcome(episode, **values)
    assert found.passed is False
    assert detail in found.detail


@pytest.mark.parametrize(
    "values",
    [
        {"check": "replies", "turns": "any", "matches": r"\?$"},
        {"check": "replies", "turns": "last", "max_words": 2, "in_character": True, "no_repeats": True},
        {"check": "state", "claim": "security rises by at least 0.1 between turns 1 and 2"},
        {"check": "moves", "first": ["protest"], "last": ["test"], "never": ["leave"]},
        {"check": "coding", "turn": 2, "hears": ["repair"], "not_hears": ["fix"], "oddity": "none"},
        {"check": "rail", "danger": "none"},
        {"check": "run", "ended": False, "min_turns": 2, "max_calls": 2},
    ],
)
def test_what_is_met_passes(episode, values):
    assert outcome(episode, **values).passed


def test_assistant_talk_and_repeats_are_found(episode):
    talk = [dataclasses.replace(t, reply="I'm here to help. Let me know!") for t in episode.turns]
    found = outcome(dataclasses.replace(episode, turns=talk), check="replies", in_character=True)
    assert (found.passed, found.evidence[0]) == (False, (1, "I'm here to help. Let me know!"))
    assert not outcome(dataclasses.replace(episode, turns=talk), check="replies", no_repeats=True).passed


def test_an_oddity_is_expected_by_name(episode):
    coding = dataclasses.replace(episode.turns[0].coding, oddity=Oddity.BREAK_ROLE)
    odd = dataclasses.replace(episode, turns=[dataclasses.replace(episode.turns[0], coding=coding)])
    assert outcome(odd, check="coding", turn=1, oddity="break_role").passed


def test_the_rail_must_stop_there_and_keep_nothing(episode):
    stopped = dataclasses.replace(episode, stop=Stop(3, "abuse", kept=False))
    assert outcome(stopped, check="rail", danger="abuse", turn=3).passed
    assert not outcome(stopped, check="rail", danger="self_harm", turn=3).passed
    assert not outcome(stopped, check="rail", danger="none").passed
    kept = dataclasses.replace(episode, stop=Stop(3, "abuse", kept=True))
    assert outcome(kept, check="rail", danger="abuse").detail == "turn 3: the words were kept"


def test_doses_must_be_ordered_strictly(episode):
    doses = [said(3, "no", {Code.BLAME: 0.9}, "Mm.", after=Affect(0.5, s, 0.3, 0.2)) for s in (0.1, 0.2, 0.2)]
    found = outcome(dataclasses.replace(episode, doses=doses), check="doses", value="security", order="rises")
    assert found.detail == "dose 3: security 0.200, then 0.200"


def debriefed(episode, **changes):
    passage = passages()[0]
    cited = {"id": passage.id, "title": passage.title, "source": str(passage.source)}
    remark = {"turn": 1, "quote": "not a big deal", "citation": cited} | changes
    debrief = {
        "feedback": [{"remarks": [remark]}],
        "best": None,
        "costliest": remark,
        "skills": [],
        "citations": [remark["citation"]],
    }
    return dataclasses.replace(episode, debrief=debrief)


def test_a_grounded_debrief_passes(episode):
    found = outcome(debriefed(episode), check="debrief", min_remarks=1, min_citations=1, costliest=1)
    assert found.passed, found.detail


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"quote": "not a huge deal"}, "turn 1: quotes what was not said"),
        ({"quote": ""}, "turn 1: quotes what was not said"),
        ({"turn": 2}, "turn 2: quotes what was not said"),
        ({"citation": {"id": "made-up", "title": "A paper", "source": ""}}, "cites [made-up]"),
        (
            {"citation": {"id": passages()[0].id, "title": "Another title", "source": ""}},
            "not in the library",
        ),
    ],
)
def test_an_invented_quote_or_citation_is_found_apart_from_the_evaluator(episode, changes, told):
    assert told in outcome(debriefed(episode, **changes), check="debrief").detail


def test_an_episode_survives_its_file(episode):
    whole = dataclasses.replace(debriefed(episode), stop=Stop(3, "abuse", kept=False), doses=episode.turns)
    assert Episode.from_dict(whole.as_dict()).as_dict() == whole.as_dict()
