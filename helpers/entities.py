"""One canonical name per person, place and body, within an article and over the corpus."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import pandas as pd

from helpers import names, schema


class Naming(NamedTuple):
    """The entity a mention names: canonical name, label, country and why it is that one."""

    entity: str
    label: str
    country: str
    reason: str


def find_entities(mentions: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Return the entities that mentions name: one row is one person, place, people or body.

    Within an article a surname, a title with a surname, an acronym or a short form is joined to
    the full name it stands for; over the corpus entities of the same name and label are one.
    `aliases` are the spellings found, `merge_reason` says how they were joined. A surname that two
    people of the article share stays an entity of its own. `country` is ISO 3166 alpha-3, given
    for places, peoples and bodies of the lexicons.
    """
    return find_entities_from([summarise_names(mentions, articles)])


def summarise_names(mentions: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Return what some articles tell of names: one row is one spelling of one name, counted.

    Columns: text (as written), entity, label, country, reason, count.
    """
    namings = _namings(mentions, articles)
    counts = Counter(zip(mentions["text"], namings, strict=True))
    rows = [(text, *naming, count) for (text, naming), count in counts.items()]
    return pd.DataFrame(rows, columns=["text", "entity", "label", "country", "reason", "count"])


def find_entities_from(summaries: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the entities of a corpus from the summaries of its parts; see `find_entities`."""
    groups: dict[tuple[str, str], _Group] = defaultdict(_Group)
    for summary in summaries:
        for text, entity, label, country, reason, count in summary.itertuples(index=False):
            groups[label, _key(entity)].add(text, entity, country, reason, count)
    if not groups:
        return schema.empty("entities")
    rows = []
    taken: set[str] = set()
    for label, key in sorted(groups):
        group = groups[label, key]
        entity = min(group.spelled, key=lambda name: (-group.spelled[name], name))
        rows.append(
            {
                "entity_id": _new_id(label, entity, taken),
                "entity": entity,
                "label": label,
                "country": min(filter(None, group.countries), default=""),
                "aliases": sorted(group.texts - {entity}),
                "merge_reason": "; ".join(sorted(filter(None, group.reasons))),
            }
        )
    return pd.DataFrame(rows)[schema.TABLES["entities"].columns.names]


@dataclass
class _Group:
    """What is gathered of one name over a corpus."""

    spelled: Counter[str] = field(default_factory=Counter)
    texts: set[str] = field(default_factory=set)
    countries: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)

    def add(self, text: str, entity: str, country: str, reason: str, count: int) -> None:
        self.spelled[entity] += count
        self.texts.add(text)
        self.countries.add(country)
        self.reasons.add(reason)


def add_entity(
    mentions: pd.DataFrame, articles: pd.DataFrame, entities: pd.DataFrame
) -> pd.DataFrame:
    """Return the mentions with `entity_id` filled, "" where `entities` has no such name."""
    ids = {
        (label, _key(entity)): entity_id
        for label, entity, entity_id in zip(
            entities["label"], entities["entity"], entities["entity_id"], strict=True
        )
    }
    found = [ids.get((n.label, _key(n.entity)), "") for n in _namings(mentions, articles)]
    return mentions.assign(entity_id=pd.Series(found, index=mentions.index, dtype=object))


def _namings(mentions: pd.DataFrame, articles: pd.DataFrame) -> list[Naming]:
    """Return what each mention names, in the order of the mentions."""
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    positions: dict[str, list[int]] = defaultdict(list)
    for position, article_id in enumerate(mentions["article_id"]):
        positions[article_id].append(position)
    written = mentions["text"].tolist()
    labels = mentions["label"].tolist()
    result: list[Naming] = [Naming("", "", "", "")] * len(written)
    for article_id, rows in positions.items():
        spelled = [(written[row], labels[row]) for row in rows]
        named = _name_article(spelled, texts.get(article_id, ""))
        for row in rows:
            result[row] = named[written[row], labels[row]]
    return result


def _name_article(spelled: list[tuple[str, str]], text: str) -> dict[tuple[str, str], Naming]:
    counts = Counter(spelled)
    acronyms = {
        acronym: names.plain(text[start:end])
        for acronym, (start, end) in names.find_acronyms(text).items()
    }
    people = {names.person_name(w) for w, label in counts if label == "PERSON" and " " in w}
    bodies = {names.plain(w) for w, label in counts if label == "ORG"}
    named = {}
    for written, label in counts:
        if label == "PERSON":
            named[written, label] = _name_person(written, people)
        else:
            named[written, label] = _name_thing(written, label, acronyms, bodies)
    return named


def _name_person(written: str, people: set[str]) -> Naming:
    name = names.person_name(written)
    if " " in name:
        reason = "" if name == names.plain(written) else "initial or suffix left out"
        return Naming(name, "PERSON", "", reason)
    owners = sorted(p for p in people if name in names.family_names(p))
    if len(owners) == 1:
        return Naming(owners[0], "PERSON", "", "surname of the one person of that name")
    if len(owners) > 1:
        return Naming(name, "PERSON", "", f"surname shared by {' and '.join(owners)}: not joined")
    given = sorted(p for p in people if p.split()[0] == name)
    if len(given) == 1:
        return Naming(given[0], "PERSON", "", "given name of the one person of that name")
    return Naming(name, "PERSON", "", "")


def _name_thing(written: str, label: str, acronyms: dict[str, str], bodies: set[str]) -> Naming:
    name = names.plain(written)
    known = names.known(written)
    if known is None and name in acronyms:
        known = names.known(acronyms[name])
    if known is not None and known.label == label:
        reason = "" if known.name == name else f"listed in {known.lexicon}.csv"
        return Naming(known.name, label, known.country, reason)
    if name in acronyms:
        return Naming(acronyms[name], label, "", "acronym defined in the article")
    if label == "ORG":
        longer = sorted(b for b in bodies if b != name and b.startswith(name + " "))
        if len(longer) == 1 and len(name.split()) >= 1 and not known:
            return Naming(longer[0], label, "", "short form of the one body of that name")
    if label in ("GPE", "LOC") and name.isupper() and len(name) > 4:
        return Naming(name.title(), label, "", "capitals")
    return Naming(name, label, "", "")


def _key(entity: str) -> str:
    """Return a name for comparison over the corpus: no accents, case or apostrophe style."""
    folded = unicodedata.normalize("NFKD", entity)
    return "".join(c for c in folded if not unicodedata.combining(c)).casefold()


def _new_id(label: str, entity: str, taken: set[str]) -> str:
    slug = re.sub(r"[^\w]+", "-", _key(entity)).strip("-") or "x"
    base = found = f"{label.lower()}-{slug}"
    number = 2
    while found in taken:
        found, number = f"{base}-{number}", number + 1
    taken.add(found)
    return found
