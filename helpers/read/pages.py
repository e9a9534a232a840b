"""Saved web pages: the text of the article in an HTML page, with the structure its tags tell."""

from __future__ import annotations

import re

import pandas as pd
import trafilatura
from lxml.html import HtmlElement

from helpers.read.dates import UnclearDate, read_date
from helpers.read.documents import PARAGRAPH_BREAK, Document, Hint, Unreadable, compose
from helpers.read.encodings import decode
from helpers.read.imprint import outlet_from_title, read_imprint, without_by
from helpers.read.pageblocks import (
    BODY_SHARE,
    HEADINGS,
    MOST_LINKED,
    Block,
    cut_blocks,
    parse_page,
    squeeze,
)

LEAST_WORDS = 25
LEAST_WORDS_IF_DECLARED = 8
LEAST_MATCH = 25
LONGEST_BOLD_SUBHEAD = 12
LEAST_STANDFIRST_WORDS = 8
MOST_LINKED_HEADINGS = 0.5

_RELATED_TEXT = re.compile(
    r"(?:related|read more|see also|also read|read also|more on this|recommended)\b.{0,20}", re.I
)
_CREDIT_TEXT = re.compile(
    r"\W*(?:(?:additional |with )?(?:edit|report|writ|compil|translat|produc)(?:ed|ing|ten)\b"
    r".{0,40}\bby\b|photos?:|editor.s note)",
    re.I,
)
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_BY_TEXT = re.compile(r"(?:By|BY)\s+[A-ZÀ-Þ][^.!?]{2,100}(?:Jr\.|Sr\.)?")


def read_page(raw: bytes) -> Document:
    """Read the article in an HTML page: headline, standfirst, byline, body, captions, in order.

    trafilatura tells which part of the page is the article; the order and the roles are those of
    the page's own tags. Raises Unreadable when the page has no article.
    """
    source, encoding = decode(raw, _declared_encoding(raw))
    source = _NO_XML.sub("", source)
    tree = parse_page(source)
    fields, metadata = read_imprint(tree, source)
    body = tree.find("body")
    if body is None:
        raise Unreadable("no article was found in the page, which has no body; save it again")
    main_text = squeeze(trafilatura.extract(source, include_comments=False) or "")
    blocks = cut_blocks(body, main_text)
    description = metadata.get("description", "")
    chosen = _choose(blocks, body, main_text, fields["title"], description)
    declared = re.search("article", metadata.get("page_type", ""), re.I)
    _require_article(chosen, LEAST_WORDS_IF_DECLARED if declared else LEAST_WORDS)
    text, hints = compose((role, block.text) for role, block in chosen)
    headline = next((block.text for role, block in chosen if role == "headline"), "")
    byline = next((block.text for role, block in chosen if role == "byline"), "")
    top = [block.text for role, block in chosen if role in ("byline", "boilerplate")]
    fields["title"] = " ".join(headline.split()) or fields["title"]
    fields["author"] = fields["author"] or without_by(byline.partition("\n")[0])
    fields["published"] = fields["published"] or _first_date(top)
    fields["outlet"] = fields["outlet"] or outlet_from_title(
        metadata.get("page_title", ""), fields["title"]
    )
    document = Document(text, fields, metadata, _with_datelines(hints, chosen))
    if encoding.guessed:
        document.problems.append(("encoding", encoding.note()))
    return document


def _require_article(chosen: list[tuple[str, Block]], least: int) -> None:
    """Raise Unreadable when the blocks are no article: too little text, or a list of teasers."""
    words = sum(len(block.text.split()) for role, block in chosen if role == "")
    if words < least:
        raise Unreadable(
            f"no article was found in the page ({words} words of running text); "
            "save the article's own page"
        )
    paragraphs = sum(role == "" for role, _ in chosen)
    teasers = sum(role == "subhead" and block.linked >= MOST_LINKED for role, block in chosen)
    if teasers >= 3 and teasers >= MOST_LINKED_HEADINGS * paragraphs:
        raise Unreadable(
            f"the page lists {teasers} articles and is none itself; save each article's page"
        )


def _with_datelines(hints: list[Hint], chosen: list[tuple[str, Block]]) -> list[Hint]:
    """Add a hint for each dateline that the page marks inside a paragraph."""
    start = 0
    for role, block in chosen:
        if block.dateline and role == "":
            hints.append((start, start + block.dateline, "dateline"))
        start = start + len(block.text) + len(PARAGRAPH_BREAK)
    return sorted(hints)


def _first_date(texts: list[str]) -> str:
    """Return the first line, or part of one between signs, that is a date."""
    for part in (part for text in texts for part in re.split(r"[\n|·•]", text)):
        try:
            if not pd.isna(read_date(part)):
                return part.strip()
        except UnclearDate:
            continue
    return ""


def _declared_encoding(raw: bytes) -> str:
    match = re.search(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w-]+)", raw[:4096], re.I)
    return match[1].decode("ascii") if match else ""


# ------------------------------------------------------------------------------- the article


def _choose(
    blocks: list[Block], body: HtmlElement, main_text: str, title: str, description: str
) -> list[tuple[str, Block]]:
    """Choose the blocks of the article, in order, with their roles."""
    root = _find_root(blocks, body, main_text)
    within = set(root.iter())
    places = [place for place, block in enumerate(blocks) if block.element in within]
    if not places:
        return []
    headline = _find_headline(blocks, places[0], places[-1], title)
    first = places[0] if headline is None else headline
    article = _Article(main_text, description)
    for place in range(min(first, places[0]), len(blocks)):
        block = blocks[place]
        if place == headline:
            article.take("headline", block)
        elif place > places[-1]:
            if block.role in ("", "credit", "footer") and _CREDIT_TEXT.match(block.text):
                article.take("credit", block)
        else:
            article.consider(block, block.element in within)
    return article.finish()


def _find_root(blocks: list[Block], body: HtmlElement, main_text: str) -> HtmlElement:
    """Return the smallest element that holds nearly all of the text trafilatura takes for main."""
    weights: dict[HtmlElement, int] = {}
    total = 0
    for block in blocks:
        squeezed = squeeze(block.text)
        if block.plain and len(squeezed) >= LEAST_MATCH and squeezed in main_text:
            total += len(squeezed)
            for element in (block.element, *block.element.iterancestors()):
                weights[element] = weights.get(element, 0) + len(squeezed)
    if not total:
        marked = "//*[@itemprop='articleBody'] | //article | //main | //*[@role='main']"
        return next(iter(body.xpath(marked)), body)
    root = body
    while True:
        inner = [child for child in root if weights.get(child, 0) >= BODY_SHARE * total]
        if not inner or inner[0].tag == "p":
            return root
        root = inner[0]


def _find_headline(blocks: list[Block], start: int, end: int, title: str) -> int | None:
    """Return the place of the headline: an h1, or a line that repeats the page's title."""
    wanted = squeeze(title).lower()
    tops, repeats = [], []
    for place, block in enumerate(blocks[: end + 1]):
        squeezed = squeeze(block.text).lower()
        same = squeezed == wanted or (len(squeezed) >= LEAST_MATCH and squeezed in wanted)
        if block.role == "h1":
            tops.append(place)
        if same and squeezed and block.linked < MOST_LINKED:
            repeats.append(place)
    both = [place for place in tops if place in repeats]
    near = [place for place in tops if place <= start + 2]
    headings = [place for place in repeats if blocks[place].role in HEADINGS]
    for places in (both[:1], near[-1:], tops[:1], headings[:1], repeats[:1]):
        if places:
            return places[0]
    return None


class _Article:
    """Gathers the blocks of one article and settles what depends on those around them."""

    def __init__(self, main_text: str, description: str):
        self.main_text = main_text
        self.description = squeeze(description)
        self.chosen: list[tuple[str, Block]] = []
        self.paragraphs = 0

    def take(self, role: str, block: Block) -> None:
        """Keep a block, joined to the one before when both are related links."""
        if role == "related" and self.chosen and self.chosen[-1][0] == "related":
            self.chosen[-1][1].text += "\n" + block.text
            return
        if role in ("headline", "standfirst", "byline") and any(
            squeeze(block.text) == squeeze(other.text) for _, other in self.chosen
        ):
            return
        self.paragraphs += role == ""
        self.chosen.append((role, block))

    def consider(self, block: Block, in_body: bool) -> None:
        """Keep a block between headline and end, if it belongs to the article."""
        role = self._opening_role(block) if self.paragraphs < 2 else self._body_role(block)
        if role == "" and not in_body:
            if self._is_description(block):
                role = "standfirst"
            elif squeeze(block.text) not in self.main_text:
                return
        if role == "subhead" and not in_body:
            return
        if role is not None:
            self.take(role, block)

    def _opening_role(self, block: Block) -> str | None:
        """Return the role of a block above the second paragraph; None leaves it out."""
        short = len(block.text.split()) < 15
        if block.role in ("byline", "standfirst"):
            return block.role
        if block.role == "date" or (block.role == "dateline" and re.search(r"\d{4}", block.text)):
            return "boilerplate"
        if block.role in HEADINGS and self.paragraphs == 0:
            if block.role == "h1" or block.linked >= MOST_LINKED:
                return None
            long = self._is_description(block) or len(block.text.split()) >= LEAST_STANDFIRST_WORDS
            return "standfirst" if long else "subhead"
        if block.role == "" and short:
            if "byline" in block.inside or _BY_TEXT.fullmatch(block.text):
                return "byline"
            if "date" in block.inside or _first_date([block.text]):
                return "boilerplate"
            if block.linked >= MOST_LINKED and self.paragraphs == 0:
                return None
        return self._body_role(block)

    def _is_description(self, block: Block) -> bool:
        return len(self.description) >= LEAST_MATCH and squeeze(block.text) == self.description

    def _body_role(self, block: Block) -> str | None:
        """Return the role of a block in the body; None leaves it out."""
        role = block.role
        if role in ("caption", "credit", "related", "dateline"):
            return role
        if role in ("byline", "date", "aside"):
            return "related" if _RELATED_TEXT.match(block.text) else "boilerplate"
        if role == "footer":
            return "credit" if _CREDIT_TEXT.match(block.text) else "boilerplate"
        if role == "pullquote":
            return None if squeeze(block.text) in self.main_text else ""
        if role in HEADINGS:
            return "related" if _RELATED_TEXT.fullmatch(block.text) else "subhead"
        if block.linked >= MOST_LINKED or (block.linked > 0 and _RELATED_TEXT.match(block.text)):
            return "related" if _RELATED_TEXT.match(block.text) or block.linked >= 1 else ""
        if role == "" and block.bold >= 1 and _is_short_label(block.text):
            return "subhead"
        return ""

    def finish(self) -> list[tuple[str, Block]]:
        """Return the blocks; one paragraph between headline and byline is the standfirst."""
        plain = [place for place, (role, _) in enumerate(self.chosen) if role == ""]
        if len(plain) > 1 and "standfirst" not in [role for role, _ in self.chosen]:
            between = self.chosen[plain[0] + 1 : plain[1]]
            if any(
                role == "byline" or "date" in (block.role, *block.inside) for role, block in between
            ):
                self.chosen[plain[0]] = ("standfirst", self.chosen[plain[0]][1])
        return self.chosen


def _is_short_label(text: str) -> bool:
    return len(text.split()) <= LONGEST_BOLD_SUBHEAD and not re.search(r"[.!?…:,;”\"’']$", text)
