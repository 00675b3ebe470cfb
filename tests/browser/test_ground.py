"""The ground the browser tests stand on: it must see faults, streams and a server that dies."""

import os
import time

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.browser.cast import SlowModel
from tests.browser.findings import grave
from tests.browser.server import free_port

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html><html lang="en"><head><title>Ground</title><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width"><script defer src="/page.js"></script></head>
<body><main><h1>Ground</h1><p id="words"></p>
<label>Say <input id="say"></label>{extra}</main></body></html>"""
SCRIPT = """
const words = new EventSource("/words");
words.onmessage = event => { document.querySelector("#words").textContent += event.data + " "; };
words.addEventListener("end", () => words.close());
"""


def app(extra=""):
    def page(_request):
        return HTMLResponse(PAGE.format(extra=extra), headers={"Content-Security-Policy": POLICY})

    def words(_request):
        spoken = SlowModel(lambda _messages: f"I am {os.getpid()} now", delay_s=0.3).stream([], None)
        lines = (f"data: {word.strip()}\n\n" for word in spoken)
        return StreamingResponse(_closed(lines), media_type="text/event-stream")

    def script(_request):
        return Response(SCRIPT, media_type="text/javascript")

    routes = [Route("/", page), Route("/words", words), Route("/page.js", script)]
    return Starlette(routes=[*routes, Route("/alive", lambda _r: PlainTextResponse(str(os.getpid())))])


def _closed(lines):
    yield from lines
    yield "event: end\ndata: .\n\n"


@pytest.fixture
def faulty(served, window):
    """Opens the page with something wrong in it."""

    def opened(extra):
        page = window()
        page.goto(served(app=app(extra)).url, wait_until="networkidle")
        return page

    return opened


def test_a_good_page_streams_and_has_no_fault(served, page, axe, shot, watch):
    from playwright.sync_api import expect

    page.goto(served(app=app()).url)
    expect(page.locator("#words")).to_have_text("I", timeout=2000)
    assert page.locator("#words").inner_text() != f"I am {os.getpid()} now"
    expect(page.locator("#words")).to_have_text(f"I am {os.getpid()} now")
    axe(page)
    assert shot(page, "ground").stat().st_size > 1000
    assert watch.faults == []


def test_a_phone_is_narrow_and_is_touched(served, phone):
    phone.goto(served(app=app()).url)
    assert phone.evaluate("[innerWidth, innerHeight, navigator.maxTouchPoints > 0]") == [360, 740, True]
    phone.locator("#say").tap()
    assert phone.evaluate("document.activeElement.id") == "say"


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ("<script>alert(1)</script>", "console error: .*Content Security Policy"),
        ("<p style='color:red'>", "console error: .*Content Security Policy"),
        ("<img alt='' src='/missing.png'>", "console error: .*404"),
        ("<a href='http://example.invalid/'>not followed</a>", ""),
    ],
    ids=["inline script", "inline style", "missing picture", "nothing"],
)
def test_the_watch_sees_what_a_page_does_wrong(faulty, watch, extra, fault):
    faulty(extra)
    assert bool(watch.faults) is bool(fault)
    watch.allow(fault or "^$")
    assert watch.faults == []


def test_the_watch_sees_errors_of_scripts_and_requests_to_elsewhere(served, page, watch):
    page.goto(served(app=app()).url)
    page.evaluate("setTimeout(() => { throw new Error('broken') })")
    page.evaluate("location.assign('http://example.invalid/far')")
    page.wait_for_timeout(300)
    assert [fault for fault in watch.faults if "broken" in fault]
    assert "request to another origin: http://example.invalid/far" in watch.faults
    watch.allow("broken|example.invalid")


def test_axe_findings_say_where(faulty):
    from axe_playwright_python.sync_playwright import Axe

    (found,) = grave(Axe().run(faulty("<input id='bare'>")).response["violations"])
    assert found.startswith("critical: label: ")
    assert "at #bare: " in found


def test_a_killed_server_comes_back_at_the_same_address(mortal, page, watch):
    from playwright.sync_api import expect

    server = mortal(make=app)
    page.goto(server.url)
    first = page.evaluate("fetch('/alive').then(answer => answer.text())")
    page.locator("#say").fill("half a th")
    server.kill()
    assert page.evaluate("fetch('/alive').then(() => 'alive', () => 'dead')") == "dead"
    server.start()
    second = page.evaluate("fetch('/alive').then(answer => answer.text())")
    assert first != second
    assert str(os.getpid()) not in {first, second}
    expect(page.locator("#say")).to_have_value("half a th")
    watch.allow("net::ERR_")


def test_a_slow_model_takes_its_time():
    started = time.monotonic()
    assert "".join(SlowModel(lambda _m: "a b c", delay_s=0.05).stream([], None)) == "a b c"
    assert time.monotonic() - started >= 0.15


def test_ports_are_free():
    assert 1024 < free_port() < 65536
