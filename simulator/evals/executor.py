"""Where talks are held: in this process, in several, or on many machines. One seam, three ways.

Workers pull and hold nothing between talks but what a player loads once; the driver alone writes.
A talk whose worker was lost is held again by itself, so that it takes no other with it.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from simulator.errors import InputError
from simulator.evals.player import Player, Stage, ended
from simulator.evals.unit import Done, Status, Unit

ATTEMPTS = 2
"""How often a talk whose worker was lost is held again."""
AHEAD = 2
"""Talks in flight for each worker: enough to keep it busy, few enough to keep memory flat."""
Kind = Literal["serial", "process", "ray"]


class Executor(Protocol):
    """Holds talks somewhere, in any order."""

    def hold(self, units: Iterable[Unit]) -> Generator[Done, None, None]:
        """Yield each talk when it is done; `units` is read as workers become free."""


@dataclass(frozen=True)
class Serial:
    """In this process, one after another."""

    stage: Stage

    def hold(self, units: Iterable[Unit]) -> Generator[Done, None, None]:
        """Yield each talk in order."""
        player = Player(self.stage)
        try:
            yield from map(player.play, units)
        finally:
            player.close()


@dataclass(frozen=True)
class Processes:
    """In a pool of processes of this machine."""

    stage: Stage
    workers: int

    def hold(self, units: Iterable[Unit]) -> Generator[Done, None, None]:
        """Yield talks as they end; a broken pool is made anew."""
        queue, waiting = iter(units), deque[Unit]()
        while True:
            try:
                yield from self._pooled(queue, waiting)
            except BrokenProcessPool:
                lost = list(waiting)
                waiting.clear()
                yield from map(self._alone, lost)
            else:
                return

    def _alone(self, unit: Unit) -> Done:
        """Hold one talk in a process of its own: whichever talk broke the pool, the others go on."""
        context = multiprocessing.get_context("spawn")
        for _ in range(ATTEMPTS):
            with ProcessPoolExecutor(1, context, initializer=_begin, initargs=(self.stage,)) as pool:
                try:
                    return pool.submit(_play, unit).result()
                except BrokenProcessPool:
                    continue
        return _lost(unit)

    def _pooled(self, queue: Iterator[Unit], waiting: "deque[Unit]") -> Generator[Done, None, None]:
        """One pool's life; `waiting` holds what it was given and has not handed back."""
        context = multiprocessing.get_context("spawn")
        flying: dict[Future[Done], Unit] = {}
        with ProcessPoolExecutor(self.workers, context, initializer=_begin, initargs=(self.stage,)) as pool:
            try:
                while True:
                    while len(flying) < self.workers * AHEAD and (unit := next(queue, None)):
                        waiting.append(unit)
                        flying[pool.submit(_play, unit)] = unit
                    if not flying:
                        return
                    ended, _ = wait(flying, return_when=FIRST_COMPLETED)
                    for future in ended:
                        done = future.result()
                        waiting.remove(flying.pop(future))
                        yield done
            finally:
                pool.shutdown(wait=False, cancel_futures=True)


_player: Player | None = None
"""A worker process's one player; set when the process begins."""


def _begin(stage: Stage) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's to handle
    global _player  # noqa: PLW0603 - a pool's initializer has no other place
    _player = Player(stage)


def _play(unit: Unit) -> Done:
    assert _player
    return _player.play(unit)


def _lost(unit: Unit) -> Done:
    return Done(ended(unit, Status.ERROR, reason="its worker was lost; is there enough memory?"))


@dataclass(frozen=True)
class Ray:
    """On the workers of a Ray cluster; without an address, on a local one."""

    stage: Stage
    workers: int
    address: str | None = None

    def hold(self, units: Iterable[Unit]) -> Generator[Done, None, None]:
        """Yield talks as they end; Ray starts lost actors again.

        Raises: InputError when Ray is not installed or cannot be reached.
        """
        ray = _ray()
        try:
            ray.init(
                self.address,
                num_cpus=None if self.address else self.workers,
                include_dashboard=False,
                log_to_driver=False,
                configure_logging=False,
                runtime_env={"env_vars": {"RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}},
            )
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise InputError(f"--ray-address {self.address}: {error}") from error
        try:
            yield from self._actors(ray, units)
        finally:
            ray.shutdown()

    def _actors(self, ray: Any, units: Iterable[Unit]) -> Generator[Done, None, None]:
        actor = ray.remote(num_cpus=1, max_restarts=ATTEMPTS, max_task_retries=ATTEMPTS)(Player)
        cores = int(ray.cluster_resources().get("CPU", 1))  # more actors than cores would wait for ever
        players = [actor.remote(self.stage) for _ in range(min(self.workers, cores))]
        queue, flying = iter(units), {}
        free = deque(players * AHEAD)
        while True:
            while free and (unit := next(queue, None)):
                player = free.popleft()
                flying[player.play.remote(unit)] = player, unit
            if not flying:
                return
            ended, _ = ray.wait(list(flying), num_returns=1)
            player, unit = flying.pop(ended[0])
            free.append(player)
            try:
                yield ray.get(ended[0])
            except ray.exceptions.RayError:
                yield _lost(unit)


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "--executor ray: needs the extra: pip install 'attunement-simulator[ray]'."
        ) from error
    return ray


def executor(kind: Kind, stage: Stage, workers: int, address: str | None = None) -> Executor:
    """The executor of that kind; one worker in this process for `serial`."""
    if kind == "serial":
        return Serial(stage)
    return Processes(stage, workers) if kind == "process" else Ray(stage, workers, address)
