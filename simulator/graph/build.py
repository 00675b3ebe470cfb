"""The edges: which node follows which, and what keeps the way so far."""

import sqlite3
from itertools import pairwise
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph

from simulator.graph import nodes
from simulator.graph.state import Deps, TurnState


def turn_graph(connection: sqlite3.Connection | None = None) -> Any:
    """screen -> appraise -> feel -> decide -> speak -> check -> record, one invoke per turn."""
    graph = StateGraph(TurnState, context_schema=Deps)
    steps = {
        "screen": nodes.screen,
        "appraise": nodes.hear,
        "feel": nodes.react,
        "decide": nodes.plan,
        "speak": nodes.speak,
        "check": nodes.check,
        "record": nodes.record,
    }
    for name, node in steps.items():
        graph.add_node(name, node)
    names = list(steps)
    graph.add_edge(START, "screen")
    graph.add_conditional_edges("screen", nodes.after_screen, {"stop": END, "appraise": "appraise"})
    for one, next_one in pairwise(names[1:]):
        graph.add_edge(one, next_one)
    graph.add_edge("record", END)
    return graph.compile(checkpointer=saver(connection) if connection else None)


def saver(connection: sqlite3.Connection) -> SqliteSaver:
    """Checkpoints in the sessions database; they live only while a turn is under way."""
    return SqliteSaver(connection)
