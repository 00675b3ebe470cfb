"""The page: parse, call session.py, render. No rule of the simulator lives here."""
