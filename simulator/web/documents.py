"""What feedback is grounded in: a passage within its document, and the user's own documents."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from simulator.errors import InputError
from simulator.readers import READERS
from simulator.web.view import asked_in_place, page, piece, rooms

MOST_DOCUMENT_BYTES = 10 << 20
"""Largest document that may be added."""
LONGEST_NAME = 200
"""Bytes in a document's name; file systems take 255."""


def show(request: Request) -> HTMLResponse:
    """What feedback is grounded in."""
    store = rooms(request).simulator.store
    passages = store.passages()
    mine = {name: sum(p.source.document == name for p in passages) for name in store.documents()}
    ours: dict[str, list[tuple[str, str]]] = {}
    for passage in passages:
        if passage.topic != "user":
            ours.setdefault(passage.topic, []).append((passage.id, passage.title))
    return page(
        request,
        "documents.html",
        mine=mine,
        ours=ours,
        kinds=", ".join(READERS),
        most=MOST_DOCUMENT_BYTES,
    )


async def add(request: Request) -> Response:
    """Add a document; bounded in size and kind."""
    async with request.form(max_files=1, max_fields=4) as form:
        given = form.get("document")
        if not isinstance(given, UploadFile) or not given.filename:
            raise InputError("document: choose a file first.")
        name = "".join(c for c in Path(given.filename).name if c.isprintable())
        content = await given.read(MOST_DOCUMENT_BYTES + 1)
    await run_in_threadpool(_add, request, name, content)
    return RedirectResponse("/documents", 303)


def _add(request: Request, name: str, content: bytes) -> None:
    if len(content) > MOST_DOCUMENT_BYTES:
        raise InputError(f"{name}: larger than {MOST_DOCUMENT_BYTES >> 20} MB; split it or take a part.")
    if Path(name).suffix.lower() not in READERS:
        raise InputError(f"{name}: kinds that can be read are {', '.join(READERS)}.")
    if len(name.encode()) > LONGEST_NAME:
        raise InputError(f"{name[:20]}…: too long a name; give the file a shorter one.")
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            rooms(request).simulator.store.add(path)
        except InputError as error:
            raise InputError(
                str(error).replace(str(path), name)
            ) from error  # its folder is nobody's business


def remove(request: Request) -> Response:
    """Remove one of the user's documents."""
    rooms(request).simulator.store.remove(request.path_params["document"])
    return RedirectResponse("/documents", 303)


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
