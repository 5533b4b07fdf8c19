"""``/claims``: what was said, and what the data say."""

from typing import Any

from data_sources.market import Market
from view_state import ViewState

PATH = "/claims"


def content(state: ViewState, market: Market) -> list[Any]:
    """Everything below the top bar."""
    return []
