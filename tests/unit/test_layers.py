"""One way through the house: who may import whom (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {
    "analytics",
    "components",
    "data_sources",
    "pages",
    "sharing",
    "app",
    "settings",
    "view_state",
}
MAY_IMPORT = {
    "analytics": set(),
    "view_state": set(),
    "settings": set(),
    "data_sources": {"settings"},
    "components": {"analytics", "view_state", "data_sources"},
    "sharing": {"components", "view_state", "data_sources"},
    "pages": {"components", "view_state", "data_sources", "sharing"},
}
NEVER = {
    "analytics": {"dash", "plotly", "flask", "requests", "sqlalchemy", "os", "pathlib"},
    "view_state": {"dash", "plotly", "flask", "pandas", "numpy"},
    "data_sources": {"dash", "plotly", "flask"},
    "components": {"requests", "sqlalchemy", "flask", "os"},
    "sharing": {"requests", "sqlalchemy"},
    "pages": {"requests", "sqlalchemy"},
}
# What a layer sees of data_sources: charts what a series is; only pages ask the market for one.
SEES = {
    "components": {"series", "catalog", "moves"},
    "sharing": {"market", "series", "frozen", "errors"},
    "pages": {"market", "live", "snapshot", "series", "catalog", "errors"},
    "app": {"market"},
}
# What starts and ends processes needs os, and reads the environment no more than others.
_PROCESSES = {"sharing/pictures.py", "sharing/renderer.py"}
_STORE = {"data_sources/store.py", "data_sources/migrations"}
_PROVIDERS = "data_sources/providers"
# What has one place: the files and folders that may import it.
ONLY = {
    "data_sources.providers": {
        _PROVIDERS,
        *(f"data_sources/{name}.py" for name in ("refresh", "fetch", "market")),
    },
    "data_sources.store": {
        f"data_sources/{name}.py"
        for name in ("refresh", "schedule", "stored", "live", "frozen", "market")
    },
    "requests": {_PROVIDERS},
    "urllib3": {_PROVIDERS},
    "yfinance": {_PROVIDERS},
    "clevercsv": {"data_sources/files"},
    "charset_normalizer": {"data_sources/files"},
    "sqlalchemy": _STORE,
    "alembic": _STORE,
}


def imports(path: Path) -> set[str]:
    """Modules a file imports; of ours, those it takes from a package too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            parts = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {part for part in parts if is_ours(part)}
    return names


def is_ours(module: str) -> bool:
    place = ROOT / module.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").is_file()


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


@pytest.mark.parametrize("layer", SEES)
def test_a_layer_sees_no_more_of_the_data_than_it_may(layer: str) -> None:
    allowed = {f"data_sources.{name}" for name in SEES[layer]}
    for path in files(layer):
        ours = {name for name in imports(path) if name.split(".")[0] == "data_sources"}
        assert ours <= allowed, path


@pytest.mark.parametrize("module", ONLY)
def test_what_has_one_place_is_imported_there_only(module: str) -> None:
    importers = {
        path.relative_to(ROOT)
        for layer in OURS
        for path in files(layer)
        if any(f"{name}.".startswith(f"{module}.") for name in imports(path))
    }
    places = {Path(place) for place in ONLY[module]}
    strangers = {one for one in importers if places.isdisjoint({one, *one.parents})}
    assert importers
    assert not strangers


def names(path: Path) -> set[str]:
    """What a file takes from modules and objects, by name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


def test_only_settings_reads_the_environment() -> None:
    for layer in OURS - {"settings"}:
        for path in files(layer):
            if path.relative_to(ROOT).as_posix() in _PROCESSES:
                assert not names(path) & {"environ", "environb", "getenv", "getenvb"}, path
            else:
                assert "os" not in imports(path), path
