"""Rewinding and branching: say a turn differently, move between tries, compare two, ask what if."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator import library
from simulator.errors import InputError
from simulator.web.view import asked_in_place, page, piece, rooms, typed


def differently(request: Request) -> HTMLResponse:
    """Say one of my turns differently: what was said, and room for other words."""
    return _asked(request, None)


def _asked(request: Request, tried: str | None, trouble: str = "") -> HTMLResponse:
    """The page that asks for other words; those that were `tried` and could not be taken stay."""
    room, number = rooms(request).room(request.path_params["id"]), int(request.path_params["number"])
    turn, talk = room.turn(number), room.talk
    better = talk.feedback(turn).better if "better" in request.query_params else ""
    return page(
        request,
        "differently.html",
        422 if trouble else 200,
        id=talk.card.id,
        persona=talk.persona,
        turn=turn,
        before=talk.turns[number - 2].reply if number > 1 else talk.card.opening,
        words=better if tried is None else tried,
        trouble=trouble,
    )


async def branch(request: Request) -> Response:
    """Begin another try of the talk from one of my turns, with other words; both tries stay."""
    return await run_in_threadpool(_branch, request, await typed(request, "words"))


def _branch(request: Request, words: str) -> Response:
    open_talks, number = rooms(request), int(request.path_params["number"])
    line = open_talks.simulator.branch(request.path_params["id"], number)
    room = open_talks.room(line.card.id)
    try:
        room.say(words)
    except InputError as error:
        open_talks.leave(line.card.id)
        open_talks.simulator.ledger.delete([line.card.id])  # no empty try for words that were none
        return _asked(request, words, str(error))
    return RedirectResponse(f"/talks/{line.card.id}#turn-{number}", 303)


def tree(request: Request) -> HTMLResponse:
    """The tries of a talk, to move in."""
    simulator = rooms(request).simulator
    card = simulator.ledger.card(request.path_params["id"])
    return page(
        request,
        "tree.html",
        id=card.id,
        persona=simulator.persona(card.persona),
        scenario=simulator.scenario(card.scenario),
        root=simulator.tree(card.id),
    )


def compare(request: Request) -> HTMLResponse:
    """Two tries side by side: words, inner state, skills."""
    from simulator.plot import overlay

    simulator = rooms(request).simulator
    card = simulator.ledger.card(request.path_params["id"])
    other = simulator.ledger.card(request.path_params["other"])
    compared = simulator.compare(card.id, other.id)
    names = ("this try", "the other try")
    left, right = ([turn.after for turn in simulator.ledger.turns(one.id)] for one in (card, other))
    plots = {
        told: overlay(
            [getattr(state, measure) for state in (card.start, *left) if state],
            [getattr(state, measure) for state in (other.start, *right) if state],
            names=names,
            measure=told,
        )
        for told, measure in (("felt safety", "security"), ("distress", "activation"))
    }
    persona = simulator.persona(card.persona)
    return page(
        request, "compare.html", id=card.id, other=other.id, persona=persona, compared=compared, plots=plots
    )


def what_if(request: Request) -> HTMLResponse:
    """What other words would have done, over many draws of how they are heard."""
    if asked_in_place(request):
        return _reenacted(request, "")
    room, number = rooms(request).room(request.path_params["id"]), int(request.path_params["number"])
    return page(request, "what_if.html", id=room.talk.card.id, number=number, turn=room.turn(number))


async def what_if_said(request: Request) -> Response:
    """The same with a sentence of my own."""
    return await run_in_threadpool(_reenacted, request, await typed(request, "say"))


def _reenacted(request: Request, words: str) -> HTMLResponse:
    number, simulator = int(request.path_params["number"]), rooms(request).simulator
    card = simulator.ledger.card(request.path_params["id"])
    found = simulator.what_if(card.id, number, said=words)
    rail, danger = library.rail(), found.danger
    return piece(
        "_what_if.html",
        id=card.id,
        number=number,
        persona=simulator.persona(card.persona),
        found=found,
        rail=rail.stop(danger) if danger else "",
        places=rail.places(danger, simulator.settings.locale) if danger else [],
    )
