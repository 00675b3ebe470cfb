"""`simulator progress` and `simulator self-assess`: how practice goes, and how you see yourself."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from simulator.cli.app import AsJson, app, simulator
from simulator.domain.attachment import Style
from simulator.domain.progress import ENOUGH_TURNS, Estimate, Point, Progress
from simulator.domain.self_assessment import HIGHEST, LOWEST, Assessment, Compared, Item, Questionnaire
from simulator.domain.skills import Skill
from simulator.errors import InputError


@app.command()
def progress(as_json: AsJson = False) -> None:
    """How your skills stand over all talks, and what to practise next."""
    run = simulator()
    found = run.progress()
    due = run.assessment_due()
    run.close()
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))
        return
    for line in _told(found):
        typer.echo(line)
    if due:
        typer.echo("\nIt is a good time to say how you see yourself: `simulator self-assess`.")


def _told(found: Progress) -> Iterator[str]:
    apart = f"Second tries, counted apart: {found.second_tries}."
    if not found.sessions:
        yield f"Nothing to show yet: it takes a talk of {ENOUGH_TURNS} turns. `simulator chat` begins one."
        yield from [apart] if found.second_tries else []
        return
    yield from _talks(found.sessions)
    yield apart
    yield from _skills(found)
    if found.next:
        one = found.next
        yield f"\nNext\n----\n{one.reason}"
        yield f'Try {one.name} in "{one.title}": `simulator chat -p {one.persona} -s {one.scenario}`.'
    yield "\nThis is practice, not therapy or assessment."


def _talks(points: Sequence[Point]) -> Iterator[str]:
    yield "Talks, with felt safety at the end and the change of distress\n" + "-" * 61
    yield f"{'date':11} {'with':19} {'about':16} turns  safety  distress"
    for one in points:
        who = f"{one.persona}, {one.style or 'gone'}"
        settled = "  settled" if one.settled else ""
        felt = f"{one.security:7.2f} {one.activation:+9.2f}"
        yield f"{one.at[:10]:11} {who:19} {one.scenario:16} {one.turns:5} {felt}{settled}"


def _skills(found: Progress) -> Iterator[str]:
    yield "\nSkills (0-4, how sure, talks)\n-----------------------------"
    styles: list[Style] = list(found.by_style)
    yield (f"{'':21} {'all':21}" + "".join(f" {style:9}" for style in styles)).rstrip()
    for skill in Skill:
        cells = "".join(f" {_short(found.by_style[style], skill):9}" for style in styles)
        yield f"{skill.value:21} {_long(found.overall.get(skill)):21}{cells}".rstrip()


def _long(one: Estimate | None) -> str:
    """A mean with its interval, or why there is none."""
    if one is None:
        return "not judged yet"
    if one.low is None or one.high is None:
        return f"{one.mean:.1f} (1 talk)"
    return f"{one.mean:.1f} ({one.low:.1f}-{one.high:.1f}; {one.n})"


def _short(found: Mapping[Skill, Estimate], skill: Skill) -> str:
    return f"{found[skill].mean:.1f} ({found[skill].n})" if skill in found else "-"


@app.command("self-assess")
def self_assess(
    show: Annotated[bool, typer.Option("--show", help="What you said before, beside your talks.")] = False,
) -> None:
    """Say how you see yourself, in a few statements; kept on this machine."""
    from simulator.library import questionnaire

    run, asked = simulator(), questionnaire()
    if not show:
        run.assess(_answers(asked))
    taken, found = run.assessments.taken(), run.compared()
    run.close()
    for line in _compared(asked, taken, found):
        typer.echo(line)


def _answers(asked: Questionnaire) -> dict[str, int]:
    """One answer for each statement: asked for on a terminal, a number a line from a pipe.

    Raises: InputError for a line that is no answer, or too few of them.
    """
    interactive = sys.stdin.isatty()
    ask = _typed if interactive else _piped
    words = ", ".join(f"{number} {word}" for number, word in enumerate(asked.scale, start=LOWEST))
    typer.echo(f"{asked.note}\n{words}{'; Enter goes back one' if interactive else ''}.\n")
    given: list[int] = []
    while len(given) < len(asked.items):
        answer = ask(asked.items[len(given)], len(given) + 1)
        given = given[:-1] if answer is None else [*given, answer]
    return {item.id: answer for item, answer in zip(asked.items, given, strict=True)}


def _typed(item: Item, number: int) -> int | None:
    """The answer typed for a statement; None to go back."""
    while True:
        try:
            line = input(f"{number}. {item.say} [{LOWEST}-{HIGHEST}]: ").strip()
        except EOFError:
            raise InputError(
                "self-assessment: stopped before the last statement; nothing was kept."
            ) from None
        if not line or _valid(line):
            return int(line) if line else None
        typer.echo(f"Please type a number from {LOWEST} to {HIGHEST}.")


def _piped(_item: Item, number: int) -> int:
    """The answer on the next line of a pipe."""
    line = next(sys.stdin, "").strip()
    if not line:
        raise InputError(f"line {number}: no answer; one number a statement is needed, nothing was kept.")
    if not _valid(line):
        raise InputError(f"line {number}: {line} is not {LOWEST} to {HIGHEST}; nothing was kept.")
    return int(line)


def _valid(line: str) -> bool:
    return line in {str(number) for number in range(LOWEST, HIGHEST + 1)}


def _compared(asked: Questionnaire, taken: Sequence[Assessment], found: Compared | None) -> Iterator[str]:
    if found is None:
        yield "Nothing said yet: `simulator self-assess` asks."
        return
    yield "How you saw yourself (0-4)\n--------------------------"
    for one in taken:
        levels = ", ".join(f"{skill.value} {level:.1f}" for skill, level in asked.levels(one.answers).items())
        yield f"{one.at[:10]}, {one.held} talks: {levels}"
    if found.talks:
        which = "since then" if found.since else "so far"
        yield f"\nThe last one beside your {found.talks} talks {which}\n{'-' * 40}"
        yield from (row.told for row in found.rows)
    yield f"\n{asked.note}"
