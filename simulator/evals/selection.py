"""Which cases are meant: `*`, `tag:maya`, `case:asked-*`, joined by `and`, turned by `not`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Term:
    """One condition on a case."""

    kind: str
    """`tag` or `case`."""
    pattern: str
    wanted: bool

    def holds(self, case: str, tags: Collection[str]) -> bool:
        """Whether it holds of a case of that id and those tags."""
        names = [case] if self.kind == "case" else tags
        return any(fnmatchcase(name, self.pattern) for name in names) is self.wanted


@dataclass(frozen=True)
class Selection:
    """All its terms must hold.

    >>> Selection.parse("tag:maya and not case:asked-*").holds("flattered-maya", ["maya"])
    True
    """

    terms: Sequence[Term] = ()

    @classmethod
    def parse(cls, text: str) -> "Selection":
        """A selection from its words.

        Raises: ValueError naming what is not understood.
        """
        return cls(tuple(_term(part.strip()) for part in text.split(" and ") if part.strip() != "*"))

    def holds(self, case: str, tags: Collection[str]) -> bool:
        """Whether a case of that id and those tags is meant."""
        return all(term.holds(case, tags) for term in self.terms)


def _term(text: str) -> Term:
    wanted = not text.startswith("not ")
    kind, colon, pattern = text.removeprefix("not ").partition(":")
    if not colon or kind not in {"tag", "case"} or not pattern:
        raise ValueError(f"'{text}' is no selection; write *, tag:NAME or case:ID, joined by ' and '")
    return Term(kind, pattern, wanted)
