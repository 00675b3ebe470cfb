"""Practising: choose who and about what, talk, be shown what landed, look inside, ask for a hint."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator.domain.memory import summary
from simulator.errors import InputError
from simulator.evaluator import costly
from simulator.web.rooms import Pending, Room
from simulator.web.view import asked_in_place, liking, page, piece, render, rooms, typed

LOOK_S = 0.03
"""How often an event stream looks for new sentences, in seconds."""


def talk(request: Request) -> HTMLResponse:
    """The talk itself."""
    room = _room(request)
    others = rooms(request).simulator.tree(room.talk.card.id).children
    return page(request, "talk.html", **_told(request, room), branched=bool(others))


def _told(request: Request, room: Room) -> dict[str, Any]:
    """What the templates of a talk are told."""
    conversation = room.talk
    turns = conversation.turns
    pending = room.pending if room.pending and room.pending.number > len(turns) else None
    return {
        "id": conversation.card.id,
        "card": conversation.card,
        "persona": conversation.persona,
        "scenario": conversation.scenario,
        "memory": summary(conversation.memory) if conversation.memory else "",
        "turns": turns,
        "pending": pending,
        "ended": bool(turns and turns[-1].ended),
        "disclosed": room.disclosed,
        "feedback": liking(request, "feedback"),
        "inside": liking(request, "inside"),
    }


def _room(request: Request) -> Room:
    return rooms(request).room(request.path_params["id"])


async def say(request: Request) -> Response:
    """Take a turn: shown at once, answered in a stream of its own."""
    return await run_in_threadpool(_say, request, await typed(request, "words"))


def _say(request: Request, words: str) -> Response:
    room = _room(request)
    return _pending(request, room, room.say(words))


def again(request: Request) -> Response:
    """Have a turn that was cut off answered after all."""
    room = _room(request)
    return _pending(request, room, room.finish())


def _pending(request: Request, room: Room, pending: Pending) -> Response:
    if not asked_in_place(request):
        return RedirectResponse(f"/talks/{room.talk.card.id}#turn-{pending.number}", 303)
    return piece("_pending.html", id=room.talk.card.id, persona=room.talk.persona, pending=pending)


async def answer(request: Request) -> Response:
    """The answer to the turn under way, as it grows: each event holds the whole of it so far."""
    room = await run_in_threadpool(_room, request)
    if room.pending and room.pending.cut:
        with suppress(InputError):  # another window was quicker
            await run_in_threadpool(room.finish)  # somebody is still waiting for it
    return EventSourceResponse(_events(request, room, int(request.path_params["number"])), ping=15)


async def _events(request: Request, room: Room, number: int) -> AsyncIterator[ServerSentEvent]:
    shown = 0
    while (pending := room.pending) and pending.number == number and not pending.over:
        if len(pending.sentences) != shown:
            shown = len(pending.sentences)
            reply = render("_growing.html", persona=room.talk.persona, sentences=pending.sentences)
            yield ServerSentEvent(reply, event="growing")
        await asyncio.sleep(LOOK_S)
    whole = await run_in_threadpool(_whole, request, room, number)
    yield ServerSentEvent(whole, event="whole")


def _whole(request: Request, room: Room, number: int) -> str:
    """The turn when nothing more will come of it: answered, cut off, or stopped by the rail."""
    told = _told(request, room)
    turn = room.recorded(number)
    if turn:
        return render("_turn.html", **told, turn=turn, fresh=True)
    if room.disclosed:
        return render("_rail.html", **told)
    pending = room.pending
    # only the reader's own page still has words that never passed the safety rail: they are on no disk
    return render("_stopped.html", **told, stopped=pending) if pending else render("_untaken.html")


def feedback(request: Request) -> HTMLResponse:
    """What one turn did: chips that open to the quote, the why and the passage."""
    room, number = _room(request), int(request.path_params["number"])
    told, turn = room.feedback(number), room.turn(number)
    persona = room.talk.persona
    cost = bool(costly([turn], persona.attachment))
    return piece(
        "_feedback.html", id=room.talk.card.id, told=told, costly=cost, balance=turn.balance, persona=persona
    )


def hint(request: Request) -> HTMLResponse:
    """A sentence that would land now."""
    return piece("_hint.html", hint=_room(request).talk.hint())


def inside(request: Request) -> HTMLResponse:
    """The persona's inner state: gauge, plot, and what lies beneath the last reply."""
    from simulator.plot import timeline

    talk = _room(request).talk
    turns = talk.turns
    return piece(
        "_inside.html",
        id=talk.card.id,
        persona=talk.persona,
        affect=talk.affect,
        beneath=talk.beneath(),
        plot=timeline(turns, talk.card.start, name=talk.persona.name) if turns else "",
    )
