"""The evidence appendix: every published number opens all rows that it was counted from.

`trace.csv`, the ledger, lists them; `evidence.html` shows them. Its lines need no script: each
opens one of its sentences. With the page's own script each opens all of them, a screen at a time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup as Safe

from helpers.measure import evidence, select
from helpers.show import browse, reader
from helpers.store import tables

LEDGER, PAGE = "trace.csv", "evidence.html"
EACH = 5  # sentences that a line opens in a notebook
MOST, ALONE = 200, 1  # lines of each table; sentences that a line of the page opens without script
PACKED = 20_000  # places that a page holds
ABOUT = (
    "Each line is one row of a published table. Open it to read, a screen at a time, everything "
    "that its numbers were counted from.",
    "The same, with the file each was read from, its hash and the place in it, is in trace.csv. "
    "Shares, intervals, ratios and balances are made from the numbers here.",
)


def write_ledger(ledgers: list[pd.DataFrame], out: str | Path) -> None:
    """Add ledgers to `<out>/trace.csv`, in place of those of the same name."""
    file = Path(out) / LEDGER
    whole = pd.concat(ledgers, ignore_index=True)
    written = tables.to_csv(whole)
    if file.exists():
        before = file.read_text(encoding="utf-8")
        names = set(whole["published"])
        if any(_may_open_a_line(name, before) for name in names):
            kept = read_ledger(file)
            kept = kept[~kept["published"].isin(names)]
            before = tables.to_csv(kept)
        written = before + written.split("\n", 1)[1]
    tables.write_text(written, file)


def _may_open_a_line(name: str, written: str) -> bool:
    """Tell whether a table may be among rows written as CSV, without reading them as such."""
    quoted = name.replace('"', '""')
    return f"\n{name}," in written or f'\n"{quoted}",' in written


def write_appendix(out: str | Path, folder: str | Path) -> bool:
    """Write `<out>/evidence.html` from `<out>/trace.csv`; `folder` holds the tables it points at.

    Without `out`, or where nothing was traced, nothing is written. Returns whether it was.
    """
    traced = bool(str(out)) and (Path(out) / LEDGER).exists()
    if traced:
        page = render_page(read_ledger(Path(out) / LEDGER), folder)
        tables.write_text(page, Path(out) / PAGE)
    return traced


def read_ledger(file: str | Path) -> pd.DataFrame:
    """Read a ledger that was written as CSV; one row is one row behind one published row."""
    types = select.types_of("ledger")
    empty = {name: [""] for name, kind in types.items() if kind != "str"}
    return tables.read_csv(file, dtype=types, na_values=empty)[list(types)]


def render_page(ledger: pd.DataFrame, folder: str | Path) -> str:
    """Return the page on which every published row of a ledger opens the rows behind it."""
    rows = ledger[["published", "row"]].drop_duplicates()
    place = rows.groupby("published").cumcount()
    shown = ledger.merge(rows[place < MOST], on=["published", "row"])
    written = write_rows(shown, folder, ALONE)
    sizes = rows["published"].value_counts()
    names = list(dict.fromkeys(ledger["published"]))
    listed = "".join(f'<li><a href="#{anchor(n)}">{escape(n)}</a></li>' for n in names)
    sections = "".join(_section(name, written[name], sizes[name] - MOST) for name in names)
    body = f"<nav aria-label='Tables'><ul class='files'>{listed}</ul></nav>{sections}"
    return browse.fill(_pack(shown, folder), "Evidence", Safe(body), ABOUT)


def _pack(ledger: pd.DataFrame, folder: str | Path) -> dict[str, Any]:
    """Pack the places behind each line, each place once; lines beyond PACKED places are left out.

    A line of which the ledger lists some rows only is left out too.
    """
    found = ledger[ledger["article_id"] != ""].reset_index(drop=True)
    found = found[_are_here(found, folder)].astype({"start": "int64", "end": "int64"})
    place = found.groupby(reader.SPAN, sort=False).ngroup()
    lines = found.assign(place=place).groupby(["published", "row"], sort=False)
    partly = lines["value"].transform("first") == evidence.UNLISTED
    fits = ~partly & (lines["place"].transform("max") < PACKED)
    first = found[place < PACKED].drop_duplicates(reader.SPAN)
    contexts, places = browse.pack(reader.evidence(first, folder))
    numbers = {
        f"{anchor(published)}-{row}": behind["place"].tolist()
        for (published, row), behind in found.assign(place=place)[fits].groupby(
            ["published", "row"], sort=False
        )
    }
    return {"numbers": numbers, "places": places, "contexts": contexts}


def _section(name: str, opened: list[str], more: int) -> str:
    left = f"<p>{more:,} more rows are in <code>{LEDGER}</code>.</p>" if more > 0 else ""
    lines = "".join(opened)
    return f'<section><h2 id="{anchor(name)}">{escape(name)}</h2>{lines}{left}</section>'


def write_rows(ledger: pd.DataFrame, folder: str | Path, each: int = EACH) -> dict[str, list[str]]:
    """Return, for each table of a ledger, a disclosure for each of its rows.

    A disclosure shows the row's numbers and opens at most `each` of the sentences behind it.
    """
    keys = ["published", "row"]
    found = ledger[ledger["article_id"] != ""]
    sizes = found.groupby(keys, sort=False).size()
    chosen = found[_spread(found.groupby(keys).cumcount(), found[keys], sizes, each)]
    placed = _are_here(chosen, folder)
    held = chosen[placed].astype({"start": "int64", "end": "int64"})
    opened = reader.evidence(held, folder).to_dict("records")
    passage: dict[tuple, list[str]] = defaultdict(list)
    for row, record in zip(held.itertuples(), opened, strict=True):
        passage[row.published, row.row].append(reader.write_passage(record))
    for row in chosen[~placed].itertuples():
        passage[row.published, row.row].append(_write_place(row))
    written: dict[str, list[str]] = defaultdict(list)
    for head in ledger.drop_duplicates(keys).itertuples():
        place = (head.published, head.row)
        written[head.published].append(
            _write_row(head, passage.get(place, []), int(sizes.get(place, 0)) - each)
        )
    return written


def _are_here(rows: pd.DataFrame, folder: str | Path) -> pd.Series:
    """Say which rows have a place in an article that the tables have from the same file."""
    here = {"article_id": set(rows["article_id"])}
    columns = ["article_id", "sha256", "text"]
    known = tables.read_table("articles", folder, columns, here)
    known = known.assign(length=known["text"].str.len()).drop(columns="text")
    told = rows[["article_id", "sha256", "end"]].merge(
        known, on=["article_id", "sha256"], how="left"
    )
    there = told["end"].notna() & told["length"].notna() & (told["end"] <= told["length"])
    return pd.Series(there.fillna(False).to_numpy(dtype=bool), index=rows.index)


def _spread(place: pd.Series, keys: pd.DataFrame, sizes: pd.Series, each: int) -> pd.Series:
    """Say which rows are among the at most `each` of their number, evenly spaced over all."""
    size = pd.Series(sizes.reindex(pd.MultiIndex.from_frame(keys)).to_numpy(), index=place.index)
    step = (size - 1).clip(lower=1) / max(each - 1, 1)
    nearest = (place / step).round()
    return (size <= each) | (place == (nearest * step).round())


def _write_row(head: tuple, opened: list[str], more: int) -> str:
    """Write one published row as a disclosure."""
    left = f"<p>{more:,} more are behind this number.</p>" if more > 0 else ""
    if head.value == evidence.UNLISTED:
        left = f"<p>Some only: more than {evidence.LISTED:,} rows are behind this table.</p>"
    inside = "".join(opened) or "<p>No row: the number is zero.</p>"
    return (
        f'<details id="{anchor(head.published)}-{head.row}"><summary>'
        f"{escape(_say_key(head.key))}: {escape(_say_numbers(head.says))}</summary>"
        f'<div class="passages">{inside}{left}</div></details>'
    )


def _write_place(row: tuple) -> str:
    """Name an article whose text is not opened: a whole one, or one of an earlier build."""
    where = row.path or f"article {row.article_id}"
    return f"<p>Article {escape(where)}, SHA-256 <code>{row.sha256[:12]}…</code></p>"


def _say_key(key: str) -> str:
    """Name what a published row is about; ids and truth values only tell rows apart."""
    told = json.loads(key).items()
    named = [value for name, value in told if isinstance(value, str) and name[-3:] != "_id"]
    values = named or [str(value) for _, value in told]
    return ", ".join(value or "(none given)" for value in values) or "all"


def _say_numbers(says: str) -> str:
    """Write "articles = 2 articles; tone = -0.12 mean" as "articles 2, tone −0.12"."""
    told = (f"{name} {_say(value)}" for name, value, _ in evidence.read_numbers(says))
    return ", ".join(told) or "no number"


def _say(value: float) -> str:
    written = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return written.replace("-", "−")


def anchor(name: str) -> str:
    """Return the id under which a published table is linked to."""
    return "".join(sign if sign.isalnum() or sign == "_" else "-" for sign in name)
