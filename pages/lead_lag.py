"""``/lead-lag``: who leads, and how sure anyone can be."""

from typing import Any

from data_sources.market import Market
from view_state import ViewState

PATH = "/lead-lag"


def content(state: ViewState, market: Market) -> list[Any]:
    """Everything below the top bar."""
    return []
