"""Looking back at the page, and taking it away."""

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from simulator.audit import findings
from simulator.bundle import fingerprint
from simulator.card import card
from simulator.session import Simulator
from simulator.settings import Settings
from simulator.web.app import create
from tests.browser.cast import cast
from tests.browser.person import Person
from tests.browser.server import Server
from tests.conftest import OPENING, REPAIR

TURNS = (REPAIR, OPENING, "You sat there alone.", "I'm here.")
SKILLS = ("Presence", "Reflecting", "Validating", "Curiosity", "Timing")
SKILLS = (*SKILLS, "Ownership and repair", "Self-regulation", "Respect for space")


def measured():
    """A cast whose coder counts as the one that was measured against raters."""
    parts = cast()
    parts.coder.name = card().coder
    return parts


@pytest.fixture(scope="module")
def talked(tmp_path_factory, shelf):
    """A page where a talk with Maya was held, and the talk's id."""
    home = tmp_path_factory.mktemp("talked")
    simulator = Simulator(Settings(home=home, cache=home), replace(measured(), store=lambda: shelf))
    talk = simulator.start("maya", "late-reply", seed=1)
    for said in TURNS:
        list(talk.say(said))
    server = Server(create(simulator), simulator)
    yield server, talk.card.id
    server.stop()


@pytest.fixture
def held(talked, origins, page):
    """Somebody before the debrief of that talk."""
    server, talk = talked
    origins.add(server.url)
    person = Person(page, server.url)
    person.visit(f"/talks/{talk}/debrief")
    return person


def section(page, name):
    """The part of the page under a heading."""
    heading = page.get_by_role("heading", name=name, exact=True)
    return page.locator("section", has=heading).last


def test_it_begins_with_how_the_persona_felt(held, shot):
    page = held.page
    expect(page.get_by_role("heading", name="Looking back")).to_be_visible()
    timeline = page.get_by_role("region", name="How Maya felt")
    drawing = timeline.get_by_role("img", name=re.compile("Maya"))
    expect(drawing).to_be_visible()
    box = drawing.bounding_box()
    assert box["width"] > 300
    assert box["height"] > 150
    for label in ("felt safety", "distress", "trust", "distance"):
        expect(drawing.get_by_text(label, exact=True)).to_be_visible()
    shot(page, "debrief")


def test_turning_points_lead_to_their_turn(held):
    page = held.page
    points = page.get_by_role("region", name="How Maya felt").get_by_role("listitem")
    expect(points.first).to_contain_text("felt safety fell")
    expect(points.first).to_contain_text(OPENING)
    points.first.get_by_role("link", name="Turn 2").click()
    expect(page).to_have_url(re.compile("#turn-2$"))
    expect(held.turn(2)).to_be_in_viewport()
    expect(held.turn(2)).to_contain_text(OPENING)


def test_the_best_and_the_costliest_moment_are_quoted_and_grounded(held):
    page = held.page
    best, costliest = section(page, "Best moment"), section(page, "Costliest moment")
    assert any(best.get_by_role("blockquote").inner_text().strip("“”") in said for said in TURNS)
    expect(costliest.get_by_role("blockquote")).to_have_text("“not a big deal”")
    expect(costliest.get_by_text("Instead, you could say")).to_be_visible()
    costliest.get_by_role("link", name="Mistake: making it smaller").click()
    aside = page.get_by_role("dialog", name="Mistake: making it smaller")
    expect(aside).to_contain_text("Julie Menanno")
    aside.get_by_role("button", name="Close").click()
    expect(aside).to_be_hidden()
    costliest.get_by_role("link", name="Say it differently").click()
    expect(page.get_by_role("main")).to_contain_text(OPENING)
    page.go_back()
    costliest.get_by_role("link", name="What if?").click()
    expect(page.get_by_role("heading", name="What you said")).to_be_visible()


def test_every_skill_has_its_evidence_and_how_far_it_may_be_believed(held):
    page = held.page
    for skill in SKILLS:
        expect(page.get_by_role("heading", name=re.compile(f"^{skill} ?(not judged|[0-4])$"))).to_be_visible()
    presence = page.locator("section", has=page.get_by_role("heading", name=re.compile("^Presence"))).last
    expect(presence.get_by_role("meter", name="presence")).to_be_visible()
    presence.get_by_text("Agreement with raters: 0.79").click()
    expect(presence.get_by_text("kappa 0.79 with our own held-back turns, 1,587 turns")).to_be_visible()
    quotes = presence.get_by_role("listitem")
    assert 1 <= quotes.count() <= 4
    for text in quotes.all_inner_texts():
        quote, number = re.fullmatch(r"(?:[✓–] )?“?(.+?)”? turn (\d)", text).groups()
        assert quote in TURNS[int(number) - 1]
    validating = page.locator("section", has=page.get_by_role("heading", name=re.compile("^Validating"))).last
    expect(validating).to_contain_text("not judged")
    expect(validating).to_contain_text("Agreement with raters too low: 0.29")


def test_it_says_what_lay_beneath_each_turn(held):
    inside = section(held.page, "Turn by turn, inside Maya").get_by_role("listitem")
    expect(inside).to_have_count(len(TURNS))
    for number, said in enumerate(TURNS):
        expect(inside.nth(number)).to_contain_text(said)
        expect(inside.nth(number)).to_contain_text(re.compile(r"Felt safety 0\.\d\d → 0\.\d\d"))
    expect(held.page.get_by_text("This is practice, not therapy or assessment.")).to_be_visible()
    cited = section(held.page, "Passages cited").get_by_role("link")
    title = cited.first.inner_text()
    cited.first.click()
    expect(held.page.locator("[aria-current=true]")).to_contain_text(title)


def taken(person, name):
    """What a link brings home: the file's name and its bytes."""
    with person.page.expect_download() as download:
        person.follow(name)
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_it_can_be_taken_along_in_every_form(held):
    talk = held.talk
    name, text = taken(held, "Markdown")
    assert name == f"{talk}.md"
    assert text.decode().startswith("#")
    name, text = taken(held, "HTML")
    assert name == f"{talk}.html"
    assert text.decode().lower().startswith("<!doctype html>")
    assert "not a big deal" in text.decode()
    name, text = taken(held, "PDF")
    assert name == f"{talk}.pdf"
    assert text.startswith(b"%PDF")
    name, text = taken(held, "CSV")
    assert name == f"{talk}.csv"
    rows = list(csv.DictReader(io.StringIO(text.decode())))
    assert [row["said"].lstrip("'") for row in rows] == list(TURNS)
    name, text = taken(held, "JSON")
    assert name == f"{talk}.json"
    assert json.loads(text)["costliest"]["quote"] == "not a big deal"


def test_a_supervisors_bundle_stands_up_to_an_audit(held):
    name, packed = taken(held, "The whole bundle")
    assert name == f"{held.talk}.zip"
    found = findings(packed)
    assert len(found) > 5
    assert [str(finding) for finding in found if finding.holds is False] == []
    held.press("show it")
    expect(held.page.get_by_text(fingerprint(packed), exact=True)).to_be_visible()


def test_where_nothing_was_said_there_is_nothing_to_look_back_on(person):
    person.begin()
    talk = person.talk
    person.follow("Debrief")
    expect(person.page.get_by_role("heading", name="Nothing to look back on yet")).to_be_visible()
    person.follow("Go on with it")
    expect(person.words).to_be_visible()
    assert person.talk == talk
