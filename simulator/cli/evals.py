"""`simulator eval`: check, run, record and compare suites of talks."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulator.cli.app import AsJson, confirmed, one_of
from simulator.cli.runs import Out, RunFolder, evals, finish, known_endings
from simulator.errors import InputError

if TYPE_CHECKING:
    from simulator.evals.bench import Bench, Means
    from simulator.evals.driver import Talk
    from simulator.evals.run import Run

HERE = (Path("evals/suites"), Path("suites"))
Suites = Annotated[
    list[Path] | None, typer.Argument(help="Suite files or folders; evals/suites or suites when left out.")
]
Cassettes = Annotated[
    Path | None, typer.Option(help="Folder of recordings; `cassettes` beside the suites when left out.")
]
CaseOption = Annotated[
    list[str] | None, typer.Option("--case", "-k", help="A case's id, or a pattern; repeatable.")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Only cases with this tag; repeatable.")]
Epochs = Annotated[int | None, typer.Option(min=1, max=100, help="How often each case is held.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="Workers.")]
ExecutorName = Annotated[
    str, typer.Option("--executor", help="serial, process or ray; by --jobs when left out.")
]
RayAddress = Annotated[str | None, typer.Option(help="A Ray cluster; a local one when left out.")]
ProgressStyle = Annotated[str, typer.Option("--progress", help="auto, plain, json or none.")]
MODES = ("replay", "live", "record-missing")


def bench(suites: list[Path] | None, cassettes: Path | None = None) -> "Bench":
    """The suites named on the command line."""
    from simulator import settings
    from simulator.evals.bench import Bench

    here = next((folder for folder in HERE if folder.is_dir()), HERE[0])
    return Bench.open(settings.load(), suites or [here], cassettes)


@evals.command()
def validate(suites: Suites = None) -> None:
    """Check suite files: schema, names, ids. Calls nothing."""
    opened = bench(suites)
    for path, suite in opened.suites.items():
        typer.echo(f"ok  {path}: {len(suite.expanded)} cases")


@evals.command()
def schema() -> None:
    """The JSON Schema of suite files, for editors."""
    from simulator.evals.suite import schema

    typer.echo(schema(), nl=False)


@evals.command("list")
def list_cases(
    suites: Suites = None, case: CaseOption = None, tag: TagOption = None, as_json: AsJson = False
) -> None:
    """The cases of suites."""
    opened = bench(suites)
    found = opened.talks(epochs=1, cases=case or (), tags=tag or ())
    if as_json:
        typer.echo(json.dumps([talk.case.model_dump(mode="json") for talk in found], indent=1))
        return
    for talk in found:
        one = talk.case
        talker = one.user.style or "scripted"
        epochs = f"{one.epochs} epochs" if one.epochs > 1 else ""
        typer.echo(
            f"{one.suite}/{one.id}  {one.persona}, {one.scenario}, {talker}  [{', '.join(one.tags)}] {epochs}"
        )


@evals.command()
def status(
    suites: Suites = None,
    cassettes: Cassettes = None,
    max_age: Annotated[int | None, typer.Option(help="Days after which a recording is AGED.")] = None,
    as_json: AsJson = False,
) -> None:
    """The state of every recording, known without running; what to record anew, and how long it takes."""
    from simulator.evals.driver import talks
    from simulator.evals.freshness import State

    opened = bench(suites, cassettes)
    every = talks(opened.suites.values())
    found = [(talk, opened.standing(talk, max_age)) for talk in every]
    orphans = opened.recordings.orphans(opened.cases)
    stale = [talk for talk, standing in found if standing.state is not State.FRESH]
    calls, seconds = opened.cost(stale)
    if as_json:
        rows = [{"key": t.key, "state": s.state.value, "why": list(s.why)} for t, s in found]
        rows += [{"key": str(path), "state": State.ORPHAN.value, "why": []} for path in orphans]
        typer.echo(json.dumps({"talks": rows, "calls": calls, "seconds": round(seconds)}, indent=1))
    else:
        for talk, standing in found:
            typer.echo(f"{standing.state.value:8} {talk.key}  {'; '.join(standing.why)}".rstrip())
        for path in orphans:
            typer.echo(f"{State.ORPHAN.value:8} {path}")
        typer.echo(f"{len(found) - len(stale)} of {len(found)} fresh." + _cost(stale, calls, seconds))
    if stale:
        raise typer.Exit(3)


def _cost(stale: "list[Talk]", calls: int, seconds: float) -> str:
    if not stale:
        return ""
    told = f" Recording the rest: about {calls} calls, {seconds / 60:.1f} min"
    return f"{told} (simulator eval record SUITES --stale)."


def means(kind: str, jobs: int, address: str | None) -> "Means":
    """How a run is held, from the options."""
    from simulator.evals.bench import Means

    one_of(kind or "serial", ("serial", "process", "ray"), "--executor")
    chosen: Any = kind or ("process" if jobs > 1 else "serial")
    return Means(chosen, jobs, address)


@evals.command("run")
def run_suites(
    suites: Suites = None,
    mode: Annotated[str, typer.Option(help="replay, live or record-missing.")] = "replay",
    epochs: Epochs = None,
    jobs: Jobs = 1,
    executor: ExecutorName = "",
    ray_address: RayAddress = None,
    shard: Annotated[str, typer.Option(help="Only part i of N, as i/N; join with `merge`.")] = "",
    case: CaseOption = None,
    tag: TagOption = None,
    failed_from: Annotated[Path | None, typer.Option(help="Only what did not pass in this run.")] = None,
    stale: Annotated[bool, typer.Option("--stale", help="Only recordings that are not fresh.")] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.")] = False,
    max_calls: Annotated[int | None, typer.Option(min=1, help="Stop after so many calls to a model.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be held, and hold nothing.")
    ] = False,
    out: Out = Path("runs"),
    output: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="Also write .json, .xml, .html or .jsonl here."),
    ] = None,
    baseline: Annotated[Path | None, typer.Option(help="A run to compare with afterwards.")] = None,
    cassettes: Cassettes = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Hold the talks of suites and judge them; replays recordings unless told otherwise."""
    from simulator.evals.run import Run

    known_endings(output or [])
    one_of(mode, MODES, "--mode")
    how = means(executor, jobs, ray_address)
    if mode != "replay" and how.kind == "ray":
        raise InputError("--executor ray: replays only; record on the machine that holds the model.")
    opened = bench(suites, cassettes)
    wanted = opened.talks(
        epochs=epochs, cases=case or (), tags=tag or (), shard=shard, failed_from=failed_from, stale=stale
    )
    if mode != "replay":
        _announce(opened)
    if dry_run:
        calls, seconds = opened.cost(wanted)
        told = "none" if mode == "replay" else f"about {calls}, {seconds / 60:.1f} min"
        typer.echo("\n".join(talk.key for talk in wanted))
        typer.echo(f"{len(wanted)} talks, mode {mode}; calls to a model: {told}")
        return
    before = Run.open(baseline) if baseline else None
    begun = opened.begin(wanted, out, mode, shard)
    stopped = _hold(opened, begun, wanted, mode, how, progress, fail_fast=fail_fast, max_calls=max_calls)
    finish(begun, output or [], stopped=stopped, before=before)


def _announce(opened: "Bench") -> None:
    """Say where words will go."""
    for role, endpoint in opened.settings.endpoints.items():
        if endpoint.remote:
            typer.echo(f"The {role}'s words go to {endpoint.host}.", err=True)


def _hold(
    opened: "Bench",
    begun: "Run",
    wanted: "list[Talk]",
    mode: str,
    how: "Means",
    progress: str,
    *,
    fail_fast: bool = False,
    max_calls: int | None = None,
) -> str:
    """Hold talks, showing progress; what ended it early, if anything did.

    Raises: typer.Exit when interrupted.
    """
    from simulator.cli.progress import shown
    from simulator.evals.unit import Status

    style: Any = one_of(progress, ("auto", "plain", "json", "none"), "--progress")
    calls, held = 0, opened.hold(begun, wanted, mode, how)
    try:
        for done in shown(held, len(wanted), style):
            calls += done.result.calls if done.recordings or mode == "live" else 0
            if fail_fast and done.result.status is Status.FAIL:
                return "--fail-fast"
            if max_calls and calls >= max_calls:
                typer.echo(f"stopped after {calls} calls", err=True)
                return "--max-calls"
    except KeyboardInterrupt:
        typer.echo(f"interrupted; go on with: simulator eval resume {begun.folder}", err=True)
        raise typer.Exit(130) from None
    finally:
        held.close()
    return ""


@evals.command()
def resume(
    run: RunFolder,
    jobs: Jobs = 1,
    executor: ExecutorName = "",
    ray_address: RayAddress = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Go on with a run that was cut off; what has a result is not held again."""
    from simulator import settings
    from simulator.evals.bench import Bench
    from simulator.evals.run import Run

    begun = Run.open(run)
    opened = Bench.reopen(settings.load(), begun)
    left = opened.left(begun)
    how = means(executor, jobs, ray_address)
    if left:
        _hold(opened, begun, left, str(begun.manifest["mode"]), how, progress)
    finish(begun, [])


@evals.command()
def record(
    suites: Suites = None,
    stale: Annotated[bool, typer.Option("--stale", help="Whatever no longer replays.")] = False,
    missing: Annotated[bool, typer.Option("--missing", help="Whatever was never recorded.")] = False,
    case: CaseOption = None,
    tag: TagOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    out: Out = Path("runs"),
    cassettes: Cassettes = None,
    progress: ProgressStyle = "auto",
) -> None:
    """Record talks from the model of your settings, and say before how long it will take.

    With --stale every recording is replayed first; what still replays word for word is kept and at most
    stamped anew, so that the model is asked for the rest alone.
    """
    from simulator.evals.bench import Means
    from simulator.evals.freshness import State

    if not (stale or missing or case):
        raise InputError("record: say what: --stale, --missing or --case ID.")
    opened = bench(suites, cassettes)
    wanted = opened.talks(cases=case or (), tags=tag or ())
    if stale:
        wanted = _restamped(opened, wanted, out)
    elif missing:
        wanted = [talk for talk in wanted if opened.standing(talk).state is State.MISSED]
    if not wanted:
        typer.echo("Every recording is fresh.")
    if wanted:
        calls, seconds = opened.cost(wanted)
        typer.echo(f"{len(wanted)} talks to record: about {calls} calls, {seconds / 60:.1f} min.", err=True)
        _announce(opened)
        if not (yes or confirmed("Begin?")):
            raise InputError("nothing recorded.")
        begun = opened.begin(wanted, out, "record")
        _hold(opened, begun, wanted, "record", Means(), progress)
    opened.recordings.share()
    if wanted:
        _recorded(begun)


def _recorded(begun: "Run") -> None:
    """Say what the new recordings hold; a failed expectation is news, but no fault of the recording."""
    from simulator.evals.gate import Exit
    from simulator.evals.report import write
    from simulator.evals.summary import lines

    summary = write(begun)
    typer.echo("\n".join(lines(summary)[:-1]))
    if any(v.code is Exit.INFRASTRUCTURE for v in summary.verdicts):
        raise typer.Exit(Exit.INFRASTRUCTURE.value)


def _restamped(opened: "Bench", wanted: "list[Talk]", out: Path) -> "list[Talk]":
    """Replay what there is, and keep for recording what does not replay word for word."""
    from simulator.evals.bench import Means
    from simulator.evals.freshness import State

    there = [t for t in wanted if opened.standing(t).state not in {State.MISSED, State.AGED}]
    if not there:
        return wanted
    begun = opened.begin(there, out, "restamp")
    good = {done.result.key for done in opened.hold(begun, there, "restamp", Means()) if done.recordings}
    typer.echo(f"{len(good)} of {len(there)} recordings replay word for word.", err=True)
    return [talk for talk in wanted if talk.key not in good]


@evals.command()
def score(run: RunFolder, suites: Suites = None) -> None:
    """Ask today's expectations again of a run's transcripts; nothing is said anew."""
    from simulator.evals.run import Run

    begun = Run.open(run)
    paths = [path for name in begun.manifest["suites"].values() if (path := Path(name)).is_file()]
    opened = bench(suites or paths or [begun.folder / "suites"])
    count = opened.score(begun)
    for path, suite in opened.suites.items():
        (begun.folder / "suites" / f"{suite.suite}.yaml").write_bytes(path.read_bytes())
    typer.echo(f"{count} talks scored anew.", err=True)
    finish(begun, [])
