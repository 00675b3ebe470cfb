"""The `grounding` talks in prose, so that a change of recordings is read as prose: `make record`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from simulator.evals.bench import Bench
from simulator.evals.driver import Driver
from simulator.evals.episode import Episode
from simulator.evals.executor import Serial
from simulator.evals.player import Player
from simulator.settings import Settings

HERE = Path(__file__).parent
SUITE = HERE.parents[1] / "evals" / "suites" / "grounding.yaml"


def replayed(home: Path) -> Iterator[tuple[str, Episode]]:
    """Each talk by its persona, replayed."""
    bench = Bench.open(Settings(home, home), [SUITE])
    stage = bench.stage("replay")
    player = Player(stage)
    for unit in Driver(bench.recordings, Serial(stage)).units(bench.talks(), "replay"):
        done = player.play(unit)
        assert done.episode, done.result.reason
        yield unit.case.persona, done.episode


def prose(episode: Episode) -> str:
    """A talk with its moves and what the debrief remarked."""
    lines = [f"# {episode.name}, {episode.scenario}", "", f"**{episode.name}:** {episode.opening}", ""]
    for turn in episode.turns:
        lines += [f"**Trainee:** {turn.said}", "", f"**{episode.name}:** {turn.reply}", ""]
    lines += ["## Moves", ""]
    for turn in episode.turns:
        felt = f"felt safety {turn.after.security:.2f}, distress {turn.after.activation:.2f}"
        lines.append(f"{turn.number}. {turn.move}, {turn.layer}, {turn.path}; {felt}")
    lines += ["", "## Remarks", ""]
    for feedback in episode.debrief["feedback"]:
        for remark in feedback["remarks"]:
            cited = remark["citation"]["id"] if remark["citation"] else "-"
            what = f"turn {remark['turn']}: {remark['verdict']}, {remark['code']}"
            lines.append(f'- {what}, "{remark["quote"]}" [{cited}]')
    if episode.debrief["better"]:
        lines += ["", f'Better: "{episode.debrief["better"]}"']
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write every transcript."""
    with tempfile.TemporaryDirectory() as home:
        for persona, episode in replayed(Path(home)):
            (HERE / f"{persona}.md").write_text(prose(episode), encoding="utf-8")


if __name__ == "__main__":
    main()
