"""Which code made an answer: another may compute other values from the same data."""

import hashlib
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_MAKERS = (
    "analytics", "components", "data_sources", "sharing", "view_state.py", "requirements.txt",
)  # fmt: skip


@cache
def release() -> str:
    """A name that changes whenever code does that values or pictures are made by."""
    digest = hashlib.sha256()
    for name in _MAKERS:
        place = _ROOT / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
