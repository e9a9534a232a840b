"""Which words name the source: a span with the article, noun or relative clause that it lost.

The reader marks a source word by word and at times stops inside its noun phrase, or marks who was
told instead of who told. The rules here look at the words between a source and its cue.
"""

from __future__ import annotations

import re

from helpers.annotate import noun_phrases
from helpers.annotate.rules import rule

Span = tuple[int, int]
EDGE = " \t\r\n,;:–—-"
SENTENCE_END = re.compile(r"[.!?…][)\]”’\"]*\s+(?=[^a-z\s])|[\n\r]")

MARKDOWN = " \t\r\n,;:–—-#*_"  # what Markdown sets before a headline is no part of what is said
_TOLD = re.compile(r"(?:\w+\s+)?(?:told|tells|tell)(?:\s+\w+)?")
_NOUN_PHRASE_BEFORE = re.compile(r"[,”\"]\s*(?P<phrase>[^,;:“”\"\n.]{2,70}?)\s*$")
_OWNER = re.compile(r"(?:its|his|her|their)\b")
_OWNER_BEFORE = re.compile(
    r"(?P<owner>(?:\b[Tt]he\s+)?[A-Z][\w’'.-]*(?:\s+[A-Z][\w’'.-]*){0,3})\s+and\s+$"
)
_AFTER_OWNER = re.compile(r"\s[a-z][\w’'-]*(?:\s[a-z][\w’'-]*){0,3}\s+")
_NEXT_NOUN = re.compile(r"\s(?P<noun>[a-z][\w’'-]*)\s+")
_RELATIVE = re.compile(r"who|which")
_BEFORE_RELATIVE = re.compile(
    r"(?:[Tt]he|[Aa]n?|[Oo]ne|[Ss]ome|[Tt]wo)\s[^,.;:“”\"\n]{2,80}(?:,\s+(?:and\s+)?)?"
)
_SUBJECT = re.compile(r"(?:The|An?|His|Her|Its|Their)\s(?:[\w’'-]+\s){0,3}[\w’'-]+\s+")
_HEARER = re.compile(
    r"(?:\w+\s+){0,2}(?:was|were|is|are|been|being)\s+(?:\w+ly\s+)?"
    r"(?:told|warned|informed|advised|urged|ordered|instructed|reminded|assured)\b(?!\s+(?:by|of)\b)"
)
_COURT = re.compile(
    r"(?:the|an?)?\s*(?:[\w’'-]+\s+){0,3}?(?:court|jury|tribunal|inquest|inquiry|trial|jurors)",
    re.IGNORECASE,
)
_HEARD = re.compile(r"(?:has\s+|have\s+|had\s+)?(?:also\s+|previously\s+)?(?:heard|hears?)\b")


def strip(text: str, start: int, end: int) -> Span | None:
    """Return a span without commas, dashes, marks of a headline and space at its edges."""
    while start < end and text[start] in MARKDOWN:
        start += 1
    while end > start and text[end - 1] in EDGE:
        end -= 1
    return (start, end) if start < end else None


def find_source(text: str, source: Span, cue: Span, content: Span) -> Span | None:
    """Return the whole span of a source, None where the words only name who was told.

    `content` is the first piece of what is said.
    """
    if _is_hearer(text, source, cue):
        return None
    return (
        _teller(text, source, cue)
        or _own_subject(text, source, cue, content)
        or _to_cue(text, source, cue)
        or _with_owner(text, source)
    )


@rule("source from its word's start", lambda text, start: start)
def whole_start(text: str, start: int) -> int:
    """Return where the word begins that an abbreviation's dot or its last letters belong to."""
    while start > 0 and text[start - 1].isalnum() and (text[start].isalnum() or text[start] == "."):
        start -= 1
    return start


@rule("hearer is no source", lambda *given: False)
def _is_hearer(text: str, source: Span, cue: Span) -> bool:
    """Tell whether a source is told, not telling: "officials have been warned", "a court heard"."""
    if source[0] >= cue[0]:
        return False
    if _HEARER.match(text, *cue):
        return True
    return bool(_HEARD.match(text, *cue) and _COURT.fullmatch(text, *source))


@rule("teller before told", lambda *given: None)
def _teller(text: str, source: Span, cue: Span) -> Span | None:
    """Return who told when the source is who was told: "sources told the media"."""
    if source[0] < cue[1] or not _TOLD.fullmatch(text, *cue):
        return None
    before = _NOUN_PHRASE_BEFORE.search(text, max(0, cue[0] - 80), cue[0])
    return strip(text, *before.span("phrase")) if before else None


@rule("subject before cue", lambda *given: None)
def _own_subject(text: str, source: Span, cue: Span, content: Span) -> Span | None:
    """Return the subject right before a cue whose source was sought in an earlier sentence."""
    if not source[1] <= cue[0] <= content[0]:
        return None
    ends = [match.end() for match in SENTENCE_END.finditer(text, source[1], cue[0])]
    if not ends:
        return None
    subject = _SUBJECT.fullmatch(text, ends[-1], cue[0])
    return strip(text, *subject.span()) if subject else None


@rule("source up to cue", lambda *given: None)
def _to_cue(text: str, source: Span, cue: Span) -> Span | None:
    """Return a source that was cut before its noun, or taken for the "who" of its own clause.

    "Charities for disabled | people said", "his | challenger said", "a nurse | who | asked not to
    be named, said".
    """
    if source[1] >= cue[0]:
        return None
    between = text[source[1] : cue[0]]
    written = text[slice(*source)]
    if _RELATIVE.fullmatch(written) and between.rstrip().endswith(","):
        opening = max(
            (m.end() for m in SENTENCE_END.finditer(text, max(0, source[0] - 200), source[0])),
            default=max(0, source[0] - 200),
        )
        phrase = _BEFORE_RELATIVE.fullmatch(text, opening, source[0])
        if phrase and not SENTENCE_END.search(between):
            return strip(text, opening, cue[0])
        return None
    if _OWNER.fullmatch(written):
        return strip(text, source[0], cue[0]) if _AFTER_OWNER.fullmatch(between) else None
    noun = _NEXT_NOUN.fullmatch(between)
    if noun and noun_phrases.kind(noun["noun"]):
        return source[0], source[1] + noun.end("noun")
    return None


@rule("source with its owner", lambda text, source: source)
def _with_owner(text: str, source: Span) -> Span:
    """Return "the U.S. and its allies" for "its allies"."""
    if not _OWNER.match(text, *source):
        return source
    before = _OWNER_BEFORE.search(text, max(0, source[0] - 60), source[0])
    return (before.start("owner"), source[1]) if before else source
