"""Text that would be markup, code or a path: it is only ever shown."""

import json
import re
import shutil
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from starlette.testclient import TestClient

from simulator import library
from simulator.files import loads
from simulator.session import Simulator
from simulator.settings import Endpoint, Settings
from simulator.testing import turn
from simulator.web import documents
from simulator.web.app import create
from simulator.web.view import render
from tests.conftest import OPENING
from tests.web.conftest import BROWSER, Markup, begin, fakes, say

SPELLS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "{{7*7}}{% raw %}${7*7}",
    "javascript:alert(1)",
    "</textarea></title><svg onload=alert(1)>",
    "<!--<style>*{}</style>-->&lt;b&gt;&#x3c;i&#62;",
)
EVIL = " ".join(SPELLS)
KEY = '"><img src=x onerror=alert(1)>'
BACKWARDS = "\u202e\u2066"
LONG = "a" * 4000
IN_PLACE = {"hx-request": "true"}


@pytest.fixture(scope="module")
def haunted(shelf, tmp_path_factory):
    """Everything that somebody could write is hostile: persona, scene, server, document."""
    home = tmp_path_factory.mktemp("haunted")
    _persona(home / "personas" / KEY)
    _scenario(home / "scenarios" / f"{KEY}.yaml")
    endpoint = Endpoint(f'https://{quote(KEY, safe="<>=()")}"><b>.example/v1{EVIL}', EVIL)
    run = Simulator(Settings(home, home, {"persona": endpoint}), replace(fakes(shelf), store=None))
    with TestClient(create(run), **BROWSER) as client:
        yield client


def _persona(folder):
    folder.mkdir(parents=True)
    source = library.folder("personas") / "maya"
    card = loads((source / "persona.yaml").read_text("utf-8"))
    for field in ("name", "summary", "upbringing", "voice"):
        card[field] = f"{EVIL} {BACKWARDS}"
    card["triggers"] = card["soothes"] = [EVIL, EVIL]
    (folder / "persona.yaml").write_text(json.dumps(card), "utf-8")  # which is YAML too
    bank = loads((source / "lines.yaml").read_text("utf-8"))
    for number, line in enumerate(line for lines in bank["lines"].values() for line in lines):
        line["say"] = f"Spell {number} {EVIL}."
        line["more"] = f"More {number} {EVIL}."
    (folder / "lines.yaml").write_text(json.dumps(bank), "utf-8")
    shutil.copy(source / "interview.yaml", folder)


def _scenario(path):
    path.parent.mkdir(parents=True)
    card = loads((library.folder("scenarios") / "late-reply.yaml").read_text("utf-8"))
    for field in ("title", "briefing", "goal", "role", "place"):
        card[field] = f"{EVIL} {{name}}" if field == "briefing" else EVIL
    card["openings"] = {kind: [f"{EVIL} {kind}"] for kind in card["openings"]}
    path.write_text(json.dumps(card), "utf-8")


def upload(client, name, content=b"# A heading\n\nSome words on listening, and a few more."):
    """Add a document, its name as it is."""
    told = name.replace('"', '\\"').encode()
    body = b'--x\r\nContent-Disposition: form-data; name="document"; filename="' + told + b'"\r\n'
    body += b"Content-Type: text/plain\r\n\r\n" + content + b"\r\n--x--\r\n"
    return client.post(
        "/documents", content=body, headers={"content-type": "multipart/form-data; boundary=x"}
    )


def test_nothing_that_was_written_anywhere_becomes_markup(haunted):
    client, store = haunted, haunted.app.state.rooms.simulator.store
    document = f"{SPELLS[1]}{SPELLS[3]}<script>.md"
    assert upload(client, document, f"# {EVIL}\n\n{EVIL} and more.".encode()).status_code == 303
    talk = begin(client, KEY, KEY)
    whole = say(client, talk, f"It's not a big deal {EVIL}")
    say(client, talk, f"Tell me now {EVIL} {LONG[:3000]}")
    path = f"/talks/{quote(talk)}"
    line = client.post(f"{path}/turns/2/differently", data={"words": EVIL}).headers["location"].split("#")[0]
    client.get(f"{line}/turns/2/answer")
    (cited,) = (p.id for p in store.passages() if p.topic == "user")
    shown = {
        path: EVIL,
        f"{path}/debrief": EVIL,
        f"{path}/tree": EVIL,
        f"{path}/against/{line.removeprefix('/talks/')}": EVIL,
        f"{path}/turns/1/differently": EVIL,
        f"{path}/turns/1/differently?better=1": EVIL,
        f"{path}/turns/1/what-if": EVIL,
        f"{path}/turns/1/feedback": "not a big deal",
        f"{path}/inside": EVIL,
        f"{path}/hint": "",
        f"{path}/delete": EVIL,
        f"/passages/{cited}": EVIL,
        f"/?persona={quote(KEY)}&scenario={quote(KEY)}": EVIL,
        f"/model?persona={quote(EVIL)}&scenario={quote(EVIL)}": "",
        "/sessions": EVIL,
        "/progress": "",
        "/settings": EVIL,
        "/documents": document,
    }
    for address, words in shown.items():
        answer = client.get(address)
        assert answer.status_code == 200, address
        page = Markup(answer.text)
        assert page.faults() == [], address
        held = [value for _, attributes in page.elements for value in attributes.values() if value]
        assert words in page.text.replace(BACKWARDS, "") or words in held, address
        assert not re.search(r"<(script>|img|svg onload|style)", answer.text), address
    assert Markup(whole).faults() == []
    for address in (f"/passages/{cited}", f"{path}/turns/1/what-if"):
        assert Markup(client.get(address, headers=IN_PLACE).text).faults() == []
    own = client.post(f"{path}/turns/1/what-if", data={"say": EVIL}, headers=IN_PLACE)
    assert EVIL in Markup(own.text).text
    assert Markup(own.text).faults() == []


def test_what_is_taken_away_carries_the_words_as_words(haunted):
    client, talk = haunted, begin(haunted, KEY, KEY)
    say(client, talk, f"It's not a big deal {EVIL}")
    for form in ("html", "md", "csv", "json", "pdf", "bundle"):
        answer = client.get(f"/talks/{quote(talk)}/export/{form}")
        assert answer.status_code == 200, form
        told = answer.headers["content-disposition"]
        assert told.startswith("attachment; filename*=UTF-8''%22%3E%3Cimg")
    page = Markup(client.get(f"/talks/{quote(talk)}/export/html").text)
    assert EVIL in page.text
    assert [fault for fault in page.faults() if not fault.startswith("<style>")] == []


@pytest.mark.parametrize("key", ["小林 Ż", "a'b;c=d", "100% me?#1"])
def test_a_persona_of_any_name_can_be_talked_with_and_taken_away(settings, parts, visit, key):
    shutil.copytree(library.folder("personas") / "maya", settings.home / "personas" / key)
    client = visit(create(Simulator(settings, parts)))
    answer = client.post("/talks", data={"persona": key, "scenario": "late-reply"})
    address = answer.headers["location"]
    assert client.get(address).status_code == 200
    talk = client.app.state.rooms.simulator.ledger.summaries()[0].card.id
    say(client, talk, OPENING)
    exported = client.get(f"/talks/{quote(talk)}/export/md")
    assert exported.status_code == 200
    assert exported.headers["content-disposition"].startswith("attachment; ")
    links = [
        attributes["href"] for tag, attributes in Markup(client.get("/sessions").text).elements if tag == "a"
    ]
    ours = [link for link in links if link.startswith("/talks/")]
    assert ours
    assert all(client.get(link).status_code == 200 for link in ours)


def test_a_word_of_four_thousand_letters_is_a_turn_and_one_more_is_not(client):
    talk = begin(client)
    assert LONG in Markup(say(client, talk, LONG)).text
    answer = client.post(f"/talks/{talk}/turns", data={"words": f"{LONG}a"}, headers=IN_PLACE)
    assert answer.status_code == 422
    assert "4,001 characters" in answer.text


def test_letters_that_turn_text_around_or_are_none_are_taken_out_of_a_turn(client):
    talk = begin(client)
    say(
        client,
        talk,
        "I\u202e hear\0\x07 you\ud83d\ude00.\r\n\u200bAll of it.".encode("utf-16", "surrogatepass").decode(
            "utf-16"
        ),
    )
    (said,) = (one.said for one in client.app.state.rooms.simulator.ledger.turns(talk))
    assert said == "I hear you\U0001f600. All of it."


# any text at all

ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=80)
TEXTS = st.lists(
    ANY | st.sampled_from([*SPELLS, "<", "&", '"', "'", "<!--", "]]>", "\r", "\u2028"]), min_size=1
)
QUICK = bounded(
    deadline=None,
    max_examples=30,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def plain(client, simulator):
    """A talk with two turns of plain words, and how its pages are built."""
    talk = begin(client)
    paths = [f"/talks/{talk}", f"/talks/{talk}/turns/1/differently", f"/talks/{talk}/tree"]
    record(simulator, talk, "Plain words.")
    return talk, {path: Markup(client.get(path).text).skeleton for path in paths}


def record(simulator, talk, words):
    for number in (1, 2):
        simulator.ledger.record(talk, replace(turn(number, words, {}), reply=f"Reply {words}"))


@QUICK
@given(texts=TEXTS)
def test_no_words_change_how_a_page_is_built(client, simulator, plain, texts):
    talk, built = plain
    words = f"I say {''.join(texts)}"
    record(simulator, talk, words)
    for path, skeleton in built.items():
        page = Markup(client.get(path).text)
        assert page.skeleton == skeleton
        assert words in page.text


@bounded(QUICK, max_examples=100)
@given(texts=TEXTS)
def test_no_words_change_how_a_piece_is_built(texts):
    words = "".join(texts)
    for template, values in PIECES.items():
        piece = Markup(render(template, **values(words)))
        assert piece.skeleton == Markup(render(template, **values("plain"))).skeleton, template
        held = [value for _, attributes in piece.elements for value in attributes.values()]
        assert words in piece.text or words in held, template


class Named:
    """Whatever a template asks of a persona, a turn or a passage."""

    def __init__(self, words, **more):
        self.name = self.title = self.text = self.source = self.said = self.reply = self.message = words
        self.trouble = self.key = self.id = words
        self.number, self.path, self.ended = 1, "free", False
        self.sentences, self.places = [words, words], []
        vars(self).update(more)


PIECES = {
    "_growing.html": lambda words: {"persona": Named(words), "sentences": [words]},
    "_hint.html": lambda words: {"hint": words},
    "_problem.html": lambda words: {"problem": words},
    "_passage.html": lambda words: {"passage": Named(words)},
    "_pending.html": lambda words: {"persona": Named(words), "pending": Named(words), "id": words},
    "_rail.html": lambda words: {"disclosed": Named(words, again=words)},
    "_stopped.html": lambda words: {"persona": Named(words), "stopped": Named(words), "id": words},
    "_test.html": lambda words: {
        "problem": "",
        "seconds": 1.0,
        "endpoint": Endpoint(f"http://{words}/", words),
    },
    "_turn.html": lambda words: {
        "persona": Named(words),
        "turn": Named(words),
        "id": words,
        "fresh": False,
        "feedback": "turn",
    },
}


# files and names of files

NAMES = {
    "notes.md": "notes.md",
    "../../evil.md": "evil.md",
    "/etc/evil.md": "evil.md",
    "..\\..\\evil.md": None,
    "ab\u202efdp.md": "abfdp.md",
    "nul\x01l.md": "null.md",
    "<b>&amp;.md": "<b>&amp;.md",
    "100% & more?#1.md": "100% & more?#1.md",
    "höre zu 小.txt": "höre zu 小.txt",
}


@pytest.fixture
def own_store(settings, parts, monkeypatch):
    """A simulator with a store of its own to add to, with hardly a passage of ours in it."""
    few = library.passages()[:1]
    monkeypatch.setattr("simulator.store.passages", lambda: few)
    run = Simulator(settings, replace(parts, store=None))
    yield run
    run.close()


def test_a_document_is_known_by_its_own_name_and_can_be_removed_by_it(own_store, visit, settings):
    client = visit(create(own_store))
    for name, kept in NAMES.items():
        assert upload(client, name).status_code == 303, name
        (stored,) = own_store.store.documents()
        assert stored == kept or (kept is None and "/" not in stored), name
        page = Markup(client.get("/documents").text)
        assert page.faults() == []
        assert stored in page.text
        remove = next(
            a["action"] for tag, a in page.elements if tag == "form" and a["action"].endswith("/delete")
        )
        assert client.post(remove).status_code == 303, name
        assert own_store.store.documents() == []
    assert list(settings.home.parent.rglob("*evil*")) == []


def test_documents_whose_names_look_alike_stay_apart(own_store, visit):
    client = visit(create(own_store))
    names = ["a b.md", "a-b.md", "a-b.txt", "小.md", "林.md"]
    for number, name in enumerate(names):
        assert upload(client, name, f"Words of document {number}.".encode()).status_code == 303
    assert own_store.store.documents() == sorted(names)
    mine = {p.source.document: p.text for p in own_store.store.passages() if p.topic == "user"}
    assert mine == {name: f"Words of document {number}." for number, name in enumerate(names)}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("", b"words", "choose a file first"),
        ("evil.exe", b"MZ", "kinds that can be read are .txt"),
        ("md", b"words", "kinds that can be read are"),
        (f"{'long' * 80}.md", b"words", "too long a name"),
        (f"{'小' * 90}.md", b"words", "too long a name"),
        ("empty.md", b"", "no text found"),
        ("broken.pdf", b"%PDF-1.7 nothing", "not a readable PDF"),
        ("broken.docx", b"PK\x03\x04nothing", "not a readable Word document"),
        ("other.docx", b"no zip at all", "not a readable Word document"),
    ],
    ids=lambda value: str(value)[:14],
)
def test_a_document_that_cannot_be_taken_is_told_of(client, simulator, name, content, told, capfd):
    before = len(simulator.store.passages())
    answer = upload(client, name, content)
    assert answer.status_code == 400
    words = Markup(answer.text).text
    assert told in words
    assert "/tmp" not in words
    assert len(simulator.store.passages()) == before
    assert capfd.readouterr().err == ""


def test_a_document_too_large_is_told_of(client, monkeypatch):
    monkeypatch.setattr(documents, "MOST_DOCUMENT_BYTES", 20)
    answer = upload(client, "large.md", b"w" * 21)
    assert answer.status_code == 400
    assert "larger than" in answer.text


def test_a_field_in_place_of_a_file_is_no_document(client):
    assert client.post("/documents", data={"document": "../../etc/passwd"}).status_code == 400
    assert (
        client.post("/documents", content=b"--x", headers={"content-type": "multipart/form-data"}).status_code
        == 400
    )


@pytest.mark.parametrize(
    "name", ["..%2f..%2fsettings.toml", "nothing.md", "%00", "a" * 3000, "%E2%80%AE", "."]
)
def test_a_document_that_is_not_there_is_not_removed(client, name):
    assert client.post(f"/documents/{name}/delete").status_code in {400, 404}
