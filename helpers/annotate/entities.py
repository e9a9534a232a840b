"""One canonical name per person, place and body, within an article and over the corpus.

Within an article a short form is joined to the full name it stands for. Over the corpus only
distinct names with their counts are compared, never mentions, so that the names of any number of
articles can be summed up part by part (`summarise_names`) and merged at once
(`find_entities_from`). What could be two things stays unmerged and says which two.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import pandas as pd

from helpers.annotate import bodies, names, persons
from helpers.annotate.names import Naming, could_be
from helpers.annotate.rules import rule
from helpers.store import schema


class Summary(NamedTuple):
    """What some articles call a name for one reason, and how often they do."""

    label: str
    name: str
    written: str
    country: str
    reason: str
    mentions: int
    articles: int


SUMMARY = list(Summary._fields)
# How sure a label of the reader must be to keep a name that a lexicon knows as something else.
SURE = 0.6
_LISTED = 5  # forms told for one reason
# When a surname alone stands for somebody whom other articles name in full: how many of them do,
# and what part of all that name a bearer. Measured by leaving out one article at a time of 581 of
# sixty outlets: 530 of 551 would have been given the person they themselves name.
_KNOWN_FROM, _KNOWN_SHARE = 3, 0.9
_KNOWN = "surname of the one person who mostly bears it"
_OPEN = " ?"  # behind the key of a name that its article leaves open


Written = tuple[str, str]  # a name as written, and its label


# ------------------------------------------------------------------------------------ the tables


def find_entities(mentions: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Return the entities that mentions name: one row is one person, place, people or body.

    Within an article a surname, a title with a surname, an acronym or a short form is joined to
    the full name it stands for; over the corpus spellings of one name are one. `aliases` are the
    forms found, `merge_reason` says why each is joined. A short name that could be two entities of
    the article stays an entity of its own and says which. `country` is ISO 3166 alpha-3, given for
    places, peoples and bodies of the lexicons and bodies whose name begins with their country.
    """
    return find_entities_from(summarise_names(mentions, articles))


def summarise_names(mentions: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Sum up the names of some articles for `find_entities_from`.

    One row is one way of writing (`written`) one name of the articles (`name`, `label`) for one
    `reason`, with `country` and the numbers of `mentions` and `articles`. Summaries of disjoint
    sets of articles may be concatenated.
    """
    rows = [
        (*key, sum(of_article.values()), len(of_article))
        for key, of_article in count_names(mentions, articles).items()
    ]
    return pd.DataFrame(rows, columns=SUMMARY).astype({"mentions": "int64", "articles": "int64"})


def count_names(
    mentions: pd.DataFrame, articles: pd.DataFrame
) -> dict[tuple[str, ...], dict[str, int]]:
    """Count the mentions of names in each article: the first five columns of a summary are a key.

    Under each key lies the number of mentions by article_id.
    """
    counted: dict[tuple[str, ...], dict[str, int]] = defaultdict(dict)
    written = mentions["text"].tolist()
    owners = mentions["article_id"].tolist()
    for rows, namings in _each_article(mentions, articles):
        found = Counter(
            (name.label, name.entity, written[row], name.country, name.reason)
            for row, name in zip(rows, namings, strict=True)
        )
        for key, count in found.items():
            counted[key][owners[rows[0]]] = count
    return counted


def find_entities_from(summaries: pd.DataFrame | Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return the entities of summed-up names (see `summarise_names`), one row each.

    The result does not depend on how the articles were divided or in which order they came.
    """
    if not isinstance(summaries, pd.DataFrame):
        kept = [summary for summary in summaries if len(summary)]
        summaries = pd.concat(kept) if kept else pd.DataFrame(columns=SUMMARY)
    if summaries.empty:
        return schema.empty("entities")
    keys = SUMMARY[:5]
    summed = summaries.groupby(keys, sort=True, observed=True)[["mentions", "articles"]].sum()
    return _merge_names(summed.reset_index())


def add_entity(
    mentions: pd.DataFrame, articles: pd.DataFrame, entities: pd.DataFrame
) -> pd.DataFrame:
    """Return the mentions with `entity_id` filled, "" where `entities` has no such name.

    `entities` are those found in these mentions, or in more than these. A person's decisions come
    after (see `decisions.apply_decisions`).
    """
    find = _finder(entities)
    ids = [""] * len(mentions)
    written = mentions["text"].tolist()
    for rows, namings in _each_article(mentions, articles):
        for row, naming in zip(rows, namings, strict=True):
            ids[row] = find(written[row], naming)
    return mentions.assign(entity_id=pd.Series(ids, index=mentions.index, dtype=object))


def key_of(entity: str, label: str) -> str:
    """Return a name for comparison over the corpus: no accents, case or style of punctuation.

    Of a people, one and several are the same.
    """
    if label == "PERSON":
        name = persons.read_name(entity)
        return " ".join([*name.folded, *(f"{i}." for i in name.initials), name.suffix]).strip()
    name = names.plain(entity)
    return persons.fold(names.singular(name) if label == "NORP" else name)


def _is_open(name: str, label: str, reason: str) -> bool:
    """Whether an article leaves open which of its people a single name stands for."""
    return label == "PERSON" and " " not in name and reason.endswith(names.NOT_JOINED)


def lasting(reason: str) -> str:
    """Return what of a `merge_reason` tells whom a surname alone stands for."""
    return _KNOWN if _KNOWN in reason else ""


def _finder(entities: pd.DataFrame) -> Callable[[str, Naming], str]:
    """Return a function from a name as written, and what its article takes it for, to an id."""
    own: dict[tuple[str, str], str] = {}
    forms: dict[tuple[str, str], list[str]] = defaultdict(list)
    of_entity: dict[str, set[str]] = {}
    of_known: dict[str, str] = {}
    for one in entities.itertuples():
        keys = {key_of(form, one.label) for form in (one.entity, *one.aliases)}
        of_entity[one.entity_id] = keys
        if _KNOWN in one.merge_reason:
            of_known[persons.read_name(one.entity).folded[-1]] = one.entity_id
        own.setdefault((one.label, key_of(one.entity, one.label)), one.entity_id)
        for key in keys:
            forms[one.label, key].append(one.entity_id)

    def find(written: str, naming: Naming) -> str:
        label, key = naming.label, key_of(naming.entity, naming.label)
        form = key_of(written, label)
        known = of_known.get(key, "") if label == "PERSON" else ""
        if known and not _is_open(naming.entity, label, naming.reason):
            return known
        named = own.get((label, key), "")
        if named:
            return named
        fitting = forms.get((label, key), [""])
        return next((one for one in fitting if one and form in of_entity[one]), fitting[0])

    return find


# ------------------------------------------------------------------------------- within an article


def _each_article(
    mentions: pd.DataFrame, articles: pd.DataFrame
) -> Iterator[tuple[list[int], list[Naming]]]:
    """Yield for each article its rows in `mentions`, by place, and what each of them names."""
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    starts, written = mentions["start"].tolist(), mentions["text"].tolist()
    labels, sure = mentions["label"].tolist(), mentions["confidence"].fillna(0.5).tolist()
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, article_id in enumerate(mentions["article_id"].tolist()):
        rows_of[article_id].append(row)
    for article_id, rows in rows_of.items():
        rows.sort(key=starts.__getitem__)
        found = [(written[row], labels[row], sure[row]) for row in rows]
        yield rows, name_article(found, texts.get(article_id, ""))


def name_article(found: Sequence[tuple[str, str, float]], text: str) -> list[Naming]:
    """Return what each name of one article stands for.

    `found` holds the names in the order of the text, as written, with label and confidence.
    """
    labels = _settle_labels(found)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for written, label, _ in found:
        counts[labels[written, label]][written] += 1
    people = persons.name_people(counts.pop("PERSON", Counter()))
    called = frozenset(names.plain(w) for w, n in people.named.items() if " " in n.entity)
    named = bodies.name_things(counts, text, called)
    named |= {(written, "PERSON"): naming for written, naming in people.named.items()}
    namings = [named[written, labels[written, label]] for written, label, _ in found]
    if not people.shared:
        return namings
    shared = {w: owners for w, owners in people.shared.items() if named[w, "PERSON"].reason}
    return _follow([written for written, *_ in found], namings, shared)


@rule("shared surnames followed", otherwise=lambda written, namings, shared: namings)
def _follow(
    written: Sequence[str], namings: list[Naming], shared: Mapping[str, tuple[str, ...]]
) -> list[Naming]:
    """Join the short names that several people share where the course of the article tells whom.

    One that stands before any full name, as in a headline, is joined when all the later ones are
    the same person's.
    """
    followed = {form: persons.Followed(owners) for form, owners in shared.items()}
    namings = list(namings)
    meant: dict[str, set[str]] = defaultdict(set)
    early: list[int] = []
    for at, (form, naming) in enumerate(zip(written, namings, strict=True)):
        if naming.label != "PERSON":
            continue
        if form not in followed:
            for name in followed.values():
                name.meet(naming.entity)
            continue
        entity, reason = followed[form].use()
        if entity:
            namings[at] = Naming(entity, "PERSON", "", reason)
        if followed[form].met:
            meant[form].add(entity)
        else:
            early.append(at)
    for at in early:
        owners = meant[written[at]]
        if len(owners) == 1 and "" not in owners:
            reason = "surname of the one person it stands for further on"
            namings[at] = Naming(next(iter(owners)), "PERSON", "", reason)
    return namings


@rule("one label for one name", otherwise=lambda found: {one[:2]: one[1] for one in found})
def _settle_labels(found: Iterable[tuple[str, str, float]]) -> dict[Written, str]:
    """Give one name one label in an article: what a lexicon says, else what most mentions say.

    A name that is also an ordinary word or another name (Jordan, Georgia) keeps what most say; so
    does a person's name in full. A surname of somebody named in full is a person's where no lexicon
    is sure of something else.
    """
    votes: dict[str, Counter[str]] = defaultdict(Counter)
    numbers: Counter[str] = Counter()
    spelled = set()
    for written, label, sure in found:
        plain = names.plain(written)
        votes[plain][label] += sure
        numbers[plain] += 1
        spelled.add((written, label))
    for plain in [plain for plain in votes if plain.isupper() and plain.title() in votes]:
        votes[plain.title()].update(votes[plain])
        votes[plain] = votes[plain.title()]
    settled = {
        plain: max(given, key=lambda label: (given[label], -schema.LABELS.index(label)))
        for plain, given in votes.items()
    }
    people = (plain for plain, label in settled.items() if label == "PERSON")
    families = {form for name in people for form in names.family_names(name)}
    for plain, label in settled.items():
        known = names.known(plain)
        doubtful = known is None or plain in names.ambiguous_names()
        if plain in families and (doubtful or label == "PERSON"):
            unsure = votes[plain][label] / numbers[plain] < SURE
            settled[plain] = "PERSON" if unsure or known is not None else label
        elif known is not None and not doubtful:
            settled[plain] = known.label
    return {key: settled[names.plain(key[0])] for key in spelled}


# --------------------------------------------------------------------------------- over the corpus


class _Merger:
    """Names of one label over the corpus, put together for a reason."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.parent = {key: key for key in keys}
        self.reasons: dict[str, str] = {}

    def root(self, key: str) -> str:
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def join(self, key: str, into: str, reason: str) -> None:
        """Join a name to another; `reason` is told for the forms of the first."""
        one, other = self.root(key), self.root(into)
        if one != other:
            self.parent[one] = other
            self.reasons.setdefault(key, reason)


def _merge_names(summed: pd.DataFrame) -> pd.DataFrame:
    """Return the entities of names summed over all articles."""
    summed = summed.assign(
        key=[
            key_of(one.name, one.label) + _OPEN * _is_open(one.name, one.label, one.reason)
            for one in summed.itertuples(index=False)
        ]
    )
    rows: list[dict] = []
    for label, found in summed.groupby("label", sort=True):
        rows.extend(_entities_of(str(label), found))
    taken: set[str] = set()
    for row in rows:
        row["entity_id"] = new_id(row["label"], row["entity"], taken)
    return pd.DataFrame(rows)[schema.TABLES["entities"].columns.names]


def _entities_of(label: str, found: pd.DataFrame) -> Iterator[dict]:
    """Yield the entities of one label, in the order of their keys."""
    names_of: dict[str, Counter[str]] = defaultdict(Counter)
    country_of: dict[str, str] = {}
    forms: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in found.itertuples():
        # A spelling that an article uses itself counts more than one a lexicon gives.
        own = row.articles * (1_000_000 + (row.written == row.name)) + row.mentions
        names_of[row.key][row.name] += own
        forms[row.key][row.written].add(row.reason)
        if row.country:
            country_of.setdefault(row.key, row.country)
    merger = _Merger(sorted(names_of))
    if label == "PERSON":
        _merge_people(merger, names_of, found)
    elif label in ("ORG", "FAC"):
        _merge_bodies(merger, names_of, found, label)
    groups: dict[str, list[str]] = defaultdict(list)
    for key in sorted(names_of):
        groups[merger.root(key)].append(key)
    for key, spelled in names_of.items():
        for name in spelled:
            forms[key][name].add(merger.reasons.get(key, ""))
    for root in sorted(groups):
        yield _entity(label, groups[root], names_of, country_of, forms)


def _entity(
    label: str,
    keys: list[str],
    names_of: Mapping[str, Counter[str]],
    country_of: Mapping[str, str],
    forms: Mapping[str, Mapping[str, set[str]]],
) -> dict:
    spelled: Counter[str] = Counter()
    reasons: dict[str, set[str]] = defaultdict(set)
    for key in keys:
        spelled.update(names_of[key])
        for form, why in forms[key].items():
            reasons[form] |= why - {""}
    short = bodies.acronyms_among(spelled)
    entity = min(
        spelled,
        key=lambda n: (bodies.shouts(n), n in short, -spelled[n], n.isupper(), -len(n), n),
    )
    told: dict[str, list[str]] = defaultdict(list)
    for form in sorted(reasons):
        for reason in sorted(reasons[form]):
            told[reason].append(form)
    return schema.filled(
        "entities",
        entity=entity,
        label=label,
        country=next((country_of[key] for key in keys if key in country_of), ""),
        aliases=sorted(set(reasons) - {entity}),
        merge_reason="; ".join(_tell(told[reason], reason) for reason in sorted(told)),
    )


def _tell(forms: list[str], reason: str) -> str:
    listed = ", ".join(forms[:_LISTED])
    more = f" and {len(forms) - _LISTED} more" if len(forms) > _LISTED else ""
    return f"{listed}{more}: {reason}"


def _merge_people(
    merger: _Merger, names_of: Mapping[str, Counter[str]], found: pd.DataFrame
) -> None:
    """Join the full names that are spellings of one: initials, middle names, transliterations.

    A name that fits two others which are not one is joined to neither. A surname that stands alone
    in its article is joined to the person who is named in full in nearly all others.
    """
    read = {key: persons.read_name(max(names_of[key], key=names_of[key].get)) for key in names_of}
    near: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for key, name in read.items():
        if name.is_full:
            near[persons.sound(name.folded[0]), persons.sound(name.folded[-1])].append(key)
            near[("".join(name.folded),)].append(key)
    for group in near.values():
        if len(group) > 1:
            _merge_spellings(merger, sorted(group), read)
    _merge_surnames(merger, read, found)


@rule("surnames of the known", otherwise=lambda merger, read, found: None)
def _merge_surnames(
    merger: _Merger, read: Mapping[str, persons.PersonName], found: pd.DataFrame
) -> None:
    articles = found.groupby("key")["articles"].max().to_dict()
    bearers: dict[str, Counter[str]] = defaultdict(Counter)
    for key, name in read.items():
        if name.is_full:
            bearers[name.folded[-1]][merger.root(key)] += articles[key]
    alone = [key for key, name in read.items() if [key.removesuffix(_OPEN)] == [*name.folded]]
    for key in alone:
        borne = bearers[read[key].folded[-1]]
        owner, known = borne.most_common(1)[0] if borne else ("", 0)
        if key.endswith(_OPEN) or known < _KNOWN_FROM or known < _KNOWN_SHARE * borne.total():
            continue
        told = f"{_KNOWN}, in {known} of {borne.total()} articles that name one in full"
        merger.join(key, owner, told)
    for key in alone:
        plain = key.removesuffix(_OPEN)
        if plain != key and merger.parent.get(plain) == plain:
            merger.join(key, plain, "")


def _merge_spellings(
    merger: _Merger, group: list[str], read: Mapping[str, persons.PersonName]
) -> None:
    fits: dict[str, dict[str, str]] = {key: {} for key in group}
    for one, other in combinations(group, 2):
        reason = persons.same_person(read[one], read[other])
        if reason and reason not in persons.UNSURE:
            fits[one][other] = fits[other][one] = reason
    clear = {
        key: all(b in fits[a] for a, b in combinations(others, 2)) for key, others in fits.items()
    }
    for key, others in fits.items():
        if not clear[key]:
            merger.reasons[key] = could_be(read[other].text for other in others)
        for other in others:
            if clear[key] and clear[other]:
                merger.join(key, other, fits[key][other])


def _merge_bodies(
    merger: _Merger, names_of: Mapping[str, Counter[str]], found: pd.DataFrame, label: str
) -> None:
    """Join companies with and without their legal form, bodies of one country, and acronyms.

    An acronym that an article uses without saying what it means is joined to what it means in the
    others when they all agree.
    """
    cores: dict[str, str] = {}
    for key in sorted(names_of):
        core = bodies.core_of(max(names_of[key], key=names_of[key].get), label)
        if core in cores:
            merger.join(key, cores[core], "legal form or country written in another way")
        else:
            cores[core] = key
    defined = found[found["reason"] == bodies.DEFINED]
    meanings: dict[str, Counter[str]] = defaultdict(Counter)
    rows = zip(defined["written"], defined["key"], defined["articles"], strict=True)
    for written, key, articles in rows:
        meanings[key_of(written, label)][key] += articles
    for acronym in sorted(set(meanings) & set(names_of)):
        others = {merger.root(key): key for key in sorted(meanings[acronym])}
        if len(others) == 1:
            number = sum(meanings[acronym].values())
            reason = f"acronym defined in {number} other article{'s' * (number > 1)}"
            merger.join(acronym, next(iter(others.values())), reason)
        else:
            told = (max(names_of[key], key=names_of[key].get) for key in others.values())
            merger.reasons[acronym] = could_be(told)


def new_id(label: str, entity: str, taken: set[str]) -> str:
    """Return a new id made of label and name, and put it among those taken."""
    slug = re.sub(r"[^\w]+", "-", persons.fold(entity)).strip("-") or "x"
    base = found = f"{label.lower()}-{slug}"
    number = 2
    while found in taken:
        found, number = f"{base}-{number}", number + 1
    taken.add(found)
    return found
