"""`simulator chat`: a rehearsal in the terminal, or one line a turn from a pipe."""

from contextlib import closing
from typing import Annotated

import typer

from simulator.cli.app import (
    DEFAULT_PERSONA,
    DEFAULT_SCENARIO,
    ApiKey,
    BaseUrl,
    ModelName,
    ModelPath,
    app,
    one_of,
    simulator,
)


@app.command()
def chat(
    persona: Annotated[str, typer.Option("--persona", "-p", help="Who: see `personas list`.")] = "",
    scenario: Annotated[str, typer.Option("--scenario", "-s", help="About what: see `scenarios list`.")] = "",
    feedback: Annotated[str, typer.Option(help="After each turn: full, brief or off.")] = "brief",
    seed: Annotated[int | None, typer.Option(help="The same seed and words give the same choices.")] = None,
    resume: Annotated[str, typer.Option(help="Go on with a session.")] = "",
    after: Annotated[str, typer.Option(help="Meet again after this session, not after the last one.")] = "",
    fresh: Annotated[bool, typer.Option("--fresh", help="The persona remembers nothing.")] = False,
    base_url: BaseUrl = None,
    model: ModelName = None,
    api_key: ApiKey = None,
    model_path: ModelPath = None,
) -> None:
    """Rehearse: talk with a persona, get feedback after each turn and a debrief at the end."""
    from simulator.cli.fetching import fetch
    from simulator.cli.rehearsal import Rehearsal
    from simulator.cli.screen import Screen

    one_of(feedback, ("full", "brief", "off"), "--feedback")
    run = simulator(base_url=base_url, model=model, api_key=api_key, model_path=model_path)
    screen = Screen.for_streams()
    try:
        if not (persona or resume) and screen.interactive:
            persona, scenario = screen.choose(run, scenario)
        who, what = persona or DEFAULT_PERSONA, scenario or DEFAULT_SCENARIO
        if not resume:
            run.persona(who), run.scenario(what)  # a wrong name is told before anything is fetched
        fetch(run, run.missing_files())
        before = None if fresh else after or run.last(who)
        talk = run.resume(resume) if resume else run.start(who, what, seed=seed, after=before)
        with run.ledger.hold(talk.card.id), closing(talk):
            Rehearsal(run, talk, screen, feedback).run()
    finally:
        run.close()
