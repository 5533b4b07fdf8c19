"""What has happened lately, as events with a view each, and as an Atom feed (RFC 4287)."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter
from xml.etree import ElementTree as ET

import flask
import pandas as pd

from components.charts.rolling_correlation import number, ordinal, window_name
from components.event_study import study
from components.plotting import SAMPLE_NOTE, EmptyChartError, day, day_end
from components.regimes import LEVEL, changes
from data_sources.errors import NotPossible, StoreTooNew, StoreUnavailable
from data_sources.market import Market
from data_sources.series import Series
from sharing.answers import site, tagged, unchanged
from sharing.freezing import keep
from sharing.limits import Limited
from sharing.view import RefusedError
from view_state import LONGEST_TITLE, Mark, ViewState, clean, to_query

SMALL_CAPS = ("RUT", "RUJ")
COINS = ("BTC", "ETH")
PATH = "breakouts.xml"
TITLE = "Bellwether: small-cap breakouts and correlation with crypto"
_ATOM = "http://www.w3.org/2005/Atom"
_ASKING = "60 per minute"
_SHOWN = pd.DateOffset(years=2)  # before an event
_TURNED = {
    "positive": "correlation turned positive",
    "none": "correlation faded",
    "negative": "correlation turned negative",
}
_STATE = {"positive": "positive", "none": "without a clear sign", "negative": "negative"}


@dataclass(frozen=True)
class Event:
    """Something that could be known on a day.

    Attributes
    ----------
    key : str
        The same for the same event, whatever comes later: "breakout:RUT:2025-09-18".
    day : date
        The first day on which it could be known.
    title : str
        A line of at most 80 characters.
    summary : str
        One sentence with its numbers.
    state : ViewState
        The view that shows it.
    """

    key: str
    day: date
    title: str
    summary: str
    state: ViewState


@dataclass(frozen=True)
class Entry:
    """An event as it stands in the feed.

    Attributes
    ----------
    event : Event
        What is told.
    link : str
        Address of the view that shows it.
    id : str
        An IRI that never changes, RFC 4287's ``atom:id``.
    published : datetime
        When it was first told, with a time zone; without a frozen link, when it could be known.
    """

    event: Event
    link: str
    id: str
    published: datetime


def register(server: flask.Flask, market: Market, limited: Limited) -> None:
    """Add ``/breakouts.xml``.

    Parameters
    ----------
    server, market
        Where it is added, and what it tells of.
    limited
        Counts how often one client asks; see :func:`sharing.limits.limits`.
    """

    @server.get(f"/{PATH}")
    @limited(_ASKING)
    def breakouts() -> flask.Response:
        base = site()
        try:
            still = market.still()
            entries = told(events(still), still, base)
        except (StoreUnavailable, StoreTooNew) as problem:
            raise RefusedError(f"{problem}", 503, retry_after=60) from problem
        updated = max((one.published for one in entries), default=datetime(1970, 1, 1, tzinfo=UTC))
        document = atom(entries, base_url=base, is_sample=still.is_sample, updated=updated)
        tag = hashlib.sha256(document).hexdigest()[:32]
        answer = flask.Response(document, mimetype="application/atom+xml")
        return unchanged(tag) or tagged(answer, tag)


def told(found: Sequence[Event], market: Market, base_url: str) -> list[Entry]:
    """Events with the views that show them.

    That is a frozen link, made once. When there are as many of these as there may be, a new event
    leads to a view of the present data: asking for the feed then keeps nothing.

    Raises
    ------
    StoreUnavailable, StoreTooNew
        When links can be neither made nor read.
    """
    if market.frozen is None:
        return []
    # Those of the sample are other events than those of the market, on the same days perhaps.
    keys = {one: f"{'sample:' if market.is_sample else ''}{one.key}" for one in found}
    known = market.frozen.told(keys.values())
    new = [one for one in found if keys[one] not in known]
    with suppress(NotPossible):
        for one in new:
            keep(
                "/", one.state, market, market,
                title=one.title, note=one.summary, event=keys[one],
            )  # fmt: skip
    if new:
        known = market.frozen.told(keys.values())
    entries = []
    for one in found:
        if link := known.get(keys[one]):
            # As it was told: data that were revised since would say something else.
            as_told = replace(one, title=link.title, summary=link.note)
            address, id_, published = f"{base_url}/s/{link.id}", link.id, link.created_at
        else:
            as_told, id_ = one, keys[one]
            address = f"{base_url}/?{to_query(one.state, spelled_out=True)}"
            published = datetime.combine(one.day + timedelta(days=1), time(), UTC)
        entries.append(Entry(as_told, address, f"urn:bellwether:{id_}", published))
    return entries


def events(market: Market, most: int = 20) -> list[Event]:
    """Latest events of the default pairs, by the default rules and UTC days, newest first.

    Breakouts of each small cap, from the first day that it shares with the first coin there is,
    and changes of correlation regime of each pair. None needs a later day to be known.
    """
    series = market.series((*SMALL_CAPS, *COINS), "utc")
    small_caps, coins = (
        [i for i in ids if i in series and series[i].instrument.kind == kind]
        for ids, kind in ((SMALL_CAPS, "small_cap"), (COINS, "coin"))
    )
    found: list[Event] = []
    for small_cap in small_caps:
        for at, coin in enumerate(coins):
            if at == 0:
                found += _breakouts(series[small_cap], series[coin])
            found += _regimes(series[small_cap], series[coin])
    return sorted(found, key=attrgetter("day"), reverse=True)[:most]


def _breakouts(small_cap: Series, coin: Series) -> list[Event]:
    pair = {one.id: one for one in (small_cap, coin)}
    try:
        seen = study(pair, ViewState(small_caps=(small_cap.id,), coins=(coin.id,), align="utc"))
    except EmptyChartError:
        return []
    told = []
    for count, row in enumerate(seen.events.itertuples(), start=1):
        on = day(row.Index)
        name, name_of_coin = _name(small_cap), _name(coin)
        summary = (
            f"{name} closed at {row.close:,.2f} on {on}, above its previous record of "
            f"{row.previous_high:,.2f} and {row.base_length} sessions after its last record "
            f"close: the {ordinal(count)} breakout by this rule since there are prices of "
            f"{name_of_coin}, {day(seen.span[0])}."
        )
        titles = (f"{name} breakout on {on}", f"{small_cap.id} breakout on {on}")
        label = f"{small_cap.id} breakout"
        key = f"breakout:{small_cap.id}:{row.Index:%Y-%m-%d}"
        told.append(_event(key, row.Index.date(), titles, summary, label=label, pair=pair))
    return told


def _regimes(small_cap: Series, coin: Series) -> list[Event]:
    pair = {one.id: one for one in (small_cap, coin)}
    if small_cap.spacing != "d" or coin.spacing != "d":
        return []
    view = ViewState(small_caps=(small_cap.id,), coins=(coin.id,), align="utc")
    found = changes(small_cap, coin, "d", view.lag, window=view.window, method=view.method)
    told = []
    for row in found.itertuples():
        on = day(row.Index)
        summary = (
            f"The {window_name(view, day_end(pair, [coin.id]), 'd')} of {_name(small_cap)} and "
            f"{_name(coin)} was {number(row.correlation)} on {on} (95% {number(row.low)} to "
            f"{number(row.high)}), N = {view.window}: {_STATE[row.regime]} since "
            f"{day(row.since)}, {_STATE[row.before]} before (told at {LEVEL:.1%})."
        )
        titles = tuple(
            f"{first} × {second}: {_TURNED[row.regime]}, {on}"
            for first, second in ((_name(small_cap), _name(coin)), (small_cap.id, coin.id))
        )
        label = f"{small_cap.id} × {coin.id}: {row.regime}"
        key = f"regime:{small_cap.id}:{coin.id}:{row.Index:%Y-%m-%d}:{row.regime}"
        told.append(_event(key, row.Index.date(), titles, summary, label=label, pair=pair))
    return told


def _event(
    key: str,
    when: date,
    titles: Sequence[str],
    summary: str,
    *,
    label: str,
    pair: dict[str, Series],
) -> Event:
    """An event under the first title that is short enough."""
    title = next((one for one in titles if len(one) <= LONGEST_TITLE), titles[-1])
    small_cap, coin = pair
    state = ViewState(
        small_caps=(small_cap,),
        coins=(coin,),
        span=((pd.Timestamp(when) - _SHOWN).date(), when),
        align="utc",  # as the event was found, however the days of this coin can end
        title=title,
        marks=(Mark(when, None, label),),
    )
    return Event(key, when, title, summary, state)


def _name(series: Series) -> str:
    """Name for people, in a form a link can carry; the id where there is none."""
    return clean(series.instrument.name) or series.id


def atom(entries: Sequence[Entry], *, base_url: str, is_sample: bool, updated: datetime) -> bytes:
    """An Atom 1.0 document, in UTF-8, with the entries in their order.

    Parameters
    ----------
    entries
        What it holds, newest first.
    base_url
        Address of the site, with or without a slash at its end.
    is_sample
        Whether the data are simulated: the feed's title and every summary then say so.
    updated
        When the feed last changed, with a time zone.
    """
    home = base_url.rstrip("/") + "/"
    # A plain attribute: prefixes of ElementTree are registered for the whole process.
    feed = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _text(feed, "title", f"{TITLE} (Sample data)" if is_sample else TITLE)
    _text(feed, "id", home + PATH)
    _text(feed, "updated", _stamp(updated))
    ET.SubElement(feed, "link", rel="self", type="application/atom+xml", href=home + PATH)
    ET.SubElement(feed, "link", rel="alternate", type="text/html", href=home)
    _text(ET.SubElement(feed, "author"), "name", "Bellwether")
    for one in entries:
        entry = ET.SubElement(feed, "entry")
        _text(entry, "title", f"Sample data: {one.event.title}" if is_sample else one.event.title)
        _text(entry, "id", one.id)
        _text(entry, "updated", _stamp(one.published))
        _text(entry, "published", _stamp(one.published))
        ET.SubElement(entry, "link", rel="alternate", type="text/html", href=one.link)
        # A reader shows entries far from the title of their feed.
        mark = f" {SAMPLE_NOTE}." if is_sample else ""
        _text(entry, "summary", one.event.summary + mark, type="text")
    return ET.tostring(feed, encoding="utf-8", xml_declaration=True)


def _text(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    """An element with one line of text; without what XML cannot hold, escaped or not."""
    ET.SubElement(parent, tag, attributes).text = clean(text)


def _stamp(when: datetime) -> str:
    """A moment as RFC 3339 writes it, in UTC."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
