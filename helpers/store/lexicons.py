"""The word lists in data/lexicons: one CSV a list, every row saying where its fact comes from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import pandas as pd

from helpers.store.paths import LEXICONS


def read_lexicon(name: str) -> pd.DataFrame:
    """Return the list `name`, all columns as text, empty cells as "".

    Raises FileNotFoundError when there is no such list and ValueError when a row does not say
    where it comes from.
    """
    return _read(name).copy()


def read_aliases(name: str, kind: str = "") -> dict[str, str]:
    """Return every name and alias of the list `name` with the canonical name it stands for.

    The list has the columns `name` and `aliases` (separated by "|"); with `kind`, only its rows of
    that kind. Raises ValueError when an alias stands for two names.
    """
    return dict(_aliases(name, kind))


@cache
def read_words(name: str, kind: str = "", column: str = "word") -> frozenset[str]:
    """Return what the rows of the list `name` have in a column; with `kind`, only its rows."""
    table = _read(name)
    return frozenset((table[table["kind"] == kind] if kind else table)[column])


@cache
def read_facts(name: str, of: str, fact: str, kind: str = "") -> Mapping[str, str]:
    """Return one column of the list `name` (`fact`) by another (`of`); with `kind`, its rows."""
    table = _read(name)
    table = table[table["kind"] == kind] if kind else table
    return MappingProxyType(dict(zip(table[of], table[fact], strict=True)))


@cache
def _read(name: str) -> pd.DataFrame:
    path = LEXICONS / f"{name}.csv"
    if not path.is_file():
        there = ", ".join(sorted(found.stem for found in LEXICONS.glob("*.csv")))
        raise FileNotFoundError(f"no word list {path}; there is: {there}")
    lexicon = pd.read_csv(path, dtype=str, keep_default_na=False)
    if "source" not in lexicon:
        raise ValueError(f"{path} has no column 'source'")
    unsourced = lexicon.index[lexicon["source"].str.strip() == ""]
    if len(unsourced):
        raise ValueError(f"{path}, line {unsourced[0] + 2}: 'source' is empty")
    return lexicon


@cache
def _aliases(name: str, kind: str) -> dict[str, str]:
    canonical: dict[str, str] = {}
    table = _read(name)
    for row in (table[table["kind"] == kind] if kind else table).itertuples():
        for alias in filter(None, [row.name, *row.aliases.split("|")]):
            if canonical.setdefault(alias, row.name) != row.name:
                raise ValueError(
                    f"list {name}: {alias!r} stands for {canonical[alias]!r} and {row.name!r}"
                )
    return canonical
