"""What Nexis exports: the cover list and headings of today, "1 of 3 DOCUMENTS" until 2019."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, dropwhile, pairwise, takewhile

from helpers.read.dates import date_in
from helpers.read.exported import (
    Export,
    ExportedArticle,
    Labelled,
    first_of_tail,
    groups_of,
    is_copyright,
    is_rule,
    label,
    labels,
    missing_of,
    numbered_of,
    pieces_of,
)

LEAST_CENTRED = 8
LONGEST_HEADING = 60

_ANNOUNCED = re.compile(r"([^\W\d_]+)\s?\((\d+)\)")


# -------------------------------------------------------------------- Nexis Uni, Lexis+, today


def _heading(line: str) -> str:
    """Return what a line alone opens in an export of Nexis: body, classification, end; or ""."""
    known = labels("nexis", "heading")
    return known.get(line.strip().rstrip(":").casefold(), "") if len(line) < LONGEST_HEADING else ""


def read_nexis(lines: Iterable[str]) -> Export | None:
    """Read a cover list and articles that each end in "End of Document"."""
    opened = Counter(map(_heading, lines))
    if not opened["body"] or not (opened["end"] or opened["classification"]):
        return None
    articles = (
        _nexis_article(piece, number == 0, number < opened["end"])
        for number, piece in enumerate(pieces_of(lines, lambda line: _heading(line) == "end"))
        if number < opened["end"] or "body" in map(_heading, piece)
    )
    above = takewhile(lambda line: _heading(line) != "body", lines)
    cover = map(_ANNOUNCED.fullmatch, map(str.strip, above))
    known = labels("nexis", "count")
    told = (int(match[2]) for match in cover if match and match[1].casefold() in known)
    return Export("Nexis", articles, next(told, None))


def _nexis_article(piece: list[str], first: bool, ended: bool) -> ExportedArticle:
    article = ExportedArticle(ended=ended)
    opened = [_heading(line) for line in piece]
    if "body" in opened:
        body = opened.index("body")
    else:  # the text then begins after the last label, or what is there is labels only
        told = [place for place, line in enumerate(piece) if label(line, "nexis")]
        body = told[-1] if told else len(piece)
    _take_nexis_head(article, piece[: body + ("body" not in opened)], first)
    mode = "body"
    for line in piece[body + 1 :]:
        heading = _heading(line)
        if heading in ("text", "body"):
            mode = "body"
        elif heading:
            mode = heading
        elif mode in ("classification", "notes", "end") or (
            mode == "graphic" and label(line, "nexis", "end label")
        ):
            if labelled := label(line, "nexis", "end label", "label"):
                article.take(*labelled)
        elif mode == "body":
            article.body.append(line)
        else:
            article.take(mode, line)
    _cut_end_labels(article)
    return article


def _take_nexis_head(article: ExportedArticle, head: list[str], first: bool) -> None:
    """Take headline, outlet and date, which have no labels, and what is labelled after them."""
    groups = groups_of(head)
    rows, told = list(chain(*groups)), [label(line, "nexis") for line in chain(*groups)]
    dates = [place for place, line in enumerate(rows) if not told[place] and date_in(line)]
    start = dates[-1] if dates else next((n for n, one in enumerate(told) if one), len(rows))
    while start and not dates and is_copyright(rows[start - 1]):
        start -= 1
    title = max(start - 2, -1 if dates else 0)
    if title + 1 < start:
        article.take("outlet", rows[title + 1])
    if 0 <= title < start:
        of = next(group for group in groups if rows[title] in group)
        same = of[: of.index(rows[title]) + 1]
        article.take("title", " ".join(same if len(same) <= 3 and not first else same[-1:]))
    if dates:
        article.take("published", date_in(rows[start]))
    labelled = False
    for line, found in list(zip(rows, told, strict=True))[start + bool(dates) :]:
        if found:
            article.take(*found)
            labelled = True
        elif not is_copyright(line) and not labelled:
            article.take("edition", line)


def _cut_end_labels(article: ExportedArticle) -> None:
    """Take the labelled lines at the end of a body, where an export lacks its headings."""
    while article.body:
        labelled = label(article.body[-1], "nexis", "end label")
        if labelled:
            article.take(*labelled)
        elif article.body[-1].strip():
            break
        del article.body[-1]


# -------------------------------------------------------- Nexis until 2019: "1 of 3 DOCUMENTS"


def read_numbered_nexis(lines: Iterable[str]) -> Export | None:
    """Read articles that each begin with "1 of 3 DOCUMENTS" and have upper-case labels."""
    numbers = [pair for line in lines if (pair := numbered_of(line, "nexis"))]
    announced = max((total for _, total in numbers), default=0)
    if not announced or any(map(is_rule, lines)):
        return None
    after = dropwhile(lambda line: not numbered_of(line, "nexis"), lines)
    articles = map(_numbered_article, pieces_of(after, lambda line: numbered_of(line, "nexis")))
    return Export("Nexis", articles, announced, missing_of(numbers, announced))


def _numbered_article(lines: list[str]) -> ExportedArticle:
    article = ExportedArticle()
    groups = list(chain.from_iterable(map(_at_labels, groups_of(lines))))
    heads = list(takewhile(lambda group: not _upper_label(group, "label", "end label"), groups))
    place = len(heads)
    if place == len(groups) or not _upper_label(groups[place], "label"):
        heads, place = _unlabelled_head(groups)
    _take_numbered_head(article, heads)
    while place < len(groups) and (found := _upper_label(groups[place], "label")):
        if found.role == "title" and "title" in article.fields:  # what seemed to be one
            article.take("edition", article.fields.pop("title"))
        article.take(*found)
        place += 1
    place += place < len(groups) and _opens_body(groups[place][0])
    end = _end_of_body(groups, place)
    article.body = list(chain.from_iterable([*group, ""] for group in groups[place:end]))
    article.ended = end < len(groups)
    for group in groups[end:]:
        if found := _upper_label(group, "label", "end label"):
            article.take(*found)
    return article


def _at_labels(group: list[str]) -> Iterator[list[str]]:
    """Cut lines at each label in capitals and around the heading of the text."""
    starts = [n for n, line in enumerate(group) if _upper_label([line], "label", "end label")]
    for body in (n for n, line in enumerate(group) if _opens_body(line)):
        starts += [body, body + 1]
    for start, end in pairwise(sorted({0, *starts, len(group)})):
        yield group[start:end]


def _opens_body(line: str) -> bool:
    return _heading(line) in ("body", "text") and line.isupper() and line.endswith(":")


def _upper_label(group: list[str], *kinds: str) -> Labelled | None:
    """Return the label in capitals that opens some lines, and all that stands behind it."""
    upper = group[0].partition(":")[0].strip().isupper()
    return label(" ".join(group), "nexis", *kinds) if upper else None


def _unlabelled_head(groups: list[list[str]]) -> tuple[list[list[str]], int]:
    """Return the groups up to the headline, where no label tells where the text begins."""
    dated = next((n for n, group in enumerate(groups) if any(map(date_in, group))), 0)
    place = dated + 1
    while place < len(groups) and _is_centred(groups[place][0]):
        place += 1
    return groups[: place + 1], min(place + 1, len(groups))


def _is_centred(line: str) -> bool:
    return len(line) - len(line.lstrip()) >= LEAST_CENTRED


def _take_numbered_head(article: ExportedArticle, head: list[list[str]]) -> None:
    """Take the outlet, the date, the edition and the headline, which have no labels."""
    rows = [line for group in head for line in group if not is_copyright(line)]
    dates = [n for n, line in enumerate(rows) if date_in(line)]
    dated = next(filter(None, dates), next(iter(dates), None))
    if rows and dated != 0:
        article.take("outlet", rows[dated - 1 if dated else 0])
    if dated is not None:
        article.take("published", date_in(rows[dated]))
    after = rows[(dated or 0) + 1 :]
    headline = [line for line in after if not _is_centred(line)] or after[-1:]
    if len(headline) == len(after) > 1 and not any(map(_is_centred, rows)):
        headline = [line for line in head[-1] if line in after]  # nothing is centred any more
    for line in after:
        if line not in headline:
            article.take("edition", line)
    article.take("title", " ".join(headline))


def _end_of_body(groups: list[list[str]], start: int) -> int:
    """Return the first group from which on nearly all are labelled or about copyright."""
    ends = [_upper_label(group, "end label") for group in groups]
    after = [
        _upper_label(group, "label", "end label") or is_copyright(group[0]) or _is_centred(group[0])
        for group in groups
    ]
    end = first_of_tail(ends, after, start)
    while end == len(groups) > start and after[-1]:  # a copyright line and nothing labelled
        del groups[-1], after[-1]
        end -= 1
    return end
