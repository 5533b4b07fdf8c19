"""What the answers to requests for one view have in common."""

import flask

from sharing.view import RefusedError


def register(server: flask.Flask, public_url: str) -> None:
    """Have refusals answered in words, in JSON where that is what is asked for.

    Parameters
    ----------
    server
        The server.
    public_url
        Address that readers reach it at; "" for that of each request.
    """
    server.config["PUBLIC_URL"] = public_url

    @server.errorhandler(RefusedError)
    def refused(reason: RefusedError) -> flask.Response:
        if flask.request.path.endswith((".json", "/share", "/oembed")):
            answer = flask.jsonify(message=str(reason))
        else:
            answer = flask.Response(f"{reason}\n", mimetype="text/plain")
        answer.status_code = reason.status
        answer.headers["Cache-Control"] = "no-store"
        if reason.retry_after:
            answer.headers["Retry-After"] = str(int(reason.retry_after))
        return answer


def query_text() -> str:
    """The query of the request, as it was sent."""
    return flask.request.query_string.decode("utf-8", "replace")


def site() -> str:
    """Address of the site: the public one that is set, or else as the request names it.

    Raises
    ------
    RefusedError
        When it names none.
    """
    if public := flask.current_app.config.get("PUBLIC_URL"):
        return public
    if not flask.request.host:
        raise RefusedError("The request's Host is no host.", 400)
    return flask.request.host_url.rstrip("/")


def unchanged(tag: str) -> flask.Response | None:
    """304, where the client has the answer with this tag already."""
    if not flask.request.if_none_match.contains_weak(tag):
        return None
    return tagged(flask.Response(status=304), tag)


def tagged(answer: flask.Response, tag: str) -> flask.Response:
    """The answer, to be kept and asked for again: what it is made from may change."""
    # Weak: what is compressed differs in its bytes only.
    answer.set_etag(tag, weak=True)
    answer.headers["Cache-Control"] = "no-cache"
    return answer
