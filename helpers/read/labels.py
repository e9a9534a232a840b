"""What the labels of an export tell of an article, and how its body becomes a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from helpers.read.dates import UnclearDate, read_date
from helpers.read.documents import Document, compose
from helpers.read.records import ROLES
from helpers.store.lexicons import read_lexicon

FIELDS = tuple(role for role in ROLES if role != "text")
WIDEST_WRAPPED = 100
LEAST_SHARE = 0.5
LEAST_MISSING = 100
LONGEST_HEADLINE = 200

_PAGE = re.compile(r"(?:Pg|P|S|Page|Seite)\.?\s?([\w-]{1,12})", re.I)


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


def label(line: str, layout: str, kind: str = "label") -> Labelled | None:
    """Return the role and the value of a line that begins with a known label, else None."""
    name, colon, value = line.strip().partition(":")
    role = labels(layout, kind).get(name.strip().casefold()) if colon else None
    return Labelled(role, value.strip()) if role else None


@dataclass
class ExportedArticle:
    """Gathers what one article of an export tells."""

    fields: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)

    def take(self, role: str, value: str) -> None:
        """Keep what a label tells; of a field told twice the first is kept."""
        value = " ".join(value.split())
        if not value:
            return
        if role in FIELDS:
            self.fields.setdefault(role, value)
        elif role in self.metadata:
            self.metadata[role] += f"; {value}"
        else:
            self.metadata[role] = value

    def document(self) -> Document:
        """Return the article as a document whose text is the body alone."""
        section = self.fields.get("section", "")
        if page := next(filter(None, map(_PAGE.fullmatch, _parts(section, ";"))), None):
            self.metadata.setdefault("page", page[1])
        text, hints = compose(_paragraphs(self.body))
        document = Document(text, dict(self.fields), dict(self.metadata), hints)
        digits = "".join(filter(str.isdecimal, self.metadata.get("words", "").split("(")[0]))
        words = len(text.split())
        missing = int(digits or 0) - words
        if text and missing > max(LEAST_MISSING, words):
            problem = f"the export says it has {int(digits):,} words, and {words:,} are there"
            document.problems.append(("text", f"{problem}; it may be cut: export it again"))
        return document


def _parts(text: str, sign: str) -> list[str]:
    return [part.strip() for part in text.split(sign)]


def groups_of(lines: Iterable[str]) -> list[list[str]]:
    """Return the runs of lines between blank lines."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            groups[-1].append(line)
        elif groups[-1]:
            groups.append([])
    return [group for group in groups if group]


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


def is_date(line: str) -> bool:
    """Say whether a line begins with a date."""
    return bool(date_in(line))


def date_in(line: str) -> str:
    """Return the date that a line begins with, "" for none."""
    line = line.strip()
    if not any(map(str.isdecimal, line)) or len(line) > LONGEST_HEADLINE:
        return ""
    pieces = line.split(",")
    for last in range(len(pieces), 0, -1):  # "12 February 2024, Monday, Final Edition"
        written = ",".join(pieces[:last])
        try:
            read_date(written)
        except UnclearDate:
            continue
        return written if not written.isdecimal() else ""
    return ""


def is_copyright(line: str) -> bool:
    """Say whether a line states who holds the rights."""
    return line.strip().casefold().startswith(tuple(labels("all", "notice")))
