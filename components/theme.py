"""The colours of figures and, through `properties`, of pages; the layout figures start from."""

from typing import Any, Literal
from zlib import crc32

Theme = Literal["light", "dark"]

# One hue family a kind, each colour readable (3:1) on both the light and the dark ground, so that
# lines need not change with the theme.
BLUES = {
    "RUT": "#2f81d8", "RUJ": "#0f8fa8", "IWM": "#8a5fd0", "IWN": "#1f9e8a",
    "IWO": "#5566d6", "IJR": "#4b8fb8", "IJS": "#5a7aa8", "VBR": "#3f8f6f",
}  # fmt: skip
ORANGES = {
    "BTC": "#e07b1a", "ETH": "#cf5a4a", "SOL": "#b8860b", "XRP": "#c2638c",
    "ADA": "#a8743f", "DOGE": "#c98a2b", "LINK": "#d0573a",
}  # fmt: skip
WHITE = "#ffffff"
GREY = "#808a96"  # what is compared with: any day, chance, no link
FRAME = "#8a94a3"  # around what is in focus
MARK = "#7f56c9"  # of the author
# Lines of single events. With six dashes, no two of 40 look alike.
EVENTS = (
    BLUES["IWM"], BLUES["IWN"], ORANGES["XRP"], ORANGES["SOL"], BLUES["IJS"], ORANGES["ETH"],
    BLUES["VBR"],
)  # fmt: skip
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

INK = {
    "light": {"text": "#1b2430", "muted": "#5b6675", "grid": "#e3e7ec", "ground": WHITE},
    "dark": {"text": "#e6eaf0", "muted": "#98a3b3", "grid": "#283140", "ground": "#12171e"},
}


# Custom properties of assets/style.css, and the inks they are.
_PROPERTIES = {"ink": "text", "muted": "muted", "line": "grid", "ground": "ground"}


def properties() -> str:
    """The rule for the head of a page that gives assets/style.css its share of these colours."""
    pairs = {name: (INK["light"][key], INK["dark"][key]) for name, key in _PROPERTIES.items()}
    # The other theme's muted ink is fainter than this one's.
    pairs["faint"] = pairs["muted"][::-1]
    inks = {name: f"light-dark({light}, {dark})" for name, (light, dark) in pairs.items()}
    inks["small-cap"] = BLUES["RUT"]
    return ":root {" + " ".join(f"--{name}: {ink};" for name, ink in inks.items()) + "}"


def colour(instrument_id: str, kind: str) -> str:
    """Colour of an instrument: the same wherever and beside whatever it is shown."""
    family = ORANGES if kind == "coin" else BLUES
    spare = list(family.values())
    return family.get(instrument_id, spare[crc32(instrument_id.encode()) % len(spare)])


def faded(hex_colour: str, alpha: float) -> str:
    """`hex_colour` (#rrggbb) as a translucent rgba() colour."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def base_layout(theme: Theme) -> dict[str, Any]:
    """Everything about a figure's layout that is the same on every chart."""
    ink = INK[theme]
    axis = {
        "gridcolor": ink["grid"],
        "showline": False,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"color": ink["muted"]},
        # Zoom along the time axis only: the link holds a range of dates and nothing else.
        "fixedrange": True,
    }
    return {
        "template": None,
        "font": {
            "family": "Inter, system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
            "size": 12,
            "color": ink["text"],
        },
        "paper_bgcolor": ink["ground"],
        "plot_bgcolor": ink["ground"],
        "margin": {"l": 52, "r": 60, "t": 34, "b": 28},
        "xaxis": axis.copy(),
        "yaxis": {**axis, "nticks": 7, "title": {"standoff": 4, "font": {"size": 11}}},
        "hovermode": "x unified",
        "hoverlabel": {
            "bgcolor": ink["ground"],
            "bordercolor": ink["grid"],
            "font": {"color": ink["text"], "size": 12},
            "align": "left",
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "y": 1.0,
            "yref": "container",
            "yanchor": "top",
            # What is on screen is in the link: a legend click would hide a line unrecorded.
            "itemclick": False,
            "itemdoubleclick": False,
        },
        "dragmode": "zoom",
        "shapes": [],
    }
