"""Changes of correlation regime, with the numbers they are told with."""

from functools import lru_cache

import pandas as pd

from analytics.correlation import Method, fisher_interval
from analytics.regimes import LEVEL, regime_changes
from components.charts.rolling_correlation import rolling
from components.returns import Frequency
from data_sources.series import Series

__all__ = ["LEVEL", "changes"]


@lru_cache(maxsize=32)
def changes(
    first: Series, second: Series, frequency: Frequency, lag: int, *, window: int, method: Method
) -> pd.DataFrame:
    """Every change of regime of two series over their whole shared history, remembered.

    Returns
    -------
    DataFrame
        As :func:`analytics.regimes.regime_changes`, with the 95% band of that day: ``low`` and
        ``high``.
    """
    line = rolling(first, second, frequency, lag, window=window, method=method)
    found = regime_changes(line, window, method)
    low, high = fisher_interval(found["correlation"].to_numpy(), window, method)
    return found.assign(low=low, high=high)
