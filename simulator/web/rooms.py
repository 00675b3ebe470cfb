"""The talks that are open in this process, and the turn each of them is answering.

A turn runs in a thread of its own, so it goes on when the page that asked for it is closed; whoever
comes back reads the whole of what was said so far. Sentences are recorded before they are seen here.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache

from simulator.conversation import Answered, Conversation, Disclosed, Event, Sentence
from simulator.domain.dialogue import Turn
from simulator.domain.utterance import cleaned
from simulator.errors import InputError, SimulatorError
from simulator.evaluator import Feedback
from simulator.session import Simulator

MOST_OPEN = 60
"""Talks kept ready; the one longest unused is closed first, and opens again when asked for."""
FEEDBACK_KEPT = 400
"""Turns of one talk whose feedback is kept in memory."""


@dataclass
class Pending:
    """A turn that is being answered."""

    number: int
    said: str
    sentences: list[str] = field(default_factory=list)
    trouble: str = ""
    """Why the answer stopped; it can be tried again."""
    over: bool = False
    cut: bool = False
    """Whether an earlier process left it unanswered."""


class Room:
    """One open talk."""

    def __init__(self, simulator: Simulator, talk: Conversation) -> None:
        self._simulator, self.talk = simulator, talk
        self.pending: Pending | None = None
        self.disclosed: Disclosed | None = None
        """Why the role play stopped last; the words that told it are not kept, here neither."""
        self._lock = threading.Lock()
        self._turn: threading.Thread | None = None
        self.feedback = lru_cache(FEEDBACK_KEPT)(self._feedback)
        talk.prepare()
        self._cut_off()

    def _cut_off(self) -> None:
        """Show a turn that an earlier process left unanswered as one to be tried again."""
        cut = self.talk.cut_off()
        if cut:
            number = len(self.talk.turns) + 1
            trouble = "This turn was cut off before it was answered."
            self.pending = Pending(number, cut.said, list(cut.shown), trouble, over=True, cut=True)

    @property
    def busy(self) -> bool:
        """Whether a turn is being answered now."""
        return self.pending is not None and not self.pending.over

    def say(self, text: str) -> Pending:
        """Begin a turn; the answer is followed in `pending`.

        Raises: InputError for an unusable turn, or while another is being answered or was cut off.
        """
        said = cleaned(text)
        with self._lock:
            if self.pending:
                raise InputError(f"{self.talk.persona.name} has not answered your last turn yet.")
            if self.talk.ended or (self.disclosed and self.disclosed.ends):
                raise InputError("This talk is over; go back to one of your turns, or begin another.")
            return self._begin(Pending(len(self.talk.turns) + 1, said), self.talk.say(said))

    def finish(self) -> Pending:
        """Try again to have the cut-off turn answered.

        Raises: InputError when there is none.
        """
        with self._lock:
            if not self.pending or not self.pending.over:
                raise InputError("There is no unanswered turn to try again.")
            cut = self.talk.cut_off()
            again = Pending(self.pending.number, self.pending.said, list(cut.shown) if cut else [])
            return self._begin(again, self.talk.finish() if cut else self.talk.say(again.said))

    def _begin(self, pending: Pending, events: Iterator[Event]) -> Pending:
        self.pending, self.disclosed = pending, None
        self._turn = threading.Thread(target=self._play, args=(pending, events), daemon=True)
        self._turn.start()
        return pending

    def _play(self, pending: Pending, events: Iterator[Event]) -> None:
        try:
            with self._simulator.ledger.hold(self.talk.card.id):
                for event in events:
                    self._take(pending, event)
        except SimulatorError as error:
            pending.trouble = str(error)
        except Exception as error:  # noqa: BLE001 - the page must learn of it, whatever it was
            pending.trouble = f"Something unexpected happened ({type(error).__name__}); please report it."
        finally:
            if not pending.trouble:
                self.pending = None
            pending.over = True

    def _take(self, pending: Pending, event: Event) -> None:
        match event:
            case Sentence(text):
                pending.sentences.append(text)
            case Disclosed():
                pending.said, self.disclosed = "", event
            case Answered():
                pass

    def recorded(self, number: int) -> Turn | None:
        """A recorded turn; None when there is none of that number."""
        turns = self.talk.turns
        return turns[number - 1] if 0 < number <= len(turns) else None

    def turn(self, number: int) -> Turn:
        """A recorded turn.

        Raises: InputError when there is none of that number.
        """
        turn = self.recorded(number)
        if turn is None:
            raise InputError(f"turn {number}: not one of this talk.")
        return turn

    def _feedback(self, number: int) -> Feedback:
        return self.talk.feedback(self.turn(number))

    def close(self) -> None:
        """Let go of what the talk holds, once a turn under way is answered."""
        if self._turn:
            self._turn.join()
        self.talk.close()


class Rooms:
    """Every open talk of one simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._open: dict[str, Room] = {}
        self._lock = threading.Lock()

    def warm(self) -> None:
        """Make what every talk needs, once; a fault is told to who begins one."""
        simulator = self.simulator
        with suppress(SimulatorError):
            if not simulator.missing_files():
                simulator.check()
                _ = simulator.coder, simulator.store

    def room(self, session: str) -> Room:
        """The room of a session, named in full or by an unambiguous beginning; opened when it is not.

        Raises: InputError when there is no such session.
        """
        with self._lock:
            if session not in self._open:
                session = self.simulator.ledger.card(session).id  # one room, however it is named
            found = self._open.pop(session, None) or Room(self.simulator, self.simulator.resume(session))
            self._open[session] = found  # last in the dict: used last
            self._tidy()
            return found

    def _tidy(self) -> None:
        idle = [key for key, room in self._open.items() if not room.busy]
        for key in idle[: max(0, len(self._open) - MOST_OPEN)]:
            self._open.pop(key).close()

    def leave(self, session: str) -> None:
        """Close a room, for a session that is deleted.

        Raises: InputError while a turn is being answered in it.
        """
        with self._lock:
            room = self._open.get(session)
            if room and room.busy:
                raise InputError(f"session {session}: a turn is being answered; wait for it.")
            if room:
                del self._open[session]
                room.close()

    def move(self, change: Callable[[], Simulator]) -> None:
        """Go on with another simulator, for changed settings; `change` keeps them and makes it.

        Raises: InputError while a turn is being answered, and nothing is changed then.
        """
        with self._lock:
            if any(room.busy for room in self._open.values()):
                raise InputError("A turn is being answered; change the settings once it is.")
            simulator = change()
            self._close()
            self.simulator = simulator

    def close(self) -> None:
        """Close every room and the simulator."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        for room in self._open.values():
            with suppress(SimulatorError):
                room.close()
        self._open.clear()
        self.simulator.close()
