"""A server on the sample, with a store of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from settings import Settings


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., FlaskClient]:
    """Start the application anew on the same store, as after a restart."""

    def start(**settings: object) -> FlaskClient:
        url = f"sqlite:///{tmp_path}/store.db"
        return create_app(
            Settings(**{"data": "sample", "database_url": url, **settings})
        ).server.test_client()

    return start


@pytest.fixture
def client(serve: Callable[..., FlaskClient]) -> FlaskClient:
    return serve()
