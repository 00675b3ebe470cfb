"""Templates into pages: every value escaped, every missing one an error, no style or script inline."""

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from simulator import library
from simulator.templates import escaping
from simulator.web.door import SEAT, Door
from simulator.web.rooms import Rooms

HERE = Path(__file__).parent
THEMES = ("auto", "light", "dark")
SIZES = ("normal", "large", "larger")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "theme": THEMES,
    "size": SIZES,
    "feedback": ("turn", "end"),
    "inside": ("hidden", "shown"),
}
"""What a browser remembers of how its owner likes the page; the first of each is the default."""
TINTS = 6
"""How many colours the faces have."""
YEAR_S = 365 * 24 * 3600


@cache
def _environment() -> Environment:
    environment = escaping(HERE / "templates")
    environment.globals["static"] = static
    environment.filters["svg"] = Markup  # only for the drawings of plot.py, which escapes what it draws
    environment.filters["tint"] = _tint
    environment.filters["day"] = lambda at: at[:16].replace("T", " ")
    return environment


@cache
def _tint(key: str) -> int:
    """A colour for a face: ours each have their own."""
    ours = list(library.personas())
    return ours.index(key) % TINTS if key in ours else sum(key.encode()) % TINTS


@cache
def static(name: str) -> str:
    """The address of a bundled file; it changes when the file does, so that browsers may keep it.

    Raises: FileNotFoundError when there is none.
    """
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def liking(request: Request, name: str) -> str:
    """How this browser likes a thing, by its cookie; anything unknown is the default."""
    known = CHOICES[name]
    chosen = request.cookies.get(name, "")
    return chosen if chosen in known else known[0]


def remember(answer: Response, name: str, chosen: str) -> None:
    """Keep how this browser likes a thing."""
    answer.set_cookie(name, chosen, max_age=YEAR_S, samesite="strict", httponly=True)


def rooms(request: Request) -> Rooms:
    """The open talks."""
    found: Rooms = request.app.state.rooms
    return found


def door(request: Request) -> Door:
    """The door that this page is behind."""
    found: Door = request.app.state.door
    return found


async def typed(request: Request, name: str) -> str:
    """One field of a form exactly as it was typed."""
    async with request.form() as given:
        return str(given.get(name, ""))


async def form(request: Request) -> dict[str, str]:
    """The fields of a form as text, without space around them."""
    async with request.form() as given:
        return {key: str(value).strip() for key, value in given.items()}


def render(template: str, **values: Any) -> str:
    """A piece of a page."""
    return _environment().get_template(template).render(values)


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A whole page in the reader's theme and size."""
    outside = not door(request).knows(request.cookies.get(SEAT, ""))
    common = {
        "theme": liking(request, "theme"),
        "size": liking(request, "size"),
        "path": request.url.path,
        "outside": outside,
        "locked": not (door(request).open or outside),
        "destinations": {} if outside else rooms(request).simulator.destinations(),
    }
    return HTMLResponse(render(template, **common, **values), status)


def piece(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A piece of a page, for a page that is already there."""
    return HTMLResponse(render(template, **values), status)


def plain(error: Exception) -> str:
    """An error's own words without the commands it names, which a page has no use for.

    >>> plain(ValueError("session x: no such session; `simulator sessions list` names them."))
    'session x: no such session.'
    """
    return re.sub(r"[;,:]? ?[^;,:]*`[^`]*`[^.;]*", "", str(error))


def problem(error: Exception) -> HTMLResponse:
    """An error in its own words, for the place on the page that is kept for it."""
    answer = piece("_problem.html", 422, problem=plain(error))
    answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#problem", "innerHTML"
    return answer


def asked_in_place(request: Request) -> bool:
    """Whether a page that is already there asks for a piece of itself."""
    return "hx-request" in request.headers
