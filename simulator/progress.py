"""The ledger's sessions into progress: what counts, and how far each skill may be believed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from simulator import library
from simulator.domain import progress as counting
from simulator.domain.attachment import Style
from simulator.domain.dialogue import Turn
from simulator.domain.progress import ENOUGH_TURNS, Point, Progress
from simulator.domain.skills import Skill
from simulator.errors import InputError, LibraryError
from simulator.evaluator import believed
from simulator.ledger import Card, Ledger, Summary

Found = TypeVar("Found")


def progress(ledger: Ledger, home: Path | None = None) -> Progress:
    """How skills stand over the ledger's talks, and what to practise next from the library.

    Raises: LedgerError when a session cannot be read.
    """
    people = list(_readable(library.personas(home), library.read_persona))
    scenes = list(_readable(library.scenarios(home), library.read_scenario))
    styles = {person.key: person.attachment.style for person in people}
    held = ledger.summaries()[::-1]
    points = [
        point(one.card, ledger.turns(one.card.id), styles.get(one.card.persona))
        for one in held
        if _counts(one)
    ]
    second_tries = sum(bool(one.card.parent) and one.turns > one.card.fork for one in held)
    return counting.progress(points, second_tries, people, scenes)


def finished(ledger: Ledger) -> int:
    """How many talks count: first tries of at least `ENOUGH_TURNS` turns."""
    return sum(_counts(one) for one in ledger.summaries())


def _counts(held: Summary) -> bool:
    return not held.card.parent and held.turns >= ENOUGH_TURNS


def point(card: Card, turns: Sequence[Turn], style: Style | None) -> Point:
    """One talk as progress sees it."""
    end = next((turn.after for turn in reversed(turns) if turn.after), card.start)
    return Point(
        session=card.id,
        at=card.created,
        persona=card.persona,
        style=style,
        scenario=card.scenario,
        turns=len(turns),
        levels=levels(turns),
        security=end.security,
        activation=end.activation - card.start.activation,
        settled=end.settled,
    )


def levels(turns: Sequence[Turn]) -> dict[Skill, float | None]:
    """Every skill's level (0..4) in a talk, as the debrief gives it; None: not judged."""
    return {score.skill: score.level for score in believed(turns)}


def _readable(paths: Mapping[str, Path], read: Callable[[Path], Found]) -> Iterator[Found]:
    """Files of the library that are in order; a broken one is no reason to hide the talks."""
    for path in paths.values():
        try:
            yield read(path)
        except (InputError, LibraryError):
            continue
