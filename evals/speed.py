"""Measures our own cost beside the bare model: `python -m evals.speed [--turns N] [--threads T]`.

The same prompts are sent twice, each time to a fresh server: first through a whole session, then as bare
streamed calls. Prints medians and the ratios of one run; figures of another run or machine differ.
"""

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulator import settings
from simulator.conversation import Answered, Sentence
from simulator.embedded import EmbeddedChat
from simulator.llm import Message, Model, Sampling
from simulator.session import Parts, Simulator
from simulator.weights import find, trusted

SAID = (
    "Relax, I was busy. It is not a big deal.",
    "You are right, I went straight to defending myself. What was last night like for you?",
    "So you sat there with the phone in your hand, thinking I'd forgotten you.",
    "It makes sense that you got scared. Anyone would have.",
    "I'm not going anywhere. Take your time.",
    "I got scared myself when I saw the missed call.",
    "What would help you most right now?",
    "You looked for me and I wasn't there.",
    "Thank you for telling me that.",
    "How could we do it differently next time I'm held up?",
)


class Watched:
    """A model that keeps its prompts and how long it was waited for."""

    capable = False

    def __init__(self, inner: EmbeddedChat) -> None:
        self.inner, self.name = inner, inner.name
        self.waited_s, self.calls = 0.0, []

    def warm(self, messages: Sequence[Message]) -> None:
        """As the watched model does."""
        self.inner.warm(messages)

    def stream(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str]:
        """As the watched model does, timed."""
        self.calls.append((messages, sampling))
        pieces = self.inner.stream(messages, sampling)
        while True:
            start = time.perf_counter()
            try:
                piece = next(pieces)
            except StopIteration:
                return
            finally:
                self.waited_s += time.perf_counter() - start
            yield piece

    def structured(self, messages: Sequence[Message], schema: type[Model]) -> Model:
        """As the watched model does."""
        return self.inner.structured(messages, schema)


def main() -> None:
    """Hold a session, send its prompts again bare, print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=len(SAID))
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    chosen = settings.load()
    chat = trusted(find("chat"), chosen.cache)

    def model() -> EmbeddedChat:
        return EmbeddedChat(lambda: chat, threads=given.threads, context=4096, timeout_s=300)

    first, whole, overhead, calls, opening = [], [], [], [], None
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        watched = Watched(model())
        run = Simulator(settings.Settings(Path(home), chosen.cache), Parts(model=watched))
        talk = run.start("maya", "late-reply", seed=3)
        talk.prepare()
        shown = time.perf_counter() - began
        talk.close()
        opening = time.perf_counter() - began
        for said in SAID[: given.turns]:
            start, waited, spoken = time.perf_counter(), watched.waited_s, None
            for event in talk.say(said):
                if isinstance(event, Sentence) and spoken is None:
                    spoken = time.perf_counter() - start
                if isinstance(event, Answered):
                    talk.feedback(event.turn)
            whole.append(time.perf_counter() - start)
            first.append(spoken or 0.0)
            overhead.append(whole[-1] - (watched.waited_s - waited))
        own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        preamble = talk.voice.preamble()
        calls = watched.calls
        run.close()
    bare_first, bare_whole = bare(model(), preamble, calls)
    ratio = statistics.median(first) / bare_first
    lines = [
        f"opening line shown after {shown:.1f} s; first turn can be answered after {opening:.1f} s",
        f"turn with feedback: median {statistics.median(whole):.2f} s, longest {max(whole):.2f} s",
        f"our own overhead a turn: median {1000 * statistics.median(overhead):.0f} ms",
        f"first words {statistics.median(first):.2f} s, bare {bare_first:.2f} s, ratio {ratio:.2f}",
        f"whole bare reply: {bare_whole:.2f} s",
        f"memory of our process: {own:.0f} MB at its largest",
        f"model calls: {len(calls)} for {given.turns} turns",
    ]
    sys.stdout.write("\n".join(lines) + "\n")


def bare(
    model: EmbeddedChat, preamble: Sequence[Message], calls: Sequence[tuple[Sequence[Message], Sampling]]
) -> tuple[float, float]:
    """Median seconds to the first token, and to the end, of the same prompts without us."""
    model.warm(preamble)
    first, whole = [], []
    for messages, sampling in calls:
        start, spoken = time.perf_counter(), None
        for _ in model.stream(messages, sampling):
            spoken = spoken or time.perf_counter() - start
        first.append(spoken or 0.0)
        whole.append(time.perf_counter() - start)
    model.close()
    return statistics.median(first), statistics.median(whole)


if __name__ == "__main__":
    main()
