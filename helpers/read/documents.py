"""What one document gives whichever file it came in: text, fields, hints on structure, problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

Hint = tuple[int, int, str]

PARAGRAPH_BREAK = "\n\n"


class Unreadable(ValueError):
    """A file gives no article; the message says why and what to do."""


@dataclass
class Document:
    """One document as a format reader hands it over.

    `fields` holds what the file says about itself, as written, under the roles of a column mapping
    (`title`, `outlet`, `published`, `url`, `author`, `id`, `section`); `metadata` everything else.
    `hints` are (start, end, role) in `text`, roles as in `schema.BLOCK_ROLES`. `problems` are
    (step, problem) pairs that do not keep the document from being an article.
    """

    text: str
    fields: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    hints: list[Hint] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def compose(blocks: Iterable[tuple[str, str]]) -> tuple[str, list[Hint]]:
    """Join (role, text) blocks by blank lines; return the text and a hint for each known role.

    A block whose role is "" is part of the text without a hint.
    """
    pieces: list[str] = []
    hints: list[Hint] = []
    start = 0
    for role, text in blocks:
        if role:
            hints.append((start, start + len(text), role))
        pieces.append(text)
        start += len(text) + len(PARAGRAPH_BREAK)
    return PARAGRAPH_BREAK.join(pieces), hints
