"""Writes a run's reports: summary.json, junit.xml, report.html."""

import json
from pathlib import Path

from simulator.evals.junit import junit
from simulator.evals.page import page
from simulator.evals.run import Run
from simulator.evals.summary import Summary, summarise

NAMES = ("summary.json", "junit.xml", "report.html")


def write(run: Run) -> Summary:
    """Count the run and write every report into its folder; each follows from results.jsonl alone.

    Raises: InputError when the folder cannot be read.
    """
    summary = summarise(run)
    for name in NAMES:
        run.write(name, text(run, summary, name))
    return summary


def text(run: Run, summary: Summary, name: str) -> str:
    """One report, by the ending of its name."""
    match Path(name).suffix:
        case ".xml":
            return junit(run)
        case ".html":
            return page(run, summary)
        case ".jsonl":
            lines = (
                json.dumps(r.as_dict(), ensure_ascii=False, sort_keys=True) for r in run.results().values()
            )
            return "".join(f"{line}\n" for line in lines)
        case _:
            return json.dumps(summary.as_dict(), indent=1, ensure_ascii=False) + "\n"
