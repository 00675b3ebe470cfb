"""What a rehearsal looks like on a terminal, and how plain it is in a pipe."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from shutil import get_terminal_size
from textwrap import fill

import typer

from simulator import library
from simulator.cli.app import DEFAULT_PERSONA, DEFAULT_SCENARIO
from simulator.conversation import Conversation, Disclosed
from simulator.domain.affect import Affect
from simulator.domain.dialogue import Turn
from simulator.domain.memory import summary
from simulator.evaluator import Debrief, Feedback
from simulator.report import feedback_lines, text
from simulator.session import Simulator

BAR = 20


@dataclass(frozen=True)
class Screen:
    """Standard streams; colour only where a person looks at them."""

    interactive: bool
    colour: bool

    @classmethod
    def for_streams(cls) -> "Screen":
        """Decide by what standard input and output are connected to."""
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        return cls(sys.stdin.isatty(), colour)

    def _say(self, text: str = "", *, fg: str | None = None, dim: bool = False, bold: bool = False) -> None:
        for line in text.split("\n"):
            shown = self._wrapped(line)
            typer.echo(typer.style(shown, fg=fg, dim=dim, bold=bold) if self.colour else shown)

    def _wrapped(self, line: str) -> str:
        """The line broken at spaces for a terminal, left whole in a pipe."""
        width = get_terminal_size().columns - 1
        if not sys.stdout.isatty() or len(line) <= width:
            return line
        indent = " " * (len(line) - len(line.lstrip(" -+")))
        return fill(line, width, subsequent_indent=indent, drop_whitespace=True)

    def choose(self, run: Simulator, scenario: str) -> tuple[str, str]:
        """Ask who and what; Enter takes the first."""
        who = self._pick("Who would you like to talk with?", _persona_rows(run))
        what = scenario or self._pick("About what?", _scenario_rows(run))
        return who, what

    def _pick(self, question: str, rows: list[tuple[str, str]]) -> str:
        self._say(question, bold=True)
        for number, (_, told) in enumerate(rows, start=1):
            self._say(f"  {number}. {told}")
        while True:
            answer = input(f"1-{len(rows)} [1]: ").strip() or "1"
            if answer.isdigit() and 1 <= int(answer) <= len(rows):
                return rows[int(answer) - 1][0]

    def lines(self) -> Iterator[str]:
        """The trainee's lines, prompted for on a terminal."""
        while True:
            try:
                yield input("\nYou: ") if self.interactive else next(sys.stdin)
            except (EOFError, StopIteration):
                return

    def header(self, talk: Conversation, destinations: dict[str, str]) -> None:
        """Where the words go, the scene, and the persona's first words."""
        if destinations:
            hosts = ", ".join(f"{role}: {host}" for role, host in destinations.items())
            self._say(f"Your words leave this machine ({hosts}), as you chose.", fg="yellow")
        else:
            self._say("Private: your words stay on this machine.", dim=True)
        self._say(f"{talk.scenario.title}, with {talk.persona.name}. Session {talk.card.id}.", bold=True)
        self._say(talk.scenario.briefed(talk.persona.name))
        self._say(
            f"You practise: {talk.scenario.goal} (/help lists commands. Practice, not therapy.)", dim=True
        )
        if talk.memory:
            told = f"{talk.persona.name} remembers {summary(talk.memory)}. (--fresh starts anew.)"
            self._say(told, dim=True)
        self._say()
        self._line(talk.persona.name, talk.card.opening)

    def _line(self, name: str, words: str) -> None:
        self._say(f"{name}: {words}", fg="cyan")

    def past(self, talk: Conversation) -> None:
        """What was said before, on resuming."""
        for turn in talk.turns:
            self.said(turn.said)
            self._line(talk.persona.name, turn.reply)

    def said(self, words: str) -> None:
        """The trainee's words of an earlier turn."""
        self._say(f"\nYou: {words}")

    @contextmanager
    def reply(self, name: str) -> Iterator[Callable[[str], None]]:
        """Show a reply's sentences as they come, on one line."""
        shown = 0

        def show(words: str) -> None:
            nonlocal shown
            piece = f" {words}" if shown else f"{name}: {words}"
            typer.echo(typer.style(piece, fg="cyan") if self.colour else piece, nl=False)
            sys.stdout.flush()
            shown += 1

        yield show

    def after(self, turn: Turn) -> None:
        """End the reply's line; say so when it was cut off."""
        self._say()
        if turn.path == "cut":
            self.note("[the connection broke off: the reply ends here]")

    def feedback(self, feedback: Feedback, *, full: bool) -> None:
        """One or two lines on the turn."""
        for line in feedback_lines(feedback, full=full):
            self._say(f"  {line}", dim=True)

    def note(self, words: str) -> None:
        """Something said by the program, not the persona."""
        self._say(words, dim=True)

    def problem(self, error: Exception) -> None:
        """An error that the talk survives."""
        typer.echo(f"simulator: {error}", err=True)

    def rail(self, event: Disclosed) -> None:
        """Out of the role: plain words and places to get help."""
        self._say("\n" + event.message, bold=True)
        for place in event.places:
            self._say(f"  {place.name}: {place.contact}{f' ({place.note})' if place.note else ''}")
        if event.again:
            self._say(event.again)

    def state(self, affect: Affect) -> None:
        """The persona's state as bars."""
        for name, value in affect.as_dict().items():
            self._say(f"  {name:11} {'#' * round(value * BAR):{BAR}} {value:.2f}")
        self._say(f"  settled     {'yes' if affect.settled else 'not yet'}")

    def why(self, talk: Conversation) -> None:
        """The layers beneath the last reply."""
        layers = talk.beneath()
        if layers is None:
            self.note("Nothing to look beneath yet.")
            return
        self._say(f"  shown: {layers.behaviour}")
        self._say(f"  on the surface: {layers.secondary}")
        self._say(f"  beneath: {layers.primary}")
        self._say(f"  needed: {layers.need}")

    def debrief(self, debrief: Debrief, session: str) -> None:
        """The debrief, and where to find it again."""
        self._say(f"\nDEBRIEF: {debrief.persona}, {debrief.scenario}", bold=True)
        self._say(text(debrief))
        self._say(f"`simulator debrief {session}` prints this again; --format md|json|html.", dim=True)


def _persona_rows(run: Simulator) -> list[tuple[str, str]]:
    found = [run.persona(key) for key in library.personas(run.settings.home)]
    rows = [(who.key, f"{who.name}, {who.age}, {who.attachment.style}") for who in found]
    return _first(DEFAULT_PERSONA, rows)


def _scenario_rows(run: Simulator) -> list[tuple[str, str]]:
    found = [run.scenario(key) for key in library.scenarios(run.settings.home)]
    return _first(DEFAULT_SCENARIO, [(scene.key, f"{scene.title} ({scene.kind})") for scene in found])


def _first(key: str, rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The default on top, where Enter takes it."""
    return sorted(rows, key=lambda row: row[0] != key)
