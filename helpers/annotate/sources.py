"""What kind of source speaks: type, affiliation, country, channel, and who relayed the words."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from helpers.annotate import attributions, names, outlets, positions
from helpers.annotate.attributions import Relay
from helpers.annotate.noun_phrases import (
    Description,
    apposed_head,
    is_plural,
    pronoun_kind,
    singular,
)
from helpers.annotate.positions import Entity, Source
from helpers.annotate.profiles import Profiles
from helpers.annotate.rules import rule
from helpers.store import lexicons
from helpers.store.lexicons import Codebook
from helpers.text.article import Article

Span = tuple[int, int]

COLUMNS = (
    "source_type", "named", "title", "affiliation", "country", "channel", "relay",
    "relay_ownership", "relay_chain", "anonymity", "anonymity_reason", "source_rule",
)  # fmt: skip
ROW_COLUMNS = (
    "start", "spans", "form", "cue", "cue_spans", "source_text", "source_spans", "speaker",
    "speaker_id", "resolution", "rule",
)  # fmt: skip
_ORG_WORD = re.compile(
    r"\b(?:Inc|Corp|Ltd|LLC|PLC|Co|Group|Holdings|Bank|Ministry|Department|Party|Committee|Council|"
    r"Commission|Union|Association|Federation|University|College|Institute|Center|Centre|Foundation|"
    r"Agency|Authority|Office|Court|Court|Police|Army|Church|Club|Trust|Society|Alliance|Coalition|"
    r"Network|Board|Bureau|Service|Company|Industries|Ports|Minerals|Airlines|Project|Campaign)\b"
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


def find_sources(
    article: Article,
    rows: list[dict],
    known: dict[str, Entity],
    book: Codebook,
    home: str = "",
    profiles: Profiles | None = None,
) -> list[Sourced]:
    """Return the source columns of the attributions of one article, in the order of the rows.

    A row has the columns `ROW_COLUMNS`, those of its speaker filled; `known` are the entities by
    id, `home` is the country of sources of which nothing else is said, see `home`; `profiles`
    decide on the affiliation, without them the rules do. The article's own outlet is never a relay
    of its own words.
    """
    if not rows:
        return []
    order = sorted(range(len(rows)), key=lambda place: rows[place]["start"])
    read = _Article(article, known, book, home, profiles).read([rows[place] for place in order])
    found = dict(zip(order, read, strict=True))
    return [found[place] for place in range(len(rows))]


class _Article:
    """One article while its sources are read."""

    def __init__(
        self,
        article: Article,
        entities: dict[str, Entity],
        book: Codebook,
        home: str,
        profiles: Profiles | None,
    ) -> None:
        self.article, self.text = article, article.text
        self.entities = entities
        self.book, self.home, self.profiles = book, home, profiles
        self.kinds = lexicons.noun_kinds(book)
        self.spokespeople = frozenset(
            book.category("source_type", "named organisation").spokespeople
        )
        self.channels = book.variables["channel"].categories
        own = article.outlet
        ours = [(written, own) for written in (own, *own.split()[-1:]) if written]
        theirs = [
            (spelling, entity.name)
            for entity in entities.values()
            if entity.label == "ORG" and outlets.is_outlet(entity.name)
            for spelling in entity.spellings
        ]
        self.outlets = outlets.find_outlets(self.text, [*theirs, *ours])
        self.outlet_names = {name for outlet in self.outlets for name in outlet.names(self.text)}
        self.relays: list[Relay] = []  # by where they begin
        self.cues: list[Span] = []
        self.sources: list[Source] = []
        self._titles: dict[str, str] = {}

    def read(self, rows: list[dict]) -> list[Sourced]:
        """Return what the rows of this article, in the order of the text, have as their sources."""
        self.sources = [
            Source(
                row, self.entities.get(row["speaker_id"].partition(";")[0]), self.article, self.book
            )
            for row in rows
        ]
        self.cues = sorted(cue for source in self.sources for cue in source.cues)
        found = attributions.find_relays(self.article, self.outlets, self.book, self.cues)
        self.relays = sorted(found, key=_begins)
        withheld = positions.find_withheld(self.article, self.book)
        meant = positions.match_withheld(withheld, self.sources)
        sourced = [self._source(*pair) for pair in zip(self.sources, meant, strict=True)]
        self._carry(self.sources, sourced)
        return sourced

    # ------------------------------------------------------------------------ one attribution

    def _source(self, source: Source, withheld: positions.Withheld | None) -> Sourced:
        rules = {}
        item = Sourced()
        item.source_type, rules["type"] = self._type(source, withheld)
        item.named = item.source_type in ("named person", "named organisation")
        if item.source_type == "anonymous source" and withheld:
            item.anonymity, item.anonymity_reason = withheld.words, withheld.reason
        item.title = self._title(source, item.source_type)
        item.affiliation, rules["affiliation"] = self._learnt(source, item)
        item.country, rules["country"] = self._country(source, item)
        rules["relay"] = self._relay(source, item)
        item.channel, rules["channel"] = self._channel(source, item)
        item.source_rule = "; ".join(f"{name}: {rule}" for name, rule in rules.items() if rule)
        return item

    # ------------------------------------------------------------------------------------ type

    def _type(self, source: Source, withheld: positions.Withheld | None) -> tuple[str, str]:
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

    def _type_of_name(self, source: Source) -> str:
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

    def _is_body(self, source: Source) -> bool:
        """Tell whether what was read as a person's name is that of an outlet, or of several."""
        name, spellings = source.entity.name, source.entity.spellings
        if any(written in self.outlet_names for written in spellings):
            return True
        several = source.described.many and bool(source.described.head)
        return " " in name and (several or bool(_ORG_WORD.search(name)))

    def _type_described(self, source: Source) -> tuple[str, str]:
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
            if source.owned_by_person() and kind != "organisation":
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
    def _type_of_body(self, said: Description, source: Source, rule: str) -> tuple[str, str]:
        if said.many and said.head != "police":
            return "unnamed group", f"{rule}, several"
        if re.match(r"(?:an?|one|another|some)\s", said.text, re.IGNORECASE):
            return "unnamed group", f"{rule}, any"
        return "named organisation", f"{rule}, one body"

    def _type_of_pronoun(self, said: Description, source: Source) -> tuple[str, str]:
        rule = f"pronoun {said.pronoun!r}"
        if pronoun_kind(said.pronoun) == "thing" and said.pronoun != "it":
            return "document", rule
        if said.pronoun == "it":
            return "named organisation", rule
        return ("unnamed group" if said.many else "unnamed person"), rule

    @rule("type of an unlisted name", lambda *given: ("named person", ""))
    def _type_of_unlisted_name(self, said: Description, source: Source) -> tuple[str, str]:
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

    def _title(self, source: Source, source_type: str) -> str:
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

    @rule("affiliation learnt", lambda self, source, item: self._affiliation(source, item))
    def _learnt(self, source: Source, item: Sourced) -> tuple[str, str]:
        """Return the affiliation that a speaker's profile shows, the rules' where it agrees."""
        told, rule = self._affiliation(source, item)
        if self.profiles is None or rule.startswith(("outlet", "words")):
            return told, rule
        label = source.entity.label if source.entity else ""
        learnt = self.profiles.affiliation(source.row, label, item.source_type, told)
        known = learnt in (*self.book.variables["affiliation"].categories, "unknown")
        return (learnt, "profile") if known and learnt != told else (told, rule)

    def _affiliation(self, source: Source, item: Sourced) -> tuple[str, str]:
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
        if name in outlets.facts():
            state = outlets.facts()[name]["ownership"] == "state"
            return ("state media" if state else "news media"), f"outlet {name!r}"
        known = names.known(name)
        if known is not None and known.lexicon == "bodies":
            return _body_affiliation(known.name), f"body {known.name!r}"
        if outlets.said_to_be_state(shown):
            return "state media", f"words {shown!r}"
        if outlets.is_outlet(name):
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
            elif word in lexicons.read_words("phrase_words", "of any body"):
                trades.append((start - 1000, found, word))
            else:
                posts.append((start, found, word))
        for group in (posts, bodies, trades):
            for _, found, word in sorted(group):
                return found, f"word {word!r}"
        return "unknown", ""

    def _country(self, source: Source, item: Sourced) -> tuple[str, str]:
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
        return self._at_home(item)

    @rule("sources are at home", lambda self, item: ("", ""))
    def _at_home(self, item: Sourced) -> tuple[str, str]:
        if item.affiliation == "international body" or not self.home:
            return "", ""
        return self.home, "home of the article"

    # ------------------------------------------------------------------------- channel and relay

    def _channel(self, source: Source, item: Sourced) -> tuple[str, str]:
        beside = self._beside(source)
        for category in self.channels.values():
            match = category.search(beside)
            if match:
                return category.name, f"words {match.group()!r}"
        if item.source_type == "document" and "report or document" in self.channels:
            return "report or document", "the source is a document"
        kinds = {relay.kind for relay in self._concerning(source)}
        told = "told" in kinds
        return ("told the outlet", "told an outlet") if told else ("unknown", "")

    def _beside(self, source: Source) -> str:
        """Return the words from the cue on, and those that open its sentence before the source.

        What is said and the source itself are left out, so is all that stands far from the cue.
        """
        if not source.cues:
            return ""
        low, high = source.window
        cue = source.cues[0]
        opening = _OPENING.match(self.text, low, cue[0])
        begun = [(low, cue[0])] if opening else []
        kept = [*begun, (cue[0], min(high, cue[1] + BESIDE))]
        cuts = sorted([*source.row["spans"], *source.row["source_spans"]])
        return " … ".join(_without(self.text, *span, cuts) for span in kept)

    def _concerning(self, source: Source) -> list[Relay]:
        """Return the relay phrases in an attribution's sentences, outside its words."""
        low, high = source.window
        first = bisect_left(self.relays, low, key=_begins)
        last = bisect_right(self.relays, high + 1, key=_begins) if high else first
        return [relay for relay in self.relays[first:last] if self._concerns(source, relay)]

    @rule("relay beside its own cue", lambda *given: True)
    def _concerns(self, source: Source, relay: Relay) -> bool:
        """Tell whether a relay phrase ends with an attribution's sentences, outside its words."""
        low, high = source.window
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

    def _relay(self, source: Source, item: Sourced) -> str:
        """Fill the chain of outlets between the speaker and this article; return the words."""
        speaker = source.entity.name if source.entity else source.row["speaker"]
        speaking = source.name if source.name_stands == "head" else source.described.name
        itself = speaking in self.outlet_names or speaker in self.outlet_names
        if speaking and (itself or outlets.is_outlet(speaking) or outlets.is_outlet(speaker)):
            return ""
        if not speaker and not source.row["source_text"]:
            return ""
        phrases = [
            relay
            for relay in self._concerning(source)
            if not relay.own and not (speaking and outlets.same_outlet(relay.outlet, speaker))
        ]
        phrases.sort(key=lambda relay: (attributions.NEARNESS[relay.kind], relay.start))
        chain = list(dict.fromkeys(relay.outlet for relay in phrases))
        if not chain:
            return ""
        first = phrases[0]
        item.relay, item.relay_ownership = first.outlet, first.ownership
        item.relay_chain = chain
        return f"{first.kind} {self.text[first.start : first.end]!r}"

    def _carry(self, sources: list[Source], found: list[Sourced]) -> None:
        """Let a quotation that goes on keep the relay of the words before it."""
        for place in range(1, len(sources)):
            last = found[place - 1]
            if last.relay and self._goes_on(sources[place - 1], sources[place], found[place]):
                item = found[place]
                item.relay, item.relay_ownership = last.relay, last.relay_ownership
                item.relay_chain = list(last.relay_chain)
                item.source_rule += f"; relay: goes on from {last.relay!r}"

    @rule("relay goes on", lambda *given: False)
    def _goes_on(self, before: Source, source: Source, item: Sourced) -> bool:
        same = source.row["speaker"] and source.row["speaker"] == before.row["speaker"]
        quoted = source.row["form"] == "direct"
        cue = source.row["cue"].lower()
        alone = not cue or cue in lexicons.read_words("phrase_words", "goes on")
        return bool(not item.relay and same and quoted and alone)


def _without(text: str, low: int, high: int, cuts: list[list[int]]) -> str:
    """Return text[low:high] with the spans of `cuts` taken out."""
    pieces, position = [], low
    for start, end in cuts:
        if end > position and start < high:
            pieces.append(text[position : max(position, start)])
            position = min(end, high)
    pieces.append(text[position:high])
    return " … ".join(pieces)


def _begins(relay: Relay) -> int:
    return relay.start


# --------------------------------------------------------------------------------------- lexicons


def _body_affiliation(name: str) -> str:
    return lexicons.body_affiliations().get(name, "unknown")


def _listed(words: str, book: Codebook) -> list[tuple[int, str, str]]:
    """Return the titles and nouns with an affiliation that stand in some words."""
    found = []
    taken: set[int] = set()
    titles = lexicons.title_pattern(book), lexicons.title_affiliations(book)
    nouns = lexicons.noun_pattern(book), lexicons.noun_affiliations(book)
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
