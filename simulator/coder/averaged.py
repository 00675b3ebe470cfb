"""Two coders heard together: their probabilities averaged where both have a view."""

from statistics import mean

from simulator.coder import Coder
from simulator.domain.codebook import Code, Reading
from simulator.domain.hearing import THRESHOLD


class AveragedCoder(Coder):
    """Listens with a capable model and with the local coder; either alone where the other abstains."""

    def __init__(self, capable: Coder, local: Coder) -> None:
        self._capable, self._local = capable, local

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._capable.name}+{self._local.name}"

    def read(self, text: str, before: str = "") -> Reading:
        """The mean probability, and the mean threshold, of the coders that have a view of a code.

        Raises: ModelError when the capable model does not answer.
        """
        one, other = self._capable.read(text, before), self._local.read(text, before)
        if one.coder == other.coder:
            return other
        views = {code: [r for r in (one, other) if code in r.probability] for code in Code}
        chances = {code: mean(r.probability[code] for r in held) for code, held in views.items() if held}
        cuts = {code: mean(r.threshold.get(code, THRESHOLD) for r in views[code]) for code in chances}
        return Reading(chances, {**other.quote, **one.quote}, cuts, one.oddity or other.oddity, self.name)
