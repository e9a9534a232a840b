"""What a web page says of itself: title, outlet, date, author, section, address."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml.html import HtmlElement

from helpers.read.dates import UnclearDate, read_date

ARTICLE_TYPES = re.compile(r"(?:\w*Article|\w*NewsArticle|BlogPosting|LiveBlogPosting|Report)")

# The names under which each fact stands in <meta>, the most trustworthy first: OpenGraph,
# schema.org, Dublin Core, and the names publishing systems use.
META = {
    "title": (
        "og:title",
        "headline",
        "twitter:title",
        "dc.title",
        "dcterms.title",
        "sailthru.title",
    ),
    "outlet": ("og:site_name", "application-name", "dc.publisher", "publisher", "cre", "source"),
    "published": (
        "article:published_time",
        "datepublished",
        "og:article:published_time",
        "og:published_time",
        "parsely-pub-date",
        "sailthru.date",
        "dc.date.issued",
        "dcterms.created",
        "dcterms.date",
        "dc.date",
        "pubdate",
        "publishdate",
        "publish-date",
        "publication_date",
        "article.published",
        "cxenseparse:recs:publishtime",
        "date",
    ),
    "author": (
        "author",
        "article:author",
        "og:article:author",
        "parsely-author",
        "sailthru.author",
        "byl",
        "dc.creator",
        "dcterms.creator",
    ),
    "section": ("article:section", "og:article:section", "parsely-section", "section", "category"),
    "url": ("og:url", "parsely-link", "twitter:url"),
}
EXTRA = {
    "description": ("og:description", "description"),
    "keywords": ("news_keywords", "keywords"),
}

_BY = re.compile(r"\s*(?:by|from|words by|written by|reported by)\s*:?\s+", re.I)
_TITLE_END = re.compile(r"\s+[|–—·»:-]+\s+")
_SAVED_FROM = re.compile(r"saved from url=\(\d+\)(https?://[^\s>]+)")


def read_imprint(tree: HtmlElement, source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the facts a page gives under the roles of a mapping, and other metadata.

    JSON-LD is believed first, then `<meta>`, then marks in the page, then `<title>`.
    """
    linked = _linked_data(tree)
    metas = _metas(tree)
    title = _text(tree.find(".//title"))
    candidates = {
        "title": [linked.get("headline"), *_of(metas, "title"), title],
        "outlet": [
            _name(linked.get("publisher")),
            *_of(metas, "outlet"),
            _name(linked.get("isPartOf")),
        ],
        "published": [linked.get("datePublished"), *_of(metas, "published"), *_times(tree)],
        "section": [linked.get("articleSection"), *_of(metas, "section")],
        "url": [*_canonical(tree), *_of(metas, "url"), linked.get("url"), _main_page(linked)],
    }
    fields = {role: _first(values) for role, values in candidates.items()}
    bylines = (metas.get(name, []) for name in META["author"])
    fields["author"] = _author([linked.get("author")], *bylines, _marked_authors(tree))
    fields["published"] = _first_readable(candidates["published"])
    fields["url"] = next(
        (str(url) for url in candidates["url"] if re.match("https?://", str(url or ""))), ""
    ) or "".join(_SAVED_FROM.findall(source[:4096])[:1])
    metadata = {name: _first(_meta_values(metas, names)) for name, names in EXTRA.items()}
    metadata["modified"] = _first(
        [linked.get("dateModified"), *metas.get("article:modified_time", [])]
    )
    metadata["page_title"] = title
    metadata["page_language"] = tree.get("lang") or ""
    metadata["page_type"] = _first([linked.get("@type"), *metas.get("og:type", [])])
    return fields, {name: value for name, value in metadata.items() if value}


def outlet_from_title(page_title: str, headline: str) -> str:
    """Return what follows the headline in a page's title: "Strike ends | The Courier"."""
    if not headline or not page_title.startswith(headline):
        return ""
    rest = _TITLE_END.split(page_title[len(headline) :])
    return rest[-1].strip() if len(rest) > 1 else ""


def without_by(byline: str) -> str:
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
            if any(ARTICLE_TYPES.fullmatch(str(kind)) for kind in kinds):
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


def _metas(tree: HtmlElement) -> dict[str, list[str]]:
    metas: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        content = (meta.get("content") or "").strip()
        if name and content:
            metas.setdefault(name.strip().lower(), []).append(content)
    return metas


def _of(metas: dict[str, list[str]], role: str) -> Iterator[str]:
    return _meta_values(metas, META[role])


def _meta_values(metas: dict[str, list[str]], names: Iterable[str]) -> Iterator[str]:
    return (value for name in names for value in metas.get(name, []))


def _times(tree: HtmlElement) -> Iterator[str]:
    """Yield the dates marked in the page: those said to be of publication, then the first."""
    times = [time for time in tree.iter("time") if time.get("datetime") or _text(time)]
    said = [
        time
        for time in times
        if time.get("itemprop") == "datePublished" or time.get("pubdate") is not None
    ]
    for time in [*said, *times[:1]]:
        yield time.get("datetime") or _text(time)
    for element in tree.xpath("//*[@itemprop='datePublished'][not(self::time)][not(self::meta)]"):
        yield element.get("content") or element.get("datetime") or _text(element)


def _marked_authors(tree: HtmlElement) -> Iterator[str]:
    """Yield the names that links or classes mark as authors, those that stand together."""
    marked = tree.xpath(
        "//*[@itemprop='author' or contains(concat(' ', @rel, ' '), ' author ')]"
    ) or tree.xpath("//*[contains(concat(' ', @class, ' '), ' author ')]")
    for element in marked:
        if element.getparent() is marked[0].getparent():
            yield _text(element)


def _canonical(tree: HtmlElement) -> Iterator[str]:
    for link in tree.iter("link"):
        if "canonical" in (link.get("rel") or "").lower().split():
            yield link.get("href") or ""


def _main_page(linked: dict[str, Any]) -> Any:
    page = linked.get("mainEntityOfPage")
    return page.get("@id") if isinstance(page, dict) else page


def _name(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("name")
    return value if isinstance(value, str) else ""


def _author(*sources: Iterable[Any]) -> str:
    """Join the names of the first source that names people; addresses and handles are no names."""
    for source in sources:
        names: list[str] = []
        for value in source:
            for one in value if isinstance(value, list) else [value]:
                name = without_by(html.unescape(_name(one)).strip())
                if name and not re.match(r"https?://|@|www\.", name) and name not in names:
                    names.append(name)
        if names:
            return ", ".join(names)
    return ""


def _first(values: Iterable[Any]) -> str:
    for value in values:
        if isinstance(value, list):
            value = value[0] if value else None
        if isinstance(value, str) and value.strip():
            return html.unescape(" ".join(value.split()))
    return ""


def _first_readable(values: Iterable[Any]) -> str:
    """Return the first value that is a date, or the first of all so that it can be quoted."""
    given = [str(value) for value in values if value]
    for value in given:
        try:
            read_date(value)
        except UnclearDate:
            continue
        return value
    return given[0] if given else ""


def _text(element: HtmlElement | None) -> str:
    return " ".join(element.text_content().split()) if element is not None else ""
