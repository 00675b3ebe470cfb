"""The sign-in page, where there is a password."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator.web.door import SEAT
from simulator.web.view import door, form, page


def login(request: Request) -> HTMLResponse:
    """The door."""
    return page(request, "login.html", problem="")


async def enter(request: Request) -> Response:
    """Let in who knows the password."""
    given = await form(request)
    address = request.client.host if request.client else ""
    seat = await run_in_threadpool(door(request).enter, given.get("password", ""), address)
    if seat is None:
        wait = door(request).wait_s(address)
        told = f"Too many tries; wait {wait} seconds." if wait else "That is not the password."
        answer: Response = page(request, "login.html", 429 if wait else 401, problem=told)
        if wait:
            answer.headers["Retry-After"] = str(wait)
        return answer
    answer = RedirectResponse("/", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(SEAT, seat, samesite="strict", httponly=True, secure=secure)
    return answer


def leave(request: Request) -> Response:
    """Give the seat back."""
    door(request).leave(request.cookies.get(SEAT, ""))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(SEAT)
    return answer
