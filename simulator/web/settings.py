"""Settings: the model and where words go, fetching it, how the page looks."""

import time
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator import settings as kept
from simulator.errors import InputError, SimulatorError
from simulator.llm import OpenAIChat, Sampling
from simulator.session import Simulator
from simulator.settings import Endpoint
from simulator.web.fetching import Fetching
from simulator.web.view import CHOICES, asked_in_place, form, liking, page, piece, remember, rooms

TEST_TIMEOUT_S = 30.0
DECIDED_HERE = frozenset({"memory"}) | {
    f"{own}{key}" for own in ("", "persona_") for key in ("base_url", "model", "api_key")
}
"""The settings that the page writes, by their keys in the file."""
KEPT_KEY = "(kept)"
"""Stands in the form for a key that is not sent back to the page."""


def show(request: Request) -> HTMLResponse:
    """The settings as they are."""
    simulator = rooms(request).simulator
    endpoint = simulator.settings.endpoints.get("persona")
    return page(
        request,
        "settings.html",
        endpoint=endpoint,
        kept_key=KEPT_KEY if endpoint and endpoint.api_key else "",
        model=simulator.model_name,
        memory=simulator.settings.memory,
        fixed=kept.fixed() & DECIDED_HERE,
        home=simulator.settings.home,
        documents=simulator.store.documents() if not _missing(request) else [],
        saved="saved" in request.query_params,
        choices=CHOICES,
        feedback=liking(request, "feedback"),
        inside=liking(request, "inside"),
    )


def _missing(request: Request) -> list[str]:
    return [name for name in rooms(request).simulator.missing_files() if name != "chat"]


async def change(request: Request) -> Response:
    """Keep new settings and go on with them."""
    given = await form(request)
    await run_in_threadpool(_change, request, given)
    answer = RedirectResponse("/settings?saved", 303)
    for name, known in CHOICES.items():
        if given.get(name) in known:
            remember(answer, name, given[name])
    return answer


def _change(request: Request, given: Mapping[str, str]) -> None:
    if "where" not in given:
        return
    simulator = rooms(request).simulator
    endpoint = _endpoint(request, given) if given["where"] == "endpoint" else Endpoint("", "")
    home = simulator.settings.home
    own = kept.prefix(home)  # a server chosen for the persona alone must not begin to hear the other roles
    values = {
        f"{own}base_url": endpoint.base_url,
        f"{own}model": endpoint.model,
        f"{own}api_key": endpoint.api_key,
        "memory": "on" if given.get("memory") else "off",
    }

    def keep() -> Simulator:
        kept.save(home, values)
        given_file = simulator.settings.model_path  # it may have been named at the start, not in the file
        return simulator.with_settings(kept.load(home=home, model_path=given_file))

    rooms(request).move(keep)


def _endpoint(request: Request, given: Mapping[str, str]) -> Endpoint:
    """The endpoint of the form, its key the one that is kept already unless another was typed.

    Raises: InputError when it cannot be one.
    """
    url, name, key = (given.get(field, "") for field in ("base_url", "model", "api_key"))
    if not url.startswith(("http://", "https://")):
        raise InputError(f"server address {url or '(empty)'}: must begin with http:// or https://")
    if not name:
        raise InputError("model: name the model to ask that server for.")
    if key == KEPT_KEY:
        before = rooms(request).simulator.settings.endpoints.get("persona")
        # a kept key goes only to the server that it was given for
        key = before.api_key if before and before.base_url == url else ""
    return Endpoint(url, name, key)


async def test(request: Request) -> Response:
    """Ask the server of the form for a word; nothing of the user's is sent."""
    given = await form(request)
    return await run_in_threadpool(_test, request, given)


def _test(request: Request, given: Mapping[str, str]) -> Response:
    try:
        endpoint = _endpoint(request, given)
        begun = time.monotonic()
        model = OpenAIChat(endpoint, timeout_s=TEST_TIMEOUT_S)
        words = "".join(model.stream([{"role": "user", "content": "Say hello."}], Sampling(max_tokens=16)))
    except SimulatorError as error:
        return piece("_test.html", problem=str(error), seconds=0.0, endpoint=None)
    if not words.strip():
        return piece(
            "_test.html", problem="The server answered, but said nothing.", seconds=0.0, endpoint=None
        )
    return piece("_test.html", problem="", seconds=time.monotonic() - begun, endpoint=endpoint)


async def like(request: Request) -> Response:
    """Switch one of the page's likings to its next choice."""
    name = request.path_params["name"]
    if name not in CHOICES:
        raise InputError(f"{name}: no such liking.")
    known = CHOICES[name]
    answer = Response(status_code=204)
    remember(answer, name, known[(known.index(liking(request, name)) + 1) % len(known)])
    return answer


def model(request: Request) -> HTMLResponse:
    """Fetching the local model: before, during and after."""
    simulator = rooms(request).simulator
    fetching: Fetching | None = getattr(request.app.state, "fetching", None)
    told: dict[str, Any] = {
        "missing": simulator.missing_files(),
        "fetching": fetching,
        "who": request.query_params.get("persona", ""),
        "what": request.query_params.get("scenario", ""),
    }
    if asked_in_place(request):
        return piece("_model.html", **told)
    return page(request, "model.html", **told)


def fetch(request: Request) -> Response:
    """Begin to fetch what is missing."""
    simulator = rooms(request).simulator
    fetching: Fetching | None = getattr(request.app.state, "fetching", None)
    if not (fetching and fetching.running):
        request.app.state.fetching = Fetching(simulator.missing_files(), simulator.settings.cache)
    return RedirectResponse(f"/model?{request.url.query}", 303)
