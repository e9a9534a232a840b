"""Reading closely: the sentences behind rows, and an article with its marks in colour and words.

Everything an article says is escaped: in a notebook or report it is text, never markup.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.measure.counting import name_day
from helpers.measure.select import name_value
from helpers.measure.shares import count_of
from helpers.store import schema, tables

MARK = "background:#DCEBF5; color:#111; text-decoration:underline; text-underline-offset:3px"
PASSAGE = "margin:0 0 0.9em; max-width:46em; line-height:1.45; overflow-wrap:anywhere"
PLAIN = "mathjax_ignore tex2jax_ignore"  # what articles say is never read as mathematics
CONTEXT = 160
LONGEST = 600
MOST_LISTED = 200
PLACE = ["start", "end"]
SPAN = ["article_id", *PLACE]
DIRECTIONS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
FIRST_STRONG, CLOSE = "\u2068", "\u202c\u2069"
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
_LINES = {"direct": "solid", "mixed": "dashed", "indirect": "dotted"}
_CONTENTS = {
    form: f"background:#DCEBF5; color:#111; text-decoration:underline {line} #0072B2 2px; "
    "text-underline-offset:3px"
    for form, line in _LINES.items()
}
_SOURCE = "font-weight:700; background:#FBE6D9; color:#111"
_CUE = "font-style:italic; color:#A33F00"
_NAME = "border-bottom:1px solid #595959"
_STYLES = [*_CONTENTS.values(), _SOURCE, _CUE, _NAME]
_TAG = "white-space:nowrap; font-size:0.68em; color:#595959; vertical-align:0.25em"
_ROLE = "flex:0 0 6.5em; font-size:0.78em; color:#595959; text-align:right; padding-top:0.25em"
_ASIDE = frozenset(schema.BLOCK_ROLES) - frozenset(schema.DEFAULT_ROLES)


@dataclass(frozen=True)
class Markup:
    """A piece of escaped HTML that a notebook shows."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def write_files(
    counts: pd.DataFrame, problems: pd.DataFrame, notes: Sequence[str], top: int
) -> Markup:
    """Write what was read as a list whose lines open, the files with problems first.

    `counts` are those of `count_files`, `problems` have the column file, `notes` are what was
    decided while reading. No more than `top` files with problems are shown (0: all).
    """
    wrong = counts[counts["problems"] > 0]
    shown = wrong.head(top) if top else wrong
    told = [
        f"<p>{count_of(len(counts), 'file')}, "
        f"{count_of(counts['articles'].sum(), 'article')} read; "
        f"{count_of(len(wrong), 'file')} with problems.</p>"
    ]
    for row in shown.itertuples(index=False):
        own = problems.loc[problems["file"] == row.file, "problem"].value_counts(sort=False)
        lines = [f"{text} ({n} times)" if n > 1 else text for text, n in own.items()]
        told.append(_write_list(_say_file(row), lines))
    if len(wrong) > len(shown):
        told.append(f"<p>And {count_of(len(wrong) - len(shown), 'file')} more with problems.</p>")
    announced, sound = counts["announced"].notna(), counts["problems"] == 0
    for what, lines in (
        (
            "Files that hold as many articles as they announce",
            map(_say_file, counts[announced & sound].itertuples()),
        ),
        ("Other files without a problem", map(_say_file, counts[~announced & sound].itertuples())),
        ("Decided while reading", notes),
    ):
        told += [_write_list(what, lines)] if (lines := list(lines)) else []
    return Markup("\n".join(told))


def _say_file(row: Any) -> str:
    """Write one row of `count_files` as "export.docx: 98 articles of 100 announced, 1 problem"."""
    said = f"{row.file}: {count_of(row.articles, 'article')}"
    said += "" if pd.isna(row.announced) else f" of {row.announced:,} announced"
    said += f", {row.incomplete:,} of them in part" if row.incomplete else ""
    return said + (f", {count_of(row.problems, 'problem')}" if row.problems else "")


def _write_list(what: str, lines: Sequence[str]) -> str:
    """Write a line that opens a list, of which a few hundred lines at most."""
    more = len(lines) - MOST_LISTED
    lines = [*lines[:MOST_LISTED], f"and {more:,} more"] if more > 0 else lines
    items = "".join(f"<li>{escape(isolate(line))}</li>" for line in lines)
    return f"<details><summary>{escape(isolate(what))}</summary><ul>{items}</ul></details>"


class Evidence(pd.DataFrame):
    """Rows with the sentences behind them, shown as readable passages with the words marked."""

    def _repr_html_(self) -> str:
        if self.empty:
            return "<p>No sentence to show.</p>"
        return "\n".join(map(write_passage, self.to_dict("records")))


def evidence(
    rows: pd.DataFrame | pd.Series, folder: str | Path, top: int = 0, told: Sequence[str] = ()
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
    told_of = [*EVIDENCE_COLUMNS[:3], "text"]
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
        before, after = _around(bounds.get(row.article_id), text, start, end)
        found.append(
            (
                *(row.article_id, article["outlet"], article["published"]),
                *(before, text[start:end], after, start, end),
                rows["rule"].iloc[position] if "rule" in rows else "",
                rows["confidence"].iloc[position] if "confidence" in rows else None,
            )
        )
    opened = pd.DataFrame(found, columns=EVIDENCE_COLUMNS, index=rows.index)
    opened = opened.astype({"confidence": float, "published": "datetime64[us]"})
    return Evidence(pd.concat([rows[list(told)], opened], axis=1))


def _around(sentences: np.ndarray | None, text: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands before and after a span in its sentences.

    What is long is cut at a space, which is kept: no sentence begins or ends with one.
    """
    first, last = start, end
    if sentences is not None:
        met = sentences[(sentences[:, 0] < end) & (sentences[:, 1] > start)]
        if len(met):
            first, last = min(first, int(met[:, 0].min())), max(last, int(met[:, 1].max()))
    before, after = text[max(first, 0) : start], text[end:last]
    if len(before) > CONTEXT:
        before = before[before.find(" ", len(before) - CONTEXT) :]
    if len(after) > CONTEXT:
        after = after[: after.rfind(" ", 0, CONTEXT) + 1]
    return before, after


def isolate(text: str) -> str:
    """Keep what overrides of direction in a text turn round within it."""
    if not set(text) & DIRECTIONS:
        return text
    opened = 1 + sum(sign in DIRECTIONS for sign in text)
    return f"{FIRST_STRONG}{text}" + CLOSE * opened


def write_passage(row: dict[str, Any]) -> str:
    """Write one row of `evidence` as a passage with its words marked and its place below."""
    told = [_told(name, value) for name, value in row.items() if name not in EVIDENCE_COLUMNS]
    told = list(filter(None, told))
    where = [isolate(name_value(row["outlet"], "outlet"))]
    where += [] if pd.isna(row["published"]) else [name_day(row["published"])]
    where += [f"article {row['article_id']}, characters {row['start']:,} to {row['end']:,}"]
    where += [f"rule: {row['rule']}"] if row["rule"] else []
    where += [] if pd.isna(row["confidence"]) else [f"confidence {row['confidence']:.2f}"]
    before = "…" * row["before"].startswith(" ") + row["before"]
    after = row["after"] + "…" * (len(row["after"]) > 1 and row["after"].endswith(" "))
    words = row["evidence"]
    marked = words if len(words) <= LONGEST else words[:LONGEST] + " […]"
    lead = f"<b>{escape('; '.join(told))}</b><br>" if told else ""
    before, marked, after = (write_text(_unmark(part)) for part in (before, marked, after))
    return (
        f'<div class="{PLAIN}" style="{PASSAGE}">{lead}'
        f'{before}<mark style="{MARK}">{marked}</mark>{after}'
        f'<br><small style="color:#595959">{escape("; ".join(where))}</small></div>'
    )


def _unmark(text: str) -> str:
    """Leave out the signs with which Markdown sets headings and bold words."""
    return text.replace("**", "").lstrip("#") if "**" in text or text[:1] == "#" else text


def _told(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{name} {value:+.2f}".replace("-", "−")
    return str(value) if isinstance(value, str) else f"{name} {value}"


def plain_signs(text: str) -> str:
    """Write a text with line ends of one kind, and other control characters as what they are."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t " else f"\\x{ord(sign):02x}"
        for sign in text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ")
    )


def write_text(text: str) -> str:
    """Escape a text; line ends become breaks, other control characters are shown."""
    return escape(plain_signs(text)).replace("\n", "<br>")


def choose_article(
    articles: pd.DataFrame, attributions: pd.DataFrame, wanted: str = ""
) -> pd.DataFrame:
    """Choose one article; return it as a frame of one row, or of none when there is no article.

    `wanted` is an article_id, a path or its end, or words of the headline, in any case; "" takes
    the article with most attributions. Raises ValueError when nothing or several articles fit.
    """
    if articles.empty:
        return articles
    if not wanted:
        numbers = articles["article_id"].map(attributions["article_id"].value_counts()).fillna(0)
        return articles.loc[[numbers.idxmax()]]
    headline = articles["headline"].str.casefold()
    for fits in (
        articles["article_id"] == wanted,
        articles["path"] == wanted,
        articles["path"].str.endswith("/" + wanted),
        headline == wanted.casefold(),
        headline.str.contains(wanted.casefold(), regex=False),
    ):
        if fits.sum() == 1:
            return articles[fits]
        if fits.sum() > 1:
            several = "; ".join(
                f"{row.headline} ({row.article_id})" for row in articles[fits].head(5).itertuples()
            )
            raise ValueError(f"{fits.sum()} articles fit {wanted!r}; give the id of one: {several}")
    raise ValueError(
        f"no article fits {wanted!r}: give its id, its path or words of its headline, "
        f"for instance {articles['article_id'].iloc[0]!r} or {articles['headline'].iloc[0]!r}"
    )


def reader(article: pd.DataFrame, folder: str | Path) -> Markup:
    """Show one article as text with its structure, speakers, quotations and names marked.

    Colour is never alone: contents are underlined (solid, dashed or dotted for direct, mixed and
    indirect) and numbered as in `attributions_of`, sources are bold, cues italic, names underlined
    and followed by their label. `article` is a frame of one row, or none, from `choose_article`.
    """
    if article.empty:
        return Markup("<p>Nothing to read: there is no article.</p>")
    chosen = article.iloc[0]
    blocks = _of(tables.read_table("blocks", folder), chosen["article_id"])
    mentions = _of(tables.read_table("mentions", folder), chosen["article_id"])
    attributions = attributions_of(article, folder)
    layers = list(_layers(attributions, mentions))
    text = chosen["text"]
    if blocks.empty:
        blocks = pd.DataFrame([{"start": 0, "end": len(text), "role": "body"}])
    paragraphs = "".join(
        _paragraph(text, block, layers)
        for block in blocks.sort_values("start").itertuples(index=False)
        if text[block.start : block.end].strip()
    )
    return Markup(
        f'<article class="{PLAIN}" style="max-width:52em; line-height:1.6">'
        f"{_head(chosen)}{_legend()}{paragraphs}</article>"
    )


def attributions_of(article: pd.DataFrame, folder: str | Path) -> pd.DataFrame:
    """Return the attributions of one article in the order of the text, numbered from 1 (`no`)."""
    attributions = tables.read_table("attributions", folder)
    wanted = article["article_id"].iloc[0] if len(article) else ""
    found = _of(attributions, wanted).sort_values(["start", "end"]).reset_index(drop=True)
    found.insert(0, "no", range(1, len(found) + 1))
    return found


def _of(frame: pd.DataFrame, article_id: str) -> pd.DataFrame:
    return frame[frame["article_id"] == article_id]


@dataclass(frozen=True)
class _Layer:
    """A style over a span; `note` is written after the span's end, in words."""

    start: int
    end: int
    style: str
    note: str = ""


def _layers(attributions: pd.DataFrame, mentions: pd.DataFrame) -> Iterator[_Layer]:
    for row in mentions.itertuples(index=False):
        yield _Layer(row.start, row.end, _NAME, row.label)
    for row in attributions.itertuples(index=False):
        style = _CONTENTS[row.form]
        spans = [tuple(span) for span in row.spans] or [(row.start, row.end)]
        for start, end in spans:
            note = f"[{row.no} {row.form}]" if end == spans[-1][1] else ""
            yield _Layer(start, end, style, note)
        yield from (_Layer(start, end, _SOURCE) for start, end in row.source_spans)
        yield from (_Layer(start, end, _CUE) for start, end in row.cue_spans)


def _paragraph(text: str, block: tuple, layers: Iterable[_Layer]) -> str:
    """Cut a block where any style begins or ends and write each piece with the styles on it."""
    starting: dict[int, list[_Layer]] = defaultdict(list)
    ending: dict[int, list[_Layer]] = defaultdict(list)
    for layer in layers:
        if layer.start < block.end and layer.end > block.start:
            starting[max(layer.start, block.start)].append(layer)
            ending[min(layer.end, block.end)].append(layer)
    edges = sorted({block.start, block.end, *starting, *ending})
    pieces, styles = [], Counter()
    for start, end in zip(edges, edges[1:], strict=False):
        styles.update(layer.style for layer in starting[start])
        style = "; ".join(sorted(+styles, key=_STYLES.index))
        piece = write_text(text[start:end])
        pieces.append(f'<span style="{style}">{piece}</span>' if style else piece)
        notes = dict.fromkeys(layer.note for layer in ending[end] if layer.end == end)
        pieces += [f'<span style="{_TAG}">&#8239;{escape(note)}</span>' for note in notes if note]
        styles.subtract(layer.style for layer in ending[end])
    tone = "color:#595959" if block.role in _ASIDE else ""
    size = "font-size:1.25em; font-weight:700" if block.role == "headline" else ""
    style = "; ".join(filter(None, ["flex:1; margin:0", tone, size]))
    return (
        '<div style="display:flex; gap:0.9em; margin:0 0 0.7em">'
        f'<div style="{_ROLE}">{escape(block.role)}</div><p style="{style}">{"".join(pieces)}</p>'
        "</div>"
    )


def _head(article: pd.Series) -> str:
    named = name_value(article["outlet"], "outlet"), article["byline"], article["path"]
    told = [isolate(value) for value in named]
    if not pd.isna(article["published"]):
        told.insert(1, name_day(article["published"]))
    told.append(f"{article['words']:,} words")
    line = " · ".join(filter(None, told))
    return f'<p style="color:#595959; margin:0 0 0.5em">{escape(line)}</p>'


def _legend() -> str:
    contents = (f'<span style="{style}">{form}</span>' for form, style in _CONTENTS.items())
    parts = [
        f"what is said: {', '.join(contents)} quotation, with its number",
        f'<span style="{_SOURCE}">who says it</span>',
        f'<span style="{_CUE}">the words that attribute it</span>',
        f'<span style="{_NAME}">a name</span> <span style="{_TAG}">and its label</span>',
    ]
    return f'<p style="margin:0 0 1em">Marked: {"; ".join(parts)}.</p>'
