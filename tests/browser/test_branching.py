"""Saying it differently at the page: other tries, moving between them, comparing, asking what if."""

import re
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.conftest import OPENING, REPAIR

HEARD = "You sat there alone."


@pytest.fixture
def regretting(person):
    """Somebody who has said two things to Maya, the first of which cost something."""
    person.begin()
    person.say(OPENING, HEARD)
    return person


def differently(person, said, number=1):
    """Say a turn differently, from the talk."""
    person.follow(f"Say turn {number} differently")
    person.page.get_by_role("textbox", name="This time you say").fill(said)
    person.press("Say it")
    person.answered(number)


def test_saying_a_turn_differently_begins_a_new_line_and_both_stay(regretting, shot):
    page, first = regretting.page, regretting.talk
    opening = page.get_by_role("article").first.inner_text()
    reply = regretting.turn(1).inner_text()
    regretting.follow("Say turn 1 differently")
    expect(page.get_by_role("heading", name="Say it differently")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(opening.splitlines()[-1])
    expect(page.get_by_role("main")).to_contain_text(OPENING)
    expect(page.get_by_role("textbox", name="This time you say")).to_be_focused()
    shot(page, "say-it-differently")
    page.get_by_role("textbox", name="This time you say").fill(REPAIR)
    regretting.press("Say it")
    regretting.answered(1)
    second = regretting.talk
    assert second != first
    expect(regretting.turn(1)).to_contain_text(REPAIR)
    expect(regretting.turn(2)).to_have_count(0)
    expect(regretting.turn(1)).to_be_in_viewport()
    regretting.say(HEARD)
    regretting.visit(f"/talks/{first}")
    expect(regretting.turn(1)).to_contain_text(OPENING)
    expect(regretting.turn(1)).to_contain_text(reply.splitlines()[-1])
    expect(regretting.turn(2)).to_contain_text(HEARD)
    page.reload()
    regretting.visit(f"/talks/{second}")
    expect(regretting.turn(2)).to_contain_text(HEARD)


def test_the_tree_shows_the_lines_and_moves_between_them(regretting, shot):
    page, first = regretting.page, regretting.talk
    differently(regretting, REPAIR)
    second = regretting.talk
    differently(regretting, "I'm here.")
    regretting.follow("Tries")
    lines = page.get_by_role("main").get_by_role("listitem")
    expect(lines).to_have_count(3)
    here = page.locator("[aria-current=true]")
    expect(here).to_contain_text("I'm here.")
    expect(here).to_contain_text("you are here")
    shot(page, "lines")
    page.get_by_role("link", name=REPAIR).click()
    expect(regretting.turn(1)).to_contain_text(REPAIR)
    assert regretting.talk == second
    regretting.follow("Tries")
    page.get_by_role("link", name=OPENING).click()
    expect(regretting.turn(2)).to_contain_text(HEARD)
    assert regretting.talk == first


def test_two_lines_can_be_compared(regretting, shot):
    page = regretting.page
    differently(regretting, REPAIR)
    regretting.follow("Tries")
    page.get_by_role("listitem").filter(has_text=OPENING).get_by_role("link", name="Compare").first.click()
    expect(page.get_by_role("heading", name="Two tries side by side")).to_be_visible()
    expect(page.get_by_text("0 turns in common")).to_be_visible()
    words = page.get_by_role("table", name="Words of both tries")
    first = words.get_by_role("row").filter(has=page.get_by_role("rowheader", name="1", exact=True))
    cells = first.get_by_role("cell")
    expect(cells.nth(0)).to_contain_text(REPAIR)
    expect(cells.nth(1)).to_contain_text(OPENING)
    expect(cells.nth(0)).to_contain_text("felt safety")
    second = words.get_by_role("row").filter(has=page.get_by_role("rowheader", name="2", exact=True))
    expect(second.get_by_role("cell").nth(0)).to_contain_text("not said yet")
    expect(second.get_by_role("cell").nth(1)).to_contain_text(HEARD)
    for measure in ("Felt safety", "Distress"):
        expect(page.get_by_role("img", name=re.compile(measure))).to_be_visible()
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=measure, exact=True))
        this, other, difference = (float(text) for text in row.get_by_role("cell").all_inner_texts())
        assert difference == pytest.approx(other - this, abs=0.011)
    levels = page.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name="Ownership and repair", exact=True)
    )
    assert levels.get_by_role("cell").all_inner_texts()[0] in "01234"
    shot(page, "two-lines")
    page.get_by_role("columnheader").get_by_role("link", name="The other try").click()
    expect(regretting.turn(2)).to_contain_text(HEARD)


def test_going_back_carries_the_better_sentence(regretting):
    chip = regretting.open("A better sentence")
    better = chip.locator("blockquote").inner_text().strip("“”")
    chip.get_by_role("link", name="Go back and say it").click()
    expect(regretting.page.get_by_role("textbox", name="This time you say")).to_have_value(better)
    regretting.press("Say it")
    regretting.answered(1)
    expect(regretting.turn(1)).to_contain_text(better)
    expect(regretting.turn(2)).to_have_count(0)


def test_what_if_shows_other_words_with_their_spread_and_a_passage(regretting, shot):
    page = regretting.page
    regretting.turn(1).get_by_role("link", name="What if?").click()
    expect(page.get_by_role("heading", name="What you said")).to_be_visible()
    rewrites = page.get_by_role("heading", name=re.compile("^Rewrite [1-3]$"))
    assert 1 <= rewrites.count() <= 3
    spread = page.get_by_role("img", name=re.compile(r"^Trust [+-]\d\.\d\d \(from .* to .*\), distress [+-]"))
    assert spread.count() == 2 * (1 + rewrites.count())  # right after it, and as the talk went on
    expect(page.get_by_text("1 turn later, as you went on").first).to_be_visible()
    expect(
        page.get_by_text(re.compile(r"Better than what you said in \d+ % of 40 draws")).first
    ).to_be_visible()
    first = page.get_by_role("region", name="Rewrite 1")
    first.get_by_text("What Maya might answer").click()
    expect(first.get_by_role("listitem").first).to_be_visible()
    shot(page, "what-if")
    cited = page.get_by_role("main").get_by_role("link").filter(has_text=":").first
    title = cited.inner_text()
    cited.click()
    expect(page.get_by_role("dialog").get_by_role("heading", name=title)).to_be_visible()
    page.keyboard.press("Escape")
    sentence = first.locator("blockquote").first.inner_text().strip("“”")
    first.get_by_role("link", name="Go back and say it").click()
    expect(page.get_by_role("textbox", name="This time you say")).to_have_value(sentence)


def test_what_if_takes_a_sentence_of_my_own(regretting, watch):
    page = regretting.page
    regretting.turn(1).get_by_role("link", name="What if?").click()
    own = page.get_by_role("textbox", name="Try a sentence of your own")
    own.fill(REPAIR)
    regretting.press("Try it")
    tried = page.get_by_role("region", name="Your own other words")
    expect(tried.locator("blockquote")).to_contain_text(REPAIR)
    expect(tried.get_by_role("img", name=re.compile("^Trust "))).to_have_count(2)
    tried.get_by_role("link", name="Go back and say it").click()
    expect(page.get_by_role("textbox", name="This time you say")).to_have_value(REPAIR)
    page.go_back()
    watch.allow("status of 422")
    own.fill("too long " * 500)
    regretting.press("Try it")
    expect(page.get_by_role("alert").filter(has_text="4,000 is the most")).to_be_visible()
    expect(own).to_have_value("too long " * 500)


def test_danger_in_words_that_are_only_tried_is_met_with_help_too(served, page):
    server = served()
    person = Person(page, server.url)
    person.begin()
    person.say(OPENING)
    person.visit(f"/talks/{person.talk}/turns/1/what-if")
    page.get_by_role("textbox", name="Try a sentence of your own").fill("I want to kill myself tonight")
    person.press("Try it")
    rail = page.get_by_role("alert").filter(has_text="Out of the role play for a moment")
    expect(rail.get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("heading", name="Your own other words")).to_have_count(0)
    assert "kill myself" not in page.get_by_role("main").inner_html()


@pytest.mark.parametrize("said", ["too long " * 500, "   "], ids=["too long", "blank"])
def test_other_words_that_cannot_be_taken_are_told_and_not_lost(regretting, said, watch):
    watch.allow("status of 422")
    first = regretting.talk
    regretting.follow("Say turn 1 differently")
    box = regretting.page.get_by_role("textbox", name="This time you say")
    box.fill(said)
    regretting.press("Say it")
    told = "4,000 is the most" if said.strip() else "The turn is empty"
    expect(regretting.page.get_by_role("alert").filter(has_text=told)).to_be_visible()
    expect(box).to_have_value(said)
    regretting.visit(f"/talks/{first}/tree")
    expect(regretting.page.get_by_text("There is one try so far.")).to_be_visible()


def test_who_left_can_be_met_again_before_they_did(person):
    person.begin("daniel")
    number = 0
    while person.words.count():
        number += 1
        person.say(f"Tell me now, for the {number}th time.")
        person.page.wait_for_load_state("networkidle")
    first = person.talk
    person.turn(number).get_by_role("link", name=f"Say turn {number} differently").click()
    person.page.get_by_role("textbox", name="This time you say").fill("I'm here.")
    person.press("Say it")
    person.answered(number)
    assert person.talk != first
    expect(person.words).to_be_visible()


def test_nothing_that_was_typed_is_ever_in_an_address(regretting):
    page, asked = regretting.page, []
    page.on("request", lambda request: asked.append(unquote_plus(request.url + str(request.headers))))
    regretting.say("It makes sense, xylophone.")
    regretting.words.fill("xylophone, half typed")
    page.reload()
    differently(regretting, "I'm here, xylophone.", 3)
    regretting.follow("Tries")
    page.get_by_role("link", name="Compare").first.click()
    page.go_back()
    page.get_by_role("link", name=re.compile("xylophone")).first.click()
    regretting.visit(f"/talks/{regretting.talk}/turns/1/what-if")
    page.get_by_role("textbox", name="Try a sentence of your own").fill(f"{HEARD} Xylophone.")
    regretting.press("Try it")
    tried = page.get_by_role("region", name="Your own other words")
    tried.get_by_role("link", name="Go back and say it").click()
    regretting.press("Say it")
    regretting.answered(1)
    regretting.follow("Debrief")
    assert len([url for url in asked if "/turns" in url]) >= 5
    assert [url for url in asked if "xylophone" in url.lower()] == []
