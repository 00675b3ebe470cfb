"""Files of the user's own into plain sections of text: .txt .md .html .pdf .docx."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from simulator.errors import InputError

WORDS_A_PASSAGE = 110
LARGEST_MB = 20


@dataclass(frozen=True)
class Section:
    """A heading and a stretch of text below it."""

    heading: str
    text: str


def read(path: Path) -> list[Section]:
    """A file's text in passages of about WORDS_A_PASSAGE words, each with its heading.

    Raises: InputError when the file cannot be read, is too large, or holds no text.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: cannot read {path.suffix or 'this kind'}; use {', '.join(READERS)}.")
    try:
        if path.stat().st_size > LARGEST_MB << 20:
            raise InputError(f"{path}: over {LARGEST_MB} MB; split it first.")
        text = reader(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}.") from error
    found = list(_passages(text))
    if not found:
        raise InputError(f"{path}: no text found in it (a scanned page has none).")
    return found


def _plain(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _html(path: Path) -> str:
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_plain(path), "html.parser")
    for tag in soup(["script", "style", "nav", "footer"]):
        tag.decompose()
    for level in soup(["h1", "h2", "h3", "h4"]):
        level.insert_before("\n# ")
        level.insert_after("\n")
    for block in soup(["p", "li", "br", "div", "tr"]):
        block.insert_after("\n")
    return soup.get_text()


def _pdf(path: Path) -> str:
    import pypdf

    try:
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
    except (pypdf.errors.PyPdfError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not a readable PDF ({error}).") from error


def _docx(path: Path) -> str:
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        paragraphs = docx.Document(str(path)).paragraphs
    except (PackageNotFoundError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not a readable Word document.") from error
    marks = (
        "# " if ((p.style and p.style.name) or "").startswith(("Heading", "Title")) else ""
        for p in paragraphs
    )
    return "\n".join(mark + p.text for mark, p in zip(marks, paragraphs, strict=True))


READERS: Mapping[str, Callable[[Path], str]] = {
    ".txt": _plain,
    ".md": _plain,
    ".html": _html,
    ".htm": _html,
    ".pdf": _pdf,
    ".docx": _docx,
}

_HEADING = re.compile(r"^\s*#{1,6}\s+(?P<marked>.+)$|^(?P<bare>[A-Z0-9][^.!?:;]{3,90}\??)$")


def _passages(text: str) -> Iterator[Section]:
    """Cut at headings, then into runs of whole lines of about WORDS_A_PASSAGE words."""
    heading, count = "", 0
    lines: list[str] = []
    for raw in text.splitlines():
        line = " ".join(raw.split())
        if not line:
            continue
        match = _HEADING.match(line)
        title = (match["marked"] or match["bare"]) if match else None
        if (title and lines) or count >= WORDS_A_PASSAGE:
            yield Section(heading, " ".join(lines))
            lines, count = [], 0
        if title:
            heading = title.strip()
        else:
            lines.append(line)
            count += len(line.split())
    if lines:
        yield Section(heading, " ".join(lines))
