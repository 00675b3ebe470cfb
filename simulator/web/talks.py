"""All talks: found again, or deleted for good."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator.errors import SimulatorError
from simulator.session import Simulator
from simulator.web.front import people, scenes
from simulator.web.view import page, rooms


def all_talks(request: Request) -> HTMLResponse:
    """Every talk, the newest first, with its other tries."""
    simulator = rooms(request).simulator
    return page(
        request,
        "sessions.html",
        rows=simulator.ledger.summaries(),
        gone="deleted" in request.query_params,
        names={who.key: who.name for who in people(simulator)},
        titles={scene.key: scene.title for scene in scenes(simulator)},
    )


def ask_delete(request: Request) -> HTMLResponse:
    """Ask before a talk is deleted."""
    simulator = rooms(request).simulator
    card = simulator.ledger.card(request.path_params["id"])
    turns = simulator.ledger.turns(card.id)
    return page(request, "delete.html", card=card, count=len(turns), name=_name(simulator, card.persona))


def _name(simulator: Simulator, persona: str) -> str:
    """What a persona is called; its key when its files are gone or broken: the talk can be deleted anyway."""
    try:
        return simulator.persona(persona).name
    except SimulatorError:
        return persona


def delete(request: Request) -> Response:
    """Delete a talk for good."""
    open_talks = rooms(request)
    session = open_talks.simulator.ledger.card(request.path_params["id"]).id
    open_talks.leave(session)
    _gone(open_talks.simulator, [session])
    return RedirectResponse("/sessions?deleted", 303)


def ask_delete_all(request: Request) -> HTMLResponse:
    """Ask before everything is deleted."""
    return page(
        request, "delete.html", card=None, count=len(rooms(request).simulator.ledger.summaries()), name=""
    )


def delete_all(request: Request) -> Response:
    """Delete every talk, and every self-assessment, for good."""
    open_talks = rooms(request)
    sessions = [row.card.id for row in open_talks.simulator.ledger.summaries()]
    for session in sessions:
        open_talks.leave(session)
    _gone(open_talks.simulator, sessions)
    open_talks.simulator.assessments.clear()
    return RedirectResponse("/sessions?deleted", 303)


def _gone(simulator: Simulator, sessions: list[str]) -> None:
    for session in sessions:
        with simulator.ledger.hold(session):
            simulator.ledger.delete([session])
