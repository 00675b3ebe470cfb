"""Reaction curves of a persona, drawn in the terminal."""

import plotext
import typer

from simulator.domain.curve import curves, doses
from simulator.domain.persona import Persona

DRAWN = ("activation", "security", "withdrawal")


def draw(persona: Persona) -> None:
    """One small plot a script, and the dose-response table."""
    for curve in curves(persona.attachment):
        plotext.clear_figure()
        plotext.theme("clear")
        plotext.plot_size(72, 14)
        plotext.title(f"{persona.name}, {curve.name}")
        plotext.ylim(0, 1)
        plotext.xlabel("turn")
        for name in DRAWN:
            plotext.plot([getattr(state, name) for state in curve.states], label=name, marker=name[0])
        typer.echo(plotext.uncolorize(plotext.build()))
    typer.echo("\nThe same opening, answered at five doses of attunement:")
    typer.echo(f"{'dose':14}" + "".join(f"{name:>12}" for name in (*DRAWN, "trust")))
    for name, state in doses(persona.attachment):
        values = (*(getattr(state, key) for key in DRAWN), state.trust)
        typer.echo(f"{name:14}" + "".join(f"{value:12.2f}" for value in values))
