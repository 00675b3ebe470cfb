"""What `make train` wrote beside the network: plain arrays by name, never pickles."""

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from simulator.errors import LibraryError


def arrays(path: Path) -> dict[str, Any]:
    """Every array of an npz file.

    Raises: LibraryError when it cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise LibraryError(f"{path}: cannot be read ({error}); run `make train`.") from error
