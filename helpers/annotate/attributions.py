"""Who said what: source, cue and content of every attribution, from the reader and sure rules.

`decoding` reads the attributions off the text. Here rules that look past one cue have their say:
the speaker behind a relaying outlet, whom an outlet cites, a quotation that goes on alone in the
next paragraph. What comes out are the rows of the table `attributions`.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

import pandas as pd

from helpers.annotate import relays, source_spans
from helpers.annotate.rules import rule
from helpers.annotate.source_spans import MARKDOWN, SENTENCE_END
from helpers.model import decoding
from helpers.store import lexicons, schema
from helpers.text.article import Article, read_articles
from helpers.text.quotations import Quotation, Quotations

Span = tuple[int, int]

# share right of the rules for quotations that the reader gave to nobody, where they stand
BESIDE = 0.7
CARRIED = 0.4  # without a cue, contents only, on PolNeAR dev
SPEECH = ("accusing", "approving", "arguing", "conceding", "confirming", "denying", "warning")
LEAST_WORDS = 4  # of a quotation that a rule alone attributes
MARKS = "“\"‘'"  # that open a quotation
NEAR = 2000  # characters at most between a quotation and the one that it goes on from

_WORD = re.compile(r"\w+(?:[-’'.]\w+)*")
_LINE_END = re.compile(r"[\n\r\v\f\x85\u2028\u2029]+")
_CITING = re.compile(r"\b(?:citing|quoting)\b")
_CITED_FIRST = re.compile(
    r"(?P<cue>\b(?:citing|quoting))\s+(?P<source>[^\n“”\"]{2,140}?),\s+(?=that\s)"
)
_UNANSWERED = re.compile(
    r"(?:\b(?:not|never|without|nor)\b|n[’']t\b)(?:\s+\w+){0,2}?\s+"
    r"(?:respond|reply|comment|answer|return)(?:ed|ing)?\b"
    r"|\bdeclin(?:ed?|es|ing)\b(?:\s+\w+){0,2}\s+(?:comment|answer|respond)\b"
)
_WITHOUT = re.compile(
    r",?\s+without\s+(?:confirming|commenting|elaborating|giving|naming|providing|specifying|"
    r"identifying|citing|saying|offering)\b"
)
_SCRAP = re.compile(r"(?:on|in|at|to|for|of|the|an?|and|that|by|with|from|as)")
_CITED_BY = re.compile(
    r"(?P<cue>\b(?:said|says|added|warned|stated|claimed|told))\s+(?P<source>[^\n“”\"]{2,140}?),?\s+"
    r"(?:as\s+|was\s+|were\s+)?(?:cited|quoted|reported|carried|relayed)\s+(?:\w+\s+)?(?:by|in|on)\s+$"
)
_SPOKE = (
    r"(?:(?:also|later|earlier|then|had|has|have|reportedly)\s+){0,2}"
    r"(?:said|says|told\s+(?:(?:the|an?|his|her|its|their)\s+)?[\w’'.-]+(?:\s+[A-Z][\w’'.-]*)*|added|announced|warned|stated|claimed|pledged|vowed|"
    r"insisted|stressed|noted|declared|promised|argued|explained|confirmed|denied)"
    r"(?:\s+(?:on|last|this|in)\s+\w+)?"
)
_WHO = (
    r"(?:[Hh]e|[Ss]he|[Tt]hey|"
    r"(?:(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir|[Ss]ome|[Tt]wo)\s+)?"
    r"(?:[\w’'.&-]+\s+){0,6}?[\w’'.&-]+)"
)
_INNER = re.compile(
    rf"(?:[A-Z][\w\s’'-]{{2,60}},\s+)?(?P<source>{_WHO})\s+(?P<cue>{_SPOKE})(?=\s|,|$)"
)


_SAID_AFTER = re.compile(
    rf"\s*(?:(?P<cue>{_SPOKE})\s+(?P<source>{_WHO})|(?P<source2>{_WHO})\s+(?P<cue2>{_SPOKE}))"
    r"(?=\s*(?:[.,;\n]|$))"
)
_SAID_BEFORE = re.compile(
    rf"(?:^|[\n.,;”\"]\s*)(?P<source>{_WHO})\s+"
    rf"(?P<cue>{_SPOKE}(?:\s[^\n.,:“”\"]{{1,40}})?[,:]"
    r"|(?:asked|replied|wrote|tweeted|posted|made|gave|issued)\b[^\n.,:“”\"]{0,40}:)\s*$"
)
_ESTIMATED = re.compile(
    rf"(?:(?<=[.!?]\s)|^)(?P<source>{_WHO})\s+(?P<cue>(?:has\s+|have\s+|had\s+)?estimate[sd]?)\s+"
    r"(?P<content>(?:that\s|more\s|fewer\s|about\s|around\s|up\sto\s|at\sleast\s|[\d$£€])[^\n“”\"]{10,}?)"
    r"(?=[.!?](?:\s|$)|\n|$)",
    re.MULTILINE,
)


class Found(NamedTuple):
    """One attribution; all spans are offsets into the text, `cue` and `source` None when absent."""

    content: tuple[Span, ...]
    cue: Span | None
    source: Span | None
    confidence: float
    rule: str


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
    read = [item for item in read if _is_whole(item) and not _unanswered(text, item)]
    read = [_cited_first(text, item) for item in read]
    read = [_behind_relay(text, item, quotes) for item in _without_cited(text, read)]
    parts = [part for item in read for part in _by_paragraph(text, item, quotes)]
    found = _distinct(_of_their_own(text, parts))
    found += _beside(text, quotes, found) + _estimates(text, quotes, found)
    found += _carried(text, quotes, found)
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
    """Trim what is no word from the edges; end content and source where the other begins."""
    content, source = _without_aside(text, found.content, quotes), found.source
    if source:
        source = source_spans.strip(text, source_spans.whole_start(text, source[0]), source[1])
    if source:
        tail = _shared_name(text, content[-1], source, quotes)
        if tail:
            content = (*content[:-1], (content[-1][0], tail))
            source = _strip(text, tail, source[1])
    if source and found.cue:
        source = source_spans.find_source(text, source, found.cue, content[0])
    pieces = [_strip(text, *piece, quotes) for piece in content]
    pieces = [piece for piece in pieces if piece and _WORD.search(text, *piece)]
    whole = [piece for piece in pieces if not _SCRAP.fullmatch(text, *piece)]
    return found._replace(content=tuple(whole or pieces), source=source)


@rule("asides cut", lambda text, content, quotes: content)
def _without_aside(text: str, content: tuple[Span, ...], quotes: Quotations) -> tuple[Span, ...]:
    """Return the content without ", without confirming it", which is about the speaker."""
    for number, (start, end) in enumerate(content):
        aside = _WITHOUT.search(text, start, end)
        if aside and aside.start() > start and not quotes.hold(aside.start()):
            ending = SENTENCE_END.search(text, aside.end())
            later = ending.end() if ending else len(text)
            rest = (piece for piece in content[number + 1 :] if piece[0] >= later)
            return (*content[:number], (start, aside.start()), *rest)
    return content


@rule("source begins in content", lambda *given: 0)
def _shared_name(text: str, content: Span, source: Span, quotes: Quotations) -> int:
    """Return where a source begins whose first words stand at the end of the content, else 0.

    "…,” China’s state-run | Agency reported": content and source touch, and a comma comes before.
    """
    end = min(content[1], source[0])
    if text[content[1] : source[0]].strip() or source[0] < content[0]:
        return 0
    comma = max(text.rfind(mark, content[0], end) for mark in (",", "”", '"')) + 1
    cut = text[comma:end]
    near = comma > content[0] and 0 < len(_WORD.findall(cut)) <= 4
    return comma if near and not quotes.hold(comma) else 0


def _strip(text: str, start: int, end: int, quotes: Quotations | None = None) -> Span | None:
    """Trim commas, dashes and space; with `quotes`, a full stop too, none of it inside them."""
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


@rule("no answer is no statement", lambda *given: False)
def _unanswered(text: str, found: Found) -> bool:
    """Tell whether the cue says that nothing was said: those are `replies`."""
    if found.cue is None:
        return False
    match = _UNANSWERED.search(text, found.cue[0], found.cue[1] + 30)
    return bool(match and match.start() < found.cue[1])


@rule("citing told once", lambda text, read: read)
def _without_cited(text: str, read: list[Found]) -> list[Found]:
    """Leave out "…, citing officials" where the sentence has what the officials are cited for."""
    kept = []
    for item in read:
        cites = _CITING.search(text, *item.cue) if item.cue else None
        if cites and item.content[0][0] >= item.cue[1]:
            told = (other for other in read if other is not item and other.source == item.source)
            if any(_same_sentence(text, item, other) for other in told):
                continue
        elif cites and _strip(text, item.cue[0], cites.start()):
            item = item._replace(cue=_strip(text, item.cue[0], cites.start()))
        kept.append(item)
    return kept


@rule("citing, that", lambda text, found: found)
def _cited_first(text: str, found: Found) -> Found:
    """Give "X reported, citing officials, that …" to the officials; "that" begins the content."""
    if not found.cue:
        return found
    low, high = found.content[0][0], found.content[-1][1]
    cited = _CITED_FIRST.search(text, found.cue[0], high)
    if not cited or not cited.start() - 2 <= low <= cited.end():
        return found
    if SENTENCE_END.search(text, found.cue[0], cited.end()):
        return found
    content = [(max(start, cited.end()), end) for start, end in found.content if end > cited.end()]
    if not content:
        return found
    source = _strip(text, *cited.span("source"))
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


def _same_sentence(text: str, one: Found, other: Found) -> bool:
    if one.cue is None or other.cue is None:
        return False
    low, high = sorted((one.cue[0], other.cue[0]))
    return not SENTENCE_END.search(text, low, high)


@rule("behind a relay", lambda text, found, quotes: found)
def _behind_relay(text: str, found: Found, quotes: Quotations) -> Found:
    """Give "Xi said …, Xinhua reported" to Xi: an outlet that relays is not who says it.

    Who said it opens the content, or stands right before one that opens with "that".
    """
    if not (found.source and found.cue and relays.is_outlet(text[slice(*found.source)])):
        return found
    rule = f"{found.rule}, relayed"
    named = _CITED_BY.search(text, found.content[-1][1], found.source[0])
    if named and not SENTENCE_END.search(text, named.end("cue"), found.source[0]):
        source = _strip(text, *named.span("source"))
        return found._replace(cue=named.span("cue"), source=source, rule=rule)
    first = found.content[0]
    if found.source[0] < first[0]:
        return found
    opening = _opening(text, first[0])
    inner = _INNER.match(text, opening) or _acts().match(text, opening)
    if not inner or quotes.hold(inner.end("cue") - 1) or inner.end("cue") > found.cue[0]:
        return found
    between = _HEARER if _THAT.match(text, first[0]) else _GAP
    if inner.end("cue") < first[0] and not between.fullmatch(text, inner.end("cue"), first[0]):
        return found
    pieces = [
        _strip(text, max(start, inner.end("cue")), end, quotes)
        for start, end in found.content
        if end > inner.end("cue")
    ]
    content = tuple(piece for piece in pieces if piece and _WORD.search(text, *piece))
    if not content:
        return found
    source = _strip(text, *inner.span("source"))
    return Found(content, inner.span("cue"), source, found.confidence, rule)


@lru_cache(maxsize=1)
def _acts() -> re.Pattern[str]:
    """Return the pattern of who did something by words, other than saying: "Brandvik hailed"."""
    listed = lexicons.read_lexicon("verb_stance")
    listed = listed[listed["stance"].isin(SPEECH)]
    forms = {form for forms in listed["forms"] for form in forms.split("|")}
    past = "|".join(sorted(form for form in forms if form.endswith("ed")))
    return re.compile(
        rf"(?P<source>{_WHO})(?<!\bhad)(?<!\bhas)(?<!\bhave)(?<!\bwas)(?<!\bwere)(?<!\bbe)\s+"
        rf"(?P<cue>(?:also\s+|later\s+)?(?:{past}))(?=\s|,)"
    )


# what stands between a cue and what is said: nothing, or before "that" those who were told
_GAP = re.compile(r"[\s,:]*")
_HEARER = re.compile(r"(?:\s+[\w’'-]+){0,4}[\s,:]*")
_THAT = re.compile(r"that\b")


def _opening(text: str, offset: int) -> int:
    """Return the first offset of the sentence that an offset stands in."""
    low = max(0, offset - 300)
    ends = [match.end() for match in SENTENCE_END.finditer(text, low, offset + 1)]
    return max((end for end in ends if end <= offset), default=low)


# --------------------------------------------------------------- quotations that nobody was given


@rule("beside a quotation", lambda *given: [])
def _beside(text: str, quotes: Quotations, found: list[Found]) -> list[Found]:
    """Return the quotations that nobody was given and that have "she said" or "He said:" beside."""
    taken = _Taken(found)
    result = []
    for quotation in quotes.outermost:
        span = (quotation.start, quotation.end)
        if taken.meets(*span) or len(_WORD.findall(text, *span)) < LEAST_WORDS:
            continue
        low, high = max(0, span[0] - 160), span[1] + 160
        inside = text[span[0] : span[1]].rstrip("\"”’'»")
        after = _SAID_AFTER.match(text, span[1], high) if inside.endswith((",", "?", "!")) else None
        match = after or _SAID_BEFORE.search(text, low, span[0])
        if match is None:
            continue
        first = "2" if match.groupdict().get("source") is None else ""
        cue, source = match.span(f"cue{first}"), match.span(f"source{first}")
        if not taken.meets(*cue):
            result.append(Found((span,), cue, _strip(text, *source), BESIDE, "beside a quotation"))
    return result


@rule("estimates", lambda *given: [])
def _estimates(text: str, quotes: Quotations, found: list[Found]) -> list[Found]:
    """Return "The union estimated 300 were there" where the reader saw nothing in the sentence."""
    taken = _Taken(found)
    result = []
    for match in _ESTIMATED.finditer(text):
        if not taken.meets(*match.span()) and not quotes.hold(match.start()):
            source = _strip(text, *match.span("source"))
            content = _strip(text, *match.span("content"), quotes)
            if source and content:
                result.append(Found((content,), match.span("cue"), source, BESIDE, "estimate"))
    return result


class _Taken:
    """What the contents of some attributions cover."""

    def __init__(self, found: list[Found]) -> None:
        self.spans = sorted(span for item in found for span in item.content)
        self._starts = [span[0] for span in self.spans]

    def meets(self, start: int, end: int) -> bool:
        """Tell whether a span shares a character with a content."""
        place = bisect_left(self._starts, end) - 1
        return place >= 0 and self.spans[place][1] > start


@rule("carried", lambda *given: [])
def _carried(text: str, quotes: Quotations, found: list[Found]) -> list[Found]:
    """Return the quotations that fill a paragraph, unattributed, right after one that is."""
    taken = _Taken(found)
    carried = []
    before = None
    for quotation in quotes.outermost:
        if not taken.meets(quotation.start, quotation.end):
            if before is None or not _floats(text, before, quotation):
                continue
            span = (quotation.start, quotation.end)
            carried.append(Found((span,), None, None, CARRIED, "carried"))
        before = quotation
    return carried


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
    cue = text[slice(*found.cue)] if found.cue else ""
    source = text[slice(*found.source)] if found.source else ""
    return {
        "attribution_id": f"{article_id}-{start}-{end}",
        "article_id": article_id,
        "start": start,
        "end": end,
        "spans": [list(span) for span in found.content],
        "text": text[start:end],
        "form": _form(text, found.content, quotes),
        "cue": cue,
        "cue_spans": [list(found.cue)] if cue else [],
        "source_text": source,
        "source_spans": [list(found.source)] if found.source else [],
        "speaker": source,
        "speaker_id": "",
        "resolution": "none",
        "source_type": "unnamed person",
        "named": False,
        "title": "",
        "affiliation": "unknown",
        "country": "",
        "channel": "unknown",
        "relay": "",
        "relay_ownership": "",
        "relay_chain": [],
        "anonymity": "",
        "anonymity_reason": "",
        "source_rule": "",
        "words": sum(len(_WORD.findall(text, *span)) for span in found.content),
        "role": "body",
        "confidence": found.confidence,
        "rule": found.rule,
        "tone": math.nan,
        "tone_label": "",
        "tone_agreement": math.nan,
        "news_tone": math.nan,
    }
