"""One article, cut up once: its text, what is cut out of it, and what annotators add to it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from helpers.store import schema
from helpers.text import blocks, quotations, sentences

if TYPE_CHECKING:
    from helpers.text.quotations import Quotations

Span = tuple[int, int]
Block = tuple[int, int, str]


@dataclass(eq=False)
class Article:
    """One article; all offsets are half-open, in characters of `text`.

    `paragraphs`, `blocks`, `sentences` and `quotations` are cut out of the text when first asked
    for, and once. `reading` is what the network read, `mentions`, `attributions` and `targets` are
    what annotators found: None until the one who finds them has been here.
    """

    text: str
    article_id: str = ""
    markup: str = ""
    outlet: str = ""
    url: str = ""
    language: str = ""
    byline: str = ""
    reading: Any = None
    mentions: list | None = None
    attributions: list | None = None
    targets: list | None = None

    @cached_property
    def paragraphs(self) -> list[Span]:
        """The paragraphs, without surrounding space, in order."""
        return quotations.find_paragraphs(self.text)

    @cached_property
    def quotations(self) -> Quotations:
        """The quotations, found by offset."""
        return quotations.Quotations(quotations.find_quotations(self.text, self.paragraphs))

    @cached_property
    def quoted(self) -> bytearray:
        """One byte a character: 1 inside the marks that the text quotes speech with."""
        return quotations.mask(self.quotations.all, len(self.text))

    @cached_property
    def blocks(self) -> list[Block]:
        """Start, end and role of each block, in order."""
        return blocks.read_blocks(self.text, self.markup, self.paragraphs)

    @cached_property
    def sentences(self) -> list[Block]:
        """Start, end and role of each sentence of the blocks, in order."""
        return self.split(self.blocks)

    def split(self, blocks: Iterable[Block]) -> list[Block]:
        """Return start, end and role of each sentence inside some spans of the text, in order."""
        return list(sentences.split_blocks(self.text, list(blocks), self.quotations.whole))

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [start for start, *_ in self.sentences]

    def sentences_around(self, start: int, end: int) -> Span:
        """Return where the sentences that a span touches begin and end."""
        if not self.sentences:
            return start, end
        first = max(0, bisect_right(self._sentence_starts, start) - 1)
        last = max(first, bisect_left(self._sentence_starts, end) - 1)
        return min(start, self.sentences[first][0]), max(end, self.sentences[last][1])

    def sentence_at(self, offset: int) -> Span:
        """Return the sentence that holds an offset; in the space after one, that one."""
        return self.sentences_around(offset, offset + 1)

    def same_sentence(self, one: int, other: int) -> bool:
        """Tell whether two offsets lie in one sentence."""
        starts = self._sentence_starts
        return bisect_right(starts, one) == bisect_right(starts, other)

    def role_at(self, offset: int) -> str:
        """Return the role of the block that holds an offset, "body" where none does."""
        place = bisect_right(self.blocks, offset, key=lambda block: block[0]) - 1
        return self.blocks[place][2] if place >= 0 and offset < self.blocks[place][1] else "body"


def read_articles(articles: pd.DataFrame | Sequence[Article]) -> Sequence[Article]:
    """Return an Article for each row of a table, in order; articles that are cut up already stay.

    Needs `article_id` and `text`; `markup`, `outlet`, `url`, `language` and `byline` are taken
    where they are there.
    """
    if not isinstance(articles, pd.DataFrame):
        return articles
    names = (field.name for field in fields(Article) if field.type == "str")
    columns = {name: articles[name].tolist() for name in names if name in articles}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return [Article(**{key: value for key, value in row.items() if value == value}) for row in rows]


def put_together(
    articles: pd.DataFrame, blocks: pd.DataFrame | None, sentences: pd.DataFrame | None
) -> Sequence[Article]:
    """Return an Article for each row of a table, cut up as the tables of its parts say, if any."""
    cut = read_articles(articles)
    for name, table in (("blocks", blocks), ("sentences", sentences)):
        if table is None:
            continue
        spans: dict[str, list[Block]] = {article.article_id: [] for article in cut}
        columns = (table[column].tolist() for column in schema.TABLES[name].columns.names)
        for article_id, *span in zip(*columns, strict=True):
            spans[article_id].append(tuple(span))
        for article in cut:
            setattr(article, name, spans[article.article_id])
    return cut
