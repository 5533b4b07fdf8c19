"""What somebody who has looked says of doubtful moves: real, or which split it was."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd

from data_sources.errors import BadFile, echo
from data_sources.files.rows import read_rows
from data_sources.series import PRICES, Series, content_hash

ACCEPT = "accept"
_COLUMNS = ("id", "date", "move")
_RATIO = re.compile(r"([1-9][0-9]{0,4}):([1-9][0-9]{0,4})")

# By instrument id and day: "accept", or a split as new shares to old, such as "2:1" or "1:10".
Verdicts = Mapping[str, Mapping[date, str]]


def read_verdicts(path: Path) -> tuple[Verdicts, tuple[str, ...]]:
    """Read a file of verdicts, columns ``id,date,move``; where there is none, nothing was said.

    Returns
    -------
    verdicts, problems
        The rows that can be used, and one sentence naming the line for each that cannot.
    """
    if not path.exists():
        return {}, ()
    verdicts: dict[str, dict[date, str]] = {}
    problems = []
    try:
        rows = read_rows(path, _COLUMNS)
    except BadFile as problem:
        return {}, (str(problem),)
    for line, row in rows:
        try:
            day, verdict = _verdict(path, line, row)
        except BadFile as problem:
            problems.append(str(problem))
        else:
            verdicts.setdefault(row.get("id", "").upper(), {})[day] = verdict
    return verdicts, tuple(problems)


def _verdict(path: Path, line: int, row: Mapping[str, str]) -> tuple[date, str]:
    day, verdict = (row.get(name, "").lower() for name in ("date", "move"))
    if verdict != ACCEPT and not _RATIO.fullmatch(verdict):
        reason = f"'{echo(verdict)}' is neither accept nor a split such as 2:1 or 1:10"
        raise BadFile(path, line, reason)
    try:
        return date.fromisoformat(day), verdict
    except ValueError:
        reason = f"'{echo(day)}' is not a date such as 2024-12-31"
        raise BadFile(path, line, reason) from None


def judged(series: Series, verdicts: Verdicts) -> Series:
    """The series as somebody has said it should be read; itself where nothing was said of it.

    What is accepted counts as it is. Prices before a split are brought to the shares of today.
    """
    said = verdicts.get(series.id, {})
    accepted = frozenset(day for day, verdict in said.items() if verdict == ACCEPT)
    splits = {day: verdict for day, verdict in said.items() if verdict != ACCEPT}
    if accepted:
        series = replace(series, accepted=accepted)
    if not splits:
        return series
    frame = series.frame.copy()
    prices = [name for name in PRICES if name in frame]
    for day, ratio in splits.items():
        new, old = map(int, ratio.split(":"))
        frame.loc[frame.index < pd.Timestamp(day), prices] *= old / new
    words = ", ".join(f"{ratio} on {day}" for day, ratio in sorted(splits.items()))
    source = f"{series.source}, adjusted for a split of {words}"
    return replace(series, frame=frame, content_hash=content_hash(frame), source=source)
