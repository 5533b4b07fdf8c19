"""How gunicorn serves Bellwether: `gunicorn` in this folder is the whole command."""

from typing import Any

from settings import load

_settings = load()
_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

wsgi_app = "app:create_server()"
bind = f"{_host}:{_settings.port}"
workers = _settings.workers
worker_class = "gthread"
threads = 4
# The app is built and warmed once, then forked: memory is shared and no first request waits.
preload_app = True
# One queue for all workers: with one each (reuse_port), a worker that ends takes its queue along.
reuse_port = False
timeout = 60
# A link with words in other scripts takes thousands of characters: as many as gunicorn allows.
limit_request_line = 8190
max_requests = 10_000
max_requests_jitter = 1_000
accesslog = None
control_socket_disable = True


def post_fork(server: Any, _worker: Any) -> None:
    """Start what fetches and watches prices; threads do not survive a fork."""
    extensions = server.app.callable.extensions
    live = extensions["market"].live
    if live is not None:
        live.start()
    # The first link that is pasted somewhere is not to wait for Chrome.
    extensions["pictures"].warm()
