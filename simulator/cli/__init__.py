"""The command line: parse, call session.py, print. Heavy imports stand inside the commands."""

from simulator.cli.app import main

__all__ = ["main"]
