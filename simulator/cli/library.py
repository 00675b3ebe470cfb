"""`simulator personas`, `scenarios` and `documents`: the library, and the user's own."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.app import AsJson, documents, personas, scenarios, simulator
from simulator.errors import InputError, LibraryError, SimulatorError


@personas.command("list")
def list_personas(as_json: AsJson = False) -> None:
    """Who you can talk with."""
    from simulator import library

    run = simulator()
    found = [run.persona(key) for key in library.personas(run.settings.home)]
    rows = [{"key": p.key, "name": p.name, "age": p.age, "style": p.attachment.style} for p in found]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        typer.echo(f"{row['key']:12} {row['name']}, {row['age']}, {row['style']}")


@personas.command("show")
def show_persona(
    name: str,
    plot: Annotated[bool, typer.Option("--plot", help="Draw how this person reacts.")] = False,
) -> None:
    """Who this is; with --plot, how they react."""
    who = simulator().persona(name)
    a = who.attachment
    typer.echo(f"{who.name}, {who.age}: {a.style} (anxiety {a.anxiety}, avoidance {a.avoidance}, of 1-7)")
    typer.echo(f"{len(who.lines)} lines, {len(who.facts)} facts")
    typer.echo(f"What sets {who.name} off: {'; '.join(who.triggers)}")
    typer.echo(f"What soothes: {'; '.join(who.soothes)}")
    if plot:
        from simulator.cli.plotting import draw

        draw(who)


@personas.command("validate")
def validate_personas(
    path: Annotated[Path | None, typer.Argument(help="A persona's folder; all when left out.")] = None,
) -> None:
    """Check persona files; every fault is named with file and field."""
    from simulator import library

    paths = [path] if path else list(library.personas(simulator().settings.home).values())
    _validate(paths, library.read_persona)


@scenarios.command("list")
def list_scenarios(as_json: AsJson = False) -> None:
    """What it can be about."""
    from simulator import library

    run = simulator()
    found = [run.scenario(key) for key in library.scenarios(run.settings.home)]
    if as_json:
        typer.echo(
            json.dumps(
                [{"key": s.key, "title": s.title, "kind": s.kind, "role": s.role} for s in found], indent=1
            )
        )
        return
    for scene in found:
        typer.echo(f"{scene.key:14} {scene.title} ({scene.kind}; you are the {scene.role})")


@scenarios.command("show")
def show_scenario(name: str) -> None:
    """What happened, and what is practised."""
    scene = simulator().scenario(name)
    typer.echo(f"{scene.title} ({scene.kind}; you are the {scene.role})")
    typer.echo(f"{scene.briefing.strip()}\nGoal: {scene.goal}")


@scenarios.command("validate")
def validate_scenarios(
    path: Annotated[Path | None, typer.Argument(help="A scenario file; all when left out.")] = None,
) -> None:
    """Check scenario files; every fault is named with file and field."""
    from simulator import library

    paths = [path] if path else list(library.scenarios(simulator().settings.home).values())
    _validate(paths, library.read_scenario)


@scenarios.command("new")
def new_scenario(name: str) -> None:
    """Make a scenario of your own, to edit, from one of ours."""
    from simulator import library

    home = simulator().settings.home
    source = library.folder("scenarios") / "late-reply.yaml"
    target = home / "scenarios" / f"{name}.yaml"
    _copied(source, target, shutil.copy, name, library.scenarios(home))


def _validate(paths: list[Path], read: "object") -> None:
    faults = 0
    for path in paths:
        try:
            read(path)  # type: ignore[operator]
        except SimulatorError as error:
            typer.echo(f"simulator: {error}", err=True)
            faults += 1
    typer.echo(f"{len(paths) - faults} of {len(paths)} are in order.")
    if faults:
        raise typer.Exit(LibraryError.exit_code)


def _copied(source: Path, target: Path, copy: "object", name: str, known: dict[str, Path]) -> None:
    if name in known:
        raise InputError(f"{name}: exists already at {known[name]}; choose another name.")
    if not name.replace("-", "").isalnum():
        raise InputError(f"{name}: use letters, digits and hyphens only.")
    target.parent.mkdir(parents=True, exist_ok=True)
    copy(source, target)  # type: ignore[operator]
    typer.echo(f"{target}: edit it, then `simulator {target.parent.name} validate {target}`.")


@documents.command("list")
def list_documents(as_json: AsJson = False) -> None:
    """Topics of ours and documents of yours."""
    from simulator.cli.fetching import fetch

    run = simulator()
    fetch(run, [name for name in run.missing_files() if name != "chat"])
    rows = run.store.passages()
    if as_json:
        typer.echo(json.dumps([row.model_dump(mode="json") for row in rows], indent=1))
        return
    for topic in sorted({row.topic for row in rows if row.topic != "user"}):
        typer.echo(f"{topic:34} {sum(row.topic == topic for row in rows):3} passages")
    for name in run.store.documents():
        typer.echo(f"{name:34} {sum(row.source.document == name for row in rows):3} passages (yours)")


@documents.command()
def search(
    query: str,
    limit: Annotated[int, typer.Option(help="How many passages.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Find passages by meaning and by word."""
    from simulator.cli.fetching import fetch
    from simulator.store import as_json as printed

    run = simulator()
    fetch(run, [name for name in run.missing_files() if name != "chat"])
    hits = run.store.search(query, limit=limit)
    if as_json:
        typer.echo(printed(hits))
        return
    for hit in hits:
        typer.echo(
            f"[{hit.passage.id}] {hit.passage.title}\n{hit.passage.text.strip()}\n({hit.passage.source})\n"
        )


@documents.command()
def add(paths: list[Path]) -> None:
    """Add files of your own (.txt .md .html .pdf .docx); they stay on this machine."""
    from simulator.cli.fetching import fetch

    run = simulator()
    fetch(run, [name for name in run.missing_files() if name != "chat"])
    for path in paths:
        typer.echo(f"{path.name}: {len(run.store.add(path))} passages added")


@documents.command()
def remove(name: str) -> None:
    """Remove one of your documents."""
    from simulator.cli.fetching import fetch

    run = simulator()
    fetch(run, [n for n in run.missing_files() if n != "chat"])
    typer.echo(f"{name}: {run.store.remove(name)} passages removed")
