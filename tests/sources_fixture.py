"""Attributions of some texts with speakers and sources, as the rules alone tell; casts of names."""

from __future__ import annotations

import pandas as pd

from helpers.annotate import attributions, entities, mentions
from helpers.annotate.antecedents import Cast
from helpers.corpus import annotation, decisions
from helpers.store import schema
from helpers.text.article import Article, read_articles

PEOPLE = ("Helen Marr", "Mara Quist", "Bram Orr", "Lee")
BODIES = ("Castellan", "Dockers Union", "Harwick Port Authority", "Ferry Council")


def read_sources(articles: pd.DataFrame) -> pd.DataFrame:
    """Return the attributions of articles (`article_id`, `text`, perhaps `outlet`), joined."""
    articles = articles.assign(path="", outlet=articles.get("outlet", ""))
    cut = read_articles(articles)
    found = mentions.find_mentions(cut)
    named = entities.find_entities(found, articles)
    frames = {name: schema.empty(name) for name in ("targets", "problems")}
    frames |= {"articles": articles, "mentions": found}
    frames |= {"attributions": attributions.find_attributions(cut)}
    joined = annotation.join_corpus(frames, named, decisions.Decided(named))
    assert joined["problems"].empty, joined["problems"]["problem"].tolist()
    return joined["attributions"]


def read_texts(*texts: str, outlet: str = "") -> pd.DataFrame:
    """Return the attributions of some texts, all of one outlet."""
    ids = [f"a{number}" for number in range(len(texts))]
    articles = pd.DataFrame({"article_id": ids, "text": list(texts)}, dtype=object)
    return read_sources(articles.assign(outlet=outlet))


def cast_of(text: str) -> Cast:
    """Return the cast of a text, with every name of the lists above that stands in it."""
    found = []
    for label, known in (("PERSON", PEOPLE), ("ORG", BODIES)):
        for name in known:
            start = text.find(name)
            while start >= 0:
                found.append((start, start + len(name), name, label, f"id-{name}"))
                start = text.find(name, start + 1)
    return Cast(Article(text), found, {})
