"""Eval suites: scripted and simulated talks, recorded, replayed, scored and compared."""
