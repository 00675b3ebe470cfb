"""A debrief as one self-contained HTML page, to be read on a screen or printed for a supervisor.

Everything said is escaped, and the page's own policy forbids scripts and anything from elsewhere.
"""

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup, escape

from simulator.domain.codebook import Code
from simulator.plot import timeline
from simulator.report.account import Account
from simulator.report.words import SCALE, UNMEASURED, closing, counselled, unjudged
from simulator.templates import escaping

HIGHEST = 4
"""The highest level of a skill."""


def as_html(account: Account) -> str:
    """The page."""
    debrief = account.debrief
    template = escaping(Path(__file__).parent).get_template("page.html.jinja")
    return template.render(
        account=account,
        debrief=debrief,
        plot=Markup(timeline(account.turns, account.card.start, name=account.name)),  # noqa: S704 - escaped there
        remarks={told.turn: told.remarks for told in debrief.feedback},
        marked=marked,
        named=_named,
        unjudged=unjudged,
        counselled=counselled(debrief),
        closing=closing(debrief),
        unmeasured=UNMEASURED,
        scale=SCALE,
        highest=HIGHEST,
    )


def _named(code: Code) -> str:
    from simulator.library import codebook

    return codebook()[code].name.lower()


def marked(words: str, quotes: Sequence[str]) -> Markup:
    """The words, escaped, with each quote that stands in them highlighted.

    >>> marked("I hear you. <3", ["I hear"])
    Markup('<mark>I hear</mark> you. &lt;3')
    """
    inside = [False] * len(words)
    for quote in filter(None, quotes):
        at = words.find(quote)
        if at >= 0:
            inside[at : at + len(quote)] = [True] * len(quote)
    edges = [n for n in range(1, len(words)) if inside[n] != inside[n - 1]]
    pieces = [slice(a, b) for a, b in zip([0, *edges], [*edges, len(words)], strict=True)]
    return Markup().join(
        Markup("<mark>{}</mark>").format(words[piece]) if inside[piece.start] else escape(words[piece])
        for piece in pieces
        if words
    )
