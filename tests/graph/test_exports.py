"""A debrief in every form it can be taken away in: nothing lost, nothing run, any alphabet."""

import csv
import io
import re
import warnings
from dataclasses import replace
from html.parser import HTMLParser

import pypdf
import pytest

from simulator.domain.affect import Affect
from simulator.domain.codebook import Code, Coding, Heard
from simulator.report import FORMATS, as_csv, as_html, as_pdf
from simulator.testing import turn
from tests.conftest import OPENING, REPAIR

GREEK = "Σε ακούω. You sat there alone."
VIETNAMESE = "Anh nghe em. It's not a big deal."


def account(simulator, *said):
    talk = simulator.start("maya", "late-reply", seed=1)
    for words in said or (OPENING, REPAIR, "You sat there alone.", "Tell me now!"):
        list(talk.say(words))
    return simulator.account(talk.card.id)


def letters(pdf):
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    return reader, " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_every_form_tells_who_said_what(simulator):
    found = account(simulator)
    for name, form in FORMATS.items():
        data = form(found)
        told = letters(data)[1] if name == "pdf" else data.decode()
        assert "not a big deal" in told, name
        assert "I went straight to defending myself" in told, name


@pytest.mark.parametrize("form", ["html", "md", "pdf"])
def test_who_reads_it_later_is_told_the_scene(simulator, form):
    data = FORMATS[form](account(simulator))
    told = letters(data)[1] if form == "pdf" else data.decode()
    assert "Yesterday at half past six Maya sent you a short message after a bad day." in told


@pytest.mark.parametrize("form", ["text", "md", "html", "pdf"])
def test_a_level_tells_how_many_turns_it_rests_on(simulator, form):
    data = FORMATS[form](account(simulator))
    told = letters(data)[1] if form == "pdf" else data.decode()
    assert re.search(r"from (1 turn|\d turns)\b", told)


def test_a_pdf_holds_what_the_page_does_and_its_own_letters(simulator):
    found = account(simulator, GREEK, VIETNAMESE, "Слышу тебя. I'm here.")
    data = as_pdf(found)
    reader, told = letters(data)
    assert reader.metadata.title == "Debrief: Maya, Six hours"
    for words in (
        GREEK,
        VIETNAMESE,
        "Слышу тебя",
        "felt safety",
        "your turns",
        "Passages cited",
        found.card.opening,
    ):
        assert words in told
    for one in found.turns:
        assert one.reply in told
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"]["/Font"].values()]
    assert fonts
    assert all(
        font["/Subtype"] == "/Type0" for font in fonts
    )  # carried inside, not looked for where it is read
    assert len(data) < 200_000
    assert as_pdf(found) == data


def test_what_the_letters_lack_is_a_box_and_said_so(simulator):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        told = letters(as_pdf(account(simulator, "我听见了 \N{CRYING FACE}. I'm here.")))[1]
    assert "□□□□" in told
    assert "□ stands for a character that these letters lack." in told
    assert "lack" not in letters(as_pdf(account(simulator, "I'm here.")))[1].split("Passages cited")[1]


def test_a_long_talk_has_numbered_pages(simulator):
    found = account(simulator)
    more = [replace(found.turns[n % 4], number=n + 1, said="word " * 300) for n in range(40)]
    reader, told = letters(as_pdf(replace(found, turns=more)))
    assert len(reader.pages) > 1
    assert f"Six hours {len(reader.pages)}" in told


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.ids, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        self.ids += [value for key, value in attrs if key == "id"]
        self.links += [value for key, value in attrs if key == "href"]


def test_the_page_runs_nothing_and_needs_nothing_from_elsewhere(simulator):
    page = as_html(account(simulator, "<script>alert(1)</script> It's not a big deal."))
    tags = _Tags()
    tags.feed(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not {tag for tag, _ in tags.seen} & {"script", "img", "link", "iframe"}
    assert not [
        key for _, attrs in tags.seen for key in attrs if key.startswith("on") or key in {"style", "src"}
    ]
    assert "default-src 'none'" in page
    assert all(link[1:] in tags.ids for link in tags.links)
    assert len(set(tags.ids)) == len(tags.ids)
    assert "url(" not in page
    assert "@media print" in page
    assert "prefers-color-scheme: dark" in page


def test_the_page_shows_the_curve_and_marks_the_quotes(simulator):
    page = as_html(account(simulator))
    assert page.count('class="tl"') == 1
    assert "It's not" not in page.split("<mark>")[1]
    assert "<mark>not a big deal</mark>" in page


def test_a_table_has_a_row_a_turn_that_can_be_counted_with(simulator):
    found = account(simulator)
    rows = list(csv.DictReader(io.StringIO(as_csv(found.card.id, found.turns))))
    assert [row["said"] for row in rows] == [one.said for one in found.turns]
    assert [float(row["security_after"]) for row in rows] == [
        one.after.as_dict()["security"] for one in found.turns
    ]
    assert rows[1]["activation_before"] == rows[0]["activation_after"]
    assert rows[1]["codes"] == "repair:0.900;explore:0.600"
    assert rows[0]["quotes"] == "not a big deal | not a big deal"
    assert {row["session"] for row in rows} == {found.card.id}


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(said):
    state = Affect(0.5, 0.5, 0.5, 0.5)
    heard = Coding((Heard(Code.TELL, 0.5, said),))
    one = replace(turn(1, said, {}), coding=heard, reply=said, before=state, after=state)
    row = next(csv.DictReader(io.StringIO(as_csv("s", [one]))))
    assert row["said"] == row["reply"] == row["quotes"] == f"'{said}"
    assert not [cell for cell in row.values() if re.match(r"[=+\-@\t\r]", cell)]


def test_what_a_talk_never_had_is_left_empty(simulator):
    one = replace(turn(1, "Hi.", {}), before=None, after=None)
    row = next(csv.DictReader(io.StringIO(as_csv("s", [one]))))
    assert (row["trust_before"], row["codes"]) == ("", "")
