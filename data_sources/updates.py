"""What a source sends, against the last good copy: what is added, what is refused."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from data_sources.catalog import Kind

OVERLAP = timedelta(days=7)
"""How far an update reaches back into what is known, to notice a history that was rewritten."""

_SAME = 1e-4
_NEAR = 0.05
_UNCONFIRMED = timedelta(days=3)
# Largest believable daily change, up or down, as a log return. The Russell 2000 has seen 0.15,
# the VIX 0.77, Dogecoin 1.5; ten times the price, or a split unheard of, is more.
_LARGEST = {"small_cap": 0.5, "equity": 1.0, "coin": 2.2, "macro": np.inf}


def continues(copy: pd.DataFrame, update: pd.DataFrame) -> bool:
    """Whether an update of the same source repeats the copy's latest days and goes on from there.

    False means that history was restated, for example for a split.
    """
    known = copy.loc[update.index[0] :, "close"]
    again = update["close"].reindex(known.index)
    # A missing day is no match either: NaN is close to nothing.
    return len(known) > 0 and bool(np.isclose(again, known, rtol=_SAME, atol=0).all())


def extended(copy: pd.DataFrame, update: pd.DataFrame) -> pd.DataFrame:
    """The copy with the days of an update; what both have is the update's."""
    kept = copy[~copy.index.isin(update.index)]
    return pd.concat([kept, update[list(copy.columns)]]).sort_index()


def spliced(copy: pd.DataFrame, update: pd.DataFrame) -> pd.DataFrame | None:
    """The copy with later days of another source, None when the two do not fit.

    They fit when closes on shared days are within 5% of each other, half of them at least.
    Volume is left out: vendors count it in different units.
    """
    shared = copy.index.intersection(update.index)
    apart = abs(np.log(update.loc[shared, "close"] / copy.loc[shared, "close"]))
    if shared.empty or not apart.median() < _NEAR:
        return None
    later = update[update.index > copy.index[-1]]
    prices = [name for name in copy.columns if name in later.columns and name != "volume"]
    return pd.concat([copy[prices], later[prices]])


def objection(
    copy: pd.DataFrame | None, frame: pd.DataFrame, kind: Kind, today: date
) -> str | None:
    """Why a frame must not replace the last good copy; None when it may.

    Parameters
    ----------
    copy, frame
        Shaped as `Series.frame`; `copy` is None for a first load.
    kind
        Of the instrument: it sets how much can happen in a day.
    today
        Current UTC day. A day ahead is let pass: clocks differ.

    Returns
    -------
    str or None
        Dates in the future, a history that lost days, or a close too far from the one before:
        refused for three days when it is new, and always where the copy goes another way. What
        is older than the copy is believed, and so is a first load but for its last three days.
    """
    last = frame.index[-1]
    if last > pd.Timestamp(today + timedelta(days=1)):
        return f"{last:%Y-%m-%d} is in the future"
    if copy is not None:
        if last < copy.index[-1]:
            return f"it ends on {last:%Y-%m-%d}, the copy here on {copy.index[-1]:%Y-%m-%d}"
        if frame.index[0] > copy.index[0] + OVERLAP:
            first = copy.index[0]
            return f"it starts on {frame.index[0]:%Y-%m-%d}, the copy here on {first:%Y-%m-%d}"
        if len(frame) < 0.99 * len(copy):
            return f"its history shrank from {len(copy)} to {len(frame)} days"
    known = frame["close"][:1] if copy is None else copy["close"]
    begin, end, confirmed = known.index[0], known.index[-1], _jumps(known, kind).index
    for day, change in _jumps(frame["close"], kind).items():
        if day > end:
            is_doubtful = day > last - _UNCONFIRMED
        else:
            is_doubtful = day > begin and day not in confirmed
        if is_doubtful:
            return f"{day:%Y-%m-%d} closes at {np.exp(change):.3g} times the close before"
    return None


def _jumps(close: pd.Series, kind: Kind) -> pd.Series:
    """Daily log returns too large to be believed."""
    changes = np.log(close).diff() if _LARGEST[kind] < np.inf else close[:0]
    return changes[abs(changes) > _LARGEST[kind]]
