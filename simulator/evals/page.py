"""A run as one self-contained HTML page: bars, cases, trajectories, talks with the words that decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from simulator.domain.claim import VALUES
from simulator.domain.dialogue import Turn
from simulator.evals.episode import Episode
from simulator.evals.run import Run
from simulator.evals.summary import Summary
from simulator.evals.unit import Result, Status
from simulator.templates import escaping

BUDGET = 4_000_000
"""Characters of talks in a page; those that failed come first, the rest are counted aloud."""
WIDTH, HEIGHT = 320, 96


@dataclass(frozen=True)
class Line:
    """One turn on the page."""

    number: int
    said: Markup
    reply: Markup
    intended: str
    heard: str
    move: str
    path: str
    prompt: str


@dataclass(frozen=True)
class Shown:
    """One talk on the page."""

    result: Result
    episode: Episode | None
    lines: Sequence[Line]
    doses: Sequence[Line]
    plot: Mapping[str, str]
    """Points of a polyline for each value."""


def page(run: Run, results: Mapping[str, Result], summary: Summary) -> str:
    """The page."""
    talks = list(_within(BUDGET, run, results))
    template = escaping(Path(__file__).parent).get_template("page.html.jinja")
    return template.render(
        run=run,
        summary=summary,
        talks=talks,
        left_out=len(results) - len(talks),
        width=WIDTH,
        height=HEIGHT,
    )


def _within(budget: int, run: Run, results: Mapping[str, Result]) -> Iterator[Shown]:
    """Talks until the page is full; what failed is shown before what passed."""
    ordered = sorted(results.items(), key=lambda item: item[1].status is Status.PASS)
    for key, result in ordered:
        episode = run.episode(key)
        if episode:
            budget -= sum(900 + len(t.said) + len(t.reply) for t in (*episode.turns, *episode.doses))
        if budget < 0:
            return
        yield _shown(result, episode)


def _shown(result: Result, episode: Episode | None) -> Shown:
    if episode is None:
        return Shown(result, None, (), (), {})
    quotes: dict[int, list[str]] = {}
    for outcome in result.outcomes:
        for turn, quote in outcome.evidence:
            quotes.setdefault(turn, []).append(quote)
    lines = [
        _line(turn, intended, quotes.get(turn.number, []))
        for turn, intended in zip(episode.turns, episode.intended, strict=True)
    ]
    doses = [_line(t, "", [q for q in quotes.get(t.number, []) if q == t.said]) for t in episode.doses]
    return Shown(result, episode, lines, doses, _plot(episode))


def _line(turn: Turn, intended: str, quotes: Sequence[str]) -> Line:
    heard = ", ".join(f"{h.code.value} {h.intensity:.2f}" for h in turn.coding.heard)
    odd = turn.coding.oddity.value if turn.coding.oddity else ""
    return Line(
        turn.number,
        _marked(turn.said, quotes),
        _marked(turn.reply, quotes),
        intended,
        ", ".join(part for part in (heard, odd) if part),
        turn.move,
        turn.path,
        turn.prompt,
    )


def _marked(text: str, quotes: Sequence[str]) -> Markup:
    """The text, escaped, with the first quote that stands in it highlighted."""
    for quote in quotes:
        if quote and quote in text:
            before, _, after = text.partition(quote)
            return Markup("{}<mark>{}</mark>{}").format(before, quote, after)
    return escape(text)


def _plot(episode: Episode) -> dict[str, str]:
    states = episode.states
    step = WIDTH / max(1, len(states) - 1)
    return {
        value: " ".join(
            f"{place * step:.1f},{HEIGHT * (1 - getattr(state, value)):.1f}"
            for place, state in enumerate(states)
        )
        for value in VALUES
        if value != "injury"
    }
