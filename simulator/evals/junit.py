"""A run as JUnit XML: a missed expectation is a failure, an error or a drifted recording an error."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from simulator.evals.run import Run
from simulator.evals.unit import Result, Status

_KINDS = {Status.FAIL: "failure", Status.ERROR: "error", Status.DRIFT: "error", Status.USER_FAULT: "skipped"}


def junit(run: Run, known: Mapping[str, Result]) -> str:
    """The run's results for a CI server."""
    seconds, results = run.seconds(), list(known.values())
    root = ET.Element("testsuites", name=run.folder.name)
    for suite in sorted({result.suite for result in results}):
        own = [result for result in results if result.suite == suite]
        root.append(_suite(suite, own, [seconds.get(result.key, 0.0) for result in own]))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(name: str, results: Sequence[Result], seconds: Sequence[float]) -> ET.Element:
    counts = {
        f"{kind}s" if kind != "skipped" else kind: str(sum(_KINDS.get(r.status) == kind for r in results))
        for kind in ("failure", "error", "skipped")
    }
    suite = ET.Element(
        "testsuite", counts | {"name": name, "tests": str(len(results)), "time": f"{sum(seconds):.3f}"}
    )
    for result, took in zip(results, seconds, strict=True):
        label = f"{result.case} e{result.epoch:02}"
        case = ET.SubElement(suite, "testcase", classname=name, name=label, time=f"{took:.3f}")
        if kind := _KINDS.get(result.status):
            ET.SubElement(
                case, kind, message=_printable(result.reason)[:400], type=result.state or result.status
            )
    return suite


def _printable(text: str) -> str:
    """XML 1.0 has no control characters, and a talk may hold any."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
