"""How the runner grows: `python -m evals.scale [--cases N] [--jobs N]`, on the public fake model.

Holds the same talk (three turns) N times over and prints the runner's own cost a turn, which is the whole
less what the same talks take without a runner, and the memory of the driver at its largest.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from simulator.evals.bench import Bench, Means
from simulator.evals.player import MEMORY, Stage
from simulator.evals.report import write
from simulator.ledger import Ledger
from simulator.session import Simulator
from simulator.settings import Settings
from simulator.testing import fake_parts

SCRIPT = ["It's not a big deal.", "You sat there alone with your phone.", "I'm sorry."]


class Faked(Bench):
    """Suites held with the public fakes."""

    def stage(self, mode: str) -> Stage:  # noqa: ARG002 - as its parent's
        """Fakes in place of models and recordings."""
        return Stage(self.settings, parts=fake_parts)


def main() -> None:
    """Hold them, time them, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    case = {"persona": "maya", "scenario": "late-reply", "user": {"script": SCRIPT}}
    cases = [{"id": f"case-{n}", "seed": n, **case} for n in range(given.cases)]
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(Path(folder), Path(folder))
        path = Path(folder) / "scale.yaml"
        path.write_text(json.dumps({"suite": "scale", "cases": cases}))
        bench = Faked.open(settings, [path])
        talks = bench.talks()
        begun = time.perf_counter()
        run = bench.begin(talks, Path(folder) / "runs", "live")
        means = Means("process" if given.jobs > 1 else "serial", given.jobs)
        count = sum(1 for _ in bench.hold(run, talks, "live", means))
        held = time.perf_counter() - begun
        begun = time.perf_counter()
        summary = write(run)
        reported = time.perf_counter() - begun
        bare = _bare(settings, min(given.cases, 200))
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    turns = count * len(SCRIPT)
    lines = [
        f"{count} talks, {turns} turns, {given.jobs} worker(s): {held:.1f} s; exit {summary.code.value}",
        f"a turn: {1000 * held / turns:.2f} ms, without a runner {1000 * bare:.2f} ms",
        f"the runner's own: {1000 * (held / turns - bare):.2f} ms a turn (of one worker: --jobs 1)",
        f"reports: {reported:.1f} s; memory of the driver at its largest: {own:.0f} MB",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def _bare(settings: Settings, talks: int) -> float:
    """Seconds a turn of the same talks, held by hand."""
    simulator = Simulator(settings, replace(fake_parts(), ledger=Ledger(MEMORY)))
    begun = time.perf_counter()
    for number in range(talks):
        talk = simulator.start("maya", "late-reply", seed=number)
        for text in SCRIPT:
            list(talk.say(text))
    spent = time.perf_counter() - begun
    simulator.close()
    return spent / (talks * len(SCRIPT))


if __name__ == "__main__":
    main()
