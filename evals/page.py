"""Measures the page in Chromium, on the real model: `python -m evals.page [--turns N] [--starts N]`.

From starting the server to its first page, from a key to the words on the page, to the persona's first
words, and how evenly a talk of 200 turns moves. Medians of one run; another machine differs.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evals.speed import SAID
from simulator.domain.dialogue import Turn
from simulator.ledger import Ledger

PORT = 8431
HOME = f"http://127.0.0.1:{PORT}/"
LONG = 200
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
GAPS = """() => new Promise(done => {
  const gaps = []; let last = performance.now();
  const end = last + 2000, box = document.querySelector("#words");
  const step = now => { gaps.push(now - last); last = now; scrollBy(0, -40);
    box.value += "a"; box.dispatchEvent(new Event("input", {bubbles: true}));
    now < end ? requestAnimationFrame(step) : done(gaps); };
  requestAnimationFrame(step); })"""


@contextmanager
def served(home: Path) -> Iterator[float]:
    """The page's server on a home folder; gives the seconds to its first answer."""
    command = [sys.executable, "-m", "simulator", "web", "--no-open", "--port", str(PORT)]
    begun = time.perf_counter()
    with subprocess.Popen(
        command, env=os.environ | {"SIMULATOR_HOME": str(home)}, stderr=subprocess.DEVNULL
    ) as child:
        while not _answers():
            time.sleep(0.01)
        try:
            yield time.perf_counter() - begun
        finally:
            child.terminate()


def _answers() -> bool:
    try:
        with urllib.request.urlopen(HOME) as page:
            return bool(page.status == 200)
    except OSError:
        return False


def talked(page: Any, turns: Sequence[str]) -> tuple[list[float], list[float]]:
    """Milliseconds from Enter to my words, and seconds to the persona's first, for each turn."""
    page.goto(HOME)
    page.wait_for_timeout(8000)  # a reader chooses meanwhile
    page.get_by_role("button", name="Begin").click()
    echoes, firsts = [], []
    for number, words in enumerate(turns, start=1):
        page.locator("#words").fill(words)
        page.wait_for_timeout(1000)
        begun = time.perf_counter()
        page.locator("#words").press("Enter")
        page.locator(f"#turn-{number} .mine").wait_for()
        echoes.append((time.perf_counter() - begun) * 1000)
        page.locator(f"#turn-{number} .sentence, #turn-{number}:not(.pending) .theirs").first.wait_for(
            timeout=180_000
        )
        firsts.append(time.perf_counter() - begun)
        page.locator(f"#turn-{number}:not(.pending) .theirs").wait_for(timeout=180_000)
    return echoes, firsts


def lengthened(home: Path) -> str:
    """Make the talk in a home folder one of 200 turns; its id."""
    ledger = Ledger(home / "sessions.sqlite")
    session = ledger.summaries()[0].card.id
    held = ledger.turns(session)
    for number in range(len(held) + 1, LONG + 1):
        ledger.record(session, Turn.from_dict(held[number % len(held)].as_dict() | {"number": number}))
    ledger.close()
    return session


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder)
        starts = []
        for _ in range(given.starts):
            with served(home) as seconds:
                starts.append(seconds)
        tell("server to first page", starts, "s")
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        with served(home):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            echoes, firsts = talked(page, SAID[: given.turns])
            tell("Enter to my words on the page", echoes, "ms")
            tell("to the first words of the reply, first turn", firsts[:1], "s")
            tell("to the first words of the reply, later turns", firsts[1:], "s")
            session = lengthened(home)
            for address, told in (
                (HOME, "first page"),
                (f"{HOME}talks/{session}", f"a talk of {LONG} turns"),
            ):
                page.goto(address)
                page.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length")
                tell(f"{told} painted", [page.evaluate(PAINT)], "ms")
            tell("frames while typing and scrolling in it", page.evaluate(GAPS), "ms")
            browser.close()


def tell(what: str, values: Sequence[float], unit: str) -> None:
    """Print the median, the 99th percentile and the largest of some values."""
    ordered = sorted(values)
    late = ordered[int(len(ordered) * 0.99)]
    median = statistics.median(ordered)
    sys.stdout.write(f"{what}: median {median:.2f} {unit}, 99 % {late:.2f}, largest {ordered[-1]:.2f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
