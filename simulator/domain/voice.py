"""Putting an authored sentence into the trainee's own way of writing. Strings only."""

import re

from simulator.domain.utterance import words

ADDRESS = (
    "love darling dear honey babe sweetheart hon sweetie pet mate bro sis buddy pal mum mom mummy dad daddy",
    "son nan gran grandma grandad abuela beta yaar habibi",
)
_NAMES = "|".join(" ".join(ADDRESS).split())
_CALLS = "come on|oh|hey|hi|hello|listen|look|sorry|yes|no|okay|ok|well|please|thanks"
_VOCATIVE = re.compile(
    rf"(?:^|[.!?]\s+|\b(?:{_CALLS})\s+)({_NAMES})(?=[,.!?])|,\s*({_NAMES})(?=[.!?]|\s*$)", re.IGNORECASE
)
"""Someone addressed: at the head of a sentence, after a call, or at its very end behind a comma."""
_VERBS = "[Dd]o|[Dd]oes|[Dd]id|[Ii]s|[Aa]re|[Ww]as|[Ww]ere|[Hh]ave|[Hh]ad|[Ww]ould|[Cc]ould"
_LONG_FORMS = [
    (re.compile(pattern), full)
    for pattern, full in (
        (r"\b([Ii])'m\b", r"\1 am"),
        (r"\b([Yy]ou|[Ww]e|[Tt]hey)'re\b", r"\1 are"),
        (r"\b([Ii]|[Yy]ou|[Ww]e|[Tt]hey)'ve\b", r"\1 have"),
        (r"\b([Ii]|[Yy]ou|[Ww]e|[Tt]hey|[Ii]t)'ll\b", r"\1 will"),
        (rf"\b({_VERBS})n't\b(?! (?:you|I|we|they|it)\b)", r"\1 not"),
        (r"\b([Cc])an't\b", r"\1annot"),
        (r"\b([Ww])on't\b", r"\1ill not"),
    )
]


def in_voice(sentence: str, said: str) -> str:
    """`sentence` as the writer of `said` would write it: how they address the other, contractions, capitals.

    >>> in_voice("I'm sorry. What was it like for you?", "oh come on mate, it was only a joke")
    "i'm sorry. what was it like for you, mate?"
    >>> in_voice("I'm listening.", "I am not doing this. It is late.")
    'I am listening.'
    """
    told = sentence
    if _spells_out(said):
        for pattern, full in _LONG_FORMS:
            told = pattern.sub(full, told)
    address = _address(said)
    if address and address.lower() not in words(told) and told[-1:] in ".?!":
        told = f"{told[:-1]}, {address}{told[-1]}"
    if said == said.lower() and len(words(said)) > 2:
        told = told.lower()
    return told


def _spells_out(said: str) -> bool:
    """Whether someone writes "I am" and "do not", and nowhere contracts."""
    full = re.search(
        r"\b(?:I am|it is|do not|did not|is not|you are|I will|I have|cannot|that is)\b", said, re.IGNORECASE
    )
    return bool(full) and not re.search(r"\w['\N{RIGHT SINGLE QUOTATION MARK}](?:m|re|s|ve|ll|d|t)\b", said)


def _address(said: str) -> str:
    """The name of endearment or kinship the other is called by, or nothing."""
    found = _VOCATIVE.search(said)
    return (found.group(1) or found.group(2)) if found else ""
