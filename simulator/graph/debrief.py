"""The debrief graph: gather the turns, judge them, verify every quote and citation."""

from dataclasses import dataclass, replace
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from simulator.domain.dialogue import Turn
from simulator.domain.skills import SkillScore
from simulator.evaluator import Debrief, Evaluator, Feedback, Remark
from simulator.ledger import Card, Ledger


class DebriefState(TypedDict, total=False):
    """`turns` by gather, `debrief` by judge and verify."""

    turns: list[Turn]
    debrief: Debrief


@dataclass(frozen=True)
class DebriefDeps:
    """What the debrief's nodes work with."""

    card: Card
    ledger: Ledger
    evaluator: Evaluator
    known: frozenset[str]
    """Ids of every passage in the store."""


def gather(state: DebriefState, runtime: Runtime[DebriefDeps]) -> DebriefState:  # noqa: ARG001 - LangGraph passes `state` by name
    """Read the session's turns."""
    return {"turns": runtime.context.ledger.turns(runtime.context.card.id)}


def judge(state: DebriefState, runtime: Runtime[DebriefDeps]) -> DebriefState:
    """Let the evaluator look back on them."""
    deps = runtime.context
    return {"debrief": deps.evaluator.debrief(deps.card, state["turns"])}


def verify(state: DebriefState, runtime: Runtime[DebriefDeps]) -> DebriefState:
    """Drop what misquotes a turn or cites what is not in the store."""
    said = {turn.number: turn.said for turn in state["turns"]}
    known = runtime.context.known
    debrief = state["debrief"]

    def stands(remark: Remark | None) -> bool:
        quoted = remark is not None and bool(remark.quote) and remark.quote in said.get(remark.turn, "")
        return quoted and (remark is None or remark.citation is None or remark.citation.id in known)

    def kept(feedback: Feedback) -> Feedback:
        return replace(feedback, remarks=[r for r in feedback.remarks if stands(r)])

    def quoted(score: SkillScore) -> SkillScore:
        shown, missed = (
            [e for e in side if e.quote and e.quote in said.get(e.turn, "")]
            for side in (score.shown, score.missed)
        )
        return replace(score, shown=shown, missed=missed)

    costliest = debrief.costliest if stands(debrief.costliest) else None
    return {
        "debrief": replace(
            debrief,
            feedback=[kept(f) for f in debrief.feedback],
            skills=[quoted(score) for score in debrief.skills],
            best=debrief.best if stands(debrief.best) else None,
            costliest=costliest,
            better=debrief.better if costliest else "",
            citations=[c for c in debrief.citations if c.id in known],
        )
    }


def debrief_graph() -> Any:
    """gather -> judge -> verify."""
    graph = StateGraph(DebriefState, context_schema=DebriefDeps)
    graph.add_node("gather", gather)
    graph.add_node("judge", judge)
    graph.add_node("verify", verify)
    for one, next_one in ((START, "gather"), ("gather", "judge"), ("judge", "verify"), ("verify", END)):
        graph.add_edge(one, next_one)
    return graph.compile()
