"""The documents say what the code does."""

import re
from dataclasses import fields
from html import unescape
from pathlib import Path
from threading import Thread
from types import ModuleType

import numpy as np
import pytest
from werkzeug.serving import make_server

from app import PAGES, create_app
from components.chart import described, render
from components.controls import wiring
from components.registry import CHARTS
from data_sources.errors import SourceError
from data_sources.frozen import MOST_LINKS
from data_sources.market import TERMS, Market, open_market
from data_sources.providers import PROVIDERS
from settings import Access, Settings, load
from sharing.freezing import BadWishError, Wish, read_wish
from sharing.picture import MOST_PIXELS, SIZES
from sharing.preview import LEAD
from sharing.schema import schema
from sharing.view import available
from tests.unit.analytics import test_interval_coverage as coverage
from tests.upstream import TODAY, serve
from tests.upstream import settings as reaching
from view_state import FIELDS, VERSION, ViewState, parse, to_query

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").glob("*.md"))
READABLE = [path for name in ("README.md", "CHANGELOG.md") if (path := ROOT / name).exists()] + DOCS
WITH_EXAMPLES = [path for path in READABLE if path.name in ("README.md", "links.md")]
MARKET = open_market(Settings(data="sample"))

by_name = pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)


def doc(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """Cells of the table whose first heading is the given one."""
    table = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"no table headed {heading}"
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table[1].splitlines()
    ]


def code(text: str) -> list[str]:
    """Python examples."""
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def bare(cell: str) -> str:
    return cell.strip("`")


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


# --- settings


def test_every_setting_is_documented_with_its_default() -> None:
    expected = []
    for name, field in Settings.model_fields.items():
        if field.annotation is not Access:
            expected.append([variable(name), default(field.default), field.description])
            continue
        for part, inner in Access.model_fields.items():
            value = default(getattr(field.default, part))
            meaning = f"{field.description} {inner.description}"
            expected.append([variable(f"{name}__{part}"), value, meaning])
    assert rows(doc("settings"), "name") == expected


def variable(name: str) -> str:
    return f"`BELLWETHER_{name.upper()}`"


def default(value: object) -> str:
    if value in (None, ""):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


@by_name
def test_settings_in_examples_are_settings(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documented = {bare(name) for name, *_ in rows(doc("settings"), "name")}
    text = path.read_text(encoding="utf-8").partition("\n## What cannot be used")[0]
    monkeypatch.setenv("BELLWETHER_FILES", "prices")
    for name, value in re.findall(r"(BELLWETHER_[A-Z_]+)=([^\s`]+)", text):
        assert name in documented
        with monkeypatch.context() as environment:
            environment.setenv(name, value)
            Settings()  # raises where the value cannot be used


@pytest.mark.parametrize(("value", "message"), rows(doc("settings"), "value"))
def test_messages_about_settings_are_the_real_ones(
    value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(*bare(value).split("="))
    with pytest.raises(SystemExit) as end:
        load()
    assert str(end.value) == message


# --- live data


def test_the_terms_of_every_source_are_the_ones_shown() -> None:
    documented = rows(doc("live-data"), "source")
    assert [terms for *_, terms in documented] == list(TERMS.values())
    assert all(row[0].startswith(name) for row, name in zip(documented, TERMS, strict=True))


FAULTS = {
    "asks for a pause": "429 with seconds",
    "is down": "500",
    "turns us away": "403",
    "sends a web page": "web page",
    "sends half an answer": "truncated",
    "has nothing": "empty result",
    "quotes euros": "wrong currency",
    "sends a wrong price": "negative closes",
}


def test_errors_of_vendors_are_the_real_ones() -> None:
    with serve() as upstream:
        here = reaching(upstream).yahoo
        for what, sentence in rows(doc("live-data"), "a vendor"):
            upstream.fault = FAULTS.get(what)
            gone = what == "is unreachable"
            access = here.model_copy(update={"base_url": "http://127.0.0.1:1"}) if gone else here
            with pytest.raises(SourceError) as error:
                PROVIDERS["yahoo"].daily("IWM", None, access, TODAY)
            assert str(error.value) == sentence


# --- links


def test_every_key_is_documented_in_canonical_order_with_its_default() -> None:
    version, *documented = rows(doc("links"), "key")
    assert version[0] == "`v`"
    assert version[2] == f"`{VERSION}`"
    for field, (key, _, _, default) in zip(FIELDS, documented, strict=True):
        assert bare(key) == field.key
        written = field.write(field.default)
        assert default == f"`{written}`" if written else default.startswith("none"), field.key


def test_documented_bounds_are_the_bounds() -> None:
    checked = 0
    for key, _, values, _ in rows(doc("links"), "key"):
        bounds = re.search(r"(-?\d+) to (-?\d+)$", values)
        if bounds is None:
            continue
        low, high = map(int, bounds.groups())
        assert not parse(f"{bare(key)}={low}")[1] + parse(f"{bare(key)}={high}")[1]
        assert parse(f"{bare(key)}={low - 1}")[1]
        assert parse(f"{bare(key)}={high + 1}")[1]
        checked += 1
    assert checked == 6


def test_documented_choices_are_the_choices() -> None:
    choices = {
        bare(key): re.findall(r"`(\w+)`", cell) for key, _, cell, _ in rows(doc("links"), "key")
    }
    for key in ("scale", "m", "f", "theme"):
        (notice,) = parse(f"{key}=?")[1]
        assert f"it must be one of {', '.join(choices[key])}." in notice


def test_canonical_forms_are_the_ones_written() -> None:
    for written, canonical in rows(doc("links"), "written"):
        state, notices = parse(bare(written))
        assert (to_query(state), notices) == (bare(canonical), ())


def test_notices_are_the_real_ones() -> None:
    for part, notice in rows(doc("links"), "part of a link"):
        assert parse(bare(part), available(MARKET))[1] == (notice,)


def test_history_is_pushed_and_replaced_as_documented() -> None:
    pushed, replaced = (
        set(re.findall(r"`(\w+)`", keys)) for keys, _ in rows(doc("links"), "a change of")
    )
    assert pushed == {field["key"] for field in wiring() if field["step"]}
    assert replaced == {field["key"] for field in wiring() if not field["step"]}


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.name)
def test_example_links_open_without_a_notice(path: Path) -> None:
    found = re.findall(r"/\?([^\s`)\"'<>\]]+)", path.read_text(encoding="utf-8"))
    assert found or path.name != "links.md"
    for query in found:
        state, notices = parse(query, available(MARKET))
        assert (to_query(state), notices) == (query, ())


# --- sharing


def test_addresses_of_sharing_are_there() -> None:
    routes = create_app(Settings(data="sample")).server.url_map.bind("localhost")
    any_page, _ = routes.match("/no/such/page")
    for address, _ in rows(doc("sharing"), "address"):
        method, path = bare(address).split()
        at = path.replace("<card>", "overlay").replace("<id>", "x" * 22)
        is_page = path.startswith("/embed/") or (method, path) == ("GET", "/s/<id>")
        assert (routes.match(at, method)[0] == any_page) == is_page, address


def test_example_addresses_of_charts_open_without_a_notice() -> None:
    text = unescape(doc("sharing"))
    found = re.findall(r"/(?:chart|embed)/([a-z-]+)[.a-z]*\?([^\s`\"')]+)", text)
    found += [("overlay", query) for query in re.findall(r'"query": "([^"]+)"', text)]
    assert found
    for card, query in found:
        assert card in CHARTS
        assert parse(query, available(MARKET))[1] == (), query


def test_fields_of_frozen_links_have_their_bounds() -> None:
    documented = rows(doc("sharing"), "field")
    assert [bare(name) for name, *_ in documented] == [field.name for field in fields(Wish)]
    for name, kind, bounds, _ in documented:
        most = re.search(r"([\d,]+)(?: characters| until it expires)", bounds)
        if most is None:
            continue
        number = int(most[1].replace(",", ""))
        good, bad = ("x" * number, "x" * (number + 1)) if kind == "text" else (number, number + 1)
        read_wish({bare(name): good})
        with pytest.raises(BadWishError):
            read_wish({bare(name): bad})
    for page in re.findall(r"`(\S+)`", documented[0][2]):
        assert read_wish({"page": page}).page == page
    assert f"{MOST_LINKS:,} links" in doc("sharing")


def test_sizes_of_pictures_are_documented() -> None:
    documented = rows(doc("sharing"), "size")
    assert {bare(name): tuple(map(int, bounds)) for name, *bounds in documented} == SIZES
    assert f"{MOST_PIXELS:,} pixels" in doc("sharing")


def test_charts_that_stand_for_pages_are_documented() -> None:
    assert {bare(page): bare(chart) for page, chart in rows(doc("sharing"), "page")} == LEAD


def test_fields_of_the_json_are_documented() -> None:
    names = [name for cell, _ in rows(doc("sharing"), "in the JSON") for name in code_of(cell)]
    assert sorted(names) == sorted(schema(CHARTS["overlay"])["properties"])


def code_of(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_examples_in_pandas_read_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    server = make_server("127.0.0.1", 0, create_app(Settings(data="sample")).server)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        for text in code(doc("sharing")):
            here = text.replace("http://127.0.0.1:8050", f"http://127.0.0.1:{server.port}")
            frame = run(here).frame
            assert len(frame)
            assert frame.notna().any().all()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# --- dependencies, charts, pages, files


def test_every_direct_dependency_is_explained() -> None:
    lines = [
        line.split("#")[0].strip()
        for name in ("requirements.in", "requirements-dev.in")
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    ]
    direct = {line.split("==")[0] for line in lines if line and not line.startswith("-")}
    explained = re.findall(r"^\| `([\w\[\]-]+)` \|", doc("dependencies"), re.MULTILINE)
    assert sorted(explained) == sorted(direct)


def test_every_chart_and_page_is_named() -> None:
    text = doc("architecture") + doc("links")
    for name in (*CHARTS, *PAGES):
        assert f"`{name}`" in text


@by_name
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, part = target.partition("#")
        linked = path.parent / name if name else path
        assert linked.exists(), target
        if part:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert part in map(anchor, headings), target


@pytest.mark.parametrize(
    "path", [path for path in DOCS if not path.name.startswith("add-")], ids=lambda path: path.name
)
def test_files_the_documents_name_exist(path: Path) -> None:
    for name in re.findall(r"`(\w[\w./-]*/[\w.-]+\.(?:py|js|csv|css))`", path.read_text("utf-8")):
        assert (ROOT / name).is_file(), name


# --- sentences


BAD_ROWS = {
    "not a number": "2024-01-03,oops",
    "written in another way": '2024-01-03,"1,23"',
    "another currency, or a percentage": "2024-01-03,7%",
    "not above zero": "2024-01-03,0",
    "not finite": "2024-01-03,1e999",
    "a day twice": "2024-01-02,7",
    "a date of another form": "01/03/2024,7",
    "no date": ",7",
    "a time zone in some rows": "2024-01-03T00:00Z,7",
    "a decimal comma between commas": "2024-01-03,7,5",
    "an open quote": '2024-01-03,"7',
}
BAD_FILES = {
    "no header": b"2024-01-01,1,2\n2024-01-02,2,3\n",
    "no close": b"date,bid,ask\n2024-01-01,1,2\n",
    "two that could be the close": b"date,price,last\n2024-01-01,1,2\n",
    "a column twice": b"date,close,Close\n2024-01-01,1,2\n",
    "dates only": b"date\n2024-01-01\n",
    "too short": b"date,close\n2024-01-01,1\n",
    "empty": b"",
    "a picture, a spreadsheet": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "too large": b" " * 20_000_001,
    "two readings of a number": b"date,close\n2024-01-01,1.029\n2024-01-02,989\n",
    "two readings of a date": b"date,close\n"
    + b"".join(f"01/{month:02}/2024,5\n".encode() for month in range(1, 13)),
    "several rows a day": b"date,close\n"
    + b"".join(f"2024-01-{n // 4 + 1:02} {n % 4 + 10}:00,5\n".encode() for n in range(12)),
    "an own file without prices": b"# Pairs\n# Link: http://here/?v=1\nsmall_cap,coin\nRUT,BTC\n",
    "an own file on another scale": b"# Small caps and crypto\n# Link: http://here/?v=1\n"
    b"date,RUT\n2024-01-01,100\n",
}
BAD_CATALOGS = {
    "an unknown kind": "id,name,kind\nA,One,stock\n",
    "an unfit id": "id,name,kind\nb c,One,coin\n",
    "an id twice": "id,name,kind\nA,One,coin\nA,Two,coin\n",
    "a column missing": "id,name\nA,One\n",
    "an unknown mark": "id,name,kind,decimal\nA,One,coin,;\n",
    "an unknown order": "id,name,kind,dates\nA,One,coin,ymd\n",
}


def good_rows() -> list[str]:
    days = (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15, 16)
    return [f"2024-01-{day:02},{100 + day}.5" for day in days]


def spoilt(folder: Path, what: str) -> None:
    """Write files with one thing wrong."""
    lines = good_rows()
    if what in BAD_ROWS:
        lines[2] = BAD_ROWS[what]
    elif what == "neither oldest nor newest first":
        lines[3], lines[4] = lines[4], lines[3]
    elif what == "two time zones":
        lines = [line.replace(",", "T12:00+00:00,") for line in lines]
        lines[2] = lines[2].replace("+00:00", "-05:00")
    elif what == "the future":
        lines[11] = "2999-01-01,5"
    names = {
        "an unfit name": ["my prices.csv"],
        "an instrument twice": ["BTC.csv", "BTC-USD.csv"],
    }.get(what, ["RUT.csv"])
    for name in names:
        (folder / name).write_text("\n".join(["date,close", *lines]) + "\n", encoding="utf-8")
    if what in BAD_FILES:
        (folder / "RUT.csv").write_bytes(BAD_FILES[what])
    if what in BAD_CATALOGS:
        (folder / "catalog.csv").write_text(BAD_CATALOGS[what], encoding="utf-8")
    if what == "no Parquet inside":
        (folder / "RUT.csv").rename(folder / "RUT.parquet")


@pytest.mark.parametrize(("what", "sentence"), rows(doc("data-files"), "what"))
def test_refusals_are_the_real_ones(tmp_path: Path, what: str, sentence: str) -> None:
    spoilt(tmp_path, what)
    assert sentence in open_market(Settings(data="files", files=tmp_path)).problems


def test_a_quoted_finding_is_the_samples() -> None:
    series = MARKET.series(["RUT", "BTC"])
    finding = render(CHARTS["overlay"], series, ViewState()).finding
    quoted = re.search(r'"(and 180 days after \d.*?)"', doc("numbers").replace("\n", " "))
    assert quoted
    assert quoted[1] in finding


def test_coverage_is_what_the_simulations_measure() -> None:
    """Up to the noise of a simulation."""
    documented = [
        [float(cell.rstrip("%")) / 100 for cell in cells]
        for _, _, *cells in rows(doc("numbers"), "volatility")
    ]
    (mark,) = coverage.test_coverage_falls_with_shared_volatility_and_far_with_fat_tails.pytestmark
    measured = [list(found.values()) for _, _, found in mark.args[1]]
    assert np.array(documented) == pytest.approx(np.array(measured), abs=0.005)


# --- examples


def run(text: str) -> ModuleType:
    module = ModuleType("example")
    exec(compile(text, "example", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize(
    "query", ["", "m=spearman&f=m&w=250", "m=ewma&lag=-5&s=IWN", "c=SOL&t=2015-01-01..2016-01-01"]
)
def test_the_example_chart_draws(query: str) -> None:
    (text,) = code(doc("add-a-chart"))
    state = parse(query)[0]
    series = MARKET.series((*state.small_caps, *state.coins))
    chart = run(text).CHART
    drawn = render(chart, series, state)
    assert drawn.status == "ready"
    assert drawn.finding.endswith(".")
    table = chart.table(chart.prepare(series, state))
    assert [column for _, column in described(chart, table)] == list(chart.columns)


def test_the_example_source_reads(tmp_path: Path) -> None:
    (text,) = code(doc("add-a-source"))
    read_wide = run(text).read_wide
    path = tmp_path / "all.csv"
    lines = [f"2024-01-{day:02},{day},{day},1,{day - 3}" for day in range(1, 15)]
    path.write_text("\n".join(["date,btc-usd,^RUT,foo,ETH", *lines]))
    market = Market(lambda: read_wide(path))
    assert list(market.instruments) == ["RUT", "BTC"]
    assert market.problems == (
        "all.csv: no instrument is called 'foo'",
        "all.csv, column ETH: close is -2, must be above zero",
    )
    path.write_text("date,RUT\n2024-01-01,oops\n")
    assert market.problems == ("all.csv is not a readable table",)
    path.unlink()
    assert market.problems == ("all.csv is not a readable table",)
