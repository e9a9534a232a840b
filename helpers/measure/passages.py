"""Passages: the sentences behind rows, with the words marked, as frames and as escaped HTML.

Everything an article says is escaped: in a notebook or report it is text, never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.measure.counting import name_day
from helpers.store import tables

MARK = "background:#DCEBF5; color:#111; text-decoration:underline; text-underline-offset:3px"
CONTEXT = 160
LONGEST = 600
PLACE = ["start", "end"]
EVIDENCE_COLUMNS = [
    "article_id",
    "outlet",
    "published",
    "before",
    "evidence",
    "after",
    "start",
    "end",
    "rule",
    "confidence",
]


class Evidence(pd.DataFrame):
    """Rows with the sentences behind them, shown as readable passages with the words marked."""

    def _repr_html_(self) -> str:
        if self.empty:
            return "<p>No sentence to show.</p>"
        return "\n".join(map(write_passage, self.to_dict("records")))


def evidence(
    rows: pd.DataFrame | pd.Series,
    folder: str | Path,
    top: int = 0,
    told: Sequence[str] = (),
) -> Evidence:
    """Find the sentences behind rows of any table whose rows point at a span of an article.

    Parameters
    ----------
    rows
        Rows with article_id, start and end, whose order is kept; or one such row.
    folder
        The folder of tables that they come from.
    top
        How many rows are opened; 0 opens all.
    told
        Columns of `rows` to keep in front, for instance speaker and tone.

    Returns
    -------
    One row per row: what is told, article_id, outlet, published, the sentence or sentences around
    the span cut into `before`, `evidence` (the span as written) and `after`, start, end, and the
    rule and confidence that found it ("" and NaN in tables that have none).

    Raises
    ------
    ValueError
        When a row points at an article or a place that the tables do not have.
    """
    if isinstance(rows, pd.Series):
        rows = rows.to_frame().T.infer_objects()
    rows = rows.head(top) if top else rows
    wanted = set(rows["article_id"])
    here = {"article_id": wanted}
    told_of = ["article_id", "outlet", "published", "text"]
    articles = tables.read_table("articles", folder, told_of, here).set_index("article_id")
    sentences = tables.read_table("sentences", folder, ["article_id", *PLACE], here)
    bounds = {key: part.to_numpy() for key, part in sentences.groupby("article_id")[PLACE]}
    nowhere = wanted - set(articles.index)
    if nowhere:
        raise ValueError(f"no article {sorted(nowhere)[0]!r} in {folder}")
    known = articles.to_dict("index")
    found = []
    for position, row in enumerate(rows[["article_id", "start", "end"]].itertuples(index=False)):
        article = known[row.article_id]
        text, start, end = article["text"], int(row.start), int(row.end)
        if not 0 <= start < end <= len(text):
            raise ValueError(f"{start} to {end} is no place in article {row.article_id!r}")
        first, last = _around(bounds.get(row.article_id), text, start, end)
        found.append(
            {
                "article_id": row.article_id,
                "outlet": article["outlet"],
                "published": article["published"],
                "before": text[first:start],
                "evidence": text[start:end],
                "after": text[end:last],
                "start": start,
                "end": end,
                "rule": rows["rule"].iloc[position] if "rule" in rows else "",
                "confidence": rows["confidence"].iloc[position] if "confidence" in rows else None,
            }
        )
    opened = pd.DataFrame(found, columns=EVIDENCE_COLUMNS, index=rows.index)
    opened = opened.astype({"confidence": float, "published": "datetime64[us]"})
    return Evidence(pd.concat([rows[list(told)], opened], axis=1))


def _around(sentences: np.ndarray | None, text: str, start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the sentences that a span meets, at most some words around it."""
    first, last = start, end
    if sentences is not None:
        met = sentences[(sentences[:, 0] < end) & (sentences[:, 1] > start)]
        if len(met):
            first, last = min(first, int(met[:, 0].min())), max(last, int(met[:, 1].max()))
    return max(first, start - CONTEXT, 0), min(last, end + CONTEXT, len(text))


def write_passage(row: dict[str, Any]) -> str:
    """Write one row of `evidence` as a passage with its words marked and its place below."""
    told = [_told(name, value) for name, value in row.items() if name not in EVIDENCE_COLUMNS]
    where = [row["outlet"]]
    where += [] if pd.isna(row["published"]) else [name_day(row["published"])]
    where += [f"article {row['article_id']}, characters {row['start']:,} to {row['end']:,}"]
    where += [f"rule: {row['rule']}"] if row["rule"] else []
    where += [] if pd.isna(row["confidence"]) else [f"confidence {row['confidence']:.2f}"]
    words = row["evidence"]
    marked = words if len(words) <= LONGEST else words[:LONGEST] + " […]"
    lead = f"<b>{escape('; '.join(told))}</b><br>" if told else ""
    return (
        f'<div style="margin:0 0 0.9em; max-width:46em; line-height:1.45">{lead}'
        f'{write_text(row["before"])}<mark style="{MARK}">{write_text(marked)}</mark>'
        f"{write_text(row['after'])}"
        f'<br><small style="color:#595959">{escape("; ".join(where))}</small></div>'
    )


def _told(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{name} {value:+.2f}"
    return str(value) if isinstance(value, str) else f"{name} {value}"


def write_text(text: str) -> str:
    """Escape a text; line ends become breaks, other control characters are shown."""
    shown = "".join(
        sign if sign.isprintable() or sign in "\n\t " else f"\\x{ord(sign):02x}"
        for sign in text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    )
    return escape(shown).replace("\n", "<br>")
