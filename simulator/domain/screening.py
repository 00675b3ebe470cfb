"""Whether a turn discloses danger in the trainee's own life. Patterns in, verdict out.

It looks for first-person disclosures, not for the persona's story. Patterns and places to get
help stand in documents/safety.yaml.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Danger(StrEnum):
    """What a disclosure is about."""

    SELF_HARM = "self_harm"
    HARM_TO_OTHERS = "harm_to_others"
    ABUSE = "abuse"


@dataclass(frozen=True)
class Screen:
    """Compiled patterns per danger, and phrases that look alike but are idioms."""

    dangers: Mapping[Danger, Sequence[re.Pattern[str]]]
    idioms: Sequence[re.Pattern[str]]

    @classmethod
    def compiled(
        cls,
        dangers: Mapping[Danger, Sequence[str]],
        idioms: Sequence[str],
        macros: Mapping[str, str] | None = None,
    ) -> "Screen":
        """Compile a screen from patterns in which <NAME> stands for a macro; case is ignored.

        Raises: re.error for a malformed pattern; KeyError for an unknown macro.

        >>> patterns = {Danger.SELF_HARM: [r"want to <END>"]}
        >>> screen = Screen.compiled(patterns, [r"die of shame"], {"END": "die"})
        >>> screen.danger("I want to die of shame"), screen.danger("I want to die")
        (None, <Danger.SELF_HARM: 'self_harm'>)
        """

        def pattern(text: str) -> re.Pattern[str]:
            return re.compile(_expanded(text, macros or {}), re.IGNORECASE)

        return cls(
            {danger: [pattern(p) for p in patterns] for danger, patterns in dangers.items()},
            [pattern(p) for p in idioms],
        )

    def danger(self, text: str) -> Danger | None:
        """The first danger disclosed in `text`, after idioms are taken out."""
        plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        for idiom in self.idioms:
            plain = idiom.sub(" ", plain)
        for danger, patterns in self.dangers.items():
            if any(pattern.search(plain) for pattern in patterns):
                return danger
        return None


def _expanded(text: str, macros: Mapping[str, str]) -> str:
    while (wider := re.sub(r"<([A-Z]+)>", lambda match: macros[match.group(1)], text)) != text:
        text = wider
    return text
