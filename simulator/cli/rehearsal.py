"""One sitting at the terminal: lines in, turns out, the debrief at the end."""

from collections.abc import Iterator, Sequence

from simulator.cli.screen import Screen
from simulator.conversation import Answered, Conversation, Disclosed, Event, Sentence
from simulator.domain.utterance import cleaned
from simulator.errors import InputError, ModelError
from simulator.session import Simulator

HELP = """/hint   a sentence that would land now
/why    what lies beneath the last reply
/state  how the persona feels, in numbers
/undo   take back your last turn
/end    stop and read the debrief
/help   this list
Type ... to stay silent."""


class Rehearsal:
    """One sitting at the terminal."""

    def __init__(self, run: Simulator, talk: Conversation, screen: Screen, feedback: str) -> None:
        self._run, self._talk, self._screen, self._feedback = run, talk, screen, feedback
        self._disclosed = False

    def run(self) -> None:
        """Show where the words go, play turns until the end, then the debrief."""
        talk, screen = self._talk, self._screen
        talk.prepare()
        screen.header(talk, self._run.destinations())
        if talk.turns:
            screen.past(talk)
        cut = talk.cut_off()
        if cut:
            screen.note("Finishing the turn that was cut off:")
            screen.said(cut.said)
            self._play(talk.finish(), cut.shown)
        self._turns()
        if not self._disclosed:
            self._close()

    def _turns(self) -> None:
        for number, line in self._lines():
            if line == "/end" or not self._step(number, line):
                return

    def _lines(self) -> Iterator[tuple[int, str]]:
        """Lines as they come; blank ones at the end of a pipe are no turns."""
        blank = 0
        for number, line in enumerate(self._screen.lines(), start=1):
            if line.strip() or self._screen.interactive:
                for missed in range(blank):
                    yield number - blank + missed, ""
                blank = 0
                yield number, line.strip()
            else:
                blank += 1

    def _step(self, number: int, line: str) -> bool:
        """Play one line; whether the talk goes on."""
        try:
            if line.startswith("/"):
                self._command(line)
            else:
                said = cleaned(line)
                if not self._screen.interactive:
                    self._screen.said(said)
                self._play(self._talk.say(said))
        except (InputError, ModelError) as error:
            if not self._screen.interactive:
                talk = self._talk.card.id
                raise type(error)(
                    f"line {number}: {error} So far is kept: `simulator chat --resume {talk}`."
                ) from error
            self._screen.problem(error)
        return not (self._disclosed or self._talk.ended)

    def _play(self, events: Iterator[Event], shown: Sequence[str] = ()) -> None:
        with self._screen.reply(self._talk.persona.name) as show:
            for sentence in shown:
                show(sentence)
            for event in events:
                match event:
                    case Sentence(text):
                        show(text)
                    case Disclosed():
                        self._disclosed = event.ends
                        self._screen.rail(event)
                    case Answered(turn):
                        self._screen.after(turn)
                        if self._feedback != "off":
                            told = self._talk.feedback(turn, better=self._feedback == "full")
                            self._screen.feedback(told, full=self._feedback == "full")

    def _command(self, line: str) -> None:
        talk, screen = self._talk, self._screen
        match line.split(maxsplit=1)[0]:
            case "/help":
                screen.note(HELP)
            case "/hint":
                screen.note(f'You could say: "{talk.hint()}"')
            case "/why":
                screen.why(talk)
            case "/state":
                screen.state(talk.affect)
            case "/undo":
                gone = talk.undo()
                screen.note(f'Taken back: "{gone.said}"' if gone else "There is no turn to take back.")
            case other:
                raise InputError(f"{other}: no such command; /help lists them.")

    def _close(self) -> None:
        talk, screen = self._talk, self._screen
        if talk.ended:
            screen.note(f"{talk.persona.name} has left the talk.")
        if not talk.turns:
            screen.note(f"Nothing was said. `simulator chat --resume {talk.card.id}` goes on.")
            return
        screen.debrief(self._run.debrief(talk.card.id), talk.card.id)
