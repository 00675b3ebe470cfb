"""Log-odds and probabilities: how one becomes the other, and how a coder's become honest."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def sigmoid(log_odds: NDArray[Any]) -> NDArray[Any]:
    """Probabilities (0..1) of the same shape and precision.

    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    found: NDArray[Any] = 1 / (1 + np.exp(-log_odds))
    return found


def platt(log_odds: NDArray[np.float64], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and shift that make log-odds calibrated (Platt 1999); both of shape (rows,)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=100.0).fit(log_odds[:, None], truth)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
