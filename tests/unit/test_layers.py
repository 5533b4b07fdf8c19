"""One way through the house: who may import whom (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"analytics", "components", "data_sources", "pages", "app", "settings", "view_state"}
MAY_IMPORT = {
    "analytics": set(),
    "view_state": set(),
    "settings": set(),
    "data_sources": {"settings"},
    "components": {"analytics", "view_state", "data_sources"},
    "pages": {"components", "view_state", "data_sources"},
}
NEVER = {
    "analytics": {"dash", "plotly", "flask", "requests", "os", "pathlib"},
    "view_state": {"dash", "plotly", "flask", "pandas", "numpy"},
    "data_sources": {"dash", "plotly", "flask"},
    "components": {"requests", "sqlalchemy", "flask", "os"},
    "pages": {"requests", "sqlalchemy"},
}
# Of data_sources, charts see what a series is; only pages ask the market for one.
COMPONENTS_SEE = {"data_sources.series", "data_sources.catalog"}


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def files(layer: str) -> list[Path]:
    folder = ROOT / layer
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [ROOT / f"{layer}.py"]


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_layer_imports_only_what_it_may(layer: str) -> None:
    found = files(layer)
    assert found
    for path in found:
        tops = {name.split(".")[0] for name in imports(path)}
        assert tops & OURS <= MAY_IMPORT[layer] | {layer}, path
        assert not tops & NEVER.get(layer, set()), path


def test_components_never_reach_the_market() -> None:
    for path in files("components"):
        ours = {name for name in imports(path) if name.startswith("data_sources")}
        assert ours <= COMPONENTS_SEE, path


def test_only_settings_reads_the_environment() -> None:
    for layer in OURS - {"settings"}:
        for path in files(layer):
            assert "os" not in imports(path), path
