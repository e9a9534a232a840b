"""News outlets: whether words name or describe one, where a text names one, and who owns it.

An outlet is known from data/lexicons/outlets.csv, from the form of its name ("the Evening Post",
"Radio North": data/lexicons/outlet_words.csv) or from the words beside it ("the news agency
VESTA"), whose nouns are those that data/lexicons/affiliations.csv has for news media.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from helpers.annotate import names, noun_phrases
from helpers.annotate.rules import rule
from helpers.store import lexicons
from helpers.text import sentences

Named = tuple[int, int, str]  # where a name begins and ends, and the outlet's one name

NEAR = 600  # characters at most between an outlet and the words that point back to it
_PROPER = r"[A-Z][\w&’'.-]*(?:[ \u00a0](?:(?:of|the|and|&)[ \u00a0])?[A-Z][\w&’'-]*)*"
_HEAD_END = re.compile(r",|\s(?:by|of|in|from|for|at|with|to|on|about|who|which|that)\s")
_LEAD = re.compile(r"(?:The|In|On|At|An?|And|But)\s")
_ACRONYM = re.compile(r",?\s+(?:or|\()\s*(?:the\s+)?(?P<acronym>[A-Z]{2,8})\b\)?")
_STATE = re.compile(
    r"\bstate(?:-run|-owned|-controlled|-funded|-backed)?\s+(?:\w+\s+){0,2}?(?:media|news|agency|"
    r"broadcaster|television|TV|radio|newspaper)|\bstate-(?:run|owned|controlled|backed)|"
    r"\b(?:official|government-run) (?:news agency|newspaper|broadcaster)",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"\bpublic(?:ly funded|-service)? (?:service )?(?:broadcaster|radio|television)", re.IGNORECASE
)


_NEXT_WORDS = re.compile(r"(?:\s(?!(?:in|of|for|from|and|that|which|said)\b)[a-z][\w’'-]*){1,2}")


@dataclass(frozen=True)
class Outlet:
    """One place where a text names an outlet: the span, its canonical name and who owns it."""

    start: int
    end: int
    name: str
    ownership: str

    def names(self, text: str) -> tuple[str, str]:
        """Return its canonical name and the one written here."""
        return self.name, text[self.start : self.end]


def is_outlet(words: str) -> bool:
    """Tell whether words name or describe a news outlet.

    >>> [is_outlet(words) for words in ("Xinhua", "the Evening Post", "the state news agency")]
    [True, True, True]
    >>> [is_outlet(words) for words in ("Reuters Institute", "the water agency", "Ada Lee")]
    [False, False, False]
    """
    if names.known(words) is not None:
        return is_listed(words)
    own = names.plain(_HEAD_END.split(words)[0])
    if any(
        found.lexicon == "outlets" and end == len(own) for _, end, found in names.find_known(own)
    ):
        return True
    return bool(_form().search(own) or _description().search(own))


def is_listed(name: str) -> bool:
    """Tell whether a name is that of an outlet of the lexicon, with or without its article."""
    known = names.known(name) or names.known(f"the {name}")
    return known is not None and known.lexicon == "outlets"


def same_outlet(one: str, other: str) -> bool:
    """Tell whether two names mean one outlet: "The Clarion" and "City Clarion" do."""
    ours, theirs = (names.known(name) for name in (one, other))
    if ours and theirs and ours.lexicon == theirs.lexicon == "outlets":
        return ours.name == theirs.name
    bare = (re.sub(r"\W+", " ", names.plain(name).casefold()).strip() for name in (one, other))
    short, long = sorted(bare, key=len)
    return bool(short) and f" {short} " in f" {long} "


@cache
def facts() -> dict[str, dict[str, str]]:
    """Return kind, country and ownership of each outlet of the lexicon."""
    return lexicons.read_lexicon("outlets").set_index("name").to_dict("index")


def owner(name: str, beside: str) -> str:
    """Return who owns an outlet: by outlets.csv, else by the words beside its name."""
    if name in facts():
        return facts()[name]["ownership"]
    if said_to_be_state(beside):
        return "state"
    return "public" if _PUBLIC.search(beside) else "unknown"


def said_to_be_state(words: str) -> bool:
    """Tell whether words call an outlet a state's ("state-run", "official news agency")."""
    return bool(_STATE.search(words))


# --------------------------------------------------------------------------------- in a text


def find_outlets(text: str, further: Iterable[tuple[str, str]] = ()) -> list[Outlet]:
    """Find every place where a text names an outlet, longest name first at each place.

    `further` are outlets known by name, as pairs of a spelling and the one name. What the text
    itself describes ("VESTA, the state news agency") is an outlet wherever it stands. Ownership
    comes from outlets.csv, or from those words.
    """
    one_name = {names.plain(written): name for written, name in further}
    spelled = _described(text) | one_name
    placed = [
        (start, start + len(written), name)
        for written, name in spelled.items()
        for start in names.places(text, written)
    ]
    found = _apart([*_listed(text), *_formed(text), *placed])
    named = [(start, end, one_name.get(names.plain(name), name)) for start, end, name in found]
    owners: dict[str, str] = {}
    for start, end, name in named:
        if owners.get(name, "unknown") == "unknown":
            owners[name] = owner(name, text[max(0, start - 50) : end + 50])
    whole = _apart([*named, *_taken_up(text, named)])
    return [Outlet(start, end, name, owners[name]) for start, end, name in whole]


def _apart(spans: list[Named]) -> list[Named]:
    """Return names in order, without those that begin inside another; the longest first."""
    kept: list[Named] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _listed(text: str) -> list[Named]:
    """Return the outlets of the lexicon; names that are words or places too after "the" only."""
    known = [(*span, known) for *span, known in names.find_known(text)]
    known += [(*m.span(), names.known_names()[m.group()]) for m in _ambiguous().finditer(text)]
    return [(start, end, one.name) for start, end, one in known if one.lexicon == "outlets"]


@rule("outlet by the form of its name", lambda text: [])
def _formed(text: str) -> list[Named]:
    """Return what is named like an outlet: "Evening Post", "Radio North"."""
    found = []
    for match in _form().finditer(text):
        lead = _LEAD.match(text, match.start())
        start = lead.end() if lead else match.start()
        found.append((start, match.end(), names.plain(text[start : match.end()])))
    return found


@rule("outlet described beside its name", lambda text: {})
def _described(text: str) -> dict[str, str]:
    """Return the names that a text describes as outlets, each with its one name."""
    found: dict[str, str] = {}
    for match in _beside().finditer(text):
        written = match["after"] or match["state"] or match["before"]
        name = written.removeprefix("The ").strip(" .,’'")
        known = names.known(name)
        person = match["before"] and len(name.split()) > 3 and not re.search(r"[A-Z]{3}", name)
        if len(name) < 2 or person or (known and known.lexicon != "outlets"):
            continue
        if match["before"] and _is_a_person_s(text, match):
            continue
        found[name] = known.name if known else name
        acronym = _ACRONYM.match(text, match.start() + match.group().index(written) + len(written))
        if acronym:
            found[acronym["acronym"]] = found[name]
    return found


@rule("outlet of a person described", lambda *given: False)
def _is_a_person_s(text: str, match: re.Match[str]) -> bool:
    """Tell whether the noun is somebody's: "Lee, a columnist for the paper", "a radio host"."""
    before = re.findall(r"[\w-]+", text[match.end("before") : match.start("called")].lower())
    behind = _NEXT_WORDS.match(text, match.end())
    after = behind.group().split() if behind else []
    linking = noun_phrases.words("preposition") | {"and"}
    return any(word in linking or noun_phrases.kind(word) == "person" for word in before) or any(
        noun_phrases.kind(word) == "person" for word in after
    )


@rule("outlet taken up again", lambda text, named: [])
def _taken_up(text: str, named: list[Named]) -> list[Named]:
    """Return where words point back to the outlet before them: "the newspaper", "It quoted"."""
    found = []
    for match in _pointing().finditer(text) if named else ():
        before = bisect_left(named, (match.start(),)) - 1
        between = text[named[before][1] : match.start()] if before >= 0 else ""
        if len(between) >= NEAR or not re.search(r"\w", between):
            continue
        if match["noun"] or _next_sentence(text, named[before][0], match.start()):
            found.append((*match.span(), named[before][2]))
    return found


def _next_sentence(text: str, low: int, at: int) -> bool:
    """Tell whether `at` lies in the sentence after that of `low`, in one paragraph."""
    begun = sentences.begin(text, low, at)
    return low < begun and sentences.begin(text, low, begun - 1) == low


# ---------------------------------------------------------------------------------- patterns


@cache
def _nouns() -> str:
    """Return a pattern of the nouns for outlets, longest first."""
    table = lexicons.read_lexicon("affiliations")
    news = table["affiliation"].isin(["news media", "state media"])
    return any_of(table.loc[news & (table["kind"] == "organisation"), "noun"])


@cache
def _kind(kind: str) -> str:
    table = lexicons.read_lexicon("outlet_words")
    return any_of(table.loc[table["kind"] == kind, "word"])


def any_of(words: Iterable[str]) -> str:
    """Return a pattern that matches one of some words, the longest that stands there."""
    return rf"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"


@cache
def _form() -> re.Pattern[str]:
    """Return the pattern of an outlet's name: "Evening Post", "Radio North"."""
    return re.compile(
        rf"(?<![\w-])(?:(?:[A-Z][\w&’'-]*\s+){{1,3}}{_kind('last')}(?:\s+(?:News|Agency|Service))?"
        rf"|{_kind('first')}\s+[A-Z0-9][\w’'-]*(?:\s+[A-Z][\w’'-]*)?)(?![\w-])"
    )


@cache
def _description() -> re.Pattern[str]:
    return re.compile(rf"\bstate-run\s+[A-Z]{{3,8}}$|\b(?i:{_nouns()})(?:$|\s+[A-Z“\"])")


@cache
def _beside() -> re.Pattern[str]:
    """Return the pattern of a name with a noun for an outlet before or after it."""
    noun = _nouns()
    return re.compile(
        rf"\b{noun},?\s+[“\"‘']?(?P<after>{_PROPER})|\bstate-run\s+(?P<state>[A-Z]{{3,8}})\b"
        rf"|(?<![\w&’'.-])(?P<before>{_PROPER}),?\s+(?:\([^)\n]{{1,40}}\),?\s+)?(?:the|an?|its|[A-Z]\w+[’']s)\s+"
        rf"(?:[\w’'-]+\s+){{0,4}}(?P<called>{noun})\b"
    )


@cache
def _pointing() -> re.Pattern[str]:
    return re.compile(
        rf"\b[Tt]he (?:state )?(?P<noun>agency|{_nouns()})(?=[\s,.;])(?!\s+[A-Z])|"
        r"\bIt(?=\s+(?:\w+\s+)?(?:quot|cit|describ|report|claim))"
    )


@cache
def _ambiguous() -> re.Pattern[str]:
    """Match names of outlets that are also words or places ("Time", "Independent"): after "the"."""
    plain = [name for name in lexicons.read_aliases("outlets") if name in names.ambiguous_names()]
    return re.compile(rf"(?<=[Tt]he ){any_of(plain) if plain else '(?!)'}(?![\w-])")
