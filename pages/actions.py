"""What the server answers besides pages: health, series, status, symbols, refresh, freezing."""

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

import flask
import numpy as np
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    HTTPException,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
)

from data_sources.errors import NotPossible, StoreTooNew, StoreUnavailable, TooSoon
from data_sources.live import Live
from data_sources.market import Market
from data_sources.snapshot import Status
from sharing.answers import query_text, site
from sharing.freezing import BadWishError, ChangedError, freeze, read_wish
from sharing.limits import READING, Limited
from sharing.view import RefusedError, opened

_Made = TypeVar("_Made")

FOREVER = "public, max-age=31536000, immutable"
# What one address may ask of one worker.
_ADDING = "10 per minute; 60 per hour"
_REFRESHING = "6 per minute"
_FREEZING = "10 per minute; 100 per hour"


def status_of(market: Market) -> dict[str, Any]:
    """What a page compares with what it shows, of one moment."""
    market = market.still()
    return {
        "version": market.version,
        "is_sample": market.is_sample,
        "progress": market.progress,
        "label": market.label,
    }


def register(
    server: flask.Flask,
    market: Market,
    limited: Limited,
    *,
    any_symbol: bool,
    token: str | None,
    freeze_token: str | None = None,
) -> None:
    """Add the routes.

    Parameters
    ----------
    server
        Where they are added.
    market
        Where data and statuses are.
    limited
        Counts how often one client asks; see :func:`sharing.limits.limits`.
    any_symbol
        Whether readers may add symbols.
    token
        What refreshing on demand needs; None when anybody may.
    freeze_token
        What making a frozen link needs, likewise.
    """
    actions = flask.Blueprint("actions", __name__)

    actions.register_error_handler(HTTPException, _explained)

    @actions.after_request
    def keep_nothing(response: flask.Response) -> flask.Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    _add_data(server, market)
    _add_status(actions, market, limited)
    _add_symbols(actions, market, limited, any_symbol=any_symbol)
    _add_refresh(actions, market, limited, token)
    _add_frozen(actions, market, limited, freeze_token)
    server.register_blueprint(actions)


def _add_data(server: flask.Flask, market: Market) -> None:
    @server.get("/healthz")
    def healthz() -> tuple[str, int, dict[str, str]]:
        return "ok\n", 200, {"Content-Type": "text/plain", "Cache-Control": "no-store"}

    @server.get("/series/<id_>")
    def series(id_: str) -> flask.Response:
        """Days since 1970, then closes, as little-endian float64: for live tuning."""
        try:
            data = opened(query_text(), market).market
        except RefusedError as problem:
            return flask.Response(f"{problem}\n", problem.status, mimetype="text/plain")
        held = data.find(id_, flask.request.args.get("h", ""))
        if held is None:
            return flask.Response("No such series\n", 404, mimetype="text/plain")
        days = held.frame.index.to_numpy().astype("datetime64[D]").astype("<f8")
        body = np.concatenate([days, held.frame["close"].to_numpy()]).astype("<f8").tobytes()
        response = flask.Response(body, mimetype="application/octet-stream")
        # The address names the content, so the answer to it never changes.
        response.headers["Cache-Control"] = FOREVER
        return response


def _add_status(actions: flask.Blueprint, market: Market, limited: Limited) -> None:
    @actions.get("/readyz")
    def readyz() -> dict[str, str]:
        if not market.instruments:
            progress = f": {market.progress}" if market.progress else ""
            raise ServiceUnavailable(f"There are no prices yet{progress}.")
        return {"message": "ready"}

    @actions.get("/status")
    @limited(READING)
    def status() -> dict[str, Any]:
        return status_of(market)


def _add_symbols(
    actions: flask.Blueprint, market: Market, limited: Limited, *, any_symbol: bool
) -> None:
    @actions.post("/symbols")
    @limited(_ADDING)
    def add_symbol() -> tuple[dict[str, str], int]:
        body = _json()
        live = _live(market)
        if not any_symbol:
            raise Forbidden("Adding symbols is turned off here.")
        symbol, kind = body.get("symbol"), body.get("kind")
        if not isinstance(symbol, str) or kind not in ("small_cap", "coin"):
            raise BadRequest("Name a symbol, and as its kind small_cap or coin.")
        try:
            id_ = live.add(symbol, kind)
        except NotPossible as reason:
            raise BadRequest(str(reason)) from reason
        return _told(id_, live.status(id_), market), 202

    @actions.get("/symbols/<id_>")
    @limited(READING)
    def symbol(id_: str) -> dict[str, str]:
        found = _live(market).status(id_)
        if found is None:
            raise NotFound("Nobody has asked for that symbol here.")
        return _told(id_, found, market)


def _add_refresh(
    actions: flask.Blueprint, market: Market, limited: Limited, token: str | None
) -> None:
    @actions.post("/refresh")
    @limited(_REFRESHING)
    def refresh() -> tuple[dict[str, str], int]:
        _json()
        live = _live(market)
        _check(token)
        try:
            live.refresh_now()
        except TooSoon as reason:
            raise TooManyRequests(f"{reason}.", retry_after=reason.seconds) from reason
        except NotPossible as reason:
            raise ServiceUnavailable(str(reason)) from reason
        return {"message": "Everything is being fetched again."}, 202


def _add_frozen(
    actions: flask.Blueprint,
    market: Market,
    limited: Limited,
    token: str | None,
) -> None:
    def kept(work: Callable[[], _Made]) -> _Made:
        try:
            return work()
        except RefusedError as problem:
            error = NotFound if problem.status == 404 else ServiceUnavailable
            raise error(str(problem)) from problem
        except (NotPossible, StoreUnavailable, StoreTooNew) as problem:
            raise ServiceUnavailable(f"{str(problem).removesuffix('.')}.") from problem

    @actions.post("/s")
    @limited(_FREEZING)
    def make() -> tuple[dict[str, str], int]:
        _check(token)
        try:
            wish = read_wish(_json())
            id_, secret = kept(lambda: freeze(wish, market))
        except BadWishError as reason:
            raise BadRequest(str(reason)) from reason
        except ChangedError as changed:
            message = (
                "Newer prices have arrived since this page was drawn. Freeze again to take them, "
                "or close this and reload the page to see them first."
            )
            return {"message": message, "version": changed.version}, 409
        return {"id": id_, "link": f"{site()}/s/{id_}", "secret": secret}, 201

    @actions.delete("/s/<id_>")
    @limited(_FREEZING)
    def delete(id_: str) -> dict[str, str]:
        given = flask.request.headers.get("Authorization", "").removeprefix("Bearer ")
        frozen = market.frozen
        if frozen is None or not given or not kept(lambda: frozen.delete(id_, given)):
            raise NotFound("There is no such frozen link, or that is not its secret.")
        return {"message": "It is deleted."}


def _check(token: str | None) -> None:
    """Turn away who has not the token, where one is set."""
    if token is None:
        return
    given = flask.request.headers.get("Authorization", "")
    # Flask reads a header's bytes as Latin-1.
    if not hmac.compare_digest(given.encode("latin-1"), f"Bearer {token}".encode()):
        raise Unauthorized("That is not the token." if given else "This needs the token.")


def _explained(error: HTTPException) -> flask.Response:
    """What went wrong, in JSON."""
    answer = flask.jsonify(message=error.description)
    answer.status_code = error.code or 500
    if isinstance(error, TooManyRequests):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _json() -> dict[str, Any]:
    """The request's JSON object. A form on another site cannot send one."""
    if flask.request.mimetype != "application/json":
        raise UnsupportedMediaType("Send JSON.")
    try:
        body = flask.request.get_json(silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise BadRequest("Send a JSON object.")
    return body


def _live(market: Market) -> Live:
    if market.live is None:
        raise Conflict("Nothing is fetched here: these data are no live data.")
    return market.live


def _told(id_: str, status: Status | None, market: Market) -> dict[str, str]:
    """How it stands with one symbol, for the reader who asked for it."""
    if status and status.series is not None and id_ in market.instruments:
        state, message = "ready", f"{id_} is here."
    elif status and status.series is None and status.error:
        state, message = "failed", f"{id_}: {status.error}"
    else:
        is_coin = status is not None and status.instrument.kind == "coin"
        state, message = (
            "waiting",
            f"{id_}: waiting for {'prices' if is_coin else 'Yahoo Finance'}…",
        )
    return {"id": id_, "state": state, "message": message}
