"""One rehearsal under way: what was said so far, and the next turn through the graph."""

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from simulator import library
from simulator.domain.affect import Affect
from simulator.domain.beneath import Beneath, beneath
from simulator.domain.dialogue import Turn
from simulator.domain.memory import Memory
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.domain.screening import Danger
from simulator.domain.strategy import Move
from simulator.domain.utterance import cleaned
from simulator.errors import InputError
from simulator.ledger import Card
from simulator.once import once

if TYPE_CHECKING:
    from simulator.evaluator import Evaluator, Feedback
    from simulator.session import Simulator
    from simulator.wording import Voice


@dataclass(frozen=True)
class Sentence:
    """A sentence of the reply; it is recorded already and may be shown."""

    text: str


@dataclass(frozen=True)
class Disclosed:
    """The safety rail stopped the role play; the turn was not kept."""

    danger: Danger
    message: str
    places: Sequence[library.Help]
    again: str = ""
    """How to go on if the words belong to the scene after all; empty where there is no doubt."""

    @property
    def ends(self) -> bool:
        """Whether the talk is over."""
        return not self.again


@dataclass(frozen=True)
class CutOff:
    """A turn whose reply was cut off: the words taken, and the sentences shown already."""

    said: str
    shown: Sequence[str]


@dataclass(frozen=True)
class Answered:
    """The turn is recorded whole."""

    turn: Turn


Event = Sentence | Disclosed | Answered


class Conversation:
    """One rehearsal under way; many may be at the same time, each spoken in by one thread at a time."""

    def __init__(
        self,
        simulator: "Simulator",
        card: Card,
        persona: Persona,
        scenario: Scenario,
        memory: Memory | None = None,
    ) -> None:
        self._simulator = simulator
        self.memory = memory
        self.card, self.persona, self.scenario = card, persona, scenario
        self._ready: threading.Thread | None = None
        self._failed: BaseException | None = None
        self._doubted = b""

    @property
    def turns(self) -> list[Turn]:
        """The turns so far."""
        return self._simulator.ledger.turns(self.card.id)

    @property
    def ended(self) -> bool:
        """Whether the persona has left."""
        turns = self.turns
        return bool(turns and turns[-1].ended)

    @property
    def affect(self) -> Affect:
        """The persona's state now."""
        turns = self.turns
        return (turns[-1].after if turns else None) or self.card.start

    def beneath(self) -> Beneath | None:
        """What lies beneath the persona's last reply; None before the first."""
        turns = self.turns
        if not turns or turns[-1].move not in set(Move):
            return None
        return beneath(Move(turns[-1].move), self.affect, self.persona.attachment)

    @once
    def voice(self) -> "Voice":
        """The persona's way to words in this scene."""
        from simulator.wording import Voice

        return Voice(self.persona, self.scenario, self._repertoire, self._simulator.model, self.memory)

    @once
    def _repertoire(self) -> Any:
        from simulator.repertoire import Repertoire

        folder = self._simulator.settings.home / "vectors"
        return Repertoire(self.persona, self.scenario, self._simulator.embedder, folder)

    @once
    def _chooser(self) -> Any:
        from simulator.chooser import Chooser

        return Chooser(self.persona, self._repertoire, self.memory)

    @once
    def _evaluator(self) -> "Evaluator":
        return self._simulator.evaluator(self.persona, self.scenario)

    @once
    def _graph(self) -> Any:
        from simulator.graph.build import turn_graph

        return turn_graph(self._connection)

    @once
    def _connection(self) -> sqlite3.Connection:
        """For the graph's checkpoints: what is not committed yet must not mix with other talks' turns."""
        return self._simulator.ledger.connect()

    def prepare(self) -> None:
        """Make the heavy parts in the background while the trainee reads; `say` waits for them."""
        self._ready = threading.Thread(target=self._make_ready, daemon=True)
        self._ready.start()

    def _make_ready(self) -> None:
        """Load the model beside the coder and the store; the first fault is kept for who asks."""
        self._attempt(self._simulator.check)
        loading = threading.Thread(target=self._attempt, args=(self._warm,), daemon=True)
        loading.start()
        self._attempt(self._load)
        loading.join()

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asks
            self._failed = self._failed or error

    def _load(self) -> None:
        self._simulator.alarm("I hear you.")
        _ = self._graph, self._simulator.coder, self._simulator.store

    def _warm(self) -> None:
        model, voice = self._simulator.model, self.voice
        if hasattr(model, "warm"):
            model.warm(voice.preamble())

    def _await_ready(self) -> None:
        if self._ready:
            self._ready.join()
            self._ready = None
        failed, self._failed = self._failed, None
        if failed:
            raise failed

    def say(self, text: str) -> Iterator[Event]:
        """Take one turn: yields the reply's sentences, then the recorded turn.

        Words that only sounded like danger are taken as words of the scene when they are said again.
        Raises: InputError for an unusable turn or a talk that is over; ModelError when no model
        answers (the turn is kept, `finish` tries again); LedgerError when it cannot be recorded.
        """
        said = cleaned(text)
        if self.ended:
            raise InputError(f"{self.persona.name} has left the talk; start another, or /undo the last turn.")
        self._await_ready()
        meant, self._doubted = _digest(said) == self._doubted, b""
        yield from self._run({"number": 0}, said, meant=meant)

    def cut_off(self) -> "CutOff | None":
        """A turn that had passed the screen and was cut off before its reply was recorded."""
        state = self._graph.get_state(self._config)
        said, number = state.values.get("said"), state.values.get("number", 0)
        # `next` leaves out a node whose result is kept already, though the turn is not at its end
        if not (state.tasks and said) or number <= len(self.turns):
            return None
        return CutOff(said, self._simulator.ledger.spoken(self.card.id, number))

    def finish(self) -> Iterator[Event]:
        """Go on with a turn that was cut off, from the node it had reached."""
        self._await_ready()
        yield from self._run(None, "")

    @property
    def _config(self) -> dict[str, Any]:
        return {"configurable": {"thread_id": self.card.id}}

    def _run(self, given: dict[str, Any] | None, said: str, *, meant: bool = False) -> Iterator[Event]:
        from simulator.graph.state import Deps

        simulator = self._simulator
        deps = Deps(
            card=self.card,
            persona=self.persona,
            scenario=self.scenario,
            coder=simulator.coder,
            chooser=self._chooser,
            voice=self.voice,
            ledger=simulator.ledger,
            alarm=partial(simulator.alarm, meant=meant),
            said=said,
        )
        if given is not None:
            self._forget()
        danger = ""
        for mode, piece in self._graph.stream(
            given, self._config, context=deps, stream_mode=["custom", "updates"], durability="sync"
        ):
            if mode == "custom":
                yield Sentence(piece["sentence"])
            elif (piece.get("screen") or {}).get("danger"):
                danger = piece["screen"]["danger"]
        self._forget()
        if danger:
            yield self._disclosed(Danger(danger), said)
        else:
            yield Answered(self.turns[-1])

    def _forget(self) -> None:
        """Checkpoints serve one turn only; the ledger is what lasts."""
        self._graph.checkpointer.delete_thread(self.card.id)
        self._simulator.ledger.unspeak(self.card.id)

    def _disclosed(self, danger: Danger, said: str) -> Disclosed:
        rail = library.rail()
        places = rail.places(danger, self._simulator.settings.locale)
        if rail.screen.danger(said):
            return Disclosed(danger, rail.stop(danger), places)
        self._doubted = _digest(said)
        return Disclosed(danger, rail.message[danger], places, rail.again)

    def close(self) -> None:
        """Wait for what is still loading, and close the connection; what is said later opens it again.

        A program must not end under running native code.
        """
        if self._ready:
            self._ready.join()
        vars(self).pop("_graph", None)
        opened = vars(self).pop("_connection", None)
        if opened:
            opened.close()

    def undo(self) -> Turn | None:
        """Take back the last turn; the persona is again as it was before it."""
        self._forget()
        return self._simulator.ledger.undo(self.card.id)

    def feedback(self, turn: Turn, *, better: bool = True) -> "Feedback":
        """What that turn did."""
        if not better:
            return self._evaluator.feedback(turn, better=False)
        history = [one for one in self.turns if one.number < turn.number]
        return self._evaluator.feedback(turn, self.card.last_words(history))

    def hint(self) -> str:
        """A sentence that would land now."""
        self._await_ready()
        return self._evaluator.hint(self.turns)


def _digest(said: str) -> bytes:
    """Words that may tell of danger are not kept, in memory neither."""
    return hashlib.sha256(said.encode()).digest()
