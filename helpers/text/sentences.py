"""Sentence boundaries inside one span of text; a closed quotation is never broken."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator

from helpers.store import lexicons

LINE = re.compile(r"[^\n\r\u2028\u2029]+")
LINE_ROLES = ("related", "boilerplate")
CANDIDATE = re.compile(r"(?<![.!?…])([.!?…]++)([\"“”’'»«›)\]*_]*+)(\s++)")
ENDING = re.compile(r"([.!?…,;:—–-])(?:\[\d+\])?[\"”’'»)\]*_\s]*$")
NEXT_CHARACTER = re.compile(r"[\"“”„«»‹›‘’'`(\[{*_¿¡]*")
WORD_BEFORE = re.compile(r"[^\s\"“”„«»‹›‘(\[{—–/]+$")
NEXT_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
CLOCK = re.compile(r"[ap]\.?m", re.IGNORECASE)
LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z])")
ASKED = re.compile(
    r"(?:[^\W\d_][\w.’'-]*\s+){1,4}(?:said|says|asked|asks|told|wrote|writes|added|adds|wondered|"
    r"shouted|replied|demanded|responded|quipped|tweeted|joked|insisted|recalled|argued|exclaimed|"
    r"cried|continued)(?:[.,;]|\s+(?:in|on|at|to|during|after|before|when|as|of|about)\b)"
)


def words(kind: str) -> frozenset[str]:
    """Return the words of one kind of `sentence_words.csv`: title, starter, before name, …."""
    return lexicons.read_words("sentence_words", kind)


def ends_with(text: str, marks: str) -> bool:
    """Tell whether a text ends with one of some marks; what closes a quotation may follow it.

    >>> [ends_with(text, ".!?") for text in ("It rained.", "“It rained!”", "Rain", "No. 5")]
    [True, True, False, False]
    """
    ending = ENDING.search(text, max(0, len(text) - 20))
    return ending is not None and ending[1] in marks


def split_blocks(
    text: str, blocks: list[tuple[int, int, str]], whole: list[tuple[int, int]]
) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, role) of each sentence in the blocks (start, end, role) of one text.

    `whole` are the spans that no sentence ends in, in order: closed quotations. Each line of
    related links or boilerplate is a sentence of its own.
    """
    starts, ends = [start for start, _ in whole], [end for _, end in whole]
    for start, end, role in blocks:
        for first, last in _lines(text, start, end) if role in LINE_ROLES else [(start, end)]:
            spans = slice(bisect.bisect_right(ends, first), bisect.bisect_left(starts, last))
            for sentence in split_span(text, first, last, whole[spans]):
                yield *sentence, role


def begin(text: str, low: int, at: int) -> int:
    """Return where the sentence that holds `at` begins, inside quotations too, from `low` on."""
    low = max(low, text.rfind("\n", low, at) + 1)
    split = split_span(text, low, min(at + 100, len(text)), [])
    return max(start for start, _ in split if start <= at)


def finish(text: str, at: int, high: int) -> int:
    """Return where the sentence that holds `at` ends, inside quotations too, `high` at most."""
    return split_span(text, at, high, [])[0][1]


def lower(text: str) -> str:
    """Return a text in lower case, with every character at its place."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(one if len(one.lower()) > 1 else one.lower() for one in text)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for line in LINE.finditer(text, start, end):
        content = line.group().strip()
        if content:
            first = line.start() + line.group().index(content)
            yield first, first + len(content)


def split_span(
    text: str, start: int, end: int, whole: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the sentences of text[start:end], covering all of it but the space between them.

    `whole` holds the ordered spans that no boundary may fall into (closed quotations).
    """
    sentences = []
    first = start
    upcoming = 0
    for match in CANDIDATE.finditer(text, start, end):
        boundary = match.end(2)
        while upcoming < len(whole) and whole[upcoming][1] <= boundary:
            upcoming += 1
        if upcoming < len(whole) and whole[upcoming][0] < boundary:
            continue
        if match.end() < end and _ends_sentence(text, first, end, match):
            sentences.append((first, boundary))
            first = match.end()
    sentences.append((first, end))
    return sentences


def _ends_sentence(text: str, first: int, end: int, match: re.Match[str]) -> bool:
    terminator, closers = match.group(1), match.group(2)
    after = NEXT_CHARACTER.match(text, match.end(), end)
    following = after.end() if after else end
    if following == end:
        return False
    character = text[following]
    if character.islower() or character in ",;:.":
        return False
    next_word = NEXT_WORD.match(text, following, end)
    following_word = next_word.group() if next_word else ""
    if terminator[0] == "…" or terminator.startswith(".."):
        return len(terminator) > 3 or following_word in words("starter")
    if terminator == ".":
        return _full_stop(text, first, match, character, following_word)
    if closers and ASKED.match(text, following, min(end, following + 200)):
        return False
    before = WORD_BEFORE.search(text, max(first, match.start() - 20), match.start())
    return not (before and before.group() in words("exclamatory name"))


def _full_stop(
    text: str, first: int, match: re.Match[str], character: str, following_word: str
) -> bool:
    found = WORD_BEFORE.search(text, max(first, match.start() - 40), match.start())
    word = found.group() if found else ""
    if match.group(2).strip("*_"):
        return not (word in words("title") and ")" not in match.group(2))
    if word in words("title") or word in words("never last"):
        return False
    if word in words("before number") and character.isdigit():
        return False
    if CLOCK.fullmatch(word):
        return character.isalpha() and following_word not in words("after clock")
    if (
        len(word) == 1
        and word.isupper()
        or INITIALS.fullmatch(word)
        or word in words("before name")
    ):
        return following_word in words("starter")
    return not (found and found.start() == first and LIST_NUMBER.fullmatch(word))
