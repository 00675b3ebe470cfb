"""What can be checked of a supervisor's bundle without trusting whoever made it. No disk, no clock, no model.

Hashes say whether files were changed after the manifest was written. The other checks hold the bundle
against itself: quotes against words, citations against passages, states against the codes that were heard,
pages against data.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from simulator import __version__
from simulator.bundle import (
    DEBRIEF,
    FILES,
    MANIFEST,
    PASSAGES,
    SESSION,
    SETTINGS,
    Opened,
    cited,
    manifest,
    opened,
    overall,
    told,
)
from simulator.domain.affect import Affect, feel
from simulator.domain.appraisal import appraise
from simulator.domain.attachment import Attachment
from simulator.domain.dialogue import Turn
from simulator.domain.skills import SkillScore, counsel, scores
from simulator.errors import SimulatorError
from simulator.evaluator import Debrief, turning
from simulator.ledger import Card
from simulator.report import Account

CLOSE = 1e-5
"""How far a state may lie from the one worked out anew: states are recorded with six digits."""
CLOSE_IMPACT = 1e-4
"""The same for comfort and alarm, which are recorded with four."""
SHOWN = 120
"""Characters of a fault that are shown."""


@dataclass(frozen=True)
class Finding:
    """One check, and what came of it."""

    claim: str
    holds: bool | None
    """None: it could not be said for certain."""
    detail: str = ""

    def __str__(self) -> str:
        """One line.

        >>> print(Finding("Every quote was said.", False, "turn 2: never said"))
        NO  Every quote was said. (turn 2: never said)
        """
        sign = {True: "ok", False: "NO", None: "??"}[self.holds]
        return f"{sign}  {self.claim}" + (f" ({self.detail})" if self.detail else "")


def findings(data: bytes) -> list[Finding]:
    """Every check of a bundle, in the order in which they build on one another.

    Raises: InputError when it is no bundle at all.
    """
    return list(_findings(opened(data)))


def _findings(found: Opened) -> Iterator[Finding]:
    yield _complete(found)
    yield from _unchanged(found)
    try:
        account, passages, version = _contents(found.files)
    except _UNREADABLE:
        yield Finding("What it holds can be read.", False, _STRANGE)
        return
    yield _finding("Every quote is in the words of its turn.", _misquoted(account))
    yield _finding("Every passage cited is here.", _uncited(account.debrief, passages))
    other = "" if version == __version__ else version
    yield _anew("What was felt follows from what was heard.", _astray, account, other)
    yield _anew("The debrief counts what was heard.", _miscounted, account, other)
    yield _anew("The pages say what the data say.", partial(_differing, found.files), account, other)


_UNREADABLE = (
    SimulatorError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What data of a shape that is not ours can raise while it is read."""
_STRANGE = "a file is missing, or not as this product writes it"


def _complete(found: Opened) -> Finding:
    wanted, there = {*FILES, MANIFEST}, set(found.files)
    faults = [f"{name} is damaged" for name in found.damaged]
    faults += [f"{name} is missing" for name in sorted(wanted - there - set(found.damaged))]
    faults += [f"{name} does not belong" for name in sorted(there - wanted)]
    return _finding("No file is missing, none too many.", faults)


def _unchanged(found: Opened) -> Iterator[Finding]:
    """Whether the files are those that the manifest names, and the manifest agrees with itself."""
    files = {name: data for name, data in found.files.items() if name != MANIFEST}
    now = manifest(files)
    try:
        then = _object(found.files, MANIFEST)
        hashes = {str(name): str(value) for name, value in then["files"].items()}
        one = str(then["overall"])
    except _UNREADABLE:
        yield Finding("Every file is as it was.", False, f"{MANIFEST} cannot be read")
        return
    names = sorted({*hashes, *now["files"]})
    faults = [f"{name} was changed" for name in names if hashes.get(name) != now["files"].get(name)]
    yield _finding("Every file is as it was.", faults)
    right = one == overall(hashes) == now["overall"]
    yield _finding("The hash over all is right.", [] if right else [f"the files give {now['overall']}"])


def _finding(claim: str, faults: Sequence[str]) -> Finding:
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    return Finding(claim, not faults, _plain(faults[0]) + more if faults else "")


def _plain(text: str) -> str:
    """A fault fit for a terminal: what it quotes may be anybody's."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept[:SHOWN].split())


def _anew(claim: str, faults: Callable[[Account], Sequence[str]], account: Account, other: str) -> Finding:
    """A check by working out anew what was worked out then; `other` names another version's bundle."""
    try:
        found = _finding(claim, faults(account))
    except _UNREADABLE:
        found = Finding(claim, False, _STRANGE)
    if found.holds or not other:
        return found
    told = f"made by version {_plain(other)}, this is {__version__}: it may have worked otherwise"
    return Finding(claim, None, f"not certain: {told}")


def _contents(files: Mapping[str, bytes]) -> tuple[Account, Mapping[str, str], str]:
    """The account, each passage's source by its id, and the version that made the bundle."""
    from pydantic import TypeAdapter

    session = _object(files, SESSION)
    played, rows = session.pop("played"), session.pop("turns")
    turns = [TypeAdapter(Turn).validate_python(asdict(Turn.from_dict(row))) for row in rows]
    account = Account(
        TypeAdapter(Card).validate_python(session),
        TypeAdapter(Attachment).validate_python(played["attachment"]),
        turns,
        TypeAdapter(Debrief).validate_json(files[DEBRIEF]),
    )
    passages = {str(row["id"]): str(row["cited_as"]) for row in json.loads(files[PASSAGES])}
    return account, passages, str(_object(files, SETTINGS)["version"])


def _object(files: Mapping[str, bytes], name: str) -> dict[str, Any]:
    found = json.loads(files[name])
    if not isinstance(found, dict):
        raise TypeError(f"{name}: not an object")
    return found


def _misquoted(account: Account) -> list[str]:
    """Quotes that are not in the words of their turn."""
    said = {turn.number: turn.said for turn in account.turns}
    debrief = account.debrief
    quotes = [(r.turn, r.quote) for f in debrief.feedback for r in f.remarks]
    quotes += [(r.turn, r.quote) for r in (debrief.best, debrief.costliest) if r]
    quotes += [(e.turn, e.quote) for s in debrief.skills for e in (*s.shown, *s.missed)]
    quotes += [(turn.number, heard.quote) for turn in account.turns for heard in turn.coding.heard]
    faults = [
        f'turn {turn}: "{quote}" was not said' for turn, quote in quotes if quote not in said.get(turn, "")
    ]
    told = [(i.turn, i.said, i.reply) for i in debrief.inside]
    there = [(turn.number, turn.said, turn.reply) for turn in account.turns]
    return faults if told == there else [*faults, "the debrief's turns are not the session's"]


def _uncited(debrief: Debrief, passages: Mapping[str, str]) -> list[str]:
    return [
        f"{citation.id} is not in {PASSAGES} as it is cited"
        for citation in cited(debrief)
        if passages.get(citation.id) != citation.source
    ]


def _astray(account: Account) -> list[str]:
    """Turns whose state does not follow from the state before and the codes that were heard."""
    faults, before = [], account.card.start
    for number, turn in enumerate(account.turns, start=1):
        faults += _strays(turn, before, account.attachment)
        faults += [] if turn.number == number else [f"turn {number} is numbered {turn.number}"]
        before = turn.after or before
    return faults


def _strays(turn: Turn, before: Affect, attachment: Attachment) -> list[str]:
    impact = appraise(turn.coding, attachment, before)
    wanted = (before, feel(before, impact, attachment))
    states = zip(("before", "after"), (turn.before, turn.after), wanted, strict=True)
    apart = [
        f"turn {turn.number}: the state {when} it does not follow"
        for when, recorded, worked in states
        if recorded is None or not _near(asdict(recorded), asdict(worked), CLOSE)
    ]
    said = {"comfort": turn.comfort, "alarm": turn.alarm}
    heard = {"comfort": impact.comfort, "alarm": impact.alarm}
    return apart if _near(said, heard, CLOSE_IMPACT) else [*apart, f"turn {turn.number}: comfort or alarm"]


def _near(one: Mapping[str, float], other: Mapping[str, float], most: float) -> bool:
    """Whether all values are near; what is not a number is near to nothing."""
    return all(abs(one[key] - other[key]) <= most for key in other)


def _miscounted(account: Account) -> list[str]:
    """What the debrief counts otherwise than its turns give."""
    turns, debrief = account.turns, account.debrief
    levels = {score.skill: score for score in scores(turns)}
    faults = [s.skill.value for s in debrief.skills if not _follows(s, levels[s.skill], debrief)]
    faults += [] if len(debrief.skills) == len(levels) else ["a skill is missing"]
    faults += [] if debrief.counsel == counsel(turns) else ["reflections and questions"]
    return faults + ([] if [*map(tuple, debrief.turning)] == [*turning(turns)] else ["turning points"])


def _follows(score: SkillScore, worked: SkillScore, debrief: Debrief) -> bool:
    known = debrief.trust.get(score.skill)
    level = None if known and not known.judged else worked.level
    same = score.level == level if None in {score.level, level} else _level_near(score.level, level)
    return same and len(score.shown) <= len(worked.shown) and len(score.missed) <= len(worked.missed)


def _level_near(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= CLOSE


def _differing(files: Mapping[str, bytes], account: Account) -> list[str]:
    """Files that would be written otherwise from the session and the debrief in the bundle."""
    return [f"{name} differs" for name, text in told(account).items() if files.get(name) != text.encode()]
