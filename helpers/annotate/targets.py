"""Targets: who is spoken about inside what is said, who speaks, and how they are spoken of.

Annotators of one article come first (`find_targets`), the names of the whole corpus later
(`add_entity`): until then a target carries the place in the text where its name stands.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from helpers.model import target_model
from helpers.store import schema
from helpers.text.article import Article, read_articles

SPEAKER, REPORTER = schema.VOICES
PRONOUN = re.compile(r"\b(?:he|him|his|himself|she|her|hers|herself)\b", re.IGNORECASE)
_PLACE = re.compile(r"at (\d+)-(\d+)")


class Name(NamedTuple):
    """A mention: its span in the article, its label, its entity_id ("" while unknown)."""

    start: int
    end: int
    label: str
    entity_id: str


class _Target(NamedTuple):
    start: int
    end: int
    name: Name
    voice: str


class _Statement(NamedTuple):
    attribution_id: str
    spans: list[tuple[int, int]]
    source_spans: list[tuple[int, int]]


def find_targets(
    attributions: pd.DataFrame, mentions: pd.DataFrame, articles: pd.DataFrame | Sequence[Article]
) -> pd.DataFrame:
    """Return whom each statement speaks about, and how; one row is one word or name for somebody.

    With the voice "speaker": every name inside the content that is not only mentioned, counted for
    the innermost content it stands in; and, inside the quotation marks of a content, *he* or *she*
    when the paragraph names one person only besides the speaker. With the voice "reporter": the
    speaker's own name, where the article introduces the words. `polarity` is what the target's
    sentence says of the target, by `tone.add_target_tone`; `confidence` is its probability.

    `entity_id` is the mention's, or, while mentions have none, "at START-END" with the place of
    the mention in the article, which `add_entity` replaces.
    """
    rows = []
    for article in read_articles(articles):
        own = [frame["article_id"] == article.article_id for frame in (attributions, mentions)]
        said, named = attributions[own[0]], mentions[own[1]]
        rows += find_rows(article, said.to_dict("records"), named.to_dict("records"))
    return schema.frame("targets", rows)


def find_rows(article: Article, said: list[dict], named: list[dict]) -> list[dict]:
    """Return the targets of one article as rows of the table, as `find_targets` does.

    `said` and `named` are the rows of its attributions and mentions.
    """
    names = [Name(*(row[field] for field in Name._fields)) for row in named]
    statements = [_Statement(*(row[field] for field in _Statement._fields)) for row in said]
    aimed = list(_of_article(article, statements, sorted(names)))
    if not aimed:
        return []
    spans = [(target.start, target.end) for _, target in aimed]
    model = target_model.load_target_model()
    shares = model.judge(article, spans)
    polarities = shares[:, : target_model.MENTIONED]
    return [
        {
            "attribution_id": attribution_id,
            "article_id": article.article_id,
            "start": target.start,
            "end": target.end,
            "entity_id": target.name.entity_id or f"at {target.name.start}-{target.name.end}",
            "voice": target.voice,
            "polarity": schema.POLARITIES[own.argmax()],
            "confidence": own.max(),
        }
        for (attribution_id, target), own, only in zip(
            aimed, polarities, shares[:, -1], strict=True
        )
        if target.voice == REPORTER or only <= model.card["mentioned"]
    ]


def add_entity(targets: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the targets with the entity of the mention that names them, "" where it has none."""
    keys = zip(mentions["article_id"], mentions["start"], mentions["end"], strict=True)
    known = dict(zip(keys, mentions["entity_id"], strict=True))
    entities = []
    for article_id, entity_id in zip(targets["article_id"], targets["entity_id"], strict=True):
        place = _PLACE.fullmatch(entity_id)
        if place:
            entity_id = known.get((article_id, *map(int, place.groups())), "")
        entities.append(entity_id)
    return targets.assign(entity_id=pd.Series(entities, index=targets.index, dtype=object))


def _of_article(
    article: Article, said: list[_Statement], names: list[Name]
) -> Iterator[tuple[str, _Target]]:
    contents = [
        (high - low, low, high, row.attribution_id) for row in said for low, high in row.spans
    ]
    innermost: dict[Name, str] = {}
    for _, low, high, attribution_id in sorted(contents, reverse=True):
        innermost |= dict.fromkeys(_between(names, low, high), attribution_id)
    for row in said:
        sources = [name for low, high in row.source_spans for name in _between(names, low, high)]
        own = [name for name in sources if innermost.get(name) != row.attribution_id]
        for low, high in row.spans:
            inside = _between(names, low, high)
            for name in inside:
                if innermost[name] == row.attribution_id:
                    target = _Target(name.start, name.end, name, SPEAKER)
                    yield row.attribution_id, target
            for target in _pronouns(article, low, high, names, own):
                yield row.attribution_id, target
        for name in own[:1]:
            yield row.attribution_id, _Target(name.start, name.end, name, REPORTER)


def _between(names: list[Name], low: int, high: int) -> list[Name]:
    inside = names[bisect_left(names, (low,)) : bisect_left(names, (high,))]
    return [name for name in inside if name.end <= high]


def _pronouns(
    article: Article, low: int, high: int, names: list[Name], speakers: list[Name]
) -> Iterator[_Target]:
    """Yield he and she inside quotation marks, where only one person can be meant."""
    text, paragraphs, marks = article.text, article.paragraphs, article.quoted
    pronouns = [match for match in PRONOUN.finditer(text, low, high) if marks[match.start()]]
    if not pronouns:
        return
    place = max(0, bisect_left(paragraphs, (low + 1,)) - 1)
    people = [name for name in _between(names, *paragraphs[place]) if name.label == "PERSON"]
    spoken = {_last_word(text, name) for name in speakers}
    others = [name for name in people if _last_word(text, name) not in spoken]
    if len({_last_word(text, name) for name in others}) != 1:
        return
    nearest = others[0]
    for match in pronouns:
        if not any(name.start <= match.start() < name.end for name in names):
            yield _Target(match.start(), match.end(), nearest, SPEAKER)


def _last_word(text: str, name: Name) -> str:
    return text[name.start : name.end].split()[-1].removesuffix("’s").removesuffix("'s").lower()
