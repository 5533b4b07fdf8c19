"""What every kind of file is read into: one column of dates and the columns of values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Column = Sequence[str] | np.ndarray
"""Cells as text, or values of the file's own type: datetime64[D] or float64 with NaN."""


@dataclass(frozen=True)
class Sheet:
    """The columns of a file that are read, in the file's own order.

    Attributes
    ----------
    dates
        The day of each row.
    closes
        The closes: under "" those of the instrument the file is named after, or several columns
        by the name of their instrument.
    lines
        Line number of each row, from 1 (in a Parquet file, the row number).
    is_simulated
        Whether the file says that its prices are simulated.
    """

    dates: Column
    closes: Mapping[str, Column]
    lines: Sequence[int]
    is_simulated: bool = False
