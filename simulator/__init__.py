"""Practise a hard conversation with a persona that reacts as its attachment style would."""

__version__ = "0.1.0"
