"""Settings: the only reader of the environment."""

import sys
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set, each as ``BELLWETHER_<NAME>`` in the environment."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_", frozen=True)

    host: str = Field("127.0.0.1", description="Address the local server listens on.")
    port: int = Field(8050, ge=0, le=65535, description="Port the server listens on.")
    data: Literal["sample", "files"] = Field(
        "sample",
        description="Where prices come from: `sample` (simulated, built in) or `files` (a folder "
        "of yours).",
    )
    files: Path | None = Field(
        None,
        description="Folder of CSV or Parquet files, read when DATA is `files`; see "
        "[your own data](data-files.md).",
    )

    workers: int = Field(2, ge=1, le=64, description="Worker processes under gunicorn.")

    @model_validator(mode="after")
    def _files_need_a_folder(self) -> "Settings":
        if self.data == "files" and self.files is None:
            raise ValueError("BELLWETHER_DATA=files needs BELLWETHER_FILES, the folder to read")
        return self


def load() -> Settings:
    """Read the environment; end the program with a plain message when it cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        reasons = []
        for one in error.errors():
            name = "".join(f"BELLWETHER_{part}".upper() + ": " for part in one["loc"])
            reasons.append(name + one["msg"].removeprefix("Value error, "))
        sys.exit("\n".join(reasons))
