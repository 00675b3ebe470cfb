"""A browser, servers on loopback, and a watch on everything the browser complains of.

Run by `make browser`, not by `make test`: a Chromium and loopback are needed. Playwright never
downloads one; the system's is used.
"""

import os
import re
import shutil
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from simulator.session import Simulator
from simulator.store import Store
from simulator.testing import HashingEmbedder
from tests.browser.cast import cast
from tests.browser.findings import grave
from tests.browser.person import Person
from tests.browser.watch import Watch

HERE = Path(__file__).parent
# Read before the tests' own fixture clears the environment.
ARTEFACTS = Path(os.environ.get("SIMULATOR_ARTEFACTS") or "artefacts").absolute()
REQUIRED = bool(os.environ.get("CI_REQUIRES_BROWSER"))
NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # whatever a page asks for, nothing leaves this machine
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
PATIENCE_MS = 10_000
LATE_MS = 50
"""How long a fault may be under way when the test ends."""
FAILED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Every test in this folder needs a browser; a file cannot forget to say so."""
    for item in items:
        if HERE in item.path.parents and not isinstance(item, pytest.DoctestItem):
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Let fixtures know that their test failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def chromium():
    """Where the system's Chromium is."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        reason = f"no browser: none of {', '.join(NAMES)} is on the PATH; apt-get install chromium"
        pytest.fail(reason) if REQUIRED else pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser(chromium):
    """One browser for all tests; each test has contexts of its own, as private windows are."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        run = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield run
        run.close()


@pytest.fixture
def origins():
    """The origins that the browser may ask in this test."""
    return set()


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    """Our passages, indexed once; a test that adds documents brings parts with a store of their own."""
    return Store(tmp_path_factory.mktemp("shelf"), HashingEmbedder())


@pytest.fixture(autouse=True)
def _same_draws(monkeypatch):
    """Talks begin with the same seed, so that a test reads the same words every time."""
    monkeypatch.setattr("simulator.session.secrets.randbelow", lambda _below: 1)


@pytest.fixture
def served(settings, origins, shelf):
    """`served(parts)` serves the web app in a thread and gives a Server (`url`, `stop`).

    `served(app=...)` serves another app. The simulator is `served(parts).simulator`.
    """
    from tests.browser.server import Server

    with ExitStack() as stack:

        def serve(parts=None, *, password="", app=None):
            simulator = None
            if app is None:
                from simulator.web.app import create

                simulator = Simulator(settings, parts or replace(cast(), store=lambda: shelf))
                stack.callback(simulator.close)
                app = create(simulator, password=password)
            server = Server(app, simulator)
            stack.callback(server.stop)
            origins.add(server.url)
            return server

        yield serve


@pytest.fixture
def mortal(settings, origins):
    """`mortal(delay_s=0.2)` serves the web app in a process: `kill()` it, `start()` it, same port and home.

    `mortal(make=...)` serves another app, made by a module's function.
    """
    from tests.browser.server import MortalServer, product

    with ExitStack() as stack:

        def serve(*, delay_s=0.0, password="", make=None):
            server = MortalServer(make or partial(product, partial(cast, delay_s), settings, password))
            stack.callback(server.kill)
            origins.add(server.url)
            return server

        yield serve


@pytest.fixture
def watch(origins):
    """The faults the browser met; `watch.allow(pattern)` names those a test brings about."""
    return Watch(origins)


@pytest.fixture
def window(browser, watch, served, mortal, request):  # the servers outlive the pages, which would complain
    """`window(**options)` opens a page in a context of its own; fails the test on any fault of the watch."""
    pages = []

    def open_window(**options):
        context = browser.new_context(**DESKTOP | options)
        context.set_default_timeout(PATIENCE_MS)
        watch.attach(context)
        pages.append(context.new_page())
        return pages[-1]

    yield open_window
    for page in pages:
        page.wait_for_timeout(LATE_MS)
    if request.node.stash.get(FAILED, False) or watch.faults:
        for number, page in enumerate(pages, start=1):
            _picture(page, f"failed-{request.node.name}-{number}")
    for page in pages:
        page.context.close()
    if watch.faults:
        pytest.fail("the browser complained:\n  " + "\n  ".join(watch.faults), pytrace=False)


@pytest.fixture
def page(window):
    """A desktop's page."""
    return window()


@pytest.fixture
def phone(window):
    """A phone's page."""
    return window(**PHONE)


@pytest.fixture
def person(page, served):
    """Somebody at a desktop, at a page of their own."""
    return Person(page, served().url)


@pytest.fixture
def shot():
    """`shot(page, name)` keeps a picture of the whole page among the artefacts."""
    return _picture


@pytest.fixture
def axe():
    """`axe(page)` fails on serious and critical findings."""
    from axe_playwright_python.sync_playwright import Axe

    def check(page):
        found = grave(Axe().run(page).response["violations"])
        if found:
            pytest.fail(f"axe on {page.url}:\n" + "\n".join(found), pytrace=False)

    return check


def _picture(page, name):
    path = ARTEFACTS / (re.sub(r"[^\w-]+", "-", name) + ".png")
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path, full_page=True, animations="disabled")
    return path
