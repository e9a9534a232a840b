"""Targets: who is spoken about inside what is said, who speaks, and how they are spoken of.

Annotators of one article come first (`find_targets`), the names of the whole corpus later
(`add_entity`): until then a target carries the place in the text where its name stands.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from helpers.annotate import tone
from helpers.store import schema
from helpers.text import quotations

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
    attributions: pd.DataFrame, mentions: pd.DataFrame, articles: pd.DataFrame
) -> pd.DataFrame:
    """Return whom each statement speaks about, and how; one row is one word or name for somebody.

    With the voice "speaker": every name inside the content, counted for the innermost content it
    stands in; and, inside the quotation marks of a content, *he* or *she* when the paragraph names
    one person only besides the speaker. With the voice "reporter": the speaker's own name, where
    the article introduces the words. `polarity` is what the target's sentence says of the target,
    by `tone.add_target_tone`; `confidence` is its probability.

    `entity_id` is the mention's, or, while mentions have none, "at START-END" with the place of
    the mention in the article, which `add_entity` replaces.
    """
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    names: dict[str, list[Name]] = {}
    columns = ["article_id", "start", "end", "label", "entity_id"]
    for article_id, *name in zip(*(mentions[column].tolist() for column in columns), strict=True):
        names.setdefault(article_id, []).append(Name(*name))
    statements: dict[str, list[_Statement]] = {}
    columns = ["article_id", "attribution_id", "spans", "source_spans"]
    for article_id, *said in zip(*(attributions[column] for column in columns), strict=True):
        statements.setdefault(article_id, []).append(_Statement(*said))
    found = []
    for article_id, said in statements.items():
        text = texts.get(article_id, "")
        aimed = list(_of_article(text, said, sorted(names.get(article_id, [])))) if text else []
        if not aimed:
            continue
        shares = tone.judge_targets(text, [(target.start, target.end) for _, target in aimed])
        for (attribution_id, target), own in zip(aimed, shares, strict=True):
            found.append(
                {
                    "attribution_id": attribution_id,
                    "article_id": article_id,
                    "start": target.start,
                    "end": target.end,
                    "entity_id": target.name.entity_id
                    or f"at {target.name.start}-{target.name.end}",
                    "voice": target.voice,
                    "polarity": schema.POLARITIES[own.argmax()],
                    "confidence": own.max(),
                }
            )
    if not found:
        return schema.empty("targets")
    return pd.DataFrame(found)[schema.TABLES["targets"].columns.names]


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
    text: str, said: list[_Statement], names: list[Name]
) -> Iterator[tuple[str, _Target]]:
    contents = [
        (high - low, low, high, row.attribution_id) for row in said for low, high in row.spans
    ]
    innermost: dict[Name, str] = {}
    for _, low, high, attribution_id in sorted(contents, reverse=True):
        innermost |= dict.fromkeys(_between(names, low, high), attribution_id)
    paragraphs = quotations.find_paragraphs(text)
    marks = quotations.mask(text)
    for row in said:
        sources = [name for low, high in row.source_spans for name in _between(names, low, high)]
        own = [name for name in sources if innermost.get(name) != row.attribution_id]
        for low, high in row.spans:
            inside = _between(names, low, high)
            for name in inside:
                if innermost[name] == row.attribution_id:
                    target = _Target(name.start, name.end, name, SPEAKER)
                    yield row.attribution_id, target
            for target in _pronouns(text, low, high, marks, names, own, paragraphs):
                yield row.attribution_id, target
        for name in own[:1]:
            yield row.attribution_id, _Target(name.start, name.end, name, REPORTER)


def _between(names: list[Name], low: int, high: int) -> list[Name]:
    inside = names[bisect_left(names, (low,)) : bisect_left(names, (high,))]
    return [name for name in inside if name.end <= high]


def _pronouns(
    text: str,
    low: int,
    high: int,
    marks: bytearray,
    names: list[Name],
    speakers: list[Name],
    paragraphs: list[tuple[int, int]],
) -> Iterator[_Target]:
    """Yield he and she inside quotation marks, where only one person can be meant."""
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
