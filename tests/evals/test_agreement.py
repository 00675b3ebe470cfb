"""Agreement with raters: figures on rows whose answer is known by hand, and the card they become."""

import csv

import numpy as np
import pytest

from simulator.card import Card, Trust
from simulator.coder.corpus import HeldBack
from simulator.domain.codebook import Code
from simulator.domain.skills import Skill
from simulator.evals import heldback
from simulator.evals.agreement import calibration_error, coded, figures, stripped
from simulator.evals.agreement_card import as_markdown, as_yaml, card
from simulator.evals.raters import UNRATED, RatedSet, Scale, rated_sets
from simulator.testing import ScriptedCoder

CODER = ScriptedCoder({"you felt": {Code.REFLECT: 0.9}, "try": {Code.FIX: 0.8}})
SET = RatedSet(
    name="Toy",
    file="toy.csv",
    source="ours",
    columns={"text": "text", "session": "session"},
    scales=[
        Scale(name="reflection", column="label", high=["reflection"], codes=[Code.REFLECT]),
        Scale(
            name="heard or steered",
            column="label",
            high=["reflection"],
            low=["advice"],
            codes=[Code.REFLECT],
            against=[Code.FIX],
        ),
    ],
    sessions=[
        Scale(name="quality", column="quality", high=["high"], codes=[Code.REFLECT], against=[Code.FIX])
    ],
)


def silent(_what, _done, _total):
    """Nobody watches."""


@pytest.fixture
def rows(tmp_path):
    """Twelve sessions of three turns: in the good ones a reflection, in the others advice."""
    path = tmp_path / "toy.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["session", "text", "label", "quality"])
        for number in range(48):
            good = number % 2 == 0
            writer.writerow(
                [number, "So you felt alone?", "reflection", "high"]
                if good
                else [number, "Just try again.", "advice", "low"]
            )
            writer.writerow([number, "Mm.", "other", "high" if good else "low"])
    return SET.rows(tmp_path)


@pytest.fixture
def found(rows):
    plain = coded(rows, SET, CODER, silent)
    return list(figures(SET, rows, plain, coded(rows, SET, CODER, silent, bare=True)))


def test_a_coder_that_is_always_right_agrees_wholly(found):
    reflection, contrast, quality = found
    assert (reflection.n, reflection.yes, reflection.auc, reflection.kappa) == (96, 24, 1.0, 1.0)
    assert (contrast.n, contrast.yes, contrast.auc) == (48, 24, 1.0)
    assert (quality.n, quality.auc, quality.length) == (48, 1.0, 0.5)
    assert reflection.stripped == 1.0
    assert np.isnan(contrast.ece)


def test_calibration_error_by_hand():
    # all in one bin: mean probability 0.9, three of four right, so 0.15
    assert calibration_error(np.array([True, True, True, False]), np.full(4, 0.9)) == pytest.approx(0.15)


def test_ordinal_and_held_labels():
    ordinal = Scale(name="x", column="x", levels=["0", "1", "2"], codes=[Code.SUPPORT])
    assert ordinal.levels_of([{"x": "2"}, {"x": ""}]).tolist() == [2, UNRATED]
    held = Scale(name="x", column="x", high=["uv-part"], codes=[Code.MINIMIZE])
    assert held.levels_of([{"x": "small-talk,uv-part"}, {"x": "uv-part-not"}]).tolist() == [1, 0]


def test_several_rows_of_one_turn_are_put_together(tmp_path):
    (tmp_path / "x.csv").write_text("text,label\nHello.,a\nHello.,b\nBye.,a\n")
    scale = Scale(name="b", column="label", high=["b"], codes=[Code.FIX])
    rated = RatedSet(
        name="x", file="x.csv", source="", columns={"text": "text"}, one_label_a_row=True, scales=[scale]
    )
    rows = rated.rows(tmp_path)
    assert scale.levels_of(rows).tolist() == [1, 0]


def test_every_mapping_file_loads_and_names_known_codes():
    assert {rated.name for rated in rated_sets()} >= {"AnnoMI", "ESConv", "EPITOME", "BOLT", "CaSiNo"}


def test_punctuation_goes_and_apostrophes_stay():
    assert stripped("Well -- you're tired, aren't you?") == "well you're tired aren't you"


OWN = [
    HeldBack("So you felt alone.", "", (Code.REFLECT,), ((Code.REFLECT,), (Code.REFLECT,), (Code.VALIDATE,))),
    HeldBack("Just try again.", "", (Code.FIX,), ((Code.FIX,),) * 3),
] * 8


def test_our_own_turns_and_the_card(found):
    own = heldback.measured(OWN, CODER, silent)
    assert {f.code: (f.n, f.f1, f.kappa) for f in own.codes} == {
        Code.REFLECT: (8, 1.0, 1.0),
        Code.FIX: (8, 1.0, 1.0),
    }
    told = card("scripted", own, found)
    assert set(told.skills) == set(Skill)
    page = as_markdown(told, own, found)
    assert "| Toy | reflection | 96 | 24 | 1.000 |" in page
    assert "Wu et al" not in as_yaml(told)
    assert "coder: scripted" in as_yaml(told)


def test_a_skill_with_low_agreement_is_not_judged():
    assert not Trust(kappa=0.39, by="x", n=10).judged
    assert Trust(kappa=0.4, by="x", n=10).judged
    assert Card().skills == {}
