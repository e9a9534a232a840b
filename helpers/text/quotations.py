"""Paragraphs and quotation marks of one text: where quotations open, close and run on.

A quotation never reaches beyond its paragraph. A speaker quoted over several paragraphs gives one
quotation a paragraph, the later ones `continued`. Everything here takes time linear in the text.
"""

from __future__ import annotations

import bisect
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest

LINE = re.compile(r"[^\n\r\x0b\x0c\x85\u2028\u2029]+")
LIST_ITEM = re.compile(r"[-*•+>#|]\s?|\d{1,3}[.)]\s")
MARK = re.compile(r"''|``|[\"“”„‟«»‹›‘’‚‛']")
ROCK_N_ROLL = re.compile(r"(?<!\w)['‘’][nN]['’](?!\w)")
ELISION = re.compile(
    r"['‘’](?:\d\ds?\b|(?:em|til|till|tis|twas|twere|cause|cos|cuz|bout|round|neath|nuff|sup)\b)",
    re.IGNORECASE,
)
FEET_AND_INCHES = re.compile(r"\d['’′]\s?\d{1,2}(?:[½¼¾]|\.\d)?$")

OPENING_BRACKETS = "([{<—–―-/|*_~>"
CLOSING_PUNCTUATION = ".,;:!?…)]}—–―-/|*_~"
QUOTE_CHARACTERS = "\"“”„‟«»‹›‘’‚‛'`"
FAMILIES = (
    ("curly", "“”‟"),
    ("straight", ('"', "''", "``")),
    ("low", "„"),
    ("guillemet", "«»"),
    ("single guillemet", "‹›"),
    ("single", "‘’‛'‚"),
)
FAMILY = {mark: family for family, marks in FAMILIES for mark in marks}
DOUBLES = ("curly", "straight", "low")

MIN_WRAP_WIDTH, MAX_WRAP_WIDTH = 55, 100


@dataclass(slots=True)
class Quotation:
    """One quotation inside one paragraph; `start` and `end` include its marks.

    `closed` is False when no closing mark was found before the paragraph ended, `continued` is True
    when the quotation takes up the unclosed one of the paragraph before, `level` is 1 for an
    outermost quotation and 2 for one inside it, `mark` is the opening mark as written ("" when
    the quotation runs on without one).
    """

    start: int
    end: int
    closed: bool
    continued: bool
    level: int
    mark: str


@dataclass(slots=True)
class _Open:
    start: int
    mark: str
    family: str
    reopened: int = -1


def find_paragraphs(text: str) -> list[tuple[int, int]]:
    """Return the spans of the paragraphs, without surrounding space, in order.

    A paragraph is one line, except in text whose lines were broken at a fixed width: there it is
    the run of full lines and the shorter line that ends it.
    """
    lines = []
    for match in LINE.finditer(text):
        line = match.group()
        stripped = line.strip()
        if stripped:
            start = match.start() + len(line) - len(line.lstrip())
            lines.append((start, start + len(stripped)))
    width = _wrap_width(text, lines)
    return _join_lines(text, lines, width) if width else lines


def _is_next_line(text: str, end: int, start: int) -> bool:
    gap = text[end:start]
    return gap.count("\n") + gap.count("\r") - gap.count("\r\n") == 1


def _is_full(text: str, line: tuple[int, int], following: tuple[int, int], width: float) -> bool:
    first_word = text[following[0] : following[1]].split(None, 1)[0]
    return line[1] - line[0] + 1 + len(first_word) > width


def _wrap_width(text: str, lines: list[tuple[int, int]]) -> int:
    """Return the width at which lines were broken, 0 when they were not."""
    if max((end - start for start, end in lines), default=0) > MAX_WRAP_WIDTH:
        return 0
    pairs = [
        (line, following)
        for line, following in zip(lines, lines[1:], strict=False)
        if _is_next_line(text, line[1], following[0])
    ]
    if len(pairs) < 3:
        return 0
    width = max(end - start for start, end in lines)
    if width < MIN_WRAP_WIDTH:
        return 0
    full = [line for line, following in pairs if _is_full(text, line, following, 0.8 * width)]
    broken = [line for line in full if text[line[1] - 1] not in '.!?:"”’…']
    return width if len(full) >= 0.6 * len(pairs) and len(broken) >= 0.6 * len(full) else 0


def _join_lines(text: str, lines: list[tuple[int, int]], width: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    last = (0, 0)
    for line in lines:
        runs_on = (
            joined
            and _is_next_line(text, last[1], line[0])
            and _is_full(text, last, line, 0.8 * width)
            and not LIST_ITEM.match(text, line[0])
        )
        if runs_on:
            joined[-1] = (joined[-1][0], line[1])
        else:
            joined.append(line)
        last = line
    return joined


def find_quotations(text: str, paragraphs: list[tuple[int, int]] | None = None) -> list[Quotation]:
    """Return the quotations of one text in order of start, an outer one before an inner one.

    `paragraphs` are those of `find_paragraphs`, where they are known already.

    Double marks (curly, straight, low, guillemets, two apostrophes) are quotations even when
    unclosed; single marks only when they close, or open two paragraphs in a row.
    """
    quotations: list[Quotation] = []
    paragraphs = find_paragraphs(text) if paragraphs is None else paragraphs
    left_open = ""
    for index, (start, end) in enumerate(paragraphs):
        marks = _find_marks(text, start, end)
        if not marks:
            left_open = ""
            continue
        following = paragraphs[index + 1] if index + 1 < len(paragraphs) else (end, end)
        reader = _ParagraphReader(text, start, end, left_open, _first_family(text, following))
        quotations.extend(reader.read(marks))
        left_open = reader.left_open
    return quotations


class Quotations:
    """The quotations of one text, found by offset: `all`, and the `outermost` of them."""

    def __init__(self, found: list[Quotation]) -> None:
        self.all = found
        self.outermost = [quotation for quotation in found if quotation.level == 1]
        self._starts = [quotation.start for quotation in self.outermost]
        self._ends = [quotation.end for quotation in self.outermost]
        self._continued = {quotation.start for quotation in self.outermost if quotation.continued}

    def hold(self, offset: int) -> bool:
        """Tell whether an offset lies inside a quotation, marks included."""
        return bisect.bisect_right(self._ends, offset) < bisect.bisect_right(self._starts, offset)

    def goes_on(self, offset: int) -> bool:
        """Tell whether a quotation starts here that only goes on from the paragraph before."""
        return offset in self._continued

    @cached_property
    def whole(self) -> list[tuple[int, int]]:
        """The spans of closed quotations, and of those that run on to the next paragraph.

        Of nested ones only the outermost is given.
        """
        found = self.all
        run_on = {
            earlier.start
            for earlier, later in zip(found, found[1:], strict=False)
            if later.continued and not earlier.closed
        }
        spans: list[tuple[int, int]] = []
        for quotation in found:
            whole = quotation.closed or quotation.start in run_on
            if whole and (not spans or quotation.start >= spans[-1][1]):
                spans.append((quotation.start, quotation.end))
        return spans


def mask(found: list[Quotation], length: int) -> bytearray:
    """Return one byte a character of a text: 1 inside the marks that it quotes speech with.

    These are the double marks; the single ones too where single marks are the text's main mark,
    as in much British copy.
    """
    quotations = [quotation for quotation in found if quotation.level == 1]
    singles = [quotation for quotation in quotations if _is_single(quotation)]
    keep_singles = 2 * len(singles) > len(quotations)
    quoted = bytearray(length)
    for quotation in quotations:
        if keep_singles or not _is_single(quotation):
            length = quotation.end - quotation.start
            quoted[quotation.start : quotation.end] = b"\x01" * length
    return quoted


def _is_single(quotation: Quotation) -> bool:
    return FAMILY.get(quotation.mark) in ("single", "single guillemet")


def _first_family(text: str, paragraph: tuple[int, int]) -> str:
    """Return the family of the mark a paragraph opens with, "" when it opens with none."""
    start, end = paragraph
    while start < end and text[start] in "> *_":
        start += 1
    match = MARK.match(text, start, end)
    if not match or ELISION.match(text, start):
        return ""
    return FAMILY[match.group()]


def _find_marks(text: str, start: int, end: int) -> list[tuple[int, str, str]]:
    """Return (offset, mark, context) of the marks of a paragraph that are not apostrophes.

    The context is "open", "close", "either", or "weak" for a closing single mark that can also be
    an apostrophe (dogs' tails).
    """
    skipped = {
        offset
        for match in ROCK_N_ROLL.finditer(text, start, end)
        for offset in (match.start(), match.end() - 1)
    }
    marks = []
    for match in MARK.finditer(text, start, end):
        offset, mark = match.start(), match.group()
        if offset in skipped:
            continue
        context = _context(text, start, end, offset, offset + len(mark))
        if FAMILY[mark] == "single":
            context = _single_context(text, start, end, offset, mark, context)
        if context:
            marks.append((offset, mark, context))
    return marks


def _neighbours(text: str, start: int, end: int, left: int, right: int) -> tuple[str, str]:
    """Return the characters around a mark, looking past three other marks; "" at the edges."""
    before, after = left - 1, right
    stop = max(start, left - 3)
    while before >= stop and text[before] in QUOTE_CHARACTERS:
        before -= 1
    stop = min(end, right + 3)
    while after < stop and text[after] in QUOTE_CHARACTERS:
        after += 1
    return (
        text[before] if before >= start else "",
        text[after] if after < end else "",
    )


def _context(text: str, start: int, end: int, left: int, right: int) -> str:
    before, after = _neighbours(text, start, end, left, right)
    may_open = not before or before.isspace() or before in OPENING_BRACKETS
    may_close = not after or after.isspace() or after in CLOSING_PUNCTUATION
    if may_open == may_close:
        return "either"
    return "open" if may_open else "close"


def _single_context(text: str, start: int, end: int, offset: int, mark: str, context: str) -> str:
    """Return the context of a single mark, "" when it is an apostrophe."""
    before = text[offset - 1] if offset > start else ""
    after = text[offset + 1] if offset + 1 < end else ""
    if before.isalnum() and after.isalnum():
        return ""
    if mark in "‘‛‚":
        if mark != "‚" and ELISION.match(text, offset):
            return ""
        return "close" if context == "close" else "open"
    if context == "open":
        return "open" if mark == "'" and not ELISION.match(text, offset) else ""
    if context == "either":
        return "close" if before and not before.isspace() else ""
    possessive = before in "szxSZX" or text[offset - 2 : offset] == "in"
    feet = mark == "'" and before.isdigit()
    return "weak" if feet or (possessive and after.isspace()) else "close"


class _ParagraphReader:
    """Pairs the marks of one paragraph; `left_open` is then the family that runs on, if any."""

    def __init__(self, text: str, start: int, end: int, left_open: str, next_family: str):
        self.text, self.start, self.end = text, start, end
        self.from_before = left_open
        self.next_family = next_family
        self.left_open = ""
        self.stack: list[_Open] = []
        self.depth: Counter[str] = Counter()
        self.found: list[Quotation] = []

    def read(self, marks: list[tuple[int, str, str]]) -> list[Quotation]:
        for (offset, mark, context), later in zip(marks, _look_ahead(marks), strict=True):
            family = FAMILY[mark]
            if family == "single":
                self._read_single(offset, mark, context, later)
            elif family in ("guillemet", "single guillemet"):
                self._read_guillemet(offset, mark, family, context)
            elif not (mark == '"' and self._is_inches(offset, context, later.straight)):
                self._read_double(offset, mark, family, context)
        self._end_paragraph()
        self._mark_continued()
        self.found.sort(key=lambda quotation: (quotation.start, -quotation.end))
        _set_levels(self.found)
        return self.found

    def _push(self, offset: int, mark: str, family: str) -> None:
        if self.depth[family] and self.stack[-1].family == family:
            self.stack[-1].reopened = offset
        self.stack.append(_Open(offset, mark, family))
        self.depth[family] += 1

    def _close(self, family: str, end: int) -> None:
        while True:
            opened = self.stack.pop()
            self.depth[opened.family] -= 1
            if opened.family == family:
                break
        self.found.append(Quotation(opened.start, end, True, False, 1, opened.mark))

    def _close_from_before(self, family: str, end: int) -> None:
        """Close the quotation that the paragraph before left open and this one runs on with."""
        if family == self.from_before and not self.stack and not self.found:
            self.found.append(Quotation(self.start, end, True, True, 1, ""))
            self.from_before = ""

    def _read_double(self, offset: int, mark: str, family: str, context: str) -> None:
        end = offset + len(mark)
        if self._opens(mark, family, context):
            self._push(offset, mark, family)
            return
        partners = (family, *(other for other in DOUBLES if other != family))
        for partner in partners:
            if self.depth[partner]:
                self._close(partner, end)
                return
        self._close_from_before(family, end)

    def _opens(self, mark: str, family: str, context: str) -> bool:
        if mark in "„``":
            return True
        if mark == "“":
            return not (context == "close" or (context == "either" and self.depth["low"]))
        if mark == "”":
            return context == "open" and not any(self.depth[other] for other in DOUBLES)
        return context == "open" or (context == "either" and not self.depth[family])

    def _read_guillemet(self, offset: int, mark: str, family: str, context: str) -> None:
        if self.depth[family] and self._opener(family).mark != mark:
            self._close(family, offset + 1)
        elif mark in "«‹" or context == "open":
            self._push(offset, mark, family)
        else:
            self._close_from_before(family, offset + 1)

    def _opener(self, family: str) -> _Open:
        return next(opened for opened in reversed(self.stack) if opened.family == family)

    def _read_single(self, offset: int, mark: str, context: str, later: _Later) -> None:
        if context == "open":
            self._push(offset, mark, "single")
        elif self.stack and self.stack[-1].family == "single":
            beneath = len(self.stack) > 1 and self.stack[-2].family != "single"
            coming = later.single_inside if beneath else later.single
            if not (context == "weak" and coming == "close"):
                self._close("single", offset + 1)
        elif context == "close":
            self._close_from_before("single", offset + 1)

    def _is_inches(self, offset: int, context: str, next_context: str) -> bool:
        """Say whether a straight mark after a number stands for inches."""
        if offset == self.start or not self.text[offset - 1].isdigit():
            return False
        if FEET_AND_INCHES.search(self.text, max(self.start, offset - 6), offset):
            return True
        if not self.depth["straight"]:
            return context != "open" and not self.from_before
        return next_context == "close"

    def _end_paragraph(self) -> None:
        covered = self.start
        for opened in self.stack:
            if opened.start < covered or not self._may_stay_open(opened):
                continue
            end = self.end if opened.reopened < 0 else opened.reopened
            end = opened.start + len(self.text[opened.start : end].rstrip())
            covered = end
            if end > opened.start + len(opened.mark):
                self.found.append(Quotation(opened.start, end, False, False, 1, opened.mark))
            if opened.reopened < 0 and end == self.end:
                self.left_open = opened.family

    def _may_stay_open(self, opened: _Open) -> bool:
        if opened.family not in ("single", "single guillemet"):
            return True
        before = self.text[self.start : opened.start].rstrip(" >*_\xa0")
        begins = not before or before[-1] in ".,:;!?—–…"
        following = self.text[opened.start + 1 : opened.start + 2]
        return (
            begins
            and not following.islower()
            and opened.reopened < 0
            and self.next_family == opened.family
        )

    def _mark_continued(self) -> None:
        if not self.from_before or not self.found:
            return
        first = min(self.found, key=lambda quotation: (quotation.start, -quotation.end))
        leads = not self.text[self.start : first.start].strip("> *_")
        if leads and FAMILY.get(first.mark) == self.from_before:
            first.continued = True


@dataclass(slots=True)
class _Later:
    """Contexts of the next single and straight marks; `single_inside` ends at a closing double."""

    single: str = ""
    single_inside: str = ""
    straight: str = ""


def _look_ahead(marks: list[tuple[int, str, str]]) -> list[_Later]:
    later = []
    single = inside_double = straight = ""
    for _, mark, context in reversed(marks):
        later.append(_Later(single, inside_double, straight))
        family = FAMILY[mark]
        if family == "single":
            if context != "weak":
                single = inside_double = context
        elif context == "close" or mark in "”»":
            inside_double = ""
        if family == "straight":
            straight = context
    later.reverse()
    return later


def _set_levels(quotations: list[Quotation]) -> None:
    ends: list[int] = []
    for quotation in quotations:
        while ends and ends[-1] <= quotation.start:
            ends.pop()
        quotation.level = len(ends) + 1
        ends.append(quotation.end)


def find_unclosed(found: Sequence[Quotation]) -> list[Quotation]:
    """Find the quotations that are opened, not closed, and not gone on with by the next one."""
    return [
        quotation
        for quotation, following in zip_longest(found, found[1:])
        if not quotation.closed and not (following and following.continued)
    ]
