"""Cleaning and splitting of what people type. Strings only."""

import re
import unicodedata

from simulator.errors import InputError

LONGEST = 4000
"""Characters in one turn; nobody says more in one breath."""

_SENTENCE = re.compile(r"[^.!?\n]+(?:[.!?]+[\"')\]]*|\n|$)")
_CLAUSE = re.compile(
    r"(?:,|;|:)?\s+(?=(?:but|and then|so|because|although|though)\b)|[,;:]\s+", re.IGNORECASE
)


def cleaned(text: str) -> str:
    """The turn without control and text-direction characters, spaces made single.

    Raises: InputError when nothing is left, or when it is longer than LONGEST characters.

    >>> cleaned("I\\u202e hear\\x07 you.  ")
    'I hear you.'
    """
    kept = (c if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co"} else "" for c in text)
    line = " ".join("".join(kept).split())
    if not line:
        raise InputError("The turn is empty: type what you would say, or ... to stay silent.")
    if len(line) > LONGEST:
        raise InputError(
            f"The turn has {len(line):,} characters; {LONGEST:,} is the most: say it in shorter turns."
        )
    return line


def sentences(text: str) -> list[str]:
    """The sentences of a text, each a substring of it without outer spaces.

    >>> sentences("Mm. You went quiet! Why?")
    ['Mm.', 'You went quiet!', 'Why?']
    """
    return [piece for match in _SENTENCE.finditer(text) if (piece := match.group().strip())]


def clauses(text: str) -> list[str]:
    """Sentences and their comma- or conjunction-separated parts of three words or more.

    >>> clauses("I'm sorry, but you never listen to me.")
    ["I'm sorry, but you never listen to me.", 'but you never listen to me.']
    """
    found: list[str] = []
    for sentence in sentences(text):
        found.append(sentence)
        parts = [p.strip() for p in _CLAUSE.split(sentence) if p and len(p.split()) > 2]
        found += [part for part in parts if part != sentence and part in sentence]
    return found


def words(text: str) -> list[str]:
    """Lower-case words, apostrophes kept."""
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
