"""Holds one talk of a suite and asks what was expected of it; one player a worker, one talk at a time."""

import dataclasses
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import CassetteError, SimulatorError
from simulator.evals.deck import VECTORS, Deck, Upstream
from simulator.evals.episode import Episode
from simulator.evals.expectation import Judged, Outcome
from simulator.evals.freshness import EMBEDDED, State, sources, weights
from simulator.evals.holding import held
from simulator.evals.judge import judge
from simulator.evals.trainee import faithful
from simulator.evals.unit import Done, Result, Status, Unit, fingerprint
from simulator.evals.vectors import Pack, RecordedVectors
from simulator.ledger import Ledger
from simulator.library import passages
from simulator.prompts import rendered
from simulator.session import Parts, Simulator
from simulator.settings import Settings
from simulator.store import searchable

if TYPE_CHECKING:
    import httpx2

    from simulator.coder.local import LocalCoder
    from simulator.embedded import EmbeddedChat
    from simulator.store import Store

PLAYED = frozenset({"replay", "restamp"})
MEMORY = Path(":memory:")
"""A ledger that lives as long as its talk; SQLite knows the name."""


@dataclass(frozen=True)
class Stage:
    """What a player works with, the same for every talk of a run."""

    settings: Settings
    shared: bytes = b""
    """The pack of shared vectors; empty to embed with the real model."""
    parts: Callable[[], Parts] | None = None
    """Components in place of models and recordings, for tests and benchmarks."""
    judges: Path = field(default_factory=Path)


class Player:
    """Plays, records or holds live the talks of a suite."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._settings = stage.settings

    def play(self, unit: Unit) -> Done:
        """Hold one talk and judge it; whatever goes wrong becomes a status."""
        started = time.perf_counter()
        log: dict[str, str] = {}
        token = rendered.set(log)
        try:
            episode, outcomes, deck = self._held(unit)
            done = self._judged(unit, episode, outcomes, deck)
            if unit.mode in {"record", "restamp"} and deck and done.result.status is not Status.DRIFT:
                seconds = time.perf_counter() - started
                done = dataclasses.replace(done, recordings=self._recorded(unit, deck, log, seconds))
        except CassetteError as error:
            done = Done(ended(unit, Status.DRIFT, state=State.MISSED, reason=_with_drift(unit, str(error))))
        except SimulatorError as error:
            done = Done(ended(unit, Status.ERROR, reason=str(error)))
        except Exception as error:  # noqa: BLE001 - a fault of ours must not take the other talks with it
            where = traceback.extract_tb(error.__traceback__)[-1]
            told = f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"
            done = Done(ended(unit, Status.ERROR, reason=told))
        finally:
            rendered.reset(token)
        return dataclasses.replace(done, seconds=time.perf_counter() - started)

    def _held(self, unit: Unit) -> tuple[Episode, list[Outcome], Deck | None]:
        deck = self._deck(unit)
        simulator = Simulator(self._settings, self._parts(deck))
        try:
            talk = simulator.start(unit.case.persona, unit.case.scenario, seed=unit.case.seed_of(unit.epoch))
            episode = held(unit.case, simulator, talk, deck)
            outcomes = [self._outcome(unit, expectation, episode, deck) for expectation in unit.case.expect]
        finally:
            simulator.ledger.close()
        return episode, outcomes, deck

    def _outcome(self, unit: Unit, expectation: Any, episode: Episode, deck: Deck | None) -> Outcome:
        if not isinstance(expectation, Judged):
            found: Outcome = expectation.ask(episode)
            return found
        model = deck.chat("judge") if deck else None
        if model is None:
            return Outcome(expectation.id, None, "no judge: set SIMULATOR_JUDGE_BASE_URL and record")
        return judge(expectation, unit.checklists[expectation.judge], episode, model)

    def _judged(self, unit: Unit, episode: Episode, outcomes: Sequence[Outcome], deck: Deck | None) -> Done:
        status, state, reason = _verdict(unit, episode, outcomes, deck)
        result = ended(unit, status, outcomes=outcomes, state=state, reason=reason)
        result = dataclasses.replace(result, metrics=episode.metrics(), calls=episode.calls)
        return Done(result, episode)

    def _recorded(self, unit: Unit, deck: Deck, log: Mapping[str, str], seconds: float) -> dict[str, bytes]:
        """The talk's recordings, each saying what it was made from."""
        templates = deck.templates(log)
        if unit.mode == "restamp":
            told = {role: dict(about) for role, about in deck.abouts.items()}
            vectors = unit.recordings[VECTORS]
        else:
            told = {role: self._told(unit, role, u, seconds) for role, u in self._upstreams(unit).items()}
            if unit.case.debriefed:  # the store embeds them for its first talk alone
                self._vectors([text for passage in passages() for text in searchable(passage)])
            vectors = self._vectors.close().dump()
        for role, about in told.items():
            home, judges = self._settings.home, self._stage.judges
            about["sources"] = sources(unit.case, role, templates[role], home, judges)
            about["sources"] |= weights(about["profile"])
        return deck.dump(told) | {VECTORS: vectors}

    def _told(self, unit: Unit, role: str, upstream: Upstream, seconds: float) -> dict[str, Any]:
        own = "file" if self._settings.model_path else EMBEDDED
        return {
            "role": role,
            "case": unit.key,
            "recorded_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(seconds, 1) if role == "persona" else 0.0,
            "profile": "endpoint" if upstream.capable else own,
            "model": upstream.endpoint.model,
            "capable": upstream.capable,
            "versions": {name: version(name) for name in ("attunement-simulator", "openai", "vcrpy")},
        }

    def _deck(self, unit: Unit) -> Deck | None:
        if self._stage.parts:
            return None
        self._vectors.open(Pack.load(unit.recordings[VECTORS]) if VECTORS in unit.recordings else None)
        if unit.mode in PLAYED:
            return Deck.playing(unit.recordings)
        return Deck.recording(self._upstreams(unit), self._client)

    def _upstreams(self, unit: Unit) -> dict[str, Upstream]:
        """Who answers for each role while recording: the settings' endpoints, else the embedded model."""
        unused = {"trainee"} if not unit.case.user.style else set()
        unused |= {"judge"} if not unit.case.judged else set()
        endpoints = self._settings.endpoints.items()
        found: dict[str, Upstream] = {r: Upstream(e, capable=True) for r, e in endpoints if r not in unused}
        for role in ("persona", "trainee"):
            if role not in unused and role not in found:
                found[role] = Upstream(self._embedded.endpoint(), capable=False)
        return found

    @cached_property
    def _client(self) -> "httpx2.Client":
        import httpx2

        return httpx2.Client(timeout=self._settings.timeout_s)

    @cached_property
    def _embedded(self) -> "EmbeddedChat":
        from simulator.embedded import EmbeddedChat

        s = self._settings
        file = Simulator(s).chat_file
        return EmbeddedChat(file, threads=s.threads, context=s.context, timeout_s=s.timeout_s)

    @cached_property
    def _vectors(self) -> RecordedVectors:
        if self._stage.shared:
            return RecordedVectors(Pack.load(self._stage.shared))
        return RecordedVectors(Pack(""), Simulator(self._settings).embedder)

    @cached_property
    def _local(self) -> "LocalCoder":
        from simulator.coder.local import LocalCoder

        return LocalCoder(self._vectors)

    @cached_property
    def _store(self) -> "Store":
        """Our own passages only: what users add to theirs is no part of a suite."""
        import chromadb
        from chromadb.config import Settings as ChromaSettings

        from simulator.store import Store

        client = chromadb.EphemeralClient(settings=ChromaSettings(anonymized_telemetry=False))
        return Store(Path("store"), self._vectors, client=client)

    def _parts(self, deck: Deck | None) -> Parts:
        if deck is None:
            return dataclasses.replace(self._given, ledger=Ledger(MEMORY))
        return Parts(
            chat=deck.chat,
            local=self._local,
            embedder=self._vectors,
            ledger=Ledger(MEMORY),
            store=lambda: self._store,
        )

    @cached_property
    def _given(self) -> Parts:
        assert self._stage.parts
        return self._stage.parts()

    def close(self) -> None:
        """Stop the embedded server, if one was started."""
        if "_embedded" in self.__dict__:
            self._embedded.close()
        if "_client" in self.__dict__:
            self._client.close()


def _verdict(
    unit: Unit, episode: Episode, outcomes: Sequence[Outcome], deck: Deck | None
) -> tuple[Status, str, str]:
    left = deck.unplayed if deck and unit.mode in PLAYED else {}
    if left:
        told = ", ".join(f"{count} of {role}" for role, count in left.items())
        return Status.DRIFT, State.UNPLAYED, _with_drift(unit, f"recorded, but not asked for: {told}")
    if any(episode.intended) and not faithful(episode.turns, episode.intended):
        return Status.USER_FAULT, "", "the simulated trainee was not heard as its style"
    status, reason = verdict(outcomes)
    return status, "", reason


def verdict(outcomes: Sequence[Outcome]) -> tuple[Status, str]:
    """A talk fails when one of its expectations does; the reason names each."""
    failed = [outcome for outcome in outcomes if outcome.passed is False]
    if not failed:
        return Status.PASS, ""
    return Status.FAIL, "; ".join(f"{outcome.id}: {outcome.detail}" for outcome in failed)


def _with_drift(unit: Unit, told: str) -> str:
    return f"{told} [{', '.join(unit.drifted)}]" if unit.drifted else told


def ended(unit: Unit, status: Status, **values: Any) -> Result:
    """The result of a talk that came to this."""
    case = unit.case
    return Result(
        suite=case.suite,
        case=case.id,
        epoch=unit.epoch,
        seed=case.seed_of(unit.epoch),
        status=status,
        tags=case.tags,
        inputs=case.inputs,
        checks=case.checks,
        recording=fingerprint(unit.recordings),
        **values,
    )
