"""Practising at the page: choose, talk, be told what landed, look inside, stop."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from simulator.domain.screening import Danger
from tests.browser.cast import cast
from tests.browser.person import Person
from tests.conftest import OPENING
from tests.web.conftest import Gated

HURT = "Relax, it's not a big deal."
HEARD = "You sat there alone for six hours."
SECRET = "I want to kill myself tonight"


@pytest.fixture
def talking(person):
    """Somebody who has begun a talk with Maya."""
    person.begin()
    return person


def test_a_person_chooses_from_cards_and_begins(person, shot):
    person.visit()
    shot(person.page, "first-page")
    people = person.page.get_by_role("group", name="Who would you like to talk with?")
    scenes = person.page.get_by_role("group", name="About what?")
    assert people.get_by_role("radio").count() == 6
    assert scenes.get_by_role("radio").count() == 9
    expect(people.get_by_role("radio", name=re.compile("^Maya,"))).to_be_checked()
    people.get_by_text("Daniel").click()  # the whole card is the choice
    scenes.get_by_text("Flowers on the table").click()
    person.press("Begin")
    expect(person.page.get_by_role("heading", name="Daniel")).to_be_visible()
    expect(person.page.get_by_text("Flowers on the table")).to_be_visible()
    expect(person.page.get_by_text("You practise:")).to_be_visible()
    expect(person.page.get_by_role("log", name="The talk")).to_contain_text("Daniel")
    expect(person.words).to_be_focused()
    shot(person.page, "talk-begun")


def test_a_talk_is_found_again_on_the_first_page(talking):
    talking.say(HURT)
    talking.visit()
    talking.page.get_by_role("region", name="Go on with").get_by_role("link", name=re.compile("Maya")).click()
    expect(talking.turn(1)).to_contain_text(HURT)


def test_the_reply_grows_sentence_by_sentence(served, page, shot):
    spoken = ["I sat there.", "Six hours, and you call it nothing?"]
    model = Gated(*spoken)
    person = Person(page, served(replace(cast(), model=model)).url)
    person.begin()
    person.send(HURT)
    turn = person.turn(1)
    expect(turn).to_contain_text(HURT)
    expect(turn.get_by_label("Maya is answering")).to_be_visible()
    expect(person.words).to_have_value("")
    person.words.fill("What I type meanwhile stays")
    model.let(2)
    expect(turn).to_contain_text(spoken[0])
    assert spoken[1] not in turn.inner_text()
    shot(page, "reply-growing")
    model.let()
    expect(turn).to_contain_text(spoken[1])
    expect(person.words).to_have_value("What I type meanwhile stays")
    person.answered(1)
    expect(turn.get_by_label("Maya is answering")).to_have_count(0)
    expect(person.turn(1)).to_have_count(1)


def test_a_turn_can_have_several_lines_and_is_sent_by_the_button_too(talking):
    talking.words.fill("You sat there alone.")
    talking.words.press("Shift+Enter")
    talking.words.press_sequentially("All evening.")
    expect(talking.words).to_have_value("You sat there alone.\nAll evening.")
    talking.press("Say it")
    talking.answered(1)
    expect(talking.turn(1)).to_contain_text("You sat there alone. All evening.")


def test_words_typed_while_a_turn_is_on_its_way_stay(talking):
    held = []
    talking.page.route("**/turns", lambda route: held.append(route))  # noqa: PLW0108 - it wraps no built-in
    talking.send(HEARD)
    talking.words.press("Enter")  # impatience says nothing twice
    talking.words.press_sequentially(" And")
    expect(talking.words).to_have_value(f"{HEARD} And")
    held.pop().continue_()
    talking.answered(1)
    expect(talking.words).to_have_value(" And")
    expect(talking.turn(2)).to_have_count(0)
    expect(talking.page.get_by_role("alert").filter(has_text=".")).to_have_count(0)


def test_a_chip_opens_to_quote_why_and_passage(talking, shot):
    talking.say(OPENING)
    turn = talking.turn(1)
    why = turn.get_by_text("Maya has to make it bigger to be heard")
    expect(turn.get_by_text("Missed: ")).to_have_count(1)
    expect(why).to_be_hidden()
    chip = talking.open("Minimising")
    expect(chip.get_by_text("“not a big deal”")).to_be_visible()
    expect(why).to_be_visible()
    cited = chip.get_by_role("link", name="Mistake: making it smaller")
    shot(talking.page, "chip-open")
    cited.click()
    aside = talking.page.get_by_role("dialog", name="Mistake: making it smaller")
    expect(aside.get_by_role("heading", name="Mistake: making it smaller")).to_be_visible()
    expect(aside).to_contain_text("Julie Menanno")
    shot(talking.page, "passage-beside")
    aside.get_by_role("link", name="Open the document").click()
    marked = talking.page.locator("[aria-current=true]")
    expect(marked.get_by_role("heading", name="Mistake: making it smaller")).to_be_in_viewport()
    assert talking.page.get_by_role("heading", level=2).count() > 1
    shot(talking.page, "document")


def test_a_chip_says_what_landed(talking):
    talking.say(HEARD)
    expect(talking.turn(1).get_by_text("Landed: ")).to_have_count(1)
    expect(talking.open("Landed: ").get_by_text("“You sat there alone”")).to_be_visible()


def test_a_hint_comes_when_asked_for_and_can_be_used(talking, shot):
    expect(talking.page.get_by_text("One thing that could land now")).to_have_count(0)
    talking.press("Hint")
    hint = talking.page.get_by_text("One thing that could land now").locator("..")
    offered = re.search("“(.+)”", hint.inner_text())[1]
    shot(talking.page, "hint")
    talking.press("Use it")
    expect(talking.words).to_have_value(offered)
    expect(talking.words).to_be_focused()
    expect(talking.turn(1)).to_have_count(0)  # nothing is said unless the person says it
    talking.words.press("Enter")
    talking.answered(1)
    expect(talking.turn(1)).to_contain_text(offered)
    expect(hint).to_have_count(0)


def test_feedback_can_wait_until_the_end(person):
    person.visit()
    person.choose("feedback at the end")
    person.press("Begin")
    person.say(OPENING)
    person.page.wait_for_load_state("networkidle")
    expect(person.page.get_by_text("Minimising")).to_have_count(0)
    person.follow("Debrief")
    expect(person.page.get_by_role("heading", name="Costliest moment")).to_be_visible()
    expect(person.page.get_by_text("Minimising").first).to_be_visible()
    person.visit()
    expect(person.page.get_by_role("radio", name="feedback at the end")).to_be_checked()


def test_the_inner_state_is_hidden_until_asked_for_and_the_choice_is_remembered(talking, shot):
    page = talking.page
    inside, look = page.get_by_role("complementary"), page.get_by_role("button", name="Look inside")
    expect(inside).to_be_hidden()
    expect(look).to_have_attribute("aria-expanded", "false")
    look.click()
    expect(page.get_by_role("complementary", name="Inside Maya")).to_be_visible()
    expect(look).to_have_attribute("aria-expanded", "true")
    expect(inside.get_by_role("meter")).to_have_count(4)
    expect(inside.get_by_role("term").filter(has_text="Felt safety")).to_be_visible()
    before = inside.get_by_role("definition").first.inner_text()
    talking.say(OPENING)
    expect(inside.get_by_role("definition").first).not_to_have_text(before)
    expect(inside.get_by_role("img")).to_be_visible()
    inside.get_by_text("Beneath the last reply").click()
    expect(inside.get_by_text("On the surface")).to_be_visible()
    shot(page, "inside-shown")
    page.reload()
    expect(inside.get_by_role("img")).to_be_visible()
    look.click()
    expect(inside).to_be_hidden()
    page.reload()
    expect(page.get_by_role("button", name="Look inside")).to_be_visible()
    expect(inside).to_be_hidden()


def test_silence_is_an_answer(talking):
    talking.words.fill("Half a thought I keep")
    talking.press("Stay silent")
    talking.answered(1)
    expect(talking.turn(1)).to_contain_text("(you say nothing)")
    expect(talking.words).to_have_value("Half a thought I keep")


@pytest.mark.parametrize(
    ("said", "told"),
    [("", "The turn is empty"), ("too long " * 500, "4,000 is the most")],
    ids=["empty", "too long"],
)
def test_a_turn_that_cannot_be_taken_is_told_and_not_lost(talking, watch, said, told):
    watch.allow("status of 422")
    talking.words.fill(said)
    talking.press("Say it")
    alert = talking.page.get_by_role("alert").filter(has_text=told)
    expect(alert).to_be_visible()
    expect(alert).to_be_in_viewport()
    expect(talking.words).to_have_value(said)
    expect(talking.turn(1)).to_have_count(0)
    talking.page.reload()
    expect(talking.words).to_have_value(said)
    talking.say(HEARD)
    expect(alert).to_have_count(0)


def test_what_is_said_is_shown_as_words_whatever_it_is(talking):
    said = '<b onclick=alert(1)>You</b> sat there & "quiet" {{ 7 * 7 }} </article><script>alert(2)</script>'
    talking.say(said)
    expect(talking.turn(1)).to_contain_text(said)
    talking.page.reload()
    expect(talking.turn(1)).to_contain_text(said)


def test_a_persona_may_leave(person, shot):
    person.begin("daniel")
    for number in range(1, 20):
        person.say(f"Tell me now, for the {number}th time.")
        if person.page.get_by_text("Daniel has left the talk.").count():
            break
    expect(person.words).to_have_count(0)
    ended = person.page.get_by_text("Daniel has left the talk. You can go back")
    expect(ended).to_be_in_viewport()
    shot(person.page, "persona-left")
    person.page.reload()
    expect(ended).to_be_visible()
    person.follow("begin another talk")
    expect(person.page.get_by_role("button", name="Begin", exact=True)).to_be_visible()


def test_what_only_sounded_like_danger_is_given_back_and_taken_when_sent_again(served, page, shot):
    def alarm(text):
        return Danger.ABUSE if "kettle" in text else None

    person = Person(page, served(replace(cast(), alarm=alarm)).url)
    person.begin()
    said = "The kettle burned my hand."
    person.send(said)
    expect(page.get_by_role("heading", name="Out of the role play for a moment")).to_be_in_viewport()
    expect(page.get_by_text("say it once more")).to_be_visible()
    expect(person.words).to_have_value(said)
    expect(person.turn(1)).to_have_count(0)
    expect(page.get_by_role("log", name="The talk")).not_to_contain_text("kettle")
    shot(page, "safety-rail-in-doubt")
    person.press("Say it")
    expect(person.turn(1)).to_contain_text(said)
    expect(page.get_by_role("heading", name="Out of the role play for a moment")).to_have_count(0)
    page.reload()
    expect(person.turn(1)).to_contain_text(said)
    expect(person.words).to_have_value("")


def test_a_disclosure_of_danger_stops_the_role_play_and_leaves_no_trace(served, page, settings, shot):
    server = served()
    person = Person(page, server.url)
    person.begin()
    person.say(HEARD)
    person.send(SECRET)
    rail = page.get_by_role("alert").filter(has=page.get_by_role("heading"))
    expect(rail.get_by_role("heading", name="Out of the role play for a moment")).to_be_in_viewport()
    expect(rail.get_by_role("listitem").first).to_be_visible()
    assert rail.get_by_role("listitem").count() >= 2
    expect(person.words).to_have_count(0)
    expect(page.get_by_text("The role play has stopped.")).to_be_visible()
    shot(page, "safety-rail")
    assert SECRET not in page.content()
    assert "kill" not in page.evaluate("JSON.stringify(sessionStorage) + JSON.stringify(localStorage)")
    server.simulator.ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = b"".join(path.read_bytes() for path in settings.home.rglob("*") if path.is_file())
    assert HEARD.encode() in kept
    assert b"kill myself" not in kept
    page.reload()
    expect(rail.get_by_role("heading")).to_be_visible()
    expect(person.turn(1)).to_contain_text(HEARD)
    page.get_by_role("link", name="debrief", exact=True).click()
    expect(page.get_by_role("heading", name="Looking back")).to_be_visible()
    assert "kill myself" not in page.content()


def test_where_to_get_help_is_in_sight_on_a_phone(served, phone):
    person = Person(phone, served().url)
    person.begin()
    person.send(SECRET)
    rail = phone.get_by_role("alert").filter(has=phone.get_by_role("heading"))
    expect(rail).to_be_focused()
    expect(rail.get_by_role("heading")).to_be_in_viewport(ratio=1)
    expect(rail.get_by_role("listitem").first).to_be_in_viewport(ratio=1)


def test_a_model_that_fails_is_told_and_the_turn_can_be_tried_again(served, page):
    from simulator.errors import ModelError
    from simulator.testing import ScriptedModel

    down = [True]

    def answer(_messages):
        if down:
            raise ModelError("the model did not answer; is it running?")
        return "I sat there. Six hours."

    person = Person(page, served(replace(cast(), model=ScriptedModel(answer, capable=True))).url)
    person.begin()
    person.send(HURT)
    trouble = page.get_by_role("alert").filter(has_text="did not answer")
    expect(trouble).to_contain_text("Your turn is kept.")
    expect(person.turn(1)).to_contain_text(HURT)
    down.clear()
    trouble.get_by_role("button", name="Try again").click()
    person.answered(1)
    expect(person.turn(1)).to_contain_text("I sat there.")
    expect(trouble).to_have_count(0)
