"""Branches: sessions that begin as another one did, up to the turn in which something else was said.

Which of them were held with hindsight, what each said first of its own, and how they hang together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Branch:
    """One session of a tree, with the sessions that branch off it."""

    session: str
    parent: str = ""
    """The session it is a branch of; empty for a first try."""
    fork: int = 0
    """How many of its first turns are `parent`'s."""
    turns: int = 0
    said: str = ""
    """The trainee's first words after the fork; empty when nothing was said yet."""
    children: Sequence["Branch"] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, "Branch"]]:
        """This one and all that hang on it, each with its depth (0 and up), a parent before its children."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def root(branches: Mapping[str, Branch], session: str) -> str:
    """The session that all others of its tree come from; one whose parent was deleted is one.

    >>> root({"a": Branch("a"), "b": Branch("b", "a", 2), "c": Branch("c", "b", 3)}, "c")
    'a'
    """
    while branches[session].parent in branches:
        session = branches[session].parent
    return session


def tree(branches: Iterable[Branch], session: str) -> Branch:
    """The whole tree that a session is in, from its root; children that share least come first.

    >>> found = tree([Branch("a"), Branch("b", "a", 2), Branch("c", "a", 1), Branch("z")], "b")
    >>> [(depth, each.session) for depth, each in found.walk()]
    [(0, 'a'), (1, 'c'), (1, 'b')]
    """
    known = {branch.session: branch for branch in branches}
    hanging: dict[str, list[Branch]] = {}
    for branch in sorted(known.values(), key=lambda branch: branch.fork):
        hanging.setdefault(branch.parent, []).append(branch)

    def grown(branch: Branch) -> Branch:
        return replace(branch, children=tuple(grown(child) for child in hanging.get(branch.session, ())))

    return grown(known[root(known, session)])
