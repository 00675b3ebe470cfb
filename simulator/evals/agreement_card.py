"""The agreement card as a page for people and as the figures the debrief shows."""

from collections.abc import Mapping, Sequence
from math import isnan

import yaml

from simulator.card import ENOUGH, Card, Trust
from simulator.domain.skills import Skill
from simulator.errors import LibraryError
from simulator.evals.agreement import Figure
from simulator.evals.heldback import Own
from simulator.files import parse
from simulator.library import folder

OWN = "our own held-back turns"


def card(coder: str, own: Own, figures: Sequence[Figure]) -> Card:
    """What the debrief needs: a kappa for each skill, from raters where a rated set has it.

    Raises: LibraryError when documents/agreement/skills.yaml names no skill or scale there is.
    """
    by_scale = {(f.set, f.scale): f for f in figures}
    return Card(
        coder=coder, skills={skill: _trust(skill, row, own, by_scale) for skill, row in _rows().items()}
    )


def _rows() -> Mapping[Skill, Mapping[str, str]]:
    path = folder("documents") / "agreement" / "skills.yaml"
    try:
        return {Skill(name): row for name, row in parse(path).items()}
    except ValueError as error:
        raise LibraryError(f"{path}: {error}") from error


def _trust(skill: Skill, row: Mapping[str, str], own: Own, known: Mapping[tuple[str, str], Figure]) -> Trust:
    figure = known.get((row["set"], row.get("scale", "")))
    if figure is None:
        return Trust(kappa=round(own.skills[skill], 3), by=OWN, n=own.turns)
    return Trust(kappa=round(figure.kappa, 3), by=f"{figure.set}, {figure.scale}", n=figure.n)


def unmeasured(figures: Sequence[Figure]) -> list[str]:
    """The raters' scales that a skill rests on and that have no figure here."""
    known = {(f.set, f.scale) for f in figures}
    wanted = [(row["set"], row["scale"]) for row in _rows().values() if "scale" in row]
    return [f"{name}, {scale}" for name, scale in wanted if (name, scale) not in known]


def as_yaml(found: Card) -> str:
    """The card's file."""
    return (
        "# Written by `simulator eval agreement`; the debrief shows these figures beside each skill.\n"
        + yaml.safe_dump(found.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    )


def as_markdown(found: Card, own: Own, figures: Sequence[Figure]) -> str:
    """The card's page."""
    return "\n".join([HEAD.format(coder=found.coder), *_skills(found), *_sets(figures), *_own(own)]) + "\n"


HEAD = """# Agreement card

How far the coder `{coder}` agrees with people, on turns it was not trained on. Written by
`simulator eval agreement --data DIR` from labelled files that are not ours to ship and whose labels
trained nothing here. Intervals (95 %) resample sessions where the set names them, else turns. kappa and
macro-F1 are of what the coder decided to hear; where a scale has levels, or sets codes against codes, of its
probabilities cut at equal steps, or at nought. `bare` is the AUC without punctuation and capitals, `length`
the AUC of the number of words (of turns, for a session) alone.
"""
TRUTH = """Truth is what at least two of three coders said: the writer, and two who coded by the same
conventions without seeing the labels. None of them is an independent human rater: for those see above.
"""


def _skills(found: Card) -> list[str]:
    lines = ["## What the debrief shows", "", "| skill | agreement | shown |", "|---|---|---|"]
    for skill, trust in found.skills.items():
        lines.append(f"| {skill.value} | {trust} | {'yes' if trust.judged else 'not judged'} |")
    return [*lines, "", f"A skill with kappa below {ENOUGH} is not judged.", ""]


def _sets(figures: Sequence[Figure]) -> list[str]:
    lines = [
        "## Human raters",
        "",
        "| set | scale | n | yes | AUC | interval | bare | length | kappa | Spearman | macro-F1 | ECE |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for f in figures:
        numbers: list[float | str] = [
            f.auc,
            f"{f.low:.2f}-{f.high:.2f}",
            f.stripped,
            f.length,
            f.kappa,
            f.rho,
            f.f1,
            f.ece,
        ]
        cells = [_cell(number) for number in numbers]
        lines.append(f"| {f.set} | {f.scale} | {f.n} | {f.yes} | {' | '.join(cells)} |")
    return [*lines, ""]


def _cell(number: float | str) -> str:
    if isinstance(number, str):
        return number
    return "" if isnan(number) else f"{number:.3f}"


def _own(own: Own) -> list[str]:
    lines = [
        f"## Our own held-back tenth: {own.turns} turns, macro-F1 {own.macro_f1:.2f}, ECE {own.ece:.3f}",
        "",
        TRUTH,
        "",
        "| code | n | F1 | AUC | kappa, coder | kappa, the two coders |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {f.code.value} | {f.n} | {f.f1:.2f} | {f.auc:.3f} | {f.kappa:.2f} | {f.people:.2f} |"
        for f in own.codes
    ]
    return lines
