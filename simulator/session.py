"""The composition root and the use cases: start, resume, say, finish, debrief.

Everything that front ends (terminal, page, suites) may do with a rehearsal stands here; they parse
and print, and hold no rule of their own.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from simulator import library
from simulator.domain.affect import Affect, hurt, rested
from simulator.domain.beneath import Beneath, beneath
from simulator.domain.dialogue import Turn
from simulator.domain.persona import Persona
from simulator.domain.scenario import Opening, Scenario
from simulator.domain.screening import Danger
from simulator.domain.strategy import Move
from simulator.domain.utterance import cleaned
from simulator.errors import InputError, WeightsError
from simulator.ledger import Card, Ledger
from simulator.settings import Role, Settings

if TYPE_CHECKING:
    from simulator.coder import Coder
    from simulator.coder.local import LocalCoder
    from simulator.embeddings import Embedder
    from simulator.evaluator import Debrief, Evaluator, Feedback
    from simulator.llm import ChatModel
    from simulator.store import Store
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


@dataclass(frozen=True)
class Parts:
    """Components that replace the real ones; for tests and replay (simulator/testing.py)."""

    model: "ChatModel | None" = None
    coder: "Coder | None" = None
    embedder: "Embedder | None" = None
    alarm: Callable[[str], Danger | None] | None = None
    store_client: Any = None


class Simulator:
    """One run of the product: settings in, rehearsals out; heavy parts are made when first needed."""

    def __init__(self, settings: Settings, parts: Parts | None = None) -> None:
        self.settings = settings
        self._parts = parts or Parts()

    @cached_property
    def ledger(self) -> Ledger:
        """The sessions database."""
        return Ledger(self.settings.ledger)

    @cached_property
    def embedder(self) -> "Embedder":
        """The sentence embedder, its files verified."""
        if self._parts.embedder:
            return self._parts.embedder
        from simulator.embeddings import MiniLM
        from simulator.weights import find, trusted

        cache = self.settings.cache
        return MiniLM(trusted(find("embedding"), cache), trusted(find("tokenizer"), cache))

    def check(self) -> None:
        """Make what several threads will share, so that none of them makes it twice.

        Raises: WeightsError when a model file is missing or damaged.
        """
        _ = self.ledger, self.embedder, self.model

    @cached_property
    def model(self) -> "ChatModel":
        """The model that speaks for the persona."""
        if self._parts.model:
            return self._parts.model
        from simulator.embedded import EmbeddedChat

        remote = self._endpoint("persona")
        if remote:
            return remote
        settings = self.settings
        return EmbeddedChat(
            self.chat_file, threads=settings.threads, context=settings.context, timeout_s=settings.timeout_s
        )

    def chat_file(self) -> Path:
        """The chat model's file: the user's own, or the verified default."""
        from simulator.weights import find, trusted

        if self.settings.model_path:
            if not self.settings.model_path.is_file():
                raise WeightsError(f"{self.settings.model_path}: no such model file; check --model-path.")
            return self.settings.model_path
        return trusted(find("chat"), self.settings.cache)

    def _endpoint(self, role: Role) -> "ChatModel | None":
        from simulator.llm import OpenAIChat

        endpoint = self.settings.endpoints.get(role)
        return OpenAIChat(endpoint, timeout_s=self.settings.timeout_s) if endpoint else None

    @cached_property
    def coder(self) -> "Coder":
        """The coder that hears the trainee's turns."""
        if self._parts.coder:
            return self._parts.coder
        from simulator.coder.structured import StructuredCoder

        appraiser = self._endpoint("appraiser")
        return StructuredCoder(appraiser) if appraiser else self._local_coder

    @cached_property
    def _local_coder(self) -> "LocalCoder":
        from simulator.coder.local import LocalCoder

        return LocalCoder(self.embedder)

    def alarm(self, text: str) -> Danger | None:
        """The danger in the trainee's own life that a turn discloses: by pattern, or by likeness.

        This never leaves the machine, whatever model plays the persona.
        """
        by_likeness = self._parts.alarm or self._local_coder.danger
        return library.rail().screen.danger(text) or by_likeness(text)

    @cached_property
    def store(self) -> "Store":
        """The document store, our own passages up to date."""
        from simulator.store import Store

        return Store(self.settings.store, self.embedder, client=self._parts.store_client)

    def missing_files(self) -> list[str]:
        """Names of model files that a rehearsal needs and that are not here yet."""
        from simulator.weights import find

        wanted = [] if self._parts.embedder else ["embedding", "tokenizer"]
        own = self.settings.model_path or "persona" in self.settings.endpoints or self._parts.model
        wanted += [] if own else ["chat"]
        return [name for name in wanted if not find(name).path(self.settings.cache).is_file()]

    def destinations(self) -> dict[str, str]:
        """Which role's words leave this machine, and where they go; empty when none do."""
        return {role: e.host for role, e in self.settings.endpoints.items() if e.remote}

    def persona(self, name: str) -> Persona:
        """A persona by its key."""
        return library.persona(name, self.settings.home)

    def scenario(self, name: str) -> Scenario:
        """A scenario by its key."""
        return library.scenario(name, self.settings.home)

    def start(
        self, persona: str, scenario: str, *, seed: int | None = None, after: str | None = None
    ) -> "Conversation":
        """Begin a rehearsal; `after` names an earlier session whose trust and injury carry over.

        Raises: InputError for unknown names; LedgerError when it cannot be written.
        """
        who, scene = self.persona(persona), self.scenario(scenario)
        number = secrets.randbelow(10_000) if seed is None else seed
        start = hurt(who.attachment, scene.severity)
        if after:
            start = self._carried(after, persona, who, start)
        card = Card(
            id=f"{persona}-{secrets.token_hex(3)}",
            persona=persona,
            scenario=scenario,
            seed=number,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            model=self.model_name,
            opening=_opening(who, scene, number),
            start=start,
        )
        self.ledger.start(card)
        return Conversation(self, card, who, scene)

    @property
    def model_name(self) -> str:
        """The persona's model, named without loading it."""
        endpoint = self.settings.endpoints.get("persona")
        if self._parts.model:
            return self._parts.model.name
        return endpoint.model if endpoint else (self.settings.model_path or Path("embedded")).stem

    def _carried(self, session: str, persona: str, who: Persona, start: Affect) -> Affect:
        card = self.ledger.card(session)
        if card.persona != persona:
            raise InputError(f"session {session}: was held with {card.persona}, not {persona}.")
        turns = self.ledger.turns(card.id)
        last = (turns[-1].after if turns else None) or card.start
        kept = rested(last, who.attachment)
        return replace(start, trust=kept.trust, injury=max(start.injury, kept.injury))

    def resume(self, session: str) -> "Conversation":
        """Take up a session where it stopped.

        Raises: InputError when there is none of that name.
        """
        card = self.ledger.card(session)
        return Conversation(self, card, self.persona(card.persona), self.scenario(card.scenario))

    def evaluator(self, persona: Persona, scenario: Scenario) -> "Evaluator":
        """The evaluator for talks with one persona in one scene."""
        from simulator.evaluator import Evaluator

        return Evaluator(persona, scenario, self.coder, self.store, self._suggest())

    def _suggest(self) -> Callable[[Turn, str], Sequence[str]] | None:
        """Better sentences from the grader, when a capable model has that role."""
        grader = self._endpoint("grader")
        if grader is None:
            return None
        from simulator.suggesting import suggested

        return lambda turn, fault: suggested(grader, turn, fault)

    def debrief(self, session: str) -> "Debrief":
        """Look back on a session.

        Raises: InputError when there is none, or nothing was said in it.
        """
        from simulator.graph.debrief import DebriefDeps, debrief_graph

        card = self.ledger.card(session)
        if not self.ledger.turns(card.id):
            raise InputError(f"session {card.id}: nothing was said yet; `simulator chat --resume {card.id}`.")
        known = frozenset(passage.id for passage in self.store.passages())
        evaluator = self.evaluator(self.persona(card.persona), self.scenario(card.scenario))
        deps = DebriefDeps(card.id, self.ledger, evaluator, known)
        found: Debrief = debrief_graph().invoke({}, context=deps)["debrief"]
        return found

    def close(self) -> None:
        """Stop the embedded server and close the database."""
        model = self.__dict__.get("model")
        if model is not None and hasattr(model, "close"):
            model.close()
        if "ledger" in self.__dict__:
            self.ledger.close()


def _opening(persona: Persona, scenario: Scenario, seed: int) -> str:
    """The persona's first words, by its leaning: the two axes as odds against plainness."""
    attachment = persona.attachment
    odds: dict[Opening, float] = {
        "hyperactivating": attachment.anxious**3,
        "deactivating": attachment.avoidant**3,
        "plain": (1 - max(attachment.anxious, attachment.avoidant)) ** 3,
    }
    rng = Random(f"{seed}:opening")
    kind = rng.choices(list(odds), list(odds.values()))[0]
    return rng.choice(list(scenario.openings[kind]))


class Conversation:
    """One rehearsal under way."""

    def __init__(self, simulator: Simulator, card: Card, persona: Persona, scenario: Scenario) -> None:
        self._simulator = simulator
        self.card, self.persona, self.scenario = card, persona, scenario
        self._ready: threading.Thread | None = None
        self._failed: BaseException | None = None

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

    @cached_property
    def voice(self) -> "Voice":
        """The persona's way to words in this scene."""
        from simulator.wording import Voice

        return Voice(self.persona, self.scenario, self._repertoire, self._simulator.model)

    @cached_property
    def _repertoire(self) -> Any:
        from simulator.repertoire import Repertoire

        folder = self._simulator.settings.home / "vectors"
        return Repertoire(self.persona, self.scenario, self._simulator.embedder, folder)

    @cached_property
    def _evaluator(self) -> "Evaluator":
        return self._simulator.evaluator(self.persona, self.scenario)

    @cached_property
    def _graph(self) -> Any:
        from simulator.graph.build import turn_graph

        return turn_graph(self._simulator.ledger.connection)

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

        Raises: InputError for an unusable turn or a talk that is over; ModelError when no model
        answers (the turn is kept, `finish` tries again); LedgerError when it cannot be recorded.
        """
        said = cleaned(text)
        if self.ended:
            raise InputError(f"{self.persona.name} has left the talk; start another, or /undo the last turn.")
        self._await_ready()
        yield from self._run({"number": 0}, said)

    def cut_off(self) -> "CutOff | None":
        """A turn that had passed the screen and was cut off before its reply was recorded."""
        state = self._graph.get_state(self._config)
        said, number = state.values.get("said"), state.values.get("number", 0)
        if not (state.next and said) or number <= len(self.turns):
            return None
        return CutOff(said, self._simulator.ledger.spoken(self.card.id, number))

    def finish(self) -> Iterator[Event]:
        """Go on with a turn that was cut off, from the node it had reached."""
        self._await_ready()
        yield from self._run(None, "")

    @property
    def _config(self) -> dict[str, Any]:
        return {"configurable": {"thread_id": self.card.id}}

    def _run(self, given: dict[str, Any] | None, said: str) -> Iterator[Event]:
        from simulator.graph.state import Deps

        simulator = self._simulator
        deps = Deps(
            card=self.card,
            persona=self.persona,
            scenario=self.scenario,
            coder=simulator.coder,
            repertoire=self._repertoire,
            voice=self.voice,
            ledger=simulator.ledger,
            alarm=simulator.alarm,
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
            yield self._disclosed(Danger(danger))
        else:
            yield Answered(self.turns[-1])

    def _forget(self) -> None:
        """Checkpoints serve one turn only; the ledger is what lasts."""
        self._graph.checkpointer.delete_thread(self.card.id)

    def _disclosed(self, danger: Danger) -> Disclosed:
        rail = library.rail()
        places = rail.places(danger, self._simulator.settings.locale)
        return Disclosed(danger, rail.message[danger], places)

    def close(self) -> None:
        """Wait for what is still loading; a program must not end under running native code."""
        if self._ready:
            self._ready.join()

    def undo(self) -> Turn | None:
        """Take back the last turn; the persona is again as it was before it."""
        self._forget()
        return self._simulator.ledger.undo(self.card.id)

    def feedback(self, turn: Turn, *, better: bool = True) -> "Feedback":
        """What that turn did."""
        return self._evaluator.feedback(turn, better=better)

    def hint(self) -> str:
        """A sentence that would land now."""
        self._await_ready()
        return self._evaluator.hint(self.turns)
