"""Who said what: source, cue and content of every attribution, from the reader and sure rules.

`decoding` reads the attributions off the text. Here rules that look past one cue have their say:
the speaker behind a relaying outlet, whom an outlet cites, a quotation that starts anew in the
next paragraph. What comes out are the rows of the table `attributions`. Also the phrases that say
which outlet carried words before the article did.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import chain, pairwise

import pandas as pd

from helpers.annotate import outlets, stance
from helpers.annotate.noun_phrases import kind, pronoun_kind
from helpers.annotate.outlets import Outlet
from helpers.annotate.rules import rule
from helpers.annotate.statements import Found, keep_statements
from helpers.model import decoding
from helpers.store import lexicons, schema
from helpers.store.lexicons import Codebook
from helpers.text.article import Article, read_articles
from helpers.text.quotations import Quotation, Quotations

Span = tuple[int, int]

CARRIED = 0.4  # share right of quotations that go on alone, on PolNeAR dev
NEAR = 2000  # characters at most between a quotation and the one that it goes on from
MARKS = "“\"‘'"  # that open a quotation
MARKDOWN = " \t\r\n,;:–—-#*_"  # what Markdown sets before a headline is no part of what is said

_WORD = re.compile(r"\w+(?:[-’'.]\w+)*")
_LINE_END = re.compile(r"[\n\r\v\f\x85\u2028\u2029]+")
_CITED_FIRST = re.compile(
    r"(?P<cue>\b(?:citing|quoting))\s+(?P<source>[^\n“”\"]{2,140}?),\s+(?=that\s)"
)
_UNANSWERED = re.compile(
    r"(?:\b(?:not|never|without|nor)\b|n[’']t\b)(?:\s+\w+){0,2}?\s+"
    r"(?:respond|reply|comment|answer|return)(?:ed|ing)?\b"
    r"|\bdeclin(?:ed?|es|ing)\b(?:\s+\w+){0,2}\s+(?:comment|answer|respond)\b"
)
_TOLD = re.compile(
    r"(?:\w+\s+){0,2}(?:was|were|is|are|been|being)\s+(?:\w+ly\s+)?"
    r"(?:told|warned|informed|advised|urged|ordered|instructed|reminded|assured)\b(?!\s+(?:by|of)\b)"
)
_HEARD = re.compile(r"(?:has\s+|have\s+|had\s+)?(?:also\s+|previously\s+)?(?:heard|hears?)\b")
_COURT = re.compile(r"\b(?:court|jury|tribunal|inquest|inquiry|trial|jurors)$", re.IGNORECASE)
_OWNER_BEFORE = re.compile(
    r"(?P<owner>(?:\b[Tt]he\s+)?[A-Z][\w’'.-]{0,40}(?:\s+[A-Z][\w’'.-]{0,40}){0,3})\s+and\s+$"
)
_UP_TO_NOUN = re.compile(r"\s(?:[a-z][\w’'-]*\s){0,3}(?P<noun>[a-z][\w’'-]*)\s")
_SCRAP = re.compile(r"(?:on|in|at|to|for|of|the|an?|and|that|by|with|from|as)")
_WHO = (
    r"(?:[Hh]e|[Ss]he|[Tt]hey|"
    r"(?:(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir|[Ss]ome|[Tt]wo)\s+)?"
    r"(?:[\w’'.&-]+\s+){0,6}?[\w’'.&-]+)"
)
# what stands between a cue and what is said: nothing, or before "that" those who were told
_GAP = re.compile(r"[\s,:]*")
_HEARER = re.compile(r"(?:\s+[\w’'-]+){0,4}[\s,:]*")
# Nearest to the speaker first: words are told, then carried, then reported.
NEARNESS = {how: place for place, how in enumerate(("told", "document", "carried", "reports"))}
BEFORE = 120  # characters before an outlet's name in which a phrase may begin
_CITES = re.compile(r"\b(?:cit|quot)(?:ed|es|ing)\b|\baccording to\b|\bas saying\b")


def find_attributions(articles: pd.DataFrame | Sequence[Article]) -> pd.DataFrame:
    """Return the attributions of articles: one row is one content with its cue and its source.

    Needs the columns `article_id` and `text`; or the articles, cut up already, which are then read
    once for both names and attributions. `start` and `end` run from the first to the last
    character of the content, `text` is what stands there, `spans` are the pieces of the content
    without a cue or source between them. Only outermost attributions are given: nothing is sought
    inside what somebody says, but for what an outlet relays, which is given to who said it.
    `confidence` is the probability that content and source are right, set on PolNeAR dev; `rule`
    is what decided.

    Raises encoder.ModelError when the model's files are missing or altered.
    """
    rows = chain.from_iterable(map(find_rows, read_articles(articles)))
    return schema.frame("attributions", rows)


def find_rows(article: Article) -> list[dict]:
    """Return the attributions of one article as rows of the table, as `find_attributions` does."""
    return [
        _row(article.article_id, article.text, item, article.quotations)
        for item in find_attributions_in(article)
    ]


def find_attributions_in(article: Article) -> list[Found]:
    """Return the attributions of an article, in order, and keep them with it.

    No two have the same outer span.
    """
    if article.attributions is None:
        article.attributions = _read_attributions(article)
    return article.attributions


def _read_attributions(article: Article) -> list[Found]:
    text, quotes = article.text, article.quotations
    read = [_tidied(text, _as_found(said), quotes) for said in decoding.read(article).attributions]
    read = [
        item
        for item in read
        if _is_whole(item) and not (_unanswered(text, item) or _is_fragment(article, item))
    ]
    read = [
        _behind_relay(article, _cited_first(article, item)) for item in _told_once(article, read)
    ]
    parts = [part for item in read for part in _by_paragraph(text, item, quotes)]
    found = _distinct(_of_their_own(text, parts))
    found = keep_statements(article, found + _carried(text, quotes, found))
    return sorted(found, key=lambda item: item.content)


# ----------------------------------------------------------------------------------- clean spans


def _as_found(said: decoding.Attribution) -> Found:
    return Found(
        said.content,
        said.cue[0] if said.cue else None,
        said.source[0] if said.source else None,
        said.confidence,
        said.rule,
    )


def _tidied(text: str, found: Found, quotes: Quotations) -> Found:
    """Trim what is no word from the edges; take away a source that only names who was told."""
    source, content = strip(text, *found.source) if found.source else None, found.content
    if source and found.cue and _is_hearer(text, source, found.cue):
        source = None
    if source:
        source = _with_noun(text, _with_owner(text, source), found.cue or source)
    pieces = [strip(text, *piece, quotes) for piece in content]
    pieces = [piece for piece in pieces if piece and _WORD.search(text, *piece)]
    whole = [piece for piece in pieces if not _SCRAP.fullmatch(text, *piece)]
    return found._replace(content=tuple(whole or pieces), source=source)


@rule("source with its owner", lambda text, source: source)
def _with_owner(text: str, source: Span) -> Span:
    """Return "the U.S. and its allies" for "its allies"."""
    before = _OWNER_BEFORE.search(text, max(0, source[0] - 60), source[0])
    owned = before and text[slice(*source)].startswith(("its ", "his ", "her ", "their "))
    return (before.start("owner"), source[1]) if owned else source


@rule("source with its noun", lambda text, source, cue: source)
def _with_noun(text: str, source: Span, cue: Span) -> Span:
    """Return a source with the noun between it and its cue: "Charities for disabled | people"."""
    rest = _UP_TO_NOUN.fullmatch(text, source[1], max(source[1], cue[0]))
    return (source[0], rest.end("noun")) if rest and kind(rest["noun"]) else source


@rule("hearer is no source", lambda *given: False)
def _is_hearer(text: str, source: Span, cue: Span) -> bool:
    """Tell whether a source is told, not telling: "officials have been warned", "a court heard"."""
    if source[0] >= cue[0]:
        return False
    if _TOLD.match(text, *cue):
        return True
    return bool(_HEARD.match(text, *cue) and _COURT.search(text, *source))


def strip(text: str, start: int, end: int, quotes: Quotations | None = None) -> Span | None:
    """Return a span without the commas, dashes, space and Markdown around it; None if none is left.

    With `quotes`, a full stop is no part of it either, and what lies inside them stays.
    """
    while start < end and text[start] in MARKDOWN:
        start += 1
    while end > start and text[end - 1] in MARKDOWN and not (quotes and quotes.hold(end - 1)):
        end -= 1
    if quotes and end > start and text[end - 1] == "." and not quotes.hold(end - 1):
        last_word = text[start : end - 1].rsplit(None, 1)[-1:]
        if last_word and "." not in last_word[0]:
            end -= 1
    return (start, end) if start < end else None


def _distinct(found: list[Found]) -> list[Found]:
    """Keep the surest attribution of each outer span."""
    surest: dict[Span, Found] = {}
    for item in found:
        outer = (item.content[0][0], item.content[-1][1])
        if outer not in surest or surest[outer].confidence < item.confidence:
            surest[outer] = item
    return list(surest.values())


# ------------------------------------------------------------------------- who stands behind whom


def _is_whole(found: Found) -> bool:
    """Tell whether there is a content, and not just the words around a source."""
    if not found.source:
        return bool(found.content)
    low, high = found.source
    return any(not (start <= low and high <= end) for start, end in found.content)


@rule("a small word is no statement", lambda *given: False)
def _is_fragment(article: Article, found: Found) -> bool:
    """Tell whether the content is one small word outside quotation marks, no pronoun: "its"."""
    words = " ".join(article.text[slice(*span)] for span in found.content).lower().split()
    if len(words) != 1 or any(map(article.quotations.hold, (low for low, _ in found.content))):
        return False
    word = words[0].strip('“”".,:;')
    return word in lexicons.read_words("phrase_words", "function word") and not pronoun_kind(word)


@rule("no answer is no statement", lambda *given: False)
def _unanswered(text: str, found: Found) -> bool:
    """Tell whether the cue says that nothing was said: those are `replies`."""
    if found.cue is None:
        return False
    match = _UNANSWERED.search(text, found.cue[0], found.cue[1] + 30)
    return bool(match and match.start() < found.cue[1])


@rule("citing told once", lambda article, read: read)
def _told_once(article: Article, read: list[Found]) -> list[Found]:
    """Leave out "…, citing officials" where the outlet's sentence has what they are cited for."""

    def place(item: Found) -> tuple[Span | None, int]:
        return item.source, article.sentence_at(item.cue[0])[0]

    cites = [
        item
        for item in read
        if item.cue
        and item.source
        and article.text[slice(*item.cue)].split()[-1] in ("citing", "quoting")
        and outlets.is_outlet(article.text[slice(*item.source)])
        and item.content[0][0] >= item.cue[1]
    ]
    told = {place(item) for item in read if item.cue and item not in cites}
    return [item for item in read if item not in cites or place(item) not in told]


@rule("citing, that", lambda article, found: found)
def _cited_first(article: Article, found: Found) -> Found:
    """Give "X reported, citing officials, that …" to the officials; "that" begins the content."""
    if not found.cue:
        return found
    low, high = found.content[0][0], found.content[-1][1]
    cited = _CITED_FIRST.search(article.text, found.cue[0], high)
    if not cited or not cited.start() - 2 <= low <= cited.end():
        return found
    content = [(max(start, cited.end()), end) for start, end in found.content if end > cited.end()]
    if not content or not article.same_sentence(found.cue[0], cited.end()):
        return found
    source = strip(article.text, *cited.span("source"))
    return found._replace(content=tuple(content), cue=cited.span("cue"), source=source)


@rule("own paragraph", lambda text, read: read)
def _of_their_own(text: str, read: list[Found]) -> list[Found]:
    """Take from a paragraph that is all quotation the cue of the next, which has its own content.

    Such a quotation goes on from before: whoever speaks in the next paragraph says something else.
    """
    kept = []
    for item in read:
        start, end = item.content[0][0], item.content[-1][1]
        if item.cue and item.cue[0] > end and _is_quotation(text, start, end):
            there = _LINE_END.search(text, end, item.cue[0])
            others = (other for other in read if other is not item and other.cue == item.cue)
            told = (other.content[0][0] for other in others)
            if there and any(there.start() < at and text[at] not in MARKS for at in told):
                item = item._replace(cue=None, source=None, rule="carried")
        kept.append(item)
    return kept


def _is_quotation(text: str, start: int, end: int) -> bool:
    """Tell whether a span is quoted and fills its paragraph."""
    line = max((m.end() for m in _LINE_END.finditer(text, max(0, start - 9), start)), default=0)
    rest = _LINE_END.split(text[end : end + 9])[0]
    return (
        (line > 0 or start < 3)
        and text[start] in MARKS
        and not _WORD.search(text[line:start] + rest)
    )


@rule("behind a relay", lambda article, found: found)
def _behind_relay(article: Article, found: Found) -> Found:
    """Give "Xi said …, Xinhua reported" to Xi: an outlet that relays is not who says it.

    Who said it opens the content, or stands right before one that opens with "that".
    """
    text, first = article.text, found.content[0]
    if not (found.source and found.cue and outlets.is_outlet(text[slice(*found.source)])):
        return found
    told = found._replace(rule=f"{found.rule}, relayed")
    named = _cited_by().search(text, found.content[-1][1], found.source[0])
    if named and article.same_sentence(named.end("cue"), found.source[0]):
        return told._replace(cue=named.span("cue"), source=strip(text, *named.span("source")))
    inner = saying().match(text, article.sentence_at(first[0])[0])
    if found.source[0] < first[0] or not inner or inner.end("cue") > found.cue[0]:
        return found
    end = inner.end("cue")
    between = _HEARER if text.startswith("that ", first[0]) else _GAP
    apart = end < first[0] and not between.fullmatch(text, end, first[0])
    if apart or article.quotations.hold(end - 1):
        return found
    rest = [(max(start, end), high) for start, high in found.content if high > end]
    pieces = [strip(text, *piece, article.quotations) for piece in rest]
    content = tuple(piece for piece in pieces if piece and _WORD.search(text, *piece))
    source = strip(text, *inner.span("source"))
    return (
        told._replace(content=content, cue=inner.span("cue"), source=source) if content else found
    )


@cache
def _verbs() -> str:
    """Return a pattern of finite verbs that report or do something by words."""
    deeds = {"promising", "demanding"}
    told = [told for told in stance.TELLING if told not in deeds]
    return outlets.any_of(stance.saying_verbs((*told, "approving")))


@cache
def saying() -> re.Pattern[str]:
    """Return the pattern of who says something: "Brandvik hailed", "The mayor told reporters"."""
    hearer = r"(?:(?:the|an?|his|her|its|their)\s+)?[\w’'.-]+(?:\s+[A-Z][\w’'.-]*)*"
    return re.compile(
        rf"(?:[A-Z][\w\s’'-]{{2,60}},\s+)??(?P<source>{_WHO})(?<!\bwas)(?<!\bwere)(?<!\bbe)\s+"
        rf"(?P<cue>(?:(?:also|later|earlier|then|had|has|have|reportedly)\s+){{0,2}}"
        rf"(?:told\s+{hearer}|{_verbs()})(?:\s+(?:on|last|this|in)\s+\w+)?)(?=\s|,|$)"
    )


@cache
def _cited_by() -> re.Pattern[str]:
    """Return the pattern of "said Xi, as quoted by" before an outlet."""
    return re.compile(
        rf"(?P<cue>\b{_verbs()})\s+(?P<source>[^\n“”\"]{{2,140}}?),?\s+(?:as\s+|was\s+|were\s+)?"
        r"(?:cited|quoted|reported|carried|relayed)\s+(?:\w+\s+)?(?:by|in|on)\s+$"
    )


# ------------------------------------------------------------------- quotations that go on alone


@rule("carried", lambda *given: [])
def _carried(text: str, quotes: Quotations, found: list[Found]) -> list[Found]:
    """Return the quotations that fill a paragraph, unattributed, right after one that is."""
    taken = sorted(span for item in found for span in item.content)
    carried = []
    before = None
    for quotation in quotes.all:
        start, end = quotation.start, quotation.end
        place = bisect_left(taken, (end,)) - 1
        if place < 0 or taken[place][1] <= start:
            if before is None or not _floats(text, before, quotation):
                continue
            carried.append(Found(((start, end),), None, None, CARRIED, "carried"))
        before = quotation
    return carried


def _floats(text: str, before: Quotation, quotation: Quotation) -> bool:
    """Tell whether a quotation is a whole paragraph right after the paragraph of another."""
    if quotation.start - before.end > NEAR or not _LINE_END.search(
        text[max(0, quotation.start - 9) : quotation.start].rstrip(" \t")[-1:]
    ):
        return False
    line_end = _LINE_END.search(text, quotation.end)
    rest = text[quotation.end : line_end.start() if line_end else len(text)]
    lines = _LINE_END.split(text[before.end : quotation.start])
    return not _WORD.search(rest) and not any(_WORD.search(line) for line in lines[1:])


@rule("paragraph by paragraph", lambda text, found, quotes: [found])
def _by_paragraph(text: str, found: Found, quotes: Quotations) -> list[Found]:
    """Give a quotation that starts anew in the next paragraph an attribution of its own.

    One whose mark is repeated because the quotation was never closed goes on and stays a piece.
    """
    parts: list[list[Span]] = [[found.content[0]]]
    for before, piece in pairwise(found.content):
        starts_anew = _LINE_END.search(text, before[1], piece[0]) and not quotes.goes_on(piece[0])
        if starts_anew:
            parts.append([])
        parts[-1].append(piece)
    return [found._replace(content=tuple(part)) for part in parts]


# ---------------------------------------------------------------------------- which outlet carried


@dataclass(frozen=True)
class Relay:
    """One phrase that says which outlet carried words: the span, the outlet and how it had them.

    `kind` is told, carried, reports or document; `own` says that the outlet is the article's
    own, which is no relay.
    """

    start: int
    end: int
    outlet: str
    ownership: str
    kind: str
    own: bool = False


def find_relays(
    article: Article, named: Sequence[Outlet], book: Codebook, cues: Sequence[Span] = ()
) -> list[Relay]:
    """Find the phrases of an article that name an outlet as having carried words before it.

    `named` are the places where it names an outlet, `cues` those of its attributions, sorted:
    beside one of them an outlet that "reported" carried the words of somebody else. A phrase is
    not yet an attribution: "told CNN" counts wherever it stands.
    """
    found = []
    for outlet in named:
        phrase = _phrase(article, outlet, _patterns(book), cues)
        if phrase:
            own = bool(article.outlet) and outlets.same_outlet(outlet.name, article.outlet)
            found.append(Relay(*phrase[0], outlet.name, outlet.ownership, phrase[1], own))
    return found


def _phrase(
    article: Article, outlet: Outlet, patterns: Patterns, cues: Sequence[Span]
) -> tuple[Span, str] | None:
    """Return the span and kind of the relay phrase around an outlet's name, None where none is."""
    low, high = article.sentences_around(outlet.start, outlet.end)
    text = article.text
    for carried, before, after in patterns:
        head = before.search(text[max(low, outlet.start - BEFORE) : outlet.start])
        tail = after.match(text, outlet.end, high) if head else None
        if tail:
            phrase = outlet.start - len(head.group()), tail.end()
            if carried != "reports" or _of_another(text, (low, high), phrase, outlet.end, cues):
                return phrase, carried
    return None


@rule("an outlet reports somebody else", lambda *given: True)
def _of_another(text: str, sentence: Span, phrase: Span, end: int, cues: Sequence[Span]) -> bool:
    """Tell whether a sentence has somebody besides the outlet whom it cites or who speaks."""
    before, after = text[sentence[0] : phrase[0]], text[end : sentence[1]]
    said = any(word in stance.saying_verbs() for word in before.split())
    if said or _CITES.search(before) or _CITES.search(after):
        return True
    inside = cues[bisect_left(cues, sentence[:1]) : bisect_left(cues, sentence[1:])]
    return any(last <= phrase[0] or first >= phrase[1] for first, last in inside)


# -------------------------------------------------------------------------------- the phrases

Patterns = tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]


@lru_cache(maxsize=8)
def _patterns(book: Codebook) -> Patterns:
    """Return kind, what stands before an outlet's name and what behind it, of each phrase."""
    known = vars(book.relay)
    words = {key: outlets.any_of(known[key]) for key in NEARNESS if key in known}
    words["document"] = outlets.any_of(book.relay.documents)
    lead = r"(?:(?:the|a|an|its|his|her|their|our|\w+[’']s)\s+)?(?:[\w’'-]+\s+){0,5}?[“\"‘']*$"
    person = r"(?:[A-Z][\w.’'-]+\s+){1,4}(?:of|from|at|on)\s+(?:the\s+)?[“\"‘']*$"
    phrases = (
        ("carried",
         rf"\b{words['carried']}\s+(?:\w+\s+){{0,3}}?(?:by|on|in|through|via)\s+{lead}", ""),
        ("told", rf"\b{words['told']}\s+(?:{person}|{lead})", ""),
        ("document", r"\b(?i:an?|the|its|latest|new|recent|previous)\s+(?:[\w-]+\s+){0,3}"
         r"(?:[\w.]+[/–-])?$",
         rf"(?:[’']s)?(?:[/–-](?:[A-Z][\w.]*\s*)+)?\s+(?:[\w-]+\s+){{0,3}}?{words['document']}s?\b"),
        ("reports", r"(?<!\bfor )(?<!\bof )(?<!\bat )(?<!\bfrom )(?<!\bin )(?:[Tt]he )?$",
         rf"(?:[’']s)?[,”\"]*(?:\s+(?:state\s+)?[a-z][a-z ]{{2,25}}|\s+[a-z][^,\n]{{3,60}},)?,?\s+"
         rf"(?:also\s+|later\s+|had\s+)?{words['reports']}\b"),
        ("reports", r"\b[Aa]ccording to\s+(?:[\w’'-]+\s+){0,5}?$", ""),
    )  # fmt: skip
    return tuple((how, re.compile(before), re.compile(after)) for how, before, after in phrases)


# ------------------------------------------------------------------------------------------ rows


def _form(text: str, content: tuple[Span, ...], quotes: Quotations) -> str:
    inside = [
        quotes.hold(word.start())
        for start, end in content
        for word in _WORD.finditer(text, start, end)
    ]
    return "direct" if all(inside) else "mixed" if any(inside) else "indirect"


def _row(article_id: str, text: str, found: Found, quotes: Quotations) -> dict:
    start, end = found.content[0][0], found.content[-1][1]
    source = text[slice(*found.source)] if found.source else ""
    return schema.filled(
        "attributions",
        attribution_id=f"{article_id}-{start}-{end}",
        article_id=article_id,
        start=start,
        end=end,
        spans=[list(span) for span in found.content],
        text=text[start:end],
        form=_form(text, found.content, quotes),
        cue=text[slice(*found.cue)] if found.cue else "",
        cue_spans=[list(found.cue)] if found.cue else [],
        source_text=source,
        source_spans=[list(found.source)] if found.source else [],
        speaker=source,
        resolution="none",
        source_type="unnamed person",
        affiliation="unknown",
        channel="unknown",
        words=sum(len(_WORD.findall(text, *span)) for span in found.content),
        role="body",
        confidence=found.confidence,
        rule=found.rule,
    )
