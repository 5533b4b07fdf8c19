"""The share dialog: one view as a link, a frozen link, pictures, files and an embed."""

from collections.abc import Mapping
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from components.controls import control_id
from components.registry import CHARTS
from sharing.freezing import LONGEST_FROZEN_NOTE
from sharing.preview import LEAD
from sharing.view import Opened
from view_state import FIELDS, LONGEST_LABEL, LONGEST_NOTE, LONGEST_TITLE, MOST_MARKS

EXPIRIES = {"": "Never", "7": "After a week", "30": "After 30 days", "365": "After a year"}
_FIELD = {field.key: field for field in FIELDS}


def dialog(page: str, found: Opened, *, needs_token: bool, framers: str) -> html.Dialog:
    """The dialog of a page with charts; assets/share.js opens and fills it.

    Parameters
    ----------
    page
        The page's address.
    found
        The view.
    needs_token
        Whether freezing needs the operator's token.
    framers
        Sites that may embed charts, as the setting has them.
    """
    # The one that stands for the page comes first.
    charts = sorted(
        (chart for chart in CHARTS.values() if chart.page == page),
        key=lambda chart: chart.id != LEAD[page],
    )
    return html.Dialog(
        [
            html.Header(
                [
                    html.H2("Share this view", id="share-heading"),
                    html.Button("×", id="share-close", **{"aria-label": "Close"}),
                ]
            ),
            html.P(id="share-finding", className="share-finding"),
            _words(found),
            _part(
                "Live link",
                "Follows new data. Everything that could drift is written out, so that it means "
                "the same next year.",
                _copyable("live", "Live link"),
            ),
            _part(
                "Frozen link",
                "Exactly these data, whatever is refreshed later: a record to cite. It cannot be "
                "guessed, but whoever has it can open it.",
                _freeze(needs_token=needs_token),
            ),
            _part(
                "One chart",
                "As a picture that carries its finding and source, or as the plotted values: "
                "CSV for spreadsheets, JSON for programs.",
                _files({chart.id: chart.title for chart in charts}),
            ),
            _part(
                "Embed",
                f"The chart in a page of yours, interactive. {_framers(framers)}",
                _embed(),
            ),
        ],
        id="share",
        className="share",
        **{"aria-labelledby": "share-heading", "data-page": page},
    )


def _framers(origins: str) -> str:
    """Who may show an embed, in words."""
    if not origins:
        return (
            "At present no other site may show it. Ask whoever runs this dashboard to allow yours."
        )
    return "Any site may show it." if origins == "*" else f"These sites may show it: {origins}."


def _part(title: str, meaning: str, *content: Any) -> html.Section:
    return html.Section([html.H3(title), html.P(meaning, className="meaning"), *content])


def _copyable(name: str, label: str, *, hidden: bool = False) -> html.Div:
    """A line of text to copy or, on phones, to hand on."""
    return html.Div(
        [
            dmc.TextInput(
                id=f"share-{name}",
                value="",
                readOnly=True,
                size="xs",
                className="line",
                attributes={"input": {"aria-label": label}},
            ),
            html.Button(
                "Copy", className="quiet", **{"data-copy": f"share-{name}", "aria-live": "polite"}
            ),
            html.Button(
                "Send…", className="quiet", hidden=True, **{"data-send": f"share-{name}"}
            ),
        ],
        id=f"share-{name}-row",
        className="copyable",
        hidden=hidden,
    )  # fmt: skip


def _select(id_: str, label: str, choices: Mapping[str, str]) -> html.Label:
    """The browser's own: its list opens above a dialog, too."""
    options = [html.Option(text, value=value) for value, text in choices.items()]
    return html.Label([label, html.Select(options, id=id_)], className="select")


def _words(found: Opened) -> html.Details:
    """What the author says: it goes into every kind of link."""
    # The words of a frozen link are its author's, not the reader's to change.
    is_frozen, marks = found.frozen is not None, found.state.marks
    return html.Details(
        [
            html.Summary("Title, note and marks"),
            dmc.TextInput(
                id=control_id("title"),
                label="Title",
                value=found.title,
                debounce=True,
                size="xs",
                disabled=is_frozen,
            ),
            _long(
                f"Longer than {LONGEST_TITLE} characters: no link takes this title.",
                "title",
                LONGEST_TITLE,
            ),
            dmc.Textarea(
                id=control_id("note"),
                label="Note",
                value=found.note,
                debounce=True,
                size="xs",
                autosize=True,
                minRows=2,
                maxRows=8,
                disabled=is_frozen,
            ),
            _long(
                f"Longer than {LONGEST_NOTE} characters: only a frozen link takes this note.",
                "note",
                LONGEST_NOTE,
                LONGEST_FROZEN_NOTE,
            ),
            _long(
                f"Longer than {LONGEST_FROZEN_NOTE:,} characters: no link takes this note.",
                "note",
                LONGEST_FROZEN_NOTE,
            ),
            html.Fieldset(
                [
                    html.Legend("Marks on the charts' time axis"),
                    html.Div(id="share-marks", className="marks"),
                    _long(
                        f"Longer than {LONGEST_LABEL} characters: no link takes that label.",
                        "mark",
                        LONGEST_LABEL,
                    ),
                    html.Button("Add a mark", id="share-add-mark", className="quiet"),
                ]
            ),
            dcc.Store(id=control_id("mark"), data=_FIELD["mark"].write(marks)),
        ],
        id="share-words",
        className="words",
        open=bool(found.title or found.note or marks),
        **{"data-most": str(MOST_MARKS), "data-longest": str(LONGEST_LABEL)},
    )


def _long(text: str, of: str, over: int, most: int | None = None) -> html.P:
    """Remark that is shown while what `of` names has more than `over` characters, up to `most`."""
    bounds = {
        "data-of": of,
        "data-over": str(over),
        "data-most": None if most is None else str(most),
    }
    return html.P(text, className="remark", role="status", hidden=True, **bounds)


def _freeze(*, needs_token: bool) -> html.Div:
    token = dmc.TextInput(
        id="share-token",
        label="Token",
        size="xs",
        attributes={"input": {"type": "password", "autoComplete": "off"}},
    )
    return html.Div(
        [
            html.Div(
                [
                    _select("share-days", "Expires", EXPIRIES),
                    token if needs_token else None,
                    html.Button("Freeze", id="share-freeze", className="primary"),
                    html.Span(id="share-frozen-status", className="remark", role="status"),
                ],
                className="row",
            ),
            _copyable("frozen", "Frozen link", hidden=True),
            html.P(
                [
                    "To delete it later, keep this secret: ",
                    html.Code(id="share-secret"),
                    " ",
                    html.Button("Delete it now", id="share-delete", className="quiet"),
                ],
                id="share-secret-row",
                className="remark",
                hidden=True,
            ),
        ],
        className="stack",
    )


def _files(charts: Mapping[str, str]) -> html.Div:
    formats = {"png": "PNG", "svg": "SVG", "csv": "CSV", "json": "JSON"}
    return html.Div(
        [
            _select("share-card", "Chart", charts),
            html.Div(
                [
                    html.Button("Copy image", id="share-copy-image", className="quiet"),
                    *(
                        html.A(name, id=f"share-{form}", className="quiet", download="")
                        for form, name in formats.items()
                    ),
                ],
                className="row",
            ),
            html.Span(id="share-file-status", className="remark", role="status"),
        ],
        className="files",
    )


def _embed() -> html.Div:
    return html.Div(
        [
            _copyable("embed", "Embed code"),
            html.Details(
                [
                    html.Summary("Preview"),
                    html.Iframe(id="share-preview", title="Preview of the embed"),
                ],
                id="share-preview-panel",
            ),
        ],
        className="stack",
    )
