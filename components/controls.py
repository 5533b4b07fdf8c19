"""The controls. Each holds one field of the view; assets/link.js reads and writes them all."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from data_sources.catalog import Instrument
from view_state import (
    FIELDS,
    HORIZONS,
    LONGEST_NOTE,
    LONGEST_TITLE,
    MOST_INSTRUMENTS,
    ViewState,
)

RANGE_YEARS = (1, 3, 5)
WINDOWS = (30, 60, 90, 180, 250)
ERAS = {
    "2014–17": "2014-01-01..2017-12-31",
    "2018–19": "2018-01-01..2019-12-31",
    "2020–22": "2020-01-01..2022-12-31",
    "2023–": "2023-01-01..latest",
}

_FIELD = {field.key: field for field in FIELDS}
# Properties a control keeps its value in, where that is not "value".
_PROPERTY = dict.fromkeys(("t", "ev", "align", "theme", "mark", "frozen"), "data")
# A change of these is a step Back returns from; the others are tuning and replace the address.
_STEPS = {"s", "c", "t", "scale", "m", "f", "of", "days", "ev", "align"}
_LISTS = {"s", "c"}
_NUMBERS = {"w", "lag", "high", "base", "cool", "rally"}
_TEXTS = {"title": LONGEST_TITLE, "note": LONGEST_NOTE}


def control_id(key: str) -> str:
    """Id of the component that holds the field with this key."""
    return f"control-{key}"


def wiring() -> list[dict[str, Any]]:
    """For assets/link.js: where each field lives, how it reads and what its default is."""
    return [
        {
            "key": field.key,
            "id": control_id(field.key),
            "property": _PROPERTY.get(field.key, "value"),
            "default": field.write(field.default),
            "list": field.key in _LISTS,
            "number": field.key in _NUMBERS,
            "step": field.key in _STEPS,
            "longest": _TEXTS.get(field.key),
        }
        for field in FIELDS
    ]


def instruments(available: Mapping[str, Instrument], state: ViewState) -> list[Any]:
    """Pickers for small caps and coins, and a line for the symbols that are being added."""
    return [
        _picker("s", "small_cap", available, state),
        _picker("c", "coin", available, state),
        html.Div(id="adding", className="adding", role="status"),
    ]


def _picker(
    key: str, kind: str, available: Mapping[str, Instrument], state: ViewState
) -> dmc.MultiSelect:
    return dmc.MultiSelect(
        id=control_id(key),
        label=_FIELD[key].label,
        data=[
            {"value": i, "label": one.id if one.id == one.name else f"{one.id} · {one.name}"}
            for i, one in available.items()
            if one.kind == kind
        ],
        value=list(getattr(state, _FIELD[key].name)),
        maxValues=MOST_INSTRUMENTS,
        searchable=True,
        # Enter takes the first match, or adds what is typed; assets/symbols.js offers that.
        selectFirstOptionOnChange=True,
        nothingFoundMessage=html.Div("Nothing here has that name.", id=f"offer-{key}"),
        hidePickedOptions=True,
        checkIconPosition="right",
        size="xs",
        className=f"picker picker-{key}",
    )


def span(state: ViewState) -> html.Fieldset:
    """Range buttons and dates."""
    start, end = state.span
    return html.Fieldset(
        [
            html.Legend("Range"),
            html.Div(
                [
                    *(
                        html.Button(f"{years}y", className="preset", **{"data-years": str(years)})
                        for years in RANGE_YEARS
                    ),
                    html.Button("All", className="preset", **{"data-years": "all"}),
                ],
                className="presets",
            ),
            html.Details(
                [
                    html.Summary("Dates"),
                    html.Div(
                        [
                            _native("span-from", "From", "date", str(start or "")),
                            _native("span-to", "To", "date", str(end or "")),
                        ]
                    ),
                ],
                className="drop",
            ),
            dcc.Store(id=control_id("t"), data=_FIELD["t"].write(state.span)),
        ],
        className="control span",
    )


def scale(state: ViewState) -> html.Div:
    """Scale of the overlay."""
    choices = {"rebased": "Rebased", "z": "Z-score", "drawdown": "Drawdown", "price": "Price"}
    return _segments("scale", choices, state)


def leader(state: ViewState) -> html.Div:
    """Whose breakouts come first."""
    return _segments("of", {"smallcaps": "Small caps", "crypto": "Crypto"}, state)


def horizon(state: ViewState) -> html.Div:
    """Days after a breakout."""
    return _segments("days", {str(days): f"{days}d" for days in HORIZONS}, state)


def chosen_events(state: ViewState) -> dcc.Store:
    """The rows chosen in the table of breakouts."""
    return dcc.Store(id=control_id("ev"), data=_FIELD["ev"].write(state.events))


def era(state: ViewState, first: date, last: date) -> html.Div:
    """The range, by whole months, as a slider with two thumbs.

    Parameters
    ----------
    first, last
        Days of the months at its ends.
    """
    months = [12 * when.year + when.month - 1 for when in (first, last)]
    chosen = [
        12 * when.year + when.month - 1 if when else end
        for when, end in zip(state.span, months, strict=True)
    ]
    years = range(first.year + 1, last.year + 1)
    return html.Div(
        [
            html.Span("Era, by months", className="label", id="label-era"),
            html.Div(
                [
                    html.Button(name, className="preset", **{"data-span": days})
                    for name, days in ERAS.items()
                ],
                className="presets",
            ),
            dmc.RangeSlider(
                id="era",
                min=months[0],
                max=months[1],
                value=[min(max(month, months[0]), months[1]) for month in chosen],
                step=1,
                minRange=3,  # 80 returns are four months
                label={"function": "monthText"},
                marks=[{"value": 12 * year, "label": f"{year}"} for year in years],
                updatemode="mouseup",
                size="sm",
                thumbFromLabel="First month",
                thumbToLabel="Last month",
            ),
        ],
        className="control era",
        role="group",
        **{"aria-labelledby": "label-era", "data-months": "~".join(map(str, months))},
    )


def export(card_id: str, title: str) -> html.A:
    """A link to a chart's values as a file; assets/status.js gives it the view on screen."""
    return html.A(
        "CSV",
        href=f"/chart/{card_id}.csv",
        download=f"{card_id}.csv",
        className="quiet values",
        **{"aria-label": f"{title}: values as CSV"},
    )


def rules(state: ViewState, *, with_rally: bool = True) -> html.Details:
    """What counts as a breakout and, where rallies are shown, as one of them."""
    return html.Details(
        [
            html.Summary("Breakout and rally rules" if with_rally else "Breakout rule"),
            html.Div(
                [
                    _number("base", "Base, sessions without a high", state.base, 5, 1260),
                    _number("cool", "Cool-down, sessions", state.cooldown, 0, 504),
                    _number(
                        "high", "High of last N sessions", state.high or "", 20, 2520,
                        placeholder="all-time",
                    ),
                    _number("rally", "Crypto rally, % from trough", state.rally, 10, 500)
                    if with_rally
                    else None,
                ],
            ),
        ],
        className="control drop",
    )  # fmt: skip


def window(state: ViewState) -> html.Fieldset:
    """Sessions in a window."""
    return html.Fieldset(
        [
            html.Legend("Window, sessions"),
            html.Div(
                [
                    dmc.TextInput(
                        id="window-slider",
                        value=str(state.window),
                        unstyled=True,
                        debounce=True,
                        attributes={
                            "input": {
                                "type": "range", "min": 5, "max": 500, "step": 1,
                                "aria-label": "Correlation window in sessions",
                            }
                        },
                    ),
                    _native("control-w", None, "number", str(state.window), min=5, max=500,
                            step=1, required=True, **{"aria-label": "Window, sessions"}),
                ],
                className="slider",
            ),
            html.Div(
                [
                    html.Button(str(w), className="preset", **{"data-window": str(w)})
                    for w in WINDOWS
                ],
                className="presets",
            ),
        ],
        className="control window",
    )  # fmt: skip


def correlation(state: ViewState, new_york: Collection[str]) -> list[Any]:
    """Window, method, returns, end of the crypto day and lag."""
    return [
        window(state),
        _segments("m", {"pearson": "Pearson", "spearman": "Spearman", "ewma": "EWMA"}, state),
        _segments("f", {"d": "Daily", "w": "Weekly", "m": "Monthly"}, state),
        _day_end(state, new_york),
        _number("lag", "Small caps lead by", state.lag, -60, 60),
    ]


def _day_end(state: ViewState, new_york: Collection[str]) -> html.Div | dcc.Store:
    """When crypto days end: no control, only its value, where no coin has New York closes.

    The control shows what the charts show; assets/link.js keeps it so when coins change. The
    value in the link is empty while nothing else than the better one was chosen.
    """
    chosen = dcc.Store(id=control_id("align"), data=_FIELD["align"].write(state.align))
    if not new_york:
        return chosen
    has_both = all(i in new_york for i in state.coins)
    return html.Div(
        [
            html.Span(
                [
                    _FIELD["align"].label,
                    html.Span(" (not every coin has both)", className="one-only"),
                ],
                className="label",
                id="label-align",
            ),
            dmc.SegmentedControl(
                id="day-end",
                data=[
                    {"value": "nyclose", "label": "New York close"},
                    {"value": "utc", "label": "UTC day"},
                ],
                value=state.align or ("nyclose" if has_both else "utc"),
                disabled=not has_both,
                size="xs",
                **{"aria-labelledby": "label-align"},
            ),
            chosen,
        ],
        className="control",
    )


def theme(state: ViewState) -> list[Any]:
    """The theme switch."""
    return [
        html.Button(
            html.Span(className="theme-icon"),
            id="theme-button",
            className="quiet icon",
            title="Dark or light",
            **{"aria-label": "Switch between dark and light"},
        ),
        dcc.Store(id=control_id("theme"), data=state.theme or ""),
    ]


def _segments(key: str, choices: Mapping[str, str], state: ViewState) -> html.Div:
    field = _FIELD[key]
    return html.Div(
        [
            html.Span(field.label, className="label", id=f"label-{key}"),
            dmc.SegmentedControl(
                id=control_id(key),
                data=[{"value": value, "label": label} for value, label in choices.items()],
                value=str(getattr(state, field.name)),
                size="xs",
                **{"aria-labelledby": f"label-{key}"},
            ),
        ],
        className="control",
    )


def _number(key: str, label: str, value: object, low: int, high: int, **more: Any) -> Any:
    return _native(control_id(key), label, "number", str(value), min=low, max=high, step=1, **more)


def _native(component_id: str, label: str | None, type_: str, value: str, **more: Any) -> Any:
    """A browser's own input: arrow keys, validation and pickers that everybody knows."""
    return dmc.TextInput(
        id=component_id,
        label=label,
        value=value,
        size="xs",
        debounce=True,
        className=f"native {type_}",
        attributes={"input": {"type": type_, **more}},
    )
