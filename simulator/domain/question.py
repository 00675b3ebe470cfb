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
    OFFER = "offer"
    FEELING = "feeling"


_KINDS = {
    Asked.WHICH: r"\bwhich\b|\b\w+ or (?:a |the |is it |was it )?\w+\s*\?$",
    Asked.WHO: r"\b(?:who|whose|whom)\b",
    Asked.WHEN: r"\b(?:when|what time|what day|what date|since when)\b",
    Asked.WHERE: r"\bwhere\b",
    Asked.HOW_MANY: r"\bhow (?:many|much|long|often|old|far|big|late|early)\b|\bwhat age\b",
    Asked.WHY: r"\b(?:why|how come|what for|what made)\b",
    Asked.WHAT: r"\b(?:whats?|what's|hows?)\b",
}
_OFFER = re.compile(
    r"\b(?:would it (?:help|be)|would you (?:like|rather|prefer)|do you (?:want|need)"
    r"|(?:shall|should|can|could|may) (?:we|i\b(?! ask))|(?:can|could|would|will) you)\b",
    re.IGNORECASE,
)
_FEELINGS = """
angry cross mad upset hurt sad okay ok alright fine scared afraid worried anxious nervous tired annoyed
ashamed disappointed lonely jealous embarrassed
"""
_FEELING = re.compile(
    rf"\b(?:are|were|aren't|weren't) you (?:\w+ ){{0,2}}(?:{'|'.join(_FEELINGS.split())}|all right)\b"
    r"|\b(?:do|did|does) (?:it|that|this|i) (?:\w+ )?(?:hurt|upset|bother|scare|annoy)|\bhow are you\b"
    r"|\bhow do you feel\b|\bhow are you feeling\b",
    re.IGNORECASE,
)
_LEAD = r"^(?:(?:and|so|but|well|ok|okay|oh|sorry|wait|mm|hm|no|yeah|please|really)\b[,. ]*)*"
_VERBS = """
did do does are is was were have has had am can could would will shall should
aren't isn't wasn't weren't don't didn't haven't
"""
_WHETHER = re.compile(rf"{_LEAD}(?:{'|'.join(_VERBS.split())})\b", re.IGNORECASE)
_UNMARKED = re.compile(
    rf"{_LEAD}(?:i asked )?(?:(?:what|who|where|when|why|how)s?|which|{'|'.join(_VERBS.split())})\b(?! a\b)",
    re.IGNORECASE,
)
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
_COMMON_WORDS = """
about been from have just like more much over said that them then there they this very want were what when
which with would your you're don't didn't know really going thing think could should
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_ASKING = re.compile(r"\b(?:what|which|who|where|why|when|how|hows)\b", re.IGNORECASE)
_SHORT = 9
"""Words: "why?" asks for more of what was said; a whole sentence with why in it asks its own question."""


def questions(said: str) -> list[str]:
    """The questions of a turn, in order, also a short one typed without its mark.

    >>> questions("I see. Was it cold? Tell me."), questions("ok so whats the word"), questions("What a day.")
    (['Was it cold?'], ['ok so whats the word'], [])
    """
    marked = [sentence for sentence in sentences(said) if sentence.endswith("?")]
    bare = not marked and len(words(said)) <= _SHORT and said[-1:].isalnum() and _UNMARKED.match(said)
    return [said] if bare else marked


def asked(said: str) -> Asked | None:
    """What the turn's last question wants to know; None when it asks nothing.

    >>> asked("I see. What time was that?").value
    'when'
    >>> asked("Tea or coffee?").value, asked("Did you eat?").value
    ('which', 'whether')
    >>> asked("Shall I put the kettle on?").value, asked("Are you still cross with me?").value
    ('offer', 'feeling')
    """
    put = questions(said)
    if not put:
        return None
    last = put[-1].lower()
    if _FEELING.search(last):
        return Asked.FEELING
    if _OFFER.search(last) and not re.search(_KINDS[Asked.WHICH], last):
        return Asked.OFFER
    found = next((kind for kind, pattern in _KINDS.items() if re.search(pattern, last)), None)
    if _WHETHER.match(last) and found is not Asked.WHICH:
        return Asked.WHETHER
    return found or Asked.WHETHER


def asks_more(said: str) -> bool:
    """Whether the turn only asks the other to go on.

    >>> asks_more("Go on."), asks_more("Okay. What do you mean by that?"), asks_more("Why didn't you ring?")
    (True, True, False)
    """
    last = (sentences(said) or [""])[-1]
    return len(words(said)) <= _SHORT and bool(_MORE.match(last))


def asks_about(said: str, reply: str) -> bool:
    """Whether a short question takes up a word of what the other has just said.

    >>> asks_about("lol ok hows the guttering", "Ask me about guttering."), asks_about("How so?", "It hurt.")
    (True, False)
    """
    heard = words(said)
    asking = "?" in said or bool(_ASKING.search(said))
    told = {word for word in words(reply) if len(word) > 3} - _COMMON
    return asking and len(heard) <= _SHORT and bool(told & set(heard))
