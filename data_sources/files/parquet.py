"""A Parquet file, whichever program wrote it: by its columns, or by the index of a data frame."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data_sources.catalog import Instrument
from data_sources.errors import BadFile, InvalidSeries
from data_sources.files.headings import (
    Heading,
    columns_of_dates,
    date_column,
    heading,
    value_columns,
)
from data_sources.files.sheet import Column, Sheet
from data_sources.files.text import MAX_BYTES, MAX_ROWS, TOO_LARGE

_LEVEL = re.compile(r"'([^']*)'")
_UNREADABLE = (pa.ArrowException, OSError, KeyError, TypeError, ValueError)


def read_parquet(path: Path, known: Sequence[Instrument]) -> Sheet:
    """Read the dates and the closes of a Parquet file.

    Raises
    ------
    BadFile
        Naming the row, when the file is not such a table.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadFile(path, None, TOO_LARGE)
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows > MAX_ROWS:
                raise BadFile(path, None, TOO_LARGE)
            dates, values = _chosen(file.schema_arrow, known)
            table = file.read([file.schema_arrow.names[at] for at in (dates, *values.values())])
            columns = {
                name: _column(table[file.schema_arrow.names[at]]) for name, at in values.items()
            }
            days = _column(table[file.schema_arrow.names[dates]], is_date=True)
    except InvalidSeries as error:
        raise BadFile(path, None, error.reason) from error
    except _UNREADABLE as error:
        raise BadFile(path, None, "not a readable Parquet file") from error
    return Sheet(days, columns, range(1, table.num_rows + 1))


def _chosen(schema: pa.Schema, known: Sequence[Instrument]) -> tuple[int, dict[str, int]]:
    """The column of dates and those of closes."""
    about = schema.pandas_metadata or {}
    index = {name for name in about.get("index_columns", ()) if isinstance(name, str)}
    has_levels = len(about.get("column_indexes", ())) > 1
    headings = [
        heading(_LEVEL.findall(name)) if has_levels and name.startswith("(") else Heading(name)
        for name in schema.names
    ]
    indexes = [at for at, name in enumerate(schema.names) if name in index]
    dates = date_column(headings, lambda at: not _is_number(schema.types[at]))
    if dates is None:
        days = [at for at in range(len(headings)) if pa.types.is_temporal(schema.types[at])]
        texts = [at for at in indexes if not _is_number(schema.types[at])]
        dates = next((at for at in (*days, *texts) if at in indexes), (*days, 0)[0])
    others = columns_of_dates(headings, dates).union(indexes)
    return dates, value_columns(headings, others, known)


def _column(column: pa.ChunkedArray, *, is_date: bool = False) -> Column:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if (
        is_date
        and (pa.types.is_timestamp(kind) or pa.types.is_date(kind))
        and not column.null_count
    ):
        return _days(column)
    if not is_date and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    if not is_date and pa.types.is_decimal(kind):
        # By way of Python, which rounds to the nearest float.
        values = [np.nan if one is None else float(one) for one in column.to_pylist()]
        return np.array(values, dtype="float64")
    return ["" if one is None else _text(one) for one in column.to_pylist()]


def _days(column: pa.ChunkedArray) -> np.ndarray:
    """Days as a clock in the column's own time zone shows them."""
    if pa.types.is_date(column.type):
        return column.cast(pa.date32()).to_numpy().astype("datetime64[D]")
    stamps = column.to_pandas().dt.tz_localize(None)
    return stamps.to_numpy().astype("datetime64[D]")


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
