"""``/evidence``: the event study."""

from typing import Any

from data_sources.market import Market
from view_state import ViewState

PATH = "/evidence"


def content(state: ViewState, market: Market) -> list[Any]:
    """Everything below the top bar."""
    return []
