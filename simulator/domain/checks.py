"""Deterministic checks on a drafted line before anybody sees it. Pure; no model, no persona files.

The rejected kinds were measured on the embedded model: assistant talk, narration, a name prefix,
advice, copies of examples, role flips (docs/decisions/004-wording.md).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from simulator.domain.utterance import sentences, words

LONGEST_WORDS = 45
SAME_MATTER = 3
"""Words in common from which a statement in place of a question is an answer to it."""
FLOOR = 0.62
"""Cosine (-1..1) with its meaning below which a worded line is not spoken."""


class Violation(StrEnum):
    """Why a draft is not spoken."""

    EMPTY = "empty"
    ASSISTANT = "assistant"
    NARRATION = "narration"
    ADVICE = "advice"
    COPY = "copy"
    REPEAT = "repeat"
    FLIP = "flip"
    LENGTH = "length"
    MARKUP = "markup"
    MEANING = "meaning"


_ASSISTANT = re.compile(
    r"\b(as an ai|language model|i('m| am) (just )?(an? )?(ai|assistant|bot|computer program|program)\b"
    r"|how (can|may) i (help|assist)|let me know if|feel free to|i can('t|not) assist|i('m| am) here to help"
    r"|is there anything else|happy to help|i don't have (feelings|emotions)|i understand how you feel"
    r"|thank you for (sharing|reaching)|it's important to|i can't give advice|as your partner"
    r"|i('m| am) not sure what you mean by)",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"\b(you should (try|consider|talk to|see (a|an|some|your))"
    r"|have you (tried|considered)|i('d| would) (suggest|recommend)"
    r"|my advice|it might help (you )?to|consider (talking|speaking)|seek (professional )?help)\b",
    re.IGNORECASE,
)
_NARRATION = re.compile(
    r"[*\[\](){}<>_#`]|\b(she|he|they) (said|says|sighs|looks|pauses)\b|\bmeans:|\bpartner:", re.I
)
_COMMON_WORDS = """
i you me my your we us it that this to a an the and or but of in on at for with is are was were
be been am do did does don't didn't not no so if as just like what when who how all up out
about have had has i'm you're it's i've i'd can can't
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True)
class Draft:
    """A worded line beside what it must say and what it must not copy."""

    text: str
    meaning: str
    heard: str
    """The trainee's turn."""
    own: Sequence[str] = ()
    """The persona's earlier lines."""
    demos: Sequence[str] = ()
    closeness: float = 1.0
    """Cosine of text and meaning, -1..1."""


def violations(draft: Draft) -> list[Violation]:
    """Every reason not to speak the draft; empty when it may be spoken."""
    text, count = draft.text, len(words(draft.text))
    if not count:
        return [Violation.EMPTY]
    tests = {
        Violation.ASSISTANT: bool(_ASSISTANT.search(text)),
        Violation.ADVICE: bool(_ADVICE.search(text)) and not _ADVICE.search(draft.meaning),
        Violation.NARRATION: bool(_NARRATION.search(text)),
        Violation.LENGTH: count > LONGEST_WORDS,
        Violation.MARKUP: not re.search(r"[.!?…]['\"]?$", text) or text.count('"') % 2 == 1,
        Violation.COPY: any(overlap(text, demo) >= 0.5 for demo in draft.demos),
        Violation.REPEAT: _repeats(draft),
        Violation.FLIP: flipped(draft.meaning, text),
        Violation.MEANING: draft.closeness < FLOOR,
    }
    return [violation for violation, found in tests.items() if found]


def out_of_character(text: str) -> Violation | None:
    """Why no person in this talk would say it: assistant talk, advice or narration; None when fine.

    >>> out_of_character("As an AI, I can't feel hurt.").value
    'assistant'
    """
    kinds = {Violation.ASSISTANT: _ASSISTANT, Violation.ADVICE: _ADVICE, Violation.NARRATION: _NARRATION}
    return next((kind for kind, pattern in kinds.items() if pattern.search(text)), None)


def _repeats(draft: Draft) -> bool:
    said = [words(s) for s in sentences(draft.text)]
    twice = any(s in said[:i] for i, s in enumerate(said))
    return twice or any(overlap(draft.text, line) >= 0.4 for line in [*draft.own, draft.heard])


def overlap(text: str, other: str) -> float:
    """The share of `text`'s four-word runs that stand in `other`, 0..1.

    >>> overlap("I waited for you all night.", "I waited for you all night, love.")
    1.0
    """
    grams, others = _grams(words(text)), _grams(words(other))
    return len(grams & others) / len(grams) if grams else 0.0


def _grams(tokens: Sequence[str], n: int = 4) -> set[tuple[str, ...]]:
    return {tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)}


def flipped(meaning: str, text: str) -> bool:
    """Whether the text gives to one person what the meaning gives to the other, or answers its question.

    >>> flipped("I felt forgotten", "You felt forgotten.")
    True
    >>> flipped("I felt forgotten", "I felt forgotten last night.")
    False
    >>> flipped("Is that about us, or your day?", "Yes, that is about us.")
    True
    """
    spoken = set(words(text))
    nearest = max(sentences(meaning) or [meaning], key=lambda part: len(spoken & set(words(part))))
    answered = "?" in nearest and "?" not in text and len(spoken & set(words(nearest))) >= SAME_MATTER
    if answered or _turned(nearest, text):
        return True
    meant, said = _doers(meaning), _doers(text)
    return any(said[word].isdisjoint(doers) for word, doers in meant.items() if word in said)


def _turned(meant: str, said: str) -> bool:
    """Whether the one says only "you" where the other says only "I"."""
    mine, yours = {"i", "i'm", "i've", "i'd", "i'll"}, {"you", "you're", "you've", "you'd", "you'll"}
    whose = [(bool(mine & set(words(text))), bool(yours & set(words(text)))) for text in (meant, said)]
    return whose in ([(True, False), (False, True)], [(False, True), (True, False)])


def _doers(text: str) -> dict[str, set[str]]:
    """For each content word, who stands before it as subject within three words: I or you."""
    found: dict[str, set[str]] = {}
    tokens = words(text)
    for i, word in enumerate(tokens):
        if word in _COMMON:
            continue
        near = [_subject(t) for t in reversed(tokens[max(0, i - 3) : i])]
        first = next((who for who in near if who), None)
        if first:
            found.setdefault(word, set()).add(first)
    return found


def _subject(token: str) -> str | None:
    if token in {"i", "i'm", "i've", "i'd", "i'll"}:
        return "i"
    return "you" if token in {"you", "you're", "you've", "you'd", "you'll"} else None


def tidied(text: str, names: Iterable[str]) -> str:
    """A draft without name prefix, outer quotes or stray spaces, cut to three sentences.

    >>> tidied('Maya: "I waited. For hours. Really. All night."', ["Maya"])
    'I waited. For hours. Really.'
    """
    prefix = "|".join(re.escape(name) for name in names)
    bare = re.sub(
        rf"^\s*(?:{prefix})(?:\s+(?:says|said))?\s*(?:\([^)]*\))?:\s*", "", text.strip(), flags=re.IGNORECASE
    )
    bare = bare.strip().strip('"\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}').strip()
    return " ".join(sentences(bare)[:3])
