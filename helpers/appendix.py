"""The evidence appendix: a page without script where each published number opens its sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import evidence, passages, tables

LEDGER, PAGE = "trace.csv", "evidence.html"
SAFETY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
EACH, MOST = 8, 60
STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; color: #222; max-width: 52rem; margin: 2rem auto;
  padding: 0 1rem }
h1, h2 { line-height: 1.2 } h2 { margin-top: 2.5rem; border-top: 1px solid #bdbdbd;
  padding-top: 1rem }
details { margin: 0.3rem 0 } summary { cursor: pointer; padding: 0.15rem 0 }
summary:focus-visible, a:focus-visible { outline: 2px solid #0072b2; outline-offset: 2px }
a { color: #005a8c } .passages { margin: 0.6rem 0 1rem 1.2rem } code { overflow-wrap: anywhere }
"""


def write_ledger(ledgers: list[pd.DataFrame], out: str | Path) -> None:
    """Add ledgers to `<out>/trace.csv`, in place of those of the same name."""
    file = Path(out) / LEDGER
    names = {name for ledger in ledgers for name in ledger["published"].unique()}
    if file.exists():
        before = read_ledger(file)
        ledgers = [before[~before["published"].isin(names)], *ledgers]
    whole = pd.concat(ledgers, ignore_index=True)
    tables.write_text(whole.to_csv(index=False), file)


def write_appendix(out: str | Path, folder: str | Path) -> None:
    """Write `<out>/evidence.html` from `<out>/trace.csv`; `folder` holds the tables it points at.

    Without `out`, or where nothing was traced, nothing is written.
    """
    if str(out) and (Path(out) / LEDGER).exists():
        page = render_page(read_ledger(Path(out) / LEDGER), folder)
        tables.write_text(page, Path(out) / PAGE)


def read_ledger(file: str | Path) -> pd.DataFrame:
    """Read a ledger that was written as CSV; one row is one row behind one published row."""
    numbers = dict.fromkeys(["start", "end", "words"], "Int64")
    texts = dict.fromkeys(["published", "key", "says", "article_id", "path", "sha256"], "str")
    ledger = pd.read_csv(file, dtype=numbers | texts, na_values={n: [""] for n in numbers})
    return ledger.fillna(dict.fromkeys(texts, ""))[evidence.LEDGER]


def render_page(ledger: pd.DataFrame, folder: str | Path) -> str:
    """Return the page on which every published row of a ledger opens sentences behind it."""
    names = list(dict.fromkeys(ledger["published"]))
    listed = "".join(f'<li><a href="#{_anchor(n)}">{escape(n)}</a></li>' for n in names)
    sections = "".join(
        _section(name, ledger[ledger["published"] == name], folder) for name in names
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{SAFETY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evidence</title><style>{STYLE}</style></head><body><main><h1>Evidence</h1>"
        "<p>Each line is one row of a published table. Open it to read sentences behind its "
        f"numbers: at most {EACH}, spread over all of them. All of them, with the file they were "
        f"read from, its hash and their place in it, are in <code>{LEDGER}</code>.</p>"
        f"<nav aria-label='Tables'><ul>{listed}</ul></nav>{sections}</main></body></html>"
    )


def _section(name: str, ledger: pd.DataFrame, folder: str | Path) -> str:
    rows = ledger["row"].drop_duplicates()
    shown = ledger[ledger["row"].isin(rows.head(MOST))]
    more = len(rows) - min(len(rows), MOST)
    left = f"<p>{more:,} more rows are in <code>{LEDGER}</code>.</p>" if more else ""
    opened = "".join(render_rows(shown, folder, _anchor(name)))
    return f'<section><h2 id="{_anchor(name)}">{escape(name)}</h2>{opened}{left}</section>'


def render_rows(
    ledger: pd.DataFrame, folder: str | Path, anchor: str, each: int = EACH
) -> Iterator[str]:
    """Yield a disclosure for each published row of one ledger: its numbers, and its sentences."""
    found = ledger[ledger["article_id"] != ""]
    chosen = found.groupby("row", sort=False, group_keys=False)[found.columns.tolist()]
    chosen = pd.concat([_spread(part, each) for _, part in chosen]) if len(found) else found
    chosen = chosen.astype({"start": "int64", "end": "int64"})
    opened = passages.evidence(chosen, folder).assign(row=chosen["row"])
    written = {
        row: "".join(map(passages.write_passage, part.drop(columns="row").to_dict("records")))
        for row, part in opened.groupby("row")
    }
    sizes = found.groupby("row").size()
    for head in ledger.drop_duplicates("row").itertuples():
        size = int(sizes.get(head.row, 0))
        more = f"<p>{size - each:,} more are behind this number.</p>" if size > each else ""
        yield (
            f'<details id="{anchor}-{head.row}"><summary>{escape(_say_key(head.key))}: '
            f'{escape(head.says)}</summary><div class="passages">'
            f"{written.get(head.row, '<p>No row: the number is zero.</p>')}{more}</div></details>"
        )


def _spread(part: pd.DataFrame, each: int) -> pd.DataFrame:
    """Take at most `each` rows, evenly spaced from the first to the last."""
    if len(part) <= each:
        return part
    return part.iloc[np.linspace(0, len(part) - 1, each).round().astype(int)]


def _say_key(key: str) -> str:
    """Name what a published row is about; ids and truth values only tell rows apart."""
    told = json.loads(key).items()
    named = [value for name, value in told if isinstance(value, str) and name[-3:] != "_id"]
    values = named or [str(value) for _, value in told]
    return ", ".join(value or "(none given)" for value in values) or "all"


def _say_numbers(says: str) -> str:
    """Write "articles = 2 articles; count = 5 rows" as "articles 2, count 5"."""
    return ", ".join(
        f"{part.partition(' = ')[0]} {int(part.split(' ')[-2]):,}" for part in says.split("; ")
    )


def _anchor(name: str) -> str:
    return "".join(sign if sign.isalnum() or sign == "_" else "-" for sign in name)
