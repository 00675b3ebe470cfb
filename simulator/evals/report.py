"""Writes a run's reports: summary.json, junit.xml, report.html."""

import json
from collections.abc import Mapping
from pathlib import Path

from simulator.evals.junit import junit
from simulator.evals.page import page
from simulator.evals.run import Run
from simulator.evals.summary import Summary, summarise
from simulator.evals.unit import Result

NAMES = ("summary.json", "junit.xml", "report.html")


def write(run: Run) -> Summary:
    """Count the run and write every report into its folder; each follows from results.jsonl alone.

    Raises: InputError when the folder cannot be read.
    """
    results = run.results()
    summary = summarise(run, results)
    for name in NAMES:
        run.write(name, text(run, results, summary, name))
    return summary


def text(run: Run, results: Mapping[str, Result], summary: Summary, name: str) -> str:
    """One report, by the ending of its name."""
    match Path(name).suffix:
        case ".xml":
            return junit(run, results)
        case ".html":
            return page(run, results, summary)
        case ".jsonl":
            lines = (json.dumps(r.as_dict(), ensure_ascii=False, sort_keys=True) for r in results.values())
            return "".join(f"{line}\n" for line in lines)
        case _:
            return json.dumps(summary.as_dict(), indent=1, ensure_ascii=False) + "\n"
