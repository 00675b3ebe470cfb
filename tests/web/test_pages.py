"""Every page when there is nothing, when there is something, and when something is wrong."""

import json
import re
import zipfile
from io import BytesIO

import pytest
from starlette.testclient import TestClient

from simulator import library
from simulator.domain.affect import Affect
from simulator.errors import StoreError, WeightsError
from simulator.session import Simulator
from simulator.settings import Settings
from simulator.testing import turn
from simulator.web import fetching, practise
from simulator.web.app import create
from simulator.web.view import HERE
from simulator.weights import find
from tests.conftest import OPENING, REPAIR
from tests.web.conftest import BROWSER, Asgi, Markup, begin, fakes, say, until
from tests.web.test_guard import PAGES, asked

IN_PLACE = {"hx-request": "true"}
ABSENT = ["nobody-000000", "%00", "'; DROP TABLE sessions; --", "ü\u202e", "a" * 3000]


def text(answer):
    return " ".join(Markup(answer.text).text.split())


@pytest.fixture(scope="module")
def reader(shelf, tmp_path_factory):
    """A browser at a page where a talk was held, for tests that only look."""
    home = tmp_path_factory.mktemp("held")
    with TestClient(create(Simulator(Settings(home, home), fakes(shelf))), **BROWSER) as client:
        yield client


@pytest.fixture(scope="module")
def talk(reader):
    """A talk with two turns."""
    found = begin(reader)
    say(reader, found, OPENING)
    say(reader, found, REPAIR)
    return found


@pytest.fixture(scope="module")
def line(reader, talk):
    """Another try of the talk."""
    answer = reader.post(f"/talks/{talk}/turns/2/differently", data={"words": "I'm here."})
    found = re.match("/talks/([^#]+)#turn-2", answer.headers["location"])[1]
    reader.get(f"/talks/{found}/turns/2/answer")
    return found


@pytest.fixture(scope="module")
def ledger(reader):
    return reader.app.state.rooms.simulator.ledger


# nothing yet


EMPTY = {
    "/": "Practise the talk you dread.",
    "/sessions": "No talks yet.",
    "/progress": "Nothing to show yet: a talk counts from its third turn.",
    "/self-assessment": "How you see yourself in hard talks",
    "/settings": "The model on this machine",
    "/documents": "None yet.",
    "/model": "It is here.",
    "/login": "Sign in",
    "/sessions/delete": "0 talks and every self-assessment",
}


@pytest.mark.parametrize("path", EMPTY)
def test_a_page_with_nothing_on_it_says_so(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert EMPTY[path] in text(answer)


def test_a_talk_in_which_nothing_was_said_yet(client, simulator):
    talk = begin(client)
    shown = {
        "": simulator.ledger.card(talk).opening,
        "/debrief": "Nothing was said in this talk with Maya.",
        "/tree": "There is one try so far.",
        "/inside": "Inside Maya",
        f"/against/{talk}": "0 turns in common",
        "/delete": "0 turns, all that was felt in them",
        "/hint": "One thing that could land now",
    }
    for path, words in shown.items():
        answer = client.get(f"/talks/{talk}{path}")
        assert answer.status_code == 200, path
        assert words in text(answer), path
    assert client.get(f"/talks/{talk}/export/md").status_code == 400


# a talk


def test_every_page_of_a_talk_shows_it(reader, talk, line, ledger):
    replies = [one.reply for one in ledger.turns(talk)]
    shown = {
        f"/talks/{talk}": [OPENING, REPAIR, *replies, "Tries"],
        f"/talks/{talk}/debrief": ["Looking back", OPENING, "Take it with you"],
        f"/talks/{talk}/tree": [OPENING, "I'm here.", "from turn 2"],
        f"/talks/{talk}/against/{line}": ["1 turn in common", REPAIR, "I'm here.", replies[1]],
        f"/talks/{talk}/turns/2/differently": [REPAIR, replies[0]],
        f"/talks/{talk}/turns/1/what-if": [OPENING],
        f"/talks/{talk}/inside": ["Felt safety", "Beneath the last reply"],
        f"/talks/{line}": [OPENING, "I'm here."],
        "/sessions": ["2 turns", "another try, from turn 2"],
        "/": ["Go on with"],
        f"/talks/{talk}/delete": ["2 turns"],
    }
    for path, words in shown.items():
        answer = reader.get(path)
        assert answer.status_code == 200, path
        for each in words:
            assert each in text(answer), (path, each)


def test_feedback_quotes_and_cites_and_leads_to_the_passage(reader, talk):
    told = reader.get(f"/talks/{talk}/turns/1/feedback").text
    assert "not a big deal" in Markup(told).text
    cited = re.search(r'href="(/passages/[^"]+)"', told)[1]
    passage = reader.get(cited, headers=IN_PLACE).text
    whole = reader.get(cited).text
    assert Markup(passage).text.strip().splitlines()[0] in Markup(whole).text
    assert 'aria-current="true"' in whole


def test_what_if_tells_of_rewrites_and_of_ones_own_words(reader, talk):
    path = f"/talks/{talk}/turns/1/what-if"
    told = reader.post(path, data={"say": "You sat there alone."}, headers=IN_PLACE)
    assert "Your own other words" in text(told)
    assert "of 40 draws" in text(told)
    danger = reader.post(path, data={"say": "I want to kill myself tonight"}, headers=IN_PLACE)
    assert "Out of the role play for a moment" in text(danger)
    assert "kill myself" not in danger.text


def test_words_that_are_none_begin_no_line(reader, talk, ledger):
    before = [row.card.id for row in ledger.summaries()]
    answer = reader.post(f"/talks/{talk}/turns/1/differently", data={"words": " \u200b "})
    assert answer.status_code == 422
    assert "The turn is empty" in text(answer)
    assert [row.card.id for row in ledger.summaries()] == before


def test_better_words_are_offered_where_they_were_asked_for(reader, talk, ledger):
    path = f"/talks/{talk}/turns/1/differently"
    empty, offered = (Markup(reader.get(path + query).text) for query in ("", "?better=1"))
    found = reader.app.state.rooms.room(talk).talk.feedback(ledger.turns(talk)[0]).better
    assert found
    assert found not in empty.text
    assert found in offered.text


EXPORTS = {
    "md": ("text/markdown", OPENING.encode()),
    "html": ("text/html", b"<!doctype html>"),
    "pdf": ("application/pdf", b"%PDF-"),
    "csv": ("text/csv", b"session,turn,"),
    "json": ("application/json", b'"said"'),
    "bundle": ("application/zip", b"PK"),
}


@pytest.mark.parametrize("form", EXPORTS)
def test_a_debrief_can_be_taken_away(reader, talk, form):
    answer = reader.get(f"/talks/{talk}/export/{form}")
    media, holds = EXPORTS[form]
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    assert holds in answer.content
    assert answer.headers["content-disposition"].startswith(f"attachment; filename*=UTF-8''{talk}")
    if form == "json":
        json.loads(answer.content)
    if form == "bundle":
        assert zipfile.ZipFile(BytesIO(answer.content)).testzip() is None


def test_a_talk_whose_persona_is_gone_can_be_seen_and_deleted(client, simulator):
    talk = begin(client)
    with simulator.ledger.connection as connection:
        connection.execute("UPDATE sessions SET persona='gone'")
    assert "gone" in text(client.get("/sessions"))
    assert client.get(f"/talks/{talk}").status_code == 400
    assert "Delete this talk with gone?" in text(client.get(f"/talks/{talk}/delete"))
    assert client.post(f"/talks/{talk}/delete").status_code == 303
    assert simulator.ledger.summaries() == []


def test_progress_and_self_assessment_once_there_is_something(client, simulator):
    talk = begin(client)
    for number in range(1, 5):
        state = Affect(0.3, 0.6, 0.4, 0.1)
        said = turn(number, REPAIR, {}, comfort=0.5)
        simulator.ledger.record(talk, type(said)(**vars(said) | {"before": state, "after": state}))
    items = library.questionnaire().items
    unanswered = client.post("/self-assessment", data={items[0].id: "4"})
    assert unanswered.status_code == 422
    assert f'name="{items[0].id}" value="4" required checked' in unanswered.text
    assert client.post("/self-assessment", data={item.id: "4" for item in items}).status_code == 303
    page = text(client.get("/progress"))
    assert "Talks over time" in page
    assert "How you see yourself, and what these talks show" in page


@pytest.mark.parametrize("value", ["²", "9" * 5000, "-1", "6", "0", "4.5", "", "٣", "yes"])
def test_an_answer_off_the_scale_is_told_of(client, value):
    given = {item.id: "3" for item in library.questionnaire().items}
    given[next(iter(given))] = value
    assert client.post("/self-assessment", data=given).status_code == 422


def test_the_page_remembers_how_its_owner_likes_it(client):
    assert 'data-theme="auto"' in client.get("/login").text
    for seen in ("light", "dark", "auto"):
        answer = client.post("/likings/theme")
        assert {"httponly", "samesite=strict"} <= set(answer.headers["set-cookie"].lower().split("; "))
        assert f'data-theme="{seen}"' in client.get("/login").text
    forged = {"cookie": 'theme="><script>; size=huge'}
    assert 'data-theme="auto" data-size="normal"' in client.get("/login", headers=forged).text


def test_what_is_missing_is_fetched_before_the_first_talk(client, simulator, monkeypatch):
    monkeypatch.setattr(simulator, "missing_files", lambda: ["chat"])
    answer = client.post("/talks", data={"persona": "maya", "scenario": "late-reply"})
    assert answer.headers["location"] == "/model?persona=maya&scenario=late-reply"
    page = client.get(answer.headers["location"]).text
    assert "Fetch it" in page
    assert 'action="/model?persona=maya&amp;scenario=late-reply"' in page
    assert simulator.ledger.summaries() == []


def test_a_fetch_shows_how_far_it_is_and_why_it_stopped(client, simulator, monkeypatch):
    def pull(_entry, _cache, progress):
        progress(find("chat").size // 2, find("chat").size)
        raise WeightsError("qwen.gguf: no source could be reached.")

    monkeypatch.setattr(simulator, "missing_files", lambda: ["chat"])
    monkeypatch.setattr(fetching, "pull", pull)
    assert client.post("/model").status_code == 303
    until(lambda: not client.app.state.fetching.running)
    assert client.app.state.fetching.done == find("chat").size // 2
    page = client.get("/model").text
    assert "no source could be reached" in page
    assert "Try again" in page


@pytest.mark.parametrize("fault", [OSError("disk"), ValueError("x")])
def test_a_fetch_that_fails_in_an_unforeseen_way_says_so(client, simulator, monkeypatch, fault):
    def pull(_entry, _cache, _progress):
        raise fault

    monkeypatch.setattr(simulator, "missing_files", lambda: ["chat"])
    monkeypatch.setattr(fetching, "pull", pull)
    client.post("/model")
    until(lambda: not client.app.state.fetching.running)
    assert "Something unexpected happened" in text(client.get("/model"))


# what is not there


def with_ids():
    return [route for route in PAGES if "{id}" in route.path or "{other}" in route.path]


@pytest.mark.parametrize("absent", ABSENT)
def test_a_talk_that_is_not_there_is_told_of_in_one_line(client, absent):
    for route in with_ids():
        for method in route.methods - {"HEAD"}:
            answer = client.request(method, asked(route, absent), headers={"accept": "text/html"})
            assert answer.status_code in {400, 404}, f"{method} {route.path}"
            assert_one_line(answer)


def assert_one_line(answer):
    """A plain page that says what is wrong, and nothing of our insides."""
    assert "Traceback" not in answer.text
    assert "simulator/" not in answer.text
    assert "Error" not in answer.text
    if answer.headers["content-type"].startswith("text/html"):
        assert len(re.findall("<main", answer.text)) == 1
        assert Markup(answer.text).faults() == []


NOT_THERE = [
    "/talks/{id}/turns/0/differently",
    "/talks/{id}/turns/3/differently",
    "/talks/{id}/turns/3/what-if",
    "/talks/{id}/turns/3/feedback",
    "/talks/{id}/turns/-1/what-if",
    "/talks/{id}/turns/x/what-if",
    "/talks/{id}/turns/99999999999999999999/what-if",
    "/talks/{id}/turns/99999999999999999999/differently",
    "/talks/{id}/turns/99999999999999999999/feedback",
    "/talks/{id}/turns/" + "9" * 5000 + "/feedback",
    "/talks/{id}/export/exe",
    "/talks/{id}/export/..%2fjson",
    "/talks/{id}/against/nobody",
    "/passages/nothing",
    "/passages/..%2f..%2fetc%2fpasswd",
    "/passages/" + "é" * 2000,
    "/static/%2e%2e/app.py",
    "/static/..%2fapp.py",
    "/static/%00",
    "/static/" + "a" * 4000,
    "/static/",
    "/static/fonts",
    "/nowhere",
]


@pytest.mark.parametrize("path", NOT_THERE, ids=lambda path: path[:50])
def test_what_is_not_there_is_told_of_in_one_line(reader, talk, path):
    answer = reader.get(path.replace("{id}", talk), headers={"accept": "text/html"})
    assert answer.status_code in {400, 404}
    assert_one_line(answer)


RAW = [
    "/static/../app.py",
    "/static/./../app.py",
    "/../etc/passwd",
    "//evil.example",
    "//",
    "/\0",
    "/talks/..",
    "/%",
]


@pytest.mark.parametrize("path", RAW)
def test_no_path_climbs_out(app, path):
    assert Asgi(app, path).status in {400, 404}


@pytest.mark.parametrize("path", ["/talks/../", "//evil.example/", "/sessions/", "/talks/x/"])
def test_a_slash_too_many_leads_nowhere_else(app, path):
    answer = Asgi(app, path)
    assert answer.status in {307, 404}
    assert answer.headers.get("location", "http://localhost/").startswith("http://localhost/")


@pytest.mark.parametrize("number", ["0", "3", "99999999999999999999"])
def test_no_line_begins_at_a_turn_that_is_not_there(reader, talk, number, ledger):
    before = len(ledger.summaries())
    answer = reader.post(f"/talks/{talk}/turns/{number}/differently", data={"words": "I'm here."})
    assert answer.status_code in {400, 404}
    assert len(ledger.summaries()) == before


@pytest.mark.parametrize(
    "given",
    [
        {"persona": "nobody", "scenario": "late-reply"},
        {"persona": "../maya", "scenario": "late-reply"},
        {"persona": "maya", "scenario": "<script>"},
        {"persona": "\0", "scenario": "late-reply"},
    ],
)
def test_a_talk_with_nobody_or_about_nothing_does_not_begin(client, given, simulator):
    answer = client.post("/talks", data=given)
    assert answer.status_code == 400
    assert_one_line(answer)
    assert simulator.ledger.summaries() == []


def test_a_fault_in_place_is_told_in_its_place(reader, talk):
    answer = reader.get(f"/talks/{talk}/turns/9/feedback", headers=IN_PLACE)
    assert answer.status_code == 422
    assert answer.headers["hx-retarget"] == "#problem"
    assert answer.text.startswith('<p class="trouble">turn 9: not one of this talk.')


def test_talks_of_two_trees_are_not_compared(reader, talk):
    answer = reader.get(f"/talks/{talk}/against/{begin(reader, 'daniel')}")
    assert answer.status_code == 400
    assert "did not begin as one talk" in text(answer)


# faults of ours


SECRET = "I have hated her since the wedding"


def test_an_unforeseen_fault_prints_its_kind_and_place_and_never_what_was_said(
    client, simulator, monkeypatch, capfd
):
    def broken():
        raise RuntimeError(SECRET)

    monkeypatch.setattr(simulator.ledger, "summaries", broken)
    answer = client.get("/sessions")
    assert answer.status_code == 500
    assert "Something unexpected happened" in answer.text
    assert SECRET not in answer.text
    told = capfd.readouterr()
    assert re.fullmatch(
        r"simulator: unexpected RuntimeError \(test_pages\.py:\d+\); please report it\.\n", told.err
    )
    assert told.out == ""


def test_a_fault_within_a_stream_prints_nothing_that_was_said(client, monkeypatch, capfd):
    def broken(*_args):
        raise RuntimeError(SECRET)

    talk = begin(client)
    monkeypatch.setattr(practise, "_whole", broken)
    client.get(f"/talks/{talk}/turns/1/answer")
    told = capfd.readouterr()
    assert told.err.startswith("simulator: unexpected RuntimeError (test_pages.py:")
    assert SECRET not in told.err + told.out


def test_an_expected_fault_that_is_nobodys_input_is_told_too(client, simulator, monkeypatch):
    def damaged():
        raise StoreError("store: damaged; remove the folder and run again.")

    monkeypatch.setattr(simulator.ledger, "summaries", damaged)
    answer = client.get("/sessions")
    assert answer.status_code == 500
    assert "store: damaged; remove the folder and run again." in text(answer)


# our own files


OUTSIDE = re.compile(r"""(?:https?:)?//[a-z0-9.-]+""", re.IGNORECASE)
ALLOWED = {"http://www.w3.org", "http://localhost"}


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(HERE.rglob("*")) if p.suffix in {".html", ".css", ".js", ".svg"}],
    ids=lambda path: path.name,
)
def test_no_file_of_the_page_names_a_third_party(path):
    code = re.sub(r"(?m)^\s*//.*$|(?<=[;{}(,\s])//\s.*$", "", path.read_text("utf-8"))  # comments
    if "vendor" in path.parts:
        assert not re.search(r"""["'`](?:https?:)?//(?!www\.w3\.org)[a-z]""", code)
        return
    found = {match for match in OUTSIDE.findall(code) if match not in ALLOWED}
    assert found == set()
    assert "@import" not in code
    assert path.suffix != ".html" or not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=)", code)


def test_every_page_loads_only_from_here_and_runs_only_what_is_bundled(reader, talk, line):
    pages = [
        *EMPTY,
        *("/nowhere", "/passages/none"),
        *(f"/talks/{talk}{rest}" for rest in ("", "/debrief", "/tree", "/inside", "/hint", "/delete")),
        *(f"/talks/{talk}/turns/1/{rest}" for rest in ("what-if", "differently", "feedback")),
        *(f"/talks/{talk}/against/{line}", f"/talks/{line}"),
    ]
    for path in pages:
        assert Markup(reader.get(path).text).faults() == [], path
    asked_for = reader.get(f"/talks/{talk}/turns/1/what-if", headers=IN_PLACE).text
    assert Markup(asked_for).faults() == []
