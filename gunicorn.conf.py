"""How gunicorn serves Bellwether: `gunicorn` in this folder is the whole command."""

from settings import load

_settings = load()

wsgi_app = "app:create_server()"
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
worker_class = "gthread"
threads = 4
# The app is built and warmed once, then forked: memory is shared and no first request waits.
preload_app = True
# Without it, keep-alive connections can all land on one worker.
reuse_port = True
timeout = 60
max_requests = 10_000
max_requests_jitter = 1_000
accesslog = None
