"""What kind of source speaks: type, affiliation, country, channel, and who relayed the words."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field

import pandas as pd

from helpers.annotate import anonymity, names, positions, relays
from helpers.annotate.noun_phrases import (
    PERSONAL,
    SINGULAR,
    THINGS,
    Description,
    apposed_head,
    describe,
    is_plural,
    singular,
    stands_as,
)
from helpers.annotate.rules import rule
from helpers.store import codebook
from helpers.store.codebook import Codebook

COLUMNS = (
    "source_type", "named", "title", "affiliation", "country", "channel", "relay",
    "relay_ownership", "relay_chain", "anonymity", "anonymity_reason", "source_rule",
)  # fmt: skip
ROW_COLUMNS = (
    "start", "spans", "form", "cue", "cue_spans", "source_text", "source_spans", "speaker",
    "speaker_id", "resolution", "rule",
)  # fmt: skip
GOES_ON = frozenset(
    {"added", "continued", "went on", "also said", "concluded", "adds", "continues"}
)
# Heads that say nothing of a side: "president", "director" take that of the body they belong to.
GENERIC = frozenset(
    {"president", "chair", "chairman", "chairwoman", "chairperson", "director", "leader", "head",
     "secretary", "official", "spokesman", "spokeswoman", "spokesperson", "member", "manager",
     "adviser", "advisor", "officer", "founder", "co-founder", "executive", "commissioner", "aide",
     "representative", "employee", "worker", "staffer", "chief", "deputy", "executive director",
     "chief executive", "ceo", "analyst", "fellow", "organizer", "organiser", "volunteer", "editor",
     "administrator", "ambassador", "inspector", "supervisor", "agent", "delegate", "speaker"}
)  # fmt: skip
_ORG_WORD = re.compile(
    r"\b(?:Inc|Corp|Ltd|LLC|PLC|Co|Group|Holdings|Bank|Ministry|Department|Party|Committee|Council|"
    r"Commission|Union|Association|Federation|University|College|Institute|Center|Centre|Foundation|"
    r"Agency|Authority|Office|Court|Court|Police|Army|Church|Club|Trust|Society|Alliance|Coalition|"
    r"Network|Board|Bureau|Service|Company|Industries|Ports|Minerals|Airlines|Project|Campaign)\b"
)
# What belongs to places and bodies, not to people.
_BELONGING = (
    "government|embassy|ministry|parliament|chairman|chairwoman|chief executive|cabinet|border|"
    "capital|army|prime minister|foreign minister|shares|subsidiary|headquarters|factory|spokesman|"
    "spokeswoman|employees|customers|streets|mayor|council"
)
_PERSONAL_WORDS = re.compile(
    r"\b(?:Mr|Mrs|Ms|Miss|Dr|Sir|Dame|Rev|Sgt|Capt|Gen|Col)\b\.?|,\s+\d\d\b"
)
BODIES = ("organisation", "group")
_OPENING = re.compile(
    r"\s*(?:In|At|During|On|Speaking|Through|Asked|Addressing|Writing|By|After|From|Posting)\b"
)
BESIDE = 140  # characters after a cue in which the channel is sought
_PARTY = re.compile(r"\b(?:D|R|I)-(?:[A-Z][a-z]+\.?|[A-Z]{2}|[A-Z][\w .]+)")


@dataclass(frozen=True)
class Entity:
    """What the entities table says of one entity."""

    name: str
    label: str
    country: str
    aliases: tuple[str, ...]

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way it is written, longest first."""
        return tuple(sorted({self.name, *self.aliases}, key=len, reverse=True))


@dataclass
class Sourced:
    """The source columns of one attribution in the making."""

    source_type: str = "unnamed person"
    named: bool = False
    title: str = ""
    affiliation: str = "unknown"
    country: str = ""
    channel: str = "unknown"
    relay: str = ""
    relay_ownership: str = ""
    relay_chain: list[str] = field(default_factory=list)
    anonymity: str = ""
    anonymity_reason: str = ""
    source_rule: str = ""


def add_source_type(
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    entities: pd.DataFrame,
    book: Codebook | None = None,
) -> pd.DataFrame:
    """Return the attributions with the columns that say what kind of source speaks.

    Parameters
    ----------
    attributions
        With `speaker`, `speaker_id` and `resolution`.
    articles
        With article_id and text; their `outlet`, where given, is never a relay of its own words.
    entities
        Those that `speaker_id` names.
    book
        The codebook that decides; the project's own when none is given.

    Returns
    -------
    The same rows with source_type, named, title, affiliation, country, channel, relay,
    relay_ownership, relay_chain (the outlets from the speaker to this article), anonymity (the
    words that say that the name is withheld), anonymity_reason (those that say why) and
    source_rule (what decided each).
    """
    book = book or codebook.read_codebook()
    known = {
        row.entity_id: Entity(row.entity, row.label, row.country, tuple(row.aliases))
        for row in entities[["entity_id", "entity", "label", "country", "aliases"]].itertuples()
    }
    columns = [*ROW_COLUMNS, "article_id"]
    rows = attributions[columns].to_dict("records")
    by_article: dict[str, list[int]] = defaultdict(list)
    for position, row in enumerate(rows):
        by_article[row["article_id"]].append(position)
    found: list[Sourced] = [Sourced() for _ in rows]
    outlet_of = articles["outlet"] if "outlet" in articles else [""] * len(articles)
    for article_id, text, own in zip(
        articles["article_id"], articles["text"], outlet_of, strict=True
    ):
        places = by_article.get(article_id, [])
        sourced = find_sources([rows[place] for place in places], text, own, known, book)
        for place, item in zip(places, sourced, strict=True):
            found[place] = item
    return _filled(attributions, found)


def find_sources(
    rows: list[dict], text: str, outlet: str, known: dict[str, Entity], book: Codebook
) -> list[Sourced]:
    """Return the source columns of the attributions of one article, in the order of the rows.

    A row has the columns `ROW_COLUMNS`; `known` are the entities by id, `outlet` is the article's.
    """
    if not rows:
        return []
    bodies = frozenset(entity.name for entity in known.values() if entity.label in ("ORG", "GPE"))
    outlets = tuple(
        (spelling, entity.name)
        for entity in known.values()
        if entity.label == "ORG" and is_outlet(entity.name)
        for spelling in entity.spellings
    )
    order = sorted(range(len(rows)), key=lambda place: rows[place]["start"])
    article = _Article(text, outlet, outlets, known, bodies, book)
    read = dict(zip(order, article.read([rows[place] for place in order]), strict=True))
    return [read[place] for place in range(len(rows))]


def _filled(attributions: pd.DataFrame, found: list[Sourced]) -> pd.DataFrame:
    index = attributions.index
    values = {column: [getattr(item, column) for item in found] for column in COLUMNS}
    dtypes = dict.fromkeys(COLUMNS, object) | {"named": bool}
    return attributions.assign(
        **{
            column: pd.Series(values[column], index=index, dtype=dtypes[column])
            for column in COLUMNS
        }
    )


class _Article:
    """One article while its sources are read."""

    def __init__(
        self,
        text: str,
        own: str,
        outlets: tuple[tuple[str, str], ...],
        entities: dict[str, Entity],
        bodies: frozenset[str],
        book: Codebook,
    ) -> None:
        self.text = text
        self.bodies = bodies
        self.own = own
        self.entities = entities
        self.book = book
        self.kinds = codebook.noun_kinds(book)
        self.spokespeople = frozenset(
            book.category("source_type", "named organisation").spokespeople
        )
        self.channels = book.variables["channel"].categories
        self.sentences = relays.sentences_of(text)
        ours = [(written, own) for written in (own, *own.split()[-1:]) if written]
        named = [pair for pair in [*outlets, *ours] if pair[0] in text]
        self.outlets = named
        self.outlet_names = {
            name for outlet in relays.find_outlets(text, named) for name in outlet.names(text)
        }
        self.relays: list[relays.Relay] = []  # by where they begin
        self.cues: list[tuple[int, int]] = []
        self.sources: list[_Source] = []
        self.withheld = anonymity.find_withheld(text, self.sentences.spans, book)
        self._titles: dict[str, str] = {}
        self._used_as_body: dict[Entity, bool] = {}

    def read(self, rows: list[dict]) -> list[Sourced]:
        """Return what the rows of this article, in the order of the text, have as their sources."""
        sources = [
            _Source(row, self.entities.get(row["speaker_id"].partition(";")[0])) for row in rows
        ]
        self.sources = sources
        self.cues = sorted(cue for source in sources for cue in source.cues)
        found = relays.find_relays(self.text, self.own, self.outlets, self.book, self.cues)
        self.relays = sorted(found, key=_begins)
        withheld = _Withholding(self, sources).decide()
        found = []
        for source, words in zip(sources, withheld, strict=True):
            found.append(self._source(source, words))
        self._carry(sources, found)
        return found

    # ------------------------------------------------------------------------ one attribution

    def _source(self, source: _Source, withheld: anonymity.Withheld | None) -> Sourced:
        rules = {}
        item = Sourced()
        item.source_type, rules["type"] = self._type(source, withheld)
        item.named = item.source_type in ("named person", "named organisation")
        if item.source_type == "anonymous source" and withheld:
            item.anonymity, item.anonymity_reason = withheld.words, withheld.reason
        item.title = self._title(source, item.source_type)
        item.affiliation, rules["affiliation"] = self._affiliation(source, item)
        item.country, rules["country"] = self._country(source, item)
        rules["relay"] = self._relay(source, item)
        item.channel, rules["channel"] = self._channel(source, item)
        item.source_rule = "; ".join(f"{name}: {rule}" for name, rule in rules.items() if rule)
        return item

    # ------------------------------------------------------------------------------------ type

    def _type(self, source: _Source, withheld: anonymity.Withheld | None) -> tuple[str, str]:
        evidence: dict[str, str] = {}
        if source.name_stands == "head":
            evidence[self._type_of_name(source)] = f"name {source.name!r}"
        elif withheld is not None:
            evidence["anonymous source"] = f"withheld: {withheld.words!r}"
        if not evidence or source.name_stands != "head":
            kind, rule = self._type_described(source)
            evidence.setdefault(kind, rule)
        for kind in self.book.variables["source_type"].precedence:
            if kind in evidence:
                return kind, evidence[kind]
        return "unnamed person", "nothing fits"

    def _type_of_name(self, source: _Source) -> str:
        """Return the type of a source whose head is a name that is an entity."""
        apposed = apposed_head(source.shown, source.name)
        kind = self.kinds.get(apposed.phrase) or self.kinds.get(apposed.head) if apposed else ""
        label, name = source.entity.label, source.name
        last = name.split()[-1].lower()
        if self.kinds.get(last) == "document" and label != "ORG":
            return "document"
        if label == "PERSON":
            return (
                "named organisation" if kind in BODIES or self._is_body(source) else "named person"
            )
        alone = label == "NORP" and not is_plural(last) and not source.described.head
        if alone or re.search(rf"{re.escape(name)},?\s+who\b", source.shown):
            return "named person"
        return "unnamed group" if label == "NORP" else "named organisation"

    @rule("person's name used as a body", lambda self, source: False)
    def _is_body(self, source: _Source) -> bool:
        """Tell whether what was read as a person's name is that of a body or place, by its use."""
        name, spellings = source.entity.name, source.entity.spellings
        if any(written in self.outlet_names for written in spellings):
            return True
        if " " in name:
            several = source.described.many and bool(source.described.head)
            return several or bool(_ORG_WORD.search(name))
        if source.entity not in self._used_as_body:
            self._used_as_body[source.entity] = self._is_used_as_body(name, spellings)
        return self._used_as_body[source.entity]

    @rule("one word used as a body", lambda *given: False)
    def _is_used_as_body(self, name: str, spellings: tuple[str, ...]) -> bool:
        """Tell whether the article writes of one word as of a body or place."""
        if name in self.bodies or re.search(r"[A-Z]{2}", name):
            return True
        whole, stem = re.escape(name), re.escape(name.rstrip("aeiouy"))
        people = rf"\b(?:{whole}(?:ns?|ic|ers|ese|i)|{stem}(?:ians?|ans?|ic|ish|ese))\b"
        if re.search(people, self.text):
            return True
        placed = (
            rf"\b(?:in|across|from|into|inside|throughout) {whole}\b|"
            rf"\b{whole}[’']s? (?:\w+ )?(?:{_BELONGING})\b"
        )
        return all(" " not in written for written in spellings) and bool(
            re.search(placed, self.text)
        )

    def _type_described(self, source: _Source) -> tuple[str, str]:
        """Return the type of a source by the noun that describes it."""
        said = source.described
        if said.pronoun:
            return self._type_of_pronoun(said, source)
        if not said.head and not said.name:
            if source.row["form"] == "direct":
                return "unnamed person", "no source, quoted words"
            return "unnamed group", "no source"
        if said.name:
            return self._type_of_unlisted_name(said, source)
        kind = self.kinds.get(said.phrase) or self.kinds.get(said.head) or ""
        rule = f"noun {said.phrase or said.head!r}"
        spoken_for = said.head in self.spokespeople or said.phrase in self.spokespeople
        if spoken_for:
            if source.owned_by_person(said) and kind != "organisation":
                return ("unnamed group" if said.many else "unnamed person"), f"{rule} of a person"
            return "named organisation", f"{rule} of a body"
        if kind == "document":
            return "document", rule
        if kind == "group":
            return "unnamed group", rule
        if kind == "organisation":
            return self._type_of_body(said, source, rule)
        return ("unnamed group" if said.many else "unnamed person"), rule

    @rule("body one or several", lambda self, said, source, rule: ("named organisation", rule))
    def _type_of_body(self, said: Description, source: _Source, rule: str) -> tuple[str, str]:
        if said.many and said.head != "police":
            return "unnamed group", f"{rule}, several"
        if re.match(r"(?:an?|one|another|some)\s", said.text, re.IGNORECASE):
            return "unnamed group", f"{rule}, any"
        return "named organisation", f"{rule}, one body"

    def _type_of_pronoun(self, said: Description, source: _Source) -> tuple[str, str]:
        rule = f"pronoun {said.pronoun!r}"
        if said.pronoun in THINGS - {"it"}:
            return "document", rule
        if said.pronoun == "it":
            return "named organisation", rule
        return ("unnamed group" if said.many else "unnamed person"), rule

    @rule("type of an unlisted name", lambda *given: ("named person", ""))
    def _type_of_unlisted_name(self, said: Description, source: _Source) -> tuple[str, str]:
        """Return the type of a name that is no entity: by its words and by those beside it."""
        rule = f"name {said.name!r} by its form"
        known = names.known(said.name)
        if known is not None and known.label == "NORP":
            alone = not is_plural(said.name) and " " not in source.shown
            return ("named person" if alone else "unnamed group"), rule
        if known is not None:
            return "named organisation", rule
        last = said.name.split()[-1].lower()
        head_kind = self.kinds.get(said.head, "")
        apposed = apposed_head(source.shown, said.name)
        if apposed and self.kinds.get(apposed.head) in ("organisation", "group"):
            return "named organisation", f"{rule}, {apposed.head!r} beside it"
        if self.kinds.get(last) == "document":
            return "document", rule
        if said.head and said.many:
            return "named organisation", f"{rule}, several"
        if _ORG_WORD.search(said.name) or self.kinds.get(last) == "organisation":
            return "named organisation", rule
        if head_kind in ("organisation", "group"):
            return "named organisation", rule
        words = said.name.split()
        personal = head_kind == "person" or _PERSONAL_WORDS.search(said.text)
        shaped = len(words) in (2, 3, 4) and not any(
            word.isupper() and len(word) > 1 for word in words
        )
        if personal or (shaped and not re.search(r"[a-z][A-Z]", said.name)):
            return "named person", rule
        return "named organisation", rule

    # ------------------------------------------------------------- title, affiliation, country

    def _title(self, source: _Source, source_type: str) -> str:
        if source_type != "named person":
            return ""
        entity = source.entity
        if entity is None or entity.label != "PERSON":
            spellings = (source.described.name,) if source.described.name else ()
        else:
            spellings = tuple(s for s in entity.spellings if s in self.text)
        if not spellings:
            return ""
        if spellings[0] not in self._titles:
            self._titles[spellings[0]] = positions.find_title(self.text, spellings)
        return self._titles[spellings[0]]

    def _affiliation(self, source: _Source, item: Sourced) -> tuple[str, str]:
        entity, itself = source.entity, source.name_stands == "head" or source.described.pronoun
        if item.source_type == "named organisation" and entity is not None and itself:
            return self._of_body(entity.name, entity.label, source.shown)
        for words in filter(None, (item.title, source.shown, source.described.text)):
            found, rule = self._of_words(words)
            if found != "unknown":
                return found, rule
        if source.entity is not None and source.name_stands == "owner":
            found, rule = self._of_body(source.entity.name, source.entity.label, "")
            if source.entity.label != "PERSON":
                return found, rule
        if item.source_type == "named organisation":
            known = names.known(source.described.name or source.shown)
            if known is not None:
                return self._of_body(known.name, known.label, source.shown)
        return "unknown", ""

    def _of_body(self, name: str, label: str, shown: str) -> tuple[str, str]:
        if label == "GPE":
            return "government", f"country {name!r}"
        facts = relays.outlet_facts().get(name)
        if facts:
            state = facts["ownership"] == "state"
            return ("state media" if state else "news media"), f"outlet {name!r}"
        known = names.known(name)
        if known is not None and known.lexicon == "bodies":
            return _body_affiliation(known.name), f"body {known.name!r}"
        if relays.said_to_be_state(shown):
            return "state media", f"words {shown!r}"
        if is_outlet(name):
            return "news media", f"name {name!r}"
        return self._of_words(f"{name} | {shown}" if shown and shown != name else name)

    def _of_words(self, words: str) -> tuple[str, str]:
        """Return the affiliation that words show: the body named, the post held, the trade."""
        for category in self.book.variables["affiliation"].categories.values():
            match = category.search(words)
            if match:
                return category.name, f"words {match.group()!r}"
        if _PARTY.search(words):
            return "legislature or party", f"party {_PARTY.search(words).group()!r}"
        bodies, posts, trades = [], [], []
        for start, _, known in names.find_known(words):
            if known.lexicon == "bodies":
                bodies.append((start, _body_affiliation(known.name), known.name))
            elif known.lexicon == "outlets":
                bodies.append((start, self._of_body(known.name, "ORG", "")[0], known.name))
        for start, word, found in _listed(words, self.book):
            if found in ("citizen or witness", "other"):
                trades.append((start, found, word))
            elif self.kinds.get(word) == "organisation":
                bodies.append((start, found, word))
            elif word in GENERIC:
                trades.append((start - 1000, found, word))
            else:
                posts.append((start, found, word))
        for group in (posts, bodies, trades):
            for _, found, word in sorted(group):
                return found, f"word {word!r}"
        return "unknown", ""

    def _country(self, source: _Source, item: Sourced) -> tuple[str, str]:
        entity = source.entity
        if entity is not None and entity.country and source.name_stands != "":
            return entity.country, f"entity {entity.name!r}"
        if entity is not None and entity.country and source.described.pronoun:
            return entity.country, f"entity {entity.name!r}"
        for words in (source.shown, source.described.text, item.title):
            country = positions.find_country(words)
            if country:
                return country, f"words {words[:60]!r}"
        if entity is not None and entity.country:
            return entity.country, f"entity {entity.name!r}"
        if _PARTY.search(item.title):
            return "USA", f"party {_PARTY.search(item.title).group()!r}"
        return "", ""

    # ------------------------------------------------------------------------- channel and relay

    def _channel(self, source: _Source, item: Sourced) -> tuple[str, str]:
        beside = self._beside(source)
        for category in self.channels.values():
            match = category.search(beside)
            if match:
                return category.name, f"words {match.group()!r}"
        if item.source_type == "document" and "report or document" in self.channels:
            return "report or document", "the source is a document"
        kinds = {relay.kind for relay in self._concerning(source)}
        if "aired" in kinds:
            return "broadcast", "on air"
        told = "told" in kinds
        return ("told the outlet", "told an outlet") if told else ("unknown", "")

    def _beside(self, source: _Source) -> str:
        """Return the words from the cue on, and those that open its sentence before the source.

        What is said and the source itself are left out, so is all that stands far from the cue.
        """
        if not source.cues:
            return ""
        low, high = self._window(source)
        cue = source.cues[0]
        opening = _OPENING.match(self.text, low, cue[0])
        begun = [(low, cue[0])] if opening else []
        kept = [*begun, (cue[0], min(high, cue[1] + BESIDE))]
        cuts = sorted([*source.row["spans"], *source.row["source_spans"]])
        return " … ".join(_without(self.text, *span, cuts) for span in kept)

    def _window(self, source: _Source) -> tuple[int, int]:
        """Return the bounds of the sentences that a source and its cue lie in."""
        if source.window is None:
            spans = [*source.row["cue_spans"], *source.row["source_spans"]]
            low, high = min(start for start, _ in spans), max(end for _, end in spans)
            source.window = self.sentences.around(low, high)
        return source.window

    def _concerning(self, source: _Source) -> list[relays.Relay]:
        """Return the relay phrases in an attribution's sentences, outside its words."""
        if source.phrases is None:
            source.phrases = []
            if source.row["cue_spans"] or source.row["source_spans"]:
                low, high = self._window(source)
                first = bisect_left(self.relays, low, key=_begins)
                last = bisect_right(self.relays, high + 1, key=_begins)
                near = self.relays[first:last]
                source.phrases = [relay for relay in near if self._concerns(source, relay)]
        return source.phrases

    @rule("relay beside its own cue", lambda *given: True)
    def _concerns(self, source: _Source, relay: relays.Relay) -> bool:
        """Tell whether a relay phrase ends with an attribution's sentences, outside its words."""
        low, high = self._window(source)
        if relay.end > high + 1:
            return False
        inside = any(
            start <= relay.start and relay.end <= end for start, end in source.row["spans"]
        )
        if inside:
            return False
        rivals = [other for other in self._cues_in(low, high) if other not in source.cues]
        nearest = min(
            [*source.cues, *rivals] or [(relay.start, relay.end)],
            key=lambda cue: max(cue[0] - relay.end, relay.start - cue[1], 0),
        )
        return relay.kind in ("reports", "carried") or nearest in source.cues

    def _cues_in(self, low: int, high: int) -> list[tuple[int, int]]:
        first, last = bisect_left(self.cues, (low, low)), bisect_right(self.cues, (high, high))
        return self.cues[first:last]

    def _relay(self, source: _Source, item: Sourced) -> str:
        """Fill the chain of outlets between the speaker and this article; return the words."""
        speaker = source.entity.name if source.entity else source.row["speaker"]
        speaking = source.name if source.name_stands == "head" else source.described.name
        itself = speaking in self.outlet_names or speaker in self.outlet_names
        if speaking and (itself or is_outlet(speaking) or is_outlet(speaker)):
            return ""
        if not speaker and not source.row["source_text"]:
            return ""
        phrases = [
            relay
            for relay in self._concerning(source)
            if not relay.own and not (speaking and relays.same_outlet(relay.outlet, speaker))
        ]
        phrases.sort(key=lambda relay: (relays.NEARNESS[relay.kind], relay.start))
        chain = list(dict.fromkeys(relay.outlet for relay in phrases))
        if not chain:
            return self._cited_by_speaker(source, item)
        first = phrases[0]
        item.relay, item.relay_ownership = first.outlet, first.ownership
        item.relay_chain = chain
        return f"{first.kind} {self.text[first.start : first.end]!r}"

    @rule("cited by the speaker", lambda *given: "")
    def _cited_by_speaker(self, source: _Source, item: Sourced) -> str:
        """Take the outlet that cites somebody ("it said …, citing police") for the relay."""
        if not re.search(r"\b(?:cit|quot)", source.row["cue"]):
            return ""
        low, high = self._window(source)
        for other in self.sources:
            cues = [cue for cue in other.cues if low <= cue[0] < high]
            entity = other.entity
            if cues and entity is not None and other is not source and is_outlet(entity.name):
                item.relay, item.relay_chain = entity.name, [entity.name]
                item.relay_ownership = relays.owner(entity.name, self.text)
                return f"cited by the speaker {entity.name!r}"
        return ""

    def _carry(self, sources: list[_Source], found: list[Sourced]) -> None:
        """Let a quotation that goes on keep the relay of the words before it."""
        for place in range(1, len(sources)):
            last = found[place - 1]
            if last.relay and self._goes_on(sources[place - 1], sources[place], found[place]):
                item = found[place]
                item.relay, item.relay_ownership = last.relay, last.relay_ownership
                item.relay_chain = list(last.relay_chain)
                item.source_rule += f"; relay: goes on from {last.relay!r}"

    @rule("relay goes on", lambda *given: False)
    def _goes_on(self, before: _Source, source: _Source, item: Sourced) -> bool:
        same = source.row["speaker"] and source.row["speaker"] == before.row["speaker"]
        quoted = source.row["form"] == "direct"
        alone = not source.row["cue"] or source.row["cue"].lower() in GOES_ON
        return bool(not item.relay and same and quoted and alone)


@dataclass
class _Source:
    """The source of one attribution: as written, as resolved, and how its name stands in it."""

    row: dict
    entity: Entity | None
    described: Description = field(init=False)
    written: Description = field(init=False)
    shown: str = field(init=False)
    name: str = field(init=False, default="")
    name_stands: str = field(init=False, default="")
    window: tuple[int, int] | None = field(init=False, default=None)
    phrases: list[relays.Relay] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        written, speaker = self.row["source_text"], self.row["speaker"]
        self.described = self.written = describe(written)
        resolved = self.row["resolution"] not in ("none", "name")
        referring = not written or self.described.pronoun or resolved
        if self.entity is None and referring and speaker and ";" not in self.row["speaker_id"]:
            self.described = describe(speaker)
            written = speaker
        self.shown = " ".join(written.split())
        self.cues = [tuple(span) for span in self.row["cue_spans"]]
        if self.entity is not None:
            self._place_name()

    def _place_name(self) -> None:
        """Find how the entity's name stands in the source: as its head, or as its owner."""
        self.name = self.entity.name
        for written in self.entity.spellings:
            stands = stands_as(self.shown, written)
            if stands:
                self.name, self.name_stands = written, stands
                return
        if not self.shown or self.described.pronoun:
            person = self.entity.label == "PERSON"
            fits = self.described.pronoun not in (PERSONAL | SINGULAR) or person
            self.name_stands = "head" if fits else ""
        elif self.row["resolution"] == "name" or self._description_fits():
            self.name_stands = "head"

    @rule("description fits its entity", lambda self: True)
    def _description_fits(self) -> bool:
        """Tell whether a description ("the minister") may stand for the entity it was read as."""
        kinds = codebook.noun_kinds(codebook.read_codebook())
        kind = kinds.get(self.described.phrase) or kinds.get(self.described.head) or ""
        if kind == "document" or re.match(r"(?:an?|another)\s", self.shown, re.IGNORECASE):
            return False
        if self.entity.label == "PERSON":
            return kind not in ("organisation", "group") and not self.described.many
        return kind in ("organisation", "group", "") or self.described.head in ("spokesman",)

    @rule("spokesperson of a person", lambda self, said: False)
    def owned_by_person(self, said: Description) -> bool:
        """Tell whether a spokesperson or office belongs to a person and not to a body."""
        owner = said.owner.strip().removesuffix("’s").removesuffix("'s")
        if owner.lower() in ("his", "her", "my"):
            return True
        kinds = codebook.noun_kinds(codebook.read_codebook())
        head = describe(owner).head
        if head and owner[0].islower() and kinds.get(head, "") == "person":
            return not re.search(r"\boffice\b", said.text)
        if self.entity is not None and self.name_stands == "owner":
            return self.entity.label == "PERSON"
        return bool(re.match(r"(?:Mr|Mrs|Ms|Dr)\b", owner))


class _Withholding:
    """Finds for each source without a name the words that say that its name is withheld."""

    def __init__(self, article: _Article, sources: list[_Source]) -> None:
        self.article = article
        self.sources = sources

    def decide(self) -> list[anonymity.Withheld | None]:
        """Return for each source the words about its own name, wherever in the article they are."""
        found: list[anonymity.Withheld | None] = [None] * len(self.sources)
        if not self.article.withheld:
            return found
        unnamed = [place for place, source in enumerate(self.sources) if _nameless(source)]
        for withheld in self.article.withheld:
            meant = self._meant(withheld, unnamed)
            for place in meant:
                if found[place] is None or (withheld.reason and not found[place].reason):
                    found[place] = withheld
        return self._spread(found, unnamed)

    def _meant(self, withheld: anonymity.Withheld, unnamed: list[int]) -> list[int]:
        """Return the sources that words about a name stand beside, or whom they point back to."""
        beside = [place for place in unnamed if self._beside(self.sources[place], withheld)]
        if beside or withheld.adjective:
            return beside
        subject = withheld.subject
        before = [
            place
            for place in unnamed
            if self.sources[place].described.head and _place(self.sources[place]) <= withheld.start
        ]
        if subject.pronoun in PERSONAL | {"they"}:
            return before[-1:]
        return [place for place in before if _same_noun(self.sources[place].described, subject)][
            -1:
        ]

    def _beside(self, source: _Source, withheld: anonymity.Withheld) -> bool:
        if withheld.adjective and withheld.words in source.shown:
            return True
        for start, end in source.row["source_spans"]:
            if start <= withheld.start < end + 2:
                return True
        if withheld.adjective or not (source.row["cue_spans"] or source.row["source_spans"]):
            return False
        pronoun = withheld.subject.pronoun
        if pronoun and source.written.pronoun != pronoun:
            return False
        low, high = self.article._window(source)
        inside = any(s <= withheld.start < e for s, e in source.row["spans"])
        fits = not withheld.subject.head or _same_noun(source.described, withheld.subject)
        return low <= withheld.start < high and not inside and fits

    @rule("withheld wherever it speaks", lambda self, found, unnamed: found)
    def _spread(
        self, found: list[anonymity.Withheld | None], unnamed: list[int]
    ) -> list[anonymity.Withheld | None]:
        """Give every statement of a source what the article says of its name anywhere."""
        known = [place for place in unnamed if found[place] is not None]
        for place in unnamed:
            if found[place] is not None:
                continue
            for other in known:
                if _one_source(self.sources[place], self.sources[other]):
                    found[place] = found[other]
                    break
        return found


def _without(text: str, low: int, high: int, cuts: list[list[int]]) -> str:
    """Return text[low:high] with the spans of `cuts` taken out."""
    pieces, position = [], low
    for start, end in cuts:
        if end > position and start < high:
            pieces.append(text[position : max(position, start)])
            position = min(end, high)
    pieces.append(text[position:high])
    return " … ".join(pieces)


def _begins(relay: relays.Relay) -> int:
    return relay.start


def _nameless(source: _Source) -> bool:
    said = source.described
    if source.name_stands == "head" or said.name or not (said.head or said.pronoun):
        return False
    kinds = codebook.noun_kinds(codebook.read_codebook())
    return kinds.get(said.head, "person") in ("person", "group")


def _place(source: _Source) -> int:
    spans = source.row["source_spans"] or source.row["spans"]
    return spans[0][0]


def _same_noun(one: Description, other: Description) -> bool:
    return bool(one.head) and one.head == other.head and one.many == other.many


@rule("one unnamed source", lambda one, other: False)
def _one_source(one: _Source, other: _Source) -> bool:
    """Tell whether two sources of one article, neither named, are the same people."""
    if one.row["speaker"] and one.row["speaker"] == other.row["speaker"]:
        return True
    ours, theirs = one.described, other.described
    pointing = one.written.definite or re.match(
        r"(?:another|one|two|three|some) of\b", one.written.text, re.IGNORECASE
    )
    unresolved = other.written.definite and other.row["resolution"] == "none"
    pointed = unresolved and ours.many == theirs.many
    whole = ours.many and not theirs.many
    told_apart = ours.capitals and theirs.capitals and not ours.capitals & theirs.capitals
    same = bool(ours.head) and ours.head == theirs.head and not told_apart
    return same and not whole and bool(pointing or pointed)


# --------------------------------------------------------------------------------------- lexicons


def is_outlet(name: str) -> bool:
    """Tell whether a name is that of a news outlet, by the lexicon or by its form."""
    known = names.known(name)
    return relays.named_like_an_outlet(name) or (known is not None and known.lexicon == "outlets")


def _body_affiliation(name: str) -> str:
    return codebook.body_affiliations().get(name, "unknown")


def _listed(words: str, book: Codebook) -> list[tuple[int, str, str]]:
    """Return the titles and nouns with an affiliation that stand in some words."""
    found = []
    taken: set[int] = set()
    titles = codebook.title_pattern(book), codebook.title_affiliations(book)
    nouns = codebook.noun_pattern(book), codebook.noun_affiliations(book)
    for pattern, table in (titles, nouns):
        for match in pattern.finditer(words.lower()):
            if match.start() in taken:
                continue
            word = match.group()
            affiliation = table.get(word) or table.get(singular(word))
            if affiliation:
                taken.update(range(match.start(), match.end()))
                found.append((match.start(), singular(word), affiliation))
    return sorted(found)
