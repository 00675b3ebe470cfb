"""Records the sessions from the embedded model: `make record`, about two minutes."""

import sys
import tempfile
from pathlib import Path

from simulator import settings
from simulator.embedded import EmbeddedChat
from simulator.embeddings import MiniLM
from simulator.session import Parts, Simulator
from simulator.testing import RecordedEmbedder
from simulator.weights import find, trusted
from tests.replay.recording import cassette
from tests.replay.sessions import HERE, SCRIPTS, held


def main() -> None:
    """Hold every session once with the real model; keep cassettes, vectors and transcripts."""
    cache = settings.load().cache
    files = [trusted(find(name), cache) for name in ("embedding", "tokenizer", "chat")]
    embedder = RecordedEmbedder(HERE / "vectors.npz", MiniLM(files[0], files[1]))
    model = EmbeddedChat(lambda: files[2], threads=None, context=4096, timeout_s=120)
    for name, script in SCRIPTS.items():
        path = HERE / "cassettes" / f"{name}.yaml"
        path.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as home, cassette(path, "all"):
            run = Simulator(settings.Settings(Path(home), cache), Parts(model=model, embedder=embedder))
            told = held(run, script)
            run.ledger.close()
        (HERE / f"{name}.md").write_text(told, encoding="utf-8")
        sys.stdout.write(f"{name}: {len(script.turns)} turns\n")
    embedder.save()
    model.close()


if __name__ == "__main__":
    main()
