"""`simulator web`: the page."""

import os
from typing import Annotated

import typer

from simulator.cli.app import ApiKey, BaseUrl, ModelName, ModelPath, app, simulator

PORT = 8420


@app.command()
def web(
    port: Annotated[
        int | None, typer.Option(help=f"Listen here; {PORT} or the next free when left out.")
    ] = None,
    host: Annotated[
        str, typer.Option(help="Listen on this address; elsewhere than here asks for a password.")
    ] = "127.0.0.1",
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    base_url: BaseUrl = None,
    model: ModelName = None,
    api_key: ApiKey = None,
    model_path: ModelPath = None,
) -> None:
    """Open the page: practise, see inside, rewind and branch, debrief."""
    from simulator.web.serve import serve

    serve(
        simulator(base_url=base_url, model=model, api_key=api_key, model_path=model_path),
        host=host,
        port=port or PORT,
        exact=port is not None,
        password=os.environ.get("SIMULATOR_WEB_PASSWORD", ""),
        look=not no_open,
        tell=lambda line: typer.echo(line, err=True),
    )
