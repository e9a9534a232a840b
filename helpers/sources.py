"""What kind of source speaks: type, affiliation, country, channel, and who relayed the words."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd

from helpers import lexicons, names

COLUMNS = (
    "source_type",
    "named",
    "affiliation",
    "country",
    "channel",
    "relay",
    "relay_ownership",
    "anonymity_reason",
)
CARRIED_OVER = 2  # a relay is kept for the same speaker's words at most this many rows later
_PLURAL_PRONOUNS = frozenset({"they", "we", "their", "many", "some", "others", "both", "several"})
_SENTENCE_END = re.compile(r"[.!?][\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])|[\n\r]+")
_HEAD_END = re.compile(
    r",|\b(?:of|for|in|at|from|on|with|who|which|that|whose|familiar|close|briefed|speaking|to|by|not)\b"
)
_WORD = re.compile(r"[^\W_][\w’'.-]*")
_NAME = re.compile(
    r"[A-Z0-9][\w&./-]*(?:[’'](?!s\b)\w+)*(?:\s+(?:(?:of|the|and|de|la)\s+)?"
    r"[A-Z][\w&./-]*(?:[’'](?!s\b)\w+)*)*"
)
_RELAYED = re.compile(
    r"\b(?:cited|quoted|reported|carried|relayed|published|aired|broadcast|distributed|released)\s+"
    r"(?:\w+\s+)?(?:by|on|in|through)\s+(?P<outlet>[^,;\n“”…]{2,90})"
)
_REPORTED = re.compile(
    r"(?:^|[,;“”\"…]\s*)(?P<outlet>[^,;\n“”\"…]{2,80}?)\s+(?:also\s+|had\s+)?"
    r"(?:reported|reports|added|quoted|cited|quoting|citing)\b"
)
_TOLD = re.compile(
    r"\b(?:told|(?:in )?an interview (?:with|to)|speaking (?:to|with)|interviewed by|said to)\s+"
    r"(?P<outlet>(?:[\w’'./&-]+\s*){1,7})"
)
_OPENING = re.compile(r"\s*(?:In|At|During|On|Speaking|Through|Asked|Addressing|Writing|By)\b")
_STATE = re.compile(
    r"\bstate(?:-run|-owned|-controlled|-funded)?\s+(?:\w+\s+){0,2}?(?:media|news|agency|"
    r"broadcaster|television|TV|radio|newspaper)|\bstate-(?:run|owned|controlled|backed)|"
    r"\bofficial news agency",
    re.I,
)
_PUBLIC = re.compile(r"\bpublic(?:ly funded|-service)? (?:broadcaster|radio|television)", re.I)
_NEWS_NAME = re.compile(
    r"\b(?:News|Broadcasting|Newspaper|Radio|Television|TV)\b|\b(?:Times|Post|Herald|Gazette|Tribune|"
    r"Courier|Chronicle|Journal|Press|Mercury|Clarion|Observer|Telegraph|Mail|Standard|Magazine)$"
)
_NEWS_NOUN = re.compile(
    r"\b(?:news agency|newspaper|paper|broadcaster|television|radio|magazine|daily|weekly|"
    r"news site|network|wire service|news service)\b"
)


@dataclass(frozen=True)
class _Entity:
    """What the entities table says of one entity."""

    name: str
    label: str
    country: str
    aliases: tuple[str, ...]


@dataclass
class _Sourced:
    """The source columns of one attribution in the making."""

    source_type: str = "unnamed person"
    named: bool = False
    affiliation: str = "unknown"
    country: str = ""
    channel: str = "unknown"
    relay: str = ""
    relay_ownership: str = ""
    anonymity_reason: str = ""


def add_source_type(
    attributions: pd.DataFrame, articles: pd.DataFrame, entities: pd.DataFrame
) -> pd.DataFrame:
    """Return the attributions with the eight columns that say what kind of source speaks.

    Needs `speaker`, `speaker_id` and `resolution`. A named person or body outranks a document; the
    spokesperson of a named body is that body; *anonymous* needs words that say the name is
    known and withheld. `relay` is the outlet that carried the words before this article, kept while
    the same speaker goes on; `relay_ownership` comes from outlets.csv or from the words beside it.
    """
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    known = {
        row.entity_id: _Entity(row.entity, row.label, row.country, tuple(row.aliases))
        for row in entities[["entity_id", "entity", "label", "country", "aliases"]].itertuples()
    }
    rows = attributions[
        ["article_id", "start", "spans", "cue", "cue_spans", "source_text", "source_spans"]
        + ["speaker", "speaker_id", "resolution", "rule"]
    ].to_dict("records")
    outlets = _named_outlets(known)
    context = _Context(texts)
    found = [_source(row, context, known, outlets) for row in rows]
    _carry(rows, found)
    index = attributions.index
    dtypes = dict.fromkeys(COLUMNS, object) | {"named": bool}
    return attributions.assign(
        **{
            column: pd.Series(
                [getattr(f, column) for f in found], index=index, dtype=dtypes[column]
            )
            for column in COLUMNS
        }
    )


def _source(
    row: dict, context: _Context, entities: dict[str, _Entity], outlets: dict[str, str]
) -> _Sourced:
    entity = entities.get(row["speaker_id"].partition(";")[0])  # the first of joint speakers
    described = row["speaker"] if not entity else row["source_text"]
    article_id = row["article_id"]
    around = _around(row, context.texts.get(article_id, ""))
    found = _Sourced()
    found.anonymity_reason = _reason(described + " " + around) if entity is None else ""
    found.source_type = _type(row, described, around, entity, found.anonymity_reason)
    found.named = found.source_type in ("named person", "named organisation")
    person = entity is not None and entity.label == "PERSON"
    titles = context.beside(article_id, entity) if person else ""
    found.affiliation = _affiliation(entity, described, titles, found.source_type)
    found.country = _country(entity, described, titles)
    found.channel = _channel(_beside_cue(row, around))
    found.relay, found.relay_ownership = _relay(row, context, around, outlets)
    return found


def _carry(rows: list[dict], found: list[_Sourced]) -> None:
    """Let the next words of the same speaker keep the relay of the last, in the article's order."""
    articles: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        articles[row["article_id"]].append(position)
    for positions in articles.values():
        last: dict[str, tuple[int, str, str]] = {}
        for order, position in enumerate(sorted(positions, key=lambda p: rows[p]["start"])):
            speaker, here = rows[position]["speaker"], found[position]
            before = last.get(speaker)
            if not here.relay and before and order - before[0] <= CARRIED_OVER:
                _, here.relay, here.relay_ownership = before
            if speaker and here.relay:
                last[speaker] = (order, here.relay, here.relay_ownership)


# ------------------------------------------------------------------------------------ text around


def _around(row: dict, text: str) -> str:
    """Return the sentence of the cue and source, the content cut out."""
    spans = [*row["source_spans"], *row["cue_spans"]]
    if not spans:
        return ""
    low, high = min(s for s, _ in spans), max(e for _, e in spans)
    starts = [m.end() for m in _SENTENCE_END.finditer(text, max(0, low - 600), low)]
    low = starts[-1] if starts else max(0, low - 600)
    ending = _SENTENCE_END.search(text, high)
    high = min(ending.start() + 1 if ending else len(text), high + 600)
    pieces, position = [], low
    for start, end in sorted(row["spans"]):
        if end <= position or start >= high:
            continue
        pieces.append(text[position : max(position, start)])
        position = min(end, high)
    pieces.append(text[position:high])
    return " … ".join(pieces)


class _Context:
    """The words beside the first place where an article names somebody, looked up once each."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self._beside: dict[tuple[str, str], str] = {}

    def beside(self, article_id: str, entity: _Entity) -> str:
        """Return the words before an entity's first name in an article and in apposition to it."""
        key = (article_id, entity.name)
        if key not in self._beside:
            self._beside[key] = _first_beside(self.texts.get(article_id, ""), entity)
        return self._beside[key]


def _first_beside(text: str, entity: _Entity) -> str:
    for name in (entity.name, *sorted(entity.aliases, key=len, reverse=True)):
        match = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        if match:
            before = _SENTENCE_END.split(text[max(0, match.start() - 60) : match.start()])[-1]
            after = _SENTENCE_END.split(text[match.end() : match.end() + 120])[0]
            appositive = after if re.match(r",\s", after) else ""
            return f"{' '.join(before.split()[-5:])} | {appositive}"
    return ""


# --------------------------------------------------------------------------------- type and person


def _type(row: dict, described: str, around: str, entity: _Entity | None, reason: str) -> str:
    head = _head(described)
    if entity is not None:
        if entity.label == "PERSON":
            return "named person"
        if _kind(head) == "document" and row["resolution"] == "name":
            return "document"
        return "unnamed group" if entity.label == "NORP" else "named organisation"
    if reason or _descriptor(described):
        return "anonymous source"
    kind = _kind(head)
    if kind == "document":
        return "document"
    if kind == "organisation":
        owner = next(names.find_known(described), None)
        return "named organisation" if owner or _capital(described) else "unnamed group"
    if _proper_name(row, described, around):
        return "named organisation"
    if head.lower() in _PLURAL_PRONOUNS or _plural(head):
        return "unnamed group"
    return "unnamed person"


def _proper_name(row: dict, described: str, around: str) -> bool:
    """Tell whether a source without an entity is a name: a capital inside a sentence or a word."""
    first = described.split(",")[0]
    if re.search(r"[a-z][A-Z]", first.split(" ")[0]):
        return True
    place = around.find(described)
    alone = bool(re.fullmatch(r"[A-Z][\w’'.-]+(?:\s+[A-Z][\w’'.-]+)*", first))
    inside = place > 0 and around[place - 1].isspace() and not around[:place].isspace()
    return alone and inside and row["resolution"] == "none" and not _kind(first)


def _capital(described: str) -> bool:
    return bool(
        re.search(r"\s[A-Z]\w+", described) or re.match(r"(?!The\b|An?\b)[A-Z]\w+", described)
    )


def _head(described: str) -> str:
    match = _HEAD_END.search(described)
    end = match.start() if match and match.start() > 0 else len(described)
    words = _WORD.findall(described[:end])
    return words[-1] if words else ""


def _plural(word: str) -> bool:
    word = word.lower()
    return word in ("people", "police", "men", "women", "children") or (
        word.endswith("s") and not word.endswith(("ss", "us", "is"))
    )


def _kind(noun: str) -> str:
    entry = _nouns().get(noun.lower()) or _nouns().get(_singular(noun.lower()))
    return entry[0] if entry else ""


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    return noun[:-1] if noun.endswith("s") else noun


def _descriptor(described: str) -> bool:
    return any(p.search(described) for p in _anonymity()["descriptor"])


def _reason(around: str) -> str:
    for pattern in _anonymity()["reason"]:
        match = pattern.search(around)
        if match:
            words = re.split(r",?\s+(?:said|told|says|added)\b|\s*…", match.group())[0]
            return " ".join(words.split()).strip(" ,")
    return ""


# ------------------------------------------------------------------------- affiliation and country


def _affiliation(entity: _Entity | None, described: str, context: str, source_type: str) -> str:
    if entity is not None and entity.label != "PERSON":
        return _body_affiliation(entity, described)
    words = f"{described} | {context}"
    if entity is None and source_type == "named organisation":
        places = [known.label for _, _, known in names.find_known(described)]
        if places and set(places) == {"GPE"} and _kind(_head(described)) == "":
            return "government"
    titled = _title_affiliation(words)
    by_noun = _noun_affiliation(words)
    if source_type == "document":
        return by_noun if by_noun != "unknown" else titled
    return titled if titled != "unknown" else by_noun


def _body_affiliation(entity: _Entity, described: str) -> str:
    if entity.label == "GPE":
        return "government"
    outlet = outlet_facts().get(entity.name)
    if outlet:
        return "state media" if outlet["ownership"] == "state" else "news media"
    body = _body_facts().get(entity.name)
    if body:
        return body["affiliation"]
    if _STATE.search(described):
        return "state media"
    if _NEWS_NAME.search(entity.name):
        return "news media"
    return _noun_affiliation(entity.name) if entity.label == "ORG" else "unknown"


def _title_affiliation(words: str) -> str:
    for match in _titles().finditer(words):
        affiliation = _title_table()[match.group().lower()]
        if affiliation != "unknown":
            return affiliation
    return "unknown"


def _noun_affiliation(words: str) -> str:
    """Return the affiliation of the first noun or body listed; witnesses and others come last."""
    found: list[tuple[int, int, str]] = []
    for match in _noun_pattern().finditer(words.lower()):
        kind, affiliation = _nouns().get(match.group()) or _nouns()[_singular(match.group())]
        if affiliation not in ("unknown",):
            weight = 0 if affiliation in ("citizen or witness", "other") else 1
            found.append((-weight, match.start(), affiliation))
    for known in names.find_known(words):
        facts = _body_facts().get(known[2].name)
        if facts:
            found.append((-2, known[0], facts["affiliation"]))
    return min(found)[2] if found else "unknown"


def _country(entity: _Entity | None, described: str, context: str) -> str:
    if entity is not None and entity.country:
        return entity.country
    for words in (described, *context.split(" | ")):
        for _, _, known in names.find_known(words):
            if known.country:
                return known.country
    return ""


# --------------------------------------------------------------------------------- channel, relay


def _beside_cue(row: dict, around: str) -> str:
    """Return the words from the cue on, and those before the source that open the sentence."""
    source = row["source_text"]
    place = around.find(row["cue"], max(0, around.find(source)) if source else 0)
    place = max(place, 0)
    begun = around[: around.find(source)] if source and source in around else ""
    opening = begun if _OPENING.match(begun) else ""
    return f"{opening} {around[place : place + 160]}"


def _channel(beside: str) -> str:
    for channel, pattern in _channels():
        if pattern.search(beside):
            return channel
    return "told the outlet" if _TOLD.search(beside) else "unknown"


def _named_outlets(entities: dict[str, _Entity]) -> dict[str, str]:
    """Return the spellings of bodies that are outlets by their name, with that name."""
    return {
        names.plain(spelling): entity.name
        for entity in entities.values()
        if entity.label == "ORG" and _is_outlet(entity.name)
        for spelling in (entity.name, *entity.aliases)
    }


def _relay(row: dict, context: _Context, around: str, outlets: dict[str, str]) -> tuple[str, str]:
    """Return the outlet that carried the words and who owns it; "" twice when none is named."""
    source, speaker = row["source_text"], row["speaker"]
    if not speaker or _is_outlet(speaker):
        return "", ""
    places = [source]
    for pattern in (_RELAYED, _REPORTED, _TOLD):
        places += [match.group("outlet") for match in pattern.finditer(around)]
    for place in places:
        outlet = outlets.get(names.plain(place)) or _outlet_in(place)
        relay = outlets.get(names.plain(outlet)) or _canonical(outlet)
        if relay and relay != _canonical(speaker):
            return relay, _ownership(relay, place, context, row["article_id"])
    return "", ""


def _is_outlet(speaker: str) -> bool:
    known = names.known(speaker)
    return bool(_NEWS_NAME.search(speaker)) or (known is not None and known.lexicon == "outlets")


def _outlet_in(words: str) -> str:
    """Return the outlet that words name, as written, or ""."""
    known = names.known(words)
    if known is not None and known.lexicon == "outlets":
        return words
    for start, end, found in names.find_known(words):
        if found.lexicon == "outlets":
            return words[start:end]
    described = _NEWS_NOUN.search(words)
    for match in _NAME.finditer(words):
        name = names.plain(match.group())
        name = name if name[-2:-1] == "." or len(name) < 4 else name.rstrip(".")
        if _NEWS_NAME.search(name):
            return name
        if described and names.known(name) is None and match.start() > described.start():
            return name
    return ""


def _canonical(name: str) -> str:
    known = names.known(name)
    return known.name if known is not None else names.plain(name)


def _ownership(relay: str, place: str, context: _Context, article_id: str) -> str:
    """Return who owns an outlet: by the lexicon, else by the words beside its name."""
    facts = outlet_facts().get(relay)
    if facts:
        return facts["ownership"]
    for words in (place, context.beside(article_id, _Entity(relay, "ORG", "", ()))):
        if _STATE.search(words):
            return "state"
        if _PUBLIC.search(words):
            return "public"
    return "unknown"


# --------------------------------------------------------------------------------------- lexicons


@lru_cache(maxsize=1)
def outlet_facts() -> dict[str, dict[str, str]]:
    """Return kind, country and ownership of each outlet of the lexicon."""
    return lexicons.read_lexicon("outlets").set_index("name").to_dict("index")


@lru_cache(maxsize=1)
def _body_facts() -> dict[str, dict[str, str]]:
    return lexicons.read_lexicon("bodies").set_index("name").to_dict("index")


@lru_cache(maxsize=1)
def _nouns() -> dict[str, tuple[str, str]]:
    table = lexicons.read_lexicon("affiliations")
    return {
        row.noun: (row.kind, row.affiliation)
        for row in table[["noun", "kind", "affiliation"]].itertuples()
    }


@lru_cache(maxsize=1)
def _noun_pattern() -> re.Pattern[str]:
    words = sorted(_nouns(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})s?(?![\w-])")


@lru_cache(maxsize=1)
def _title_table() -> dict[str, str]:
    table = lexicons.read_lexicon("titles")
    return {t.lower(): a for t, a in zip(table["title"], table["affiliation"], strict=True)}


@lru_cache(maxsize=1)
def _titles() -> re.Pattern[str]:
    words = sorted(_title_table(), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.I)


@lru_cache(maxsize=1)
def _channels() -> list[tuple[str, re.Pattern[str]]]:
    table = lexicons.read_lexicon("channels")
    return [
        (channel, re.compile(pattern, re.I))
        for channel, pattern in zip(table["channel"], table["pattern"], strict=True)
    ]


@lru_cache(maxsize=1)
def _anonymity() -> dict[str, list[re.Pattern[str]]]:
    table = lexicons.read_lexicon("anonymity")
    return {
        kind: [re.compile(p, re.I) for p in table.loc[table["kind"] == kind, "pattern"]]
        for kind in ("descriptor", "reason")
    }
