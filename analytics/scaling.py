"""Scales that let an index and a coin share one chart."""

import numpy as np
import pandas as pd


def rebased(close: pd.Series, on: pd.Timestamp) -> pd.Series:
    """Closes scaled so that the first one on or after `on` is 100."""
    return 100 * close / close[on:].iloc[0]


def z_score(close: pd.Series) -> pd.Series:
    """Log closes less their mean over their standard deviation (ddof 1), over the given span.

    NaN throughout when the closes do not vary.
    """
    logs = np.log(close)
    # The deviation of equal values may round to something other than 0.
    return (logs - logs.mean()) / (logs.std() if logs.min() < logs.max() else np.nan)


def drawdown(close: pd.Series) -> pd.Series:
    """Distance below the highest close so far, as a fraction: 0 at a high, -0.5 at half of it."""
    return close / close.cummax() - 1
