"""Turns a rehearsal's output into the README's picture: `simulator chat ... | python docs/picture.py`.

Standard input in, docs/rehearsal.svg out; nothing in the picture is loaded from elsewhere.
"""

import re
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text


def main() -> None:
    """Colour the lines as the terminal does and draw them."""
    console = Console(record=True, width=104, file=StringIO())
    for line in sys.stdin.read().split("\nDEBRIEF")[0].splitlines()[1:]:
        style = (
            "cyan"
            if re.match(r"[A-Z][a-z]+: ", line)
            else "bold"
            if line.startswith("You: ")
            else "bright_black"
        )
        console.print(Text(line, style=style))
    svg = console.export_svg(title="simulator chat")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    Path(__file__).with_name("rehearsal.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
