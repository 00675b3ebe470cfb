"""Progress at the page, and the self-assessment beside it."""

import re

import pytest
from playwright.sync_api import expect

from simulator import library
from tests.browser.person import Person
from tests.conftest import OPENING, REPAIR

HEARD = "You sat there alone."


@pytest.fixture
def practised(served, page):
    """Somebody who has held three talks of three turns, one of two, and another try of the first."""
    server = served()
    start = server.simulator.start
    talks = [start(who, "late-reply", seed=1) for who in ("maya", "maya", "iris", "ruth")]
    for number, talk in enumerate(talks):
        for said in (OPENING, HEARD, REPAIR)[: 3 if number < 3 else 2]:
            list(talk.say(said))
    list(server.simulator.branch(talks[0].card.id, 1).say(REPAIR))
    return Person(page, server.url)


def answered(person, answers):
    """Answer statements on the form, in order; None leaves one out."""
    groups = person.page.get_by_role("group")
    for number, answer in enumerate(answers):
        if answer:
            groups.nth(number).get_by_role("radio", name=answer, exact=True).check()
    person.press("Keep my answers")


def test_nobody_has_practised_yet(person, shot):
    person.visit("/progress")
    expect(person.page.get_by_text("Nothing to show yet: a talk counts from its third turn.")).to_be_visible()
    expect(person.page.get_by_role("table")).to_have_count(0)
    shot(person.page, "progress-empty")
    person.follow("Begin a talk")
    expect(person.page.get_by_role("button", name="Begin", exact=True)).to_be_visible()


def test_a_talk_counts_from_its_third_turn(person):
    person.begin()
    person.say(OPENING, HEARD)
    person.visit("/progress")
    expect(person.page.get_by_role("table")).to_have_count(0)
    person.page.go_back()
    person.say(REPAIR)
    person.visit("/progress")
    over_time = person.page.get_by_role("region", name="Talks over time").last
    expect(over_time.get_by_role("row")).to_have_count(2)  # a head and a talk
    expect(over_time).to_contain_text("Maya")


def test_skills_are_shown_style_by_style_with_how_sure_that_is(practised, shot):
    page = practised.page
    practised.visit("/progress")
    table = page.get_by_role("region", name=re.compile("^Skills by style")).last.get_by_role("table")
    assert table.get_by_role("columnheader").all_inner_texts() == ["Skill", "All", "Secure", "Anxious"]
    presence = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Presence"))
    levels = presence.get_by_role("cell").all_inner_texts()
    assert re.search(r"[0-4]\.\d\s+[0-4]\.\d to [0-4]\.\d, n = 3", levels[0])
    assert "n = 1" in levels[1]
    assert "n = 2" in levels[2]
    over_time = page.get_by_role("region", name="Talks over time").last
    expect(over_time.get_by_role("row")).to_have_count(4)
    expect(page.get_by_text("1 other try you made with hindsight is not counted.")).to_be_visible()
    shot(page, "progress")
    over_time.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name="Looking back")).to_be_visible()


def test_what_to_practise_next_is_one_press_away(practised):
    page = practised.page
    practised.visit("/progress")
    advice = page.locator("section", has=page.get_by_role("heading", name="Practise next"))
    expect(advice.get_by_role("paragraph").first).not_to_be_empty()
    name, title = advice.get_by_role("link").inner_text().split(": ", 1)
    advice.get_by_role("link").click()
    expect(page.get_by_role("radio", name=re.compile(f"^{name},"))).to_be_checked()
    expect(page.get_by_role("radio", name=re.compile(f"^{re.escape(title)}"))).to_be_checked()
    practised.press("Begin")
    expect(practised.words).to_be_visible()


def test_a_self_assessment_needs_every_answer_and_is_set_beside_the_talks(practised, served, shot):
    page = practised.page
    practised.visit("/progress")
    expect(page.get_by_role("heading", name="How you see yourself, and what these talks show")).to_have_count(
        0
    )
    practised.follow("Answer")
    count = len(library.questionnaire().items)
    expect(page.get_by_role("group")).to_have_count(count)
    answered(practised, ["often"] * (count - 1))
    expect(page).to_have_url(re.compile("/self-assessment$"))  # the browser points to the one left out
    missing = page.get_by_role("group").last.get_by_role("radio").first
    assert missing.evaluate("it => it.validity.valueMissing")
    expect(page.get_by_role("group").last).to_be_in_viewport()
    shot(page, "self-assessment")
    answered(practised, [*[None] * (count - 1), "never"])
    told = page.get_by_role("region", name="How you see yourself, and what these talks show").last
    expect(told.get_by_role("row")).to_have_count(9)  # a head and a skill each
    presence = told.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Presence"))
    expect(presence).to_contain_text(re.compile(r"[0-4]\.\d against [0-4]\.\d \(3 talks\)"))
    expect(page.get_by_role("link", name="Answer", exact=True)).to_have_count(0)  # not due again yet
    shot(page, "progress-compared")
    practised.visit("/")
    expect(page.get_by_role("link", name="Answer first")).to_have_count(0)


def test_a_browser_that_lets_a_gap_through_is_told_and_keeps_its_answers(person, watch):
    watch.allow("status of 422")
    person.visit("/self-assessment")
    person.page.locator("main form").evaluate("form => form.noValidate = true")
    answered(person, ["often", "seldom"])
    expect(
        person.page.get_by_role("alert").filter(has_text="12 of 14 statements have no answer yet")
    ).to_be_visible()
    expect(person.page.get_by_role("group").first.get_by_role("radio", name="often")).to_be_checked()
    expect(person.page.get_by_role("group").nth(1).get_by_role("radio", name="seldom")).to_be_checked()


def test_a_self_assessment_is_offered_before_the_first_talk_and_not_pressed(person):
    person.visit()
    person.follow("Answer first")
    person.follow("Not now")
    expect(person.page.get_by_role("heading", name="Progress")).to_be_visible()
    person.visit()
    person.press("Begin")
    expect(person.words).to_be_visible()
