"""`simulator models` and `simulator doctor`: files, health, and how to mend."""

import json
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from simulator.cli.app import ApiKey, AsJson, BaseUrl, ModelName, ModelPath, app, models, simulator
from simulator.errors import SimulatorError, WeightsError

if TYPE_CHECKING:
    from simulator.session import Simulator


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """The model files we know, and whether they are here."""
    from simulator.weights import registry

    cache = simulator().settings.cache
    rows = [
        {"name": e.name, "title": e.title, "licence": e.licence, "size": e.size, "state": e.state(cache)}
        for e in registry()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        megabytes = int(str(row["size"])) / 1e6
        typer.echo(f"{row['name']:10} {row['state']:8} {megabytes:6.0f} MB  {row['licence']}  {row['title']}")


@models.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(help="Which; the defaults when left out.")] = None,
) -> None:
    """Fetch model files that are missing; a broken fetch goes on where it stopped."""
    from simulator.cli.fetching import fetch
    from simulator.weights import find, registry

    run = simulator()
    wanted = names or [entry.name for entry in registry() if entry.default]
    fetch(run, [name for name in wanted if not find(name).path(run.settings.cache).is_file()])
    for name in wanted:
        typer.echo(f"{name}: ready")


@models.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(help="Which; those that are here when left out.")
    ] = None,
) -> None:
    """Check every byte of model files against their pins."""
    from simulator.cli.fetching import progress
    from simulator.weights import find, registry
    from simulator.weights import verify as check

    cache = simulator().settings.cache
    here = [entry.name for entry in registry() if entry.path(cache).is_file()]
    if not (names or here):
        raise WeightsError(f"{cache}: no model files here; run `simulator models pull`.")
    for name in names or here:
        entry = find(name)
        with progress(entry) as report:
            check(entry, cache, report)
        typer.echo(f"{name}: verified")


@models.command()
def path(name: Annotated[str, typer.Argument(help="Which; the chat model when left out.")] = "chat") -> None:
    """Where a model file lies, or would."""
    from simulator.weights import find

    typer.echo(find(name).path(simulator().settings.cache))


@app.command()
def doctor(
    base_url: BaseUrl = None,
    model: ModelName = None,
    api_key: ApiKey = None,
    model_path: ModelPath = None,
) -> None:
    """Check model, store, disk and endpoint, and say how to mend what is wrong."""
    run = simulator(base_url=base_url, model=model, api_key=api_key, model_path=model_path)
    checks: dict[str, Callable[[Simulator], str]] = {
        "disk": _disk,
        "sessions": lambda r: f"{len(r.ledger.summaries())} in {r.settings.ledger}",
        "embedding": lambda r: f"{r.embedder(['hello']).shape[1]} numbers a sentence",
        "coder": lambda r: f"{r.coder.name}: hears {', '.join(r.coder.code('I am sorry.').codes)}",
        "store": _store,
        "model": _model,
    }
    faults = 0
    for name, check in checks.items():
        try:
            typer.echo(f"ok    {name:10} {check(run)}")
        except SimulatorError as error:
            faults += 1
            typer.echo(f"FAULT {name:10} {error}")
    run.close()
    if faults:
        raise typer.Exit(4)


def _disk(run: "Simulator") -> str:
    run.settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(run.settings.home).free >> 20
    if free < 200:
        raise WeightsError(f"{run.settings.home}: {free} MB free; make room, sessions need a little.")
    return f"{free:,} MB free at {run.settings.home}"


def _store(run: "Simulator") -> str:
    hits = run.store.search("saying sorry and starting again")
    return f"{len(run.store.passages())} passages; a query finds [{hits[0].passage.id}]"


def _model(run: "Simulator") -> str:
    from simulator.llm import Sampling

    words = "".join(run.model.stream([{"role": "user", "content": "Say hello."}], Sampling(max_tokens=8)))
    where = run.destinations().get("persona", "this machine")
    return f"{run.model.name} answers on {where} ({len(words)} characters)"
