"""Files of many articles: what Nexis, ProQuest, Factiva and Europresse export, own separators.

The text of an article is its body alone; what the labels of the export tell becomes fields and
metadata.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from helpers.read.columns import FIELDS, field_names, plain
from helpers.read.dates import LONGEST_HEADLINE, date_in
from helpers.read.documents import SMALL
from helpers.read.exported import (
    LEAST_SHARE,
    WIDEST_WRAPPED,
    Export,
    ExportedArticle,
    Labelled,
    Lines,
    first_of_tail,
    groups_of,
    if_any,
    is_copyright,
    is_rule,
    label,
    labels,
    missing_of,
    numbered_of,
    pieces_of,
)
from helpers.read.nexis import read_nexis, read_numbered_nexis
from helpers.read.page_blocks import open_page, page_lines

LEAST_SEPARATED = 2
MOST_HEAD_LINES = 4
MOST_WORDS_OF_AN_OUTLET = 6
LEAST_WORDS_OF_A_HEADLINE = 3
MOST_WORDS_OF_A_DATE = 6
MOST_WORDS_OF_A_LABEL = 5
MOST_SAMPLED, LEAST_SAMPLED = 100, 4  # records in which labels are looked for that recur
NAMED = ("outlet", "title")
BY = ("By ", "BY ")
ENDS = tuple(".…!?")

_CODE = re.compile(r"([A-Z]{2,3})(?:(?:\t|  |\s?\|)\s*(\S.*))?")
_CLASS = "contains(concat(' ', normalize-space(@class), ' '), ' %s ')"
_PAGE_MARKS = (
    b"DocPublicationName",
    b"articleParagraph",
    b"DOCFULL",
    b" DOCUMENTS",
    b"End of Document",
    b">HD<",
)
_BESIDE_DATE = re.compile(r",\s|\s[|–—-]\s|\(|\)")
_PARTED = re.compile(  # "=== 3 ===", "Article 3 of 12", "END"
    r"\s*(?:[*=#~+—–-]{2,}\s*(?:article|story|document|text)?\s*\d+(?:\s*(?:of|/)\s*(?P<of>\d+))?"
    r"\s*[*=#~+—–-]{2,}|(?:article|story|document|text)\s+(?:no\.?\s*)?\d+"
    r"(?:\s*(?:of|/)\s*(?P<all>\d+))?:?|\[?END\]?)\s*",
    re.I,
)
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")
_BYLINE = re.compile(r"(?:by|von|par|por|di|door)\s", re.I)
_FACTIVA_END = re.compile(r"(?:Document|Dokument|Documento) ([A-Za-z0-9]{18,})")


def read_export(text: str) -> Export | None:
    """Cut a file of many articles into its articles; None when it is no such file."""
    lines: Iterable[str] = Lines(text)
    if len(text) < SMALL:
        lines = list(lines)
    for layout in (read_nexis, read_numbered_nexis, _read_proquest, _read_factiva):
        if found := layout(lines):
            return found
    return _read_own(text)


def read_export_page(raw: bytes) -> Export | None:
    """Cut a web page of many articles into its articles; None when it is no such page."""
    if not any(mark in raw for mark in _PAGE_MARKS):
        return None
    tree, _, _ = open_page(raw)
    shown = tree.xpath(f"//div[{_CLASS % 'article'}]")
    shown = [one for one in shown if one.find(".//tr") is None]
    if shown and b"articleParagraph" in raw:
        return Export("Factiva", map(_shown_article, shown))
    if shown := tree.xpath(f"//article[.//*[{_CLASS % 'DocPublicationName'}]]"):
        return Export("Europresse", map(_europresse_article, shown))
    lines = page_lines(tree)
    return read_nexis(lines) or read_numbered_nexis(lines) or _read_factiva(lines)


# ------------------------------------------------------------------------------------ ProQuest


def _read_proquest(lines: Iterable[str]) -> Export | None:
    """Read records between lines of underscores, made of "Label: value" and a blank line."""
    if not any(map(is_rule, lines)):
        return None
    recurring = _recurring_labels(islice(_proquest_records(lines), MOST_SAMPLED))
    articles = if_any(_proquest_article(one, recurring) for one in _proquest_records(lines))
    if articles is None:
        return None
    numbers = [pair for line in lines if (pair := numbered_of(line, "proquest"))]
    announced = max((total for _, total in numbers), default=None)
    return Export("ProQuest", articles, announced, missing_of(numbers, announced or 0))


def _proquest_records(lines: Iterable[str]) -> Iterator[list[list[str]]]:
    for groups in map(groups_of, pieces_of(lines, is_rule)):
        roles = [found.role for group in groups if (found := label(group[0], "proquest"))]
        if len(roles) >= 2 and {"text", "title", "outlet", "id", "published"} & {*roles}:
            yield groups


def _recurring_labels(records: Iterable[list[list[str]]]) -> set[str]:
    """Return what opens a line of most records as a label does; nothing where records are few."""
    found = [{_name_of(group[0]) for group in groups} - {""} for groups in records]
    counts = Counter(chain.from_iterable(found))
    least = LEAST_SHARE * len(found)
    return (
        {name for name, n in counts.items() if n > least} if len(found) >= LEAST_SAMPLED else set()
    )


def _name_of(line: str) -> str:
    """Return what stands before a colon when it is short enough to be a label."""
    name, colon, _ = line.strip().partition(":")
    return name.casefold() if colon and len(name.split()) <= MOST_WORDS_OF_A_LABEL else ""


def _proquest_article(groups: list[list[str]], recurring: set[str]) -> ExportedArticle:
    article = ExportedArticle()
    told = [_proquest_label(group, recurring) for group in groups]
    text = next((n for n, found in enumerate(told) if found and found.role == "text"), len(groups))
    end = _proquest_end(groups, told, recurring, text + 1)
    if text < len(groups):
        groups[text][0] = groups[text][0].partition(":")[2].strip()
        article.body = list(chain.from_iterable([*group, ""] for group in groups[text:end]))
    article.ended = end < len(groups)
    top = ""
    for place, (group, found) in enumerate(zip(groups, told, strict=True)):
        if text <= place < end:
            continue
        if found:
            if found.role != "abstract" or len(found.value.split()) > 3:
                article.take(*found)
        elif group[0].startswith(("http://", "https://")):
            article.take("url", group[0])
        elif not top and not numbered_of(group[0], "proquest"):
            top = " ".join(group)
    article.take("title", top)
    article.metadata.pop("other", None)
    if outlet := article.fields.get("outlet"):
        article.fields["outlet"] = outlet.partition(";")[0].strip()
    return article


def _proquest_label(group: list[str], recurring: set[str]) -> Labelled | None:
    """Return a known label and its value, or one that recurs and whose role is not known."""
    whole = " ".join(group)
    other = Labelled("other", whole.partition(":")[2])
    return label(whole, "proquest") or (other if _name_of(whole) in recurring else None)


def _proquest_end(
    groups: list[list[str]], told: list[Labelled | None], recurring: set[str], start: int
) -> int:
    """Return the first group behind the text: labels follow, each of them once in a record."""
    names = [_name_of(group[0]) for group in groups]
    firsts = [
        bool(found) and name not in names[place + 1 :] and (not recurring or name in recurring)
        for place, (found, name) in enumerate(zip(told, names, strict=True))
    ]
    return first_of_tail(firsts, told, start)


# ------------------------------------------------------------------------------------- Factiva


def _read_factiva(lines: Iterable[str]) -> Export | None:
    """Read articles with codes such as HD and TD, or those that end in "Document ABC…"."""
    articles = if_any(_coded_articles(lines)) or if_any(_displayed_articles(lines))
    return Export("Factiva", articles) if articles else None


def _code(line: str) -> Labelled | None:
    match = _CODE.fullmatch(line.strip())
    if match and (role := labels("factiva", "code").get(match[1].casefold())):
        return Labelled(role, match[2] or "")
    return None


def _coded_articles(lines: Iterable[str]) -> Iterator[ExportedArticle]:
    there = {found.role for found in map(_code, lines) if found}
    if not {"title", "outlet"} <= there or not {"lead", "text"} & there:
        return
    article, role = ExportedArticle(), ""
    seen: set[str] = set()
    for line in lines:
        if found := _code(line):
            role = found.role
            again = role == "title" and "title" in seen
            if again or (role in ("title", "section") and {"text", "lead", "id"} & seen):
                yield article
                article, seen = ExportedArticle(), set()
            seen.add(role)
            line = found.value
        if _FACTIVA_END.fullmatch(line.strip()):
            role, article.ended = "", True
        elif role in ("lead", "text"):
            article.body += ["", line] if found else [line]
        elif role and role != "time":
            article.take(role, line)
    yield article


def _displayed_articles(lines: Iterable[str]) -> Iterator[ExportedArticle]:
    """Yield the articles before each line "Document ABC…"."""
    heads = (_rows_above(piece)[0] for piece, _ in _displayed_pieces(lines))
    sections = {head[0] for head in islice(heads, MOST_SAMPLED) if len(head) > 2}
    for piece, key in _displayed_pieces(lines):
        article = ExportedArticle(ended=bool(key))
        _take_displayed(article, piece, sections)
        article.take("id", key)
        yield article


def _displayed_pieces(lines: Iterable[str]) -> Iterator[tuple[list[str], str]]:
    piece: list[str] = []
    known = False
    for line in lines:
        if match := _FACTIVA_END.fullmatch(line.strip()):
            yield piece, match[1]
            piece, known = [], True
        else:
            piece.append(line)
    if known and any(_is_words(line.strip()) for line in piece):  # the file breaks off in it
        yield piece, ""


def _shown_article(part: Any) -> ExportedArticle:
    """Read an article of a page of Factiva, whose headline and author have classes."""
    article = ExportedArticle()
    for role, name in (("title", "Headline"), ("author", "author")):
        found = part.xpath(
            f".//*[substring(@class, string-length(@class) - {len(name) - 1}) = '{name}']"
        )
        if found:
            article.take(role, found[0].text_content())
            found[0].drop_tree()
    lines = page_lines(part)
    ends = [place for place, line in enumerate(lines) if _FACTIVA_END.fullmatch(line.strip())]
    article.take("id", lines[ends[0]].split()[1] if ends else "")
    article.ended = bool(ends)
    _take_displayed(article, lines[: ends[0]] if ends else lines, {*lines[:1]})
    return article


def _rows_above(lines: Sequence[str]) -> tuple[list[str], list[str], int]:
    """Return what stands above the number of words, what from there to the copyright, its place."""
    rows = [(place, line.strip()) for place, line in enumerate(lines) if line.strip()]
    last = next((n for n, (_, row) in enumerate(rows) if is_copyright(row)), len(rows) - 1)
    head = [row for _, row in rows[: last + 1]]
    words = next((n for n, row in enumerate(head) if _is_words(row)), min(1, len(head)))
    return head[:words], head[words:], rows[last][0] if rows else 0


def _take_displayed(article: ExportedArticle, lines: Sequence[str], sections: set[str]) -> None:
    """Read an article as Factiva shows it: section, headline, author, words, …, copyright, text.

    `sections` are those of other articles of the file.
    """
    above, below, last = _rows_above(lines)
    alone = above[0] in sections if sections and above else _is_section(above)
    if len(above) > 2 or alone:
        article.take("section", above.pop(0))
    article.take("title", "".join(above[:1]))
    article.take("author", " ".join(above[1:]))
    for row in below:
        article.take(_role_of_row(row, article), row)
    article.body = list(lines[last + 1 :])


def _is_section(above: list[str]) -> bool:
    """Say whether of two lines the first is a section and the second a headline, not an author."""
    lengths = [len(row.split()) for row in above]
    two = len(above) == 2 and lengths[1] >= LEAST_WORDS_OF_A_HEADLINE
    return two and lengths[0] < lengths[1] and not _BYLINE.match(above[1])


def _is_words(row: str) -> bool:
    number, _, word = row.replace(",", "").replace(".", "").partition(" ")
    return number.isdecimal() and word.casefold() in labels("factiva", "words")


def _role_of_row(row: str, article: ExportedArticle) -> str:
    if is_copyright(row):
        return "copyright"
    if _is_words(row):
        return "words"
    if "published" not in article.fields and date_in(row):
        return "published"
    if row.casefold() in labels("factiva", "language"):
        return "language"
    if row[:1].isdecimal() and ":" in row:
        return "time"
    if "outlet" not in article.fields:
        return "outlet"
    if row.isupper() and row.isalpha():
        return "code"
    return "page" if any(map(str.isdecimal, row)) and len(row) <= 12 else "edition"


# ---------------------------------------------------------------------------------- Europresse


def _europresse_article(part: Any) -> ExportedArticle:
    """Read an article of a page that Europresse saves: its parts have classes of their own."""
    article = ExportedArticle()
    for name, role in labels("europresse", "class").items():
        found = [one for one in part.iter() if name in (one.get("class") or "").casefold().split()]
        text = " ".join(found[0].text_content().split()) if found else ""
        if role == "text" and found:
            article.body = page_lines(found[0]) or [text]
        elif role == "header":
            _take_europresse_header(article, text)
        elif role == "outlet":
            article.take(role, text.partition(",")[0])
        else:
            article.take(role, text)
    below = part.xpath(f"(.//header//*[{_CLASS % 'titreArticle'}])[1]/following-sibling::div[1]")
    article.take("author", below[0].text_content() if below else "")
    article.ended = part.find(".//footer") is not None
    return article


def _take_europresse_header(article: ExportedArticle, header: str) -> None:
    """Take date, words and page from "mercredi 6 mars 2024 542 mots, p. 5"."""
    words = [word.strip(",;•") for word in header.split()]
    runs = [
        " ".join(words[n : n + length])
        for n in range(len(words))
        for length in range(MOST_WORDS_OF_A_DATE, 0, -1)
    ]
    article.take("published", next((run for run in runs if date_in(run) == run), ""))
    article.take("words", next(filter(_is_words, runs), ""))
    pages = (run.partition(" ")[2] for run in runs if run.casefold().startswith(("p. ", "pg. ")))
    article.take("page", next((one for one in pages if " " not in one), ""))


# ------------------------------------------------------------------------------ own separators


def _read_own(text: str) -> Export | None:
    """Read articles between lines of signs, when each begins with a line that holds a date.

    Between blank lines alone each needs headline, outlet and date.
    """
    articles = _own_articles(text)
    needed = {"published"}
    if len(articles) < LEAST_SEPARATED and "\n\n\n" in text:
        articles = _own_articles(_BLANK_LINES.sub("\n***\n", text))
        needed |= {*NAMED}
    headed = sum(needed <= one.fields.keys() and bool(one.body) for one in articles)
    if not LEAST_SEPARATED <= len(articles) == headed:
        return None
    numbers = (_PARTED.fullmatch(line) for line in Lines(text))
    told = [int(match["of"] or match["all"] or 0) for match in numbers if match]
    return Export("parts between lines of signs", articles, max(told, default=0) or None)


def doubt(text: str) -> str:
    """Say in words why a text read as one article may be several; "" when nothing tells so."""
    articles = _own_articles(text)
    headed = sum(len(article.fields) > 1 for article in articles)
    titled = sum("title" in article.fields and bool(article.body) for article in articles)
    if headed < max(LEAST_SEPARATED, LEAST_SHARE * len(articles)):
        headed = titled if titled == len(articles) else 0
    if headed < LEAST_SEPARATED:
        return ""
    return (
        f"separators part it into {len(articles)}, of which {headed} look like articles, but "
        "it was read as one: begin every part with a line such as Vale Echo, 3 March 2024, or "
        "save each as a file of its own"
    )


def _own_articles(text: str) -> list[ExportedArticle]:
    lines = list(Lines(text.replace("\f", "\n***\n")))
    if any(map(_is_separator, lines)):
        pieces = list(pieces_of(lines, _is_separator))
    else:
        pieces = _labelled_pieces(lines)
    articles = [_own_article(piece) for piece in pieces if any(map(str.strip, piece))]
    told = [article.fields for article in articles if "outlet" in article.guessed]
    below, above = (sum(len(one.get(name, "").split()) for one in told) for name in NAMED)
    for fields in told if below > above else ():  # what stands above the date is the outlet then
        fields["outlet"], fields["title"] = fields.get("title", ""), fields["outlet"]
    return articles


def _labelled_pieces(lines: list[str]) -> list[list[str]]:
    """Return the parts that each begin with the label of the first line, none without one.

    A label that is not known opens a part only if labels that are follow it in each.
    """
    first = _name_of(next(filter(None, lines), ""))
    opening = _own_label(f"{first}:")
    starts = [place for place, line in enumerate(lines) if first and _name_of(line) == first]
    if opening and len(starts) < LEAST_SEPARATED:  # "Title:" in one, "Headline:" in another
        starts = [place for place, line in enumerate(lines) if _own_label(line) == opening]
    ends = [*starts[1:], len(lines)]
    pieces = [lines[start:end] for start, end in zip(starts, ends, strict=False)]
    known = opening or all(sum(map(bool, map(_own_label, piece))) > 1 for piece in pieces)
    return pieces if len(pieces) >= LEAST_SEPARATED and known else []


def _own_label(line: str) -> str:
    """Return the role of "Title: Bridge to open", "" for a line without a known label."""
    name, colon, _ = line.partition(":")
    roles = field_names("column")
    return next((role for role in FIELDS if colon and plain(name) in roles[role]), "")


def _is_separator(line: str) -> bool:
    signs = set(line.strip()) - {" "}
    alone = len(signs) == 1 and signs <= set("*-=#_~+—–•") and len(line.strip()) >= 3
    return alone or (len(line) < WIDEST_WRAPPED and bool(_PARTED.fullmatch(line)))


def _own_article(piece: list[str]) -> ExportedArticle:
    article = ExportedArticle()
    filled = [place for place, line in enumerate(piece) if line.strip()]
    labelled = 0
    for place in filled:
        line = piece[place].strip().strip("#*_ ")
        apart = place > filled[0] and not piece[place - 1].strip()
        below = "".join(piece[place + 1 : place + 2]).strip()
        beside = labelled > 1 or _own_label(below)  # so that one whose role is not known is one
        if (_own_label(line) or beside) and _name_of(line) and not apart:
            labelled += 1
            article.take(_own_label(line) or _name_of(line), line.partition(":")[2])
            continue
        full = len(article.fields) + len(article.metadata) > MOST_HEAD_LINES + labelled
        ends = not apart and (not below or below.startswith(BY))
        if full or not _take_own_head(article, line, apart, ends):
            article.body = piece[place:]
            last = piece[filled[-1]]
            capitals = sum(word[0].isupper() for word in last.split())  # as in a credit
            article.ended = _ends(last, ENDS) or capitals > LEAST_SHARE * len(last.split())
            break
    return article


def _take_own_head(article: ExportedArticle, line: str, apart: bool, last: bool) -> bool:
    """Take a line of a head: outlet and date, byline, "Label: value", headline; False for text.

    A headline that is not `apart` from the lines above it may end in a mark of question; one below
    outlet and date is the `last` line of a head but for a byline.
    """
    ends = ENDS if apart else ENDS[:2]
    if role := _own_label(line):
        article.take(role, line.partition(":")[2])
        return True
    beside = _split_date(line) if "published" not in article.fields else None
    if beside:
        article.take("outlet", beside[0])
        article.take("published", beside[1])
    elif line.startswith(BY) and "author" not in article.fields and len(line) < 100:
        article.take("author", line[3:])
    elif {"title", "published"} <= article.fields.keys() and _is_outlet(article, line):
        article.take("outlet", line)
        article.guessed.add("outlet")
    elif last and _is_headline(article, line):
        article.fields |= {"outlet": article.fields["title"], "title": line}
    elif "title" in article.fields or _ends(line, ends) or len(line) > LONGEST_HEADLINE:
        return False
    else:
        article.take("title", line)
    return True


def _is_outlet(article: ExportedArticle, line: str) -> bool:
    """Say whether a line below title and date can be the name of an outlet."""
    named = article.fields.get("outlet") or "author" in article.fields
    return not named and len(line.split()) <= MOST_WORDS_OF_AN_OUTLET and not _ends(line, ENDS)


def _is_headline(article: ExportedArticle, line: str) -> bool:
    """Say whether a line below what was taken for a headline, and a date, is the headline."""
    told = {"title", "published"} <= article.fields.keys() and not article.fields.get("outlet")
    short = told and len(article.fields["title"].split()) <= MOST_WORDS_OF_AN_OUTLET
    return short and not _ends(line, ENDS[:2]) and len(line) <= LONGEST_HEADLINE


def _ends(line: str, ends: tuple[str, ...]) -> bool:
    return line.rstrip('”"’').endswith(ends)


def _split_date(line: str) -> tuple[str, str] | None:
    """Return what stands beside the date in "Vale Echo, 3 March 2024", and the date."""
    if len(line) > LONGEST_HEADLINE:
        return None
    if date_in(line) == line:
        return "", line
    for sign in _BESIDE_DATE.finditer(line):
        before, after = line[: sign.start()].strip(" ("), line[sign.end() :].strip(" )")
        for outlet, date in ((before, after), (after, before)):
            if date and date_in(date) == date:
                return outlet, date
    return None
