"""What a persona must show over hundreds of simulated sessions before anybody practises with it.

Every claim is one row of the research table (docs/architecture.md, Dynamics), asked of whole sessions
on the policy core and told as an effect size, a distribution or a count. Pure; seconds to run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from math import dist
from random import Random
from statistics import fmean

from simulator.domain.affect import Affect
from simulator.domain.attachment import Attachment, Style
from simulator.domain.codebook import Code, Coding, coded
from simulator.domain.curve import DOSES
from simulator.domain.effect import Effect, effect
from simulator.domain.line import Line
from simulator.domain.simulation import INTENSITIES, TURNS, Simulated, Turns, scripted, simulate, styled
from simulator.domain.strategy import DEACTIVATING, HYPERACTIVATING, Move
from simulator.domain.trainee import STYLES

REFERENCE: Mapping[Style, Attachment] = {
    "secure": Attachment(2.0, 2.0),
    "anxious": Attachment(6.0, 2.0),
    "avoidant": Attachment(2.0, 6.0),
    "fearful": Attachment(6.0, 6.0),
}
"""One person of each style to stand beside, well inside its quadrant."""
MISSING = ("fixing", "dismissing", "pressing", "withdrawing")
"""Styles of trainee whose turns are never attuned."""
PLAIN = frozenset({Move.NAME_HURT, Move.ASK_NEED, Move.SET_LIMIT})
SEVERITY = 0.6
"""How much the scene of a script hurt (0..1)."""
LARGE, HUGE = 0.8, 2.0
"""Cohen's d: large by convention (Cohen 1988), and past all doubt."""
REQUESTS = (Code.ASK, Code.PRESS, Code.TELL, Code.INQUIRE, Code.EXPLAIN, Code.SOCIAL)
"""What asking somebody to calm down and be nice is heard as."""
MOST_SESSIONS = 160
"""With each style of trainee; while a claim is unclear, twice as many are held, up to this."""
SPEECHLESS = 0.1
"""Share (0..1) of answers that may come from a line for some other kind of turn."""


@dataclass(frozen=True)
class Finding:
    """One claim, what the sessions showed, and whether it held."""

    claim: str
    source: str
    figure: str
    held: bool
    unclear: bool = False
    """Whether the effect is large enough, but more sessions are needed to tell it from none."""


@dataclass(frozen=True)
class Certificate:
    """All findings on one person."""

    name: str
    attachment: Attachment
    sessions: int
    findings: Sequence[Finding]

    @property
    def held(self) -> bool:
        """Whether every claim held."""
        return all(finding.held for finding in self.findings)


class Sessions:
    """Simulated sessions of one person, held when first asked for."""

    def __init__(self, attachment: Attachment, each: int, lines: Sequence[Line] = ()) -> None:
        self.attachment, self.each = attachment, each
        self._lines = lines
        self._held: dict[object, list[Simulated]] = {}

    def with_trainee(self, style: str) -> list[Simulated]:
        """`each` sessions with a trainee of one style."""
        return self._hold(style, styled(STYLES[style]))

    def along(self, *codes: Code) -> list[Simulated]:
        """`each` sessions along a script, as long as it is, after the same hurt."""
        return self._hold(codes, scripted(codes), len(codes), SEVERITY)

    def with_turns(self, name: str, turns: Turns, length: int) -> list[Simulated]:
        """`each` sessions with other turns, held once under their name."""
        return self._hold(name, turns, length)

    def spoken(self) -> list[Simulated]:
        """Sessions with every style of trainee in which only lines of the person's own are spoken."""
        key = "spoken"
        if key not in self._held:
            seeds = range(max(1, self.each // len(STYLES)))
            self._held[key] = [
                simulate(self.attachment, styled(style), seed, lines=self._lines)
                for style in STYLES.values()
                for seed in seeds
            ]
        return self._held[key]

    def _hold(
        self, key: object, turns: Turns, length: int = TURNS, severity: float | None = None
    ) -> list[Simulated]:
        if key not in self._held:
            self._held[key] = [
                simulate(self.attachment, turns, seed, length=length, severity=severity)
                for seed in range(self.each)
            ]
        return self._held[key]

    @cached_property
    def every(self) -> list[Simulated]:
        """The sessions with every style of trainee."""
        return [session for style in STYLES for session in self.with_trainee(style)]


@dataclass(frozen=True)
class Compared:
    """A person's sessions, and those of the reference people."""

    own: Sessions
    reference: Mapping[Style, Sessions]


Claim = Callable[[Compared], Iterator[Finding]]


def certify(name: str, attachment: Attachment, lines: Sequence[Line], each: int = 40) -> Certificate:
    """Hold every claim that concerns this person against `each` sessions per style of trainee, or more.

    Raises: StatisticsError for fewer than two sessions.
    """
    found = _certified(name, attachment, lines, each)
    if any(finding.unclear for finding in found.findings) and 2 * each <= MOST_SESSIONS:
        return certify(name, attachment, lines, 2 * each)
    return found


def _certified(name: str, attachment: Attachment, lines: Sequence[Line], each: int) -> Certificate:
    reference = {style: Sessions(person, each) for style, person in REFERENCE.items()}
    compared = Compared(Sessions(attachment, each, lines), reference)
    claims = [claim for concerns, claim in CLAIMS if concerns(attachment)]
    found = [finding for claim in claims for finding in claim(compared)]
    return Certificate(name, attachment, len(compared.own.every), found)


def _finding(claim: str, source: str, found: Effect, least: float = LARGE) -> Finding:
    told = f"d = {found.d:.1f} ({found.low:.1f} to {found.high:.1f}), at least {least} and clear of 0"
    large, clear = found.d >= least, found.low > 0
    return Finding(claim, source, told, large and clear, unclear=large and not clear)


def _ends(sessions: Sequence[Simulated], what: str) -> list[float]:
    return [getattr(session.end, what) for session in sessions]


def _dose(compared: Compared) -> Iterator[Finding]:
    """The same turn at five levels, four times over."""
    safety = [
        fmean(_ends(compared.own.with_turns(f"dose {name}", _same(codes), 4), "security"))
        for name, codes in DOSES
    ]
    told = " < ".join(f"{name} {value:.2f}" for (name, _), value in zip(DOSES, safety, strict=True))
    rising = all(low < high for low, high in pairwise(safety))
    yield Finding("each better dose of attunement leaves more felt safety", "003", told, rising)


def _same(codes: Mapping[Code, float]) -> Turns:
    def turn(_number: int, _state: Affect, rng: Random) -> Coding:
        strength = rng.uniform(*INTENSITIES)
        return coded({code: weight * strength for code, weight in codes.items()})

    return turn


def _unsoftened(compared: Compared) -> Iterator[Finding]:
    asked = compared.own.with_turns("asked", _requests, 12)
    for claim, sessions in (
        ("nobody softens because they are asked to", asked),
        ("nobody softens under pressure", compared.own.with_trainee("pressing")),
        (
            "nobody softens while they are missed",
            [s for style in MISSING for s in compared.own.with_trainee(style)],
        ),
    ):
        soft = sum(step.soft for session in sessions for step in session.steps)
        turns = sum(len(session.steps) for session in sessions)
        source = "PSI-Bench; Sim2Real; concordia#78"
        yield Finding(claim, source, f"{soft} soft answers in {turns} turns", soft == 0)


def _requests(_number: int, _state: Affect, rng: Random) -> Coding:
    return coded({rng.choice(REQUESTS): rng.uniform(*INTENSITIES)})


def _softening(compared: Compared) -> Iterator[Finding]:
    """Softening comes in its own time, and not always at the same time."""
    sessions = compared.own.with_trainee("attuned")
    first = sorted(session.softened or len(session.steps) + 1 for session in sessions)
    low, middle, high = (first[int(share * (len(first) - 1))] for share in (0.1, 0.5, 0.9))
    at_once = sum(turn == 1 for turn in first) / len(first)
    told = f"first softening at turn {low} to {high} (middle {middle}), {at_once:.0%} on the first turn"
    yield Finding(
        "softening takes its time and varies", "001: consistency", told, low < high and at_once < 0.5
    )
    ruptured = compared.own.along(*(Code.MINIMIZE,) * 3, Code.REPAIR)
    settled = sum(session.settled is not None for session in ruptured)
    told = f"{settled} of {len(ruptured)} settled"
    yield Finding("one good turn never mends a ruptured talk", "001; Gottman", told, settled == 0)


def _repair(compared: Compared) -> Iterator[Finding]:
    own, hear, miss = compared.own, Code.REFLECT, Code.MINIMIZE
    early = own.along(miss, Code.REPAIR, hear, hear, hear)
    late = own.along(miss, hear, hear, hear, Code.REPAIR)
    calmer = effect(_ends(late, "activation"), _ends(early, "activation"))
    yield _finding("early repair leaves less distress than late", "002; 003", calmer, 0.3)
    owned, assured = (own.along(miss, Code.LABEL, code, Code.STAY) for code in (Code.REPAIR, Code.SUPPORT))
    healed = effect(_ends(assured, "injury"), _ends(owned, "injury"))
    yield _finding("owning the miss heals more than reassuring", "002; 003", healed)
    alone = effect(_ends(own.along(*(miss,) * 4), "injury"), _ends(own.along(*(hear,) * 4), "injury"))
    yield _finding("being missed adds a second injury", "003", alone)


def _negative(compared: Compared) -> Iterator[Finding]:
    after = (Code.SUPPORT,) * 3
    lost = [_moved(session) for session in compared.own.along(*after, Code.MINIMIZE)]
    won = [_moved(session) for session in compared.own.along(*after, Code.VALIDATE)]
    yield _finding("a miss costs more than a good turn gives", "001; Gottman", effect(lost, won))


def _moved(session: Simulated) -> float:
    """The share of the way to the nearest end by which the last turn moved felt safety."""
    before, after = session.steps[-1].before.security, session.end.security
    return (after - before) / (1 - before) if after > before else (before - after) / before


def _variety(compared: Compared) -> Iterator[Finding]:
    arcs = [tuple(step.move for step in s.steps) for s in compared.own.with_trainee("repairing_late")]
    apart = fmean(_apart(one, other) for one, other in combinations(arcs, 2))
    told = (
        f"{len(set(arcs))} of {len(arcs)} arcs are unlike any other; two differ in {apart:.0%} of their turns"
    )
    held = len(set(arcs)) >= 0.9 * len(arcs) and apart >= 0.5
    yield Finding("the same way of talking does not always lead the same way", "Sim2Real", told, held)


def _apart(one: Sequence[Move], other: Sequence[Move]) -> float:
    longest = max(len(one), len(other))
    same = sum(a is b for a, b in zip(one, other, strict=False))
    return 1 - same / longest


def _neutral(_number: int, _state: Affect, rng: Random) -> Coding:
    return coded({rng.choice((Code.TELL, Code.SOCIAL, Code.INQUIRE)): rng.uniform(*INTENSITIES)})


def _drift(compared: Compared) -> Iterator[Finding]:
    """Forty turns of nothing much: the person neither warms nor wears away by itself."""
    sessions = compared.own.with_turns("neutral", _neutral, 40)
    soft = sum(step.soft for session in sessions for step in session.steps)
    names = ("security", "trust", "injury")
    moved = max(abs(getattr(s.end, name) - getattr(s.start, name)) for s in sessions for name in names)
    told = f"felt safety, trust and injury move {moved:.2f} at most in 40 neutral turns, {soft} soft answers"
    yield Finding("nothing drifts by itself", "persona drift, 2402.10962", told, moved <= 0.2 and soft == 0)


def _profile(sessions: Sequence[Simulated]) -> tuple[float, ...]:
    kinds = (HYPERACTIVATING, DEACTIVATING, PLAIN, {Move.GUARDED_THAW}, {Move.DOUBTFUL_THAW})
    return tuple(fmean(session.share(moves) for session in sessions) for moves in kinds)


def _told_apart(compared: Compared) -> Iterator[Finding]:
    """One session with each style of trainee: whose moves are these?"""
    centre = {style: _profile(sessions.every) for style, sessions in compared.reference.items()}
    own = compared.own
    profiles = [_profile([own.with_trainee(s)[i] for s in STYLES]) for i in range(own.each)]
    named = [min(centre, key=lambda style: dist(centre[style], profile)) for profile in profiles]
    right = sum(name == own.attachment.style for name in named) / len(named)
    told = (
        f"{right:.0%} of {len(named)} sets of sessions are nearest to {own.attachment.style}, at least 85 %"
    )
    yield Finding("the moves alone tell the style", "Mikulincer & Shaver 2003", told, right >= 0.85)


def _anxious(compared: Compared) -> Iterator[Finding]:
    own, secure = compared.own, compared.reference["secure"]
    missed = (Code.MINIMIZE,) * 3
    rise = effect(_risen(own.along(*missed)), _risen(secure.along(*missed)))
    yield _finding("escalates more than the secure when dismissed", "Campbell et al. 2005", rise)
    alone = (Code.MINIMIZE, *(Code.TELL,) * 4)
    slow = effect(_ends(own.along(*alone), "activation"), _ends(secure.along(*alone), "activation"))
    yield _finding("recovers more slowly when left with it", "Campbell et al. 2005", slow)
    assured = own.with_trainee("reassuring")
    later = [fmean(step.impact.comfort for step in s.steps[-3:]) for s in assured]
    first = [fmean(step.impact.comfort for step in s.steps[:3]) for s in assured]
    yield _finding("reassurance comforts more once it is repeated", "001; 002", effect(later, first))
    gone = (Code.WITHDRAW,) * 2
    left = effect(_lefts(own.along(*gone)), _lefts(secure.along(*gone)))
    yield _finding("being left hurts more than it hurts the secure", "Mikulincer & Shaver 2003", left)
    protests = [session.share(HYPERACTIVATING) for session in own.with_trainee("dismissing")]
    calm = [session.share(HYPERACTIVATING) for session in secure.with_trainee("dismissing")]
    yield _finding("pursues and protests when dismissed", "Mikulincer & Shaver 2003", effect(protests, calm))


def _risen(sessions: Sequence[Simulated]) -> list[float]:
    """The share of the room above it by which distress rose."""
    return [(s.end.activation - s.start.activation) / (1 - s.start.activation) for s in sessions]


def _lefts(sessions: Sequence[Simulated]) -> list[float]:
    return [session.mean(lambda step: step.impact.left) for session in sessions]


def _avoidant(compared: Compared) -> Iterator[Finding]:
    own, secure = compared.own, compared.reference["secure"]
    pressed = own.along(*(Code.PRESS,) * 4)
    more = effect(_ends(pressed, "withdrawal"), _ends(secure.along(*(Code.PRESS,) * 4), "withdrawal"))
    yield _finding("takes more distance than the secure when pressed", "Overall et al. 2013", more, HUGE)
    room = own.along(*(Code.STAY, Code.APPRECIATE) * 2)
    nearer = effect(_ends(pressed, "withdrawal"), _ends(room, "withdrawal"))
    yield _finding("comes nearer when left room and valued", "Overall et al. 2013", nearer, HUGE)
    talk = own.along(*(Code.REFLECT, Code.EXPLORE) * 2)
    calmer = effect(_ends(talk, "withdrawal"), _ends(room, "withdrawal"))
    yield _finding("is calmed by room more than by talk of feelings", "Overall et al. 2013", calmer)
    practical = (Code.LOGISTICS,) * 3
    eased = effect(_comforts(own.along(*practical)), _comforts(secure.along(*practical)))
    yield _finding("takes more comfort than the secure from practical care", "Simpson & Overall 2014", eased)
    shut = [session.share(DEACTIVATING) for session in own.with_trainee("pressing")]
    open_ = [session.share(DEACTIVATING) for session in secure.with_trainee("pressing")]
    yield _finding("shuts down when pressed", "Mikulincer & Shaver 2003", effect(shut, open_))


def _comforts(sessions: Sequence[Simulated]) -> list[float]:
    return [session.mean(lambda step: step.impact.comfort) for session in sessions]


def _secure(compared: Compared) -> Iterator[Finding]:
    own, anxious = compared.own, compared.reference["anxious"]
    dismissed = own.with_trainee("dismissing")
    plain = fmean(session.share(PLAIN) for session in dismissed)
    told = f"{plain:.0%} of answers when dismissed, at least 60 %"
    yield Finding(
        "says the hurt, the need or the limit plainly", "Simpson & Overall 2014", told, plain >= 0.6
    )
    limits = fmean(session.share({Move.SET_LIMIT}) for session in dismissed)
    told = f"{limits:.0%} of answers when dismissed, at least 10 %"
    yield Finding("sets limits: secure is not nice", "001", told, limits >= 0.1)
    talk = (Code.MINIMIZE, *(Code.REFLECT,) * 4)
    sooner = effect(_ends(anxious.along(*talk), "activation"), _ends(own.along(*talk), "activation"))
    yield _finding("is calmed by emotional care sooner than the anxious", "Campbell et al. 2005", sooner)


def _speech(compared: Compared) -> Iterator[Finding]:
    """With the person's own lines: is there always something to say, and do secrets keep?"""
    steps = [step for session in compared.own.spoken() for step in session.steps]
    lost = sum(not step.answered for step in steps) / len(steps)
    told = f"{lost:.0%} of {len(steps)} answers have no line for what was heard, at most {SPEECHLESS:.0%}"
    yield Finding("has a line for whatever is heard", "docs/personas.md", told, lost <= SPEECHLESS)
    secrets = [step for step in steps if step.line and step.line.trust_at_least]
    early = sum(
        not step.impact.landed or (step.line is not None and step.after.trust < step.line.trust_at_least)
        for step in secrets
    )
    kept = f"{len(secrets)} told, {early} of them before their gate or after a miss"
    yield Finding(
        "secrets are told, and only once trust has been earned", "001; EFT", kept, bool(secrets) and not early
    )


CLAIMS: Sequence[tuple[Callable[[Attachment], bool], Claim]] = (
    (lambda _: True, _dose),
    (lambda _: True, _unsoftened),
    (lambda _: True, _softening),
    (lambda _: True, _repair),
    (lambda _: True, _negative),
    (lambda _: True, _variety),
    (lambda _: True, _drift),
    (lambda _: True, _told_apart),
    (lambda a: a.style in {"anxious", "fearful"}, _anxious),
    (lambda a: a.style in {"avoidant", "fearful"}, _avoidant),
    (lambda a: a.style == "secure", _secure),
    (lambda _: True, _speech),
)
