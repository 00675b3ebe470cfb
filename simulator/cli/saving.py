"""Where an export goes: to the file the user named, or to standard output."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from simulator.errors import InputError

Out = Annotated[Path | None, typer.Option("--out", "-o", help="A file to write instead of showing it.")]


def put(data: bytes, out: Path | None) -> None:
    """Write an export; text on standard output ends with a line break.

    Raises: InputError when the file cannot be written.
    """
    if out is None:
        _show(data)
        return
    save(data, out)
    typer.echo(f"wrote {out}", err=True)


def save(data: bytes, out: Path) -> None:
    """Write a file whole.

    Raises: InputError when it cannot be written.
    """
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputError(f"{out}: {error.strerror or error}; choose another place with -o.") from error


def _show(data: bytes) -> None:
    if data.startswith(b"%PDF"):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    text = data.decode()
    typer.echo(text, nl=not text.endswith("\n"))
