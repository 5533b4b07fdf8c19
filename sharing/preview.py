"""What others show of a link: tags for link previews, the picture they name, and oEmbed."""

import re
from html import escape
from pathlib import Path
from urllib.parse import quote, urlsplit

import flask
import pandas as pd

from components.plotting import day
from components.present import dated
from components.registry import CHARTS
from data_sources.market import Market
from sharing.answers import query_text, site, tagged, unchanged
from sharing.exports import Asked, asked
from sharing.limits import READING, Limited
from sharing.picture import draw, headline, without
from sharing.pictures import Pictures
from sharing.view import Opened, RefusedError, live_address
from view_state import to_query

LEAD = {
    "/": "rolling-correlation",
    "/evidence": "event-odds",
    "/lead-lag": "lead-lag",
    "/claims": "claims",
}
"""The chart that stands for each page."""

CARD = Path(__file__).with_name("card.png")
"""The picture shown where a view's own cannot be had in time."""

WIDTH, HEIGHT = 1200, 630
ABOUT = (
    "Tests whether small-cap breakouts lead crypto rallies, with N and the uncertainty of every "
    "number shown."
)
_EMBED = {"width": 720, "height": 560}
_LONGEST_ADDRESS = 8000
_PATIENCE = 4.0  # seconds: chat programs wait about five
_ZOOM = 1.25  # they show it at half its size


def tags(found: Opened, card: str, address: str, finding: str, base_url: str) -> str:
    """Tags for the head of a page.

    Parameters
    ----------
    found
        The view.
    card
        The chart that stands for it; "" where none does.
    address
        Full address of the view.
    finding
        Of that chart, with what a reader must know of the prices; "" while there is none.
    base_url
        Address of the site.
    """
    title = found.title or (headline(CHARTS[card], found.state) if card else "Bellwether")
    # A preview is read far from the page's own badge.
    said = f"Sample data: {finding}" if finding and found.market.is_sample else finding or ABOUT
    about = " ".join(part for part in (said, data_to(found)) if part)
    image = f"/preview/{card}.png?{to_query(found.state)}" if card else "/preview/card.png"
    properties = {
        "og:type": "website",
        "og:site_name": "Bellwether",
        "og:title": title,
        "og:description": about,
        "og:url": address,
        "og:image": base_url + image,
        "og:image:type": "image/png",
        "og:image:width": str(WIDTH),
        "og:image:height": str(HEIGHT),
        "og:image:alt": f"{title}. {about}",
    }
    names = {
        "description": about,
        "twitter:card": "summary_large_image",
        "twitter:title": title,
        "twitter:description": about,
        "twitter:image": base_url + image,
    }
    lines = [
        *(f'<meta property="{key}" content="{escape(text)}">' for key, text in properties.items()),
        *(f'<meta name="{key}" content="{escape(text)}">' for key, text in names.items()),
        f'<link rel="canonical" href="{escape(address)}">',
    ]
    oembed = f"{base_url}/oembed?url={quote(address, safe='')}"
    if card and len(oembed) < _LONGEST_ADDRESS:
        lines.append(
            '<link rel="alternate" type="application/json+oembed" '
            f'href="{escape(oembed)}" title="{escape(title)}">'
        )
    return "\n".join(lines)


def data_to(found: Opened) -> str:
    """The day that the data of a view reach, and how old they are if they are not fresh."""
    series = found.market.series(found.state.pair, found.state.align or "").values()
    if not series:
        return ""
    last = min(one.as_of for one in series)
    if found.state.span[1] is not None:
        last = min(last, pd.Timestamp(found.state.span[1]))
    when = dated(last, list(series), found.state)
    return f"Data to {day(last) if when == 'now' else when.removeprefix('on ')}."


def register(server: flask.Flask, market: Market, pictures: Pictures, limited: Limited) -> None:
    """Add ``/preview/<card>.png``, ``/oembed`` and ``/share``, which the share dialog asks."""

    @server.get("/preview/<card>.png")
    def preview(card: str) -> flask.Response:
        try:
            ask = asked(card, query_text(), market)
            tag = ask.picture_tag("preview")
            if answer := unchanged(tag):
                return answer
            drawn = draw(
                pictures,
                tag,
                ask,
                width=WIDTH,
                height=HEIGHT,
                scale=1,
                form="png",
                zoom=_ZOOM,
                timeout=_PATIENCE,
            )
        except RefusedError:
            # A picture of no view is better than none; the next who asks may get the view's.
            answer = flask.Response(CARD.read_bytes(), mimetype="image/png")
            answer.headers["Cache-Control"] = "max-age=60"
            return answer
        return tagged(flask.Response(drawn, mimetype="image/png"), tag)

    @server.get("/share")
    @limited(READING)
    def offer() -> flask.Response:
        """The live link of a view, with all that could drift written out."""
        page = flask.request.args.get("page", "/")
        if page not in LEAD:
            raise RefusedError("There is no such page with charts.", 404)
        ask = asked(LEAD[page], without(query_text(), {"page"}), market)
        # Who opens the dialog may want a picture next.
        pictures.warm()
        answer = flask.jsonify(live=(site()) + live_address(ask.found, page))
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @server.get("/oembed")
    def oembed() -> flask.Response:
        if flask.request.args.get("format", "json") != "json":
            raise RefusedError("Only JSON is offered here.", 501)
        base = site()
        ask = _embedded(flask.request.args.get("url", ""), market, base)
        card = ask.chart.id
        size = {side: _side(side) for side in _EMBED}
        source = f"{base}/embed/{card}?{to_query(ask.found.state)}"
        title = ask.found.title or headline(ask.chart, ask.found.state)
        frame = (
            f'<iframe src="{escape(source)}" width="{size["width"]}" height="{size["height"]}" '
            f'title="{escape(title)}" style="border:0" loading="lazy"></iframe>'
        )
        return flask.jsonify(
            version="1.0",
            type="rich",
            title=title,
            provider_name="Bellwether",
            provider_url=f"{base}/",
            html=frame,
            thumbnail_url=f"{base}/preview/{card}.png?{to_query(ask.found.state)}",
            thumbnail_width=WIDTH,
            thumbnail_height=HEIGHT,
            **size,
        )


def _side(name: str) -> int:
    """Width or height of an embed: at most what the reader's site has room for."""
    most = flask.request.args.get(f"max{name}", "")
    return min(_EMBED[name], int(most)) if re.fullmatch(r"[1-9][0-9]{1,4}", most) else _EMBED[name]


def _embedded(url: str, market: Market, base_url: str) -> Asked:
    """The chart of an address of this site: an embed's own, or the one that stands for a page."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RefusedError("That is no address.", 404) from None
    if parts.netloc not in ("", flask.request.host, urlsplit(base_url).netloc):
        raise RefusedError("That address is of another site.", 404)
    place, query = parts.path, parts.query
    if embed := re.fullmatch(r"/embed/([a-z-]+)", place):
        return asked(embed[1], query, market)
    if frozen := re.fullmatch(r"/s/(\w+)", place):
        query, place = f"frozen={frozen[1]}&{query}", "/"
        frozen_link = asked(LEAD[place], query, market).found.frozen
        place = frozen_link.link.page if frozen_link else place
    if place not in LEAD:
        raise RefusedError("That address shows no chart.", 404)
    return asked(LEAD[place], query, market)
