"""Which line answers a turn: the trees as arrays, and the judgements they were grown from."""

import json

import numpy as np
import pytest

from simulator import library, ranking
from simulator.domain.codebook import Code
from simulator.errors import LibraryError
from simulator.ranker import Lines, Place, expected_fit, features, forest, grown
from simulator.ranking import judged, learned, packed, table
from simulator.testing import HashingEmbedder
from tests.graph.test_chooser import moment

EMBEDDER = HashingEmbedder()
PLACES = judged()


def lines(*found):
    says = [line.say for line in found]
    return Lines(found, says, EMBEDDER([line.to for line in found]), EMBEDDER(says), [False] * len(found))


def test_the_arrays_say_what_the_trees_say():
    random = np.random.default_rng(1)
    rows, fit = random.normal(size=(300, 12)).astype(np.float32), random.random(300)
    trees = learned(rows, fit)
    assert grown(packed(trees), rows) == pytest.approx(trees.predict(rows), abs=2e-3)


def test_there_are_judgements_enough():
    marks = [mark for place in PLACES for mark in place.fit]
    assert len(marks) >= 2000
    assert set(marks) == {0.0, 0.25, 0.5, 0.75, 1.0}
    assert len({place.talk for place in PLACES}) >= 40
    assert all(len(place.fit) == len(place.lines) == len(place.shared) for place in PLACES)


def test_judged_places_give_the_features_that_the_ranker_knows():
    rows = table(PLACES[0], EMBEDDER)
    asked_of = int(forest()["feature"].max())
    assert rows.shape == (len(PLACES[0].lines), rows.shape[1])
    assert asked_of < rows.shape[1]
    assert np.isfinite(rows).all()


def test_a_line_is_expected_to_fit_better_where_it_answers_what_was_heard():
    who = library.persona("maya")
    fix = [line for line in who.lines if line.answers == {"fix"} and not line.bound][:20]
    some = lines(*fix)
    advice = Place("You should write a list.", "I waited.", moment({Code.FIX: 0.9}))
    thanks = Place("Thank you for telling me.", "I waited.", moment({Code.APPRECIATE: 0.9}))
    assert expected_fit(advice, some, EMBEDDER).mean() > expected_fit(thanks, some, EMBEDDER).mean()


def test_some_of_the_lines_keep_their_features():
    who = library.persona("daniel")
    every, place = lines(*who.lines[:30]), Place("Go on.", "Hm.", moment({Code.EXPLORE: 0.6}))
    some = every.taken([4, 9, 2])
    assert np.array_equal(features(place, every, EMBEDDER)[[4, 9, 2]], features(place, some, EMBEDDER))


def test_a_damaged_judgement_is_named(tmp_path, monkeypatch):
    (tmp_path / "choices").mkdir()
    (tmp_path / "choices" / "judged.jsonl").write_text(json.dumps({"talk": "x"}), "utf-8")
    monkeypatch.setattr(ranking, "folder", lambda _: tmp_path)
    with pytest.raises(LibraryError, match=r"judged.jsonl: line 1: "):
        judged()
