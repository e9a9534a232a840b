"""The evidence ledger: which rows of the tables stand behind each published number.

A published table is counted from rows that each point at a span of an article. Its ledger lists,
for every row of the published table, the rows it was counted from, with the file they were read
from and that file's hash, so that each number can be counted again from the ledger alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

ROWS, ARTICLES, WORDS = "rows", "articles", "words"
NUMBERS = {
    "count": ROWS,
    "attributions": ROWS,
    "mentions": ROWS,
    "replies": ROWS,
    "targets": ROWS,
    "statements": ROWS,
    "articles": ARTICLES,
    "words": WORDS,
}
LEDGER = [
    "published",
    "row",
    "key",
    "says",
    "article_id",
    "path",
    "sha256",
    "start",
    "end",
    "words",
]
_SAID = re.compile(r"(?P<number>[\w ]+?) = (?P<value>-?\d+) (?P<unit>rows|articles|words)")


class EvidenceError(ValueError):
    """A published number and the rows behind it do not agree; the message says which."""


def find_rows(counts: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str] = ()) -> pd.DataFrame:
    """Find the rows behind each row of a published table; one row is one row behind one number.

    Parameters
    ----------
    counts
        A published table. Its index is not looked at.
    rows
        What it was counted from: rows with article_id, start and end, or articles with a text.
    keys
        The columns of both whose values say which rows belong together; by default every column
        of names or truth values that both have.

    Returns
    -------
    `rows` with `row` in front, the place in `counts` (from 0); rows that belong to none are left
    out. Raises EvidenceError when a combination of keys stands twice in `counts`.
    """
    keys = list(keys) or shared_keys(counts, rows)
    places = counts[keys].reset_index(drop=True)
    repeated = places[places.duplicated()] if keys else places.iloc[1:]
    if len(repeated):
        raise EvidenceError(f"{dict(repeated.iloc[0])} stands twice: the keys {keys} are too few")
    places = places.assign(row=np.arange(len(places)))
    placed = rows.drop(columns="row", errors="ignore")
    if "start" not in placed:
        placed = placed.assign(start=0, end=placed["text"].str.len())
    if keys:
        placed = placed.merge(places, on=keys, how="inner", validate="many_to_one")
    else:
        placed = placed.merge(places, how="cross")
    front = ["row"]
    return placed[[*front, *(name for name in placed if name not in front)]]


def shared_keys(counts: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Return the columns of names or truth values that both frames have."""
    return [
        name
        for name in counts
        if name in rows
        and name not in NUMBERS
        and (pd.api.types.is_bool_dtype(counts[name]) or not _is_number(counts[name]))
        and name not in ("start", "end", "published")
    ]


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column)


def trace(
    counts: pd.DataFrame,
    rows: pd.DataFrame,
    articles: pd.DataFrame,
    name: str,
    keys: Sequence[str] = (),
    weight: str = "",
    units: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Write the ledger of one published table; one row is one row behind one published row.

    Parameters
    ----------
    counts, rows, keys
        As in `find_rows`. Numbers are the columns named count, attributions, mentions, replies,
        targets and statements (rows), articles (different articles) and words (their sum).
    articles
        Articles with article_id, path and sha256.
    name
        The name under which the table is published.
    weight
        "words" when `count` adds up words instead of counting rows.
    units
        Other columns of numbers and what each counts: "rows", "articles" or "words".

    Returns
    -------
    The columns of LEDGER: `row` is the place in the published table from 0, `key` its keys as
    JSON, `says` its numbers with the unit each is counted in, and then one row behind them. A
    published row without any row behind it has one ledger row without an article.

    Raises
    ------
    EvidenceError
        When a number differs from what its rows give.
    """
    keys = list(keys) or shared_keys(counts, rows)
    behind = find_rows(counts, rows, keys)
    known = NUMBERS | (units or {})
    units = {n: known[n] for n in counts if n in known and _is_number(counts[n])}
    if weight and "count" in units:
        units["count"] = WORDS
    if WORDS in units.values() and "words" not in behind:
        units = {number: unit for number, unit in units.items() if unit != WORDS}
    if not units:
        raise EvidenceError(f"{name} has no number that rows could stand behind: {list(counts)}")
    _check(counts, behind, units, name)
    said = [
        "; ".join(f"{number} = {int(value)} {units[number]}" for number, value in row.items())
        for row in counts[list(units)].to_dict("records")
    ]
    places = pd.DataFrame(
        {
            "published": name,
            "row": np.arange(len(counts)),
            "key": [
                json.dumps(key, ensure_ascii=False, default=str)
                for key in counts[keys].to_dict("records")
            ]
            if keys
            else "{}",
            "says": said,
        }
    )
    if "words" not in behind:
        behind = behind.assign(words=pd.NA)
    behind = behind[["row", "article_id", "start", "end", "words"]]
    known = articles[["article_id", "path", "sha256"]].drop_duplicates("article_id")
    behind = behind.merge(known, on="article_id", how="left", validate="many_to_one")
    unknown = behind["path"].isna()
    if unknown.any():
        raise EvidenceError(f"{name}: no article {behind.loc[unknown, 'article_id'].iloc[0]!r}")
    ledger = places.merge(behind, on="row", how="left", validate="one_to_many")
    ledger[["article_id", "path", "sha256"]] = ledger[["article_id", "path", "sha256"]].fillna("")
    numbers = ["start", "end", "words"]
    return ledger[LEDGER].astype(dict.fromkeys(numbers, "Int64"))


def _check(counts: pd.DataFrame, behind: pd.DataFrame, units: dict[str, str], name: str) -> None:
    counted = _count(behind, np.arange(len(counts)))
    for number, unit in units.items():
        wrong = counts[number].to_numpy() != counted[unit].to_numpy()
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise EvidenceError(
                f"{name}, row {place}: {number} is {counts[number].iloc[place]}, but its evidence "
                f"gives {counted[unit].iloc[place]} {unit}"
            )


def _count(behind: pd.DataFrame, places: Sequence[int]) -> pd.DataFrame:
    """Count rows, articles and words of each place."""
    groups = behind.groupby("row")
    counted = pd.DataFrame(
        {ROWS: groups.size(), ARTICLES: groups["article_id"].nunique()}, index=places
    )
    if "words" in behind:
        counted[WORDS] = groups["words"].sum()
    return counted.reindex(places).fillna(0).astype("int64")


def rebuild(ledger: pd.DataFrame) -> pd.DataFrame:
    """Count every published number again from the ledger; one row is one number.

    Columns: published, row, key, number, unit, said (what was published), counted.
    """
    ledger = ledger.astype({"article_id": "str"}).fillna({"article_id": ""})
    found = []
    for name, part in ledger.groupby("published", sort=False):
        heads = part.drop_duplicates("row").set_index("row")
        counted = _count(part[part["article_id"] != ""], heads.index)
        for row, head in heads.iterrows():
            found += [
                {
                    "published": name,
                    "row": row,
                    "key": head["key"],
                    "number": number,
                    "unit": unit,
                    "said": said,
                    "counted": int(counted.loc[row, unit]),
                }
                for number, said, unit in _said(head["says"])
            ]
    columns = ["published", "row", "key", "number", "unit", "said", "counted"]
    return pd.DataFrame(found, columns=columns)


def _said(says: str) -> Iterator[tuple[str, int, str]]:
    for part in says.split("; "):
        match = _SAID.fullmatch(part)
        if match is None:
            raise EvidenceError(f"the ledger says {part!r}, which is no number")
        yield match["number"], int(match["value"]), match["unit"]
