"""Moves of a price that are likely no moves of the market: splits, and ticks that were wrong."""

from dataclasses import dataclass
from math import exp, log

import numpy as np
import pandas as pd

# A day's move is compared with the root mean square of so many moves on either side.
_NEIGHBOURS = 10
# Fewer moves than this after a day do not tell how a market took it.
_AFTERMATH = 3
# A split that nobody adjusted: how many times its neighbours the move is, and how far (in logs)
# from a ratio, which leaves room for the day's own move.
_SPLIT, _OFF_RATIO = 8.0, 0.05
# A move that fits no ratio, and one that is taken back the next day.
_FAR, _LEAST_FAR = 20.0, 0.4
_TICK, _LEAST_TICK, _TAKEN_BACK = 10.0, 0.2, 0.25
_SHARES = (1.5, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100, 1000)


@dataclass(frozen=True)
class Move:
    """A change from one close to the next that is doubtful.

    Attributes
    ----------
    day : Timestamp
        Of the later close.
    factor : float
        That close over the one before.
    ratio : str
        The split it looks like, new shares to old: "2:1", or "1:10" where ten become one; ""
        where it looks like none.
    is_tick : bool
        Whether it is one half of a spike: there and back on the next day.
    """

    day: pd.Timestamp
    factor: float
    ratio: str = ""
    is_tick: bool = False


def doubtful_moves(close: pd.Series) -> tuple[Move, ...]:
    """Find one-day moves that look like an unadjusted split or like a wrong price.

    Markets do crash and soar, but they tremble before or after it: a move is compared with the
    larger root mean square of the ten moves before and the ten after it. It is doubtful when

    - it is at least 8 times that and within 0.05, in logs, of a split ratio from 3:2 to 1000:1;
    - it is at least 20 times that and 0.4 in logs (+49%, -33%), and three later moves are known;
    - it is at least 10 times that and 0.2, and the next day takes back three quarters of it or
      more: both days are.

    docs/numbers.md has how seldom real moves are called doubtful.

    Parameters
    ----------
    close : Series
        Closes on a sorted date index, without NaN. Of a series with a value that is not above
        zero nothing is doubtful.

    Returns
    -------
    tuple of Move
        By day.
    """
    values = close.to_numpy(dtype=float)
    if len(values) < _NEIGHBOURS or values.min() <= 0:
        return ()
    moves = np.diff(np.log(values))
    found: dict[int, Move] = {}
    for at in np.flatnonzero(np.abs(moves) >= _LEAST_TICK).tolist():
        if at in found:
            continue
        move, then = moves[at], moves[at + 1] if at + 1 < len(moves) else 0.0
        if abs(move + then) <= _TAKEN_BACK * abs(move):
            if abs(move) >= _TICK * (_trembling(moves, at, at + 1) or np.inf):
                for one in (at, at + 1):
                    found[one] = _move(close, one, moves[one], is_tick=True)
            continue
        # Prices that stand still are no market: nothing tells what would be unusual.
        trembling, ratio = _trembling(moves, at, at) or np.inf, _split_ratio(move)
        is_split = bool(ratio) and abs(move) >= _SPLIT * trembling
        is_far = abs(move) >= max(_FAR * trembling, _LEAST_FAR) and at + _AFTERMATH < len(moves)
        if is_split or is_far:
            found[at] = _move(close, at, move, ratio=ratio)
    return tuple(found[at] for at in sorted(found))


def _move(
    close: pd.Series, at: int, log_move: float, *, ratio: str = "", is_tick: bool = False
) -> Move:
    return Move(pd.Timestamp(close.index[at + 1]), exp(log_move), ratio, is_tick)


def _trembling(moves: np.ndarray, first: int, last: int) -> float:
    """Root mean square of the moves before or after some, whichever is larger."""
    sides = (moves[max(0, first - _NEIGHBOURS) : first], moves[last + 1 : last + 1 + _NEIGHBOURS])
    return max(float(np.sqrt(np.mean(side * side))) for side in sides if len(side))


def _split_ratio(log_move: float) -> str:
    """The split that a move looks like, "" for none."""
    shares = min(_SHARES, key=lambda n: abs(abs(log_move) - log(n)))
    if abs(abs(log_move) - log(shares)) > _OFF_RATIO:
        return ""
    new, old = ("3", "2") if shares == 1.5 else (f"{shares}", "1")
    return f"{new}:{old}" if log_move < 0 else f"{old}:{new}"


def without(close: pd.Series, moves: tuple[Move, ...]) -> pd.Series:
    """Closes before each move scaled so that it is none: what is left has no such move.

    The closes since the last move are as they were; those before it are another level.
    """
    values = close.to_numpy(dtype=float).copy()
    for move in moves:
        values[: int(close.index.searchsorted(move.day))] *= move.factor
    return pd.Series(values, close.index, name=close.name)
