"""What every request must pass and every answer carries."""

import re

import pytest
from starlette.routing import Mount

from simulator.web import guard
from simulator.web.app import ROUTES
from simulator.web.view import HERE
from tests.conftest import OPENING
from tests.web.conftest import Asgi, begin, say

STRICT = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
PAGES = [route for route in ROUTES if not isinstance(route, Mount)]
FOREIGN = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
FILES = sorted(str(path.relative_to(HERE / "static")) for path in (HERE / "static").rglob("*.*"))


def asked(route, talk):
    """A path of the route, for a talk with one turn."""
    given = {"id": talk, "other": talk, "number": 1, "form": "json", "passage": "none", "document": "none.md"}
    return route.url_path_for(
        route.name, **{name: given.get(name, "theme") for name in route.param_convertors}
    )


def assert_strict(headers):
    assert {name: headers.get(name) for name in STRICT} == STRICT
    policy = [part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")]
    assert dict(policy) == POLICY
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers


def test_every_route_answers_with_the_strict_headers_and_is_kept_in_no_cache(client):
    talk = begin(client)
    say(client, talk, OPENING)
    for route in PAGES:
        for method in route.methods - {"HEAD"}:
            answer = client.request(method, asked(route, talk))
            assert answer.status_code < 500, f"{method} {route.path}"
            assert_strict(answer.headers)
            assert answer.headers["cache-control"] == "no-store", route.path
    assert client.head("/settings").headers.items() >= client.get("/settings").headers.items()


def test_refusals_and_pages_that_are_none_are_as_strict(client, monkeypatch):
    monkeypatch.setattr(guard, "MOST_BYTES", 10)
    answers = {
        404: client.get("/nowhere"),
        405: client.get("/talks"),
        421: client.get("/", headers={"host": "evil.example"}),
        403: client.post("/talks", headers=FOREIGN),
        413: client.post("/talks", content=b"x" * 11),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert_strict(answer.headers)
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", FILES)
def test_a_static_file_is_kept_for_good_and_never_guessed_at(client, name):
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert_strict(answer.headers)
    kinds = {".css": "text/css", ".js": "javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
    assert (
        next((kind for end, kind in kinds.items() if name.endswith(end)), "")
        in answer.headers["content-type"]
    )


def test_a_static_file_that_is_not_there_is_not_kept(client):
    answer = client.get("/static/gone.css")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_pages_name_static_files_by_what_is_in_them(client):
    named = re.findall(r'"/static/([^"?]+)\?([0-9a-f]{12})"', client.get("/login").text)
    assert {"page.css", "page.js", "icon.svg"} <= {name for name, _ in named}


OURS = ["localhost", "localhost:8420", "127.0.0.1", "127.0.0.1:8420", "[::1]", "[::1]:8420", "LOCALHOST:8420"]
THEIRS = [
    *(
        "evil.example",
        "evil.example:8420",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "[::2]:8420",
    ),
    *(
        "localhost@evil.example",
        "evil.example/localhost",
        "",
        "127.0.0.2",
        "localhost.",
        "::1",
        "[::1",
        "x[::1]",
    ),
]


@pytest.mark.parametrize("host", OURS)
def test_the_page_answers_to_its_own_names(client, host):
    assert client.get("/alive", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", THEIRS)
def test_a_name_that_was_made_to_lead_here_is_refused(client, host):
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "Attunement" not in answer.text


def test_a_request_without_a_host_is_refused(app):
    assert Asgi(app, "/", headers={"host": ""}).status == 421


def writes():
    return [(route, "POST") for route in PAGES if "POST" in route.methods]


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "unheard-of"])
@pytest.mark.parametrize("mode", ["navigate", "cors", "no-cors"])
def test_no_other_site_can_write_here(client, site, mode):
    for route, method in writes():
        sent = {"sec-fetch-site": site, "sec-fetch-mode": mode}
        assert client.request(method, asked(route, "x"), headers=sent).status_code == 403, route.path


def test_a_browser_that_tells_only_the_origin_is_held_to_it(client):
    for route, method in writes():
        for origin in (
            "https://evil.example",
            "null",
            "http://localhost:9999",
            "http://localhost.evil.example",
        ):
            answer = client.request(method, asked(route, "x"), headers={"origin": origin})
            assert answer.status_code == 403, (route.path, origin)


@pytest.mark.parametrize(
    "own",
    [
        {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"origin": "http://localhost"},
        {},
    ],
)
def test_our_own_page_can_write(client, own):
    assert client.post("/likings/theme", headers=own).status_code == 204


def test_a_port_is_part_of_the_origin(client):
    there = {"host": "localhost:8420"}
    assert (
        client.post("/likings/theme", headers=there | {"origin": "http://localhost:8420"}).status_code == 204
    )
    assert client.post("/likings/theme", headers=there | {"origin": "http://localhost"}).status_code == 403


def test_what_was_said_is_not_read_from_another_site(client):
    talk = begin(client)
    for path in (
        f"/talks/{talk}/turns/1/answer",
        f"/talks/{talk}",
        f"/talks/{talk}/export/json",
        "/sessions",
    ):
        for site in ("cross-site", "same-site"):
            for mode in ("cors", "no-cors", "same-origin", "websocket", ""):
                sent = {"sec-fetch-site": site, "sec-fetch-mode": mode}
                assert client.get(path, headers=sent).status_code == 403
                assert client.head(path, headers=sent).status_code == 403


def test_a_link_from_elsewhere_may_be_followed(client):
    sent = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/login", headers=sent).status_code == 200


FORM = {"content-type": "application/x-www-form-urlencoded"}


def test_a_body_too_large_is_refused_before_it_is_read(app, monkeypatch):
    monkeypatch.setattr(guard, "MOST_BYTES", 100)
    told = Asgi(app, "/likings/theme", method="POST", headers={"content-length": "101"}, chunks=[])
    assert told.status == 413
    assert Asgi(app, "/likings/theme", method="POST", headers={"content-length": "100"}).status == 204


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "٣", " "])
def test_a_length_that_is_none_is_refused(app, length):
    headers = [("content-length", length)]
    if length.isascii():
        assert Asgi(app, "/likings/theme", method="POST", headers=headers).status == 400


def test_a_body_that_never_told_its_length_is_bounded_too(app, client, monkeypatch):
    talk = begin(client)
    monkeypatch.setattr(guard, "MOST_BYTES", 100)
    path = f"/talks/{talk}/turns"
    grown = Asgi(app, path, method="POST", headers=FORM, chunks=[b"words=" + b"a" * 50, b"b" * 50])
    assert grown.status == 413
    within = Asgi(app, path, method="POST", headers=FORM, chunks=[b"words=" + b"I" * 5, b" " * 5])
    assert within.status == 303


def test_a_body_that_grows_too_large_is_told_of_on_one_line(app, monkeypatch, capsys):
    monkeypatch.setattr(guard, "MOST_BYTES", 10)
    assert (
        Asgi(app, "/login", method="POST", headers=FORM, chunks=[b"password=", b"secret-secret"]).status
        == 413
    )
    assert capsys.readouterr().err == ""
