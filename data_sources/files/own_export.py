"""Bellwether's own CSV files, put back: only those of the first chart hold prices."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from data_sources.errors import InvalidSeries, echo

OVERLAY = "Small caps and crypto"
"""Title of the chart whose file holds prices."""

_LINK = re.compile(r"Link: (\S+[?&]v=\d\S*)")


@dataclass(frozen=True)
class OwnExport:
    """What the comments of a file of Bellwether's say.

    Attributes
    ----------
    title
        Of the chart.
    scale
        That the link names; "" where it names none.
    is_simulated
        Whether the values are of the sample.
    """

    title: str
    scale: str
    is_simulated: bool


def own_export(comments: Sequence[str]) -> OwnExport | None:
    """Tell a file of Bellwether's own by its comments; None for any other."""
    link = next((match for line in comments if (match := _LINK.fullmatch(line))), None)
    if link is None:
        return None
    scale = parse_qs(urlsplit(link[1]).query).get("scale", [""])[0]
    is_simulated = any("Sample data: simulated" in line for line in comments)
    return OwnExport(comments[0], scale, is_simulated)


def check(export: OwnExport) -> None:
    """Refuse a file of Bellwether's that holds no prices.

    Raises
    ------
    InvalidSeries
        Saying what it holds, and which file would be read.
    """
    if export.title != OVERLAY:
        raise InvalidSeries(
            f"Bellwether's own file of the chart '{echo(export.title)}', which holds no prices; "
            f"that of '{OVERLAY}' on the scale Price can be read"
        )
    if export.scale != "price":
        raise InvalidSeries(
            f"Bellwether's own file of '{OVERLAY}' on another scale than Price, so that its "
            "values are no prices; choose the scale Price and save it again"
        )
