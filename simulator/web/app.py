"""The application: which address leads where, and how errors are told."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from simulator.errors import InputError, SimulatorError
from simulator.session import Simulator
from simulator.web import branches, debriefs, documents, entrance, front, practise, progress, settings, talks
from simulator.web.door import Door
from simulator.web.guard import LOOPBACK, Guard
from simulator.web.rooms import Rooms
from simulator.web.view import HERE, asked_in_place, page, plain, problem

POST = ["POST"]


def create(simulator: Simulator, *, password: str = "", hosts: Collection[str] = LOOPBACK) -> Starlette:
    """The page over one simulator; `hosts` are the names it answers to, none given for any."""
    door = Door(password)

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        yield
        app.state.rooms.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[Middleware(Guard, door=door, hosts=hosts)],
        exception_handlers={SimulatorError: _told, 404: _lost},
        lifespan=living,
    )
    app.state.rooms, app.state.door = Rooms(simulator), door
    return app


def _told(request: Request, error: Exception) -> Response:
    """An expected error, in its own words."""
    status = 400 if isinstance(error, InputError) else 500
    if asked_in_place(request):
        return problem(error)
    return page(request, "error.html", status, heading="That did not work", problem=plain(error))


def _lost(request: Request, _error: Exception) -> Response:
    return page(
        request, "error.html", 404, heading="There is no such page", problem="The address may be old."
    )


def _alive(_request: Request) -> Response:
    return PlainTextResponse("alive")


class _TurnNumber(Convertor[int]):
    """The number of a turn in an address; nobody takes a million turns, and not every number can be kept."""

    regex = "[0-9]{1,6}"

    def convert(self, value: str) -> int:
        return int(value)

    def to_string(self, value: int) -> str:
        return str(value)


register_url_convertor("turn", _TurnNumber())
ROUTES = [
    Route("/", front.home),
    Route("/alive", _alive),
    Route("/talks", front.begin, methods=POST),
    Route("/talks/{id}", practise.talk),
    Route("/talks/{id}/turns", practise.say, methods=POST),
    Route("/talks/{id}/again", practise.again, methods=POST),
    Route("/talks/{id}/turns/{number:turn}/answer", practise.answer),
    Route("/talks/{id}/turns/{number:turn}/feedback", practise.feedback),
    Route("/talks/{id}/hint", practise.hint),
    Route("/talks/{id}/inside", practise.inside),
    Route("/passages/{passage}", documents.passage),
    Route("/talks/{id}/turns/{number:turn}/differently", branches.differently),
    Route("/talks/{id}/turns/{number:turn}/differently", branches.branch, methods=POST),
    Route("/talks/{id}/turns/{number:turn}/what-if", branches.what_if),
    Route("/talks/{id}/turns/{number:turn}/what-if", branches.what_if_said, methods=POST),
    Route("/talks/{id}/tree", branches.tree),
    Route("/talks/{id}/against/{other}", branches.compare),
    Route("/talks/{id}/debrief", debriefs.debrief),
    Route("/talks/{id}/export/{form}", debriefs.export),
    Route("/talks/{id}/hash", debriefs.told_hash),
    Route("/talks/{id}/delete", talks.ask_delete),
    Route("/talks/{id}/delete", talks.delete, methods=POST),
    Route("/sessions", talks.all_talks),
    Route("/sessions/delete", talks.ask_delete_all),
    Route("/sessions/delete", talks.delete_all, methods=POST),
    Route("/progress", progress.progress),
    Route("/self-assessment", progress.ask),
    Route("/self-assessment", progress.take, methods=POST),
    Route("/settings", settings.show),
    Route("/settings", settings.change, methods=POST),
    Route("/settings/test", settings.test, methods=POST),
    Route("/likings/{name}", settings.like, methods=POST),
    Route("/documents", documents.show),
    Route("/documents", documents.add, methods=POST),
    Route("/documents/{document}/delete", documents.remove, methods=POST),
    Route("/model", settings.model),
    Route("/model", settings.fetch, methods=POST),
    Route("/login", entrance.login),
    Route("/login", entrance.enter, methods=POST),
    Route("/leave", entrance.leave, methods=POST),
    Mount("/static", StaticFiles(directory=HERE / "static")),
]
