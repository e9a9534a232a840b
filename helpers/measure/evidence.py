"""The evidence ledger: which rows of the tables stand behind each published number.

A published table is counted from rows that each point at a span of an article. Its ledger lists,
for every row of the published table, the rows it was counted from, with the file they were read
from and that file's hash, so that each number can be counted again from the ledger alone.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.measure.select import lay_out, types_of
from helpers.store import tables
from helpers.store.paths import DATA

ROWS, ARTICLES, WORDS, VALUES = UNITS = ("rows", "articles", "words", "values")
AGGREGATES = {"mean": "mean", "sum": "sum", "spread": "std"}
AGGREGATES |= {"least": "min", "median": "median", "most": "max"}
PLACE = ("start", "end", "words")
LISTED, SOME = 100_000, 5
UNLISTED = "not listed"
_SAID = re.compile(
    rf"(?P<number>[\w ]+?) = (?P<value>\S+) (?P<unit>{'|'.join([*UNITS, *AGGREGATES])})"
)


@functools.cache
def _rules() -> dict[str, list[str]]:
    """Return what each number of the suite's tables is made of: data/numbers.csv."""
    told = tables.read_csv(DATA / "numbers.csv")
    return dict(zip(told["number"], told["made_of"].str.split("; "), strict=True))


class EvidenceError(ValueError):
    """A published number and the rows behind it do not agree; the message says which."""


def find_rows(counts: pd.DataFrame, rows: pd.DataFrame, keys: Sequence[str] = ()) -> pd.DataFrame:
    """Find the rows behind each row of a published table; one row is one row behind one number.

    Parameters
    ----------
    counts
        A published table. Its index is not looked at.
    rows
        What it was counted from: rows with article_id, and start and end where they are less than
        the whole article.
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
    row = _find_row(rows, places)
    placed = rows.drop(columns="row", errors="ignore")[row >= 0].reset_index(drop=True)
    placed.insert(0, "row", row[row >= 0])
    if "start" not in placed:
        end = placed["text"].str.len() if "text" in placed else pd.NA
        placed = placed.assign(start=0, end=end)
    return placed


def _find_row(rows: pd.DataFrame, places: pd.DataFrame) -> np.ndarray:
    """Return for each row the place of its keys in `places`, -1 where they are not there."""
    found = np.full(len(rows), 0 if len(places) else -1)
    known = np.zeros(len(places), int)
    for key in places:
        values = pd.Series(places[key].unique())
        both, known = np.unique(
            known * len(values) + tables.find_places(places[key], values), return_inverse=True
        )
        held = tables.find_places(rows[key], values)
        joint = np.where((found < 0) | (held < 0), -1, found * len(values) + held)
        found = pd.Index(both).get_indexer(joint)
    order = np.full(len(places) + 1, -1)
    order[known] = np.arange(len(places))
    return order[found]


def shared_keys(counts: pd.DataFrame, rows: pd.DataFrame) -> list[str]:
    """Return the columns of names or truth values that both frames have."""
    return [
        name
        for name in counts
        if name in rows and not _is_number(counts[name]) and name not in (*PLACE, "published")
    ]


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def trace(
    counts: pd.DataFrame,
    rows: pd.DataFrame,
    articles: pd.DataFrame,
    name: str,
    keys: Sequence[str] = (),
    numbers: Mapping[str, str] | None = None,
    value: str = "",
) -> pd.DataFrame:
    """Write the ledger of one published table; one row is one row behind one published row.

    Parameters
    ----------
    counts, rows, keys
        As in `find_rows`.
    articles
        Articles with article_id, path and sha256; with their text where rows have no end.
    name
        The name under which the table is published.
    numbers
        The columns of numbers, and what each is of the rows behind it: "rows" (how many),
        "articles" (how many different ones), "words" (their sum), "values" (how many different
        values of `value` there are), or one of AGGREGATES of `value`. By default those that
        data/numbers.csv calls rows, articles or words.
    value
        A column of `rows` that numbers are made from.

    Returns
    -------
    The columns of the ledger: `row` is the place in the published table from 0, `key` its keys as
    JSON, `says` its numbers with what each is of the rows, and then one row behind them. A
    published row without any row behind it has one ledger row without an article. Of a row that
    lies beyond the first LISTED rows behind the table, five at the most are there, with "not
    listed" as their value; its numbers are checked like all others.

    Raises
    ------
    EvidenceError
        When a number differs from what its rows give.
    """
    if counts.empty:
        return lay_out("ledger")
    keys = list(keys) or shared_keys(counts, rows)
    needed = {*keys, *types_of("ledger"), value}
    if "start" not in rows:
        needed.add("text")
    behind = find_rows(counts, rows[[column for column in rows if column in needed]], keys)
    usual = {name: rule for name in counts for rule in _rules().get(name, ()) if rule in UNITS}
    units = dict(numbers or usual)
    if "words" not in behind:
        units = {number: unit for number, unit in units.items() if unit != WORDS}
        behind = behind.assign(words=pd.NA)
    if not units:
        raise EvidenceError(f"{name} has no number that rows could stand behind: {list(counts)}")
    behind["value"] = behind[value] if value else ""
    _check(counts, behind, units, name)
    told = zip(_write_keys(counts, keys), _write_numbers(counts, units), strict=True)
    places = pd.DataFrame(told, columns=["key", "says"]).rename_axis("row").reset_index()
    places.insert(0, "published", name)
    behind = behind[["row", "article_id", *PLACE, "value"]]
    sizes = np.bincount(behind["row"], minlength=len(counts))
    listed = sizes.cumsum() <= LISTED
    step = np.maximum(-(-sizes // SOME), 1)[behind["row"]]
    behind = behind[listed[behind["row"]] | (behind.groupby("row").cumcount() % step == 0)]
    known = articles.drop_duplicates("article_id", ignore_index=True)
    there = tables.find_places(behind["article_id"], known["article_id"])
    if (there < 0).any():
        raise EvidenceError(f"{name}: no article {behind.loc[there < 0, 'article_id'].iloc[0]!r}")
    files = ("path", "sha256")
    behind = behind.assign(**{column: known[column].array.take(there) for column in files})
    if "text" in known and behind["end"].isna().any():
        behind["end"] = known["text"].str.len().to_numpy()[there]
    ledger = places.merge(behind, on="row", how="left", validate="one_to_many")
    ledger = ledger.fillna(dict.fromkeys(("article_id", *files), ""))
    if value:
        ledger["value"] = ledger["value"].map(_plain, na_action="ignore")
    ledger["value"] = ledger["value"].astype(object).fillna("").astype("str")
    ledger.loc[~(listed | (sizes == 0))[ledger["row"]], "value"] = UNLISTED
    return lay_out("ledger", ledger)


def trace_all(
    counts: pd.DataFrame,
    rows: pd.DataFrame,
    articles: pd.DataFrame,
    name: str,
    of: pd.DataFrame | None = None,
    by: Sequence[str] = (),
    keys: Sequence[str] = (),
    counted: Mapping[str, str] | None = None,
) -> Iterator[pd.DataFrame]:
    """Yield the ledgers of all numbers of a published table that are counted from rows.

    Parameters
    ----------
    counts, rows, articles, name, keys
        As for `trace`. The first ledger has this name; numbers that are counted from some of the
        rows only have ledgers of their own, for instance "speakers (direct)".
    of, by
        What `n` counts, in each value of the columns `by`: `rows`, or other rows, whose own columns
        among the keys are taken for `by`. It is traced as "<name> (n)".
    counted
        What numbers are, where data/numbers.csv does not say it or means another thing: "UNIT of
        COLUMN where COLUMN=VALUE|VALUE", the last two parts where they are needed.
    """
    counted = counted or {}
    keys = list(keys) or shared_keys(counts, rows)
    for place, ((where, value), units) in enumerate(_plan(counts, rows, counted).items()):
        called = name if not place else f"{name} ({next(iter(units))})"
        yield trace(counts, _where(rows, where), articles, called, keys, units, value)
    if "n" in counts:
        by = list(by) if of is None else shared_keys(counts, of)
        whole = rows if of is None else of
        n = counts[[*by, "n"]].drop_duplicates()
        yield trace(n, whole, articles, f"{name} (n)", by, {"n": counted.get("n", ROWS)})


def _plan(
    counts: pd.DataFrame, rows: pd.DataFrame, counted: Mapping[str, str]
) -> dict[tuple[str, str], dict[str, str]]:
    """Put the numbers together that are made from the same rows and the same column of them."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for number in counts:
        rule = counted.get(number) or _fitting(number, rows)
        if rule and number != "n" and _is_number(counts[number]):
            unit, value, where = _read_rule(rule)
            if unit != WORDS or "words" in rows:
                found.setdefault((where, value), {})[number] = unit
    whole = [key for key in found if not key[0]]
    if ("", "") in found and len(whole) > 1:
        other = next(key for key in whole if key[1])
        found = {other: found.pop(("", "")) | found.pop(other), **found}
    return dict(sorted(found.items(), key=lambda item: bool(item[0][0])))


def _fitting(number: str, rows: pd.DataFrame) -> str:
    """Return the first rule for a number whose columns the rows have."""
    for rule in _rules().get(number, ()):
        _, value, where = _read_rule(rule)
        if {value, where.split("=")[0]} - {""} <= set(rows):
            return rule
    return ""


def _read_rule(rule: str) -> tuple[str, str, str]:
    """Cut "values of source where named" into its unit, its column and its condition."""
    unit, _, where = rule.partition(" where ")
    unit, _, value = unit.partition(" of ")
    return unit, value, where


def _where(rows: pd.DataFrame, where: str) -> pd.DataFrame:
    column, _, value = where.partition("=")
    if not column:
        return rows
    held = rows[column].isin(value.split("|")) if value else rows[column].astype(bool)
    return rows[held]


def _write_keys(counts: pd.DataFrame, keys: Sequence[str]) -> list[str]:
    if not keys:
        return ["{}"] * len(counts)
    rows = counts[keys].to_dict("records")
    return [json.dumps(key, ensure_ascii=False, default=str) for key in rows]


def _write_numbers(counts: pd.DataFrame, units: Mapping[str, str]) -> list[str]:
    """Write each row's numbers ("count = 5 rows; articles = 2 articles"); NaN is no number."""
    return [
        "; ".join(
            f"{number} = {_plain(value)} {units[number]}"
            for number, value in row.items()
            if not pd.isna(value)
        )
        for row in counts[list(units)].to_dict("records")
    ]


def _plain(value: object) -> str:
    """Write a value so that it can be read back; whole numbers without a point."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)


def _check(counts: pd.DataFrame, behind: pd.DataFrame, units: Mapping[str, str], name: str) -> None:
    counted = count_behind(behind, np.arange(len(counts)), set(units.values()))
    for number, unit in units.items():
        said = counts[number].to_numpy(dtype=float)
        found = counted[unit].to_numpy(dtype=float)
        wrong = ~np.isnan(said) & ~np.isclose(said, found, rtol=1e-9, atol=1e-9)
        if wrong.any():
            place = int(np.flatnonzero(wrong)[0])
            raise EvidenceError(
                f"{name}, row {place}: {number} is {counts[number].iloc[place]}, but its evidence "
                f"gives {_plain(float(found[place]))} {unit}"
            )


def count_behind(behind: pd.DataFrame, places: Sequence[int], units: set[str]) -> pd.DataFrame:
    """Count the rows, articles and words behind each row, and make of `value` what is asked for."""
    groups = behind.groupby("row")
    counted = pd.DataFrame({ROWS: groups.size()}, index=places)
    counted[ARTICLES] = groups["article_id"].nunique()
    if WORDS in units:
        counted[WORDS] = groups["words"].sum()
    if VALUES in units:
        counted[VALUES] = groups["value"].nunique()
    counted = counted.fillna(0).astype("int64")
    asked = [unit for unit in AGGREGATES if unit in units]
    if asked:
        numbers = behind.assign(value=pd.to_numeric(behind["value"])).groupby("row")["value"]
        for unit in asked:
            counted[unit] = getattr(numbers, AGGREGATES[unit])().astype(float)
    return counted


def read_numbers(says: str) -> Iterator[tuple[str, float, str]]:
    """Read what a ledger says: each number's name, its value and what it is of the rows."""
    for part in filter(None, says.split("; ")):
        match = _SAID.fullmatch(part)
        if match is None:
            raise EvidenceError(f"the ledger says {part!r}, which is no number")
        value = float(match["value"])
        yield match["number"], int(value) if value.is_integer() else value, match["unit"]
