"""Gives talks out and writes down what comes back; the only writer of runs and recordings."""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from simulator.errors import CassetteError, InputError
from simulator.evals.executor import Executor
from simulator.evals.freshness import State
from simulator.evals.judge import Checklist, read_checklist
from simulator.evals.recordings import Recordings
from simulator.evals.run import Run
from simulator.evals.suite import Case, Suite
from simulator.evals.unit import Done, Mode, Unit, key

RunMode = Mode | str


@dataclass(frozen=True)
class Talk:
    """A case and one of its epochs."""

    case: Case
    epoch: int

    @property
    def key(self) -> str:
        """As its unit's."""
        return key(self.case.suite, self.case.id, self.epoch)


def talks(suites: Iterable[Suite], epochs: int | None = None) -> list[Talk]:
    """Every talk of some suites, in order."""
    return [
        Talk(case, epoch)
        for suite in suites
        for case in suite.expanded
        for epoch in range(1, (epochs or case.epochs) + 1)
    ]


def chosen(
    every: Sequence[Talk], *, cases: Sequence[str] = (), tags: Sequence[str] = (), shard: str = ""
) -> list[Talk]:
    """The talks meant by patterns of case ids, tags, and a shard `i/N`; a talk's shard never changes.

    Raises: InputError for a shard that is none, or when nothing is left.
    """
    found = [
        talk
        for talk in every
        if (not cases or any(_named(talk.case, pattern) for pattern in cases))
        and all(any(fnmatchcase(own, tag) for own in talk.case.tags) for tag in tags)
    ]
    if not found:
        raise InputError("no case is selected; `simulator eval list` names them.")
    return [talk for talk in found if _in_shard(talk.key, shard)]


def _named(case: Case, pattern: str) -> bool:
    """Whether a pattern means the case: by its id, or with its suite's name before it."""
    return fnmatchcase(case.id, pattern) or fnmatchcase(f"{case.suite}/{case.id}", pattern)


def _in_shard(key: str, shard: str) -> bool:
    if not shard:
        return True
    part, _, count = shard.partition("/")
    if not (part.isdigit() and count.isdigit() and 1 <= int(part) <= int(count)):
        raise InputError(f"--shard {shard}: write i/N with i from 1 to N, such as 1/3.")
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % int(count) == int(part) - 1


class Driver:
    """Holds the talks of a run with an executor."""

    def __init__(self, recordings: Recordings, executor: Executor) -> None:
        self._recordings, self._executor = recordings, executor
        self._checklists: dict[str, Checklist] = {}

    def work(self, run: Run, wanted: Iterable[Talk], mode: RunMode) -> Generator[Done, None, None]:
        """Hold talks and write each down before it is yielded."""
        known = {talk.key: talk for talk in wanted}
        for done in self._executor.hold(self.units(known.values(), mode)):
            if done.recordings:
                talk = known[done.result.key]
                self._recordings.save(talk.case, talk.epoch, done.recordings)
            run.append(done)
            yield done

    def units(self, wanted: Iterable[Talk], mode: RunMode) -> Iterator[Unit]:
        """The work for each talk, read from disk when a worker is free for it."""
        for talk in wanted:
            yield self._unit(talk, mode)

    def _unit(self, talk: Talk, mode: RunMode) -> Unit:
        case, epoch = talk.case, talk.epoch
        lists = {e.judge: self._checklist(e.judge) for e in case.expect if e.check == "conversation"}
        if mode in {"live", "record"}:
            return Unit(case, epoch, "record" if mode == "record" else "live", checklists=lists)
        try:
            standing = self._recordings.standing(case, epoch)
            why: Sequence[str] = standing.why if standing.state is State.DRIFTED else ()
            if mode == "record-missing" and standing.state is State.MISSED:
                return Unit(case, epoch, "record", checklists=lists)
        except CassetteError as error:
            why = [str(error)]
        played: Mode = "restamp" if mode == "restamp" else "replay"
        return Unit(case, epoch, played, self._recordings.load(case, epoch), lists, why)

    def _checklist(self, name: str) -> Checklist:
        if name not in self._checklists:
            self._checklists[name] = read_checklist(self._recordings.judges, name)
        return self._checklists[name]


def beside(suites: Mapping[Path, Suite], name: str) -> Path:
    """A folder beside the suites' own: `evals/cassettes` for `evals/suites/styles.yaml`."""
    folder = next(iter(suites)).resolve().parent
    return (folder.parent if folder.name == "suites" else folder) / name
