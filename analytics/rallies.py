"""Rallies of a coin: a causal flag for statistics and spans for shading, kept apart."""

import numpy as np
import pandas as pd


def rally_flag(close: pd.Series, rise: float) -> pd.Series:
    """Whether a rally is under way, known at each close without hindsight.

    A rally is confirmed by a close `rise` above the lowest close since the last rally ended, and
    ends with a close ``1 - 1 / (1 + rise)`` below its highest close: the same distance in logs.

    Parameters
    ----------
    close : Series
        Positive closes without NaN on a sorted date index.
    rise : float
        As a fraction: 0.5 is a rise of 50%, ended by a fall of 33%.
    """
    return pd.Series(_states(close, rise)[0], index=close.index, name="rally")


def rally_spans(close: pd.Series, rise: float) -> pd.DataFrame:
    """Rallies from trough to peak, as seen afterwards: for shading only, never for statistics.

    Returns
    -------
    DataFrame
        One row a rally: ``trough`` and ``peak`` (dates), ``gain`` (fraction), ``ongoing`` (True
        when no fall has ended it yet; its peak is the highest close so far).
    """
    flags, troughs, peaks = _states(close, rise)
    starts = np.flatnonzero(flags & ~np.append(False, flags[:-1]))
    ends = np.flatnonzero(flags & ~np.append(flags[1:], False))
    trough, peak = troughs[starts], peaks[ends]
    values = close.to_numpy()
    return pd.DataFrame(
        {
            "trough": close.index[trough],
            "peak": close.index[peak],
            "gain": values[peak] / values[trough] - 1,
            "ongoing": ends == len(values) - 1,
        }
    )


def _states(close: pd.Series, rise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flag, position of the running trough and of the running peak, at every close."""
    flags = np.zeros(len(close), bool)
    troughs, peaks = np.zeros(len(close), int), np.zeros(len(close), int)
    up, trough, peak = False, 0, 0
    values = close.tolist()
    for i, value in enumerate(values):
        if up:
            if value > values[peak]:
                peak = i
            elif value <= values[peak] / (1 + rise):
                up, trough = False, i
        elif value < values[trough]:
            trough = i
        elif value >= values[trough] * (1 + rise):
            up, peak = True, i
        flags[i], troughs[i], peaks[i] = up, trough, peak
    return flags, troughs, peaks
