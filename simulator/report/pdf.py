"""A debrief as a PDF to print or to send: what the page says, on A4.

The letters are DejaVu's, which cover Latin, Greek, Cyrillic, Vietnamese and more; a character that they
lack is shown as a box, and said to be so at the end.
"""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from simulator.domain.dialogue import counted
from simulator.domain.skills import SkillScore
from simulator.evaluator import Inside, Remark
from simulator.plot import WIDTH, figure
from simulator.report.account import Account
from simulator.report.curve import BAD, FONT, GOOD, INK, SOFT, Colour, Curve
from simulator.report.words import SCALE, UNMEASURED, closing, counselled, felt, unjudged

FONTS = Path(__file__).parents[1] / "fonts"
FACES = {"": "DejaVuSans.ttf", "B": "DejaVuSans-Bold.ttf", "I": "DejaVuSans-Oblique.ttf"}
MARGIN = 20.0
"""Of the paper, in mm."""
BOX = "\N{WHITE SQUARE}"
PLOT_MM = 150.0
"""How wide the curve is drawn."""


def as_pdf(account: Account) -> bytes:
    """The document; its date is the session's, so that the same session gives the same file."""
    return _Document(account).bytes()


class _Document:
    """The sheets of one debrief, filled from top to bottom."""

    def __init__(self, account: Account) -> None:
        from fpdf import FPDF

        self._account = account
        self._lacking = False
        self._pdf = pdf = FPDF(format="A4")
        for style, face in FACES.items():
            pdf.add_font(FONT, style, FONTS / face)
        self._known = frozenset(pdf.fonts[FONT.lower()].cmap)  # type: ignore[union-attr]
        pdf.set_margins(MARGIN, MARGIN, MARGIN)
        pdf.set_auto_page_break(auto=True, margin=MARGIN)
        pdf.set_title(self._written(account.title))
        pdf.set_lang("en-GB")
        pdf.set_creator("attunement-simulator")
        pdf.set_creation_date(_date(account.card.created))
        pdf.footer = self._footer  # type: ignore[method-assign]
        pdf.add_page()

    def bytes(self) -> bytes:
        """The whole document."""
        for part in (self._head, self._curve, self._moments, self._turning, self._talk, self._skills):
            part()
        self._sources()
        self._small(closing(self._account.debrief))
        if self._lacking:
            self._small(f"{BOX} stands for a character that these letters lack.")
        return bytes(self._pdf.output())

    def _footer(self) -> None:
        self._pdf.set_y(-13)
        self._ink(SOFT, 8)
        self._pdf.cell(0, 5, f"{self._written(self._account.title)}   {self._pdf.page_no()}", align="R")

    def _head(self) -> None:
        card, debrief = self._account.card, self._account.debrief
        self._say("DEBRIEF", 8, "B", GOOD)
        self._say(f"{debrief.persona}, {debrief.scenario}", 20, "B", space=1)
        turns = counted(len(self._account.turns))
        begun = card.created[:16].replace("T", " ")
        self._small(
            f"{debrief.persona} leans {debrief.style}. {turns}, begun {begun} UTC. Session {card.id}."
        )
        if debrief.briefing:
            self._say(f"The scene: {debrief.briefing}")

    def _curve(self) -> None:
        drawn = figure(self._account.turns, self._account.card.start)
        self._pdf.ln(4)
        scale = PLOT_MM / WIDTH
        Curve(self._pdf, drawn, scale, (MARGIN, self._pdf.get_y())).draw()
        self._pdf.set_y(self._pdf.get_y() + drawn.height * scale)
        self._small(f"What {self._account.name} felt after each of your turns, from 0 to 1.")

    def _moments(self) -> None:
        debrief = self._account.debrief
        self._heading("Best moment")
        self._moment(debrief.best, "None landed yet; that is what practice is for.")
        self._heading("Costliest moment")
        self._moment(debrief.costliest, "None.")
        if debrief.better:
            self._say(f"Instead, you could say: “{debrief.better}”")

    def _moment(self, remark: Remark | None, otherwise: str) -> None:
        if remark is None:
            self._say(otherwise)
            return
        self._say(f"“{remark.quote}”", 11, "I")
        cited = f" [{remark.citation.title}]" if remark.citation else ""
        self._say(f"Turn {remark.turn}, {remark.name.lower()}. {remark.why}{cited}")

    def _turning(self) -> None:
        self._heading("Turning points")
        for turn, what in self._account.debrief.turning:
            self._say(f"Turn {turn}: {what}.")
        if not self._account.debrief.turning:
            self._say("None: nothing moved much.")

    def _talk(self) -> None:
        account = self._account
        self._heading(f"Inside {account.name}")
        self._say(f"{account.name} begins", 8, "B", SOFT)
        self._say(account.card.opening, space=2)
        remarks = {told.turn: told.remarks for told in account.debrief.feedback}
        for inside in account.debrief.inside:
            self._keep(30)
            self._inside(inside)
            for remark in remarks.get(inside.turn, ()):
                self._remark(remark)
            self._pdf.ln(3)

    def _inside(self, inside: Inside) -> None:
        self._say(f"Turn {inside.turn}, you", 8, "B", SOFT)
        self._say(inside.said, space=1)
        with self._indented():
            self._say(self._account.name, 8, "B", SOFT)
            self._say(inside.reply)
            moved = _sentence(felt(inside).replace("->", "to"))
            b = inside.beneath
            beneath = f" Showed: {b.behaviour}; under it: {b.primary}; needing: {b.need}." if b else ""
            self._small(f"{moved}{beneath}")

    def _remark(self, remark: Remark) -> None:
        landed = remark.verdict == "landed"
        colour = GOOD if landed else BAD
        self._say(f"{'●' if landed else '■'} {remark.verdict}: “{remark.quote}”", 9, "B", colour)
        cited = f" [{remark.citation.title}]" if remark.citation else ""
        self._say(f"{remark.name}. {remark.why}{cited}", 9)

    def _skills(self) -> None:
        debrief = self._account.debrief
        self._heading(f"Skills ({SCALE})")
        for score in debrief.skills:
            self._skill(score)
        self._small(_sentence(counselled(debrief)))
        if not debrief.trust:
            self._small(_sentence(UNMEASURED))

    def _skill(self, score: SkillScore) -> None:
        trust = self._account.debrief.trust.get(score.skill)
        level = unjudged(trust) if score.level is None else f"{score.level:.0f}, from {score.basis}"
        self._keep(14)
        self._say(f"{score.skill.value}: {level}", 10, "B" if score.level is not None else "")
        if score.level is None:
            return
        for sign, rows in (("●", score.shown[:1]), ("■", score.missed[:1])):
            for evidence in rows:
                self._say(f"{sign} turn {evidence.turn}: “{evidence.quote}”", 9)
        if trust:
            self._small(str(trust))

    def _sources(self) -> None:
        self._heading("Passages cited")
        for citation in self._account.debrief.citations:
            self._say(f"{citation.title}. {citation.source} [{citation.id}]", 9)
        if not self._account.debrief.citations:
            self._say("None.")
        self._pdf.ln(4)

    def _heading(self, words: str) -> None:
        self._keep(28)
        self._pdf.ln(5)
        self._say(words, 12.5, "B", space=1)

    def _small(self, words: str) -> None:
        self._say(words, 8, "", SOFT)

    def _say(
        self,
        words: str,
        size: float = 10,
        style: str = "",
        colour: Colour = INK,
        *,
        space: float = 0.6,
    ) -> None:
        self._ink(colour, size, style)
        self._pdf.multi_cell(0, size * 0.52, self._written(words), align="L", new_x="LMARGIN", new_y="NEXT")
        self._pdf.ln(space)

    def _ink(self, colour: Colour, size: float, style: str = "") -> None:
        self._pdf.set_font(FONT, style, size)
        self._pdf.set_text_color(*colour)

    def _written(self, words: str) -> str:
        """The words in the characters there are; composed, so that accents sit where they belong."""
        composed = unicodedata.normalize("NFC", " ".join(words.split()))
        kept = "".join(c if ord(c) in self._known else BOX for c in composed)
        self._lacking = self._lacking or kept != composed
        return kept

    def _keep(self, room: float) -> None:
        """Begin a new page when less than `room` mm are left on this one."""
        if self._pdf.will_page_break(room):
            self._pdf.add_page()

    @contextmanager
    def _indented(self) -> Iterator[None]:
        self._pdf.set_left_margin(MARGIN + 6)
        yield
        self._pdf.set_left_margin(MARGIN)
        self._pdf.set_x(MARGIN)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _date(created: str) -> datetime:
    try:
        return datetime.fromisoformat(created)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
