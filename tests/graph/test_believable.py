"""A debrief never misquotes and never cites what is not there, whatever a coder claims."""

from dataclasses import replace
from random import Random

import pytest

from simulator import library
from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Coding, Heard
from simulator.domain.dialogue import Turn
from simulator.evaluator import Evaluator
from simulator.graph.debrief import DebriefDeps, debrief_graph
from simulator.ledger import Card
from simulator.store import Store
from simulator.support import judged
from simulator.testing import HashingEmbedder, ScriptedCoder, turn

CARD = Card("maya-1", "maya", "late-reply", 1, "2026-01-01T00:00:00Z", "none", "Where were you?")
SAID = [
    "Relax, it is not a big deal.",
    "I'm sorry, I left you there alone. What was it like?",
    "you ALWAYS do this “every” time… 😅",
    "Fine.\u200b Do what you want; I don't care <b>at all</b>",
    "¿Qué? No te entiendo, love.",
]


class Shelf:
    """A ledger with one session's turns."""

    def __init__(self, turns):
        self._turns = turns

    def turns(self, _session):
        return self._turns


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return Store(tmp_path_factory.mktemp("store"), HashingEmbedder())


def wild_turn(number, rng):
    """A turn whose coder quotes rightly, wrongly, in part, from elsewhere, or not at all."""
    said = rng.choice(SAID)
    quotes = [said, said[:9], said[3:], said.upper(), rng.choice(SAID), "you never listen", "", said + "!"]
    heard = tuple(
        Heard(code, rng.random(), rng.choice(quotes)) for code in rng.sample(list(Code), rng.randint(0, 5))
    )
    states = [Affect(*(rng.random() for _ in range(5))) for _ in range(2)]
    return Turn(
        number, said, "Mm.", Coding(heard), *states, rng.random(), rng.random(), move="protest", layer="need"
    )


@pytest.mark.parametrize("block", range(10))
def test_no_wrong_quote_or_citation_in_a_thousand_debriefs(store, block):
    known = {p.id: p for p in store.passages()}
    for seed in range(block * 100, block * 100 + 100):
        rng = Random(seed)
        turns = [wild_turn(number, rng) for number in range(1, rng.randint(2, 4))]
        who = library.persona(rng.choice(["maya", "daniel", "iris", "jonah"]))
        evaluator = Evaluator(who, library.scenario("late-reply"), ScriptedCoder(), store)
        deps = DebriefDeps(CARD, Shelf(turns), evaluator, frozenset(known))
        debrief = debrief_graph().invoke({}, context=deps)["debrief"]
        said = {t.number: t.said for t in turns}
        remarks = [r for f in debrief.feedback for r in f.remarks]
        for remark in [*remarks, *filter(None, (debrief.best, debrief.costliest))]:
            assert remark.quote
            assert remark.quote in said[remark.turn]
            if remark.citation:
                assert known[remark.citation.id].title == remark.citation.title
                assert any(remark.citation.id in ids for ids in judged()[remark.code].values())
        for score in debrief.skills:
            for evidence in (*score.shown, *score.missed):
                assert evidence.quote in said[evidence.turn]


def test_every_sentence_of_the_codebook_was_judged_against_passages_there_are():
    known = {p.id for p in library.passages()}
    for code in Code:
        assert set(judged()[code]) == set(library.codebook()[code].why)
        assert all(set(ids) <= known for ids in judged()[code].values())


def test_the_better_sentence_keeps_the_trainees_way_of_writing(store):
    class Hearing(ScriptedCoder):
        def code(self, text, before=""):
            code = Code.MINIMIZE if "big deal" in text else Code.REFLECT
            return Coding((Heard(code, 0.9, text),), None, self.name)

    one = turn(1, "oh come on mum, it is not a big deal", {Code.MINIMIZE: 0.9}, alarm=0.8)
    evaluator = Evaluator(library.persona("maya"), library.scenario("late-reply"), Hearing(), store)
    better = evaluator.better(one)
    assert better == better.lower()
    assert "mum" in better
    shouted = evaluator.better(replace(one, said="It is not a big deal."))
    assert shouted[0].isupper()
