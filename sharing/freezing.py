"""Make frozen links."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from components.registry import CHARTS
from data_sources.market import Market
from sharing.view import fixed, needed, opened
from view_state import LONGEST_QUERY, LONGEST_TITLE, ViewState, clean, to_query

LONGEST_FROZEN_NOTE = 2000
MOST_DAYS = 3650
PAGES = frozenset(chart.page for chart in CHARTS.values())


class BadWishError(ValueError):
    """What is to be frozen cannot be; the message says why."""


class ChangedError(Exception):
    """The data are others than the reader has seen: now those of `version`."""

    def __init__(self, version: str) -> None:
        super().__init__(version)
        self.version = version


@dataclass(frozen=True)
class Wish:
    """What is to be frozen: a page's view, the author's words, and for how many days."""

    page: str
    query: str
    title: str
    note: str
    days: int | None
    version: str | None


def read_wish(body: Mapping[str, Any]) -> Wish:
    """Check what somebody sent.

    Raises
    ------
    BadWishError
        With a sentence for the reader.
    """
    page, query = body.get("page", "/"), body.get("query", "")
    title, note = body.get("title", ""), body.get("note", "")
    days, version = body.get("days"), body.get("version")
    if not isinstance(page, str) or page not in PAGES:
        raise BadWishError("There is no such page with charts.")
    if not isinstance(query, str) or len(query) > LONGEST_QUERY:
        raise BadWishError(f"A query is text of at most {LONGEST_QUERY} characters.")
    if not isinstance(title, str) or len(title := clean(title)) > LONGEST_TITLE:
        raise BadWishError(f"A title has at most {LONGEST_TITLE} characters.")
    if not isinstance(note, str) or len(note := paragraphs(note)) > LONGEST_FROZEN_NOTE:
        raise BadWishError(f"A note has at most {LONGEST_FROZEN_NOTE:,} characters.")
    if days is not None and not (type(days) is int and 1 <= days <= MOST_DAYS):
        raise BadWishError(f"A frozen link expires after 1 to {MOST_DAYS:,} days, or never.")
    if version is not None and not isinstance(version, str):
        raise BadWishError("A version is text.")
    return Wish(page, query, title, note, days, version)


def freeze(wish: Wish, market: Market) -> tuple[str, str]:
    """Freeze a view; its id, and the secret that deletes it.

    Raises
    ------
    ChangedError
        When the data are no longer those of the wish's version.
    RefusedError, NotPossible, StoreUnavailable, StoreTooNew
        When it cannot be read or kept.
    """
    market = market.still()
    found = opened(wish.query, market)
    if wish.version is not None and wish.version != found.market.version:
        raise ChangedError(found.market.version)
    return keep(
        wish.page, found.state, found.market, market,
        title=wish.title, note=wish.note, days=wish.days,
    )  # fmt: skip


def keep(
    page: str,
    state: ViewState,
    data: Market,
    market: Market,
    *,
    title: str,
    note: str,
    days: int | None = None,
    event: str | None = None,
) -> tuple[str, str]:
    """Keep a view with the `data` it is drawn from, among the frozen links of `market`.

    Raises
    ------
    NotPossible
        When there are as many as there may be.
    BadWishError, StoreUnavailable, StoreTooNew
        When it cannot be kept for another reason.
    """
    state = fixed(page, state, data, is_frozen=True)
    # The words have columns of their own, and the reader's system decides on the theme.
    plain = replace(state, title="", note="", theme=None, frozen=None)
    if market.frozen is None:
        raise BadWishError("Nothing can be frozen here.")
    held = data.excerpt(needed(page, state, data))
    if not held.series:
        raise BadWishError("There are no data to freeze.")
    return market.frozen.make(
        page,
        to_query(plain, spelled_out=True),
        held,
        title=title,
        note=note,
        days=days,
        event=event,
    )


def paragraphs(raw: str) -> str:
    """Printable text whose lines stay lines."""
    return "\n".join(clean(line) for line in raw.splitlines()).strip()
