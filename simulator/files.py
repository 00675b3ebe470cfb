"""Authored YAML and JSON lines, checked: unknown keys are errors, and every error names file and place."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from simulator.errors import LibraryError


class File(BaseModel):
    """A part of an authored file; frozen, and no key more than its fields."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=File)


def read(path: Path, schema: type[Model]) -> Model:
    """A file as `schema`; read again only once it has changed, since pages look at all of them at once.

    Raises: LibraryError naming file and field.
    """
    try:
        stat = path.stat()
    except OSError:
        return checked(path, parse(path), schema)
    return cast("Model", _kept(path, schema, (stat.st_mtime_ns, stat.st_size)))


@lru_cache(maxsize=128)
def _kept(path: Path, schema: type[File], _stamp: tuple[int, int]) -> File:
    return checked(path, parse(path), schema)


def rows(path: Path) -> list[Any]:
    """A file that is a list, its rows unchecked.

    Raises: LibraryError naming the file.
    """
    found = parse(path)
    if not isinstance(found, list):
        raise LibraryError(f"{path}: must be a list")
    return found


def json_rows(path: Path) -> list[tuple[int, Any]]:
    """The objects of a file of JSON lines with their line numbers; blank lines are none.

    Raises: LibraryError naming file and line.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                found.append((number, json.loads(line)))
            except ValueError as error:
                raise LibraryError(f"{path}:{number}: not JSON") from error
    return found


def loads(text: str) -> Any:
    """Plain data from YAML, by the quick safe loader where there is one.

    Raises: yaml.YAMLError when it is none.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe


def parse(path: Path) -> Any:
    """A file's plain data.

    Raises: LibraryError naming file and line.
    """
    try:
        return loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LibraryError(f"{path}: no such file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        raise LibraryError(f"{path}{where}: not valid YAML: {getattr(error, 'problem', error)}") from error


def checked(path: Path, data: Any, schema: type[Model]) -> Model:
    """Plain data as `schema`; `path` is for the message.

    Raises: LibraryError naming file and field.
    """
    try:
        return schema.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "file"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "unknown key"
        raise LibraryError(f"{path}: {where}: {message}") from error
