"""Saved web pages: the article in an HTML page, its structure, and what the page says of itself."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain
from typing import Any

import lxml.html
from lxml.html import HtmlElement

from helpers.read.columns import FIELDS, field_names, plain
from helpers.read.dates import first_date, is_date
from helpers.read.documents import PARAGRAPH_BREAK, Document, Hint, Unreadable, compose
from helpers.read.page_blocks import (
    BODY_SHARE,
    BREAKING_ROLES,
    HEADINGS,
    LEAST_WORDS,
    MOST_LINKED,
    MOST_LOST,
    Block,
    cut_blocks,
    drop_dialogs,
    free_asides,
    open_page,
    squeeze,
    tags,
)

LEAST_TAGS = 2
LEAST_LOST = 1500  # letters that only the second of two other readers takes for the article
LEAST_WORDS_IF_DECLARED = 8
LEAST_MATCH = 25
LINES_OF_A_HEAD = 6
LEAST_WORDS_OF_A_WHOLE = 150  # of a page that says it is for subscribers
LONGEST_LABEL = 12
LONGEST_JOB = 4
LEAST_STANDFIRST_WORDS = 8
MOST_LINKED_HEADINGS = 0.5

WEB = ("http://", "https://")
ARTICLE_TYPES = ("Article", "BlogPosting", "Report")

_RELATED_TEXT = re.compile(
    r"(?:related|read more|see also|also read|read also|more on this|recommended)\b.{0,20}", re.I
)
_CREDIT_TEXT = re.compile(
    r"\W*(?:(?:additional |with )?(?:edit|report|writ|compil|translat|produc)(?:ed|ing|ten)\b"
    r".{0,40}\bby\b|photos?:|editor.s note)",
    re.I,
)
_BY_TEXT = re.compile(r"(?:By|BY)\s+[A-ZÀ-Þ][^.!?]{2,100}(?:Jr\.|Sr\.)?")
_POSTED = re.compile(
    r"(?:Posted|Published|Written)\b[^\n]{0,40}?\s(?P<by>by\s+[A-ZÀ-Þ][^.!?\n|]{2,60})"
)
_BY = re.compile(r"(?:(?<!\s)\s++)?(?:by|from|words by|written by|reported by)\s*:?\s+", re.I)
_TITLE_END = re.compile(r"(?<!\s)\s++[|–—·»:-]+\s+")
_TAG = re.compile(r"</?(?:p|br|div|a|h[1-6]|figure|figcaption|img|span|em|b|i|strong|li)\b", re.I)
_ENTITY = re.compile(r"&(?:amp|quot|apos|nbsp|[lr][sd]quo|[mn]dash|hellip|#\d{2,5});")
_SAVED_FROM = re.compile(r"saved from url=\(\d+\)(https?://[^\s>]+)")


def read_page(raw: bytes, charset: str = "") -> Document:
    """Read the article in an HTML page: headline, standfirst, byline, body, captions, in order.

    trafilatura tells which part of the page is the article; the order and the roles are those of
    the page's own tags. `charset` is what was said with the page. Raises Unreadable when the
    page has no article.
    """
    tree, source, encoding = open_page(raw, charset)
    fields, metadata = _read_imprint(tree, source)
    body = tree.find("body")
    if body is None:
        raise Unreadable("no article was found in the page, which has no body; save it again")
    if free_asides(body) + drop_dialogs(body):
        source = lxml.html.tostring(tree, encoding="unicode")
    from trafilatura import extract  # a fifth of a second, which only pages need

    main_text = squeeze(extract(source, include_comments=False) or "")
    blocks = cut_blocks(body, main_text)
    description = metadata.get("description", "")
    chosen = _choose(blocks, body, main_text, fields["title"], description)
    declared = "article" in metadata.get("page_type", "").lower()
    _require_article(chosen, LEAST_WORDS_IF_DECLARED if declared else LEAST_WORDS)
    chosen = [(_role_of_link(role, block), block) for role, block in chosen]
    text, hints = compose((role, block.text) for role, block in chosen)
    first = {role: block.text for role, block in reversed(chosen)}
    top = [block.text for role, block in chosen if role in ("byline", "boilerplate")]
    title = " ".join(first.get("headline", "").split()) or _without_outlet(fields["title"], text)
    signed = first.get("byline", "").partition("\n")[0] or next(
        filter(_BY_TEXT.fullmatch, text.split("\n", LINES_OF_A_HEAD)[:LINES_OF_A_HEAD]), ""
    )
    posted = (match["by"] for match in map(_POSTED.match, top) if match)
    told = {
        "author": _without_by(signed or next(posted, "")),
        "published": first_date("\n".join(top)),
        "outlet": _outlet_from_title(metadata.get("page_title", ""), title),
    }
    fields |= {role: fields[role] or value for role, value in told.items()} | {"title": title}
    hints = _with_datelines(hints, chosen)
    problems = encoding.problems() + _loss(chosen, main_text, source)
    words = sum(len(block.text.split()) for role, block in chosen if role == "")
    if (
        metadata.pop("free", "").casefold() in ("false", "locked")
        and words < LEAST_WORDS_OF_A_WHOLE
    ):
        problem = f"the page is for subscribers and holds {words} words of its story"
        problems.append(("text", f"{problem}; save it while logged in"))
    return Document(text, fields, metadata, hints, problems)


def read_fragment(source: str) -> Document | None:
    """Read a text that holds HTML, as feeds and newspapers' systems give it; None for plain text.

    All of it is taken for the article; captions, credits and headings are hinted.
    """
    if len(_TAG.findall(source)) < LEAST_TAGS:
        plain = html.unescape(source) if _ENTITY.search(source) else source
        return Document(plain) if plain != source else None
    tree, _, _ = open_page(f"<html><body>{source}</body></html>".encode("utf-8", "replace"))
    body = tree.find("body")
    blocks = cut_blocks(body, squeeze(body.text_content())) if body is not None else []
    kept = BREAKING_ROLES | {"byline", "standfirst"}
    text, hints = compose(
        ("subhead" if one.role in HEADINGS else one.role if one.role in kept else "", one.text)
        for one in blocks
    )
    return Document(text, hints=hints) if text else None


def _role_of_link(role: str, block: Block) -> str:
    """Return the role of a block, where a heading is that of another story, to which it links."""
    return "related" if role == "subhead" and block.linked >= MOST_LINKED else role


def _loss(chosen: list[tuple[str, Block]], main_text: str, source: str) -> list[tuple[str, str]]:
    """Say in words that much of what other readers take for the article was left out.

    The first is trafilatura's extraction, the second its baseline, which also takes what merely
    stands beside the article: what that alone finds is to be looked at.
    """
    kept = sum(len(squeeze(block.text)) for _, block in chosen)
    if kept < MOST_LOST * len(main_text):
        share = f"{1 - kept / len(main_text):.0%} of the page's text"
        return [("text", f"{share} was left out; save the article from its print view")]
    from trafilatura import baseline

    whole = len(squeeze(baseline(source)[1]))
    if kept < MOST_LOST * whole and whole - kept > LEAST_LOST:
        share = f"{1 - kept / whole:.0%} of the page's text"
        problem = f"{share} was taken for other than the article; look whether a part is missing"
        return [("page", f"{problem}, and if so save it from its print view")]
    return []


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
    ends = accumulate(len(block.text) + len(PARAGRAPH_BREAK) for _, block in chosen)
    for start, (role, block) in zip(chain([0], ends), chosen, strict=False):
        if block.dateline and role == "":
            hints.append((start, start + block.dateline, "dateline"))
    return sorted(hints)


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
    ranked = [*both, *near[-1:], *tops, *headings, *repeats]
    return ranked[0] if ranked else None


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
        if block.role == "date" or (
            block.role == "dateline" and sum(map(str.isdecimal, block.text)) >= 4
        ):
            return "boilerplate"
        if block.role in HEADINGS and self.paragraphs == 0:
            if block.role == "h1" or block.linked >= MOST_LINKED:
                return None
            long = self._is_description(block) or len(block.text.split()) >= LEAST_STANDFIRST_WORDS
            return "standfirst" if long else "subhead"
        if block.role == "" and short:
            if "byline" in block.inside or _BY_TEXT.fullmatch(block.text):
                return "byline"
            if "date" in block.inside or first_date(block.text):
                return "boilerplate"
            if self._is_job(block):
                return "byline"
            if block.linked >= MOST_LINKED and self.paragraphs == 0:
                return None
        return self._body_role(block)

    def _is_job(self, block: Block) -> bool:
        """Say whether a few words below the byline are what its author is."""
        below = self.paragraphs == 0 and self.chosen and self.chosen[-1][0] == "byline"
        return bool(below) and len(block.text.split()) <= LONGEST_JOB and _is_label(block.text)

    def _is_description(self, block: Block) -> bool:
        return len(self.description) >= LEAST_MATCH and squeeze(block.text) == self.description

    def _body_role(self, block: Block) -> str | None:
        """Return the role of a block in the body; None leaves it out."""
        role = block.role
        if role in BREAKING_ROLES or role == "dateline":
            return role
        if role in ("byline", "date", "aside"):
            return "related" if _RELATED_TEXT.match(block.text) else "boilerplate"
        if role == "footer":
            return "credit" if _CREDIT_TEXT.match(block.text) else "boilerplate"
        if role == "pullquote":
            return None if squeeze(block.text) in self.main_text else ""
        if role in HEADINGS:
            return "related" if _RELATED_TEXT.fullmatch(block.text) else "subhead"
        if role == "" and "date" in block.inside and _is_label(block.text):
            return "boilerplate"  # the stamp above a post of a live page
        if block.linked >= MOST_LINKED or (block.linked > 0 and _RELATED_TEXT.match(block.text)):
            return "related" if _RELATED_TEXT.match(block.text) or block.linked >= 1 else ""
        return "subhead" if role == "" and block.bold >= 1 and _is_label(block.text) else ""

    def finish(self) -> list[tuple[str, Block]]:
        """Return the blocks; one paragraph between headline and byline is the standfirst."""
        roles = [role for role, _ in self.chosen]
        if self.paragraphs > 1 and "standfirst" not in roles:
            first = roles.index("")
            between = self.chosen[first + 1 : roles.index("", first + 1)]
            if any(role == "byline" or "date" in (one.role, *one.inside) for role, one in between):
                self.chosen[first] = ("standfirst", self.chosen[first][1])
        return self.chosen


def _is_label(text: str) -> bool:
    return len(text.split()) <= LONGEST_LABEL and not text.endswith(tuple(".!?…:,;”\"’'"))


# --------------------------------------------------------------- what the page says of itself


def _read_imprint(tree: HtmlElement, source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the facts a page gives under the roles of a mapping, and other metadata.

    `field_names.csv` says which place is believed first: JSON-LD, `<meta>`, marks in the page.
    """
    told = _told(tree, source)
    outlets = chain.from_iterable(told.get(name, ()) for name in field_names("meta")["outlet"])
    publishers = {plain(_name(one)) for one in outlets}
    facts = {}
    for role, names in field_names("meta").items():
        values = [told[name] for name in names if name in told]
        if role == "author":
            facts[role] = _author(publishers, *values, _marked_authors(tree))
        elif role == "url":
            facts[role] = next((one for one in map(str, chain(*values)) if one.startswith(WEB)), "")
        elif role == "published":
            given = [str(one) for one in chain(*values) if one]  # one that is no date is quoted
            facts[role] = next(filter(is_date, given), next(iter(given), ""))
        else:
            given = [" ".join(_name(one).split()) for one in chain(*values)]
            facts[role] = html.unescape(next(filter(None, given), ""))
    fields = {role: facts.pop(role) for role in FIELDS if role in facts}
    return fields, {name: value for name, value in facts.items() if value}


def _told(tree: HtmlElement, source: str) -> dict[str, list[Any]]:
    """Return what a page says of itself by name; see `field_names.csv` for the names."""
    told: dict[str, list[Any]] = defaultdict(list)
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        told[name.strip().lower()].append((meta.get("content") or "").strip())
    for name, value in _linked_data(tree).items():
        told[f"json-ld:{name.lower()}"] = value if isinstance(value, list) else [value]
    page = told["json-ld:mainentityofpage"]
    page += [one.get("@id") for one in page if isinstance(one, dict)]
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            told["link:canonical"].append(link.get("href") or "")
    told["page:saved from"] = _SAVED_FROM.findall(source[:4096])
    told["page:title"] = [_text(tree.find(".//title"))]
    told["page:language"] = [tree.get("lang") or ""]
    marked = tree.xpath("//*[@itemprop='datePublished' or @pubdate][not(self::meta)]")
    for element in [*marked, *tree.xpath("//time[@datetime or normalize-space()]")[:1]]:
        when = element.get("content") or element.get("datetime") or _text(element)
        told["page:published"].append(when)
    return told


def _without_outlet(title: str, text: str) -> str:
    """Return the part of a page's title that stands in the text, or else the title."""
    parts = (part for part in _TITLE_END.split(title) if part and part in text)
    return max(parts, key=len, default=title)


def told_addresses(raw: bytes) -> Iterator[str]:
    """Yield the addresses that a page, or its beginning, says are its own."""
    told = _told(*open_page(raw)[:2])
    for name in field_names("meta")["url"]:
        yield from (one for one in map(str, told.get(name, ())) if one.startswith(WEB))


def _outlet_from_title(page_title: str, headline: str) -> str:
    """Return what follows the headline in a page's title: "Strike ends | The Courier"."""
    if not headline or not page_title.startswith(headline):
        return ""
    rest = _TITLE_END.split(page_title[len(headline) :])
    return rest[-1].strip() if len(rest) > 1 else ""


def _without_by(byline: str) -> str:
    """Return a byline without the word that opens it."""
    return _BY.sub("", byline, count=1) if _BY.match(byline) else byline


def _linked_data(tree: HtmlElement) -> dict[str, Any]:
    """Return the first JSON-LD object that is an article, or {}."""
    for script in tree.iterfind(".//script[@type='application/ld+json']"):
        try:
            content = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        for thing in _things(content):
            kinds = thing.get("@type")
            kinds = kinds if isinstance(kinds, list) else [kinds]
            if any(str(kind).endswith(ARTICLE_TYPES) for kind in kinds):
                return thing
    return {}


def _things(content: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if isinstance(content, list):
        for inner in content:
            yield from _things(inner, depth)
    elif isinstance(content, dict) and depth < 4:
        yield content
        for name in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _things(content.get(name), depth + 1)


def _marked_authors(tree: HtmlElement) -> Iterator[str]:
    """Yield the names that links or classes mark as authors, those that stand together."""
    marked = tree.xpath(
        "//*[@itemprop='author' or contains(concat(' ', @rel, ' '), ' author ')]"
    ) or tree.xpath("//*[contains(concat(' ', @class), ' author') and not(.//h1)]")
    beside = tags("other articles")
    marked = [one for one in marked if next(one.iterancestors(*beside), None) is None]
    own = tree.xpath("//article[.//h1]")
    marked = [one for one in marked if {*own} & {*one.iterancestors()}] or marked
    for element in marked:
        if element.getparent() is marked[0].getparent():
            yield _text(element)


def _name(value: Any) -> str:
    value = value.get("name") if isinstance(value, dict) else value
    return str(value) if isinstance(value, str | bool) else ""


def _author(publishers: set[str], *sources: Iterable[Any]) -> str:
    """Join the names of the first source that names people, not publishers or addresses."""
    for source in sources:
        names = (_without_by(html.unescape(_name(one)).strip()) for one in source)
        names = (name for name in names if not name.startswith((*WEB, "@", "www.")))
        if found := [name for name in names if name and plain(name) not in publishers]:
            return ", ".join(dict.fromkeys(found))
    return ""


def _text(element: HtmlElement | None) -> str:
    return " ".join(element.text_content().split()) if element is not None else ""
