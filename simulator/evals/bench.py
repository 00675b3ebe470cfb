"""The use cases of eval suites: open, state, run, resume, record, score. Front ends parse and print."""

import dataclasses
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator import library
from simulator.errors import CassetteError, InputError, LibraryError
from simulator.evals.driver import Driver, RunMode, Talk, beside, chosen, talks
from simulator.evals.executor import Kind, executor
from simulator.evals.freshness import Standing, State
from simulator.evals.judge import read_checklist
from simulator.evals.player import PLAYED, Stage, verdict
from simulator.evals.recordings import Recordings
from simulator.evals.run import Run
from simulator.evals.suite import Case, Suite, find, read_suite
from simulator.evals.trainee import bank
from simulator.evals.unit import Done, Status
from simulator.settings import Settings

SECONDS_A_TURN = 4.0
"""A guess for talks that were never recorded."""


@dataclass(frozen=True)
class Means:
    """How a run is held."""

    kind: Kind = "serial"
    workers: int = 1
    ray_address: str | None = None


class Bench:
    """Some suites with their recordings."""

    def __init__(
        self, settings: Settings, suites: Mapping[Path, Suite], cassettes: Path | None = None
    ) -> None:
        self.settings, self.suites = settings, suites
        judges = beside(suites, "judges")
        self.recordings = Recordings(
            cassettes or beside(suites, "cassettes"), home=settings.home, judges=judges
        )

    @classmethod
    def open(cls, settings: Settings, paths: Sequence[Path], cassettes: Path | None = None) -> "Bench":
        """Read suite files and check that all they name is there.

        Raises: LibraryError naming file and field, or what is not there.
        """
        suites = {path: read_suite(path) for path in find(paths)}
        if not cassettes and len({path.resolve().parent for path in suites}) > 1:
            raise InputError("suites of several folders: name one folder of recordings with --cassettes.")
        bench = cls(settings, suites, cassettes)
        seen: dict[str, Path] = {}
        for path, suite in suites.items():
            if suite.suite in seen:
                raise LibraryError(f"{path}: suite {suite.suite}: also in {seen[suite.suite]}")
            seen[suite.suite] = path
            for case in suite.expanded:
                bench._check(path, case)
        return bench

    def _check(self, path: Path, case: Case) -> None:
        """All that a case names is there.

        Raises: LibraryError naming file, case and what is not.
        """
        try:
            if case.persona not in library.personas(self.settings.home):
                library.persona(case.persona, self.settings.home)
            if case.scenario not in library.scenarios(self.settings.home):
                library.scenario(case.scenario, self.settings.home)
            for expectation in case.expect:
                if expectation.check == "conversation":
                    read_checklist(self.recordings.judges, expectation.judge)
            if case.user.style:
                bank()
        except (InputError, LibraryError) as error:
            raise LibraryError(f"{path}: case {case.id}: {error}") from error

    @property
    def cases(self) -> list[Case]:
        """Every case of every suite."""
        return [case for suite in self.suites.values() for case in suite.expanded]

    def talks(
        self,
        *,
        epochs: int | None = None,
        cases: Sequence[str] = (),
        tags: Sequence[str] = (),
        shard: str = "",
        failed_from: Path | None = None,
        stale: bool = False,
    ) -> list[Talk]:
        """The talks that are meant.

        Raises: InputError when none is, or an option cannot be used.
        """
        every = talks(self.suites.values(), epochs)
        if failed_from:
            earlier = Run.open(failed_from)
            passed = {key for key, r in earlier.results().items() if r.status is Status.PASS}
            every = [talk for talk in every if talk.key in set(earlier.manifest["units"]) - passed]
            if not every:
                raise InputError(f"--failed-from {failed_from}: none of these talks failed there.")
        found = chosen(every, cases=cases, tags=tags, shard=shard)
        if stale:
            found = [t for t in found if self.standing(t).state is not State.FRESH]
        return found

    def standing(self, talk: Talk, max_age_days: float | None = None) -> Standing:
        """The state of a talk's recordings; one that cannot be read counts as missed."""
        own = next(s for s in self.suites.values() if s.suite == talk.case.suite)
        try:
            most = own.max_age_days if max_age_days is None else max_age_days
            return self.recordings.standing(talk.case, talk.epoch, most)
        except CassetteError as error:
            return Standing(talk.case.id, talk.epoch, State.MISSED, [str(error)])

    def cost(self, wanted: Sequence[Talk]) -> tuple[int, float]:
        """Calls and seconds that recording will take, from last time or else by a guess."""
        calls, seconds = 0, 0.0
        for talk in wanted:
            known, user = self.standing(talk), talk.case.user
            turns = len(user.script) + 2 * user.turns + len(user.doses)
            calls += known.calls or turns
            seconds += known.seconds or SECONDS_A_TURN * turns
        return calls, seconds

    def begin(self, wanted: Sequence[Talk], out: Path, mode: RunMode, shard: str = "") -> Run:
        """A new run's folder.

        Raises: InputError when it cannot be made.
        """
        keys = [talk.key for talk in wanted]
        told = {
            "mode": mode,
            "cassettes": str(self.recordings.root.resolve()),
            "judges": str(self.recordings.judges.resolve()),
            "seeds": {t.key: t.case.seed_of(t.epoch) for t in wanted},
        }
        return Run.create(out, self.suites, keys, told | ({"shard": shard} if shard else {}))

    @classmethod
    def reopen(cls, settings: Settings, run: Run) -> "Bench":
        """The suites of a run as they were, with the recordings it used.

        Raises: LibraryError when they cannot be read.
        """
        suites = {run.folder / "suites" / f"{suite.suite}.yaml": suite for suite in run.suites}
        cassettes = Path(run.manifest["cassettes"])
        bench = cls(settings, suites, cassettes)
        bench.recordings.judges = Path(run.manifest["judges"])
        return bench

    def hold(
        self, run: Run, wanted: Sequence[Talk], mode: RunMode, means: Means
    ) -> Generator[Done, None, None]:
        """Hold talks; each is written down before it is yielded."""
        hands = executor(means.kind, self.stage(mode), means.workers, means.ray_address)
        yield from Driver(self.recordings, hands).work(run, wanted, mode)

    def stage(self, mode: RunMode) -> Stage:
        """What the players of a run work with."""
        if mode not in PLAYED:
            return Stage(self.settings, judges=self.recordings.judges)
        keyless = dataclasses.replace(self.settings, endpoints={})
        return Stage(keyless, shared=self.recordings.shared.dump(), judges=self.recordings.judges)

    def left(self, run: Run) -> list[Talk]:
        """The talks of a run that have no result yet.

        Raises: InputError when its suites no longer hold one of them.
        """
        run.mend()
        known = {talk.key: talk for talk in talks(self.suites.values(), 100)}
        left = run.left()
        if gone := [key for key in left if key not in known]:
            raise InputError(f"{run.folder}: {gone[0]} is no longer in its suites; hold the run anew.")
        return [known[key] for key in left]

    def score(self, run: Run) -> int:
        """Ask the expectations of today's suite files again of a run's transcripts; returns how many.

        Raises: InputError when the run's results cannot be read.
        """
        run.mend()
        cases = {(case.suite, case.id): case for case in self.cases}
        count = 0
        for key, result in run.results().items():
            case, episode = cases.get((result.suite, result.case)), run.episode(key)
            if case is None or episode is None or case.inputs != result.inputs:
                continue
            if result.status in {Status.PASS, Status.FAIL}:
                told = {outcome.id: outcome for outcome in result.outcomes if case.checks == result.checks}
                outcomes = [
                    told.get(e.id, e.ask(episode)) if e.check == "conversation" else e.ask(episode)
                    for e in case.expect
                ]
                status, reason = verdict(outcomes)
                run.append_result(
                    dataclasses.replace(
                        result,
                        status=status,
                        reason=reason,
                        outcomes=outcomes,
                        checks=case.checks,
                        tags=case.tags,
                    )
                )
                count += 1
        return count
