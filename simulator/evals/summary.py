"""A run in numbers: cases, bars, metrics with intervals, and what they may be taken for."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from simulator.evals.gate import Exit, Verdict, by_case, told, verdicts, worst
from simulator.evals.run import Run
from simulator.evals.statistics import Estimate, estimate, pass_hat, rate
from simulator.evals.suite import Suite
from simulator.evals.unit import Result, Status


@dataclass(frozen=True)
class CaseRow:
    """A case over its epochs."""

    suite: str
    case: str
    status: str
    """pass, fail, flaky (some epochs pass), error, drift or user_fault."""
    rate: float | None
    epochs: int
    reason: str


@dataclass(frozen=True)
class Summary:
    """What the last line, summary.json and the reports say."""

    code: Exit
    counts: Mapping[str, int]
    verdicts: Sequence[Verdict]
    cases: Sequence[CaseRow]
    pass_rate: Estimate | None
    pass_hat: Mapping[int, float]
    metrics: Mapping[str, Estimate]
    notes: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for summary.json."""
        return asdict(self) | {"code": self.code.value, "told": told(self.code)}


def summarise(run: Run, known: Mapping[str, Result]) -> Summary:
    """Count a run's results.

    Raises: LibraryError when its suites cannot be read.
    """
    results, suites = list(known.values()), run.suites
    found = [verdict for suite in suites for verdict in _of(suite, results)]
    if run.manifest.get("shard"):  # a part decides no bar; the merged run does
        found = [verdict for verdict in found if verdict.name in {"recordings", "errors"}]
    left = set(run.manifest["units"]) - set(known)
    cases = _rows(results)
    judged = by_case(results)
    rates = [mean(r.passed for r in epochs) for epochs in judged.values()]
    longest = max((len(epochs) for epochs in judged.values()), default=0)
    return Summary(
        code=Exit.INTERRUPTED if left and worst(found) is Exit.PASSED else worst(found),
        counts=dict(Counter(row.status for row in cases)),
        verdicts=found,
        cases=cases,
        pass_rate=rate(rates) if rates else None,
        pass_hat={
            k: pass_hat({c: [r.passed for r in e] for c, e in judged.items()}, k)
            for k in range(1, longest + 1)
        },
        metrics=metrics(results),
        notes=list(_notes(run, results, left)),
    )


def _of(suite: Suite, results: Sequence[Result]) -> list[Verdict]:
    own = [result for result in results if result.suite == suite.suite]
    return verdicts(suite, own) if own else []


def _rows(results: Sequence[Result]) -> list[CaseRow]:
    grouped: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        grouped.setdefault((result.suite, result.case), []).append(result)
    return [_row(suite, case, epochs) for (suite, case), epochs in grouped.items()]


def _row(suite: str, case: str, epochs: Sequence[Result]) -> CaseRow:
    judged = [r.passed for r in epochs if r.status in {Status.PASS, Status.FAIL}]
    ill = {Status.ERROR, Status.DRIFT} | (set() if judged else {Status.USER_FAULT})
    trouble = [r for r in epochs if r.status in ill]
    if trouble:
        status = trouble[0].status.value
    else:
        status = "pass" if all(judged) else "flaky" if any(judged) else "fail"
    reason = next((r.reason for r in epochs if r.reason), "")
    return CaseRow(suite, case, status, mean(judged) if judged else None, len(epochs), reason)


def metrics(results: Sequence[Result]) -> dict[str, Estimate]:
    """Every counted metric: case means over epochs, then the mean over cases with its interval."""
    means = case_means(results)
    names = sorted({name for values in means.values() for name in values})
    return {name: estimate([v[name] for v in means.values() if name in v]) for name in names}


def case_means(results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Each case's metrics, averaged over its judged epochs; `pass` among them."""
    found = {}
    for case, epochs in by_case(results).items():
        rows = [dict(r.metrics) | {"pass": float(r.passed)} for r in epochs]
        names = {name for row in rows for name in row}
        found[case] = {n: mean(row[n] for row in rows if n in row) for n in sorted(names)}
    return found


def _notes(run: Run, results: Sequence[Result], left: set[str]) -> Sequence[str]:
    notes = []
    if left:
        notes.append(f"{len(left)} talks are left: simulator eval resume {run.folder}")
    if run.manifest.get("shard"):
        notes.append(
            f"Shard {run.manifest['shard']}: no gate is decided; simulator eval merge joins the shards."
        )
    if run.manifest.get("mode") == "replay":
        epochs = Counter(result.case for result in results)
        most = max(epochs.values(), default=1)
        notes.append(
            f"Replayed: intervals reflect the {most} recorded epochs a case; replaying again adds no "
            "sample. It tests our code and prompts against frozen answers, not the model."
        )
    faults = sum(result.status is Status.USER_FAULT for result in results)
    if faults:
        notes.append(f"{faults} talks left out of every rate: the simulated trainee did not keep its style.")
    return notes


def lines(summary: Summary) -> list[str]:
    """The summary for a terminal; the last line says the exit code in words."""
    shown = [
        f"{row.status.upper():10} {row.suite}/{row.case}: {row.reason}" for row in summary.cases if row.reason
    ]
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary.counts.items()))
    shown += ["", f"{sum(summary.counts.values())} cases: {counts or 'none'}"]
    if summary.pass_rate:
        p = summary.pass_rate
        shown.append(f"pass rate {p.mean:.3f} (95 % {p.low:.3f} to {p.high:.3f}, {p.cases} cases)")
    if len(summary.pass_hat) > 1:
        shown.append("pass^k: " + ", ".join(f"{k}: {value:.3f}" for k, value in summary.pass_hat.items()))
    for verdict in summary.verdicts:
        word = {Exit.PASSED: "ok", Exit.FAILED: "FAILED", Exit.INCONCLUSIVE: "UNCLEAR"}.get(
            verdict.code, "FAULT"
        )
        shown.append(f"{word:8} {verdict.suite}.{verdict.name}: {verdict.told}")
    return [*shown, *summary.notes, told(summary.code)]
