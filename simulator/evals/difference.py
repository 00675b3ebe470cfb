"""What changed between two runs, case by case, and whether it could be chance."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from simulator.errors import InputError
from simulator.evals.run import Run
from simulator.evals.statistics import ALPHA, Estimate, detectable, estimate, holm, sign_flip
from simulator.evals.summary import case_means
from simulator.evals.unit import Result

PRIMARY = "pass"
"""The metric that decides whether there is a regression; the others are corrected for their number."""


@dataclass(frozen=True)
class Change:
    """One metric, paired by case."""

    metric: str
    before: float
    after: float
    delta: Estimate
    p: float
    """For all but the primary metric corrected for their number (Holm)."""
    detectable: float | None
    """The mean difference that these cases would show with 80 % power."""

    @property
    def significant(self) -> bool:
        """Whether chance alone would rarely do it."""
        return self.p < ALPHA


@dataclass(frozen=True)
class Difference:
    """Two runs side by side."""

    changes: Sequence[Change]
    flips: Mapping[str, tuple[float, float]]
    """Cases whose pass rate changed, from and to."""
    cases: int
    notes: Sequence[str] = ()

    @property
    def regressed(self) -> bool:
        """Whether cases pass significantly less often than before."""
        return any(c.metric == PRIMARY and c.significant and c.delta.mean < 0 for c in self.changes)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"regressed": self.regressed}


def difference(before: Run, after: Run, *, allow_mismatch: bool = False, seed: int = 0) -> Difference:
    """Compare two runs of the same cases.

    Raises: InputError when cases differ in what is said or expected, or none is in both.
    """
    one, other = list(before.results().values()), list(after.results().values())
    mismatched = _mismatched(one, other)
    if mismatched and not allow_mismatch:
        named = ", ".join(mismatched[:5])
        raise InputError(
            f"{len(mismatched)} cases are not the same in both runs ({named}); "
            "score the older one anew (`simulator eval score`), or pass --allow-mismatch."
        )
    found = compared(case_means(one), case_means(other), seed=seed)
    if not found.cases:
        raise InputError("the runs have no judged case in common.")
    return Difference(found.changes, found.flips, found.cases, _notes(before, after, one, other))


def _mismatched(one: Sequence[Result], other: Sequence[Result]) -> list[str]:
    known = {r.key: (r.inputs, r.checks) for r in one}
    return sorted(
        {f"{r.suite}/{r.case}" for r in other if r.key in known and known[r.key] != (r.inputs, r.checks)}
    )


def compared(
    before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]], *, seed: int = 0
) -> Difference:
    """Compare case means, metric by metric, with a sign-flip test on the paired differences."""
    shared = [case for case in before if case in after]
    names = sorted({n for case in shared for n in before[case] if n in after[case]})
    pairs = {
        n: [(before[c][n], after[c][n]) for c in shared if n in before[c] and n in after[c]] for n in names
    }
    deltas = {name: [b - a for a, b in values] for name, values in pairs.items()}
    ps = {name: sign_flip(values, seed=seed) for name, values in deltas.items()}
    others = [name for name in names if name != PRIMARY]
    corrected = ps | dict(zip(others, holm([ps[name] for name in others]), strict=True))
    changes = [
        Change(
            metric=name,
            before=mean(a for a, _ in pairs[name]),
            after=mean(b for _, b in pairs[name]),
            delta=estimate(deltas[name], seed=seed),
            p=corrected[name],
            detectable=detectable(deltas[name], tests=1 if name == PRIMARY else len(others)),
        )
        for name in names
    ]
    flips = {
        c: (before[c]["pass"], after[c]["pass"]) for c in shared if before[c]["pass"] != after[c]["pass"]
    }
    return Difference(changes, flips, len(shared))


def _notes(before: Run, after: Run, one: Sequence[Result], other: Sequence[Result]) -> list[str]:
    played = {r.recording for r in one if r.recording} & {r.recording for r in other if r.recording}
    notes = []
    if played:
        notes.append(
            f"{len(played)} talks replay the same recording in both runs: they are the same sample, not two; "
            "what differs there is code or expectation."
        )
    missing = {(r.suite, r.case) for r in one} ^ {(r.suite, r.case) for r in other}
    if missing:
        notes.append(f"{len(missing)} cases are in one run only and were left out.")
    if before.folder == after.folder:
        notes.append("A run was compared with itself.")
    return notes


def lines(found: Difference) -> list[str]:
    """The difference for a terminal."""
    head = ("metric", "before", "after", "delta", "95 % interval", "p (Holm)", "detectable")
    shown = ["{:16} {:>8} {:>8} {:>8}   {:18} {:>8}  {}".format(*head)]
    for c in found.changes:
        interval = f"{c.delta.low:+.3f} to {c.delta.high:+.3f}"
        least = "-" if c.detectable is None else f"{c.detectable:.3f}"
        mark = " *" if c.significant else ""
        row = f"{c.metric:16} {c.before:8.3f} {c.after:8.3f} {c.delta.mean:+8.3f}   {interval:18} {c.p:8.3f}"
        shown.append(f"{row}  {least}{mark}")
    shown += [f"flip  {case}: pass rate {a:.2f} -> {b:.2f}" for case, (a, b) in found.flips.items()]
    verdict = "cases pass significantly less often" if found.regressed else "no significant loss of passes"
    return [*shown, f"{found.cases} cases in both runs; {verdict}.", *found.notes]
