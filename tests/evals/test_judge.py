"""A judge's answers: evidence verified, majority counted, and advice only until it is calibrated."""

import json

import pytest
from pydantic import TypeAdapter

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code
from simulator.errors import ModelError
from simulator.evals.episode import Episode
from simulator.evals.expectation import Expectation
from simulator.evals.gate import Exit, verdicts, worst
from simulator.evals.judge import Checklist, judge
from simulator.evals.suite import Suite
from simulator.evals.unit import Result, Status
from simulator.testing import ScriptedModel, turn

START = Affect(0.6, 0.3, 0.3, 0.2)
EPISODE = Episode(
    "maya", "Maya", "late-reply", 1, "Six hours.", START, [turn(1, "I'm sorry.", {Code.REPAIR: 0.9})], [""]
)
QUESTIONS = [
    {"id": "human", "ask": "Does Maya talk like a person?"},
    {"id": "advice", "ask": "Advice?", "wanted": "no"},
]
CALIBRATED = {"model": "scripted", "kappa": 0.7, "talks": 120}


def checklist(**changes):
    return Checklist.model_validate({"about": "A rehearsal.", "questions": QUESTIONS, **changes})


def answers(human="yes", advice="no", quote="Six hours.", at=0):
    rows = [
        {"id": name, "evidence": [{"turn": at, "quote": quote}], "reasoning": "So.", "verdict": verdict}
        for name, verdict in (("human", human), ("advice", advice))
    ]
    return json.dumps({"answers": rows})


def judged(given, *, samples=1, **changes):
    queue = list(given)
    model = ScriptedModel(lambda _: queue.pop(0), capable=True)
    asked = TypeAdapter(Expectation).validate_python(
        {"id": "like-a-person", "check": "conversation", "judge": "person", "samples": samples}
    )
    return judge(asked, checklist(**changes), EPISODE, model), model


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (answers(), True),
        (answers(human="no"), False),
        (answers(human="cannot_tell"), None),
        (answers(advice="yes"), False),
    ],
)
def test_a_calibrated_judge_decides(given, passed):
    outcome, _ = judged([given], calibration=CALIBRATED)
    assert outcome.passed is passed
    assert outcome.evidence == ((0, "Six hours."),)


def test_an_uncalibrated_judge_only_advises():
    outcome, _ = judged([answers(human="no")])
    assert outcome.passed is None
    assert "human: no" in outcome.detail
    assert "advice only: scripted is not calibrated for this checklist" in outcome.detail


@pytest.mark.parametrize("calibration", [CALIBRATED | {"kappa": 0.5}, CALIBRATED | {"model": "another"}])
def test_a_weak_or_foreign_calibration_does_not_count(calibration):
    assert judged([answers()], calibration=calibration)[0].passed is None


def test_the_majority_of_samples_counts():
    given = [answers(), answers(human="no"), answers()]
    outcome, _ = judged(given, samples=3, calibration=CALIBRATED)
    assert outcome.passed


def test_a_tie_is_nobodys_verdict():
    given = [answers(), answers(human="no"), answers(human="cannot_tell")]
    assert judged(given, samples=3, calibration=CALIBRATED)[0].passed is None


def test_without_a_judge_nothing_is_decided():
    asked = TypeAdapter(Expectation).validate_python({"id": "a", "check": "conversation", "judge": "person"})
    assert asked.ask(EPISODE).passed is None


def test_a_definite_failure_goes_before_a_missing_verdict():
    case = {"id": "one", "persona": "maya", "scenario": "late-reply", "user": {"script": ["Hi."]}}
    suite = Suite.model_validate({"suite": "trial", "cases": [case]})
    result = Result("trial", "one", 1, 1, Status.FAIL, outcomes=(judged([answers()])[0],))
    assert worst(verdicts(suite, [result])) is Exit.FAILED


def test_a_misquote_is_asked_again_once_and_then_an_error():
    outcome, _ = judged([answers(quote="Seven hours."), answers()], calibration=CALIBRATED)
    assert outcome.passed
    with pytest.raises(ModelError, match="turn 0 does not hold the quoted words"):
        judged([answers(quote="Seven hours.")] * 2, calibration=CALIBRATED)
    with pytest.raises(ModelError, match="turn 1 does not hold the quoted words"):
        judged([answers(at=1)] * 2, calibration=CALIBRATED)


def test_a_verdict_needs_evidence_and_every_question_an_answer():
    bare = json.loads(answers())
    bare["answers"][0]["evidence"] = []
    with pytest.raises(ModelError, match="a verdict needs evidence"):
        judged([json.dumps(bare)] * 2, calibration=CALIBRATED)
    bare["answers"].pop()
    with pytest.raises(ModelError, match="every question once"):
        judged([json.dumps(bare)] * 2, calibration=CALIBRATED)


def test_a_gate_that_rests_on_an_uncalibrated_judge_is_inconclusive():
    case = {"id": "one", "persona": "maya", "scenario": "late-reply", "user": {"script": ["Hi."]}}
    suite = Suite.model_validate({"suite": "trial", "cases": [case]})
    outcome, _ = judged([answers()])
    result = Result("trial", "one", 1, 1, Status.PASS, outcomes=(outcome,))
    assert worst(verdicts(suite, [result])) is Exit.INCONCLUSIVE
