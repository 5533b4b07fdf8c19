"""What only Coin Metrics does: pages by address, and assets that are not free."""

import pandas as pd
import pytest
from upstream import COIN, TODAY, Upstream

from data_sources.errors import UnknownSymbol
from data_sources.providers import coin_metrics
from settings import Access


@pytest.fixture
def access(upstream: Upstream) -> Access:
    return Access(
        base_url=upstream.base_url, timeout=5, user_agent="Bellwether test", min_interval=0
    )


def test_the_next_page_is_asked_for_at_the_same_host(upstream: Upstream, access: Access) -> None:
    upstream.page_size = 500
    frame = coin_metrics.daily("btc", None, access, TODAY)
    pd.testing.assert_frame_equal(frame, COIN[["close"]].iloc[:-1], check_freq=False)
    assert len(upstream.requests) == 3


def test_an_asset_that_is_not_free_is_not_offered(access: Access) -> None:
    with pytest.raises(UnknownSymbol, match="Coin Metrics does not offer sol"):
        coin_metrics.daily("sol", None, access, TODAY)
