"""What an article says a source is: how its name stands in the words, its title, its country."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from helpers.annotate import names
from helpers.annotate.noun_phrases import describe, pronoun_kind, stands_as
from helpers.annotate.rules import rule
from helpers.store import lexicons
from helpers.store.lexicons import Codebook
from helpers.text import sentences
from helpers.text.article import Article

PLACES = 6  # how many mentions of a name are looked at
_WORD = re.compile(r"[\w’'.&/-]+")
_INSIDE = frozenset({"of", "the", "for", "and", "de", "former", "then", "acting", "ex", "deputy",
                     "vice", "state", "senior", "chief", "longtime", "retired"})  # fmt: skip
_ADJECTIVE = re.compile(r"[\w-]{3,}(?:al|ive|ary|ic|ian|ese|ish|ior|ist)")
_APPOSED_BEFORE = re.compile(
    r"(?:^|[\s“\"(])(?P<title>(?:[Tt]he\s+|[Ii]ts\s+|[Hh]is\s+|[Hh]er\s+|[Tt]heir\s+|[Aa]n?\s+|"
    r"[A-Z][\w’'.-]*(?:\s+[A-Z][\w’'.-]*){0,3}[’'](?:s)?\s+)(?:[\w’'.&-]+\s+){0,7}?[\w’'-]+),\s+$"
)
_AFTER = re.compile(
    r"\s*(?:\((?P<party>[A-Z][^()\n]{1,20})\))?"
    r"(?:,\s+(?:\d{1,3},\s+)?(?:who\s+(?:is|was|has been|serves as|works as)\s+)?"
    r"(?P<apposed>(?![\d“\"])[^\n;:“”\"()]{3,160}))?"
)
_LEADS = re.compile(
    r"(?:\s*\([^()\n]{1,20}\))?,\s+(?:\d{1,3},\s+)?who\s+(?P<title>(?:heads|headed|leads|led|"
    r"chairs|chaired|runs|ran|directs|directed|represents|represented|helmed|founded|co-founded|"
    r"owns|owned|oversees|oversaw|commands|commanded|teaches|taught|served as|studies)\s+"
    r"[^\n,.;:“”\"()]{3,80})"
)
_IS = re.compile(
    r"\s+(?:is|was|serves as|works as)\s+(?P<title>(?:an?|the)\s+[^\n,.;:“”\"()]{3,90})"
)
_WITH = re.compile(r"\s+(?P<title>(?:of|with|from)\s+(?:the\s+)?[A-Z][^\n,.;:“”\"()]{2,70})")
_STOP = re.compile(
    r"\s+(?:who|which|when)\b|,\s+(?:who|which|whose|and|but|said|told|says|as|when|where|"
    r"while|after|in|on|at|to)\b|"
    r"\s(?:said|says|told|added|wrote|argued|explained|warned|noted|tweeted|testified|announced|"
    r"will|has|have|had|was|were|is|are|would|could)\b|,?\s+\("
)
_NO_NOUN = re.compile(
    r"(?:who\b|said|told|says|added|asked|\w{3,}ing|(?!retired|elected|appointed)\w{3,}ed|"
    r"during|after|before|with|without|despite|at|in|on|to|from|for|by|as|when|while|and)\b"
)


@dataclass(frozen=True)
class Entity:
    """What the entities table says of one entity."""

    name: str
    label: str
    country: str
    aliases: tuple[str, ...]

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """Every way it is written, longest first, those of one length by the alphabet."""
        return tuple(sorted({self.name, *self.aliases}, key=lambda name: (-len(name), name)))


class Source:
    """The source of one attribution: as written, as resolved, and how its name stands in it.

    `name_stands` is "head" where the entity's name is the source, "owner" where the source belongs
    to it, else "". `window` are the bounds of the sentences that source and cue lie in.
    """

    def __init__(self, row: dict, entity: Entity | None, article: Article, book: Codebook) -> None:
        self.row, self.entity = row, entity
        self.kinds = lexicons.noun_kinds(book)
        self.name, self.name_stands = "", ""
        written, speaker = row["source_text"], row["speaker"]
        self.described = self.written = describe(written)
        resolved = row["resolution"] not in ("none", "name")
        referring = not written or self.described.pronoun or resolved
        if entity is None and referring and speaker and ";" not in row["speaker_id"]:
            self.described = describe(speaker)
            written = speaker
        self.shown = " ".join(written.split())
        self.cues = [tuple(span) for span in row["cue_spans"]]
        spans = [*row["cue_spans"], *row["source_spans"]]
        self.window = (0, 0)
        if spans:
            low, high = min(start for start, _ in spans), max(end for _, end in spans)
            self.window = article.sentences_around(low, high)
        if entity is not None:
            self._place_name(entity)

    def _place_name(self, entity: Entity) -> None:
        self.name = entity.name
        for written in entity.spellings:
            stands = stands_as(self.shown, written)
            if stands:
                self.name, self.name_stands = written, stands
                return
        if not self.shown or self.described.pronoun:
            fits = pronoun_kind(self.described.pronoun) not in ("person", "one")
            fits |= entity.label == "PERSON"
            self.name_stands = "head" if fits else ""
        else:
            self.name_stands = "head"

    @property
    def kind(self) -> str:
        """What the noun of the source is: person, organisation, group, document, or ""."""
        return self.kinds.get(self.described.phrase) or self.kinds.get(self.described.head) or ""

    @rule("spokesperson of a person", lambda self: False)
    def owned_by_person(self) -> bool:
        """Tell whether a spokesperson or office belongs to a person and not to a body."""
        said = self.described
        owner = said.owner.strip().removesuffix("’s").removesuffix("'s")
        if owner.lower() in ("his", "her", "my"):
            return True
        head = describe(owner).head
        if head and owner[0].islower() and self.kinds.get(head, "") == "person":
            return "office" not in said.text
        if self.entity is not None and self.name_stands == "owner":
            return self.entity.label == "PERSON"
        return owner.startswith(("Mr", "Ms", "Dr"))


def find_title(text: str, spellings: tuple[str, ...]) -> str:
    """Return what an article says the bearer of a name is, "" where it says nothing.

    Several pieces ("Senator", "chair of the committee") are joined by "; ", in their order.
    """
    pieces: list[str] = []
    for written in sorted(spellings, key=lambda name: (-len(name), name)):
        for start in islice(names.places(text, written), PLACES):
            for piece in (_before(text, start), *_behind(text, start + len(written))):
                if piece and not any(piece.lower() in kept.lower() for kept in pieces):
                    pieces.append(piece)
        if pieces and " " in written:
            break
    return "; ".join(pieces[:PLACES])


@rule("title before a name", lambda text, start: "")
def _before(text: str, start: int) -> str:
    """Return the title that runs up to a name, or a description in apposition before it."""
    low = sentences.begin(text, max(0, start - 110), start)
    line = re.split(r"[\n\r;:]", text[low:start])[-1]
    apposed = _APPOSED_BEFORE.search(line)
    if apposed and _says_what(apposed.group("title")):
        return _clean(apposed.group("title"))
    if not line.endswith((" ", "\u00a0")):
        return ""
    run: list[str] = []
    for word in reversed(line.split()):
        if word.endswith((",", "”", '"', ")", "—", "–")) or word in ("The", "said", "and", "told"):
            break
        bare = word.strip("“\"(’'").lower()
        adjective = bool(run) and _ADJECTIVE.fullmatch(bare)
        if not (word[0].isupper() or bare in _INSIDE or bare in _roles() or adjective):
            break
        run.insert(0, word)
    while run and run[0].lower() in ("of", "the", "for", "and", "de"):
        run.pop(0)
    title = " ".join(run).strip(' “"(')
    return title if _says_what(title) else ""


@rule("title behind a name", lambda text, end: [])
def _behind(text: str, end: int) -> list[str]:
    """Return the party in brackets and the words in apposition behind a name."""
    found = []
    behind = text[end : sentences.finish(text, end, min(end + 300, len(text)))]
    match = _AFTER.match(behind)
    if match.group("party") and re.match(r"[A-Z][\w.]*[-–.,\s]", match.group("party") + " "):
        found.append(match.group("party") if "-" in match.group("party") else "")
    if match.group("apposed") and not _NO_NOUN.match(match.group("apposed")):
        apposed = _STOP.split(match.group("apposed"))[0]
        commas = apposed.split(", ")
        kept = commas[0]
        for more in commas[1:]:
            if not (_says_what(more) or re.match(r"[A-Z]|and\s", more)) or len(kept) > 110:
                break
            kept += f", {more}"
        found.append(_clean(kept) if _says_what(kept) else "")
    for pattern in (_IS, _WITH, _LEADS):
        match = pattern.match(behind)
        if match and (pattern is not _IS or _says_what(match.group("title"))):
            found.append(_clean(_STOP.split(match.group("title"))[0]))
    return [piece for piece in found if piece]


def _clean(words: str) -> str:
    return re.sub(
        r"^(?:an?|the|its|his|her|their)\s+", "", words.strip(" ,.!?–—"), flags=re.IGNORECASE
    )


def _says_what(words: str) -> bool:
    """Tell whether some words hold a title or a noun for what a person is."""
    if not words:
        return False
    lower = [word.strip(".,’'").lower() for word in _WORD.findall(words)]
    pairs = [" ".join(pair) for pair in zip(lower, lower[1:], strict=False)]
    roles = _roles()
    return any(word in roles or word.removesuffix("s") in roles for word in [*lower, *pairs])


@lru_cache(maxsize=1)
def _roles() -> frozenset[str]:
    """Return titles and nouns for persons, in small letters, without the forms of address."""
    titles = lexicons.read_lexicon("titles")["title"].str.lower().str.rstrip(".")
    table = lexicons.read_lexicon("affiliations")
    nouns = table.loc[table["kind"] == "person", "noun"]
    address = {"mr", "mrs", "ms", "miss", "mx", "sir", "madam", "lady", "former", "acting"}
    vague = {"one", "two", "some", "many", "others", "everyone", "anyone", "man", "woman", "people"}
    return frozenset([*titles, *nouns]) - address - vague


@rule("country of words", lambda words: "")
def find_country(words: str) -> str:
    """Return the country of the first place, people or body that some words name, or ""."""
    return next((known.country for _, _, known in names.find_known(words) if known.country), "")
