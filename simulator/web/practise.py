"""Practising: choose who and about what, talk, be shown what landed, look inside, ask for a hint."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator import library
from simulator.domain.memory import summary
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.errors import InputError
from simulator.evaluator import costly
from simulator.session import Simulator
from simulator.web.rooms import Pending, Room
from simulator.web.view import YEAR_S, asked_in_place, liking, page, piece, problem, render, rooms

FIRST_PERSONA, FIRST_SCENARIO = "maya", "late-reply"
LOOK_S = 0.03
"""How often an event stream looks for new sentences, in seconds."""
RECENT = 4
"""Talks offered to go on with on the first page."""
STYLES = {
    "secure": "says what hurt and what is needed",
    "anxious": "turns up the volume when you seem far away",
    "avoidant": "goes quiet or busy when you come close",
    "fearful": "wants you near, and braces for it",
}
"""What a style looks like in a talk, for people who never heard the word."""


def home(request: Request) -> HTMLResponse:
    """Who, and about what."""
    simulator = rooms(request).simulator
    personas, scenarios = people(simulator), scenes(simulator)
    answer = page(
        request,
        "home.html",
        personas=personas,
        scenarios=scenarios,
        styles=STYLES,
        chosen=_chosen(request, personas, scenarios),
        recent=[row for row in simulator.ledger.summaries() if not row.ended][:RECENT],
        names={who.key: who.name for who in personas},
        titles={scene.key: scene.title for scene in scenarios},
        missing=simulator.missing_files(),
        due=simulator.assessment_due(),
        feedback=liking(request, "feedback"),
    )
    # while the reader chooses, and not before: the first page must not wait for it
    answer.background = BackgroundTask(rooms(request).warm)
    return answer


def _chosen(
    request: Request, personas: Sequence[Persona], scenarios: Sequence[Scenario]
) -> Mapping[str, str]:
    """What is chosen already: as the address says, as far as it exists."""
    found = {}
    for kind, known in (("persona", personas), ("scenario", scenarios)):
        wanted = request.query_params.get(kind, "")
        found[kind] = wanted if any(one.key == wanted for one in known) else known[0].key
    return found


def people(simulator: Simulator) -> list[Persona]:
    """Everybody there is to talk with, the one to begin with first."""
    found = [simulator.persona(key) for key in library.personas(simulator.settings.home)]
    return sorted(found, key=lambda who: who.key != FIRST_PERSONA)


def scenes(simulator: Simulator) -> list[Scenario]:
    """Everything there is to talk about, the one to begin with first."""
    found = [simulator.scenario(key) for key in library.scenarios(simulator.settings.home)]
    return sorted(found, key=lambda scene: scene.key != FIRST_SCENARIO)


async def begin(request: Request) -> Response:
    """Start a talk; fetch the model first where it is not here yet."""
    async with request.form() as form:
        given = {key: str(value) for key, value in form.items()}
    answer = await run_in_threadpool(_begin, rooms(request).simulator, given)
    feedback = "end" if given.get("feedback") == "end" else "turn"
    answer.set_cookie("feedback", feedback, max_age=YEAR_S, samesite="strict", httponly=True)
    return answer


def _begin(simulator: Simulator, given: Mapping[str, str]) -> Response:
    who, what = given.get("persona", FIRST_PERSONA), given.get("scenario", FIRST_SCENARIO)
    simulator.persona(who), simulator.scenario(what)
    if simulator.missing_files():
        return RedirectResponse(f"/model?persona={who}&scenario={what}", 303)
    before = None if given.get("fresh") else simulator.last(who)
    talk = simulator.start(who, what, after=before)
    return RedirectResponse(f"/talks/{talk.card.id}", 303)


def talk(request: Request) -> HTMLResponse:
    """The talk itself."""
    room = _room(request)
    return page(request, "talk.html", **_told(request, room))


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
        "branched": _branched(request, conversation.card.id),
    }


def _branched(request: Request, session: str) -> bool:
    return bool(rooms(request).simulator.tree(session).children)


def _room(request: Request) -> Room:
    return rooms(request).room(request.path_params["id"])


async def say(request: Request) -> Response:
    """Take a turn: shown at once, answered in a stream of its own."""
    async with request.form() as form:
        words = str(form.get("words", ""))
    return await run_in_threadpool(_say, request, words)


def _say(request: Request, words: str) -> Response:
    room = _room(request)
    try:
        pending = room.say(words)
    except InputError as error:
        if asked_in_place(request):
            return problem(error)
        raise
    return _pending(request, room, pending)


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
    shown = -1
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
    turn = room.turn(number)
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
    told = room.feedback(number)
    turn = room.turn(number)
    if told is None or turn is None:
        raise InputError(f"turn {number}: not one of this talk.")
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


def passage(request: Request) -> HTMLResponse:
    """A cited passage, within its document."""
    store = rooms(request).simulator.store
    wanted = request.path_params["passage"]
    found = next((p for p in store.passages() if p.id == wanted), None)
    if found is None:
        raise InputError(f"passage {wanted}: no longer in the store.")
    if asked_in_place(request):
        return piece("_passage.html", passage=found)
    around: Sequence[Any] = [p for p in store.passages() if p.source.document == found.source.document]
    return page(request, "passage.html", passage=found, around=around)
