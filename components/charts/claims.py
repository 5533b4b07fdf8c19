"""The ledger: what was said in public, tested on the data that are here.

The claims are in components/claims/claims.toml, their tests in components/claims/tests.py.
"""

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import pandas as pd
from dash import html
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from components.chart import Chart, Column
from components.claims.outcome import Mark, Measure, NotTestableError, Outcome
from components.claims.tests import ClaimTest
from data_sources.series import Series
from view_state import ViewState, to_query

FILE = Path(__file__).parents[1] / "claims" / "claims.toml"

# Told apart without colour; and in the words of the table.
MARKS: Mapping[Mark, tuple[str, str]] = {
    "held": ("✓", "held"),
    "failed": ("✕", "did not hold"),
    "unclear": ("?", "cannot be told"),
    "pending": ("…", "not over yet"),
    "untestable": ("–", "not testable"),
}


class Claim(BaseModel):
    """One claim of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    words: str = Field(min_length=1)
    reading: str = ""
    who: str = Field(min_length=1)
    where: str = Field(min_length=1)
    url: str = Field("", pattern=r"^(https://\S+)?$")
    test: ClaimTest


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    claims: tuple[Claim, ...]

    @model_validator(mode="after")
    def _different(self) -> Self:
        if not self.claims:
            raise ValueError("there is no claim")
        twice = [i for i, count in Counter(one.id for one in self.claims).items() if count > 1]
        if twice:
            raise ValueError(f"two claims have the id {twice[0]}")
        return self


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Claims of a file.

    Raises
    ------
    ValueError
        Where it cannot be used: which claim, which key, and why, a line each.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(raw).claims
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from None
    except ValidationError as error:
        lines = [f"{path.name}: {_where(raw, one['loc'])}{one['msg']}" for one in error.errors()]
        raise ValueError("\n".join(lines)) from None


def _where(raw: Any, place: tuple[int | str, ...]) -> str:
    """Claim and key that an error is about."""
    names = [str(part) for part in place]
    if place[:1] == ("claims",) and len(place) > 1:
        claim = raw["claims"][place[1]]
        names[:2] = [f"claim {claim.get('id', place[1])}" if isinstance(claim, dict) else "claim"]
    return "".join(f"{name}: " for name in names)


CLAIMS = read_claims(FILE)


@dataclass(frozen=True)
class Ledger:
    """What was found of each claim."""

    outcomes: tuple[tuple[Claim, Outcome], ...]
    is_sample: bool


def prepare(series: Mapping[str, Series], _state: ViewState) -> Ledger:
    """Test every claim. The view does not matter: each claim has its instruments and dates."""
    return Ledger(
        tuple(
            (claim, _tested(claim, tuple(series[i] for i in claim.test.needed if i in series)))
            for claim in CLAIMS
        ),
        any(one.is_sample for one in series.values()),
    )


# A series is its content's hash, so what was found once stays true.
@lru_cache(maxsize=32)
def _tested(claim: Claim, series: tuple[Series, ...]) -> Outcome:
    try:
        return claim.test.found({one.id: one for one in series})
    except NotTestableError as missing:
        return Outcome("untestable", f"not testable: {missing}")


def finding(frame: Ledger, _state: ViewState) -> str:
    """How many claims the data can test, and what became of them."""
    marks, count = Counter(outcome.mark for _, outcome in frame.outcomes), len(frame.outcomes)
    testable, pending = count - marks["untestable"] - marks["pending"], marks["pending"]
    # People are named: what a simulation does is nothing they said.
    where = "On simulated prices: " if frame.is_sample else ""
    later = f"; {pending} {'is' if pending == 1 else 'are'} not over yet" if pending else ""
    if not testable:
        return f"{where}None of the {count} claims can be tested with the data here{later}."
    return (
        f"{where}{testable} of {count} claims can be tested with the data here: "
        f"{marks['held']} held, {marks['failed']} did not, and {marks['unclear']} cannot be told "
        f"from chance{later}."
    )


def table(frame: Ledger) -> pd.DataFrame:
    """A row a number: ``effect``, ``low`` and ``high`` are fractions, or correlations."""
    rows = [
        {
            "claim": claim.words,
            "who": claim.who,
            "where": claim.where,
            "definition": claim.test.definition(),
            "data": outcome.data,
            "of": measure.label,
            "kind": measure.kind,
            "n": measure.n,
            "effect": measure.effect,
            "low": measure.low,
            "high": measure.high,
            "p": measure.p,
            "mark": MARKS[outcome.mark][1],
            "p_of_verdict": outcome.p,
            "verdict": outcome.verdict,
        }
        for claim, outcome in frame.outcomes
        for measure in outcome.measures or (Measure("", 0, float("nan"), ""),)
    ]
    return pd.DataFrame(rows).set_index("claim")


def details(frame: Ledger, state: ViewState) -> list[Any]:
    """The ledger."""
    headings = ("Claim", "Test", "What the data say", "Verdict")
    # Roles are said, because as blocks on a phone these would be no table any more.
    head = html.Tr(
        [html.Th(name, scope="col", role="columnheader") for name in headings], role="row"
    )
    return [
        html.Table(
            [
                html.Thead(head, role="rowgroup"),
                html.Tbody(
                    [_row(claim, outcome, state) for claim, outcome in frame.outcomes],
                    role="rowgroup",
                ),
            ],
            className="ledger",
            role="table",
            **{"aria-labelledby": "title-claims"},
        )
    ]


def _row(claim: Claim, outcome: Outcome, state: ViewState) -> html.Tr:
    where = html.A(claim.where, href=claim.url, rel="noreferrer") if claim.url else claim.where
    return html.Tr(
        [
            html.Th(
                [claim.words, html.Small([f"{claim.who}. ", where])], scope="row", role="rowheader"
            ),
            html.Td(
                [
                    claim.test.definition(),
                    html.Small(claim.reading) if claim.reading else None,
                    html.Small(outcome.data) if outcome.data else None,
                ],
                role="cell",
            ),
            html.Td([_measure(one, outcome) for one in outcome.measures], role="cell"),
            html.Td(
                [
                    html.Span(
                        [_mark(outcome), outcome.verdict],
                        className=f"verdict {outcome.mark}",
                    ),
                    _reproduce(claim, outcome, state),
                ],
                role="cell",
            ),
        ],
        id=f"claim-{claim.id}",
        role="row",
    )  # fmt: skip


def _mark(outcome: Outcome) -> html.Span:
    return html.Span(MARKS[outcome.mark][0], className="mark", **{"aria-hidden": "true"})


def _measure(measure: Measure, outcome: Outcome) -> html.Div:
    label = f"{measure.label}: " if len(outcome.measures) > 1 else ""
    effect, *more = measure.words()
    return html.Div(
        [
            label,
            html.Strong(effect),
            # Lines break between the parts only.
            *(piece for part in more for piece in (", ", html.Span(part))),
            html.Small(measure.about),
        ],
        className="measure",
    )


def _reproduce(claim: Claim, outcome: Outcome, state: ViewState) -> html.A | None:
    if outcome.view is None:
        return None
    query = to_query(replace(outcome.view, theme=state.theme))
    return html.A(
        "Reproduce",
        href=f"{outcome.path}?{query}",
        className="reproduce",
        **{"aria-label": f"Reproduce: {claim.words}"},
    )


CHART = Chart(
    id="claims",
    title="Claims",
    prepare=prepare,
    figure=None,
    finding=finding,
    table=table,
    of=("events", "returns"),
    columns=(
        Column("claim", "text", "The claim in its own words; one row a number that was found"),
        Column("who", "text", "Who said it"),
        Column("where", "text", "Where and when"),
        Column("definition", "text", "What is tested, and when it held"),
        Column("data", "text", "Instruments, dates and events it was tested on"),
        Column("of", "text", "What the number is of"),
        Column("kind", "text", "growth against any day, correlation or rise; empty without one"),
        Column("n", "integer", "Observations or events behind the number; 0 without one"),
        Column("effect", "number", "The number: a correlation, -1 to 1, or growth, a fraction"),
        Column("low", "number", "Lower end of its 95% interval, in its unit"),
        Column("high", "number", "Upper end of its 95% interval, in its unit"),
        Column("p", "number", "p-value of the number, 0 to 1"),
        Column(
            "mark",
            "text",
            "held, did not hold, cannot be told, not over yet or not testable",
        ),
        Column("p_of_verdict", "number", "p-value the verdict rests on, after any adjustment"),
        Column("verdict", "text", "What became of the claim, in words"),
    ),
    definition=(
        "What was said in public, each claim tested on the data here by the definition in its row; "
        "the view does not matter. Growth and rises are simple returns as "
        "fractions, correlations Pearson's, intervals 95%. A claim that the data do not reach is "
        "not testable and has no number."
    ),
    details=details,
    scope="all",
    page="/claims",
    pictured=("claim", "of", "n", "effect", "low", "high", "p", "verdict"),
)
