"""The first page: who, and about what; and a talk begun."""

from collections.abc import Mapping, Sequence

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator import library
from simulator.domain.persona import Persona
from simulator.domain.scenario import Scenario
from simulator.session import Simulator
from simulator.web.view import form, liking, page, remember, rooms

FIRST_PERSONA, FIRST_SCENARIO = "maya", "late-reply"
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
    given = await form(request)
    answer = await run_in_threadpool(_begin, rooms(request).simulator, given)
    feedback = "end" if given.get("feedback") == "end" else "turn"
    remember(answer, "feedback", feedback)
    return answer


def _begin(simulator: Simulator, given: Mapping[str, str]) -> Response:
    who, what = given.get("persona", FIRST_PERSONA), given.get("scenario", FIRST_SCENARIO)
    simulator.persona(who), simulator.scenario(what)
    if simulator.missing_files():
        return RedirectResponse(f"/model?persona={who}&scenario={what}", 303)
    before = None if given.get("fresh") else simulator.last(who)
    talk = simulator.start(who, what, after=before)
    return RedirectResponse(f"/talks/{talk.card.id}", 303)
