"""What landed, what missed and one better sentence: feedback that quotes the trainee and cites passages.

Every quote is a substring of the turn and every citation a passage that was retrieved; what fails
either is dropped, never shown. A better sentence is shown only if the coder hears it as more
attuned, for this person in this state, than what was said.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from simulator.card import Trust, trust
from simulator.coder import Coder
from simulator.domain.appraisal import appraise
from simulator.domain.attachment import Attachment
from simulator.domain.beneath import Beneath, beneath
from simulator.domain.codebook import Code, Coding, Family, Heard
from simulator.domain.dialogue import Turn
from simulator.domain.line import fill
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.domain.skills import Counsel, Skill, SkillScore, counsel, scores
from simulator.domain.strategy import Move
from simulator.domain.utterance import sentences
from simulator.domain.voice import in_voice
from simulator.ledger import Card
from simulator.library import CodeEntry, Passage, Side, codebook
from simulator.store import Store
from simulator.support import ALIKE, alike, judged

MATTERS = 0.4
"""Intensity (0..1) from which a code is worth a line of feedback."""
TURNING = 0.12
"""Change of felt safety in one turn (0..1) that makes it a turning point."""
BETTER = 0.1
"""How much more comfort less alarm a sentence must bring than what was said, to be shown."""
LANDED, MISSED = "landed", "missed"
VARIETY = 5
"""How many of the best sentences take turns, so that none comes every time."""
ALWAYS = "I'm here, and there's no hurry."
"""The hint where no better one is known."""
NUDGES = (Code.MINIMIZE, Code.PRESS, Code.EXPLAIN, Code.FIX, Code.TELL)
"""The codes whose better sentences serve when it is not one miss that is to be put right."""


@dataclass(frozen=True)
class Citation:
    """A passage that was retrieved for this remark."""

    id: str
    title: str
    source: str

    @classmethod
    def of(cls, passage: Passage) -> "Citation":
        """The citation of a passage."""
        return cls(passage.id, passage.title, str(passage.source))


@dataclass(frozen=True)
class Remark:
    """One thing a turn did, and how it came across to this person."""

    turn: int
    verdict: str
    """`landed` or `missed`."""
    code: Code
    name: str
    quote: str
    """The trainee's own words; a substring of the turn."""
    why: str
    citation: Citation | None = None


@dataclass(frozen=True)
class Feedback:
    """What is said of one turn."""

    turn: int
    remarks: Sequence[Remark]
    better: str = ""
    """A sentence that would have landed better, or empty."""


@dataclass(frozen=True)
class Inside:
    """What happened inside the persona in one turn."""

    turn: int
    said: str
    reply: str
    move: str
    beneath: Beneath | None
    security: tuple[float, float]
    activation: tuple[float, float]


@dataclass(frozen=True)
class Debrief:
    """The whole session, looked back on."""

    persona: str
    style: str
    scenario: str
    briefing: str = ""
    """What the trainee was told before the talk; empty in debriefs of earlier versions."""
    inside: Sequence[Inside] = ()
    feedback: Sequence[Feedback] = ()
    skills: Sequence[SkillScore] = ()
    trust: Mapping[Skill, Trust] = field(default_factory=dict)
    """How well the coder agrees with raters on each skill; empty when it was not measured."""
    counsel: Counsel = field(default_factory=lambda: Counsel(0, 0, 0))
    turning: Sequence[tuple[int, str]] = ()
    best: Remark | None = None
    costliest: Remark | None = None
    better: str = ""
    citations: Sequence[Citation] = ()
    coder: str = ""


Suggest = Callable[[Turn, str], Sequence[str]]
"""More candidate sentences for a turn, from a capable model; checked like the authored ones."""


class Evaluator:
    """Judges turns of one persona in one scene."""

    def __init__(
        self, persona: Persona, scenario: Scenario, coder: Coder, store: Store, suggest: Suggest | None = None
    ) -> None:
        self._persona, self._scenario = persona, scenario
        self._coder, self._store, self._suggest = coder, store, suggest

    def feedback(self, turn: Turn, before: str = "", *, better: bool = True) -> Feedback:
        """What one turn did, strongest first, at most one that landed and one that missed.

        `before` is what the persona had said, for a better sentence to be heard with.
        """
        verdicts = [(self._verdict(turn, heard), heard) for heard in turn.coding.heard]
        remarks = []
        for wanted in (LANDED, MISSED):
            chosen = next((h for verdict, h in verdicts if verdict == wanted), None)
            if chosen and (remark := self._remark(turn, wanted, chosen)):
                remarks.append(remark)
        missed = any(r.verdict == MISSED for r in remarks)
        return Feedback(turn.number, remarks, self.better(turn, before) if better and missed else "")

    def _verdict(self, turn: Turn, heard: Heard) -> str:
        return verdict(turn, heard, self._persona.attachment)

    def _remark(self, turn: Turn, verdict: str, heard: Heard) -> Remark | None:
        if not heard.quote or heard.quote not in turn.said:
            return None
        entry = codebook()[heard.code]
        side = self._side(entry, verdict)
        why = entry.why[side].replace("{name}", self._persona.name)
        citation = self._citation(heard, side, why)
        return Remark(turn.number, verdict, heard.code, entry.name, heard.quote, why, citation)

    def _side(self, entry: CodeEntry, verdict: str) -> Side:
        """Which of the codebook's words on why fits the side this person leans to."""
        attachment = self._persona.attachment
        if verdict == MISSED and entry.family is Family.ATTUNED:
            wanted: Side = "avoidant"
        elif max(attachment.anxious, attachment.avoidant) < 0.5:
            wanted = "general"
        else:
            wanted = "anxious" if attachment.anxious >= attachment.avoidant else "avoidant"
        return wanted if wanted in entry.why else "general"

    def _citation(self, heard: Heard, side: Side, why: str) -> Citation | None:
        """A passage that says what the remark says: of the user's own if clearly so, else of ours."""
        theirs = {p.id for p in self._store.passages() if p.topic == "user"}
        near = self._store.search(why, among=theirs, limit=2) if theirs else []
        own = [hit for hit in near if alike(why, hit.passage, self._store.embedder) >= ALIKE]
        ours = judged()[heard.code].get(side, [])
        hits = own or self._store.search(f"{why} {heard.quote}", among=ours, limit=1)
        return Citation.of(hits[0].passage) if hits else None

    def better(self, turn: Turn, before: str = "") -> str:
        """A sentence that would have landed better than this turn, or nothing."""
        best = self.betters(turn, VARIETY, before) if self._worst(turn) else []
        return best[turn.number % len(best)] if best else ""

    def betters(self, turn: Turn, limit: int = 3, before: str = "") -> list[str]:
        """Up to `limit` sentences that would have landed better than this turn, the best first.

        Candidates are authored for the code that missed, and a capable model's when there is one;
        each is coded and weighed for this person's state as if it had been said after `before`.
        Where a turn cost without any one code that missed, as a goodbye does, a hint's serve.
        """
        weighed = ((self._effect(text, turn, before), text) for text in dict.fromkeys(self._candidates(turn)))
        best = sorted((pair for pair in weighed if pair[0] > _net(turn) + BETTER), reverse=True)
        return [text for _, text in best[:limit]]

    def _candidates(self, turn: Turn) -> list[str]:
        """What could have been said instead; nothing where nothing was to be put right."""
        worst = self._worst(turn)
        if turn.before is None or not (worst or _net(turn) < 0):
            return []
        codes = (worst.code,) if worst else NUDGES
        more = self._suggest(turn, codebook()[worst.code].definition) if self._suggest and worst else ()
        kept = self._kept(turn)
        return [f"{kept} {in_voice(text, turn.said)}".strip() for text in self._authored(codes)] + list(more)

    def _authored(self, codes: Iterable[Code]) -> list[str]:
        """The codebook's better sentences for these codes, with the scene's facts in them."""
        return [fill(text, self._scenario.trainee_slots) for c in codes for text in codebook()[c].instead]

    def _worst(self, turn: Turn) -> Heard | None:
        """The clearest code that missed."""
        return next((h for h in turn.coding.heard if self._verdict(turn, h) == MISSED), None)

    def _kept(self, turn: Turn) -> str:
        """A whole sentence of the trainee's own that landed, to begin the better one with."""
        landed = (h.quote for h in turn.coding.heard if self._verdict(turn, h) == LANDED)
        return next((q for q in landed if q != turn.said and q in sentences(turn.said)), "")

    def _effect(self, text: str, turn: Turn, before: str) -> float:
        """Comfort less alarm, had this been said instead; -1 when the coder hears a miss in it."""
        coding = self._coder.code(text, before)
        if coding.family(Family.MISATTUNED) >= 0.5 or coding.family(Family.FAUX) >= 0.5 or not turn.before:
            return -1.0
        impact = appraise(coding, self._persona.attachment, turn.before)
        return impact.comfort - impact.alarm

    def hint(self, turns: Sequence[Turn]) -> str:
        """A nudge for the next turn: a sentence that would land now."""
        state = turns[-1].after if turns else None
        if state is None:
            return "Begin with what it was like for them, before anything about you."
        texts = self._authored(NUDGES)
        asked = Turn(len(turns) + 1, "", "", before=state)
        said = {turn.said for turn in turns}
        weighed = ((self._effect(text, asked, turns[-1].reply), text) for text in texts if text not in said)
        ranked = sorted((pair for pair in weighed if pair[0] > 0), reverse=True)[:VARIETY]
        return ranked[len(turns) % len(ranked)][1] if ranked else ALWAYS

    def debrief(self, card: Card, turns: Sequence[Turn]) -> Debrief:
        """The whole session: inside, skills, turning points, best and costliest moment, sources."""
        told = [self.feedback(turn, better=False) for turn in turns]
        remarks = [remark for feedback in told for remark in feedback.remarks]
        by_number = {turn.number: turn for turn in turns}
        best = max(
            (r for r in remarks if r.verdict == LANDED), key=lambda r: _net(by_number[r.turn]), default=None
        )
        coder = _coder(turns)
        known = trust(coder)
        costliest = min(
            (r for r in remarks if r.verdict == MISSED), key=lambda r: _net(by_number[r.turn]), default=None
        )
        return Debrief(
            persona=self._persona.name,
            style=self._persona.attachment.style,
            scenario=self._scenario.title,
            briefing=self._scenario.briefed(self._persona.name),
            inside=[self._inside(turn) for turn in turns],
            feedback=told,
            skills=believed(turns),
            trust=known,
            counsel=counsel(turns),
            turning=list(turning(turns)),
            best=best,
            costliest=costliest,
            better=self.better(by_number[costliest.turn], card.last_words(turns[: costliest.turn - 1]))
            if costliest
            else "",
            citations=_unique(r.citation for r in remarks),
            coder=coder,
        )

    def _inside(self, turn: Turn) -> Inside:
        before, after = turn.before, turn.after
        assert before
        assert after
        known = turn.move in set(Move)
        layers = beneath(Move(turn.move), after, self._persona.attachment) if known else None
        return Inside(
            turn.number,
            turn.said,
            turn.reply,
            turn.move,
            layers,
            (before.security, after.security),
            (before.activation, after.activation),
        )


def verdict(turn: Turn, heard: Heard, attachment: Attachment) -> str:
    """Whether a code landed with this person or missed, if either; its family alone does not decide that."""
    if heard.intensity < MATTERS or heard.code.family is Family.NEUTRAL or not turn.before:
        return ""
    alone = appraise(Coding((heard,)), attachment, turn.before)
    return LANDED if heard.code.family is Family.ATTUNED and alone.landed else MISSED


def costly(turns: Iterable[Turn], attachment: Attachment) -> list[Turn]:
    """The turns in which something missed, or that alarmed more than they comforted; the costliest first."""
    missed = (
        t for t in turns if _net(t) < 0 or any(verdict(t, h, attachment) == MISSED for h in t.coding.heard)
    )
    return sorted(missed, key=lambda turn: (_net(turn), turn.number))


def _coder(turns: Sequence[Turn]) -> str:
    """The name of the coder of all turns, or of each; silences need none."""
    return ", ".join(dict.fromkeys(turn.coding.coder for turn in turns if turn.coding.heard))


def believed(turns: Sequence[Turn]) -> list[SkillScore]:
    """Every skill's score in a talk, without a level where coder and raters agree too little.

    A coder that was never measured is believed.
    """
    known = trust(_coder(turns))
    return [_believed(score, known.get(score.skill)) for score in scores(turns)]


def _believed(score: SkillScore, known: Trust | None) -> SkillScore:
    """The score, or none where the coder agrees too little with raters."""
    return replace(score, level=None) if known and not known.judged else score


def _net(turn: Turn) -> float:
    return turn.comfort - turn.alarm


def turning(turns: Sequence[Turn]) -> Iterable[tuple[int, str]]:
    """Turns in which felt safety rose or fell most, and the one after which things had settled."""
    settled = False
    for turn in turns:
        if not (turn.before and turn.after):
            continue
        change = turn.after.security - turn.before.security
        if turn.after.settled and not settled:
            settled = True
            yield turn.number, "from here on there was room to solve things"
        elif abs(change) >= TURNING:
            yield turn.number, "felt safety rose" if change > 0 else "felt safety fell"


def _unique(citations: Iterable[Citation | None]) -> list[Citation]:
    found: dict[str, Citation] = {}
    for citation in citations:
        if citation:
            found.setdefault(citation.id, citation)
    return list(found.values())
