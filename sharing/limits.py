"""How often one address may ask one worker."""

import math
import time
from collections.abc import Callable
from typing import Any

import flask
from flask_limiter import Limiter, RateLimitExceeded
from flask_limiter.util import get_remote_address

READING = "600 per minute"

Limited = Callable[[str], Callable[[Any], Any]]


def limits(server: flask.Flask) -> Limited:
    """Count who asks how often, for the routes decorated with what this returns.

    Parameters
    ----------
    server
        Who asks too often is answered 429 in JSON, with when to ask again.

    Returns
    -------
    callable
        ``limited(allowed)``, a decorator; `allowed` is Flask-Limiter's, such as "10 per minute".
    """
    limiter = Limiter(get_remote_address, app=server, storage_uri="memory://")

    def limited(allowed: str) -> Callable[[Any], Any]:
        return limiter.limit(allowed, error_message="That was asked too often: wait a little.")

    @server.errorhandler(RateLimitExceeded)
    def refused(error: RateLimitExceeded) -> flask.Response:
        answer = flask.jsonify(message=error.description)
        answer.status_code = 429
        answer.headers["Cache-Control"] = "no-store"
        if limiter.current_limit:
            seconds = math.ceil(limiter.current_limit.reset_at - time.time())
            answer.headers["Retry-After"] = str(max(1, seconds))
        return answer

    return limited
