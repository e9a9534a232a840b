"""The country that an article is at home in: what its sources belong to where nothing is said.

Most sources of a news article belong to one country, the outlet's own or that of the story, and
are called by it only where readers elsewhere could not tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from helpers.annotate import outlets, positions
from helpers.store import lexicons
from helpers.text.article import Article

Mention = tuple[int, str, str, str]  # start, words, label, country of what they name or ""

OUTLET, OPENING = 4, 2  # votes of the outlet's own country, of a mention where the article opens
OPENS = 300  # characters


def home_country(article: Article, mentions: Iterable[Mention]) -> str:
    """Return the country named most in an article, its outlet's counted too; "" where none is.

    The outlet's country is that of outlets.csv, else of its name ("Mexico News Daily"), else of
    its address. A town that is no entity with a country counts for the country that towns.csv has.

    >>> text = "Wellington, Monday - The mayor of Lower Hutt said that it rained."
    >>> home_country(Article(text), [(0, "Wellington", "GPE", "NZL")])
    'NZL'
    """
    votes: Counter[str] = Counter()
    votes[_outlet_country(article)] += OUTLET
    for start, words, label, country in mentions:
        if not country and label in ("GPE", "LOC"):
            country = lexicons.read_facts("towns", "name", "country").get(words, "")
        votes[country] += OPENING if start < OPENS else 1
    del votes[""]
    return max(votes, key=votes.__getitem__, default="")


def _outlet_country(article: Article) -> str:
    listed = outlets.facts().get(article.outlet)
    if listed:
        return listed["country"]
    named = positions.find_country(article.outlet.replace("_", " ").title())
    domain = (urlsplit(article.url).hostname or "").rpartition(".")[2]
    return named or lexicons.read_facts("domains", "domain", "country").get(domain, "")
