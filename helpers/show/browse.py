"""Rows to browse: statements as a page that sorts, searches and filters, as a workbook and CSV.

The page holds all its rows, packed, and draws a screen of them at a time; its script is part of it
and is all that its policy lets run. It asks for no other file and no network.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup as Safe

from helpers.corpus.bundle import write_workbook
from helpers.measure.counting import name_day
from helpers.measure.select import name_value
from helpers.show import grids, reader
from helpers.store import tables
from helpers.store.paths import TEMPLATES

NAME = "quotations"
SHOWN = ("speaker", "words", "source_type", "tone_label", "outlet", "published")
FILTERS = ("outlet", "source_type", "form", "affiliation", "country", "tone_label", "relay")
OPENS = "words"
IDS = ("article_id", "attribution_id")
NO_SCRIPT = (
    "<noscript><p>This page needs its own script to sort and search. The same rows are in "
    "quotations.xlsx and quotations.csv.</p></noscript>"
)
TALL = 760  # pixels of the list in a notebook


def show(rows: pd.DataFrame, folder: str | Path, title: str, about: Sequence[str] = ()) -> Any:
    """Return a list to sort, search and filter inside a notebook in JupyterLab."""
    page = render(rows, folder, title, about)
    return reader.Markup(
        f'<iframe class="attributed-browse" title="{escape(title)}" srcdoc="{escape(page)}" '
        f'style="width:100%; height:{TALL}px; border:1px solid #c8c8c8"></iframe>'
    )


def write(
    rows: pd.DataFrame, folder: str | Path, out: str | Path, title: str, about: Sequence[str] = (),
    back: str = "",
) -> list[str]:  # fmt: skip
    """Write rows of `quoted.list_quotations` as CSV, XLSX and a page; return the files' names.

    `folder` holds the tables they come from, `back` is the page to go back to.
    """
    tables.export(rows, NAME, out)
    write_workbook({NAME: rows}, Path(out) / f"{NAME}.xlsx")
    tables.write_text(render(rows, folder, title, about, back), Path(out) / f"{NAME}.html")
    return [f"{NAME}.{kind}" for kind in ("html", "xlsx", "csv")]


def render(
    rows: pd.DataFrame, folder: str | Path, title: str, about: Sequence[str] = (), back: str = ""
) -> str:
    """Return the page of rows of `quoted.list_quotations`; `folder` holds their tables."""
    contexts, places = pack(reader.evidence(rows, folder))
    held = [name for name in rows if name not in IDS and (rows[name].astype(str) != "").any()]
    columns = [_column(name) for name in held]
    written = rows[held].apply(_write)
    numbers = [name for name in held if grids.unit_of(name)]
    keys = rows[numbers].apply(_keys)
    packed = {
        "columns": columns,
        "contexts": contexts,
        "rows": [
            {"cells": list(cells), "keys": [known.get(name) for name in held], "at": place}
            for cells, known, place in zip(
                written.itertuples(index=False), keys.to_dict("records"), places, strict=True
            )
        ],
    }
    body = Safe(f'{NO_SCRIPT}<div id="rows"></div>')
    return fill(packed, title, body, about, back)


def fill(
    packed: dict[str, Any], title: str, body: Safe, about: Sequence[str], back: str = ""
) -> str:
    """Return a page with rows packed into it; `body` is what it shows without them."""
    script = (TEMPLATES / "browse.js").read_text(encoding="utf-8")
    known = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, TEMPLATES / "report"]), autoescape=True
    )
    written = json.dumps(packed, ensure_ascii=False, separators=(",", ":"))
    small = gzip.compress(written.encode("utf-8", "replace"), mtime=0)
    return environment.get_template("browse.html.j2").render(
        title=title,
        about=about,
        back=back,
        body=body,
        packed=base64.b64encode(small).decode(),
        script=Safe(script),
        safety=f"default-src 'none'; script-src 'sha256-{known}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'",
    )


def pack(opened: pd.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """Pack rows of `reader.evidence`: their different contexts, and where the words stand in each.

    A place is the number of its context, where the words begin and end in it, and where that is.
    """
    contexts: dict[str, int] = {}
    places = []
    for row in opened.itertuples(index=False):
        long = len(row.evidence) > reader.LONGEST
        words = row.evidence[: reader.LONGEST] + " […]" * long
        before, words, after = map(reader.plain_signs, (row.before, words, row.after))
        text, at = before + words + after, len(before)
        day = [] if pd.isna(row.published) else [name_day(row.published)]
        where = [row.outlet, *day, f"article {row.article_id}"]
        where.append(f"characters {row.start:,} to {row.end:,}")
        place = [contexts.setdefault(text, len(contexts)), at, at + len(words)]
        places.append([*place, reader.isolate("; ".join(where))])
    return list(contexts), places


def _column(name: str) -> dict[str, Any]:
    words, unit = grids.say_column(name), grids.unit_of(name)
    kind = "opens" if name == OPENS else "day" if unit == "day" else "number" if unit else "text"
    shown, asked = name in SHOWN, name in FILTERS
    return {"name": name, "words": words, "kind": kind, "shown": shown, "filter": asked}


def _write(column: pd.Series) -> pd.Series:
    return pd.Series(list(_written(column)), dtype=object)


def _written(column: pd.Series) -> Iterator[str]:
    unit = grids.unit_of(column.name)
    for value in column:
        if pd.isna(value) or column.name == OPENS:  # these words are cut from the passage
            yield ""
        elif unit == "day":
            yield name_day(value)
        elif column.name in ("outlet", "country"):
            yield reader.isolate(name_value(value, column.name))
        elif unit in grids.ESTIMATES:
            yield grids.write_number(float(value), unit)
        else:
            yield reader.isolate(str(value))


def _keys(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.strftime("%Y-%m-%dT%H:%M").fillna("")
    return column.astype(object).where(column.notna(), None)
