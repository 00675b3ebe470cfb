"""What was felt, drawn: a session's states turn by turn, or one measure of two talks. Pure.

`figure` knows where everything stands, in units of the drawing; `timeline` and `overlay` write it as one
self-contained SVG. Nothing is styled inside it, because the page's policy forbids that: presentation
attributes, `currentColor`, and class names (`tl-security`, `tl-missed` ...) for whoever wants colours.
Lines differ in dash and marker, turns in shape, so that no meaning rests on colour alone.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal
from xml.sax.saxutils import escape

from simulator.domain.affect import Affect
from simulator.domain.dialogue import Turn, counted
from simulator.evaluator import turning

WIDTH, HEIGHT = 480, 300
"""Units of the drawing; letters of 15 can be read when it is shown 320 px wide."""
SHORT = 256
"""The height of a drawing without a row of turns."""
LEFT, TOP, BOTTOM = 34.0, 20.0, 228.0
ROW = 244.0
"""Where the trainee's turns stand, under the axis."""
LINE_HEIGHT = 17.0
LETTER = 8.4
"""Room for one letter of a label."""
LONGEST = 22
"""Letters of a label; what is longer is cut."""
MOST_TICKS, MOST_MARKERS = 8, 24

Marker = Literal["diamond", "triangle", "plus", "cross"]
Verdict = Literal["landed", "missed", "neither"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Trace:
    """One line of the drawing, and how it differs from the others."""

    key: str
    label: str
    values: Sequence[float]
    """0..1, the first before anything was said."""
    dash: str
    """Lengths of a stroke and a gap; empty for an unbroken line."""
    marker: Marker


@dataclass(frozen=True)
class Drawn:
    """A trace in its place."""

    trace: Trace
    points: Sequence[Point]
    marked: Sequence[Point]
    """The points that carry a marker."""
    label: Point
    """Where the label begins, on its base line."""


@dataclass(frozen=True)
class Mark:
    """One turn of the trainee, under the axis."""

    turn: int
    x: float
    verdict: Verdict


@dataclass(frozen=True)
class Figure:
    """Everything in its place; x grows to the right and y downwards, as in SVG."""

    right: float
    """Where the last turn stands."""
    lines: Sequence[Drawn]
    ticks: Sequence[tuple[float, str]]
    marks: Sequence[Mark] = ()
    turning: Sequence[tuple[float, str]] = ()
    """Turning points: where, and what turned."""

    @property
    def height(self) -> int:
        """How tall the drawing is."""
        return HEIGHT if self.marks else SHORT

    @property
    def radius(self) -> float:
        """The size of a turn's mark: smaller when turns stand close."""
        apart = (self.right - LEFT) / max(1, len(self.marks))
        return min(4.5, max(1.2, 0.42 * apart))


def height(value: float) -> float:
    """The y of a value 0..1.

    >>> height(0), height(1)
    (228.0, 20.0)
    """
    return BOTTOM - (BOTTOM - TOP) * value


def traces(turns: Sequence[Turn], start: Affect) -> list[Trace]:
    """Felt safety, distress, trust and distance, from the opening to the last turn."""
    states = [start, *(turn.after for turn in turns if turn.after)]
    looks: list[tuple[str, str, str, Marker]] = [
        ("security", "felt safety", "", "diamond"),
        ("activation", "distress", "6 4", "triangle"),
        ("trust", "trust", "2 3", "plus"),
        ("withdrawal", "distance", "16 4", "cross"),
    ]
    return [
        Trace(key, label, [getattr(state, key) for state in states], dash, marker)
        for key, label, dash, marker in looks
    ]


def figure(turns: Sequence[Turn], start: Affect) -> Figure:
    """A session in its place: four lines, the trainee's turns, the turning points."""
    told = [turn for turn in turns if turn.after]
    place = _placed(traces(told, start))
    xs = _xs(len(told) + 1, place.right)
    number = {turn.number: x for turn, x in zip(told, xs[1:], strict=True)}
    marks = [Mark(turn.number, number[turn.number], _verdict(turn)) for turn in told]
    turned = [(number[turn], what) for turn, what in turning(told)]
    return Figure(place.right, place.lines, place.ticks, marks, turned)


def _verdict(turn: Turn) -> Verdict:
    if turn.balance == 0:
        return "neither"
    return "landed" if turn.balance > 0 else "missed"


def _placed(lines: Sequence[Trace]) -> Figure:
    right = WIDTH - 16 - LETTER * max(len(_clipped(line.label)) for line in lines)
    longest = max(len(line.values) for line in lines)
    xs = _xs(longest, right)
    step = ceil(longest / MOST_MARKERS)
    points = [[(x, height(v)) for x, v in zip(xs, line.values, strict=False)] for line in lines]
    labels = apart([each[-1][1] + 5 for each in points], LINE_HEIGHT, TOP + 5, BOTTOM + 5)
    drawn = [
        Drawn(line, each, [*each[::step], each[-1]], (right + 13, y))
        for line, each, y in zip(lines, points, labels, strict=True)
    ]
    return Figure(right, drawn, [(xs[n], str(n) if n else "opening") for n in ticks(longest - 1)])


def _xs(count: int, right: float) -> list[float]:
    return [LEFT + (right - LEFT) * n / max(1, count - 1) for n in range(count)]


def _clipped(label: str) -> str:
    return label if len(label) <= LONGEST else label[: LONGEST - 1].rstrip() + "…"


def ticks(last: int) -> list[int]:
    """Turns to be numbered on the axis: round numbers, at most MOST_TICKS and the opening.

    >>> ticks(3), ticks(200)
    ([0, 1, 2, 3], [0, 50, 100, 150, 200])
    """
    tens = (10**n for n in range(12))
    steps = (ten * round_one for ten in tens for round_one in (1, 2, 5))
    step = next(step for step in steps if last <= step * MOST_TICKS)
    return list(range(0, last + 1, step))


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as may be to those wanted, `gap` or more from one another, within low..high.

    >>> apart([50, 52, 10], 10, 0, 100)
    [50, 60, 10]
    >>> apart([99, 98], 10, 0, 100)
    [100, 90]
    """
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    found = list(wanted)
    floor = low
    for n in order:
        found[n] = max(wanted[n], floor)
        floor = found[n] + gap
    ceiling = high
    for n in reversed(order):
        found[n] = min(found[n], ceiling)
        ceiling = found[n] - gap
    return found


def timeline(turns: Sequence[Turn], start: Affect, *, name: str) -> str:
    """A session as one SVG; `name` is the persona's, `start` its state before the first turn."""
    drawn = figure(turns, start)
    body = [*(_turned(x, what) for x, what in drawn.turning), *_lines(drawn), *_turns(drawn)]
    return _svg(drawn, f"What {name} felt", _told(drawn, name), body)


def overlay(
    left: Sequence[float], right: Sequence[float], *, names: tuple[str, str], measure: str = "felt safety"
) -> str:
    """One measure of two talks as one SVG: values 0..1 from the opening on, and what to call each talk.

    Raises: ValueError when a talk has no value at all.
    """
    if not (left and right):
        raise ValueError("overlay: each talk needs at least the value it begins with.")
    drawn = _placed(
        [
            Trace("left", names[0], left, "", "diamond"),
            Trace("right", names[1], right, "8 4", "triangle"),
        ]
    )
    each = [f"in {line.trace.label} {_change(line.trace, '')}" for line in drawn.lines]
    title = f"{measure.capitalize()}: {names[0]} and {names[1]}"
    told = f"{measure.capitalize()} {each[0]}; {each[1]}. {_parting(left, right)}"
    return _svg(drawn, title, told, _lines(drawn))


def _parting(left: Sequence[float], right: Sequence[float]) -> str:
    shared = min(len(left), len(right))
    first = next((n for n in range(shared) if left[n] != right[n]), None)
    if first is None:
        return "They are the same." if len(left) == len(right) else "They are the same as far as both go."
    return f"They part at turn {first}." if first else "They begin apart."


def _told(drawn: Figure, name: str) -> str:
    """The drawing in words, for those who cannot see it."""
    count = len(drawn.marks)
    each = [_change(line.trace, f"{line.trace.label} ") for line in drawn.lines]
    if not count:
        return f"Nothing was said yet: {name} begins with {', '.join(each)}."
    landed, missed = (sum(m.verdict == v for m in drawn.marks) for v in ("landed", "missed"))
    at = {mark.x: mark.turn for mark in drawn.marks}
    turned = "; ".join(f"turn {at[x]}, {what}" for x, what in drawn.turning) or "none"
    said = f"Over {counted(count)}, {name}'s {', '.join(each)}."
    return f"{said} {landed} landed and {missed} missed. Turning points: {turned}."


def _change(trace: Trace, label: str) -> str:
    first, last = f"{trace.values[0]:.2f}", f"{trace.values[-1]:.2f}"
    if len(trace.values) == 1:
        return f"{label}{first}"
    if first == last:
        return f"{label}begins and ends at {first}"
    way = "rises" if trace.values[-1] > trace.values[0] else "falls"
    return f"{label}{way} from {first} to {last}"


def _svg(drawn: Figure, title: str, told: str, body: Sequence[str]) -> str:
    mark = hashlib.sha256(f"{title}{told}{''.join(body)}".encode(errors="replace")).hexdigest()[:8]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tl" viewBox="0 0 {WIDTH} {drawn.height}" role="img" '
        f'aria-labelledby="tl-{mark}-title tl-{mark}-desc" font-family="system-ui, sans-serif" '
        f'font-size="15" fill="none" stroke-linecap="round" stroke-linejoin="round">'
    )
    words = [f'<title id="tl-{mark}-title">{_safe(title)}</title>']
    words.append(f'<desc id="tl-{mark}-desc">{_safe(told)}</desc>')
    return "\n".join([head, *words, *_grid(drawn), *body, "</svg>"])


def _safe(text: str) -> str:
    """Escaped, without the characters that XML knows no place for."""
    return escape(
        "".join(
            c for c in text if c in "\t\n" or " " <= c < "\ud800" or "\udfff" < c < "\ufffe" or c > "\uffff"
        )
    )


def _grid(drawn: Figure) -> list[str]:
    found = []
    for value, label in ((0.0, "0"), (0.5, "0.5"), (1.0, "1")):
        y = height(value)
        found.append(_stroke((LEFT, y), (drawn.right, y), "tl-grid", 'stroke-opacity="0.25"'))
        found.append(_text((LEFT - 7, y + 4), label, "tl-scale", "end", 12))
    for x, label in drawn.ticks:
        found.append(_stroke((x, BOTTOM), (x, BOTTOM + 5), "tl-tick", 'stroke-opacity="0.5"'))
        found.append(_text((x, 266 if drawn.marks else 248), label, "tl-scale", "middle", 12))
    return found


def _lines(drawn: Figure) -> list[str]:
    return [_line(line) for line in drawn.lines]


def _line(line: Drawn) -> str:
    dash = f' stroke-dasharray="{line.trace.dash}"' if line.trace.dash else ""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in line.points)
    end, (x, y) = line.points[-1], line.label
    parts = [
        f'<g class="tl-line tl-{line.trace.key}">',
        f'<polyline points="{points}" stroke="currentColor" stroke-width="2"{dash}/>',
        *(_marker(line.trace.marker, point) for point in dict.fromkeys(line.marked)),
        _stroke((end[0] + 5, end[1]), (x - 2, y - 5), "tl-leader", 'stroke-opacity="0.5"'),
        _text((x, y), _clipped(line.trace.label), "tl-label", "start", 15),
        "</g>",
    ]
    return "".join(parts)


PATHS: dict[Marker, str] = {
    "diamond": "m0-4.5 4 4.5-4 4.5-4-4.5z",
    "triangle": "m0-4.5 4.2 7.5h-8.4z",
    "plus": "m-4 0h8m-4-4v8",
    "cross": "m-3.2-3.2 6.4 6.4m0-6.4-6.4 6.4",
}


def _marker(marker: Marker, at: Point) -> str:
    fill = ' fill="currentColor"' if marker in {"diamond", "triangle"} else ""
    return f'<path d="M{at[0]:.1f} {at[1]:.1f}{PATHS[marker]}" stroke="currentColor"{fill}/>'


def _turns(drawn: Figure) -> list[str]:
    """The trainee's turns in their row, and what the shapes mean."""
    if not drawn.marks:
        return []
    row = [_turn(mark, drawn.radius) for mark in drawn.marks]
    row.append(_text((drawn.right + 13, ROW + 4), "your turns", "tl-scale", "start", 12))
    return [*row, *_key()]


def _turn(mark: Mark, radius: float) -> str:
    shape = _shape(mark.verdict, mark.x, ROW, radius)
    return f'<g class="tl-turn tl-{mark.verdict}"><title>turn {mark.turn}: {mark.verdict}</title>{shape}</g>'


def _shape(verdict: Verdict, x: float, y: float, r: float) -> str:
    """A disc for what landed, a hollow square for what missed, a short stroke for neither."""
    if verdict == "landed":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}" fill="currentColor"/>'
    if verdict == "missed":
        box = f'x="{x - r * 0.9:.1f}" y="{y - r * 0.9:.1f}" width="{r * 1.8:.1f}" height="{r * 1.8:.1f}"'
        return f'<rect {box} stroke="currentColor" stroke-width="1.5"/>'
    return _stroke((x - r * 0.7, y), (x + r * 0.7, y), "tl-neither", 'stroke-width="1.5"')


def _key() -> list[str]:
    y = HEIGHT - 13.0
    shapes = [
        (LEFT + 4, "landed", _shape("landed", LEFT + 4, y, 4.5)),
        (LEFT + 92, "missed", _shape("missed", LEFT + 92, y, 4.5)),
        (LEFT + 184, "neither", _shape("neither", LEFT + 184, y, 4.5)),
        (LEFT + 276, "turning point", _flag(LEFT + 276, y - 4)),
    ]
    return [
        f'<g class="tl-key tl-{word.split(maxsplit=1)[0]}">{shape}'
        f"{_text((x + 11, y + 4), word, 'tl-scale', 'start', 13)}</g>"
        for x, word, shape in shapes
    ]


def _flag(x: float, y: float) -> str:
    return f'<path d="M{x - 5:.1f} {y:.1f}h10l-5 8z" fill="currentColor"/>'


def _turned(x: float, what: str) -> str:
    post = _stroke((x, TOP), (x, BOTTOM), "tl-post", 'stroke-dasharray="1 4"')
    return f'<g class="tl-turning"><title>{_safe(what)}</title>{post}{_flag(x, TOP - 13)}</g>'


def _stroke(start: Point, end: Point, name: str, more: str) -> str:
    ends = f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'
    return f'<line class="{name}" {ends} stroke="currentColor" {more}/>'


def _text(at: Point, words: str, name: str, anchor: str, size: int) -> str:
    place = f'x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text class="{name}" {place} fill="currentColor">{_safe(words)}</text>'
