"""The view: one frozen object that is the link, and the table that reads and writes it.

``parse`` never raises: every value it cannot use becomes the default and a notice for the reader.
``to_query`` is canonical: fixed key order, defaults omitted, ``v=1`` always. The grammar is
documented in docs/links.md.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal
from urllib.parse import parse_qsl, quote

VERSION = 1
LONGEST_QUERY = 8000
MOST_INSTRUMENTS = 6
MOST_EVENTS = 40
MOST_MARKS = 6
LONGEST_TITLE = 80
LONGEST_NOTE = 200
LONGEST_LABEL = 40
HORIZONS = (30, 60, 90, 180, 365)


@dataclass(frozen=True, order=True)
class Mark:
    """A day, or a range of days, that the author of a link has labelled."""

    first: date
    last: date | None
    label: str


@dataclass(frozen=True)
class ViewState:
    """Everything on screen. The first small cap and the first coin are the pair in focus."""

    small_caps: tuple[str, ...] = ("RUT",)
    coins: tuple[str, ...] = ("BTC",)
    span: tuple[date | None, date | None] = (None, None)
    scale: Literal["rebased", "z", "drawdown", "price"] = "rebased"
    window: int = 90
    method: Literal["pearson", "spearman", "ewma"] = "pearson"
    frequency: Literal["d", "w", "m"] = "d"
    lag: int = 0
    high: int | None = None
    base: int = 126
    cooldown: int = 60
    rally: int = 50
    leader: Literal["smallcaps", "crypto"] = "smallcaps"
    horizon: Literal[30, 60, 90, 180, 365] = 180
    events: tuple[date, ...] = ()
    align: Literal["nyclose", "utc"] | None = None
    theme: Literal["dark", "light"] | None = None
    title: str = ""
    note: str = ""
    marks: tuple[Mark, ...] = ()
    frozen: str | None = None

    @property
    def pair(self) -> tuple[str, str]:
        """Ids of the small cap and the coin in focus."""
        return self.small_caps[0], self.coins[0]


@dataclass(frozen=True)
class Field:
    """How one field of the view stands in a link.

    ``read`` raises ValueError with a reason in words; ``write`` is its inverse.
    """

    name: str
    key: str
    label: str
    help: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]

    @property
    def default(self) -> Any:
        """Value of this field in a view nobody has touched."""
        return getattr(ViewState(), self.name)


_ID = re.compile(r"\^?[A-Z0-9][A-Z0-9._-]{0,15}")


def _ids(raw: str) -> tuple[str, ...]:
    ids = tuple(dict.fromkeys(part.upper() for part in raw.split("~") if part))
    if not ids:
        raise ValueError("it names nothing")
    if not all(_ID.fullmatch(id_) for id_ in ids):
        raise ValueError(
            "an id is 1 to 16 letters, digits, '.', '_' or '-', and may begin with '^'"
        )
    if len(ids) > MOST_INSTRUMENTS:
        raise ValueError(f"at most {MOST_INSTRUMENTS} can be shown at once")
    return ids


def _whole_number(low: int, high: int, unit: str) -> Callable[[str], int]:
    def read(raw: str) -> int:
        # int() would also take " 5", "1_000" and other scripts' digits.
        if not re.fullmatch(r"-?[0-9]{1,6}", raw) or not low <= int(raw) <= high:
            raise ValueError(f"it must be a whole number from {low} to {high} {unit}".strip())
        return int(raw)

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(raw: str) -> str:
        if raw not in choices:
            raise ValueError(f"it must be one of {', '.join(choices)}")
        return raw

    return read


def _span(raw: str) -> tuple[date | None, date | None]:
    start, dots, end = raw.partition("..")
    if not dots:
        raise ValueError("it must be two dates, such as 2017-01-01..latest")
    first, last = _day(start), None if end == "latest" else _day(end)
    if first and last and first >= last:
        raise ValueError("it must start before it ends")
    return first, last


def _day(raw: str) -> date | None:
    if not raw:
        return None
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", raw):
        raise ValueError("dates must look like 2017-01-31")
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise ValueError(f"there is no such day as {raw}") from None


def _write_span(span: tuple[date | None, date | None]) -> str:
    start, end = span
    return f"{start or ''}..{end or 'latest'}"


def _horizon(raw: str) -> int:
    if raw not in map(str, HORIZONS):
        raise ValueError(f"it must be one of {', '.join(map(str, HORIZONS))} days")
    return int(raw)


def _events(raw: str) -> tuple[date, ...]:
    days = {day for part in raw.split("~") if (day := _day(part))}
    if not days:
        raise ValueError("it names no day")
    if len(days) > MOST_EVENTS:
        raise ValueError(f"at most {MOST_EVENTS} days can be chosen")
    return tuple(sorted(days))


def clean(raw: str) -> str:
    """One line of printable text: spaces for other white space, nothing that hides or reorders."""
    return " ".join("".join(ch for ch in raw if ch.isprintable() or ch.isspace()).split())


def _text(most: int) -> Callable[[str], str]:
    def read(raw: str) -> str:
        text = clean(raw)
        if len(text) > most:
            raise ValueError(f"it can have at most {most} characters")
        return text

    return read


def _marks(raw: str) -> tuple[Mark, ...]:
    marks = sorted({_mark(part) for part in raw.split("~") if part}, key=_write_mark)
    if not marks:
        raise ValueError("it marks nothing")
    if len(marks) > MOST_MARKS:
        raise ValueError(f"at most {MOST_MARKS} days or ranges can be marked")
    return tuple(marks)


def _mark(raw: str) -> Mark:
    days, _, label = raw.partition("_")
    start, dots, end = days.partition("..")
    first, last = _day(start), _day(end)
    label = clean(label)
    if first is None or not label or (dots and last is None):
        raise ValueError("a mark is a day or a range, and a label: 2020-03-23_Low")
    if last is not None and first >= last:
        raise ValueError("a range must start before it ends")
    if len(label) > LONGEST_LABEL:
        raise ValueError(f"a label can have at most {LONGEST_LABEL} characters")
    return Mark(first, last, label)


def _write_mark(mark: Mark) -> str:
    days = f"{mark.first}" if mark.last is None else f"{mark.first}..{mark.last}"
    return f"{days}_{mark.label}"


def _frozen(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]{22}", raw):
        raise ValueError("that is no id of frozen data")
    return raw


def _high(raw: str) -> int | None:
    return None if raw == "all" else _whole_number(20, 2520, "sessions, or all")(raw)


FIELDS = (
    Field(
        "small_caps", "s", "Small caps",
        f"Small-cap series, 1 to {MOST_INSTRUMENTS} ids joined by `~`; the first is in focus.",
        _ids, "~".join,
    ),
    Field(
        "coins", "c", "Crypto",
        f"Coins, 1 to {MOST_INSTRUMENTS} ids joined by `~`; the first is in focus.",
        _ids, "~".join,
    ),
    Field(
        "span", "t", "Range",
        "First and last day shown, joined by `..`; an empty first day is the first there is, "
        "`latest` the last.",
        _span, _write_span,
    ),
    Field(
        "scale", "scale", "Scale",
        "Scale of the overlay: `rebased` (to 100, log axis), `z` (z-score), `drawdown`, `price` "
        "(two log axes).",
        _one_of("rebased", "z", "drawdown", "price"), str,
    ),
    Field(
        "window", "w", "Window",
        "Correlation window, 5 to 500 sessions.",
        _whole_number(5, 500, "sessions"), str,
    ),
    Field(
        "method", "m", "Method",
        "Correlation method: `pearson`, `spearman`, `ewma`.",
        _one_of("pearson", "spearman", "ewma"), str,
    ),
    Field(
        "frequency", "f", "Returns",
        "Return period: `d` daily, `w` weekly, `m` monthly.",
        _one_of("d", "w", "m"), str,
    ),
    Field(
        "lag", "lag", "Lag",
        "Return periods from -60 to 60 by which the small caps lead; negative, the coin leads.",
        _whole_number(-60, 60, "periods"), str,
    ),
    Field(
        "high", "high", "High",
        "A breakout passes the highest close of `all` previous sessions, or of 20 to 2520.",
        _high, lambda high: str(high or "all"),
    ),
    Field(
        "base", "base", "Base",
        "Least sessions without a new high before a breakout, 5 to 1260.",
        _whole_number(5, 1260, "sessions"), str,
    ),
    Field(
        "cooldown", "cool", "Cool-down",
        "Least sessions between two breakouts, 0 to 504.",
        _whole_number(0, 504, "sessions"), str,
    ),
    Field(
        "rally", "rally", "Rally",
        "Rise from the trough that makes a rally, 10 to 500 percent.",
        _whole_number(10, 500, "percent"), str,
    ),
    Field(
        "leader", "of", "Breakouts of",
        "Whose breakouts the evidence is about: `smallcaps`, followed in crypto, or `crypto`, "
        "followed in small caps.",
        _one_of("smallcaps", "crypto"), str,
    ),
    Field(
        "horizon", "days", "Horizon",
        "Calendar days after a breakout that the evidence speaks of: 30, 60, 90, 180 or 365.",
        _horizon, str,
    ),
    Field(
        "events", "ev", "Events",
        f"Days of the breakouts whose paths are drawn, at most {MOST_EVENTS} joined by `~`; "
        "otherwise all of them. Numbers are always of all.",
        _events, lambda days: "~".join(map(str, days)),
    ),
    Field(
        "align", "align", "Crypto day",
        "When the days of coins end: `nyclose` with New York's session, `utc` at 00:00 UTC; "
        "otherwise New York's close where every coin shown has it.",
        _one_of("nyclose", "utc"), lambda align: align or "",
    ),
    Field(
        "theme", "theme", "Theme",
        "`dark` or `light` when chosen; otherwise the reader's system decides.",
        _one_of("dark", "light"), lambda theme: theme or "",
    ),
    Field(
        "title", "title", "Title",
        f"The author's title of the view, at most {LONGEST_TITLE} characters.",
        _text(LONGEST_TITLE), str,
    ),
    Field(
        "note", "note", "Note",
        f"The author's note, at most {LONGEST_NOTE} characters; a frozen link takes longer ones.",
        _text(LONGEST_NOTE), str,
    ),
    Field(
        "marks", "mark", "Marks",
        f"Days, or ranges of days joined by `..`, with a label of at most {LONGEST_LABEL} "
        f"characters after `_`; at most {MOST_MARKS} joined by `~`.",
        _marks, lambda marks: "~".join(map(_write_mark, marks)),
    ),
    Field(
        "frozen", "frozen", "Frozen data",
        "Id of a frozen link: its data are shown, and where nothing else but a theme is given, "
        "its view.",
        _frozen, lambda id_: id_ or "",
    ),
)  # fmt: skip
_BY_KEY = {field.key: field for field in FIELDS}


# What programs that send links hang on them to follow readers; docs/links.md lists it, too.
_MARKETING = {
    *("_ga", "_gl", "_hsenc", "_hsmi", "_openstat", "dclid", "epik", "fbclid", "gad_source"),
    *("gbraid", "gclid", "gclsrc", "igsh", "igshid", "irclickid", "li_fat_id", "mc_cid", "mc_eid"),
    *("mkt_tok", "msclkid", "oly_anon_id", "oly_enc_id", "rdt_cid", "ref", "ref_src", "ref_url"),
    *("sccid", "si", "srsltid", "ttclid", "twclid", "vero_id", "wbraid", "wickedid", "yclid"),
    "ysclid",
}
_CAMPAIGNS = ("utm_", "mtm_", "matomo_", "pk_", "hsa_")


def parse(
    query: str, available: Mapping[str, Collection[str]] | None = None
) -> tuple[ViewState, tuple[str, ...]]:
    """Read a query string into a view.

    Parameters
    ----------
    query : str
        With or without a leading ``?``; anything at all. Keys of marketing say nothing of a view
        and are passed over.
    available : mapping, optional
        Ids there is data for, under "small_caps" and "coins". Others are dropped with a notice;
        when none is left the first available one stands in. Under "new_york", coins that have
        New York closes: without it, none has.

    Returns
    -------
    ViewState
        Valid, whatever the query.
    tuple of str
        One for each part of the query that was not used, and why.
    """
    notices: list[str] = []
    values: dict[str, Any] = {}
    pairs = _pairs(query.removeprefix("?"), notices)
    for key, raw in pairs:
        if key == "v":
            if raw != str(VERSION):
                notices.append(_ignored(key, raw, "this release reads version 1 links"))
        elif key not in _BY_KEY:
            notices.append(_ignored(key, raw, "no setting has that name"))
        elif _BY_KEY[key].name in values:
            notices.append(_ignored(key, raw, "it was given twice and the first one holds"))
        else:
            field = _BY_KEY[key]
            try:
                values[field.name] = field.read(raw)
            except ValueError as reason:
                values[field.name] = field.default
                notices.append(_ignored(key, raw, f"{reason}. {field.label} is at its default"))
    state = ViewState(**values)
    if available is not None:
        # A first visit asked for nothing, so it misses nothing.
        state = _only_available(state, available, notices, is_link=bool(pairs))
    return state, tuple(notices)


def to_query(state: ViewState, *, spelled_out: bool = False) -> str:
    """Write the canonical query of a view, without a leading ``?``.

    Parameters
    ----------
    spelled_out
        Whether defaults are written too, so that a later default changes nothing; always on
        frozen data, where no view means the frozen one.
    """
    spelled_out = spelled_out or state.frozen is not None
    parts = [f"v={VERSION}"]
    for field in FIELDS:
        value = getattr(state, field.name)
        text = field.write(value)
        if value != field.default or (spelled_out and text):
            parts.append(f"{field.key}={quote(text, safe='~.-_')}")
    return "&".join(parts)


def is_bare(query: str) -> bool:
    """Whether a query names no view of its own, but at most frozen data and a theme."""
    given = {key for key, _ in _pairs(query.removeprefix("?"), [])}
    return not given & (_BY_KEY.keys() - {"frozen", "theme"})


def _pairs(query: str, notices: list[str]) -> list[tuple[str, str]]:
    if len(query) > LONGEST_QUERY:
        notices.append(f"The link was longer than {LONGEST_QUERY} characters: ignored.")
        return []
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=40)
    except ValueError:
        notices.append("The link had too many parts to read: ignored.")
        return []
    return [(key, raw) for key, raw in pairs if not _is_marketing(key.lower())]


def _is_marketing(key: str) -> bool:
    return key in _MARKETING or key.startswith(_CAMPAIGNS)


def _only_available(
    state: ViewState,
    available: Mapping[str, Collection[str]],
    notices: list[str],
    *,
    is_link: bool,
) -> ViewState:
    for name, noun in (("small_caps", "small-cap series"), ("coins", "coin")):
        field = next(field for field in FIELDS if field.name == name)
        wanted, there = getattr(state, name), available[name]
        kept = tuple(id_ for id_ in wanted if id_ in there)
        if is_link:
            notices += [
                _ignored(field.key, id_, f"no {noun} here has that id")
                for id_ in wanted
                if id_ not in there
            ]
        if not kept:
            kept = field.default if field.default[0] in there else tuple(there)[:1]
        changed: dict[str, Any] = {name: kept or field.default}
        state = replace(state, **changed)
    without = [id_ for id_ in state.coins if id_ not in available.get("new_york", ())]
    if state.align == "nyclose" and without:
        have = "has" if len(without) == 1 else "have"
        reason = f"{_joined(without)} {have} no New York closes here"
        notices.append(_ignored("align", state.align, reason))
        state = replace(state, align=None)
    return state


def _joined(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _ignored(key: str, raw: str, reason: str) -> str:
    return f"{_clip(key)}={_clip(raw)} was ignored: {reason}."


def _clip(raw: str, most: int = 40) -> str:
    printable = "".join(ch if ch.isprintable() else "?" for ch in raw)
    return printable if len(printable) <= most else printable[: most - 1] + "…"
