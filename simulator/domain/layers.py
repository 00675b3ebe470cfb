"""What a person shows and what lies beneath it (EFT). Names and their order only."""

from enum import IntEnum


class Layer(IntEnum):
    """From the surface down: act, secondary emotion, primary emotion, attachment need (003 FAQ)."""

    BEHAVIOUR = 0
    SECONDARY = 1
    PRIMARY = 2
    NEED = 3

    @classmethod
    def named(cls, name: str) -> "Layer":
        """The layer of that lower-case name.

        >>> Layer.named("primary").name
        'PRIMARY'
        """
        return cls[name.upper()]

    @property
    def label(self) -> str:
        """The lower-case name used in files."""
        return self.name.lower()
