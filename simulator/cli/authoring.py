"""`simulator personas new|lint|certify`: a persona of your own, from an interview to a certificate."""

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.app import AsJson, personas, simulator
from simulator.errors import InputError, LibraryError

Folder = Annotated[Path | None, typer.Argument(help="A persona's folder; all when left out.")]


@personas.command("new")
def new(key: Annotated[str, typer.Argument(help="What the persona is called by, such as `lena`.")]) -> None:
    """Make a persona of your own: an interview, then files to edit."""
    from simulator import authoring, library

    home = simulator().settings.home
    known = library.personas(home)
    if key in known:
        raise InputError(f"{key}: exists already at {known[key]}; choose another name.")
    if not key.replace("-", "").isalnum():
        raise InputError(f"{key}: use letters, digits and hyphens only.")
    typer.echo(authoring.INTRODUCTION)
    answers = {one.key: _answer(one.ask, one.fits) for one in authoring.QUESTIONS}
    folder = home / "personas" / key
    neighbour = authoring.draft(answers, folder, [library.read_persona(path) for path in known.values()])
    typer.echo(
        f"\n{folder}: the lines are {neighbour.name}'s, who stands nearest, until you write your own.\n"
        f"Next: `simulator personas lint {folder}` tells what to write, `personas certify` beside it tests\n"
        f"the whole, and `simulator chat -p {key}` talks to it. The guide is docs/personas.md."
    )


def _answer(question: str, fits: "object") -> str:
    while True:
        text = str(typer.prompt(question)).strip()
        fault = fits(text)  # type: ignore[operator]
        if not fault:
            return text
        typer.echo(f"  {fault}", err=True)


@personas.command("lint")
def lint(path: Folder = None) -> None:
    """What is weak in a persona's files: thin moves, missing gates, copies, wrong tones."""
    from simulator import library
    from simulator.domain.flaw import flaws

    home = simulator().settings.home
    everybody = {folder: library.read_persona(folder) for folder in library.personas(home).values()}
    found = 0
    for folder in [path] if path else list(everybody):
        persona = library.read_persona(folder)
        others = [other for at, other in everybody.items() if at.resolve() != folder.resolve()]
        told = flaws(persona, others, library.stereotypes())
        for flaw in told:
            typer.echo(f"{folder.resolve().name}: {flaw.where}: {flaw.told}")
        found += len(told)
    typer.echo(f"{found} to look at." if found else "Nothing to look at.")
    if found:
        raise typer.Exit(LibraryError.exit_code)


@personas.command("interview")
def interview(
    name: Annotated[str, typer.Argument(help="Who: see `personas list`.")],
    seed: Annotated[int, typer.Option(help="Another seed draws other answers.")] = 0,
) -> None:
    """Ask a persona about itself, and place it by its words alone."""
    from simulator import library
    from simulator.domain.interview import interviewed

    who = simulator().persona(name)
    if not who.interview:
        raise InputError(f"{name}: has no interview.yaml; it may be left out (docs/personas.md tells how).")
    held = interviewed(library.probes(), who.interview, seed)
    for probe, answer in held.said:
        typer.echo(f"{probe.ask}\n  {who.name}: {answer.say}")
    heard, stated = held.attachment, who.attachment
    typer.echo(
        f"Heard in the words: {heard.style} (anxiety {heard.anxiety}, avoidance {heard.avoidance}); "
        f"stated: {stated.style} ({stated.anxiety}, {stated.avoidance})"
    )


@personas.command("certify")
def certify(
    path: Folder = None,
    each: Annotated[int, typer.Option("--sessions", min=10, help="Sessions with each of 8 trainees.")] = 40,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write Markdown here.")] = None,
    as_json: AsJson = False,
) -> None:
    """Hold hundreds of simulated sessions: does the persona react as research says?"""
    from simulator import certificate, library
    from simulator.cli.progress import stepping

    paths = [path] if path else list(library.personas(simulator().settings.home).values())
    found = []
    with stepping() as step:
        for number, folder in enumerate(paths, 1):
            found.append(certificate.certified(library.read_persona(folder), each))
            step("personas examined", number, len(paths))
    typer.echo(certificate.as_json(found) if as_json else "\n\n".join(map(certificate.as_text, found)))
    if out:
        out.write_text(certificate.as_markdown(found, each), encoding="utf-8")
        typer.echo(f"wrote {out}", err=True)
    if not all(one.held for one in found):
        raise typer.Exit(1)
