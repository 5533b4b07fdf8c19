"""What a reader must know about the prices behind a chart: holes, doubtful moves, odd dates."""

from collections.abc import Mapping, Sequence

import pandas as pd

from components.plotting import EmptyChartError, day, shown_span
from components.returns import PERIODS, holes, own_holes, pair_frequency, spaced
from data_sources.moves import Move
from data_sources.series import Series
from view_state import ViewState

_MOST_NAMED = 4  # moves of one series; the others are counted


def cautions(
    series: Mapping[str, Series],
    state: ViewState,
    *,
    of_returns: bool,
    of_events: bool,
    of_all: bool,
) -> tuple[str, ...]:
    """Sentences to stand beside a chart, in its files and in previews.

    Parameters
    ----------
    series
        What the chart is given.
    state
        The view: holes and moves outside its dates are not spoken of.
    of_returns
        Whether it shows statistics of returns, from which some may be left out.
    of_events
        Whether it shows breakouts, which nobody sees in a hole.
    of_all
        Whether it is about every series there is, of which some may be left out.
    """
    found = [
        text
        for one in series.values()
        for text in doubts(one, [move for move in one.moves if _is_shown(move.day, state)])
    ]
    if of_returns:
        found += _left_out(series, state)
    if of_events:
        found += _unseen(series, state)
    if of_all:
        found += [
            f"{spaced(one)} and is left out: daily ones are needed."
            for one in series.values()
            if one.spacing != "d"
        ]
    return tuple(dict.fromkeys(found))


def doubts(one: Series, moves: Sequence[Move]) -> list[str]:
    """What of a series is likely wrong: its dates, and these of its moves."""
    texts = []
    if one.weekend_share:
        texts.append(
            f"{one.weekend_share:.0%} of {one.id}'s closes are dated on a Saturday or Sunday, when "
            "markets are closed: its dates may be a day off."
        )
    moves = _without_ways_back(moves)
    if moves:
        named = "; ".join(move_text(move) for move in moves[:_MOST_NAMED])
        more = len(moves) - _MOST_NAMED
        others = f"; and {more} more" if more > 0 else ""
        them = "It is" if len(moves) == 1 else "They are"
        texts.append(f"{one.id}: the close of {named}{others}. {them} left out of all statistics.")
    return texts


def move_text(move: Move) -> str:
    """A doubtful move in words."""
    if move.is_tick:
        likely = "and back the next day"
    elif move.ratio:
        kind = "reverse split" if move.factor > 1 else "split"
        likely = f"like a {move.ratio} {kind}"
    else:
        likely = "far beyond its other moves"
    return f"{day(move.day)} is {move.factor:.3g} times the close before, {likely}"


def _without_ways_back(moves: Sequence[Move]) -> list[Move]:
    """Of each spike only the move that leads there."""
    kept: list[Move] = []
    leads_there = False
    for move in moves:
        leads_there = move.is_tick and not leads_there
        if leads_there or not move.is_tick:
            kept.append(move)
    return kept


def _unseen(series: Mapping[str, Series], state: ViewState) -> list[str]:
    """Where the focus pair has no closes in the dates shown."""
    unseen = [(i, hole) for i in state.pair if i in series for hole in own_holes(series[i])]
    if not unseen:
        return []
    try:
        start, end = shown_span(series, state)
    except EmptyChartError:
        return []
    return [
        f"{i} has no closes between {day(before)} and {day(after)}: nothing is known of it there."
        for i, (before, after) in unseen
        if after > start and before < end
    ]


def _left_out(series: Mapping[str, Series], state: ViewState) -> list[str]:
    by_text: dict[str, list[str]] = {}
    for first in state.small_caps:
        for second in state.coins:
            if first in series and second in series:
                text = _holes_text(series[first], series[second], state)
                by_text.setdefault(text, []).append(f"{first} × {second}")
    by_text.pop("", None)
    several = len(state.small_caps) * len(state.coins) > 1
    return [f"{', '.join(pairs)}: {text}" if several else text for text, pairs in by_text.items()]


def _holes_text(first: Series, second: Series, state: ViewState) -> str:
    try:
        frequency = pair_frequency(first, second, state.frequency)
    except EmptyChartError:
        return ""
    missing = [
        count
        for when, count in holes(first, second, frequency)
        if _is_shown(pd.Timestamp(when), state)
    ]
    if not missing:
        return ""
    unit, most = PERIODS[frequency], max(missing)
    plural = "" if most == 1 else "s"
    if len(missing) == 1:
        return f"1 return across a gap of {most:,} {unit}{plural} is left out."
    return f"{len(missing):,} returns across gaps of up to {most:,} {unit}{plural} are left out."


def _is_shown(when: pd.Timestamp, state: ViewState) -> bool:
    first, last = state.span
    return (first is None or when.date() >= first) and (last is None or when.date() <= last)
