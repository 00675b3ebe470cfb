"""The LangGraph orchestration: one invoke per user turn, and a debrief graph."""
