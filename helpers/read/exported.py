"""One article of an export as its labels tell it, and how many the file announces.

The labels, in the languages of the archives' interfaces, are in `export_labels.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, groupby
from typing import NamedTuple

from helpers.read.columns import FIELDS
from helpers.read.documents import Document, compose
from helpers.store.lexicons import read_lexicon

LEAST_RULE = 20  # signs of a line that ends a record of ProQuest
LEAST_SHARE = 0.5
LEAST_MISSING = 100
MOST_NAMED = 12  # of the numbers of articles that are missing
WIDEST_WRAPPED = 100

_NUMBERED = re.compile(
    r"(?:([^\W\d_]+) )?(\d+) (?:of|von|de|di|sur|van) (\d+)(?: ([^\W\d_]+))?", re.I
)
_PAGE = re.compile(r"(?:Pg|P|S|Page|Seite)\.?\s?([\w-]{1,12})", re.I)


# -------------------------------------------------------------------------------------- labels


@cache
def labels(layout: str, kind: str) -> dict[str, str]:
    """Return the labels of one kind in an archive's exports, case folded, with their roles."""
    known = read_lexicon("export_labels")
    own = known[(known["layout"] == layout) & (known["kind"] == kind)]
    return dict(zip(own["label"].str.casefold(), own["role"], strict=True))


class Labelled(NamedTuple):
    """A line such as "BYLINE: Mara Quist" with the role that its label plays."""

    role: str
    value: str


def label(line: str, layout: str, *kinds: str) -> Labelled | None:
    """Return the role and the value of a line that begins with a known label, else None."""
    name, colon, value = line.strip().partition(":")
    known = (labels(layout, kind).get(name.strip().casefold()) for kind in kinds or ("label",))
    role = next(filter(None, known), None)
    return Labelled(role, value.strip()) if role and colon else None


def is_copyright(line: str) -> bool:
    """Say whether a line states who holds the rights."""
    return line.strip().casefold().startswith(tuple(labels("all", "notice")))


class Lines:
    """The lines of a text, cut out each time they are asked for: a large text is held once."""

    def __init__(self, text: str):
        self.text = text

    def __iter__(self) -> Iterator[str]:
        start = 0
        while (end := self.text.find("\n", start)) >= 0:
            yield self.text[start:end].replace("\xa0", " ").rstrip()
            start = end + 1
        yield self.text[start:].replace("\xa0", " ").rstrip()


def groups_of(lines: Iterable[str]) -> list[list[str]]:
    """Return the runs of lines between blank lines."""
    return list(pieces_of(lines, lambda line: not line.strip()))


def pieces_of(lines: Iterable[str], parts: Callable[[str], object]) -> Iterator[list[str]]:
    """Yield the runs of lines between those that part them."""
    runs = groupby(lines, lambda line: bool(parts(line)))
    return (list(run) for apart, run in runs if not apart)


@dataclass
class ExportedArticle:
    """Gathers what one article of an export tells.

    `ended` is whether what stands behind its text was met, `torn` whether the file ends inside it;
    `guessed` are the fields that only their place tells.
    """

    fields: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    ended: bool = False
    torn: bool = False
    guessed: set[str] = field(default_factory=set)

    def take(self, role: str, value: str) -> None:
        """Keep what a label tells; of a field told twice the first is kept."""
        value = " ".join(value.split())
        if not value:
            return
        if role in FIELDS:
            self.fields.setdefault(role, value)
        else:
            told = self.metadata.get(role)
            self.metadata[role] = f"{told}; {value}" if told else value

    def document(self) -> Document:
        """Return the article as a document whose text is the body alone."""
        parts = map(str.strip, self.fields.get("section", "").split(";"))
        if page := next(filter(None, map(_PAGE.fullmatch, parts)), None):
            self.metadata.setdefault("page", page[1])
        text, hints = compose(_paragraphs(self.body))
        document = Document(text, dict(self.fields), dict(self.metadata), hints)
        digits = "".join(filter(str.isdecimal, self.metadata.get("words", "").split("(")[0]))
        words = len(text.split())
        if text and int(digits or 0) - words > max(LEAST_MISSING, words):
            problem = f"the export says it has {int(digits):,} words, and {words:,} are there"
            document.problems.append(("text", f"{problem}; it may be cut: export it again"))
        elif text and self.torn:
            problem = "the file breaks off in this article, whose end is not here; export it again"
            document.problems.append(("text", problem))
        return document


def _paragraphs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (role, paragraph) of a body, lines that were only wrapped joined again."""
    groups = groups_of(lines)
    inner = [line.strip() for group in groups for line in group[:-1]]
    unended = sum(not line.endswith(tuple(".!?:”\"’'…)")) for line in inner)
    widest = max(map(len, inner), default=0)
    wrapped = inner and unended > LEAST_SHARE * len(inner) and widest <= WIDEST_WRAPPED
    for group in groups:
        pieces = [line.strip() for line in group]
        for piece in [" ".join(pieces)] if wrapped else pieces:
            name, colon, rest = piece.partition(":")
            caption = colon and name in ("CAPTION", "Caption")
            yield ("caption", rest.strip()) if caption and rest.strip() else ("", piece)


@dataclass
class Export:
    """The articles of one file, and how many the file itself announces, None when it does not.

    The articles are cut out when `documents` asks for them, which it does once, and counts them.
    """

    layout: str
    articles: Iterable[ExportedArticle]
    announced: int | None = None
    missing: tuple[int, ...] = ()
    read: int = 0

    def documents(self) -> Iterator[Document]:
        """Yield every article as a document, made when it is asked for."""
        for article in _mark_torn(self.articles):
            self.read += any(map(str.strip, article.body))
            yield article.document()

    def note(self) -> str:
        """Say in words how many articles the file announces and how many were read."""
        told = "" if self.announced is None else f", {self.announced} announced"
        return f"{self.layout}: {self.read} articles read{told}"

    def problem(self) -> str:
        """Say in words what differs between what the file announces and what was read."""
        if self.announced in (None, self.read):
            return ""
        those = ", ".join(map(str, self.missing[:MOST_NAMED]))
        those += ", …" if len(self.missing) > MOST_NAMED else ""
        named = f"its number{'s' * (len(self.missing) > 1)} {those} " if those else ""
        named += ("are missing; " if len(self.missing) > 1 else "is missing; ") if those else ""
        return (
            f"it is an export of {self.layout} that announces {self.announced} articles, and "
            f"{self.read} were read; {named}export it again, or look in the file"
        )


def _mark_torn(articles: Iterable[ExportedArticle]) -> Iterator[ExportedArticle]:
    """Pass articles on; the last is torn when what ends most of the others is not behind it."""
    ended, count = 0, 0
    before: ExportedArticle | None = None
    for article in articles:
        if before is not None:
            ended, count = ended + before.ended, count + 1
            yield before
        before = article
    if before is not None:
        before.torn = not before.ended and ended > LEAST_SHARE * count
        yield before


def if_any(articles: Iterator[ExportedArticle]) -> Iterator[ExportedArticle] | None:
    """Return the articles, or None when there are none."""
    first = next(articles, None)
    return None if first is None else chain([first], articles)


def numbered_of(line: str, layout: str) -> tuple[int, int] | None:
    """Return (1, 3) for a line such as "1 of 3 DOCUMENTS"."""
    match = _NUMBERED.fullmatch(line.strip()) if len(line) < WIDEST_WRAPPED else None
    known = labels(layout, "count")
    if not match or (match[1] or match[4] or "").casefold() not in known:
        return None
    return int(match[2]), int(match[3])


def missing_of(numbers: Iterable[tuple[int, int]], announced: int) -> tuple[int, ...]:
    """Return which numbers lack in a file whose articles are numbered."""
    there = {number for number, _ in numbers}
    return tuple(sorted({*range(1, announced + 1)} - there))


def first_of_tail(firsts: Sequence[object], like: Sequence[object], start: int) -> int:
    """Return the first place that may begin a tail most of which is alike, or the end."""
    found, count = len(like), 0
    for place in range(len(like) - 1, start - 1, -1):
        count += bool(like[place])
        if firsts[place] and count > LEAST_SHARE * (len(like) - place):
            found = place
    return found


def is_rule(line: str) -> bool:
    """Say whether a line is one of underscores, which ends a record of ProQuest."""
    return len(line) >= LEAST_RULE and set(line.strip()) == {"_"}
