"""The trainee's own words given back from the persona's side: "Only a dinner." Strings only.

People who are hurt, and people who listen, often answer with a piece of what they have just heard: the
partial repeat of Schegloff, Jefferson & Sacks (1977). Turning words round goes wrong easily, so only
three shapes are turned: what the trainee says of themselves, a label, and "just" or "only" so-and-so.
"""

import re
from collections.abc import Sequence

from simulator.domain.utterance import sentences, words

MOST_WORDS = 7

_OTHER = {
    "i": "you",
    "i'm": "you're",
    "i've": "you've",
    "i'd": "you'd",
    "i'll": "you'll",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "am": "are",
    "was": "were",
    "you": "me",
    "you're": "I'm",
    "you've": "I've",
    "your": "my",
    "yours": "mine",
    "yourself": "myself",
}
_LEAD = re.compile(
    r"^(?:(?:and|so|but|well|ok|okay|oh|look|listen|yeah|yes|no|honestly|really|mate|love)\b[,. ]*)+", re.I
)
_TAIL = re.compile(
    r",? (?:you know|though|right|okay|anyway|honestly|really|actually|mate|love|sorry|that's all)$", re.I
)
_OF_SELF = re.compile(r"(?:i(?!')|i'm|i've|my \w+)\b(?!.* (?:you \w|your\b|you're|you've|if\b))", re.I)
_LABEL = re.compile(
    r"you(?:'re| are) (?:(?:so|too|being|such|just|always|very|a|an|over) )*"
    r"(?!(?:fine|allowed|right|welcome|okay|ok|good|safe|loved|brave|kind)$)[\w-]+$",
    re.I,
)
_BARELY = re.compile(
    r"(?:(?:it|that|this)(?:'s| is| was) )?((?:just|only) (?:a|an|one|the|some|two|my)\b.*)$", re.I
)
_UNSAYABLE = re.compile(
    r"[?,;:\"()]|\b(?:sorry|thank|thanks|please|promise|hear|see|understand|think|guess|know|believe|mean|love"
    r"|hope|wonder|wish|want|need|unless|without|would|will|can|could|can't|appreciate|get it|agree"
    r"|glad|here|listening|this|that|these|those|we|us|said)\b",
    re.I,
)


def echo(said: str) -> str | None:
    """One of the turn's last two sentences from the persona's side; None where none can be turned safely.

    A question wants an answer, and what was typed anyhow reads as mockery when it comes back.

    >>> echo("Sorry I'm late. My phone died.")
    'Your phone died.'
    >>> echo("You're so needy."), echo("Come on, it was only a dinner."), echo("Go on.")
    ("I'm so needy.", 'Only a dinner.', None)
    """
    if "?" in said:
        return None
    last = [sentence for sentence in sentences(said)[-2:] if not sentence[0].islower()]
    found = (_turned(sentence) for sentence in reversed(last))
    return next((text for text in found if text), None)


def _turned(sentence: str) -> str | None:
    bare = _LEAD.sub("", sentence.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip(" .!…-"))
    bare = _TAIL.sub("", bare)
    barely = _BARELY.search(bare)
    if barely:
        bare = barely.group(1)
    elif _LABEL.fullmatch(bare):
        bare = re.sub(r"^you are", "you're", bare, flags=re.I)
    elif not _OF_SELF.match(bare):
        return None
    if not (2 if barely else 3) <= len(words(bare)) <= MOST_WORDS or _UNSAYABLE.search(bare):
        return None
    text = _other_side(bare.split())
    return text[0].upper() + text[1:] + "."


def _other_side(tokens: Sequence[str]) -> str:
    own = tokens[0].lower() == "i"
    turned = (
        word if word.lower() == "was" and not own else _OTHER.get(word.lower(), word) for word in tokens
    )
    return " ".join(turned)
