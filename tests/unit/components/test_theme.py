"""One source of every colour: the theme; of what only pages have, their style sheet."""

import re
from collections import Counter
from pathlib import Path

import pytest

from components import theme

ROOT = Path(theme.__file__).parents[1]
SHEET = ROOT / "assets" / "style.css"
# As CSS and Plotly write colours; an address of a page or a part of it (#main) is no such number.
LITERAL = r"(?<![\w&])#(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{6}|[0-9a-fA-F]{3})\b|\brgba?\(\s*\d[^)]*\)"


def literals(path: Path) -> list[str]:
    return re.findall(LITERAL, path.read_text(encoding="utf-8"))


def python_and_scripts() -> list[Path]:
    layers = ("components", "pages", "sharing", "analytics", "data_sources")
    found = [ROOT / "app.py", ROOT / "view_state.py", *ROOT.glob("assets/*.js")]
    return [*found, *(path for layer in layers for path in (ROOT / layer).rglob("*.py"))]


def test_no_program_but_the_theme_names_a_colour() -> None:
    files = set(python_and_scripts()) - {Path(theme.__file__)}
    assert len(files) > 50
    assert {str(path): found for path in files if (found := literals(path))} == {}


def test_no_colour_is_written_twice() -> None:
    """In the theme or the style sheet, or once in each; a shade of black is no colour."""
    written = Counter(
        one.lower() for path in (Path(theme.__file__), SHEET) for one in literals(path)
    )
    colours = {one: count for one, count in written.items() if not one.startswith("rgb(0 0 0")}
    assert {one: count for one, count in colours.items() if count > 1} == {}
    assert len(colours) > 40


def test_the_pages_inks_are_those_of_figures() -> None:
    given = dict(re.findall(r"--([\w-]+): ([^;]+);", theme.properties()))
    for name, key in {"ink": "text", "muted": "muted", "line": "grid", "ground": "ground"}.items():
        light, dark = theme.INK["light"][key], theme.INK["dark"][key]
        assert given[name] == f"light-dark({light}, {dark})"
    sheet = SHEET.read_text(encoding="utf-8")
    for name in given:
        assert f"var(--{name})" in sheet  # none is there for nothing
        assert not re.search(rf"--{name}\s*:", sheet)  # and none has a second source
    used = set(re.findall(r"var\(--([\w-]+)", sheet))
    defined = set(re.findall(r"--([\w-]+)\s*:", sheet))
    assert {name for name in used - defined if not name.startswith("mantine")} == set(given)


@pytest.mark.parametrize("drawing", ["assets/icon.svg", "sharing/card.svg"])
def test_drawings_have_the_themes_colours(drawing: str) -> None:
    """A drawing stands alone and cannot refer to them."""
    known = {one.lower() for one in literals(Path(theme.__file__))} | {"#fff"}
    found = {one.lower() for one in literals(ROOT / drawing)}
    assert found
    assert found <= known
