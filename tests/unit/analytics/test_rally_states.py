"""Rallies: what was known at each close, and what is shaded afterwards."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.rallies import rally_flag, rally_spans


def series(*closes: float) -> pd.Series:
    return pd.Series(closes, pd.date_range("2024-01-01", periods=len(closes)), dtype=float)


def flags(*closes: float, rise: float = 0.5) -> str:
    """One character a close: ^ in a rally, . otherwise."""
    return "".join("^" if up else "." for up in rally_flag(series(*closes), rise))


def spans(*closes: float, rise: float = 0.5) -> list[tuple]:
    """Trough and peak as positions, gain, ongoing."""
    close = series(*closes)
    found = rally_spans(close, rise)
    trough, peak = (close.index.get_indexer(found[end]).tolist() for end in ("trough", "peak"))
    return list(zip(trough, peak, found["gain"], found["ongoing"], strict=True))


def test_a_rally_is_confirmed_by_a_close_that_far_above_the_trough() -> None:
    assert flags(100, 149) == ".."
    assert flags(100, 150) == ".^"


def test_the_trough_is_the_lowest_close_so_far() -> None:
    assert flags(100, 80, 119, 120) == "...^"


def test_a_rally_ends_a_third_below_its_peak() -> None:
    assert flags(100, 150, 300, 201, 200) == ".^^^."


def test_after_a_rally_the_trough_starts_anew() -> None:
    """90 is far above the 10 of long ago; what counts is the 60 at which the rally ended."""
    assert flags(10, 90, 60, 80, 89, 90) == ".^...^"


def test_a_rally_ends_as_far_down_in_logs_as_it_began() -> None:
    """A rise of 100% is undone by a fall of 50%."""
    assert flags(100, 200, 101, 100, rise=1.0) == ".^^."


def test_a_span_reaches_from_trough_to_peak() -> None:
    assert spans(100, 80, 130, 160, 140, 100) == [(1, 3, 1.0, False)]


def test_a_rally_under_way_is_ongoing_and_peaks_at_its_highest_close_so_far() -> None:
    assert spans(100, 160, 200, 190) == [(0, 2, 1.0, True)]


def test_a_rally_confirmed_by_the_last_close_is_ongoing() -> None:
    assert spans(100, 200) == [(0, 1, 1.0, True)]


def test_rallies_follow_one_another() -> None:
    assert spans(100, 200, 100, 90, 180, 100, 80) == [(0, 1, 1.0, False), (3, 4, 1.0, False)]


@pytest.mark.parametrize("closes", [(), (100,), (100, 90, 80), (100, 149, 100)])
def test_no_rally_is_no_span(closes: tuple[float, ...]) -> None:
    found = rally_spans(series(*closes), 0.5)
    assert len(found) == 0
    assert found.columns.tolist() == ["trough", "peak", "gain", "ongoing"]
    assert flags(*closes) == "." * len(closes)


walks = st.lists(st.integers(10, 60), max_size=60).map(lambda closes: series(*closes))
rises = st.sampled_from([0.1, 0.25, 0.5, 1.0, 3.0])
examples = settings(max_examples=100, derandomize=True, deadline=None, database=None)


@examples
@given(walks, rises)
def test_the_flag_does_not_know_the_future(close: pd.Series, rise: float) -> None:
    whole = rally_flag(close, rise)
    for end in range(len(close)):
        pd.testing.assert_series_equal(rally_flag(close[:end], rise), whole[:end])


@examples
@given(walks, rises)
def test_every_span_shades_one_run_of_the_flag(close: pd.Series, rise: float) -> None:
    """It begins before the run, at the trough, and peaks within it."""
    flag = rally_flag(close, rise).to_numpy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flag, [0]])))
    runs = [close.index[first:after] for first, after in edges.reshape(-1, 2)]
    found = rally_spans(close, rise)
    assert len(found) == len(runs)
    for run, span in zip(runs, found.itertuples(), strict=True):
        assert span.trough < run[0]
        assert span.peak in run
        assert span.gain >= rise - 1e-12
        assert span.gain == close[span.peak] / close[span.trough] - 1
        assert close[span.peak] == close[run].max()
        assert close[span.trough] == close[span.trough : run[-1]].min()
        assert span.ongoing == (run[-1] == close.index[-1])


@examples
@given(walks, rises)
def test_spans_never_overlap(close: pd.Series, rise: float) -> None:
    found = rally_spans(close, rise)
    assert (found["trough"].to_numpy()[1:] > found["peak"].to_numpy()[:-1]).all()
