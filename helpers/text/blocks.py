"""The blocks of one article: its paragraphs, cut and joined, each with its role; what they name.

Roles come from hints of the file format where `markup` has them and from rules otherwise. One block
is one paragraph; a dateline is split from the paragraph it opens, a run of links is one block.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from helpers.store import schema
from helpers.text import furniture
from helpers.text.furniture import form
from helpers.text.sentences import ends_with

HEAD_LENGTH = 10
RUN_ROLES = ("related", "boilerplate")


@dataclass(slots=True, eq=False)
class Paragraph:
    """One paragraph of an article while its role is being found.

    Neighbours of one `run` become one block; `gap` counts the line ends before the paragraph;
    `dated` says that it opens with a dateline.
    """

    start: int
    end: int
    text: str
    role: str = ""
    run: int = -1
    gap: int = 1
    dated: bool = False

    @property
    def is_prose(self) -> bool:
        """Whether it reads as running text: it ends as a sentence and has the length of one."""
        return len(self.text) > 140 or len(self.text) > 25 and ends_with(self.text, ".!?…")


def comparable(text: str) -> str:
    """Return the words of text alone, to tell whether two paragraphs print the same."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def read_blocks(text: str, markup: str, spans: list[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """Return (start, end, role) of each block in order, covering all text but white space.

    `spans` are the paragraphs of the text.

    `markup` is the JSON list of [start, end, role] hints of the file format, "" when there are
    none; hints outside the text, overlapping an earlier one or with another role are passed over.
    """
    hints = _read_hints(markup, len(text))
    paragraphs = _cut_paragraphs(text, spans, hints)
    if not paragraphs:
        return []
    _read_fields(paragraphs)
    _read_furniture(paragraphs)
    _read_related(paragraphs)
    _read_head(paragraphs)
    if not any(role == "caption" for _, _, role in hints):  # else the file's own marks tell
        _read_repeated_captions(paragraphs)
    _read_subheads(paragraphs)
    _read_sign_off(paragraphs)
    for paragraph in paragraphs:
        paragraph.role = paragraph.role or "body"
    return list(_split_and_join(paragraphs))


def _read_hints(markup: str, length: int) -> list[tuple[int, int, str]]:
    """Return the hints that fit the text and the vocabulary, in order, none overlapping another."""
    hints = []
    last = 0
    if isinstance(markup, str) and markup:
        for start, end, role in sorted(json.loads(markup)):
            if role in schema.BLOCK_ROLES and last <= start < end <= length:
                hints.append((start, end, role))
                last = end
    return hints


def _cut_paragraphs(
    text: str, spans: list[tuple[int, int]], hints: list[tuple[int, int, str]]
) -> list[Paragraph]:
    """Return the paragraphs, cut where a hint begins or ends, with the role of their hint."""
    cuts = sorted({offset for start, end, _ in hints for offset in (start, end)})
    starts = np.array([start for start, _, _ in hints], dtype=np.int64)
    paragraphs: list[Paragraph] = []
    previous, cut = 0, 0
    for start, end in spans:
        while cut < len(cuts) and cuts[cut] <= start:
            cut += 1
        edges = [start]
        while cut < len(cuts) and cuts[cut] < end:
            edges.append(cuts[cut])
            cut += 1
        edges.append(end)
        for first, last in zip(edges, edges[1:], strict=False):
            piece = text[first:last]
            content = piece.strip()
            if not content:
                continue
            first += len(piece) - len(piece.lstrip())
            paragraph = Paragraph(first, first + len(content), content)
            space = text[previous:first]
            paragraph.gap = max(space.count("\n"), space.count("\r"), space.count("\u2029"))
            previous = paragraph.end
            hint = int(np.searchsorted(starts, first, side="right")) - 1
            if hint >= 0 and hints[hint][1] > first:
                paragraph.role = hints[hint][2]
                paragraph.run = hint if paragraph.role in RUN_ROLES else -1
            paragraphs.append(paragraph)
    return paragraphs


def _unread(paragraphs: Iterable[Paragraph]) -> list[Paragraph]:
    return [paragraph for paragraph in paragraphs if not paragraph.role]


def _read_fields(paragraphs: list[Paragraph]) -> None:
    """Read front matter and the lines "Title: …", "Author: …" that some archives put on top."""
    if paragraphs[0].text == "---" and not paragraphs[0].role:
        for last, paragraph in enumerate(paragraphs[1:60], start=1):
            if paragraph.text == "---":
                for line in paragraphs[: last + 1]:
                    line.role, line.run = line.role or "boilerplate", 0
                return
    top = [paragraph for paragraph in paragraphs[:12] if not paragraph.role]
    field_line = form("field line")
    fields = [
        (line, match["field"].lower())
        for line in top
        if len(line.text) < 300 and (match := field_line.fullmatch(line.text))
    ]
    if len(fields) < 2:
        return
    for line, field in fields:
        if field in ("title", "headline"):
            line.role = "headline"
        elif field.startswith(("author", "by")):
            line.role = "byline"
        else:
            line.role = "boilerplate"


def _read_furniture(paragraphs: list[Paragraph]) -> None:
    signed = _signed_paragraph(paragraphs)
    story_seen = False
    for paragraph in paragraphs:
        if paragraph.role:
            continue
        text = paragraph.text
        if story_seen and furniture.is_credit(text):
            paragraph.role = "credit"
        elif furniture.is_caption(text) and paragraph is not signed:
            paragraph.role = "caption"
        elif furniture.is_notice(text):
            paragraph.role = "boilerplate"
        story_seen = story_seen or (not paragraph.role and paragraph.is_prose)


def _signed_paragraph(paragraphs: list[Paragraph]) -> Paragraph | None:
    """Return the last paragraph of the story if its agency or reporters sign it: "… (AP)"."""
    for line in reversed(paragraphs):
        if line.role in ("", "body") and not (
            furniture.is_notice(line.text) or furniture.is_credit(line.text)
        ):
            return line if furniture.find_trailing_credit(line.text) else None
    return None


def _read_related(paragraphs: list[Paragraph]) -> None:
    index = 0
    while index < len(paragraphs):
        paragraph = paragraphs[index]
        index += 1
        if paragraph.role:
            continue
        if furniture.is_related_line(paragraph.text) and index > 1:
            links = [paragraph]
        elif furniture.is_related_header(paragraph.text):
            links = _links_after(paragraphs, index)
            if not links:
                continue
        else:
            continue
        run = paragraph.start + 1_000_000_000
        for link in [paragraph, *links]:
            link.role, link.run = "related", run
        index = paragraphs.index(links[-1], index - 1) + 1


def _links_after(paragraphs: list[Paragraph], index: int) -> list[Paragraph]:
    """Return the link lines under a header, without the subhead of the story that goes on."""
    links: list[Paragraph] = []
    for paragraph in paragraphs[index : index + 15]:
        wider = len(links) > 1 and paragraph.gap > links[-1].gap
        if paragraph.role or wider or not furniture.is_link_like(paragraph.text):
            break
        links.append(paragraph)
    following = paragraphs[index + len(links) : index + len(links) + 1]
    if len(links) > 1 and following and _leads_into(links, following[0]):
        links.pop()
    return links


def _leads_into(links: list[Paragraph], following: Paragraph) -> bool:
    """Say whether the last link is a subhead: short, and naming what the next paragraph names."""
    *others, last = [link.text for link in links]
    words = last.split()
    if following.role or not following.is_prose or form("markdown link").search(last):
        return False
    shortest = len(words) <= 6 and all(len(words) < len(other.split()) for other in others)
    names = set(re.findall(r"[^\W\d_a-z]\w{3,}", last))
    return shortest and bool(names & set(re.findall(r"\w+", following.text)))


def _read_head(paragraphs: list[Paragraph]) -> None:
    """Find headline, bylines, standfirst and the paragraph with the dateline."""
    headline = _read_headline(paragraphs)
    begin = paragraphs.index(headline) + 1 if headline else 0
    head = paragraphs[begin : begin + HEAD_LENGTH]
    long = (n for n, line in enumerate(head) if not line.role and len(line.text.split()) > 60)
    head = head[: next(long, len(head)) + 1]
    dated = next((n for n, line in enumerate(head) if _opens_with_dateline(line)), None)
    if dated is not None:
        head[dated].dated = True
    before_story = head[:dated]
    _read_bylines(before_story, after_headline=headline is not None)
    if headline is None or any(line.role == "standfirst" for line in paragraphs):
        return
    marks = [
        number
        for number, line in enumerate(before_story)
        if line.role == "byline" or line.role == "boilerplate" and furniture.is_head_mark(line.text)
    ]
    story_begin = dated if dated is not None else max(marks, default=-1) + 1
    candidates = _unread(head[:story_begin])
    if dated is None and _stands_out(head, story_begin):
        candidates.append(head[story_begin])
    for line in candidates[:2]:
        if len(line.text.split()) <= 60:
            line.role = "standfirst"


def _opens_with_dateline(line: Paragraph) -> bool:
    return line.role in ("", "body") and furniture.read_dateline(line.text) is not None


def _read_headline(paragraphs: list[Paragraph]) -> Paragraph | None:
    """Find the headline; where it is printed again below, the second is not counted."""
    headline = next((line for line in paragraphs if line.role == "headline"), None)
    if headline is None:
        first = next((line for line in paragraphs if line.role != "boilerplate"), None)
        if first is None or first.role or not _is_headline(first, paragraphs):
            return None
        first.role = "headline"
        headline = first
    begin = paragraphs.index(headline) + 1
    for line in _unread(paragraphs[begin : begin + 4]):
        if comparable(line.text) == comparable(headline.text):
            line.role = "boilerplate"
    return headline


def _read_bylines(lines: list[Paragraph], after_headline: bool) -> None:
    for number, line in enumerate(lines[:6]):
        named = after_headline and number < 3 and furniture.is_name_line(line.text)
        if not line.role and (named or furniture.is_byline(line.text)):
            line.role = "byline"


def _stands_out(head: list[Paragraph], index: int) -> bool:
    """Say whether a line is set as a standfirst: in bold or italics, or without a full stop."""
    if index + 1 >= len(head) or head[index].role:
        return False
    text = head[index].text
    if form("emphasis").fullmatch(text):
        return True
    return (
        not ends_with(text, ".!?:;,…") and 8 <= len(text.split()) <= 45 and head[index + 1].is_prose
    )


def _is_headline(line: Paragraph, paragraphs: list[Paragraph]) -> bool:
    text = line.text
    later = paragraphs[paragraphs.index(line) + 1 :]
    if not any(paragraph.is_prose for paragraph in later[:8]):
        return False
    if form("heading").match(text):
        return True
    words = text.split()
    if len(text) > 200 or len(words) > 30 or form("list item").match(text):
        return False
    if furniture.is_byline(text) or furniture.read_dateline(text):
        return False
    if ends_with(text, ",:—–-"):
        return False
    if not ends_with(text, ".") or form("acronym at the end").search(text):
        return True
    long_words = [word for word in words if len(word) > 3 and word[0].isalpha()]
    capitals = [word for word in long_words if word[0].isupper()]
    if len(long_words) >= 3 and len(capitals) >= 0.8 * len(long_words) and len(text) < 130:
        return True
    story_begins = any(
        furniture.is_byline(line.text) or _opens_with_dateline(line) for line in later[:3]
    )
    return story_begins and len(words) <= 20


def _read_repeated_captions(paragraphs: list[Paragraph]) -> None:
    """Give the role to paragraphs that print the words of a caption again."""
    printed = set()
    for paragraph in paragraphs:
        if paragraph.role == "caption":
            printed.add(comparable(furniture.read_caption(paragraph.text)))
    printed.discard("")
    if printed:
        for paragraph in _unread(paragraphs):
            if len(paragraph.text) < 800 and comparable(paragraph.text) in printed:
                paragraph.role = "caption"


def _read_subheads(paragraphs: list[Paragraph]) -> None:
    """Find subheads: lines marked as headings or, where there is none, short lines amid prose."""
    story = [line for line in paragraphs if line.role in ("", "body", "subhead")]
    for line, after in zip(story, [*story[1:], None], strict=False):
        bold = (
            len(line.text) < 90
            and form("emphasis").fullmatch(line.text)
            and after
            and after.is_prose
        )
        if not line.role and (bold or form("heading").match(line.text)):
            line.role = "subhead"
    if any(line.role == "subhead" for line in story):
        return
    for before, line, after in zip(story, story[1:], story[2:], strict=False):
        amid_prose = before.is_prose and after.is_prose
        if not line.role and amid_prose and _is_subhead(line.text, before.text):
            line.role = "subhead"


def _is_subhead(text: str, before: str) -> bool:
    words = text.split()
    if len(text) > 80 or len(words) > 12 or "\n" in text or ends_with(before, ":,"):
        return False
    if (
        form("list item").match(text)
        or text[0].islower()
        or not (text[0].isalnum() or text[0] in "‘'¿")
    ):
        return False
    if ends_with(text, "?"):
        return (
            len(words) <= 10
            and bool(form("question").match(text))
            and not form("pointing back").search(text)
        )
    return not ends_with(text, ".!:;,…—–-")


def _read_sign_off(paragraphs: list[Paragraph]) -> None:
    """Read a last line of a few names, after the story, as its credit."""
    story = [line for line in paragraphs if line.role not in ("boilerplate", "related", "caption")]
    if len(story) < 3 or story[-1].role or not story[-2].is_prose:
        return
    text = story[-1].text.strip("—–-()*_ ")
    short = len(text.split()) <= 4 and len(text) < 50 and not ends_with(text, ".!?:")
    if short and furniture.only_names(text):
        story[-1].role = "credit"


def _split_and_join(paragraphs: list[Paragraph]) -> Iterator[tuple[int, int, str]]:
    """Yield the blocks: datelines and last credits split off, the lines of a run joined."""
    story = [line for line in paragraphs if line.role == "body"]
    if story and not any(line.dated for line in paragraphs):
        story[0].dated = True
    pending: tuple[int, int, str] | None = None
    pending_run = -1
    for line in paragraphs:
        if pending and line.run >= 0 and line.run == pending_run:
            pending = (pending[0], line.end, pending[2])
            continue
        if pending:
            yield pending
            pending = None
        pieces = [(line.start, line.end, line.role)]
        if line.dated:
            pieces = _split_dateline(line)
        if story and line is story[-1]:
            pieces = [*pieces[:-1], *_split_credit(line, pieces[-1])]
        yield from pieces[:-1]
        pending, pending_run = pieces[-1], line.run
    if pending:
        yield pending


def _split_dateline(line: Paragraph) -> list[tuple[int, int, str]]:
    dateline = furniture.read_dateline(line.text)
    if not dateline:
        return [(line.start, line.end, "body")]
    end = line.start + len(line.text[: dateline.end].rstrip())
    if dateline.end >= len(line.text):
        return [(line.start, line.end, "dateline")]
    return [(line.start, end, "dateline"), (line.start + dateline.end, line.end, "body")]


def _split_credit(line: Paragraph, block: tuple[int, int, str]) -> list[tuple[int, int, str]]:
    start, end, role = block
    credit = furniture.find_trailing_credit(line.text)
    if role != "body" or line.start + credit <= start:
        return [block]
    body_end = start + len(line.text[start - line.start : credit].rstrip())
    credit += line.start
    return [(start, body_end, role), (credit, end, "credit")] if body_end > start else [block]


# ------------------------------------------------------------------------------ what blocks name


def read_header(text: str, blocks: Iterable[tuple[int, int, str]], byline: str = "") -> dict:
    """Return the headline, byline, place of the dateline and news agency that blocks name.

    Each is "" where none does; a `byline` that the file itself gives stays. A photo credit
    does not make wire copy, nor does an agency mentioned in the story, nor one that added to what
    somebody else wrote.
    """
    written: dict[str, list[str]] = {role: [] for role in ("headline", "byline", "dateline")}
    agencies: list[str] = []
    added_to: list[str] = []
    for start, end, role in blocks:
        block = text[start:end]
        if role == "headline":
            written[role].append(_headline_text(block))
        elif role == "byline":
            written[role].append(_byline_text(block))
        elif role == "dateline":
            dateline = furniture.read_dateline(block + " X") or furniture.read_dateline(block)
            written[role].append(" ".join(dateline.place.split()) if dateline else "")
            agencies.append(furniture.find_agency(dateline.agency) if dateline else "")
        if role in ("byline", "credit") and not furniture.is_photo_credit(block):
            added = form("contribution").search(block) if role == "credit" else None
            wrote = block[: added.start()] if added else block
            whole = not added or " by " in f" {wrote.lower()}" or wrote.rstrip().endswith(",")
            agencies.append(furniture.find_agency(wrote) if whole else "")
            added_to.append(furniture.find_agency(block))
    byline = byline or ", ".join(written["byline"])
    agencies += [furniture.find_agency(byline), *([] if byline else added_to)]
    return {
        "headline": next(iter(written["headline"]), ""),
        "byline": byline,
        "dateline_place": next(iter(written["dateline"]), ""),
        "wire": next(filter(None, agencies), ""),
    }


def _headline_text(text: str) -> str:
    field = form("field line").fullmatch(text)
    if field and field["field"].lower() in ("title", "headline"):
        text = text.split(":", 1)[1]
    text = text.split("\n")[0] if form("underlined").search(text) else text
    return " ".join(text.strip().strip("#").strip().strip("*_").split())


def _byline_text(text: str) -> str:
    if form("field line").fullmatch(text):
        text = text.split(":", 1)[1]
    bare = " ".join(text.strip().strip("*_—–- ").split())
    parts = [part for part in form("bar").split(bare) if not furniture.is_head_mark(part)]
    return form("by").sub("", " | ".join(parts))
