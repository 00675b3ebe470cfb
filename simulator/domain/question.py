"""What a question asks for, and whether it asks for more of what was just said. Strings only."""

import re
from enum import StrEnum

from simulator.domain.utterance import sentences, words


class Asked(StrEnum):
    """What a question wants to know."""

    WHO = "who"
    WHEN = "when"
    WHERE = "where"
    HOW_MANY = "how_many"
    WHY = "why"
    WHETHER = "whether"
    WHICH = "which"
    WHAT = "what"


_KINDS = {
    Asked.WHICH: r"\bwhich\b|\b\w+ or (?:a |the |is it |was it )?\w+\s*\?$",
    Asked.WHO: r"\b(?:who|whose|whom)\b",
    Asked.WHEN: r"\b(?:when|what time|what day|what date|since when)\b",
    Asked.WHERE: r"\bwhere\b",
    Asked.HOW_MANY: r"\bhow (?:many|much|long|often|old|far|big|late|early)\b|\bwhat age\b",
    Asked.WHY: r"\b(?:why|how come|what for|what made)\b",
    Asked.WHAT: r"\b(?:what|what's|how)\b",
}
_LEAD = r"^(?:(?:and|so|but|well|ok|okay|oh|sorry|wait|mm|hm|no|yeah|please|really)\b[,. ]*)*"
_VERBS = """
did do does are is was were have has had am can could would will shall should
aren't isn't wasn't weren't don't didn't haven't
"""
_WHETHER = re.compile(rf"{_LEAD}(?:{'|'.join(_VERBS.split())})\b", re.IGNORECASE)
_ASKS_MORE = (
    "go on|carry on|keep going|say more|tell me(?: more)?(?: about (?:it|that))?|i'm listening|and|and then",
    "then what|what then|what else|why|why's that|why not|how so|how come|what for|because|like what|such as",
    "what do you mean|what does that mean|meaning|in what way|what about it|what happened",
    "what happened (?:then|next|after(?: that)?)|what was (?:that|it) like|what's (?:that|it) like",
    "how did (?:that|it) feel|how was that",
)
_TRAILING = (
    r"(?: (?:by that|for you|exactly|though|please|about it|to you|then|if you (?:want|like)(?: to)?))*"
)
_MORE = re.compile(rf"{_LEAD}(?:{'|'.join(_ASKS_MORE)}){_TRAILING}\W*$", re.IGNORECASE)
_SHORT = 9
"""Words: "why?" asks for more of what was said; a whole sentence with why in it asks its own question."""


def asked(said: str) -> Asked | None:
    """What the turn's last question wants to know; None when it asks nothing.

    >>> asked("I see. What time was that?").value
    'when'
    >>> asked("Tea or coffee?").value, asked("Did you eat?").value
    ('which', 'whether')
    """
    questions = [s for s in sentences(said) if s.endswith("?")]
    if not questions:
        return None
    last = questions[-1].lower()
    found = next((kind for kind, pattern in _KINDS.items() if re.search(pattern, last)), None)
    if _WHETHER.match(last) and found is not Asked.WHICH:
        return Asked.WHETHER
    return found or Asked.WHETHER


_OFFER = re.compile(
    r"\b(?:would it (?:help|be)|would you (?:like|rather|prefer)|do you want"
    r"|(?:shall|should|can|could|may) (?:we|i\b(?! ask)))\b",
    re.IGNORECASE,
)


def offers(said: str) -> bool:
    """Whether the turn's last question offers something, and so wants more than a fact.

    >>> offers("Would it help if I wrote?"), offers("Did you write?")
    (True, False)
    """
    questions = [s for s in sentences(said) if s.endswith("?")]
    return bool(questions and _OFFER.search(questions[-1]))


def asks_more(said: str) -> bool:
    """Whether the turn only asks the other to go on.

    >>> asks_more("Go on."), asks_more("Okay. What do you mean by that?"), asks_more("Why didn't you ring?")
    (True, True, False)
    """
    last = (sentences(said) or [""])[-1]
    return len(words(said)) <= _SHORT and bool(_MORE.match(last))
