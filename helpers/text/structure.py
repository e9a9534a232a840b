"""The parts of articles as tables: blocks with their role, sentences, captions, related links.

Roles come from hints of the file format where `markup` has them and from rules otherwise. One block
is one paragraph; a dateline is split from the paragraph it opens, a run of links is one block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

import numpy as np
import pandas as pd

from helpers.store import schema
from helpers.text import furniture, layout
from helpers.text.article import Article, read_articles

SPAN_COLUMNS = ["article_id", "start", "end", "role"]
BAR = re.compile(r"\s[|•·]\s")
BY = re.compile(r"^(?:by|posted by|words by|story by|text by|report by):?\s+", re.IGNORECASE)


def find_blocks(articles: pd.DataFrame) -> pd.DataFrame:
    """Return one row per block of every article: article_id, start, end, role.

    Needs `article_id` and `text`; uses `markup` where it is there. Blocks are in order, never
    overlap, and cover every character that is not white space.
    """
    return schema.frame("blocks", chain.from_iterable(map(block_rows, read_articles(articles))))


def block_rows(article: Article) -> list[dict]:
    """Return the blocks of one article as rows of the table."""
    return [
        dict(zip(SPAN_COLUMNS, (article.article_id, *span), strict=True)) for span in article.blocks
    ]


def find_sentences(articles: pd.DataFrame) -> pd.DataFrame:
    """Return one row per sentence: article_id, start, end, role of the block it lies in.

    A closed quotation is never broken, so a quotation of several sentences and its attribution are
    one row. Lines of related links and of boilerplate are rows of their own.
    """
    rows = chain.from_iterable(map(sentence_rows, read_articles(articles)))
    return schema.frame("sentences", rows)


def sentence_rows(article: Article) -> list[dict]:
    """Return the sentences of one article as rows of the table."""
    return [
        dict(zip(SPAN_COLUMNS, (article.article_id, *span), strict=True))
        for span in article.sentences
    ]


def find_captions(articles: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per caption, however often it is printed in its article.

    `start`, `end` and `text` are its first printing without slug, label and photo credit;
    `photo_credit` and `slug` are "" where no printing has one; `printed` counts its blocks.
    """
    rows = [
        {"article_id": article_id, **caption}
        for article_id, text, spans in _blocks_with_role(articles, blocks, "caption", "credit")
        for caption in _merge_captions(text, spans)
    ]
    columns = ["article_id", "start", "end", "text", "photo_credit", "slug", "printed"]
    return pd.DataFrame(rows, columns=columns)


def _merge_captions(text: str, spans: list[tuple[int, int, str]]) -> list[dict[str, object]]:
    """Return the captions of one article; a line that only credits a picture goes with the last."""
    captions: dict[str, dict[str, object]] = {}
    latest: dict[str, object] | None = None
    for start, end, role in spans:
        if role == "credit" and not furniture.is_photo_credit(text[start:end]):
            continue
        parts = furniture.read_caption(text[start:end])
        first, last = start + parts.start, start + parts.end
        if first < last:
            new = {"start": first, "end": last, "text": text[first:last], "printed": 0}
            new |= {"photo_credit": "", "slug": ""}
            latest = captions.setdefault(layout.comparable(new["text"]), new)
            latest["printed"] += 1
        if latest:
            latest["photo_credit"] = latest["photo_credit"] or parts.credit
            latest["slug"] = latest["slug"] or parts.slug
    return list(captions.values())


def find_related_links(articles: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Return one row per link to another story: article_id, start, end, text, url ("" if none)."""
    rows = [
        (article_id, start + first, start + last, text[start + first : start + last], url)
        for article_id, text, spans in _blocks_with_role(articles, blocks, "related")
        for start, end, _ in spans
        for first, last, url in furniture.read_links(text[start:end])
    ]
    return pd.DataFrame(rows, columns=["article_id", "start", "end", "text", "url"])


def add_role(frame: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Add `role`: the role of the block that holds `start`, "body" where no block does."""
    result = frame.copy()
    codes = pd.Index(blocks["article_id"].unique())
    width = 1 + int(max([0, *blocks["end"], *frame["start"]]))
    keys = codes.get_indexer(blocks["article_id"]) * width + blocks["start"].to_numpy(
        dtype=np.int64
    )
    order = np.argsort(keys, kind="stable")
    articles = codes.get_indexer(frame["article_id"])
    wanted = articles * width + frame["start"].to_numpy(dtype=np.int64)
    places = np.searchsorted(keys[order], wanted, side="right") - 1
    result["role"] = "body"
    if len(blocks) and len(frame):
        nearest = blocks.iloc[order[places.clip(0)]]
        holds = (
            (places >= 0)
            & (articles >= 0)
            & (nearest["article_id"].to_numpy() == frame["article_id"].to_numpy())
            & (nearest["end"].to_numpy() > frame["start"].to_numpy())
        )
        result["role"] = np.where(holds, nearest["role"].to_numpy(), "body")
    return result


def add_header(articles: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Fill `headline`, `byline` and `dateline_place` from the blocks where they are empty."""
    headlines = _texts_with_role(articles, blocks, "headline", _headline_text)
    bylines = _texts_with_role(articles, blocks, "byline", _byline_text)
    places = _texts_with_role(articles, blocks, "dateline", _dateline_place)
    found = {
        "headline": {article_id: texts[0] for article_id, texts in headlines.items()},
        "byline": {article_id: ", ".join(texts) for article_id, texts in bylines.items()},
        "dateline_place": {article_id: texts[0] for article_id, texts in places.items()},
    }
    result = articles.copy()
    for column, values in found.items():
        result[column] = _filled(articles, column, values)
    return result


def add_wire(articles: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Fill `wire` with the agency that the byline, dateline or a credit names, where it is empty.

    A photo credit does not make wire copy, nor does an agency mentioned in the story.
    """
    named: dict[str, str] = {}
    signed = blocks[blocks["role"].isin(["byline", "dateline", "credit"])]
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    for row in signed.itertuples():
        if row.article_id in named or row.article_id not in texts:
            continue
        text = texts[row.article_id][row.start : row.end]
        if row.role == "dateline":
            dateline = furniture.read_dateline(text + " X") or furniture.read_dateline(text)
            text = dateline.agency if dateline else ""
        elif furniture.is_photo_credit(text):
            continue
        agency = furniture.find_agency(text)
        if agency:
            named[row.article_id] = agency
    if "byline" in articles:
        for article_id, byline in zip(articles["article_id"], articles["byline"], strict=True):
            agency = furniture.find_agency(byline) if isinstance(byline, str) else ""
            if agency:
                named.setdefault(article_id, agency)
    result = articles.copy()
    result["wire"] = _filled(articles, "wire", named)
    return result


def _filled(articles: pd.DataFrame, column: str, values: dict[str, str]) -> list[str]:
    there = articles[column] if column in articles else [""] * len(articles)
    return [
        value if isinstance(value, str) and value else values.get(article_id, "")
        for article_id, value in zip(articles["article_id"], there, strict=True)
    ]


def _texts_with_role(
    articles: pd.DataFrame, blocks: pd.DataFrame, role: str, read: Callable[[str], str]
) -> dict[str, list[str]]:
    """Return for each article what `read` makes of its blocks of one role."""
    return {
        article_id: [read(text[start:end]) for start, end, _ in spans]
        for article_id, text, spans in _blocks_with_role(articles, blocks, role)
    }


def _headline_text(text: str) -> str:
    field = furniture.FIELD_LINE.fullmatch(text)
    if field and field["field"].lower() in ("title", "headline"):
        text = text.split(":", 1)[1]
    text = text.split("\n")[0] if re.search(r"\n\s*[=-]{2,}\s*$", text) else text
    return " ".join(text.strip().lstrip("#").rstrip("#").strip().strip("*_").split())


def _byline_text(text: str) -> str:
    field = furniture.FIELD_LINE.fullmatch(text)
    if field:
        text = text.split(":", 1)[1]
    bare = " ".join(text.strip().strip("*_—–- ").split())
    parts = [part for part in BAR.split(bare) if not furniture.is_head_mark(part)]
    return BY.sub("", " | ".join(parts))


def _dateline_place(text: str) -> str:
    dateline = furniture.read_dateline(text + " X") or furniture.read_dateline(text)
    return " ".join(dateline.place.split()) if dateline else ""


def _blocks_with_role(
    articles: pd.DataFrame, blocks: pd.DataFrame, *roles: str
) -> Iterator[tuple[str, str, list[tuple[int, int, str]]]]:
    """Yield (article_id, text, blocks) for each article that has blocks of the roles."""
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    wanted = blocks[blocks["role"].isin(roles) & blocks["article_id"].isin(texts)]
    for article_id, group in wanted.groupby("article_id", sort=False):
        spans = zip(group["start"], group["end"], group["role"], strict=True)
        yield article_id, texts[article_id], list(spans)
