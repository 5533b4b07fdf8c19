"""Settings: the only reader of the environment."""

import os
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

# Some vendors turn away programs that do not say what they are, Yahoo those that do.
_OURSELVES = "Bellwether (self-hosted dashboard)"
_PREFIX = "BELLWETHER_"
_ORIGIN = r"https?://[A-Za-z0-9.\-:\[\]]+"
# Browsers understand a frame's wildcard host.
_FRAMER = r"https?://(\*\.)?[A-Za-z0-9.\-:\[\]]+"


def _many(one: str) -> str:
    """Pattern of none, of `*`, or of some joined by spaces."""
    return rf"^(\*|({one}( +{one})*)?)$"


class Access(BaseModel):
    """Where a source of prices is and how it wants to be treated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(
        pattern=r"^https?://[^\s/]+(/\S*)?$",
        description="Scheme and host, such as a company mirror; no request goes anywhere else.",
    )
    timeout: float = Field(
        15,
        gt=0,
        le=120,
        description="Longest time for one request in seconds, from looking up the name to the "
        "last byte.",
    )
    user_agent: str = Field(_OURSELVES, description="What the program calls itself.")
    min_interval: float = Field(
        ge=0, le=60, description="Shortest time between two requests, in seconds."
    )


class Settings(BaseSettings):
    """What an operator may set, each as ``BELLWETHER_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
        frozen=True,
    )

    host: str = Field("127.0.0.1", description="Address the local server listens on.")
    port: int = Field(8050, ge=0, le=65535, description="Port the server listens on.")
    data: Literal["auto", "live", "sample", "files"] = Field(
        "auto",
        description="Where prices come from: `live` (fetched from the vendors below), `sample` "
        "(simulated, built in), `files` (a folder of yours) or `auto` (live once there are "
        "prices, the sample until then).",
    )
    files: Path | None = Field(
        None,
        description="Folder of CSV or Parquet files, read when DATA is `files`; see "
        "[your own data](data-files.md).",
    )
    moves: Path | None = Field(
        None,
        description="File that says which doubtful moves of prices are real or splits; in the mode "
        "`files` otherwise `moves.csv` in the folder. See "
        "[doubtful moves](data-files.md#doubtful-moves).",
    )
    database_url: str = Field(
        "sqlite:///data/bellwether.db",
        pattern=r"^(sqlite:///|postgresql\+psycopg://).+",
        description="The price store: `sqlite:///path/file.db` or "
        "`postgresql+psycopg://user:password@host/database`.",
    )
    refresh: bool = Field(
        True,
        description="Whether the server fetches prices itself; `false` where "
        "`python -m data_sources.refresh` does.",
    )
    any_symbol: bool = Field(
        True,
        description="Whether readers may add symbols the catalog does not have.",
    )
    token: SecretStr | None = Field(
        None, description="When set, refreshing on demand needs it; see [live data](live-data.md)."
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+)?$",
        description="Address readers reach the dashboard at, such as `https://bellwether.example`, "
        "written into links and previews; otherwise what each request names. Behind a proxy that "
        "ends TLS it must be set.",
    )
    freeze_token: SecretStr | None = Field(
        None, description="When set, making frozen links needs it; see [sharing](sharing.md)."
    )
    embed_origins: str = Field(
        "",
        pattern=_many(_FRAMER),
        description="Sites that may show charts in a frame: origins such as "
        "`https://blog.example` joined by spaces, or `*` for all.",
    )
    cors_origins: str = Field(
        "",
        pattern=_many(_ORIGIN),
        description="Sites whose scripts may read values as CSV and JSON, written likewise.",
    )
    yahoo: Access = Field(
        Access(
            base_url="https://query2.finance.yahoo.com",
            user_agent="Mozilla/5.0",
            min_interval=0.5,
        ),
        description="Yahoo Finance.",
    )
    coinbase: Access = Field(
        Access(base_url="https://api.exchange.coinbase.com", min_interval=0.2),
        description="Coinbase Exchange.",
    )
    binance: Access = Field(
        Access(base_url="https://data-api.binance.vision", min_interval=0.2),
        description="Binance's public mirror.",
    )
    coin_metrics: Access = Field(
        # 10 requests in 6 seconds are allowed.
        Access(base_url="https://community-api.coinmetrics.io", min_interval=0.7),
        description="Coin Metrics community data.",
    )
    workers: int = Field(2, ge=1, le=64, description="Worker processes under gunicorn.")

    @model_validator(mode="after")
    def _files_need_a_folder(self) -> "Settings":
        if self.data == "files" and self.files is None:
            raise ValueError("BELLWETHER_DATA=files needs BELLWETHER_FILES, the folder to read")
        return self


def bare_environment() -> dict[str, str]:
    """The environment without our settings, which hold secrets: for programs that need none."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}


def load() -> Settings:
    """Read the environment; end the program with a plain message when it cannot be used."""
    try:
        return Settings()
    except SettingsError as error:
        sys.exit(f"{error}. See docs/settings.md")
    except ValidationError as error:
        reasons = []
        for one in error.errors():
            name = "__".join(str(part).upper() for part in one["loc"])
            place = f"BELLWETHER_{name}: " if name else ""
            reasons.append(place + one["msg"].removeprefix("Value error, "))
        sys.exit("\n".join(reasons))
