"""Two made-up price series, the same in every run."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

SESSIONS = 4_000
_DAYS_OLD = 3
_CORRELATION = 0.3
_VOLATILITY = {"RUT": 0.013, "BTC": 0.035}


def closes() -> pd.DataFrame:
    """Correlated random walks, RUT and BTC, on weekdays up to a few days ago."""
    end = pd.Timestamp.today().normalize() - pd.Timedelta(days=_DAYS_OLD)
    dates = pd.bdate_range(end=end, periods=SESSIONS, name="date")
    covariance = [[1, _CORRELATION], [_CORRELATION, 1]]
    steps = np.random.default_rng(1).multivariate_normal([0, 0], covariance, SESSIONS)
    paths = 100 * np.exp((steps * list(_VOLATILITY.values())).cumsum(axis=0))
    return pd.DataFrame(paths, dates, list(_VOLATILITY))


class PriceFolder(TemporaryDirectory):
    """A temporary folder with a CSV file a series, as a team would bring its own data."""

    def __enter__(self) -> Path:
        folder = Path(super().__enter__())
        for name, close in closes().items():
            close.rename("close").to_csv(folder / f"{name}.csv")
        return folder
