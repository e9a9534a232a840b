"""The country that an article is at home in: what its sources belong to where nothing is said.

Most sources of a news article belong to one country, the outlet's own or that of the story, and
are called by it only where readers elsewhere could not tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from helpers.annotate import bodies
from helpers.store import lexicons
from helpers.text.article import Article

Mention = tuple[int, str, str, str]  # start, words, label, country of what they name or ""

OUTLET, OPENING = 4, 2  # votes of the outlet's own country, of a mention where the article opens
OPENS = 300  # characters
RIVAL = 2  # a place that no list knows outvotes a country when named so many times as often


def home_country(article: Article, mentions: Iterable[Mention]) -> str:
    """Return the country named most in an article, its outlet's counted too; "" where none is.

    The outlet's country is that of outlets.csv, else of its name ("Mexico News Daily"), else of
    its address. A town that is no entity with a country counts for the country that towns.csv has.
    Where a place that no list knows is named far more often, the story is set there: "".

    >>> text = "Wellington, Monday - The mayor of Lower Hutt said that it rained."
    >>> home_country(Article(text), [(0, "Wellington", "GPE", "NZL")])
    'NZL'
    """
    known: Counter[str] = Counter({_outlet_country(article): OUTLET})
    unknown: Counter[str] = Counter()
    for start, words, label, country in mentions:
        place = label in ("GPE", "LOC")
        if not country and place:
            country = lexicons.read_facts("towns", "name", "country").get(words, "")
        votes = OPENING if start < OPENS else 1
        known[country] += votes
        unknown[words] += votes * (place and not country)
    del known[""]
    best = max(known, key=known.__getitem__, default="")
    return best if RIVAL * known[best] > max(unknown.values(), default=0) else ""


def _outlet_country(article: Article) -> str:
    spelled = article.outlet, article.outlet.replace("_", " ").title()  # a folder's name
    named = next(filter(None, map(bodies.own_country, spelled)), "")
    domain = (urlsplit(article.url).hostname or "").rpartition(".")[2]
    return named or lexicons.read_facts("domains", "domain", "country").get(domain, "")
