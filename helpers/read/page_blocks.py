"""The blocks of a web page: runs of text between block tags, with the role their tags tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import lxml.html
from lxml import etree
from lxml.html import HtmlElement

from helpers.read.documents import PARAGRAPH_BREAK, Encoding, Unreadable, decode
from helpers.store.lexicons import read_lexicon

BODY_SHARE = 0.9
MOST_PRUNED = 0.3
MOST_LOST = 0.5
MOST_LINKED = 0.8
LEAST_WORDS = 25
MOST_PARAGRAPHS_OF_A_PART = 3
MOST_WORDS_OF_A_NAME = 3

HEADINGS = frozenset(f"h{level}" for level in range(1, 7))
BREAKING_ROLES = frozenset(("caption", "credit", "related"))
_KEPT_ROLES = frozenset(("caption", "credit", "standfirst"))
_LONGEST = {  # characters; an element that holds more is a wrapper with an unlucky name
    "related": 3000,
    "pullquote": 600,
    "caption": 2000,
    "credit": 400,
    "dateline": 200,
    "byline": 300,
    "date": 200,
    "standfirst": 800,
}
_DECLARED = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", re.I)
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_OPEN, _CLOSE, _BREAK = "\ue000", "\ue001", "\ue002"  # around an inline dateline; for <br>
_EDGE = "\ue003"  # where a <time> begins or ends
_NAMING = ("class", "id", "itemprop", "rel", "data-testid")
_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass
class Block:
    """One run of text between block tags, with what its tags tell."""

    role: str
    text: str
    element: HtmlElement
    inside: frozenset[str] = frozenset()
    linked: float = 0.0
    bold: float = 0.0
    dateline: int = 0

    @property
    def plain(self) -> bool:
        """Whether this is running text as far as the tags tell."""
        return self.role == "" and self.linked < MOST_LINKED


# ------------------------------------------------------------------------------------ the tree


def open_page(raw: bytes, charset: str = "") -> tuple[HtmlElement, str, Encoding]:
    """Parse a page without its comments; return the tree, the source and its encoding.

    Raises Unreadable when there is nothing to parse.
    """
    match = _DECLARED.search(raw[:4096])
    source, encoding = decode(raw, match[1].decode("ascii") if match else charset)
    source = _NO_XML.sub("", source)
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise Unreadable(f"it is no HTML page ({error}); save the page again") from error
    return tree, source, encoding


def squeeze(text: str) -> str:
    """Return the letters and digits of a text alone, to compare what tools print differently."""
    return "".join(re.findall(r"\w+", text))


def page_lines(part: HtmlElement) -> list[str]:
    """Return the text of a part of a page by line, blank lines between blocks, rows as "HD<tab>…".

    The part is changed: breaks and paragraphs are marked in it.
    """
    for element in part.iter("br"):
        element.tail = _BREAK + (element.tail or "")
    for element in part.iter("p"):
        element.text = 2 * _BREAK + (element.text or "")
    lines: list[str] = []
    for element in part.iter("p", "div", "tr"):
        within = next(element.iterancestors("tr"), None) is not None
        if within or (element.tag != "tr" and element.find(".//p") is not None):
            continue
        if element.tag == "tr":
            code, *cells = [_lines_of(cell).strip() for cell in element.iter("td", "th")] or [""]
            lines += f"{code}\t{PARAGRAPH_BREAK.join(cells)}".split("\n")
        elif element.find(".//div") is None:
            lines += ("\n" + _lines_of(element)).split("\n")
    return lines


def _lines_of(element: HtmlElement) -> str:
    return "\n".join(" ".join(line.split()) for line in element.text_content().split(_BREAK))


def cut_blocks(body: HtmlElement, main_text: str) -> list[Block]:
    """Cut the body of a page into blocks in document order, without what is no content.

    `main_text` is what trafilatura takes for the article, squeezed; what holds it is kept.
    The tree is changed: scripts, menus, forms, advertisements, comments and hidden parts are
    dropped from it.
    """
    for element in list(body.iter(*tags("unseen"))):
        element.drop_tree()
    _prune(body, main_text)
    return _Walker().walk_all(body)


def free_asides(body: HtmlElement) -> bool:
    """Make an aside that holds most of the paragraphs, as it was never closed, part of the text."""
    most = MOST_LOST * _size(body, True)
    unclosed = [one for one in body.iter("aside") if _size(one, True) > most > 0]
    for element in unclosed:
        element.tag = "div"
    return bool(unclosed)


def drop_dialogs(body: HtmlElement) -> bool:
    """Drop consent walls and the like from a page that has its article outside them."""
    marked = (".//*[@role='dialog' or @role='alertdialog' or @aria-modal='true']", ".//*")
    dialogs = {*body.xpath(marked[0])}
    dialogs |= {one for one in body.iterfind(marked[1]) if "dialog" in _told_roles(one)}
    within = {inner for dialog in dialogs for inner in dialog.iter()}
    outside = [one for one in body.iter("p", "h1") if one not in within]
    words = sum(len(one.text_content().split()) for one in outside if one.tag == "p")
    headed = any(one.tag == "h1" for one in outside) or not any(one.tag == "h1" for one in within)
    if not dialogs or words < LEAST_WORDS or not headed:
        return False
    for dialog in dialogs:
        if dialog.getparent() is not None:
            dialog.drop_tree()
    return True


def _prune(body: HtmlElement, main_text: str) -> None:
    """Drop what is no content, but never what holds the headline or much of the article."""
    in_paragraphs = _size(body, True) > MOST_PRUNED * _size(body, False)
    most = MOST_PRUNED * _size(body, in_paragraphs)
    found = [(element, _told_roles(element)) for element in body.iterdescendants("*")]
    walled = sum(_held(main_text, element) for element, told in found if "paywall" in told)
    for element, told in found:
        if element.getparent() is None:
            continue
        if "comments" in told:
            holds_article = _held(main_text, element, of=1) > len(element.findall(".//p")) / 2
        elif "paywall" in told:  # a notice, or else the paragraphs that lie behind it
            holds_article = walled > MOST_PRUNED * len(main_text)
        elif (
            element.tag in tags("control")
            or _is_hidden(element)
            or ({"noise", "dialog"} & {*told} and _told(element) not in _KEPT_ROLES)
        ):
            holds_article = _size(element, in_paragraphs) > most
        else:
            continue
        headed = element.find(".//h1") is not None and element.find(".//p") is not None
        if not holds_article and not headed:
            element.drop_tree()


def _size(element: HtmlElement, in_paragraphs: bool) -> int:
    """Return how many characters an element holds, in all or in its paragraphs alone."""
    parts = element.iter("p") if in_paragraphs else [element]
    return sum(len(part.text_content()) for part in parts)


def _held(main_text: str, element: HtmlElement, of: int = 0) -> int:
    """Return how much of the main text the paragraphs of an element hold, or how many with `of`."""
    paragraphs = (squeeze(paragraph.text_content()) for paragraph in element.iter("p"))
    return sum(of or len(text) for text in paragraphs if text in main_text)


def _is_hidden(element: HtmlElement) -> bool:
    style = (element.get("style") or "").replace(" ", "").lower()
    told = element.get("hidden") is not None or element.get("aria-hidden") == "true"
    return told or "display:none" in style or "visibility:hidden" in style


@cache
def _roles_of_names() -> dict[str, str]:
    words = read_lexicon("page_words")
    names = words[words["kind"] == "name"]
    return dict(zip(names["word"], names["role"], strict=True))


@cache
def tags(role: str) -> frozenset[str]:
    """Return the tags of a role in page_words.csv."""
    words = read_lexicon("page_words")
    return frozenset(words[(words["kind"] == "tag") & (words["role"] == role)]["word"])


def _told_roles(element: HtmlElement) -> list[str]:
    """Return the roles that the words in an element's class, id and the like stand for."""
    if element.tag in tags("whole"):
        return []
    names = (element.get(name) or "" for name in _NAMING)
    words = _BETWEEN_WORDS.sub(" ", " ".join(names)).lower().split()
    known = _roles_of_names()
    runs = (
        " ".join(words[place : place + length])
        for place in range(len(words))
        for length in range(1, MOST_WORDS_OF_A_NAME + 1)
    )
    return [known[run] for run in dict.fromkeys(runs) if run in known]


# ---------------------------------------------------------------------------------- the blocks


class _Walker:
    """Cuts a tree into blocks of text in document order."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.inside: set[str] = set()
        self.link_depth = self.bold_depth = 0
        self.linked = self.bold = 0
        self.blocks: list[Block] = []

    def walk_all(self, body: HtmlElement) -> list[Block]:
        self._walk(body, "", body)
        self._flush("", body)
        return self.blocks

    def _walk(self, element: HtmlElement, role: str, holder: HtmlElement) -> None:
        tag = element.tag
        if not isinstance(tag, str):
            return
        if tag == "br":
            self.pieces.append(_BREAK)
            return
        own = _role(element, role)
        credit = own == role == "caption" and _told(element) == "credit"
        breaks = tag in tags("block") or credit or (own != role and own in BREAKING_ROLES)
        if tag in ("td", "th") and not _has_blocks(element.getparent()):
            breaks = False
            self.pieces.append(" | " if element.getprevious() is not None else "")
        if breaks:
            self._flush(role, holder)
            holder = element
        elif own != role:
            self.inside.add(own)
            own, inline = role, own
            if inline == "dateline" and not "".join(self.pieces).strip():
                self._enclosed(element, own, holder)
                return
        self._content(element, own, holder)
        if breaks:
            self._flush(own, holder)

    def _enclosed(self, element: HtmlElement, role: str, holder: HtmlElement) -> None:
        self.pieces.append(_OPEN)
        self._content(element, role, holder)
        self.pieces.append(_CLOSE)

    def _content(self, element: HtmlElement, role: str, holder: HtmlElement) -> None:
        link, bold = element.tag == "a", element.tag in ("b", "strong")
        self.link_depth += link
        self.bold_depth += bold
        opening, closing = {"q": ("“", "”"), "time": (_EDGE, _EDGE)}.get(element.tag, ("", ""))
        self.pieces.append(opening)
        self._add(element.text)
        for child in element:
            self._walk(child, role, holder)
            self._add(child.tail)
        self.pieces.append(closing)
        self.link_depth -= link
        self.bold_depth -= bold

    def _add(self, text: str | None) -> None:
        if text:
            self.pieces.append(text)
            size = len("".join(text.split()))
            self.linked += size if self.link_depth else 0
            self.bold += size if self.bold_depth else 0

    def _flush(self, role: str, holder: HtmlElement) -> None:
        joined, *times = _SPACE.sub(" ", "".join(self.pieces)).split(_EDGE)
        for piece in times:  # "2 hours ago<time>10:05</time>" shows a blank
            joined += " " * (joined[-1:].isalnum() and piece[:1].isalnum()) + piece
        size = max(len("".join(joined.split())), 1)
        lines = "\n".join(line.strip(" ") for line in joined.split(_BREAK))
        for piece in lines.split(PARAGRAPH_BREAK):
            text = piece.strip()
            dateline = text.find(_CLOSE) - 1 if text.startswith(_OPEN) else 0
            text = text.replace(_OPEN, "").replace(_CLOSE, "")
            if any(map(str.isalnum, text)):
                self.blocks.append(
                    Block(
                        role,
                        text,
                        holder,
                        frozenset(self.inside),
                        self.linked / size,
                        self.bold / size,
                        max(dateline, 0),
                    )
                )
        self.pieces, self.inside, self.linked, self.bold = [], set(), 0, 0


def _role(element: HtmlElement, inherited: str) -> str:
    tag = element.tag
    if inherited in ("related", "pullquote", "credit"):
        return inherited
    told = _told(element)
    if inherited == "caption" or tag == "figcaption":
        return "caption"
    if tag == "figure" and element.find(".//img") is not None:
        return "caption"
    if inherited == "aside":
        return "related" if told == "related" or _is_link_list(element) else "aside"
    if tag in HEADINGS:
        return told if told in ("standfirst", "related") and tag != "h1" else tag
    if inherited in HEADINGS:
        return inherited
    if told == "related" or _is_link_list(element):
        return "related"
    if tag == "aside":
        return told if told == "pullquote" else "aside"
    if tag == "time":
        return inherited or "date"
    if tag == "footer":
        return "footer"
    return told or inherited


def _told(element: HtmlElement) -> str:
    """Return the role that the names on an element tell, "" when it holds too much for it."""
    found = _told_roles(element)
    told = next((role for role in _LONGEST if role in found), "")
    if not told or len(element.text_content()) > _LONGEST[told]:
        return ""
    paragraphs = sum(1 for _ in element.iter("p"))
    return told if told == "related" or paragraphs <= MOST_PARAGRAPHS_OF_A_PART else ""


def _is_link_list(element: HtmlElement) -> bool:
    if element.tag not in ("ul", "ol"):
        return False
    size = len("".join(element.text_content().split()))
    linked = sum(len("".join(link.text_content().split())) for link in element.iter("a"))
    return size > 0 and linked > BODY_SHARE * size


def _has_blocks(row: HtmlElement) -> bool:
    return len(row) < 2 or any(
        inner.tag in tags("block") or inner.tag == "br"
        for cell in row
        for inner in cell.iterdescendants()
    )
