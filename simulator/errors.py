"""Every exception of the product; imports nothing.

SimulatorError                 one line: what, where, what to do next
├── InputError                 what the user typed or passed cannot be used (exit 2)
├── LibraryError               a persona, scenario, document or prompt file is wrong (exit 2)
├── ModelError                 a model cannot be reached or answered badly (exit 4)
├── WeightsError               a model file is missing, damaged or cannot be fetched (exit 4)
├── StoreError                 the document store cannot be read (exit 4)
├── CassetteError              a recording is missing, or no longer what is asked for (exit 3)
└── LedgerError                a session cannot be read, or is open elsewhere (exit 4)
"""


class SimulatorError(Exception):
    """The root; `exit_code` is what the command line leaves with."""

    exit_code = 4


class InputError(SimulatorError):
    """Something the user typed or passed cannot be used."""

    exit_code = 2


class LibraryError(SimulatorError):
    """A file of the library is wrong; the message names file and field."""

    exit_code = 2


class ModelError(SimulatorError):
    """A model could not be reached, or its answer cannot be used."""


class WeightsError(SimulatorError):
    """A model file is missing, damaged, or no source can be reached."""


class StoreError(SimulatorError):
    """The document store cannot be read or written."""


class CassetteError(SimulatorError):
    """A recording is missing, damaged, or does not hold what is asked for."""

    exit_code = 3


class LedgerError(SimulatorError):
    """A session cannot be read or written, or another process holds it."""
