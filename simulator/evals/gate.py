"""What decides the exit code: bars over selected cases, and nothing else.

0 passed · 1 a bar was missed, and only that · 2 usage · 3 recordings · 4 infrastructure ·
5 inconclusive · 130 interrupted. When several hold, the first of 1, 3, 4, 5 decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from statistics import mean

from simulator.evals.selection import Selection
from simulator.evals.statistics import Estimate, rate
from simulator.evals.suite import Rate, Suite
from simulator.evals.unit import Result, Status


class Exit(IntEnum):
    """How the program leaves."""

    PASSED = 0
    FAILED = 1
    INVALID = 2
    RECORDINGS = 3
    INFRASTRUCTURE = 4
    INCONCLUSIVE = 5
    INTERRUPTED = 130


WORST_FIRST = (Exit.FAILED, Exit.RECORDINGS, Exit.INFRASTRUCTURE, Exit.INCONCLUSIVE, Exit.PASSED)


@dataclass(frozen=True)
class Verdict:
    """What came of one bar."""

    suite: str
    name: str
    code: Exit
    told: str
    estimate: Estimate | None = None


def verdicts(suite: Suite, results: Sequence[Result]) -> list[Verdict]:
    """Every bar of a suite, and its recordings and errors where there is something to say."""
    found = [_bar(suite, name, bar, results) for name, bar in suite.gate.rates.items()]
    drifted = [result.key for result in results if result.status is Status.DRIFT]
    if drifted:
        told = f"{len(drifted)} recordings do not hold what was asked: {_some(drifted)}"
        found.append(Verdict(suite.suite, "recordings", Exit.RECORDINGS, told))
    errors = [result.key for result in results if result.status is Status.ERROR]
    if len(errors) > suite.gate.max_errors:
        told = f"{len(errors)} errors, more than {suite.gate.max_errors}: {_some(errors)}"
        found.append(Verdict(suite.suite, "errors", Exit.INFRASTRUCTURE, told))
    return found


def worst(verdicts: Sequence[Verdict]) -> Exit:
    """The code that decides, when several hold."""
    codes = {verdict.code for verdict in verdicts} or {Exit.PASSED}
    return next(code for code in WORST_FIRST if code in codes)


def by_case(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Judged epochs by case: errors, drift and faults of the simulated trainee say nothing of it."""
    found: dict[str, list[Result]] = {}
    for result in results:
        if result.status in {Status.PASS, Status.FAIL}:
            found.setdefault(f"{result.suite}/{result.case}", []).append(result)
    return found


def _bar(suite: Suite, name: str, bar: Rate, results: Sequence[Result]) -> Verdict:
    selection = Selection.parse(bar.select)
    chosen = [r for r in results if selection.holds(r.case, r.tags)]
    cases = by_case(chosen)

    def said(code: Exit, told: str, estimate: Estimate | None = None) -> Verdict:
        return Verdict(suite.suite, name, code, told, estimate)

    if not chosen:
        return said(Exit.PASSED, "no case of this bar was run")
    if not cases:
        return said(Exit.INCONCLUSIVE, "no case could be judged")
    rates = {epochs[0].case: mean(r.passed for r in epochs) for epochs in cases.values()}
    found = rate(list(rates.values()), confidence=bar.confidence)
    if bar.require:
        failed = [case for case, passed in rates.items() if passed < 1]
        told = f"{len(rates) - len(failed)} of {len(rates)} cases pass in every epoch"
        verdict = said(Exit.FAILED if failed else Exit.PASSED, told + _named(failed), found)
    else:
        verdict = _straddling(said, bar, found)
    unjudged = _unjudged([result for epochs in cases.values() for result in epochs])
    if unjudged and verdict.code is Exit.PASSED:
        return said(Exit.INCONCLUSIVE, f"{unjudged} checks without a verdict of a judge that may decide")
    return verdict


def _straddling(said: Callable[[Exit, str, Estimate], Verdict], bar: Rate, found: Estimate) -> Verdict:
    bound = bar.min_pass_rate or 0.0
    told = f"pass rate {found.mean:.2f} ({found.low:.2f} to {found.high:.2f}), bar {bound:.2f}"
    if found.low >= bound or (bar.on_straddle == "point" and found.mean >= bound):
        return said(Exit.PASSED, told, found)
    if found.high < bound or bar.on_straddle == "point":
        return said(Exit.FAILED, told, found)
    why = ": too few cases to tell; add cases, or decide by the estimate with on_straddle: point"
    return said(Exit.INCONCLUSIVE, told + why, found)


def _unjudged(results: Sequence[Result]) -> int:
    return sum(outcome.passed is None for result in results for outcome in result.outcomes)


def _named(cases: Sequence[str]) -> str:
    return f"; not: {_some(cases)}" if cases else ""


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def told(code: Exit) -> str:
    """An exit code in words.

    >>> told(Exit.INCONCLUSIVE)
    'exit 5: inconclusive'
    """
    return f"exit {code.value}: {_WORDS[code]}"


_WORDS: Mapping[Exit, str] = {
    Exit.PASSED: "every gate passed",
    Exit.FAILED: "a gate failed",
    Exit.INVALID: "invalid",
    Exit.RECORDINGS: "recordings are missing or no longer fit",
    Exit.INFRASTRUCTURE: "errors of model or machine",
    Exit.INCONCLUSIVE: "inconclusive",
    Exit.INTERRUPTED: "interrupted",
}
