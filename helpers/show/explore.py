"""Reading closely: an article with its marks in colour and words, and the sentences behind rows.

Everything an article says is escaped: in a notebook or report it is text, never markup.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pandas as pd

from helpers.corpus.build import open_corpus as open_corpus
from helpers.measure import sourcing
from helpers.measure.counting import name_day
from helpers.measure.evidence import ARTICLES, ROWS, WORDS, shared_keys
from helpers.measure.evidence import trace as find_evidence
from helpers.measure.passages import evidence as evidence
from helpers.measure.passages import write_text
from helpers.show.appendix import write_appendix as write_appendix
from helpers.show.appendix import write_ledger, write_rows
from helpers.store import schema, tables

PARTS = {
    "form": schema.FORMS,
    "tone_label": schema.POLARITIES,
    "polarity": schema.POLARITIES,
    "reply": sourcing.REPLIES,
}


# ------------------------------------------------------------------------------------- evidence


@dataclass(frozen=True)
class Page:
    """A piece of escaped HTML that a notebook shows."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def behind(
    counts: pd.DataFrame,
    rows: pd.DataFrame,
    folder: str | Path,
    top: int = 15,
    each: int = 5,
    keys: Sequence[str] = (),
) -> Page:
    """Show a published table as lines that open, by click or key, to the sentences behind them.

    The first `top` rows of `counts` are shown, each with at most `each` of its `rows`, evenly
    spaced; the numbers are checked against all of them. Needs no script and no kernel: the same
    lines open in JupyterLab, in a saved notebook and in a report. `keys` are those of
    `evidence.trace`, which see for the errors raised.
    """
    shown = counts.head(top) if top else counts
    ledger = find_evidence(shown, rows, _read_articles(rows, folder), "behind", keys)
    if ledger.empty:
        return Page("<p>Nothing to open.</p>")
    return Page("\n".join(write_rows(ledger, folder, each)["behind"]))


def trace(
    counts: pd.DataFrame,
    rows: pd.DataFrame,
    name: str,
    out: str | Path,
    folder: str | Path,
    of: pd.DataFrame | None = None,
    by: str | Sequence[str] = (),
    keys: Sequence[str] = (),
    weight: str = "",
    parts: str = "",
    numbers: Mapping[str, str] | None = None,
    value: str = "",
    articles: pd.DataFrame | None = None,
) -> None:
    """Add a published table to `<out>/trace.csv`; nothing without `out`.

    `write_appendix` then writes the page that opens what was traced.

    Parameters
    ----------
    counts, rows, keys, numbers, value
        The published table and what it was counted from, as for `evidence.trace`. With `numbers`
        no other number is traced; {} leaves those of `parts`.
    name
        The name under which it is exported.
    articles
        Where rows are of another build than the tables in `folder`: its articles.
    of, by
        What `n` counts, for each value of the columns `by`: by default `rows`; articles for shares
        of articles. It is traced as the table "<name> (n)".
    weight
        "words" when `count` and `n` add up words instead of counting rows.
    parts
        A column of `rows` whose values (PARTS) have columns of their own, for instance form for
        direct, mixed and indirect. Each is traced as the table "<name> (<column>)".

    Raises
    ------
    EvidenceError
        When a number is not what its rows give.
    """
    if str(out) == "":
        return
    if articles is None:
        articles = _read_articles(rows if of is None else of, folder)
    keys = list(keys) or shared_keys(counts, rows)
    unit = WORDS if weight else ROWS
    weighed = {"count": WORDS, "articles": ARTICLES} if weight else None
    ledgers = []
    if numbers != {}:
        counted = numbers or weighed
        ledgers.append(find_evidence(counts, rows, articles, name, keys, counted, value))
    if "n" in counts and numbers is None:
        columns = [by] if isinstance(by, str) else list(by)
        n = counts[[*columns, "n"]].drop_duplicates()
        whole = rows if of is None else of
        ledgers.append(find_evidence(n, whole, articles, f"{name} (n)", columns, {"n": unit}))
    for part in PARTS[parts] if parts else ():
        column = part.replace(" ", "_")
        held, whose = rows[rows[parts] == part], f"{name} ({column})"
        ledgers.append(find_evidence(counts, held, articles, whose, keys, {column: ROWS}))
    write_ledger(ledgers, out)


def _read_articles(rows: pd.DataFrame, folder: str | Path) -> pd.DataFrame:
    """Read what a ledger tells of the articles; texts only where `rows` are whole articles."""
    columns = ["article_id", "path", "sha256"]
    columns += [] if "end" in rows or "text" in rows else ["text"]
    return tables.read_table("articles", folder, columns)


# --------------------------------------------------------------------------------------- reader


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


def reader(article: pd.DataFrame, folder: str | Path) -> Page:
    """Show one article as text with its structure, speakers, quotations and names marked.

    Colour is never alone: contents are underlined (solid, dashed or dotted for direct, mixed and
    indirect) and numbered as in `attributions_of`, sources are bold, cues italic, names underlined
    and followed by their label. `article` is a frame of one row, or none, from `choose_article`.
    """
    if article.empty:
        return Page("<p>Nothing to read: there is no article.</p>")
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
    return Page(
        '<article style="max-width:52em; line-height:1.6">'
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
    told = [article["outlet"], article["byline"], article["path"]]
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
