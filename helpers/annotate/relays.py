"""Which outlets carried words before an article did: the phrases that say so, read from its text.

"said X, as cited by TASS", "told CNN", "Xinhua reported", "in a statement carried by KCNA",
"according to a Reuters tally": each names an outlet that had the words first. An outlet is known
from data/lexicons/outlets.csv, from its name ("the Evening Post", "Radio North") or from the words
beside it ("the news agency VESTA").
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from helpers.annotate import names
from helpers.store import lexicons
from helpers.store.codebook import Codebook, read_codebook
from helpers.text import sentences
from helpers.text.article import Article

_NEWS_NOUN = (
    r"(?:news agency|newspaper|news site|news website|news service|news channel|news network|"
    r"wire service|broadcaster|television|TV|radio(?: station)?|magazine|daily|weekly|tabloid|"
    r"website|outlet|network|channel|paper|agency|programme|podcast)"
)
_PROPER = r"(?:[A-Z][\w&’'.-]*|[A-Z]{2,})(?:[ \u00a0](?:(?:of|the|and|&)[ \u00a0])?[A-Z][\w&’'-]*)*"
_BY_NAME = re.compile(
    r"(?<![\w-])(?:"
    r"(?:[A-Z][\w&’'-]*\s+){1,3}(?:Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|Journal|"
    r"Mercury|Clarion|Observer|Telegraph|Mail|Standard|Magazine|Newspaper|News|Broadcasting|Radio|"
    r"Television|TV|Ilbo|Shimbun|Zeitung|Today|Weekly|Daily|Review|Reporter|Examiner|Inquirer|"
    r"Dispatch|Sentinel|Globe|Star|Sun|Show|Hour|Podcast|Network)(?:\s+(?:News|Agency|Service))?"
    r"|(?:Radio|Television|TV|Channel|News)\s+[A-Z0-9][\w’'-]*(?:\s+[A-Z][\w’'-]*)?"
    r")(?![\w-])"
)
_SHOW = re.compile(
    r"(?:^|\s)(?:Show|Hour|Podcast|Today|Review|Sun|Star|Network|Standard|Observer)$"
)
_NEWS_WORD = re.compile(r"\b(?:News|Broadcasting|Newspaper|Radio|Television|TV)\b")
_DESCRIBED = re.compile(rf"\b{_NEWS_NOUN}(?:,)?\s+[“\"‘']?(?P<name>{_PROPER})")
_APPOSED = re.compile(
    rf"(?P<name>{_PROPER}),?\s+(?:\([^)]*\),?\s+)?(?:the|a|an|its|[A-Z]\w+[’']s)\s+"
    rf"(?:[\w’'-]+\s+){{0,4}}{_NEWS_NOUN}\b"
)
_STATE_RUN = re.compile(r"\bstate-(?:run|owned|controlled|funded)\s+(?P<name>[A-Z]{3,8})\b")
_REPORTING = re.compile(r"[,”\"]\s+(?P<name>[A-Z]{3,8}) (?:reported|said)(?=[.,]|\s+on\b)")
_FOLLOWED = re.compile(
    r"(?P<name>[A-Z]{3,8})\s+(?:state\s+)?(?:news agency|television|radio|newspaper)\b"
)
_CALLED_OUTLET = re.compile(
    rf"{_STATE_RUN.pattern}|\b(?:news (?:agency|site|service|outlet)|newspaper|broadcaster|"
    r"television|radio|magazine|wire service)\b|\b(?:daily|weekly|tabloid)\s+[A-Z]"
)
_ANAPHOR = re.compile(
    r"\b[Tt]he (?:state )?(?P<noun>(?:news )?agency|newspaper|paper|broadcaster|magazine|daily|"
    r"website|news site|outlet|network|channel)(?=[\s,.;])(?!\s+[A-Z])|"
    r"\bIt(?=\s+(?:\w+\s+)?(?:quot|cit|describ|report|claim))"
)
_ACRONYM = re.compile(r",?\s+(?:or|\()\s*(?:the\s+)?(?P<acronym>[A-Z]{2,8})\b\)?")
_CAMEL = re.compile(
    r"(?:told|tells|telling|interview with)\s+(?P<name>[A-Z][a-z]+[A-Z][A-Za-z]+)\b"
)
_NOT_CAMEL = re.compile(r"(?:Ma?c|De|Di|Du|Da|La|Le|Fitz|Van|Von|O)[A-Z]")
_NOT_NAMES = frozenset(
    {"The", "State", "In", "On", "At", "He", "She", "It", "They", "And", "But", "President"}
)
_STATE = re.compile(
    r"\bstate(?:-run|-owned|-controlled|-funded|-backed)?\s+(?:\w+\s+){0,2}?(?:media|news|agency|"
    r"broadcaster|television|TV|radio|newspaper)|\bstate-(?:run|owned|controlled|backed)|"
    r"\b(?:official|government-run) (?:news agency|newspaper|broadcaster)",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"\bpublic(?:ly funded|-service)? (?:service )?(?:broadcaster|radio|television)", re.IGNORECASE
)
_SPEECH = re.compile(
    r"\b(?:said|says|say|saying|told|tell\w*|added|asked|argued|called|claimed|declared|denied|"
    r"described|insisted|warned|wrote|blasted|accused|criticis\w+|criticiz\w+|identified|explained|"
    r"defended|suggested|acknowledged|agreed|admitted|vowed|promised|predicted|spoke|complained)\b"
)
_FINDS = re.compile(
    r"\baccording to\b|"
    r"\b(?:show|found|find|say|said|suggest|put|indicat|estimat|reveal|conclud|giv)"
)
_NO_PREPOSITION = re.compile(
    r"(?<!\bfor )(?<!\bof )(?<!\bat )(?<!\bfrom )(?<!\bin )(?:the )?$", re.IGNORECASE
)
# Somebody besides the outlet: it cites or quotes them, or they speak in the same sentence.
_SOMEBODY_ELSE = re.compile(
    rf"\b(?:cit|quot)(?:ed|es|ing)\b|\baccording to\b|^(?:(?!…).)*?{_SPEECH.pattern}(?=.*…)|"
    r"…\s*(?:\W|\w)*?\b(?:told|as saying)\b"
)


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


@dataclass(frozen=True)
class Relay:
    """One phrase that says which outlet carried words: the span, the outlet and how it had them.

    `kind` is told, carried, reports, aired or document; `own` says that the outlet is the article's
    own, which is no relay.
    """

    start: int
    end: int
    outlet: str
    ownership: str
    kind: str
    own: bool = False


class Sentences:
    """The sentences of a text, each line apart, found by offset."""

    def __init__(self, text: str) -> None:
        lines = [(line.start(), line.end(), "body") for line in sentences.LINE.finditer(text)]
        spans = [span[:2] for span in Article(text).split(lines)]
        self.spans = spans
        self.starts = [start for start, _ in spans] or [0]
        self.ends = [end for _, end in spans] or [len(text)]

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Return the bounds of the sentences that a span lies in."""
        first = max(0, bisect_right(self.starts, start) - 1)
        last = max(first, bisect_left(self.starts, end) - 1)
        return min(start, self.starts[first]), max(end, self.ends[last])


@lru_cache(maxsize=4)
def sentences_of(text: str) -> Sentences:
    """Return the sentences of a text, kept for the next question about the same article."""
    return Sentences(text)


NEAR = 600  # characters at most between an outlet and the words that point back to it
# Nearest to the speaker first: words are told or aired, then carried, then reported.
NEARNESS = {"told": 0, "aired": 1, "document": 1, "carried": 2, "reports": 3}


def find_relays(
    text: str,
    own: str = "",
    outlets: Iterable[tuple[str, str]] = (),
    book: Codebook | None = None,
    cues: Sequence[tuple[int, int]] = (),
) -> list[Relay]:
    """Find the phrases of one text that name an outlet as having carried words before it.

    Parameters
    ----------
    text
        The article as read.
    own
        The article's own outlet: what was said to it is not relayed.
    outlets
        Further outlets known by name, as pairs of a spelling and its canonical name.
    book
        The codebook whose words are used; the project's own when none is given.
    cues
        The cues of the text's attributions, sorted, where known: beside one of them an outlet that
        "reported" carried the words of somebody else.

    Returns
    -------
    The phrases in the order of the text. A phrase is not yet an attribution: "told CNN" counts
    wherever it stands.
    """
    patterns = _patterns(book or read_codebook())
    bounds = sentences_of(text)
    found = []
    for outlet in find_outlets(text, outlets):
        for pattern in patterns:
            phrase = _phrase(text, *bounds.around(outlet.start, outlet.end), outlet, pattern, cues)
            if phrase:
                ours = bool(own) and same_outlet(outlet.name, own)
                found.append(Relay(*phrase, outlet.name, outlet.ownership, pattern.kind, ours))
                break
    return found


def same_outlet(one: str, other: str) -> bool:
    """Tell whether two names mean one outlet: "The Clarion" and "City Clarion" do."""
    ours, theirs = (names.known(name) for name in (one, other))
    if ours and theirs and ours.lexicon == theirs.lexicon == "outlets":
        return ours.name == theirs.name
    short, long = sorted((_bare(one), _bare(other)), key=len)
    return bool(short) and (short == long or f" {long} ".find(f" {short} ") >= 0)


def _bare(name: str) -> str:
    return re.sub(r"\W+", " ", names.plain(name).casefold()).strip()


# --------------------------------------------------------------------------------- the outlets


def find_outlets(text: str, outlets: Iterable[tuple[str, str]] = ()) -> list[Outlet]:
    """Find every place where a text names an outlet, longest name first at each place.

    A name the text itself describes ("VESTA, the state news agency") is an outlet wherever it
    stands. Ownership comes from outlets.csv, or from those words.
    """
    return list(_find_outlets(text, tuple(outlets)))


@lru_cache(maxsize=4)
def _find_outlets(text: str, outlets: tuple[tuple[str, str], ...]) -> list[Outlet]:
    """Find the outlets; kept for the few questions that are asked of one article after another."""
    spelled = {names.plain(written): name for written, name in outlets}
    described = _described(text)
    spans: dict[int, tuple[int, str]] = {}

    def note(start: int, end: int, name: str) -> None:
        if start not in spans or end > spans[start][0]:
            spans[start] = (end, name)

    for start, end, name in _outlets_known(text):
        note(start, end, name)
    anaphora = list(_ANAPHOR.finditer(text)) if spans or described else []
    for written in {**described, **spelled}:
        for start in names.places(text, written):
            note(start, start + len(written), spelled.get(written) or described[written])
    placed = sorted((start, end, name) for start, (end, name) in spans.items())
    for match in anaphora:
        before = bisect_left(placed, (match.start(),)) - 1
        near = before >= 0 and match.start() - placed[before][1] < NEAR
        if near and (match.group("noun") or _opens_before(text, placed[before][0], match.start())):
            note(match.start(), match.end(), placed[before][2])
    return _owned(text, sorted((start, end, name) for start, (end, name) in spans.items()), spelled)


@lru_cache(maxsize=4)
def _outlets_known(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return the outlets of the lexicon and what is named like one, wherever they stand."""
    found = [
        (start, end, known.name)
        for start, end, known in names.find_known(text)
        if known.lexicon == "outlets"
    ]
    for match in _ambiguous().finditer(text):
        name = names.known_names()[names.plain(match.group())].name
        found.append((*match.span(), name))
    for match in _BY_NAME.finditer(text):
        start = match.start()
        for word in ("The ", "In ", "On ", "At ", "A ", "And ", "But "):
            start += len(word) if text.startswith(word, start) else 0
        found.append((start, match.end(), names.plain(text[start : match.end()])))
    for match in _CAMEL.finditer(text):
        if not _NOT_CAMEL.match(match.group("name")):
            found.append((*match.span("name"), match.group("name")))
    return tuple(found)


def _opens_before(text: str, start: int, end: int) -> bool:
    """Tell whether an outlet opens the sentence before the one that "It" opens."""
    breaks = list(re.finditer(r"[.!?][”\"’']*\s+|[\n\r]+", text[max(0, start - 300) : end]))
    line = max(0, start - 300) + (breaks[-2].end() if len(breaks) > 1 else 0)
    return len(text[line:start].split()) <= 5


def _owned(text: str, spans: list[tuple[int, int, str]], spelled: dict[str, str]) -> list[Outlet]:
    """Drop what lies inside a longer name, give each outlet one name and its owner."""
    found: list[Outlet] = []
    owners: dict[str, str] = {}
    kept = []
    for start, end, written in spans:
        if kept and start < kept[-1][1]:
            continue
        name = spelled.get(names.plain(written), written)
        known = names.known(name)
        name = known.name if known and known.lexicon == "outlets" else name
        kept.append((start, end, name))
        beside = text[max(0, start - 50) : end + 50]
        if owners.get(name, "unknown") == "unknown":
            owners[name] = owner(name, beside)
    for start, end, name in kept:
        found.append(Outlet(start, end, name, owners[name]))
    return found


def owner(name: str, beside: str) -> str:
    """Return who owns an outlet: by outlets.csv, else by the words beside its name."""
    facts = outlet_facts().get(name)
    if facts:
        return facts["ownership"]
    if _STATE.search(beside):
        return "state"
    return "public" if _PUBLIC.search(beside) else "unknown"


def said_to_be_state(words: str) -> bool:
    """Tell whether words call an outlet a state's ("state-run", "official news agency")."""
    return bool(_STATE.search(words))


def is_outlet(words: str) -> bool:
    """Tell whether words name or describe a news outlet: "Xinhua", "the state news agency"."""
    known = names.known(words)
    if known is not None:
        return known.lexicon == "outlets"
    if named_like_an_outlet(names.plain(words)) or _CALLED_OUTLET.search(words):
        return True
    return any(found.lexicon == "outlets" for *_, found in names.find_known(words.split(",")[0]))


def named_like_an_outlet(name: str) -> bool:
    """Tell whether a name has the form of an outlet's: "the Evening Post", "Radio North"."""
    match = _BY_NAME.search(name)
    return bool(match) and not _SHOW.search(name) or bool(_NEWS_WORD.search(name))


@lru_cache(maxsize=64)
def _described(text: str) -> dict[str, str]:
    """Return the names that a text describes as outlets, each with its canonical name."""
    found: dict[str, str] = {}
    for pattern in (_DESCRIBED, _APPOSED, _FOLLOWED, _STATE_RUN, _REPORTING):
        for match in pattern.finditer(text):
            name = re.sub(r"^The ", "", match.group("name")).strip(" .,’'")
            known = names.known(name)
            first = name.split()[0] if name else ""
            if (
                not name
                or first in _NOT_NAMES
                or first in sentences.words("starter")
                or (known and known.lexicon != "outlets")
            ):
                continue
            if pattern is _APPOSED and not re.search(r"[A-Z]{3}", name) and len(name.split()) > 3:
                continue
            found[name] = known.name if known else name
            acronym = _ACRONYM.match(text, match.end("name"))
            if acronym:
                found[acronym.group("acronym")] = found[name]
    return found


@lru_cache(maxsize=1)
def _ambiguous() -> re.Pattern[str]:
    """Match names of outlets that are also words or places ("Time", "Independent"): after "the"."""
    outlets = lexicons.read_aliases("outlets")
    plain = [name for name in outlets if name in names.ambiguous_names()]
    words = "|".join(map(re.escape, sorted(plain, key=len, reverse=True))) or r"(?!)"
    return re.compile(rf"(?<=[Tt]he )(?:{words})(?![\w-])")


@lru_cache(maxsize=1)
def outlet_facts() -> dict[str, dict[str, str]]:
    """Return kind, country and ownership of each outlet of the lexicon."""
    return lexicons.read_lexicon("outlets").set_index("name").to_dict("index")


# --------------------------------------------------------------------------------- the phrases


@dataclass(frozen=True)
class _Pattern:
    """What stands before and after an outlet's name, and what its sentence must hold besides."""

    kind: str
    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None
    besides: re.Pattern[str] | None = None


@lru_cache(maxsize=8)
def _patterns(book: Codebook) -> list[_Pattern]:
    words = {key: _any(book.relay[key]) for key in ("carried", "reports", "told", "documents")}
    lead = r"(?:(?:the|a|an|its|his|her|their|our|\w+[’']s)\s+)?(?:[\w’'-]+\s+){0,5}?"
    person = r"(?:[A-Z][\w.’'-]+\s+){1,4}(?:of|from|at|on)\s+(?:the\s+)?"
    quote = r"[“\"‘']*"
    carried = rf"\b{words['carried']}\s+(?:\w+\s+){{0,3}}?(?:by|on|in|through|via)\s+{lead}{quote}$"
    told = rf"\b{words['told']}\s+(?:{person}|{lead}){quote}$"
    written = r"\b(?:editorial board|op-ed|article|column|essay|letter) (?:of|in|for|to) (?:the )?$"
    on_air = (
        rf"(?:(?:^[“\"‘'\s]*|{_SPEECH.pattern}[^.;]{{0,60}}|\bappear\w*\s+(?:\w+\s+)?|"
        rf"\binterview\w*\s+)on|\b(?:broadcast|edition|episode)\s+of)\s+(?:the\s+)?{quote}$"
    )
    lead_in = r"\b(?:a|an|the|its|latest|new|recent|previous)\s+(?:[\w-]+\s+){0,3}(?:[\w.]+[/–-])?$"
    document = (
        rf"(?:[’']s)?(?:[/–-](?:[A-Z][\w.]*\s*)+)?\s+(?:[\w-]+\s+){{0,3}}?{words['documents']}s?\b"
    )
    reports = (
        rf"(?:[’']s)?[,”\"]*(?:\s+state)?(?:\s+{_NEWS_NOUN}|\s+[a-z][^,\n]{{3,60}},)?,?\s+"
        r"(?:also\s+|later\s+|had\s+)?"
        rf"{words['reports']}\b"
    )
    return [
        _Pattern("carried", re.compile(carried)),
        _Pattern("told", re.compile(told)),
        _Pattern("told", re.compile(written)),
        _Pattern("told", None, re.compile(r"(?:[’']s)?[”\"]?\s+(?:interview|appearance|op-ed)\b")),
        _Pattern("aired", re.compile(on_air, re.IGNORECASE), None, _SPEECH),
        _Pattern("document", re.compile(lead_in, re.I), re.compile(document), _FINDS),
        _Pattern("reports", _NO_PREPOSITION, re.compile(reports), _SOMEBODY_ELSE),
        _Pattern(
            "reports", re.compile(r"\baccording to\s+(?:[\w’'-]+\s+){0,5}?$", re.I), None, _SPEECH
        ),
        _Pattern(
            "reports", re.compile(r"[,”\"]\s+(?:reported|wrote)\s+(?:the\s+)?$"), None, _SPEECH
        ),
    ]


def _any(words: Iterable[str]) -> str:
    return rf"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"


def _phrase(
    text: str,
    low: int,
    high: int,
    outlet: Outlet,
    pattern: _Pattern,
    cues: Sequence[tuple[int, int]],
) -> tuple[int, int] | None:
    """Return the span of a relay phrase around an outlet's name in its sentence, or None."""
    start, end = outlet.start, outlet.end
    if pattern.before is not None:
        match = pattern.before.search(text[max(low, start - 120) : start])
        if not match:
            return None
        start = max(low, start - 120) + match.start()
    if pattern.after is not None:
        match = pattern.after.match(text, outlet.end)
        if not match:
            return None
        end = match.end()
    if pattern.besides is not None:
        whole = text[low:high]
        if pattern.kind == "reports":
            whole = f"{text[low:start]} … {text[outlet.end : end]} {text[end:high]}"
        if not pattern.besides.search(whole) and not _cue_beside(cues, low, high, start, end):
            return None
    return start, end


def _cue_beside(cues: Sequence[tuple[int, int]], low: int, high: int, start: int, end: int) -> bool:
    """Tell whether a sentence holds a cue besides the phrase itself."""
    inside = cues[bisect_left(cues, (low, low)) : bisect_left(cues, (high, high))]
    return any(last <= start or first >= end for first, last in inside)
