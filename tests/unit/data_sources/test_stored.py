"""What pages see of the store: live data or the sample, how stale, and why."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_sources.catalog import CATALOG, Instrument, coin, resolve
from data_sources.errors import RateLimited, RefusedUpdate, SourceUnavailable
from data_sources.fetch import sources_of
from data_sources.sample import sample_snapshot
from data_sources.series import Series, make_series
from data_sources.snapshot import Snapshot, Status
from data_sources.store import Head, Pause, key_of, new_york_key
from data_sources.stored import CORE, LABEL, View, snapshot_of

DOWN = "Yahoo Finance cannot be reached"
LIMITED = str(RateLimited("Yahoo Finance", 1800))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(f"2024-{text}:00+00:00")


# A Wednesday, when the 21st is the last session and the last UTC day.
NOW = moment("05-22 14:10")
LATEST, BEFORE, LONG_AGO = "05-21", "05-20", "05-13"


def copy(
    name: str | Instrument,
    as_of: str = LATEST,
    *,
    source: int = 0,
    asked: str = "05-22 14:00",
    new_york: bool = False,
) -> Series:
    """Three days of an instrument from one of its sources."""
    instrument = name if isinstance(name, Instrument) else resolve(name)
    days = pd.date_range(end=f"2024-{as_of}", periods=3)
    return make_series(
        instrument,
        pd.DataFrame({"close": [1.0, 2.0, 3.0]}, days),
        source=sources_of(instrument)[source].label,
        fetched_at=moment(asked),
        day_end="nyclose" if new_york else "",
    )


def head(series: Series) -> Head:
    return Head(
        series.instrument,
        series.content_hash,
        series.source,
        series.as_of.date(),
        series.fetched_at,
        last_error=None,
        failed_at=None,
        next_try=None,
        failures=0,
    )


NOTHING = Head(None, None, None, None, None, None, None, None, 0)


def failed(
    before: Head = NOTHING,
    error: str = DOWN,
    at: str = "05-22 14:02",
    again: str = "05-22 14:32",
) -> Head:
    return replace(
        before, last_error=error, failed_at=moment(at), next_try=moment(again), failures=1
    )


def pause(until: str = "05-22 14:32", since: str = "05-22 14:02", reason: str = LIMITED) -> Pause:
    return Pause(reason, moment(since), moment(until), failures=1, is_wish=True)


def seen(
    *copies: Series,
    heads: Mapping[str, Head] | None = None,
    pauses: Mapping[str, Pause] | None = None,
    now: datetime = NOW,
    mode: str = "live",
) -> Snapshot:
    """What pages see of a store with these copies, and with other heads beside or instead."""
    held = {key_of(one): one for one in copies}
    known = {key: head(one) for key, one in held.items()} | dict(heads or {})
    return snapshot_of(View(known, pauses or {}, held, now), mode)


def status(snapshot: Snapshot, name: str, *, new_york: bool = False) -> Status:
    (found,) = (
        one for one in snapshot.statuses if (one.instrument.id, one.is_new_york) == (name, new_york)
    )
    return found


# --- live data or the sample


def test_in_the_beginning_there_is_the_sample_or_nothing() -> None:
    auto, live = seen(mode="auto"), seen(mode="live")
    assert auto.is_sample
    assert (auto.series, auto.label) == (sample_snapshot().series, "Sample data")
    assert not live.is_sample
    assert (live.series, live.new_york, live.label) == ({}, {}, LABEL)
    for one in (auto, live):
        assert (one.problems, one.progress) == ((), "0 of 20 series")
        fetched = [instrument for instrument in CATALOG if instrument.sources]
        assert one.statuses == tuple(Status(instrument, None) for instrument in fetched)


@pytest.mark.parametrize(
    ("copies", "failures", "is_sample"),
    [
        ("RUT IWM BTC ETH", "", False),
        ("RUT IWM BTC", "", True),
        ("RUT IWM BTC", "ETH", False),
        ("RUT BTC", "IWM ETH", False),
        ("IWN SOL", "RUT IWM BTC ETH", False),
        ("RUT IWM", "BTC ETH", True),
        ("BTC ETH", "RUT IWM", True),
        ("GSPC VIX BTC", "RUT IWM ETH", True),
        ("", "RUT IWM BTC ETH", True),
    ],
)
def test_live_data_come_when_the_core_was_tried_and_there_is_a_pair(
    copies: str, failures: str, *, is_sample: bool
) -> None:
    auto, live = (
        seen(
            *map(copy, copies.split()),
            heads={name: failed() for name in failures.split()},
            mode=mode,
        )
        for mode in ("auto", "live")
    )
    assert auto.is_sample == is_sample
    assert not live.is_sample
    assert live.series.keys() == set(copies.split())
    # What is known of live data is shown beside the sample, too.
    assert (auto.statuses, auto.progress) == (live.statuses, live.progress)
    if not is_sample:
        assert auto == live


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(
    st.dictionaries(
        st.sampled_from([*CORE, "IWN", "SOL", "GSPC", "BTCDOM", "NEW"]),
        st.sampled_from(["copy", "New York", "failed", "copy, failed"]),
    ),
    st.sampled_from(["auto", "live"]),
)
def test_sample_and_market_series_never_mix(states: dict[str, str], mode: str) -> None:
    new = coin("NEW", "NEW")
    copies, heads = [], {}
    for name, state in states.items():
        instrument = resolve(name) or new
        if "copy" in state:
            copies.append(copy(instrument))
        if state == "New York" and instrument.kind == "coin":
            copies += [copy(instrument), copy(instrument, new_york=True)]
        if "failed" in state:
            heads[name] = failed(head(copies[-1]) if "copy" in state else NOTHING)
    found = seen(*copies, heads=heads, mode=mode)
    shown = [*found.series.values(), *found.new_york.values()]
    assert {one.is_sample for one in shown} <= {found.is_sample}
    assert found.new_york.keys() <= found.series.keys()
    if mode == "live":
        assert not found.is_sample
    if not found.is_sample:
        assert found.series.keys() == {one.id for one in copies}


def test_the_catalogs_come_first_then_what_was_added() -> None:
    avax = coin("AVAX", "AVAX")
    found = seen(copy(avax), copy("BTC"), copy("BTC", new_york=True), copy("RUT"))
    assert list(found.series) == ["RUT", "BTC", "AVAX"]
    names = [(one.instrument.id, one.is_new_york) for one in found.statuses]
    assert names[8:10] == [("BTC", False), ("BTC", True)]
    assert names[-1] == ("AVAX", False)
    assert len(names) == 22


def test_the_catalog_may_know_better_than_the_day_a_copy_was_stored() -> None:
    old = replace(resolve("RUT"), name="Russell", sources=("yahoo:^RUT",), symbols=())
    found = seen(copy(old))
    assert found.series["RUT"].instrument is resolve("RUT")
    assert status(found, "RUT").instrument is resolve("RUT")


def test_an_added_symbol_shows_how_far_it_is() -> None:
    avuv = Instrument("AVUV", "AVUV", "small_cap", sources=("yahoo:AVUV",))
    wanted = replace(NOTHING, instrument=avuv)
    assert status(seen(heads={"AVUV": wanted}), "AVUV") == Status(avuv, None)
    error = "Yahoo Finance does not offer AVUV"
    found = status(seen(heads={"AVUV": failed(wanted, error)}), "AVUV")
    assert found == Status(
        avuv, None, error=error, failed_at=moment("05-22 14:02"), next_try=moment("05-22 14:32")
    )
    assert status(seen(copy(avuv)), "AVUV").series == copy(avuv)


# --- how far the first load is, and why there is nothing


FETCHED = [one.id for one in CATALOG if one.sources]


@pytest.mark.parametrize(
    ("copies", "failures", "progress"),
    [
        (FETCHED[:1], [], "1 of 20 series"),
        (FETCHED[:19], [], "19 of 20 series"),
        (FETCHED, [], ""),
        (FETCHED[:18], FETCHED[18:19], "18 of 20 series"),
        (FETCHED[:18], FETCHED[18:], ""),
        # Without a pair it is not over.
        (FETCHED[:8], FETCHED[8:], "8 of 20 series"),
        ([], FETCHED, "0 of 20 series"),
    ],
)
def test_progress_is_told_until_everything_was_tried(
    copies: list[str], failures: list[str], progress: str
) -> None:
    found = seen(*map(copy, copies), heads={name: failed() for name in failures})
    assert found.progress == progress


def test_what_was_added_does_not_count_as_progress() -> None:
    assert seen(*map(copy, FETCHED), copy(coin("AVAX", "AVAX"))).progress == ""
    assert seen(copy(coin("AVAX", "AVAX"))).progress == "0 of 20 series"


def test_why_there_are_no_live_data_is_told_once_a_reason() -> None:
    coinbase = str(SourceUnavailable("Coinbase Exchange", "is out of order (HTTP 503)"))
    heads = {
        "RUT": failed(again="05-22 14:40"),
        "IWM": failed(again="05-22 14:33"),
        "BTC": failed(error=f"{DOWN}; {coinbase}", again="05-23 00:05"),
    }
    for mode in ("auto", "live"):
        assert seen(heads=heads, mode=mode).problems == (
            f"No live prices yet: {DOWN}; {coinbase}; next try 14:33 UTC.",
        )
    paused = seen(pauses={"yahoo": pause()}, mode="auto")
    assert paused.problems == (f"No live prices yet: {LIMITED}; next try 14:32 UTC.",)


def test_with_a_pair_there_is_nothing_to_explain() -> None:
    assert seen(copy("RUT"), copy("BTC"), heads={"IWM": failed()}).problems == ()


# --- how stale, and why


def stale(
    series: Series,
    now: datetime = NOW,
    pauses: Mapping[str, Pause] | None = None,
    **failure: str,
) -> str:
    heads = {key_of(series): failed(head(series), **failure)} if failure else {}
    found = seen(series, heads=heads, pauses=pauses, now=now)
    shown = status(found, series.id, new_york=series.day_end == "nyclose").series
    assert shown is not None
    assert shown == series
    return shown.stale


@pytest.mark.parametrize("name", ["RUT", "BTC", "BTCDOM"])
def test_what_is_current_is_not_stale_whatever_failed(name: str) -> None:
    refused = str(RefusedUpdate("Yahoo Finance", "its history shrank from 200 to 3 days"))
    found = seen(copy(name), heads={name: failed(head(copy(name)), refused)})
    assert status(found, name).series.stale == ""
    assert status(found, name).error == refused
    assert stale(copy(name), NOW) == ""


@pytest.mark.parametrize(
    ("now", "at", "again", "times"),
    [
        ("05-22 14:10", "05-22 14:02", "05-22 14:32", "(14:02 UTC), next try 14:32 UTC."),
        ("05-22 23:59", "05-22 23:40", "05-23 00:10", "(23:40 UTC), next try 23 May 00:10 UTC."),
        ("05-23 00:20", "05-22 23:40", "05-23 00:10", "(22 May 23:40 UTC), next try 00:10 UTC."),
        (
            "06-01 12:00",
            "05-30 01:02",
            "06-02 03:04",
            "(30 May 01:02 UTC), next try 2 Jun 03:04 UTC.",
        ),
    ],
)
@pytest.mark.parametrize("error", [LIMITED, DOWN])
def test_a_failure_is_the_reason_and_has_its_times(
    now: str, at: str, again: str, times: str, error: str
) -> None:
    found = stale(copy("RUT", BEFORE), moment(now), error=error, at=at, again=again)
    assert found == f"{error} {times}"


@pytest.mark.parametrize(
    ("now", "told"),
    [("05-22 20:32", "next try 14:32 UTC"), ("05-22 20:33", "not tried again since")],
)
def test_a_next_try_that_never_came_is_not_promised(now: str, told: str) -> None:
    assert stale(copy("RUT", BEFORE), moment(now), error=DOWN) == f"{DOWN} (14:02 UTC), {told}."
    found = seen(heads={"RUT": failed()}, now=moment(now))
    assert found.problems == (f"No live prices yet: {DOWN}; {told}.",)


def test_a_failure_counts_at_once() -> None:
    late = copy("RUT", BEFORE)
    minute = {"at": "05-21 20:30", "again": "05-21 20:31"}
    assert stale(late, moment("05-21 20:29"), **minute) == ""
    assert (
        stale(late, moment("05-21 20:30"), **minute) == f"{DOWN} (20:30 UTC), next try 20:31 UTC."
    )


@pytest.mark.parametrize(
    ("series", "in_time", "late"),
    [
        # A session is expected at 20:30, a UTC day at 00:10; six hours later it is late.
        (copy("RUT", BEFORE, asked="05-22 02:05"), "05-22 02:29", "05-22 02:30"),
        (copy("BTC", BEFORE, asked="05-22 02:05"), "05-22 06:09", "05-22 06:10"),
        (copy("BTCDOM", BEFORE, asked="05-22 02:05"), "05-22 06:09", "05-22 06:10"),
        (
            copy("BTC", BEFORE, asked="05-22 02:05", new_york=True),
            "05-22 02:29",
            "05-22 02:30",
        ),
    ],
    ids=["session", "coin", "macro", "New York"],
)
def test_a_source_may_be_late_by_some_hours(series: Series, in_time: str, late: str) -> None:
    assert stale(series, moment(in_time)) == ""
    assert stale(series, moment(late)) == "There was nothing newer at the source (02:05 UTC)."


def test_a_source_that_was_not_asked_is_not_to_blame() -> None:
    series = copy("RUT", BEFORE, asked="05-20 20:45")
    sentence = "The source has not been asked since 20 May 20:45 UTC."
    assert stale(series, NOW) == sentence
    # Not even when that was a little too soon.
    series = copy("RUT", BEFORE, asked="05-21 20:29")
    assert stale(series, NOW) == sentence.replace("20 May 20:45", "21 May 20:29")


def test_a_weekend_makes_no_session_stale_but_a_coin() -> None:
    sunday = moment("05-26 12:00")
    assert stale(copy("RUT", "05-24"), sunday) == ""
    assert stale(copy("BTC", "05-24", new_york=True), sunday) == ""
    assert stale(copy("BTC", "05-24"), sunday) != ""


# --- sources that are left alone


PAUSED = f"{LIMITED} (14:02 UTC), next try 14:32 UTC."


def test_a_pause_is_the_reason_for_what_waits_for_its_end() -> None:
    pauses = {"yahoo": pause()}
    assert stale(copy("RUT", BEFORE), pauses=pauses) == PAUSED
    found = status(seen(pauses=pauses), "RUT")
    assert (found.error, found.failed_at, found.next_try) == (
        LIMITED,
        moment("05-22 14:02"),
        moment("05-22 14:32"),
    )
    # What is not due was not held up.
    assert status(seen(copy("RUT"), pauses=pauses), "RUT").error == ""
    # Nor is anything once it is over.
    over = {"yahoo": pause(until="05-22 14:10")}
    assert status(seen(pauses=over), "RUT").error == ""


def test_a_pause_tells_as_what_was_tried() -> None:
    core = seen(copy("IWM"), copy("BTC"), copy("ETH"), pauses={"yahoo": pause()}, mode="auto")
    assert not core.is_sample


FIRST, SECOND, THIRD = pause("05-22 14:32"), pause("05-22 14:20"), pause("05-22 14:40")


@pytest.mark.parametrize(
    ("series", "paused", "shown"),
    [
        # Without a copy, or when it is old, any source will do.
        (None, "yahoo", None),
        (None, "yahoo coinbase", None),
        (None, "yahoo coinbase binance", "coinbase"),
        (copy("BTC", LONG_AGO), "yahoo", None),
        (copy("BTC", LONG_AGO), "yahoo coinbase binance", "coinbase"),
        # Otherwise only its own, and those before.
        (copy("BTC", BEFORE), "yahoo", "yahoo"),
        (copy("BTC", BEFORE), "coinbase binance", None),
        (copy("BTC", BEFORE, source=1), "yahoo", None),
        (copy("BTC", BEFORE, source=1), "coinbase", None),
        (copy("BTC", BEFORE, source=1), "yahoo coinbase", "coinbase"),
        (copy("BTC", BEFORE, source=2), "yahoo coinbase binance", "coinbase"),
        (copy("BTC", BEFORE), "coin_metrics", None),
        (copy("BTC"), "yahoo coinbase binance", None),
    ],
)
def test_a_coin_waits_when_every_source_it_may_have_is_paused(
    series: Series | None, paused: str, shown: str | None
) -> None:
    known = {"yahoo": FIRST, "coinbase": SECOND, "binance": THIRD, "coin_metrics": SECOND}
    pauses = {name: known[name] for name in paused.split()}
    found = status(seen(*([series] if series else []), pauses=pauses), "BTC")
    expected = known[shown] if shown else None
    assert found.next_try == (expected.until if expected else None)
    assert found.error == (expected.reason if expected else "")


def test_closes_of_new_york_need_a_source_with_hours() -> None:
    late = copy("BTC", LONG_AGO, source=1, new_york=True)
    for paused, error in (("coinbase", ""), ("yahoo", ""), ("coinbase binance", LIMITED)):
        found = seen(late, pauses={name: pause() for name in paused.split()})
        assert status(found, "BTC", new_york=True).error == error


@pytest.mark.parametrize(
    ("again", "until", "shown"),
    [
        ("05-22 14:11", "05-22 14:32", "14:32"),
        ("05-22 14:45", "05-22 14:32", "14:45"),
        ("05-22 14:11", "05-22 14:09", "14:11"),
    ],
)
def test_nothing_is_tried_again_before_a_pause_is_over(again: str, until: str, shown: str) -> None:
    pauses = {"yahoo": pause(until)}
    found = stale(copy("RUT", BEFORE), pauses=pauses, again=again)
    assert found == f"{DOWN} (14:02 UTC), next try {shown} UTC."


# --- New York closes


@pytest.mark.parametrize(("as_of", "offered"), [("05-21", True), ("05-14", True), ("05-13", False)])
def test_new_york_closes_are_offered_when_nearly_current(as_of: str, *, offered: bool) -> None:
    found = seen(copy("RUT"), copy("BTC"), copy("BTC", as_of, new_york=True))
    assert ("BTC" in found.new_york) == offered
    # How it stands with them is shown anyway.
    shown = status(found, "BTC", new_york=True).series
    assert shown == copy("BTC", as_of, new_york=True)
    assert status(found, "BTC").series == copy("BTC")


def test_new_york_closes_that_failed_have_a_status() -> None:
    found = seen(copy("BTC"), heads={new_york_key("BTC"): failed()})
    assert found.new_york == {}
    assert status(found, "BTC", new_york=True).error == DOWN
    assert status(found, "BTC").error == ""


@pytest.mark.parametrize(
    ("as_of", "failures", "pauses", "is_filling", "reason"),
    [
        ("05-14", {}, {}, False, "There was nothing newer at the source (14:00 UTC)."),
        ("05-13", {}, {}, True, ""),
        ("05-13", {"BTC@nyclose": DOWN}, {}, False, f"{DOWN} (14:02 UTC), next try 14:32 UTC."),
        ("05-13", {}, {"coinbase": pause(), "binance": pause()}, False, PAUSED),
    ],
)
def test_closes_of_years_that_are_still_being_fetched_are_not_stale(
    as_of: str,
    failures: dict[str, str],
    pauses: dict[str, Pause],
    *,
    is_filling: bool,
    reason: str,
) -> None:
    series = copy("BTC", as_of, source=1, new_york=True)
    heads = {key: failed(head(series), error) for key, error in failures.items()}
    found = status(seen(series, heads=heads, pauses=pauses), "BTC", new_york=True)
    assert found.is_filling == is_filling
    assert found.series is not None
    assert found.series.stale == reason


def test_nothing_else_is_ever_filling() -> None:
    found = seen(copy("BTC", LONG_AGO), copy("RUT", LONG_AGO), heads={"ETH@nyclose": failed()})
    assert not any(one.is_filling for one in found.statuses)
