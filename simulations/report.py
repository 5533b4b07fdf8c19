"""Tables for the documents."""

import pandas as pd


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{share:.1%}"


def markdown(frame: pd.DataFrame) -> str:
    """Columns under their names."""
    lines = [list(frame.columns), ["---"] * len(frame.columns), *frame.astype(str).to_numpy()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
