"""A question in SQL over the tables of a corpus, answered by DuckDB, which reads nothing else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from helpers.store import schema, tables
from helpers.store.paths import printable

SHOWN = 50  # rows that are printed
CLOSED = {"enable_external_access": "false", "temp_directory": ""}


class QueryError(ValueError):
    """A question cannot be answered; the message says why, and what to do."""


def query(question: str, folder: str | Path) -> pd.DataFrame:
    """Return what one SELECT over the tables in `folder` finds; one row is one of its answer.

    The tables are there under their names (data/README.md), `folder` is what `build` wrote, on
    disk or in a store. No other file can be read and none written. Raises QueryError for SQL that
    DuckDB refuses or that is more than one SELECT, RuntimeError where DuckDB is not installed, and
    what `tables.read_table` raises.
    """
    try:
        import duckdb
    except ModuleNotFoundError:
        told = (
            "questions in SQL need DuckDB: run `pip install -e '.[query]'` or `pip install duckdb`"
        )
        raise RuntimeError(told) from None
    with duckdb.connect(config=CLOSED) as connection:
        for name in schema.TABLES:
            connection.register(name, tables.open_dataset(name, folder))
        connection.execute("SET lock_configuration = true")
        try:
            asked = connection.extract_statements(question)
            if [one.type for one in asked] != [duckdb.StatementType.SELECT]:
                raise QueryError("give one question that begins with SELECT: tables are only read")
            return schema.to_frame(connection.sql(question).to_arrow_table())
        except duckdb.Error as error:
            told = str(error).replace("\n\n", "\n")
            raise QueryError(f"{told}\nthe tables are {', '.join(schema.TABLES)}") from None


def say(answer: pd.DataFrame) -> str:
    """Write an answer as text, its first rows when there are many, fit for a terminal."""
    lines = answer.head(SHOWN).to_string(index=False, max_colwidth=60).split("\n")
    if len(answer) > SHOWN:
        lines.append(f"… and {len(answer) - SHOWN:,} more rows: --out FILE.csv writes all")
    return "\n".join(map(printable, lines))
