"""Looking back: the debrief, and everything it can be taken away as."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from simulator.bundle import fingerprint
from simulator.errors import InputError
from simulator.evaluator import costly
from simulator.plot import timeline
from simulator.report import FORMATS
from simulator.web.view import page, piece, rooms

TAKEN_AWAY = {"md": "Markdown", "html": "HTML", "pdf": "PDF", "csv": "CSV", "json": "JSON"}
"""What the page offers of the forms there are."""


def debrief(request: Request) -> HTMLResponse:
    """The timeline, skills with their evidence, turning points, best and costliest moment."""
    simulator = rooms(request).simulator
    card = simulator.ledger.card(request.path_params["id"])
    turns = simulator.ledger.turns(card.id)
    persona = simulator.persona(card.persona)
    if not turns:
        return page(request, "debrief_empty.html", id=card.id, persona=persona)
    return page(
        request,
        "debrief.html",
        id=card.id,
        persona=persona,
        debrief=simulator.debrief(card.id),
        turns={turn.number: turn for turn in turns},
        card=card,
        dear=next(iter(costly(turns, persona.attachment)), None),
        plot=timeline(turns, card.start, name=persona.name),
        forms=TAKEN_AWAY,
    )


def told_hash(request: Request) -> HTMLResponse:
    """The hash over the supervisor's bundle."""
    simulator = rooms(request).simulator
    card = simulator.ledger.card(request.path_params["id"])
    return piece("_hash.html", told=fingerprint(simulator.bundle(card.id)))


def export(request: Request) -> Response:
    """A file of the debrief, or the supervisor's bundle."""
    simulator, form = rooms(request).simulator, request.path_params["form"]
    card = simulator.ledger.card(request.path_params["id"])
    if form == "bundle":
        return _file(simulator.bundle(card.id), "application/zip", f"{card.id}.zip")
    if form not in TAKEN_AWAY:
        raise InputError(f"{form}: must be one of {', '.join(TAKEN_AWAY)} or bundle.")
    chosen = FORMATS[form]
    return _file(chosen(simulator.account(card.id)), chosen.media, f"{card.id}{chosen.suffix}")


def _file(content: bytes, media: str, name: str) -> Response:
    told = f"attachment; filename*=UTF-8''{quote(name)}"  # a persona of the user's own may have any name
    return Response(content, media_type=media, headers={"Content-Disposition": told})
