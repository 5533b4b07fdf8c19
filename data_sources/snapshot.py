"""All data at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass

from data_sources.series import Series


@dataclass(frozen=True)
class Snapshot:
    """What a source of data holds at one moment; never changed, only replaced.

    Attributes
    ----------
    series
        By instrument id: the catalog's in its order, then new ones.
    problems
        One sentence for everything that could not be used.
    is_sample
        Whether all of it is simulated.
    label
        Short name of the data, for a badge.
    """

    series: Mapping[str, Series]
    problems: tuple[str, ...]
    is_sample: bool
    label: str
