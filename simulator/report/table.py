"""A session as a table, one row a turn, for spreadsheets and statistics."""

import csv
import io
from collections.abc import Sequence
from dataclasses import fields

from simulator.domain.affect import Affect
from simulator.domain.dialogue import Turn

VALUES = tuple(field.name for field in fields(Affect))
COLUMNS = (
    *("session", "turn", "at", "said", "reply", "move", "layer", "comfort", "alarm"),
    *(f"{value}_before" for value in VALUES),
    *(f"{value}_after" for value in VALUES),
    *("codes", "quotes"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def as_csv(session: str, turns: Sequence[Turn]) -> str:
    """The table, with `code:intensity` joined by `;` and quotes by ` | `.

    A text that begins with = + - @, a tab or a carriage return gets an apostrophe before it, so that
    no spreadsheet takes what somebody said for a formula; take it away to have the words as they were.
    """
    sheet = io.StringIO()
    writer = csv.writer(sheet)
    writer.writerow(COLUMNS)
    for turn in turns:
        texts = (session, turn.number, turn.at, turn.said, turn.reply, turn.move, turn.layer)
        states = (*_state(turn.before), *_state(turn.after))
        row = (*texts, turn.comfort, turn.alarm, *states, _codes(turn), _quotes(turn))
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
    return sheet.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula.

    >>> guarded("=1+1"), guarded("I hear you.")
    ("'=1+1", 'I hear you.')
    """
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _state(affect: Affect | None) -> list[float | str]:
    found = affect.as_dict() if affect else {}
    return [found.get(value, "") for value in VALUES]


def _codes(turn: Turn) -> str:
    return ";".join(f"{heard.code.value}:{heard.intensity:.3f}" for heard in turn.coding.heard)


def _quotes(turn: Turn) -> str:
    return " | ".join(heard.quote for heard in turn.coding.heard)
