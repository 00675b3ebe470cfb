"""A pytest plugin: `pytest --simulator-suite evals/suites` holds the talks of suites as test items.

Every talk is replayed from its recordings; one that fails shows what was expected, one whose
recording does not hold what is asked shows the difference. Nothing heavy is imported until then.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simulator.evals.bench import Bench
    from simulator.evals.driver import Driver, Talk
    from simulator.evals.player import Player

PLAYER: "pytest.StashKey[tuple[Driver, Player]]" = pytest.StashKey()
"""One player a suite file, so that what is heavy is loaded once."""


class TalkError(AssertionError):
    """A talk that did not pass."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    group = parser.getgroup("simulator", "eval suites of the attunement simulator")
    group.addoption(
        "--simulator-suite",
        action="append",
        default=[],
        type=Path,
        metavar="PATH",
        help="hold the talks of this suite file, or of every suite in this folder",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the suites beside whatever else was named."""
    for path in config.getoption("--simulator-suite"):
        config.args.append(str(path))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "SuiteFile | None":
    """A YAML file of a suite that was asked for."""
    asked = [path.resolve() for path in parent.config.getoption("--simulator-suite")]
    if file_path.suffix != ".yaml" or not {file_path.resolve(), file_path.resolve().parent} & set(asked):
        return None
    found: SuiteFile = SuiteFile.from_parent(parent, path=file_path)
    return found


class SuiteFile(pytest.File):
    """A suite; its talks are test items."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item a talk.

        Raises: CollectError naming file and field.
        """
        from simulator import settings
        from simulator.errors import SimulatorError
        from simulator.evals.bench import Bench

        try:
            bench = Bench.open(settings.load(), [self.path])
        except SimulatorError as error:
            raise self.CollectError(str(error)) from None
        for talk in bench.talks():
            name = f"{talk.case.id}-e{talk.epoch:02}"
            yield TalkItem.from_parent(self, name=name, bench=bench, talk=talk)


class TalkItem(pytest.Item):
    """One talk."""

    def __init__(self, *, bench: "Bench", talk: "Talk", **known: Any) -> None:
        super().__init__(**known)
        self._bench, self._talk = bench, talk

    def runtest(self) -> None:
        """Hold the talk.

        Raises: TalkError when it does not pass.
        """
        from simulator.evals.unit import Status

        driver, player = self._hands()
        (unit,) = driver.units([self._talk], "replay")
        result = player.play(unit).result
        if result.status is Status.USER_FAULT:
            pytest.skip(result.reason)
        if not result.passed:
            raise TalkError(f"{result.status.value}: {result.reason}")

    def _hands(self) -> "tuple[Driver, Player]":
        from simulator.evals.driver import Driver
        from simulator.evals.executor import Serial
        from simulator.evals.player import Player

        stash = self.parent.stash  # type: ignore[union-attr]
        if PLAYER not in stash:
            stage = self._bench.stage("replay")
            stash[PLAYER] = Driver(self._bench.recordings, Serial(stage)), Player(stage)
        return stash[PLAYER]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> str:
        """What was expected, without our own frames."""
        if isinstance(excinfo.value, TalkError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo, style))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the talk is written."""
        return self.path, None, f"{self._talk.case.suite}/{self.name}"
