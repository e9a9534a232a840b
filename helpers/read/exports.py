"""Files of many articles: what Nexis, ProQuest and Factiva export, and own separators.

The text of an article is its body alone; what the labels of the export tell becomes fields and
metadata. The labels, in the languages of the archives' interfaces, are in `export_labels.csv`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, groupby, takewhile
from typing import NamedTuple

from helpers.read.dates import LONGEST_HEADLINE, date_in
from helpers.read.documents import Document, compose
from helpers.read.page_blocks import open_page, page_lines
from helpers.read.records import FIELDS, field_names, plain
from helpers.store.lexicons import read_lexicon

LEAST_RULE = 20  # signs of a line that ends a record of ProQuest
LEAST_CENTRED = 8
LEAST_SEPARATED = 2
LEAST_SHARE = 0.5
LEAST_MISSING = 100
MOST_HEAD_LINES = 4
WIDEST_WRAPPED = 100
ENDS = tuple('.!?…”"')

_NUMBERED = re.compile(
    r"(?:([^\W\d_]+) )?(\d+) (?:of|von|de|di|sur|van) (\d+)(?: ([^\W\d_]+))?", re.I
)
_ANNOUNCED = re.compile(r"([^\W\d_]+)\s?\((\d+)\)")
_CODE = re.compile(r"([A-Z]{2,3})(?:(?:\t|  |\s?\|)\s*(\S.*))?")
_PAGE = re.compile(r"(?:Pg|P|S|Page|Seite)\.?\s?([\w-]{1,12})", re.I)
_PAGE_MARKS = (b"articleParagraph", b"DOCFULL", b" DOCUMENTS", b"End of Document", b">HD<")
_BESIDE_DATE = re.compile(r",\s|\s[|–—-]\s|\(|\)")
_FACTIVA_END = re.compile(r"(?:Document|Dokument|Documento) ([A-Za-z0-9]{18,})")


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


def groups_of(lines: Iterable[str]) -> list[list[str]]:
    """Return the runs of lines between blank lines."""
    return _pieces(lines, lambda line: not line.strip())


def _pieces(lines: Iterable[str], parts: Callable[[str], object]) -> list[list[str]]:
    """Return the runs of lines between those that part them."""
    return [list(run) for apart, run in groupby(lines, lambda line: bool(parts(line))) if not apart]


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
    """The articles of one file, and how many the file itself announces, None when it does not."""

    layout: str
    articles: list[ExportedArticle]
    announced: int | None = None

    def documents(self) -> Iterator[Document]:
        """Yield every article as a document, made when it is asked for."""
        return (article.document() for article in self.articles)

    def note(self) -> str:
        """Say in words how many articles the file announces and how many were read."""
        told = "" if self.announced is None else f", {self.announced} announced"
        return f"{self.layout}: {self._read()} articles read{told}"

    def problem(self) -> str:
        """Say in words what differs between what the file announces and what was read."""
        if self.announced in (None, read := self._read()):
            return ""
        return (
            f"it is an export of {self.layout} that announces {self.announced} articles, and "
            f"{read} were read; export it again, or look for the missing ones in the file"
        )

    def _read(self) -> int:
        return sum(any(map(str.strip, article.body)) for article in self.articles)


def read_export(text: str) -> Export | None:
    """Cut a file of many articles into its articles; None when it is no such file."""
    lines = [line.replace("\xa0", " ").rstrip() for line in text.split("\n")]
    for layout in (_read_nexis, _read_numbered_nexis, _read_proquest, _read_factiva, _read_own):
        if found := layout(lines):
            return found
    return None


def read_export_page(raw: bytes) -> Export | None:
    """Cut a web page of many articles into its articles; None when it is no such page."""
    if not any(mark in raw for mark in _PAGE_MARKS):
        return None
    tree, _, _ = open_page(raw)
    shown = tree.xpath("//div[contains(concat(' ', normalize-space(@class), ' '), ' article ')]")
    shown = [one for one in shown if one.find(".//tr") is None]
    if shown and b"articleParagraph" in raw:
        found = (_displayed_articles(page_lines(one), True) for one in shown)
        return Export("Factiva", list(chain.from_iterable(found)))
    lines = page_lines(tree)
    return _read_nexis(lines) or _read_numbered_nexis(lines) or _read_factiva(lines)


# -------------------------------------------------------------------- Nexis Uni, Lexis+, today


def _heading(line: str) -> str:
    """Return what a line alone opens in an export of Nexis: body, classification, end; or ""."""
    return labels("nexis", "heading").get(line.strip().rstrip(":").casefold(), "")


def _read_nexis(lines: list[str]) -> Export | None:
    """Read a cover list and articles that each end in "End of Document"."""
    opened = [_heading(line) for line in lines]
    ends = opened.count("end")
    if "body" not in opened or not (ends or "classification" in opened):
        return None
    articles = [
        _nexis_article(piece, first=number == 0)
        for number, piece in enumerate(_pieces(lines, lambda line: _heading(line) == "end"))
        if number < ends or "body" in map(_heading, piece)
    ]
    cover = map(_ANNOUNCED.fullmatch, map(str.strip, lines[: opened.index("body")]))
    known = labels("nexis", "count")
    told = (int(match[2]) for match in cover if match and match[1].casefold() in known)
    return Export("Nexis", articles, next(told, None))


def _nexis_article(piece: list[str], first: bool) -> ExportedArticle:
    article = ExportedArticle()
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


def _numbered(line: str, layout: str) -> tuple[int, int] | None:
    """Return (1, 3) for a line such as "1 of 3 DOCUMENTS"."""
    match = _NUMBERED.fullmatch(line.strip()) if len(line) < WIDEST_WRAPPED else None
    known = labels(layout, "count")
    if not match or (match[1] or match[4] or "").casefold() not in known:
        return None
    return int(match[2]), int(match[3])


def _read_numbered_nexis(lines: list[str]) -> Export | None:
    """Read articles that each begin with "1 of 3 DOCUMENTS" and have upper-case labels."""
    found = [_numbered(line, "nexis") for line in lines]
    announced = max((total for _, total in filter(None, found)), default=0)
    if not announced or any(map(_is_rule, lines)):
        return None
    start = next(place for place, number in enumerate(found) if number)
    pieces = _pieces(lines[start:], lambda line: _numbered(line, "nexis"))
    return Export("Nexis", list(map(_numbered_article, pieces)), announced)


def _numbered_article(lines: list[str]) -> ExportedArticle:
    article = ExportedArticle()
    groups = groups_of(lines)
    heads = list(takewhile(lambda group: not _upper_label(group, "label", "end label"), groups))
    place = len(heads)
    if place == len(groups) or not _upper_label(groups[place], "label"):
        heads, place = _unlabelled_head(groups)
    _take_numbered_head(article, heads)
    while place < len(groups) and (found := _upper_label(groups[place], "label")):
        article.take(*found)
        place += 1
    end = _end_of_body(groups, place)
    article.body = list(chain.from_iterable([*group, ""] for group in groups[place:end]))
    for group in groups[end:]:
        if found := _upper_label(group, "label", "end label"):
            article.take(*found)
    return article


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
    end = _first_of_tail(ends, after, start)
    while end == len(groups) > start and after[-1]:  # a copyright line and nothing labelled
        del groups[-1], after[-1]
        end -= 1
    return end


def _first_of_tail(firsts: Sequence[object], like: Sequence[object], start: int) -> int:
    """Return the first place that may begin a tail most of which is alike, or the end."""
    found, count = len(like), 0
    for place in range(len(like) - 1, start - 1, -1):
        count += bool(like[place])
        if firsts[place] and count > LEAST_SHARE * (len(like) - place):
            found = place
    return found


# ------------------------------------------------------------------------------------ ProQuest


def _is_rule(line: str) -> bool:
    return len(line) >= LEAST_RULE and set(line.strip()) == {"_"}


def _read_proquest(lines: list[str]) -> Export | None:
    """Read records between lines of underscores, made of "Label: value" and a blank line."""
    if not any(map(_is_rule, lines)):
        return None
    records = []
    for groups in map(groups_of, _pieces(lines, _is_rule)):
        roles = [found.role for group in groups if (found := label(group[0], "proquest"))]
        if len(roles) >= 2 and {"text", "title", "outlet", "id", "published"} & {*roles}:
            records.append(groups)
    numbered = (_numbered(groups[0][0], "proquest") for groups in records)
    announced = max((pair[1] for pair in numbered if pair), default=None)
    articles = list(map(_proquest_article, records))
    return Export("ProQuest", articles, announced) if articles else None


def _proquest_article(groups: list[list[str]]) -> ExportedArticle:
    article = ExportedArticle()
    told = [label(" ".join(group), "proquest") for group in groups]
    text = next((n for n, found in enumerate(told) if found and found.role == "text"), len(groups))
    end = _first_of_tail(told, told, text + 1)
    if text < len(groups):
        groups[text][0] = groups[text][0].partition(":")[2].strip()
        article.body = list(chain.from_iterable([*group, ""] for group in groups[text:end]))
    top = ""
    for place, (group, found) in enumerate(zip(groups, told, strict=True)):
        if text <= place < end:
            continue
        if found:
            if found.role != "abstract" or len(found.value.split()) > 3:
                article.take(*found)
        elif group[0].startswith(("http://", "https://")):
            article.take("url", group[0])
        elif not top and not _numbered(group[0], "proquest"):
            top = " ".join(group)
    article.take("title", top)
    article.metadata.pop("other", None)
    if outlet := article.fields.get("outlet"):
        article.fields["outlet"] = outlet.partition(";")[0].strip()
    return article


# ------------------------------------------------------------------------------------- Factiva


def _read_factiva(lines: list[str]) -> Export | None:
    """Read articles with codes such as HD and TD, or those that end in "Document ABC…"."""
    articles = list(_coded_articles(lines)) or list(_displayed_articles(lines))
    return Export("Factiva", articles) if articles else None


def _code(line: str) -> Labelled | None:
    match = _CODE.fullmatch(line.strip())
    if match and (role := labels("factiva", "code").get(match[1].casefold())):
        return Labelled(role, match[2] or "")
    return None


def _coded_articles(lines: list[str]) -> Iterator[ExportedArticle]:
    codes = [_code(line) for line in lines]
    there = {found.role for found in codes if found}
    if not {"title", "outlet"} <= there or not {"lead", "text"} & there:
        return
    article, role = ExportedArticle(), ""
    seen: set[str] = set()
    for line, found in zip(lines, codes, strict=True):
        if found:
            role = found.role
            again = role == "title" and "title" in seen
            if again or (role in ("title", "section") and {"text", "lead", "id"} & seen):
                yield article
                article, seen = ExportedArticle(), set()
            seen.add(role)
            line = found.value
        if _FACTIVA_END.fullmatch(line.strip()):
            role = ""
        elif role in ("lead", "text"):
            article.body += ["", line] if found else [line]
        elif role and role != "time":
            article.take(role, line)
    yield article


def _displayed_articles(lines: Iterable[str], whole: bool = False) -> Iterator[ExportedArticle]:
    """Yield the articles before each line "Document ABC…"; with `whole` the last needs none."""
    piece: list[str] = []
    for line in lines:
        if match := _FACTIVA_END.fullmatch(line.strip()):
            article = _displayed_article(piece)
            article.take("id", match[1])
            yield article
            piece = []
        else:
            piece.append(line)
    if whole and any(map(str.strip, piece)):
        yield _displayed_article(piece)


def _displayed_article(lines: Sequence[str]) -> ExportedArticle:
    """Read an article as Factiva shows it: headline, author, words, date, outlet, …, copyright."""
    article = ExportedArticle()
    rows = [(place, line.strip()) for place, line in enumerate(lines) if line.strip()]
    last = next((n for n, (_, row) in enumerate(rows) if is_copyright(row)), len(rows) - 1)
    head = [row for _, row in rows[: last + 1]]
    words = next((n for n, row in enumerate(head) if _is_words(row)), min(1, len(head)))
    article.take("title", " ".join(head[:1]))
    article.take("author", " ".join(head[1:words]))
    for row in head[words:]:
        article.take(_role_of_row(row, article), row)
    if rows:
        article.body = list(lines[rows[last][0] + 1 :])
    return article


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


# ------------------------------------------------------------------------------ own separators


def _read_own(lines: list[str]) -> Export | None:
    """Read articles between lines of signs, when each begins with a line that holds a date."""
    articles = _own_articles(lines)
    headed = sum("published" in article.fields and bool(article.body) for article in articles)
    several = LEAST_SEPARATED <= len(articles) == headed
    return Export("parts between lines of signs", articles) if several else None


def doubt(text: str) -> str:
    """Say in words why a text read as one article may be several; "" when nothing tells so."""
    articles = _own_articles(text.split("\n"))
    headed = sum(len(article.fields) > 1 for article in articles)
    if headed < LEAST_SEPARATED or headed < LEAST_SHARE * len(articles):
        return ""
    return (
        f"lines of signs part it into {len(articles)}, of which {headed} look like articles, but "
        "it was read as one: begin every part with a line such as Vale Echo, 3 March 2024, or "
        "save each as a file of its own"
    )


def _own_articles(lines: list[str]) -> list[ExportedArticle]:
    pieces = [piece for piece in _pieces(lines, _is_separator) if any(map(str.strip, piece))]
    return list(map(_own_article, pieces)) if any(map(_is_separator, lines)) else []


def _is_separator(line: str) -> bool:
    signs = set(line.strip()) - {" "}
    return len(signs) == 1 and signs <= set("*-=#_~+—–•") and len(line.strip()) >= 3


def _own_article(piece: list[str]) -> ExportedArticle:
    article = ExportedArticle()
    for place, line in enumerate(piece):
        full = len(article.fields) + len(article.metadata) > MOST_HEAD_LINES
        if line.strip() and (full or not _take_own_head(article, line.strip())):
            article.body = piece[place:]
            break
    return article


def _take_own_head(article: ExportedArticle, line: str) -> bool:
    """Take a line of a head: outlet and date, byline, "Label: value", headline; False for text."""
    name, colon, value = line.partition(":")
    roles = field_names("column")
    role = next((role for role in FIELDS if colon and plain(name) in roles[role]), "")
    if role:
        article.take(role, value)
        return True
    beside = _split_date(line) if "published" not in article.fields else None
    if beside:
        article.take("outlet", beside[0])
        article.take("published", beside[1])
    elif line.startswith(("By ", "BY ")) and "author" not in article.fields and len(line) < 100:
        article.take("author", line[3:])
    elif "title" in article.fields or line.endswith(ENDS) or len(line) > LONGEST_HEADLINE:
        return False
    else:
        article.take("title", line)
    return True


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
