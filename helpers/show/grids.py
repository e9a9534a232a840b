"""Tables as a reader sees them: words for columns, units, no index, no cell that says nothing.

Every frame that a notebook shows is written so; what is exported stays as it is. How a column is
called and its unit are in data/words.csv. A share and its interval are one cell ("47 % (41 to
53)"), columns of ids and those without a value are left out, and what is the same in all rows and
only tells how much was counted stands below the table.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from IPython import get_ipython

from helpers.measure.counting import name_day
from helpers.measure.select import KINDS, name_value
from helpers.measure.shares import SMALL, percent
from helpers.show import reader
from helpers.store import tables
from helpers.store.paths import DATA

MOST = 60  # rows of a frame that no notebook has cut
STACKED = 5  # columns from which a row becomes a card on a narrow screen
AS_WRITTEN = ("outlet", "path", "url", "headline", "text", "words")
ESTIMATES = ("percent", "signed", "points", "score")


@functools.cache
def _words() -> dict[str, tuple[str, str]]:
    told = tables.read_csv(DATA / "words.csv").fillna("")
    return {row.column: (row.words, row.unit) for row in told.itertuples()}


def say_column(name: object) -> str:
    """Say what a column is called before readers: data/words.csv, else its own name."""
    return _words().get(str(name), (str(name).replace("_", " "), ""))[0]


def unit_of(name: object) -> str:
    """Return the unit of a column: percent, points, signed, score, count, day, place or ""."""
    return _words().get(str(name), ("", ""))[1]


def write(frame: pd.DataFrame, more: int = 0, file: str = "", n: str = "") -> str:
    """Write a frame as an HTML table for readers.

    `more` rows of it are in `file`; `n` says what was counted. Both stand below the table.
    """
    plain, told = _lay(frame)
    notes = [n] if n else [told] if told else []
    if more:
        notes.append(f"and {more:,} more" + (f": {file}" if file else ""))
    heads = "".join(_head(plain, name) for name in plain)
    stacked = " stacked" if len(plain.columns) >= STACKED else ""
    columns = [[_cell(value, name) for value in plain[name]] for name in plain]
    kinds = [_kind(plain[name]) for name in plain]
    said = [escape(say_column(name), quote=True) if stacked else "" for name in plain]
    body = "".join(
        f"<tr>{''.join(map(_write_cell, cells, kinds, said))}</tr>"
        for cells in zip(*columns, strict=True)
    )
    note = f'<p class="note"><small>{escape("; ".join(notes))}</small></p>' if notes else ""
    return (
        f'<div class="{reader.PLAIN}"><table class="grid{stacked}"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table>{note}</div>"
    )


def use() -> None:
    """Let the notebook that runs show every frame as `write` does."""
    shell = get_ipython()
    if shell is not None:
        shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, show)


def show(frame: pd.DataFrame) -> str:
    """Write a frame that a cell shows; one with a look of its own keeps it."""
    if type(frame) is not pd.DataFrame:
        return frame._repr_html_()
    return write(frame.head(MOST), max(len(frame) - MOST, 0))


def _lay(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return what is shown of a frame, and how many were counted where all rows say the same."""
    named = any(name is not None for name in frame.index.names)
    plain = frame.reset_index() if named else frame.reset_index(drop=True)
    plain.columns = [
        " ".join(map(str, name)) if isinstance(name, tuple) else name for name in plain.columns
    ]
    ids = [name for name in plain if str(name).endswith("_id") or name == "sha256"]
    if len(ids) < len(plain.columns):
        plain = plain.drop(columns=ids)
    empty = [name for name in plain if len(plain) and all(map(_is_nothing, plain[name]))]
    if "headline" in empty and "article_id" in ids:
        plain = plain.assign(headline=frame["article_id"].to_numpy())
        empty.remove("headline")
    plain = plain.drop(columns=empty)
    plain = _join_intervals(plain)
    told = ""
    if "n" in plain and len(plain) > 1 and (plain["n"] == plain["n"].iloc[0]).all():
        told = f"n = {int(plain['n'].iloc[0]):,}"
        plain = plain.drop(columns="n")
    return plain, told


def _is_nothing(value: Any) -> bool:
    if isinstance(value, str | list | tuple | np.ndarray | dict):
        return len(value) == 0
    return value is None or bool(pd.isna(value))


def _join_intervals(plain: pd.DataFrame) -> pd.DataFrame:
    """Put an interval into the cell of what it is about, the last estimate before it."""
    for low in [str(name) for name in plain if str(name).endswith("low")]:
        high = low.removesuffix("low") + "high"
        before = list(plain)[: list(plain).index(low)]
        own = low.removesuffix("_low")
        about = [own] if own in before else [c for c in before if unit_of(c) in ESTIMATES][-1:]
        if high in plain and about:
            name = about[0]
            joined = [
                _say_interval(*row, unit_of(name))
                for row in plain[[name, low, high]].itertuples(index=False)
            ]
            plain = plain.assign(**{name: pd.Series(joined, dtype=object)}).drop(
                columns=[low, high]
            )
    return plain


class _Said(str):
    """A number that is written already."""


def _say_interval(value: Any, low: Any, high: Any, unit: str) -> str:
    if pd.isna(value):
        return ""
    if pd.isna(low) or pd.isna(high):
        return _Said(write_number(value, unit))
    ends = [write_number(end, unit).removesuffix("\u00a0%") for end in (low, high)]
    return _Said(f"{write_number(value, unit)} ({ends[0]} to {ends[1]})")


def write_number(value: Any, unit: str) -> str:
    """Write a number in its unit, with a minus sign that is one."""
    if unit == "percent" and isinstance(value, float) and abs(value) <= 1:
        return percent(value).replace("%", "\u00a0%")
    if unit == "points":
        return _minus(f"{value * 100:+.{int(abs(value) < SMALL)}f}") + " points"
    if unit == "signed":
        return _minus(f"{value:+.2f}") if round(value, 2) else "0.00"
    if isinstance(value, float) and value.is_integer() and unit != "score":
        value = int(value)
    if isinstance(value, float):
        places = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
        return _minus(f"{value:,.{places}f}")
    return _minus(f"{value:,}")


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _kind(column: pd.Series) -> str:
    held = [value for value in column if not _is_nothing(value)]
    numbers = (int, float, np.number, _Said)
    is_number = all(isinstance(v, numbers) and not isinstance(v, bool | np.bool_) for v in held)
    return "number" if held and is_number else ""


def _head(plain: pd.DataFrame, name: object) -> str:
    side = "right" if _kind(plain[name]) else "left"
    number = f' class="{_kind(plain[name])}"' if _kind(plain[name]) else ""
    return f'<th scope="col"{number} style="text-align:{side}">{escape(say_column(name))}</th>'


def _cell(value: Any, name: object) -> str:
    if _is_nothing(value):
        return ""
    if isinstance(value, _Said):
        return escape(value)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return name_day(value).replace(" ", "\u00a0")
    if isinstance(value, float | np.floating):
        return write_number(float(value), unit_of(name))
    if isinstance(value, int | np.integer):
        return write_number(int(value), unit_of(name) if unit_of(name) != "percent" else "")
    if not isinstance(value, str) and isinstance(value, Iterable):
        return reader.write_text(reader.isolate(", ".join(map(str, value))))
    return reader.write_text(reader.isolate(_say_text(str(value), str(name))))


def _say_text(text: str, name: str) -> str:
    if name in ("outlet", "country", "language"):
        return name_value(text, name)
    if name == "label" and text in KINDS:
        return KINDS[text][0].removeprefix("the ")
    if "_" in text and text.isidentifier() and text.islower() and name not in AS_WRITTEN:
        return say_column(text)
    return text


def _write_cell(cell: str, kind: str, said: str) -> str:
    told = f' data-label="{said}"' if said else ""
    side = "right" if kind else "left"
    number = f' class="{kind}"' if kind else ""
    return f'<td{number}{told} style="text-align:{side}">{cell}</td>'
