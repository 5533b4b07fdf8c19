"""The specification curve: its cells, and how many of its discoveries are false."""

from itertools import chain

import numpy as np
import pandas as pd
import pytest

from analytics.breakouts import breakouts
from analytics.event_odds import odds
from analytics.event_study import entry_dates, last_entry, same_era
from analytics.multiple_testing import resampled_false_discovery_rates
from analytics.specification import (
    Definition,
    curve_of,
    specification_cells,
    specification_curve,
)
from analytics.specification import tested_cell as one_cell  # no test, though it begins like one
from simulations.markets import NULLS, markets
from simulations.specification import DEFINITIONS, curves, false_discovery_rate
from tests.unit.real_data import closes

RULES = [Definition(126, 60, None), Definition(21, 20, 126), Definition(2000, 60, None)]
NULL = NULLS["same-day correlation, fat tails"]
Series = dict[str, pd.Series]


@pytest.fixture(scope="module")
def series() -> tuple[Series, Series]:
    ((small_caps, coins),) = markets(np.random.default_rng(4), NULL, 1, 2, 2)
    coins[1] = coins[1][1500:]
    return dict(zip("AB", small_caps, strict=True)), dict(zip("XY", coins, strict=True))


@pytest.fixture(scope="module")
def curve(series: tuple[Series, Series]) -> pd.DataFrame:
    return specification_curve(*series, RULES, [30, 365], draws=500)


def test_every_combination_is_a_cell(curve: pd.DataFrame) -> None:
    assert len(curve) == 2 * 2 * 3 * 2
    assert not curve.duplicated(["signal", "target", "base", "cooldown", "horizon"]).any()


def test_cells_are_sorted_by_effect_and_untestable_ones_are_last(curve: pd.DataFrame) -> None:
    assert curve["effect"].dropna().is_monotonic_increasing
    assert curve["is_testable"].is_monotonic_decreasing
    assert 0 < curve["is_testable"].sum() < len(curve)


def test_a_cell_with_fewer_than_two_events_says_so_and_counts_for_nothing(
    curve: pd.DataFrame,
) -> None:
    untestable = curve[curve["n"] < 2]
    assert not untestable["is_testable"].any()
    assert untestable[["effect", "p", "q"]].isna().all(axis=None)
    tested = curve[curve["n"] >= 2]
    assert tested.notna().drop(columns="high").all(axis=None)


def test_the_family_is_adjusted_with_the_moves_of_its_own_cells(
    series: tuple[Series, Series], curve: pd.DataFrame
) -> None:
    cells = [*chain.from_iterable(specification_cells(*series, RULES, [30, 365], draws=500))]
    p, null_p = (np.array([getattr(cell, name) for cell in cells]) for name in ("p", "null_p"))
    expected = resampled_false_discovery_rates(p, null_p)
    assert expected[np.argsort([cell.effect for cell in cells])] == pytest.approx(
        curve["q"], nan_ok=True
    )


def test_a_cell_is_the_event_study_of_its_definition(
    series: tuple[Series, Series], curve: pd.DataFrame
) -> None:
    small_caps, coins = series
    for cell in curve[curve["is_testable"]].itertuples():
        high = None if np.isnan(cell.high) else int(cell.high)
        era = same_era(coins[cell.target], small_caps[cell.signal])
        events = breakouts(small_caps[cell.signal], cell.base, cell.cooldown, high).index
        study = odds(era, entry_dates(era, events), cell.horizon, draws=500)
        assert cell.n == len(study.after_event)
        assert cell.effective_n == study.overlap.effective_n
        assert cell.effect == pytest.approx(study.mean_difference)
        assert cell.p == study.p.two_sided


def test_the_same_input_gives_the_same_curve(
    series: tuple[Series, Series], curve: pd.DataFrame
) -> None:
    pd.testing.assert_frame_equal(specification_curve(*series, RULES, [30, 365], 500), curve)


def test_a_cell_does_not_depend_on_its_neighbours(
    series: tuple[Series, Series], curve: pd.DataFrame
) -> None:
    alone = specification_curve({"A": series[0]["A"]}, {"Y": series[1]["Y"]}, RULES[:1], [30], 500)
    cell = curve.merge(alone[["signal", "target", "base", "horizon"]])
    columns = ["n", "effect", "p"]
    pd.testing.assert_frame_equal(cell[columns], alone[columns])


def test_cells_come_in_parts_that_make_the_curve(
    series: tuple[Series, Series], curve: pd.DataFrame
) -> None:
    parts = list(specification_cells(*series, RULES, [30, 365], 500))
    assert [len(part) for part in parts] == [2 * 2] * (2 * len(RULES))
    for part in parts:
        assert len({(cell.signal, cell.base) for cell in part}) == 1
    pd.testing.assert_frame_equal(curve_of(cell for part in parts for cell in part), curve)


def test_a_chosen_cell_is_the_same_alone_and_joins_the_family(
    series: tuple[Series, Series],
) -> None:
    small_caps, coins = series
    parts = specification_cells(*series, RULES, [30, 365], 500)
    cells = [cell for part in parts for cell in part]
    a, x = ("A", small_caps["A"]), ("X", coins["X"])
    alone = one_cell(a, x, RULES[0], 365, 500)
    assert next(cell for cell in cells if cell[:6] == alone[:6])[:-1] == alone[:-1]
    chosen = one_cell(a, x, Definition(40, 20, None), 60, 500)
    assert chosen.n > 1
    with_it = curve_of([*cells, chosen])
    (row,) = with_it[with_it["horizon"] == 60].to_dict("records")
    assert 0 < row["q"] <= 1
    assert row["p"] == chosen.p
    assert len(with_it) == len(cells) + 1


def test_days_after_the_signal_has_ended_are_compared_with_nothing() -> None:
    close = pd.Series(
        np.exp(np.random.default_rng(3).normal(0, 0.03, 3000).cumsum()),
        pd.date_range("2015-01-01", periods=3000),
    )
    signal, rule = close[:1500], Definition(20, 20, 60)
    cell = one_cell(("A", signal), ("X", close), rule, 90, 500)
    entries = entry_dates(close, breakouts(signal, *rule).index)
    study = odds(close, entries, 90, 500, until=last_entry(signal))
    assert (cell.n, cell.p) == (len(study.after_event), study.p.two_sided)
    assert cell.effect == pytest.approx(study.mean_difference)
    assert len(study.any_day) == 1507
    # What came later changes nothing.
    assert one_cell(("A", signal), ("X", close[:1700]), rule, 90, 500)[:-1] == cell[:-1]


def test_events_and_what_follows_can_change_places(series: tuple[Series, Series]) -> None:
    small_caps, coins = series
    curve = specification_curve(coins, small_caps, RULES[1:2], [90], draws=100)
    assert set(curve["signal"]) == {"X", "Y"}
    assert set(curve["target"]) == {"A", "B"}
    assert (curve["n"] > 2).all()


def test_nothing_to_combine_is_an_empty_curve(series: tuple[Series, Series]) -> None:
    curve = specification_curve(series[0], {}, RULES, [30])
    assert len(curve) == 0
    assert "q" in curve


def test_no_specification_survives_on_real_prices() -> None:
    signals = {name: closes(name) for name in ("RUT", "IWM")}
    targets = {name: closes(f"{name}-USD") for name in ("BTC", "ETH")}
    curve = specification_curve(signals, targets, RULES[:2], [30, 90, 180, 365], draws=2000)
    assert curve["is_testable"].all()
    assert not (curve["q"] <= 0.05).any()
    (chosen,) = curve.query(
        "signal == 'RUT' and target == 'BTC' and base == 126 and horizon == 180"
    ).to_dict("records")
    assert chosen["n"] == 5
    assert chosen["effect"] == pytest.approx(-0.07, abs=0.01)


# --- simulations: their full size is `python -m simulations specification`


def test_false_discoveries_stay_under_their_level_on_null_data() -> None:
    """Up to two standard errors of 20 curves."""
    found = curves(NULL, 20, definitions=DEFINITIONS[:1], draws=2000)
    assert false_discovery_rate(found) <= 0.05 + 2 * 0.049
    # Without the correction most curves have something to show.
    assert (found["raw"] > 0).mean() > 0.5


def test_a_true_rally_is_discovered_without_false_company() -> None:
    found = curves(NULL, 14, rally=2, definitions=DEFINITIONS[1:2])
    assert (found["found"] > 0).mean() > 0.25
    assert false_discovery_rate(found) <= 0.05 + 2 * 0.058
