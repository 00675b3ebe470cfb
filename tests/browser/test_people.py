"""Who comes to the page, and how: by keyboard, by touch, by ear, in the dark, on a bad line, at length."""

import re
import secrets
import time
from dataclasses import replace
from functools import partial

import pytest
from playwright.sync_api import expect

from simulator.domain.codebook import Code
from simulator.session import Simulator
from simulator.settings import Settings
from simulator.testing import turn
from simulator.web.app import create
from tests.browser.cable import Cable
from tests.browser.cast import cast
from tests.browser.conftest import PHONE
from tests.browser.person import Person
from tests.browser.server import Server, product
from tests.conftest import OPENING, REPAIR
from tests.web.conftest import Gated

HURT = "Relax, it's not a big deal."
HEARD = "You sat there alone."
SECRET = "I want to kill myself tonight"
NARROW = 360
OWNING = "I went straight to defending myself."
ANSWER = ["Next time you're held up, come to me first.", "Even if you've nothing to say."]
"""What Iris answers to OWNING after a silence, with the seed that all talks have here."""


# Every page


def _looked_into(person):
    person.open("Minimising")
    person.press("Look inside")
    expect(person.page.get_by_role("complementary").get_by_role("img")).to_be_visible()


def _passage_beside(person):
    person.open("Minimising").get_by_role("link", name="Mistake: making it smaller").click()
    expect(person.page.get_by_role("dialog").get_by_role("heading")).to_be_visible()


def _hinted(person):
    person.press("Hint")
    expect(person.page.get_by_role("button", name="Use it")).to_be_visible()


def _disclosed(person):
    if person.words.count():
        person.send(SECRET)
    expect(person.page.get_by_role("heading", name="Out of the role play for a moment")).to_be_visible()


def _played(person):
    expect(person.page.get_by_role("heading", name="Rewrite 1")).to_be_visible()
    person.page.get_by_text("What Maya might answer").first.click()


def _opened(person):
    person.page.get_by_role("group").filter(has_text="passages").first.locator("summary").click()


PAGES = {
    "first page": ("/?persona=iris&scenario=flowers", None),
    "talk begun": ("/talks/{begun}", _hinted),
    "talk": ("/talks/{talk}", _looked_into),
    "passage beside": ("/talks/{talk}", _passage_beside),
    "talk over": ("/talks/{left}", None),
    "safety rail": ("/talks/{danger}", _disclosed),
    "say it differently": ("/talks/{talk}/turns/1/differently?better=1", None),
    "what if": ("/talks/{talk}/turns/1/what-if", _played),
    "lines": ("/talks/{talk}/tree", None),
    "two lines": ("/talks/{line}/against/{talk}", None),
    "debrief": ("/talks/{talk}/debrief", None),
    "debrief of nothing": ("/talks/{begun}/debrief", None),
    "talks": ("/sessions", None),
    "delete one": ("/talks/{talk}/delete", None),
    "delete all": ("/sessions/delete", None),
    "progress": ("/progress", None),
    "self-assessment": ("/self-assessment", None),
    "settings": ("/settings", None),
    "documents": ("/documents", _opened),
    "document": ("/passages/mistake-minimising#mistake-minimising", None),
    "model": ("/model", None),
    "sign in": ("/login", None),
    "no such page": ("/nowhere", None),
    "did not work": ("/passages/none", None),
}


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory, shelf):
    """A page that somebody has used for a while, and the ids of their talks."""
    home = tmp_path_factory.mktemp("lived-in")
    simulator = Simulator(Settings(home=home, cache=home), replace(cast(), store=lambda: shelf))
    server = Server(create(simulator), simulator)
    yield server, _lived(simulator)
    server.stop()


def _lived(simulator):
    from simulator import library

    def held(talk, *said):
        for words in said:
            list(talk.say(words))
        return talk.card.id

    for who in ("iris", "tunde"):
        held(simulator.start(who, "flowers", seed=1), HURT, HEARD, OWNING)
    talk = held(simulator.start("maya", "late-reply", seed=1), OPENING, HEARD, REPAIR, "I'm here.")
    simulator.assess({item.id: 3 for item in library.questionnaire().items})
    pressed = simulator.start("daniel", "late-reply", seed=1)
    while not pressed.ended:
        held(pressed, f"Tell me now, for the {len(pressed.turns) + 1}th time.")
    return {
        "talk": talk,
        "line": held(simulator.branch(talk, 2), "It makes sense. " * 12),
        "left": pressed.card.id,
        "begun": simulator.start("maya", "the-trip", seed=1).card.id,
        "danger": simulator.start("maya", "late-reply", seed=1).card.id,
    }


@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_a_phone_and_can_be_read_by_everybody(
    name, lived_in, origins, window, watch, axe, shot
):
    server, ids = lived_in
    origins.add(server.url)
    watch.allow("status of 40[04]")
    path, act = PAGES[name]
    for device, scheme, options in (("desktop", "light", {}), ("phone", "dark", PHONE)):
        page = window(color_scheme=scheme, **options)
        person = Person(page, server.url)
        person.visit(path.format(**ids))
        if act:
            act(person)
        axe(page)
        shot(page, f"{name} {device}")
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW
    page.context.add_cookies([{"name": "size", "value": "larger", "url": server.url}])
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW


def test_every_page_is_listed_here():
    from starlette.routing import Mount

    from simulator.web.app import ROUTES

    given = {path.split("?")[0].split("#")[0] for path, _ in PAGES.values()}
    shown = {re.sub(r"\{[^}]*\}|\b(1|mistake-minimising|none)\b", "*", path) for path in given}
    pieces = {"/alive", "/talks/*/turns/*/answer", "/talks/*/turns/*/feedback", "/talks/*/hint"}
    pieces |= {"/talks/*/inside", "/talks/*/export/*", "/talks/*/hash"}
    ours = {
        re.sub(r"\{[^}]*\}", "*", route.path)
        for route in ROUTES
        if not isinstance(route, Mount) and "GET" in route.methods
    }
    assert ours - pieces == shown - {"/nowhere"}


# By touch, by keyboard, by ear


def test_a_talk_on_a_phone(served, phone):
    person = Person(phone, served().url)
    person.visit()
    phone.get_by_text("Daniel", exact=True).tap()
    phone.get_by_role("button", name="Begin", exact=True).tap()
    person.words.tap()
    person.words.fill(HURT)
    say = phone.get_by_role("button", name="Say it")
    expect(say).to_be_in_viewport()
    say.tap()
    person.answered(1)
    expect(person.turn(1).get_by_text("Missed: ")).to_have_count(1)
    expect(person.turn(1).get_by_role("paragraph").last).to_be_in_viewport()
    expect(person.words).to_be_in_viewport()


def tab_to(locator, key="Tab", most=40):
    """Press a key until a thing has the focus."""
    for _ in range(most):
        if locator.evaluate("it => it === document.activeElement"):
            return
        locator.page.keyboard.press(key)
    expect(locator).to_be_focused(timeout=100)


def test_everything_can_be_done_by_keyboard(person):
    page, keyboard = person.page, person.page.keyboard
    person.visit()
    keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    tab_to(page.get_by_role("radio", name=re.compile("^Maya,")))
    keyboard.press("ArrowDown")
    chosen = page.get_by_role("group", name="Who would you like to talk with?").locator("input:checked")
    expect(chosen).to_be_focused()
    expect(chosen).not_to_have_value("maya")
    keyboard.press("ArrowUp")
    tab_to(page.get_by_role("radio", name=re.compile("^Six hours")))
    tab_to(page.get_by_role("button", name="Begin", exact=True))
    keyboard.press("Enter")
    expect(person.words).to_be_focused()
    keyboard.type(OPENING)
    keyboard.press("Enter")
    person.answered(1)
    expect(person.words).to_be_focused()
    chip = person.turn(1).get_by_role("group").filter(has_text="Minimising")
    tab_to(chip.locator("summary"), "Shift+Tab")
    keyboard.press("Enter")
    expect(chip.get_by_text("Maya has to make it bigger")).to_be_visible()
    cited = chip.get_by_role("link", name="Mistake: making it smaller")
    tab_to(cited)
    keyboard.press("Enter")
    aside = page.get_by_role("dialog", name="Mistake: making it smaller")
    expect(aside).to_be_visible()
    tab_to(aside.get_by_role("link", name="Open the document"), most=5)
    keyboard.press("Escape")
    expect(aside).to_be_hidden()
    expect(cited).to_be_focused()
    tab_to(page.get_by_role("button", name="Hint"))
    keyboard.press("Enter")
    tab_to(page.get_by_role("button", name="Use it"), "Shift+Tab")
    keyboard.press("Enter")
    expect(person.words).to_be_focused()
    keyboard.press("Enter")
    person.answered(2)
    look = page.get_by_role("button", name="Look inside")
    tab_to(look, "Shift+Tab")
    keyboard.press("Space")
    expect(page.get_by_role("complementary", name="Inside Maya")).to_be_visible()
    expect(look).to_be_focused()


def test_controls_have_names_for_a_screen_reader(person):
    page = person.page
    person.begin()
    expect(page.get_by_role("banner")).to_match_aria_snapshot("""
    - link "Attunement, first page"
    - navigation "Pages":
      - link "Practise"
      - link "Talks"
      - link "Progress"
      - link "Settings"
    """)
    person.say(OPENING)
    expect(page.get_by_role("group").filter(has_text="Minimising")).to_be_visible()
    expect(page.get_by_role("main")).to_match_aria_snapshot("""
    - region "Maya":
      - heading "Maya" [level=1]
      - paragraph: Six hours
      - button "Look inside"
      - link "Debrief"
      - group: The scene
    - log "The talk":
      - article
      - article "Turn 1":
        - paragraph: /^You Relax, I was busy/
        - link "Say turn 1 differently"
        - group: "Missed: Minimising"
        - group: A better sentence
        - link "What if?"
        - paragraph: /^Maya/
    - alert
    - text: Say to Maya
    - textbox "Say to Maya"
    - button "Hint"
    - button "Stay silent"
    - button "Say it"
    """)


def test_what_changes_is_announced(served, page):
    model = Gated("I sat there.")
    person = Person(page, served(replace(cast(), model=model)).url)
    person.begin()
    expect(page.get_by_role("log", name="The talk")).to_be_visible()  # a log is a polite live region
    person.send(HURT)
    expect(person.turn(1)).to_have_attribute("aria-busy", "true")  # nothing is read out half said
    model.let(2)
    person.answered(1)
    assert person.turn(1).get_attribute("aria-busy") is None
    expect(page.locator("#hint")).to_have_attribute("aria-live", "polite")


@pytest.mark.parametrize(("wish", "moving"), [("reduce", False), ("no-preference", True)])
def test_nothing_moves_for_who_wishes_so(served, window, wish, moving):
    model = Gated("I sat there.", "Six hours.")
    person = Person(window(reduced_motion=wish), served(replace(cast(), model=model)).url)
    person.begin()
    person.send(HURT)
    expect(person.turn(1).get_by_label("Maya is answering")).to_be_visible()
    running = "document.getAnimations().filter(it => it.playState === 'running').length"
    assert bool(person.page.evaluate(running)) is moving
    model.let(2)
    expect(person.turn(1)).to_contain_text("I sat there.")
    assert bool(person.page.evaluate(running)) is moving
    model.let()
    person.answered(1)


# On a bad line


def same_draws(settings):
    """The app in a process of its own, its talks with the seed that all have here."""
    secrets.randbelow = lambda _below: 1
    return product(doubtful_cast, settings)


def doubtful_cast():
    """Slow to speak, and very slow to be sure that a lighthouse is no danger."""
    return replace(cast(0.25), alarm=lambda text: time.sleep(60) if "lighthouse" in text else None)


AWAY = "The simulator is not answering."
BROKEN = r"net::ERR_|htmx:|\[object Event\]"
"""What a browser complains of when a line breaks."""


def test_a_server_that_goes_away_takes_no_word_along(mortal, page, settings, watch):
    watch.allow(BROKEN)
    server = mortal(make=partial(same_draws, settings))
    person = Person(page, server.url)
    person.begin("iris")
    person.say("...")
    person.words.press_sequentially("I went straight")
    server.kill()
    person.words.press_sequentially(" to defending")
    person.words.press("Enter")
    away = page.get_by_role("status").filter(has_text=AWAY)
    expect(away).to_be_visible()
    person.words.press_sequentially(" myself.")
    expect(person.words).to_have_value(OWNING)
    server.start()
    expect(away).to_be_hidden()
    expect(person.words).to_have_value(OWNING)
    person.words.press("Enter")
    # frame by frame: an expectation looks once a second, and the sentence after this one is short
    page.wait_for_function("said => document.body.innerText.includes(said)", arg=ANSWER[0])
    server.kill()
    person.words.press_sequentially("And now I")
    expect(away).to_be_visible()
    expect(person.turn(2)).to_contain_text(ANSWER[0])
    server.start()
    person.answered(2)
    expect(person.turn(2)).to_contain_text(" ".join(ANSWER))
    expect(away).to_be_hidden()
    expect(person.words).to_have_value("And now I")
    page.reload()
    expect(page.get_by_role("article", name=re.compile("^Turn "))).to_have_count(2)
    expect(person.turn(2)).to_contain_text(" ".join(ANSWER))
    expect(person.turn(2)).to_contain_text(OWNING)
    expect(person.words).to_have_value("And now I")
    person.send("And now I see the lighthouse.")
    expect(person.turn(3)).to_be_visible()
    server.kill()  # before the safety rail let these words in: they are on no disk
    expect(away).to_be_visible()
    server.start()
    expect(page.get_by_text("Your words are back below.")).to_be_visible()
    expect(person.words).to_have_value("And now I see the lighthouse.")


def test_a_line_that_breaks_in_mid_stream_is_taken_up_again(served, page, origins, watch):
    watch.allow(BROKEN)
    spoken = ["I sat there.", "Six hours, and you call it nothing?"]
    model = Gated(*spoken)
    cable = Cable(served(replace(cast(), model=model)).port)
    origins.add(cable.url)
    person = Person(page, cable.url)
    person.begin()
    person.send(HURT)
    model.let(2)
    expect(person.turn(1)).to_contain_text(spoken[0])
    cable.cut()
    away = page.get_by_role("status").filter(has_text=AWAY)
    expect(away).to_be_visible()
    expect(person.turn(1)).to_contain_text(spoken[0])
    model.let()
    cable.mend()
    person.answered(1)
    expect(person.turn(1)).to_contain_text(" ".join(spoken))
    expect(person.turn(1)).to_have_count(1)
    expect(away).to_be_hidden()


def test_who_comes_back_in_mid_stream_sees_what_was_said_and_what_comes(served, page):
    spoken = ["I sat there.", "Six hours, and you call it nothing?"]
    model = Gated(*spoken)
    person = Person(page, served(replace(cast(), model=model)).url)
    person.begin()
    person.send(HURT)
    model.let(2)
    expect(person.turn(1)).to_contain_text(spoken[0])
    talk = person.talk
    person.visit("/sessions")
    page.get_by_role("link", name=re.compile("Maya, Six hours")).click()
    assert person.talk == talk
    expect(person.turn(1)).to_contain_text(HURT)
    expect(person.turn(1)).to_contain_text(spoken[0])
    model.let()
    person.answered(1)
    expect(person.turn(1)).to_contain_text(" ".join(spoken))
    expect(person.turn(1)).to_have_count(1)


# Several at once, and for long


def test_two_people_at_once_do_not_hear_each_other(served, window):
    server = served(cast(0.02))
    one, other = (Person(window(), server.url) for _ in range(2))
    one.begin("maya")
    other.begin("iris")
    one.send("You sat there alone, bluebell.")
    other.send("It makes sense, foxglove.")
    one.answered(1)
    other.answered(1)
    one.say("I'm here, bluebell.")
    other.say("Tell me now, foxglove.")
    for me, mine, theirs in ((one, "bluebell", "foxglove"), (other, "foxglove", "bluebell")):
        expect(me.turn(2)).to_contain_text(mine)
        me.page.reload()
        expect(me.turn(2)).to_contain_text(mine)
        assert theirs not in me.page.content()


FRAMES = """() => {
  window.gaps = [];
  let last = performance.now();
  const tick = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""
"""Writes down how far apart the frames are that a person sees, in milliseconds."""


def test_a_talk_of_two_hundred_turns_is_as_quick_as_a_short_one(served, page):
    server = served()
    person = Person(page, server.url)
    talk = server.simulator.start("maya", "late-reply", seed=1)
    for number in range(1, 201):
        said = f"{OPENING} And that is the {number}th time."
        server.simulator.ledger.record(talk.card.id, turn(number, said, {Code.MINIMIZE: 0.9}, alarm=0.5))
    person.visit(f"/talks/{talk.card.id}")
    expect(person.turn(200)).to_be_in_viewport()
    page.wait_for_load_state("networkidle")
    words = person.words.element_handle()
    page.evaluate(FRAMES)
    words.type("You sat there alone, and I am late to say so.", delay=15)
    words.press("Enter")
    # by id: looking for roles in a page as long as this is what would take time
    page.wait_for_selector("#turn-201:not([aria-busy]) details")
    gaps = page.evaluate("gaps")
    assert len(gaps) > 60
    assert max(gaps) <= 200, f"the longest gaps between frames: {sorted(gaps)[-5:]} ms"
    expect(person.turn(201)).to_be_in_viewport()
