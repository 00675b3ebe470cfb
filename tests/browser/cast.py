"""Who plays the models in browser tests: public fakes, slow enough that streaming can be seen."""

import time

from simulator.session import Parts
from simulator.testing import HashingEmbedder, ScriptedCoder, ScriptedModel, repeating_meaning
from tests.conftest import TABLE


class SlowModel(ScriptedModel):
    """A scripted model that pauses before each word."""

    def __init__(self, answer=repeating_meaning, *, delay_s: float = 0.0, capable: bool = False) -> None:
        super().__init__(answer, capable=capable)
        self._delay_s = delay_s

    def stream(self, messages, sampling):
        """Yield the answer word by word, `delay_s` seconds apart."""
        for piece in super().stream(messages, sampling):
            time.sleep(self._delay_s)
            yield piece


def no_alarm(_text):
    """Danger is found by pattern only."""


def cast(delay_s: float = 0.0) -> Parts:
    """Fakes in every part; `partial(cast, 0.2)` can be sent to another process."""
    return Parts(
        model=SlowModel(delay_s=delay_s),
        coder=ScriptedCoder(TABLE),
        embedder=HashingEmbedder(),
        alarm=no_alarm,
    )
