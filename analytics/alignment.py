"""Put two price series on one calendar before any return is taken."""

import numpy as np
import pandas as pd

# Sessions in one return period: a trading week and a trading month.
SESSIONS_PER_PERIOD = {"d": 1, "w": 5, "m": 21}


def shared_closes(first: pd.Series, second: pd.Series, frequency: str = "d") -> pd.DataFrame:
    """Closes of two instruments on the sessions both have.

    Prices are aligned first and returns taken afterwards, so a coin compounds over weekends and
    holidays and nothing is carried forward into a return.

    Parameters
    ----------
    first, second : Series
        Positive closes on a sorted, unique date index. NaN counts as no session.
    frequency : {"d", "w", "m"}
        Keep every shared session, or only the last one of each ISO week or calendar month. The
        week or month under way is represented by its latest session.

    Returns
    -------
    DataFrame
        Columns ``first`` and ``second``, indexed by the shared dates; possibly empty.
    """
    dates, at_first, at_second = np.intersect1d(
        first.index.to_numpy(), second.index.to_numpy(), assume_unique=True, return_indices=True
    )
    closes = np.column_stack([first.to_numpy()[at_first], second.to_numpy()[at_second]])
    complete = ~np.isnan(closes).any(axis=1)
    dates, closes = dates[complete], closes[complete]
    if frequency != "d" and len(dates):
        period = _period(dates, frequency)
        last = np.append(period[1:] != period[:-1], True)
        dates, closes = dates[last], closes[last]
    return pd.DataFrame(
        closes, index=pd.DatetimeIndex(dates, name="date"), columns=["first", "second"]
    )


def _period(dates: np.ndarray, frequency: str) -> np.ndarray:
    if frequency == "m":
        return dates.astype("datetime64[M]").astype(int)
    # Day 0, 1970-01-01, was a Thursday: shifted by three, weeks start on Monday.
    return (dates.astype("datetime64[D]").astype(int) + 3) // 7


def log_returns(closes: pd.DataFrame) -> pd.DataFrame:
    """Log returns between consecutive rows of `closes`, one row shorter.

    Each return is dated by the later of its two closes. Compute them from
    :func:`shared_closes`, never from series with calendars of their own.
    """
    return pd.DataFrame(
        np.diff(np.log(closes.to_numpy()), axis=0), index=closes.index[1:], columns=closes.columns
    )


def lagged(returns: pd.DataFrame, lag: int) -> pd.DataFrame:
    """Pair the first column with the second column `lag` rows later.

    A positive lag asks whether the first series leads. Every pair is dated by its later member,
    so no row knows the future. The result is ``abs(lag)`` rows shorter.
    """
    if lag == 0:
        return returns
    values, step = returns.to_numpy(), abs(lag)
    first, second = values[:, 0], values[:, 1]
    pair = (first[:-step], second[step:]) if lag > 0 else (first[step:], second[:-step])
    return pd.DataFrame(np.column_stack(pair), index=returns.index[step:], columns=returns.columns)


def observations(window: int, frequency: str) -> int:
    """Number of returns a window of `window` sessions holds at this frequency."""
    return round(window / SESSIONS_PER_PERIOD[frequency])
