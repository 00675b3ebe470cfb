"""Progress over talks, and the self-assessment beside what was observed."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator import library
from simulator.domain.skills import Skill
from simulator.errors import InputError
from simulator.web.front import people
from simulator.web.view import page, rooms

DIGITS = frozenset("0123456789")
"""What an answer may be; whether it is on the scale is asked where it is kept."""


def progress(request: Request) -> HTMLResponse:
    """How skills stand, style by style, and what to practise next."""
    simulator = rooms(request).simulator
    shown = simulator.progress()
    return page(
        request,
        "progress.html",
        progress=shown,
        skills=list(Skill),
        names={who.key: who.name for who in people(simulator)},
        compared=simulator.compared(shown),
        due=simulator.assessment_due(),
    )


def ask(request: Request) -> HTMLResponse:
    """The statements, to be answered."""
    return page(request, "self_assessment.html", questionnaire=library.questionnaire(), given={}, problem="")


async def take(request: Request) -> Response:
    """Keep the answers once all are given."""
    async with request.form() as form:
        given = {key: int(str(value)) for key, value in form.items() if str(value) in DIGITS}
    try:
        await run_in_threadpool(rooms(request).simulator.assess, given)
    except InputError as error:
        return page(
            request,
            "self_assessment.html",
            422,
            questionnaire=library.questionnaire(),
            given=given,
            problem=str(error),
        )
    return RedirectResponse("/progress", 303)
