"""The curve: one SVG of its own that needs no style, no colour and no room for its labels to collide."""

import re
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code
from simulator.plot import LEFT, LINE_HEIGHT, MOST_TICKS, apart, figure, height, overlay, ticks, timeline
from simulator.testing import turn

START = Affect(activation=0.8, security=0.2, trust=0.3, withdrawal=0.1)
SVG = "{http://www.w3.org/2000/svg}"


def talk(count, *, comfort=0.5, alarm=0.1):
    """Turns that each make the persona a little safer."""
    found, before = [], START
    for number in range(1, count + 1):
        after = replace(before, security=before.security + 0.6 / count, activation=before.activation * 0.9)
        one = turn(number, "I hear you.", {Code.REFLECT: 0.9}, comfort=comfort, alarm=alarm)
        found.append(replace(one, before=before, after=after))
        before = after
    return found


def parsed(svg):
    return ElementTree.fromstring(svg)


def classes(root):
    return [name for element in root.iter() for name in element.get("class", "").split()]


@pytest.mark.parametrize("count", [0, 1, 7, 200])
def test_a_talk_of_any_length_is_drawn_whole(count):
    root = parsed(timeline(talk(count), START, name="Maya"))
    lines = root.findall(f".//{SVG}polyline")
    assert [len(line.get("points").split()) for line in lines] == [count + 1] * 4
    assert sum("tl-turn" in e.get("class", "").split() for e in root.iter()) == count
    across = [float(number) for line in lines for number in re.findall(r"[\d.]+(?=,)", line.get("points"))]
    assert min(across) == LEFT
    assert max(across) <= float(root.get("viewBox").split()[2])


def test_a_value_stands_where_its_number_says():
    drawn = figure(talk(2), START)
    safety = next(line for line in drawn.lines if line.trace.key == "security")
    assert [y for _, y in safety.points] == pytest.approx([height(0.2), height(0.5), height(0.8)])
    assert height(1) < height(0)


def test_lines_differ_without_colour():
    drawn = figure(talk(3), START)
    assert (
        len({line.trace.dash for line in drawn.lines})
        == len({line.trace.marker for line in drawn.lines})
        == 4
    )
    assert {line.trace.label for line in drawn.lines} == {"felt safety", "distress", "trust", "distance"}


def test_turns_differ_by_shape_and_turning_points_are_marked():
    landed, missed, neither = (
        talk(1, comfort=0.5, alarm=0.1),
        talk(1, comfort=0.1, alarm=0.5),
        talk(1, comfort=0, alarm=0),
    )
    for turns, verdict, shape in (
        (landed, "landed", "circle"),
        (missed, "missed", "rect"),
        (neither, "neither", "line"),
    ):
        root = parsed(timeline(turns, START, name="Maya"))
        mark = next(e for e in root.iter() if "tl-turn" in e.get("class", "").split())
        assert mark.get("class").split() == ["tl-turn", f"tl-{verdict}"]
        assert mark.find(SVG + shape) is not None
        # felt safety rose by 0.6 in this one turn, and things settled
        assert any("tl-post" in e.get("class", "") for e in root.iter())
    calm = [replace(one, after=one.before) for one in talk(1)]
    assert "tl-post" not in classes(parsed(timeline(calm, START, name="Maya")))


def test_nothing_is_styled_inside_and_everything_is_escaped():
    name = 'Ma<ya> & "co"\x00\x1b\ud800'
    for svg in (timeline(talk(3), START, name=name), overlay([0.1], [0.2, 0.3], names=(name, "<b>"))):
        root = parsed(svg)
        assert 'Ma<ya> & "co"' in "".join(root.itertext())
        assert not {e.tag.removeprefix(SVG) for e in root.iter()} & {"style", "script", "b", "ya"}
        assert not any(key in {"style", "onload"} for e in root.iter() for key in e.attrib)
        colours = {e.get(key) for e in root.iter() for key in ("stroke", "fill")} - {None}
        assert colours <= {"currentColor", "none"}


def test_the_drawing_is_told_in_a_sentence_and_named_for_readers():
    svg = timeline(talk(4), START, name="Maya")
    root = parsed(svg)
    title, told = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [title.get("id"), told.get("id")]
    assert "Maya's felt safety rises from 0.20 to 0.80, distress falls from 0.80 to 0.52" in told.text
    assert "trust begins and ends at 0.30" in told.text
    assert "4 landed and 0 missed" in told.text
    assert "turn 1, felt safety rose" in told.text
    assert "Nothing was said yet" in parsed(timeline([], START, name="Maya")).find(f"{SVG}desc").text
    other = parsed(timeline(talk(5), START, name="Maya"))
    assert other.get("aria-labelledby") != root.get("aria-labelledby")  # both may stand on one page


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_labels_never_lie_on_one_another(values):
    start = Affect(*values)
    places = sorted(line.label[1] for line in figure([], start).lines)
    assert all(b - a >= LINE_HEIGHT - 1e-9 for a, b in pairwise(places))
    assert height(1) <= places[0] - 4 <= places[-1] - 5 <= height(0) + 1e-9


def test_labels_are_moved_no_further_than_they_must():
    assert apart([10, 50, 90], 10, 0, 100) == [10, 50, 90]


@pytest.mark.parametrize("last", [0, 1, 8, 9, 41, 200, 1999])
def test_ticks_are_few_and_round(last):
    found = ticks(last)
    assert found[0] == 0
    assert len(found) <= MOST_TICKS + 1
    assert found[-1] <= last < found[-1] + (found[1] if len(found) > 1 else 1)


def test_two_talks_are_laid_over_one_another():
    root = parsed(overlay([0.2, 0.3, 0.4], [0.2, 0.3, 0.6, 0.7], names=("as it was", "another way")))
    told = root.find(f"{SVG}desc").text
    assert told == (
        "Felt safety in as it was rises from 0.20 to 0.40; in another way rises from 0.20 to 0.70. "
        "They part at turn 2."
    )
    assert {"tl-left", "tl-right"} <= set(classes(root))
    assert "They are the same." in overlay([0.2, 0.3], [0.2, 0.3], names=("a", "b"))
    with pytest.raises(ValueError, match="each talk"):
        overlay([], [0.1], names=("a", "b"))
