"""A debrief or a session in every form it can be taken away in: words, page, PDF, table. Pure rendering."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulator.report.account import Account
from simulator.report.page import as_html
from simulator.report.pdf import as_pdf
from simulator.report.table import as_csv
from simulator.report.words import (
    as_json,
    feedback_lines,
    markdown,
    session_data,
    session_json,
    text,
    transcript,
)

__all__ = [
    "FORMATS",
    "SESSION_FORMATS",
    "Account",
    "Form",
    "as_csv",
    "as_html",
    "as_json",
    "as_pdf",
    "feedback_lines",
    "markdown",
    "session_data",
    "session_json",
    "text",
    "transcript",
]


@dataclass(frozen=True)
class Form:
    """One form of a debrief: how it is made, and what a browser and a folder need to know of it."""

    render: Callable[[Account], str | bytes]
    media: str
    suffix: str

    def __call__(self, account: Account) -> bytes:
        """The file's bytes; text is UTF-8."""
        made = self.render(account)
        return made if isinstance(made, bytes) else made.encode()


def _table(account: Account) -> str:
    return as_csv(account.card.id, account.turns)


FORMATS: Mapping[str, Form] = {
    "text": Form(lambda account: text(account.debrief), "text/plain; charset=utf-8", ".txt"),
    "md": Form(lambda account: markdown(account.debrief), "text/markdown; charset=utf-8", ".md"),
    "json": Form(lambda account: as_json(account.debrief), "application/json", ".json"),
    "html": Form(as_html, "text/html; charset=utf-8", ".html"),
    "pdf": Form(as_pdf, "application/pdf", ".pdf"),
    "csv": Form(_table, "text/csv; charset=utf-8", ".csv"),
}
SESSION_FORMATS = ("json", "csv", "md")
"""What a session can be exported as without a debrief."""
