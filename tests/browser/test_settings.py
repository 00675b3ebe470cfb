"""Settings at the page: how it looks, who speaks and where words go, documents, deleting, the door."""

import json
import re
import stat
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.cast import cast
from tests.browser.person import Person
from tests.browser.server import free_port
from tests.conftest import OPENING, REPAIR

KEY = "sk-browser-test-4711"
FAR = "https://models.example.org/v1"
LEAVING = "Your words leave this machine, as you chose: persona to models.example.org"
EVERYWHERE = (
    "/",
    "/talks/{talk}",
    "/talks/{talk}/debrief",
    "/sessions",
    "/progress",
    "/documents",
    "/settings",
)
MEGABYTE = 1 << 20


class Endpoint(ThreadingHTTPServer):
    """A tiny server that speaks as OpenAI's does, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.status, self.says = 200, ["Hel", "lo."]
        self.asked: list[dict] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """The address a user would type."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append({"path": self.path, "key": self.headers["authorization"], **body})
        self.send_response(self.server.status)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for word, end in [*((word, None) for word in self.server.says), ("", "stop")]:
            delta = {"index": 0, "delta": {"content": word}, "finish_reason": end}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
            self.wfile.write(f"data: {json.dumps(chunk | {'choices': [delta]})}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: object) -> None:
        """Say nothing: what is looked at stands in `asked`."""


@pytest.fixture
def endpoint():
    server = Endpoint()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def setting(person):
    """Somebody at the settings."""
    person.visit("/settings")
    return person


def form(person):
    """The part about who speaks."""
    return person.page.locator(
        "form", has=person.page.get_by_role("heading", name="Who speaks for the persona")
    )


def fill(person, address, model="tiny", key=""):
    """Choose a server and say which."""
    form(person).get_by_role("radio", name=re.compile("^A server of my choice")).check()
    form(person).get_by_role("textbox", name="Address").fill(address)
    form(person).get_by_role("textbox", name="Model").fill(model)
    if key:
        form(person).get_by_role("textbox", name="Key").fill(key)


def keep(person):
    """Keep who speaks."""
    form(person).get_by_role("button", name="Save").click()
    expect(person.page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()


# How the page looks


@pytest.mark.parametrize(
    ("chosen", "system", "dark"),
    [("dark", "light", True), ("light", "dark", False), ("as the system", "dark", True)],
)
def test_colours_are_as_chosen_from_the_first_byte_on(served, window, axe, shot, chosen, system, dark):
    page = window(color_scheme=system)
    person = Person(page, served().url)
    person.visit("/settings")
    page.get_by_role("group", name="Colours").get_by_role("radio", name=chosen).check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    expect(page.get_by_role("radio", name=chosen)).to_be_checked()
    theme = {"as the system": "auto"}.get(chosen, chosen)
    for path in ("/", "/settings", "/nowhere"):
        # written by the server: no script repaints, so nothing flashes
        assert f'<html lang="en" data-theme="{theme}"' in page.request.get(person.url + path).text()
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    lightness = sum(map(int, re.findall(r"\d+", background)[:3])) / 3
    assert (lightness < 64) is dark
    axe(page)
    shot(page, f"settings {chosen} on {system}")


def test_reading_size_changes_all_words_and_is_remembered(setting):
    page = setting.page
    size = "parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("radio", name="larger").check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
    assert page.evaluate(size) > 1.25 * before
    assert 'data-size="larger"' in page.request.get(setting.url).text()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# Who speaks, and where words go


def test_a_server_can_be_tested_and_is_told_nothing_of_ours(setting, endpoint):
    fill(setting, endpoint.url, key=KEY)
    setting.press("Test the connection")
    told = form(setting).get_by_text(re.compile(r"^tiny answers at 127\.0\.0\.1:\d+, in \d+\.\d s\."))
    expect(told).to_be_visible()
    expect(told).to_contain_text("That is this machine.")
    (asked,) = endpoint.asked
    assert asked["path"] == "/v1/chat/completions"
    assert asked["key"] == f"Bearer {KEY}"
    assert [message["content"] for message in asked["messages"]] == ["Say hello."]
    setting.page.reload()
    expect(form(setting).get_by_role("radio", name=re.compile("^The model on this machine"))).to_be_checked()


@pytest.mark.parametrize(
    ("status", "says", "told"),
    [(401, [], "refused the key"), (404, [], "knows no model tiny"), (200, [" "], "said nothing")],
)
def test_a_server_that_cannot_serve_is_told_in_one_line(setting, endpoint, status, says, told):
    endpoint.status, endpoint.says = status, says
    fill(setting, endpoint.url)
    setting.press("Test the connection")
    trouble = form(setting).get_by_role("alert").filter(has_text=told)
    expect(trouble).to_be_visible()
    assert "\n" not in trouble.inner_text().strip()


def test_a_dead_address_is_told_in_one_line(setting):
    fill(setting, f"http://127.0.0.1:{free_port()}/v1")
    setting.press("Test the connection")
    expect(form(setting).get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()


@pytest.mark.parametrize(
    ("address", "model", "told"),
    [("ftp://127.0.0.1/v1", "tiny", "must begin with http"), ("http://127.0.0.1/v1", "", "name the model")],
)
def test_half_an_endpoint_is_not_kept(setting, watch, address, model, told):
    watch.allow("status of 4")
    fill(setting, address, model)
    setting.press("Test the connection")
    expect(form(setting).get_by_role("alert").filter(has_text=told)).to_be_visible()
    form(setting).get_by_role("button", name="Save").click()
    expect(setting.page.get_by_text(told)).to_be_visible()
    setting.visit("/settings")
    expect(form(setting).get_by_role("radio", name=re.compile("^The model on this machine"))).to_be_checked()


def test_a_far_server_is_named_on_every_page_and_its_key_on_none(setting, settings, shot):
    page = setting.page
    expect(page.get_by_text("Private: your words stay on this machine.")).to_be_visible()
    fill(setting, FAR, "big", KEY)
    keep(setting)
    talk = setting.begin()
    setting.say(OPENING)
    for path in EVERYWHERE:
        answer = setting.visit(path.format(talk=talk))
        expect(page.get_by_role("note").filter(has_text=LEAVING)).to_be_in_viewport()
        expect(page.get_by_text("your words stay on this machine")).to_have_count(0)
        assert KEY not in answer.text()
    shot(page, "words-leave")
    expect(form(setting).get_by_role("textbox", name="Key")).to_have_value("(kept)")
    file = settings.home / "settings.toml"
    assert KEY in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    keep(setting)  # once more, with the key that only the server knows
    assert KEY in file.read_text()
    page.get_by_role("note").get_by_role("link", name="Change").click()
    form(setting).get_by_role("radio", name=re.compile("^The model on this machine")).check()
    keep(setting)
    expect(page.get_by_text(LEAVING)).to_have_count(0)
    expect(page.get_by_text("Private: your words stay on this machine.")).to_be_visible()
    assert KEY not in file.read_text()


def test_a_key_goes_to_no_server_that_it_was_not_given_for(setting, endpoint):
    fill(setting, FAR, "big", KEY)
    keep(setting)
    fill(setting, endpoint.url)
    setting.press("Test the connection")
    expect(form(setting).get_by_text("tiny answers")).to_be_visible()
    assert [asked["key"] for asked in endpoint.asked if KEY in asked["key"]] == []


def test_a_server_on_this_machine_is_no_way_out(setting):
    fill(setting, "http://localhost:11434/v1")
    keep(setting)
    expect(setting.page.get_by_text("Your words leave this machine")).to_have_count(0)
    expect(setting.page.get_by_text("Private: your words stay on this machine.")).to_be_visible()


def test_personas_remember_unless_they_are_not_to(person):
    person.begin()
    person.say(OPENING, REPAIR, "I'm here.")
    remembers = person.page.get_by_text("Maya remembers")
    person.begin()
    expect(remembers).to_be_visible()
    person.visit()
    person.page.get_by_role("checkbox", name="they remember nothing of earlier talks").check()
    person.press("Begin")
    expect(person.words).to_be_visible()
    expect(remembers).to_have_count(0)
    person.visit("/settings")
    person.page.get_by_role("checkbox", name="Personas remember earlier talks").uncheck()
    keep(person)
    expect(person.page.get_by_role("checkbox", name="Personas remember earlier talks")).not_to_be_checked()
    person.begin()
    expect(remembers).to_have_count(0)


# Deleting


def kept(server, home):
    """Every byte that lies in the home folder."""
    server.simulator.ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_one_talk_or_all_can_be_deleted_for_good(served, page, settings, shot):
    server = served()
    person = Person(page, server.url)
    for who, said in (("maya", "You sat there alone, bluebell."), ("iris", "It makes sense, foxglove.")):
        person.begin(who)
        person.say(said)
    person.visit("/settings")
    person.follow("Delete one talk")
    talks = page.get_by_role("main").get_by_role("listitem")
    expect(talks).to_have_count(2)
    shot(page, "talks")
    mayas = talks.filter(has_text="Maya")
    mayas.get_by_role("link", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete this talk with Maya?")).to_be_visible()
    person.follow("Keep it")
    expect(talks).to_have_count(2)
    mayas.get_by_role("link", name="Delete").click()
    person.press("Delete for good")
    expect(talks).to_have_count(1)
    expect(talks).to_contain_text("Iris")
    assert b"bluebell" not in kept(server, settings.home)
    assert b"foxglove" in kept(server, settings.home)
    person.follow("Delete everything")
    expect(page.get_by_text("1 talk and every self-assessment go for good.")).to_be_visible()
    person.press("Delete everything for good")
    expect(page.get_by_text("No talks yet.")).to_be_visible()
    assert b"foxglove" not in kept(server, settings.home)
    person.visit()
    expect(page.get_by_role("heading", name="Go on with")).to_have_count(0)


# Documents


@pytest.fixture
def shelving(served, page):
    """Somebody at the documents, with a store of their own."""
    person = Person(page, served(cast()).url)
    person.visit("/documents")
    return person


def add(person, name, content):
    """Add a document."""
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    person.page.get_by_label("Add a document").set_input_files(file)
    person.press("Add")


def test_a_document_of_mine_is_cited_afterwards_until_i_remove_it(shelving, shot):
    page = shelving.page
    own = "If it counts for little with you, Maya has to make it bigger to be heard, and the alarm goes up."
    add(shelving, "my notes <b>.txt", f"My supervisor's rule\n\n{own}\n".encode())
    mine = page.get_by_role("listitem").filter(has_text="my notes <b>.txt")
    expect(mine).to_contain_text("1 passage")
    shot(page, "documents")
    shelving.begin()
    shelving.say(OPENING)
    cited = shelving.open("Minimising").get_by_title("my notes <b>")
    expect(cited).to_be_visible()
    cited.click()
    expect(page.get_by_role("dialog")).to_contain_text(own)
    page.get_by_role("dialog").get_by_role("link", name="Open the document").click()
    expect(page.locator("[aria-current=true]")).to_contain_text(own)
    shelving.visit("/documents")
    mine.get_by_role("button", name="Remove").click()
    expect(mine).to_have_count(0)
    shelving.begin()
    shelving.say(OPENING)
    expect(shelving.open("Minimising").get_by_role("link", name="Mistake: making it smaller")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("photo.png", b"\x89PNG", "kinds that can be read are .txt"),
        ("empty.txt", b"  \n", "no text found"),
        ("huge.txt", b"word " * (11 * MEGABYTE // 5), "larger than 10 MB"),
        ("broken.pdf", b"%PDF-1.7 and no more", "broken.pdf"),
        ("broken.docx", b"PK no more", "broken.docx"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value[-6:] else "",
)
def test_a_document_that_cannot_be_read_is_told_in_one_line(shelving, watch, name, content, told):
    watch.allow("status of 4")
    shelving.page.locator("form", has=shelving.page.get_by_label("Add a document")).evaluate(
        "it => it.noValidate = true"
    )
    add(shelving, name, content)
    line = shelving.page.get_by_role("main").get_by_text(told).last
    expect(line).to_be_visible()
    assert "\n" not in line.inner_text().strip()
    assert "/tmp" not in line.inner_text()
    shelving.visit("/documents")
    expect(shelving.page.get_by_text("None yet.")).to_be_visible()


def test_a_document_that_is_too_large_is_not_even_sent(shelving):
    asked = []
    shelving.page.on("request", lambda request: asked.append(request.method))
    add(shelving, "enormous.txt", b"word " * (13 * MEGABYTE // 5))
    field = shelving.page.get_by_label("Add a document")
    assert (
        field.evaluate("it => it.validationMessage") == "That is larger than 10 MB; split it or take a part."
    )
    assert "POST" not in asked
    add(shelving, "small.txt", b"A document that is small enough can be added at once.")
    expect(shelving.page.get_by_role("listitem").filter(has_text="small.txt")).to_be_visible()


# The door


def test_who_has_no_password_stays_outside(served, page, watch, shot):
    watch.allow("status of 4")
    person = Person(page, served(password="correct horse battery").url)
    person.visit("/settings")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    password = page.get_by_role("textbox", name="Password")
    expect(password).to_be_focused()
    password.fill("a guess")
    password.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="That is not the password.")).to_be_visible()
    shot(page, "sign-in")
    password.fill("correct horse battery")
    person.press("Come in")
    person.begin()
    person.say(OPENING)
    talk = person.talk
    person.press("Sign out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    person.visit(f"/talks/{talk}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert OPENING not in page.content()
