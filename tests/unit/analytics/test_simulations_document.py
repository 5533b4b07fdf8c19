"""docs/simulations.md has the tables that `python -m simulations` prints, row by row."""

import re
from pathlib import Path

from simulations.__main__ import SIMULATIONS
from simulations.event_study import RULES
from simulations.intervals import CORRELATED
from simulations.lead_lag import LEAD_OF_3, NO_LEAD
from simulations.markets import NULLS
from simulations.moves import ASSETS
from simulations.regimes import RULES as REGIME_RULES
from simulations.regimes import STEPS, UNCHANGED

TEXT = (Path(__file__).parents[3] / "docs" / "simulations.md").read_text(encoding="utf-8")
ROWS = {
    "Intervals of a correlation": CORRELATED,
    "Event study": RULES,
    "Lead and lag": {**NO_LEAD, **LEAD_OF_3},
    "Regime changes of a correlation": {**UNCHANGED, **STEPS, **REGIME_RULES},
    "Doubtful moves of a price": ASSETS,
    "Specification curve": NULLS,
}


def test_every_part_is_there_with_every_design() -> None:
    parts = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", TEXT, re.MULTILINE))
    assert [title for title, _ in SIMULATIONS.values()] == list(parts)[1:] == list(ROWS)
    for title, designs in ROWS.items():
        first_cells = re.findall(r"^\| ([^|]+?) \|", parts[title], re.MULTILINE)
        assert set(designs) <= set(first_cells)
    assert all(f" {name} |" in parts["Event study"] for name in NULLS)
