"""What an article says of a source: how its name stands, its title, that its name is withheld.

The words that say that a name is known and withheld are the codebook's (`anonymity` in
data/codebook.yml), and its alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice

from helpers.annotate import names, noun_phrases
from helpers.annotate.noun_phrases import Description, describe, pronoun_kind, stands_as
from helpers.annotate.rules import rule
from helpers.store import lexicons
from helpers.store.lexicons import Codebook
from helpers.text import sentences
from helpers.text.article import Article

Span = tuple[int, int]
PLACES = 6  # how many mentions of a name are looked at
_WORD = re.compile(r"[\w’'.&/-]+")
_BREAK = re.compile(r"[\n\r;:]")
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
# what may follow a name: ", who heads …", " is the …", " of the Union"
_FOLLOWS = re.compile(
    r"(?:(?:\s*\([^()\n]{1,20}\))?,\s+(?:\d{1,3},\s+)?who\s+(?=(?:heads|headed|leads|led|chairs|"
    r"chaired|runs|ran|directs|directed|represents|represented|helmed|founded|co-founded|owns|owned|"
    r"oversees|oversaw|commands|commanded|teaches|taught|served as|studies)\s)"
    r"|\s+(?P<is>is|was|serves as|works as)\s+(?=(?:an?|the)\s)"
    r"|\s+(?=(?:of|with|from)\s+(?:the\s+)?[A-Z]))(?P<title>[^\n,.;:“”\"()]{6,90})(?!\w)"
)
_STOP = re.compile(
    r"(?<!\s)\s++(?:who|which|when)\b|,\s+(?:who|which|whose|and|but|said|told|says|as|when|where|"
    r"while|after|in|on|at|to)\b|"
    r"\s(?:said|says|told|added|wrote|argued|explained|warned|noted|tweeted|testified|announced|"
    r"will|has|have|had|was|were|is|are|would|could)\b|,?(?<!\s)\s++\("
)
_NO_NOUN = re.compile(
    r"(?:who\b|said|told|says|added|asked|\w{3,}ing|(?!retired|elected|appointed)\w{3,}ed|"
    r"during|after|before|with|without|despite|at|in|on|to|from|for|by|as|when|while|and)\b"
)

_CLAUSE_START = re.compile(
    r"(?:[,;:“”\"(—–]\s*(?:and\s+|but\s+)?|\bwho\b|\b(?:but|and)\s+)(?!.*(?:[,;:“”\"(—–]|\bwho\b))"
)
_CLAUSE_END = re.compile(r"[;:“”\"()—–]|,?(?<!\s)\s++(?:said|says|told|added)\b|,(?=\s)")
_SUBJECT = re.compile(
    r"(?P<subject>(?:(?:[Tt]he|[Aa]n?|[Oo]ne)\s+)?(?:[\w’'-]+\s+){0,4}?[\w’'-]+),?\s*$"
)
_OWN_SUBJECT = re.compile(
    r"\s*(?P<subject>(?:[Tt]he|[Aa]n?|[Oo]ne)\s+[\w’'-]+|[Hh]e|[Ss]he|[Tt]hey)\s"
)
_AUXILIARIES = re.compile(r"(?:(?:^|(?<!\s)\s++)(?:was|were|is|are|has|have|had|did|do|does))+\s*$")


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
            if stands and entity.label == "PERSON" and self.row["resolution"] == "name":
                stands = "head"  # who is found to speak by name is the source
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
    line = _BREAK.split(text[low:start])[-1]
    apposed = _APPOSED_BEFORE.search(line)
    if apposed and _says_what(apposed.group("title")):
        return _clean(apposed.group("title"))
    if not line.endswith((" ", "\u00a0")):
        return ""
    run: list[str] = []
    for word in reversed(line.split()):
        if word[-1] in ',”")—–' or word in noun_phrases.words("before a title"):
            break
        bare = word.strip("“\"(’'").lower()
        adjective = bool(run) and _ADJECTIVE.fullmatch(bare)
        if not (
            word[0].isupper()
            or bare in noun_phrases.words("inside a title")
            or bare in _roles()
            or adjective
        ):
            break
        run.insert(0, word)
    while run and run[0].lower() in noun_phrases.words("small in a title"):
        run.pop(0)
    title = " ".join(run).strip(' “"(')
    return title if _says_what(title) else ""


@rule("title behind a name", lambda text, end: [])
def _behind(text: str, end: int) -> list[str]:
    """Return the party in brackets and the words in apposition behind a name."""
    found = []
    behind = text[end : sentences.finish(text, end, min(end + 300, len(text)))]
    match = _AFTER.match(behind)
    party, apposed = match["party"], match["apposed"]
    if party and "-" in party:
        found.append(party)
    if apposed and not _NO_NOUN.match(apposed):
        kept, *others = _STOP.split(apposed)[0].split(", ")
        for more in others:
            goes_on = _says_what(more) or more[:1].isupper() or more.startswith("and ")
            if not goes_on or len(kept) > 110:
                break
            kept += f", {more}"
        found.append(_clean(kept) if _says_what(kept) else "")
    follows = _FOLLOWS.match(behind)
    if follows and (not follows["is"] or _says_what(follows["title"])):
        found.append(_clean(_STOP.split(follows["title"])[0]))
    return [piece for piece in found if piece]


def _clean(words: str) -> str:
    words = words.strip(" ,.!?–—")
    first, _, rest = words.partition(" ")
    leading = {"a", "an"} | noun_phrases.words("definite") | noun_phrases.words("possessive")
    return rest if first.lower() in leading else words


def _says_what(words: str) -> bool:
    """Tell whether some words hold a title or a noun for what a person is."""
    if not words:
        return False
    lower = [word.strip(".,’'").lower() for word in _WORD.findall(words)]
    pairs = [" ".join(pair) for pair in zip(lower, lower[1:], strict=False)]
    roles = _roles()
    return any(word in roles or word.removesuffix("s") in roles for word in [*lower, *pairs])


@lru_cache(maxsize=1)
def _roles() -> set[str]:
    """Return titles and nouns for persons, in small letters, without the forms of address."""
    titles = {title.lower().rstrip(".") for title in lexicons.read_words("titles", column="title")}
    nouns = lexicons.read_words("affiliations", "person", "noun")
    return (titles | nouns) - noun_phrases.words("vague") - noun_phrases.words("address")


@rule("country of words", lambda words: "")
def find_country(words: str) -> str:
    """Return the country of the first place, people or body that some words name, or ""."""
    return next((known.country for _, _, known in names.find_known(words) if known.country), "")


# ------------------------------------------------------------------- names that are withheld


@dataclass(frozen=True)
class Withheld:
    """Words that say that a name is withheld: the span, the words, the reason given or ""."""

    start: int
    end: int
    words: str
    reason: str
    subject: Description
    passive: bool = False  # "was not named"

    @property
    def of_a_thing(self) -> bool:
        """Whether what has no name is no person: "The ship was not named until May"."""
        subject = self.subject
        if not self.passive or subject.pronoun:
            return pronoun_kind(subject.pronoun) == "thing"
        return bool(subject.head) and noun_phrases.kind(subject.head) != "person"

    @property
    def adjective(self) -> bool:
        """Whether it is one word before a noun ("unidentified officials")."""
        return self.words.lower() in noun_phrases.words("withholding")


@lru_cache(maxsize=8)
def _patterns(book: Codebook) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds, in a text in lower case, that a name is withheld, and why.

    There an expression without capitals is several times quicker when it minds the case.
    """
    withheld, reason = (
        "|".join(f"(?:{pattern})" for pattern in patterns)
        for patterns in (book.anonymity.withheld, book.anonymity.reason)
    )
    plain = withheld == withheld.lower()
    return re.compile(withheld, 0 if plain else re.IGNORECASE), re.compile(reason, re.IGNORECASE)


def find_withheld(article: Article, book: Codebook) -> list[Withheld]:
    """Find the words that say that a name is withheld, in the sentences of an article."""
    withheld, reason = _patterns(book)
    lowered = sentences.lower(article.text)
    found: list[Withheld] = []
    for low, high, _ in article.sentences:
        for match in withheld.finditer(lowered, low, high):
            if not found or match.start() >= found[-1].end:
                found.append(_read(article.text, low, high, match.span(), reason))
    return [words for words in found if not words.of_a_thing]


def _read(text: str, low: int, high: int, at: Span, reason: re.Pattern[str]) -> Withheld:
    """Widen the words to their clause and take the reason from it or from the clause after it."""
    first, last = at
    written = text[first:last]
    if written.lower() in noun_phrases.words("withholding"):
        subject = describe(" ".join(text[first:high].split()[:2]).strip(",.;"))
        return Withheld(first, last, written, "", subject)
    opening = _CLAUSE_START.search(text[low:first])
    who = opening is not None and opening.group() == "who"
    start = low + (opening.start() if who else opening.end() if opening else 0)
    end = _clause_end(text, last, high)
    why = reason.search(text, first, min(high, end + 160))
    words = ""
    if why and set('“”"').isdisjoint(text[last : why.start()]):
        end = max(end, _clause_end(text, why.end(), high))
        words = " ".join(text[why.start() : end].split()).strip(" ,.")
    passive = written.lower().startswith("not ")
    subject = _subject(text[low : max(start, low)], text[start:first], passive)
    said = " ".join(text[start:end].split()).strip(" ,.")
    return Withheld(start, end, said, words, subject, passive)


def _clause_end(text: str, at: int, high: int) -> int:
    """Return where the clause that holds `at` ends, the sentence at the latest."""
    high = sentences.finish(text, at, high)
    closing = _CLAUSE_END.search(text, at, high)
    return closing.start() if closing else high - (text[high - 1] in ".!?")


def _subject(before: str, clause: str, passive: bool) -> Description:
    """Return whom a clause about a withheld name is about: its own subject, or what it follows."""
    own = _AUXILIARIES.sub("", clause).strip() if passive else ""
    if own and own.lower() not in ("who", "whom", "that"):
        return describe(own)
    started = _OWN_SUBJECT.match(clause)
    if started:
        return describe(started["subject"])
    match = _SUBJECT.search(before.rstrip(" ,"))
    return describe(match["subject"] if match else "")


# ------------------------------------------------------------------------- whose name it is


def match_withheld(withheld: list[Withheld], sources: list[Source]) -> list[Withheld | None]:
    """Return for each source the words about its own name, wherever in the article they are."""
    found: list[Withheld | None] = [None] * len(sources)
    unnamed = (
        [place for place, source in enumerate(sources) if _nameless(source)] if withheld else []
    )
    for words in withheld:
        for place in _meant(words, sources, unnamed):
            before = found[place]
            if before is None or (words.reason and not before.reason):
                found[place] = words
    return _spread(found, sources, unnamed)


def _meant(words: Withheld, sources: list[Source], unnamed: list[int]) -> list[int]:
    """Return the sources that words about a name stand beside, or whom they point back to."""
    beside = [place for place in unnamed if _beside(sources[place], words)]
    if beside or words.adjective:
        return beside
    subject = words.subject
    before = [
        place
        for place in unnamed
        if sources[place].described.head and _place(sources[place]) <= words.start
    ]
    if pronoun_kind(subject.pronoun) == "person" or subject.pronoun == "they":
        return before[-1:]
    return [place for place in before if _same_noun(sources[place].described, subject)][-1:]


def _beside(source: Source, words: Withheld) -> bool:
    if words.adjective and words.words in source.shown:
        return True
    if any(start <= words.start < end + 2 for start, end in source.row["source_spans"]):
        return True
    pronoun = words.subject.pronoun
    if words.adjective or (pronoun and source.written.pronoun != pronoun):
        return False
    low, high = source.window
    inside = any(start <= words.start < end for start, end in source.row["spans"])
    fits = not words.subject.head or _same_noun(source.described, words.subject)
    return low <= words.start < high and not inside and fits


@rule("withheld wherever it speaks", lambda found, sources, unnamed: found)
def _spread(
    found: list[Withheld | None], sources: list[Source], unnamed: list[int]
) -> list[Withheld | None]:
    """Give every statement of a source what the article says of its name anywhere."""
    known = [place for place in unnamed if found[place] is not None]
    whole = list(found)
    for place in unnamed:
        if whole[place] is None:
            same = (other for other in known if _one_source(sources[place], sources[other]))
            whole[place] = next((found[other] for other in same), None)
    return whole


def _nameless(source: Source) -> bool:
    said = source.described
    if source.name_stands == "head" or said.name or not (said.head or said.pronoun):
        return False
    return source.kinds.get(said.head, "person") in ("person", "group")


def _place(source: Source) -> int:
    return (source.row["source_spans"] or source.row["spans"])[0][0]


def _same_noun(one: Description, other: Description) -> bool:
    return bool(one.head) and one.head == other.head and one.many == other.many


@rule("one unnamed source", lambda one, other: False)
def _one_source(one: Source, other: Source) -> bool:
    """Tell whether two sources of one article, neither named, are the same people."""
    if one.row["speaker"] and one.row["speaker"] == other.row["speaker"]:
        return True
    ours, theirs = one.described, other.described
    pointing = one.written.definite or one.written.text.split()[1:2] == ["of"]
    unresolved = other.written.definite and other.row["resolution"] == "none"
    pointed = unresolved and ours.many == theirs.many
    whole = ours.many and not theirs.many
    told_apart = ours.capitals and theirs.capitals and not ours.capitals & theirs.capitals
    same = bool(ours.head) and ours.head == theirs.head and not told_apart
    return same and not whole and (pointing or pointed)
