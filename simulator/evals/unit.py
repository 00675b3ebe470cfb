"""One piece of work for an executor, and what comes back: plain data that any process can hold."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from simulator.evals.episode import Episode
from simulator.evals.expectation import Outcome
from simulator.evals.judge import Checklist
from simulator.evals.suite import Case

Mode = Literal["replay", "live", "record", "restamp"]
"""How a talk is held; `restamp` replays, and where that goes word for word renews what the recording
says it was made from."""


def key(suite: str, case: str, epoch: int) -> str:
    """The name of a talk in results, transcripts and messages."""
    return f"{suite}/{case}/e{epoch:02}"


class Status(StrEnum):
    """What became of one talk."""

    PASS = "pass"  # noqa: S105 - a status, not a password
    FAIL = "fail"
    ERROR = "error"
    """The talk could not be held: model, worker or machine."""
    DRIFT = "drift"
    """Its recording does not hold what was asked, or more than was asked."""
    USER_FAULT = "user_fault"
    """The simulated trainee did not do what its style says."""


@dataclass(frozen=True)
class Unit:
    """One epoch of one case, with all a worker needs."""

    case: Case
    epoch: int
    mode: Mode = "replay"
    recordings: Mapping[str, bytes] = field(default_factory=dict)
    checklists: Mapping[str, Checklist] = field(default_factory=dict)
    drifted: Sequence[str] = ()
    """What the recordings were made from that has changed since."""

    @property
    def key(self) -> str:
        """Names it in results: suite, case and epoch."""
        return key(self.case.suite, self.case.id, self.epoch)


@dataclass(frozen=True)
class Result:
    """One line of results.jsonl; without times, so that equal runs give equal lines."""

    suite: str
    case: str
    epoch: int
    seed: int
    status: Status
    tags: Sequence[str] = ()
    outcomes: Sequence[Outcome] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    calls: int = 0
    state: str = ""
    """MISSED or UNPLAYED, when the recording was the reason."""
    reason: str = ""
    inputs: str = ""
    """Fingerprint of what decides the talk."""
    checks: str = ""
    """Fingerprint of what is expected."""
    recording: str = ""
    """Fingerprint of the recordings that were played: equal ones are one sample, not two."""

    @property
    def key(self) -> str:
        """As its unit's."""
        return key(self.suite, self.case, self.epoch)

    @property
    def passed(self) -> bool:
        """Whether it counts as a pass; an error never does."""
        return self.status is Status.PASS

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            **self.__dict__,
            "status": self.status.value,
            "tags": list(self.tags),
            "outcomes": [outcome.as_dict() for outcome in self.outcomes],
            "metrics": dict(self.metrics),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Result":
        """The inverse of `as_dict`."""
        values = dict(data)
        values["status"] = Status(values["status"])
        values["tags"] = tuple(values["tags"])
        values["outcomes"] = tuple(Outcome.from_dict(outcome) for outcome in values["outcomes"])
        return cls(**values)


@dataclass(frozen=True)
class Done:
    """What a worker hands back; the driver writes it down."""

    result: Result
    episode: Episode | None = None
    recordings: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0


def fingerprint(recordings: Mapping[str, bytes]) -> str:
    """Which recordings these are; empty for none."""
    if not recordings:
        return ""
    sha = hashlib.sha256()
    for role, data in sorted(recordings.items()):
        sha.update(role.encode() + b"\0" + data)
    return sha.hexdigest()[:12]
