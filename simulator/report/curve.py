"""The drawing of plot.py with a PDF's own lines, dots and letters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulator.plot import BOTTOM, LEFT, ROW, TOP, Drawn, Figure, Mark, Marker, Point, height

if TYPE_CHECKING:
    from fpdf import FPDF

Colour = tuple[int, int, int]
INK: Colour = (34, 48, 46)
SOFT: Colour = (90, 104, 101)
RULE: Colour = (205, 210, 203)
GOOD: Colour = (43, 107, 91)
BAD: Colour = (156, 57, 44)
COLOURS: dict[str, Colour] = {
    "security": GOOD,
    "activation": BAD,
    "trust": (47, 95, 143),
    "withdrawal": (109, 77, 142),
}
FONT = "DejaVu"


class Curve:
    """A figure on a sheet: `scale` is mm a unit of the drawing, `corner` its upper left in mm."""

    def __init__(self, pdf: "FPDF", drawn: Figure, scale: float, corner: Point) -> None:
        self._pdf, self._drawn, self._scale, self._corner = pdf, drawn, scale, corner

    def _at(self, point: Point) -> Point:
        return self._corner[0] + point[0] * self._scale, self._corner[1] + point[1] * self._scale

    def draw(self) -> None:
        """Grid, turning points, lines and turns."""
        self._pdf.set_line_width(0.2)
        self._grid()
        for x, _ in self._drawn.turning:
            self._dashed(RULE, "1 2", [(x, TOP), (x, BOTTOM)])
            self._polygon([(x - 5, TOP - 13), (x + 5, TOP - 13), (x, TOP - 5)], SOFT)
        for line in self._drawn.lines:
            self._line(line)
        for mark in self._drawn.marks:
            self._turn(mark)
        if self._drawn.marks:
            self._text((self._drawn.right + 13, ROW + 4), "your turns", 7, SOFT)
            self._text((LEFT, 288), "● landed   □ missed   ▼ turning point", 7, SOFT)
        self._pdf.set_draw_color(*INK)

    def _grid(self) -> None:
        for value, label in ((0.0, "0"), (0.5, "0.5"), (1.0, "1")):
            self._pdf.set_draw_color(*RULE)
            self._path([(LEFT, height(value)), (self._drawn.right, height(value))])
            self._text((LEFT - 24, height(value) + 4), label, 7, SOFT)
        for x, label in self._drawn.ticks:
            self._path([(x, BOTTOM), (x, BOTTOM + 5)])
            wide = self._pdf.get_string_width(label) / self._scale
            self._text((x - wide / 2, 266 if self._drawn.marks else 248), label, 7, SOFT)

    def _line(self, line: Drawn) -> None:
        colour = COLOURS[line.trace.key]
        self._pdf.set_line_width(0.5)
        self._dashed(colour, line.trace.dash, line.points)
        self._pdf.set_line_width(0.25)
        for point in line.marked:
            self._marker(line.trace.marker, point, colour)
        self._path([line.points[-1], (line.label[0] - 2, line.label[1] - 5)])
        self._text(line.label, line.trace.label, 8.5, colour)

    def _dashed(self, colour: Colour, dash: str, points: Sequence[Point]) -> None:
        lengths = [float(piece) * self._scale for piece in dash.split()]
        self._pdf.set_draw_color(*colour)
        if lengths:
            self._pdf.set_dash_pattern(lengths[0], lengths[1])
        self._path(points)
        self._pdf.set_dash_pattern()

    def _path(self, points: Sequence[Point]) -> None:
        placed = [self._at(point) for point in points]
        self._pdf.polyline(placed if len(placed) > 1 else placed * 2)

    def _marker(self, marker: Marker, at: Point, colour: Colour) -> None:
        x, y = at
        match marker:
            case "diamond":
                self._polygon([(x, y - 4.5), (x + 4, y), (x, y + 4.5), (x - 4, y)], colour)
            case "triangle":
                self._polygon([(x, y - 4.5), (x + 4.2, y + 3), (x - 4.2, y + 3)], colour)
            case "plus":
                self._path([(x - 4, y), (x + 4, y)])
                self._path([(x, y - 4), (x, y + 4)])
            case "cross":
                self._path([(x - 3.2, y - 3.2), (x + 3.2, y + 3.2)])
                self._path([(x - 3.2, y + 3.2), (x + 3.2, y - 3.2)])

    def _polygon(self, points: list[Point], colour: Colour) -> None:
        self._pdf.set_fill_color(*colour)
        self._pdf.polygon([self._at(point) for point in points], style="F")

    def _turn(self, mark: Mark) -> None:
        r = self._drawn.radius
        x, y = self._at((mark.x, ROW))
        size = r * self._scale
        self._pdf.set_draw_color(*INK)
        self._pdf.set_fill_color(*INK)
        match mark.verdict:
            case "landed":
                self._pdf.circle(x, y, size, style="F")
            case "missed":
                self._pdf.rect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8)
            case "neither":
                self._pdf.line(x - size * 0.7, y, x + size * 0.7, y)

    def _text(self, at: Point, words: str, size: float, colour: Colour) -> None:
        self._pdf.set_font(FONT, "", size)
        self._pdf.set_text_color(*colour)
        x, y = self._at(at)
        self._pdf.text(x, y, words)
