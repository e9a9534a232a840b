"""Answers of newspapers' and archives' programs: the records in them, how many they announce."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from helpers.read.columns import as_text, field_names, guess_mapping, plain
from helpers.read.documents import Unreadable

DEEPEST_WRAPPER = 4
MOST_DRIFT = 0.02  # by which an announced number may change between two pages of one answer
LONGEST_ERROR = 200


class Answer(NamedTuple):
    """How many articles one answer announces and lists, which page of how many it is.

    What it does not say is 0; `more` is whether it names a page that follows.
    """

    announced: int
    listed: int
    page: int = 0
    pages: int = 0
    more: bool = False

    def told(self) -> str:
        """Say it in words."""
        of = f" of {self.pages:,}" if self.pages else ""
        said = f"page {self.page:,}{of} of an answer" if self.page else "an answer"
        said += f" that announces {self.announced:,} articles" if self.announced else ""
        return f"{said}, {self.listed:,} of which it lists"


@dataclass
class Found:
    """The records of a file, the lengths of lists beside them that are not read, its answers."""

    records: list[Any]
    unread: dict[str, int] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)


def find_records(content: Any) -> Found:
    """Find the records in JSON: a list, the list in wrappers, or those of answers in a list.

    Raises Unreadable for an answer that lists nothing, or is an error.
    """
    if isinstance(content, list):
        inner = [answer_in(one) for one in content]
        several = [one for one in inner if one]
        if not several or len(several) < len(content):
            return Found(content)
        found = Found([record for one in several for record in one.records])
        for one in several:
            found.unread |= one.unread
            found.answers += one.answers
        return found
    held = _find_list(content, []) or _by_keys(content) if isinstance(content, dict) else None
    if not held and isinstance(content, dict) and not _is_article(content):
        _refuse_error(content)
    return held or Found([content])


def _by_keys(content: dict[str, Any]) -> Found | None:
    """Return the records that an object holds by a key each, or by column, as pandas does."""
    names, rows, values = content.get("columns"), content.get("data"), [*content.values()]
    if _is_list_of(str, names) and _is_list_of(list, rows):
        return Found([dict(zip(names or [], row, strict=False)) for row in rows or []])
    if not _is_list_of(dict, values):
        return None
    if all(map(_is_article, values)):
        return Found(values)
    if not _is_article(content) or any(one.keys() != values[0].keys() for one in values):
        return None
    return Found([{name: one[key] for name, one in content.items()} for key in values[0]])


def _is_list_of(kind: type, found: Any) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(one, kind) for one in found)


def answer_in(content: Any) -> Found | None:
    """Return the records of an answer, None for what is an article itself."""
    if not isinstance(content, dict) or _is_article(content):
        return None
    return _find_list(content, [])


def _is_article(content: Mapping[str, Any]) -> bool:
    return not {"text", "title"}.isdisjoint(guess_mapping(content))


def _find_list(content: dict[str, Any], above: list[dict[str, Any]]) -> Found | None:
    """Return the records that an object or its wrappers hold in a list."""
    names, above = field_names("json"), [*above, content]
    lists = {name: value for name, value in content.items() if isinstance(value, list)}
    named = next((name for name in names["list"] if name in lists), None)
    chosen = named or (next(iter(lists), "") if len(content) == 1 else "")
    held = {
        name: len(value)
        for name, value in lists.items()
        if value and all(isinstance(record, dict) for record in value)
    }
    if chosen in held:
        unread = {name: number for name, number in held.items() if name != chosen}
        return Found(lists[chosen], unread, answer_of(above, held[chosen]))
    if named and not lists[named] and not _is_article(content) and (told := answer_of(above, 0)):
        raise Unreadable(f"it is {told[0].told()}; ask again, with other words or another page")
    inner = {name: value for name, value in content.items() if isinstance(value, dict)}
    wrappers = inner if not _is_article(content) else {*names["outer"]} & inner.keys()
    for name in wrappers if len(above) <= DEEPEST_WRAPPER else ():
        if found := _find_list(inner[name], above):
            found.unread = held | found.unread
            return found
    return None


def answer_of(wrappers: list[dict[str, Any]], listed: int) -> list[Answer]:
    """Return what the wrappers of a list tell of it, nothing where they announce nothing.

    The innermost wrapper comes last.
    """
    told: dict[str, Any] = {}
    for wrapper in reversed(wrappers):
        for part in (wrapper, *(one for one in wrapper.values() if isinstance(one, dict))):
            for name, value in part.items():
                told.setdefault(plain(name), value)
    names = field_names("answer")
    following = [told[name] for name in names["next"] if name in told]
    announced = _number(told, names["total"])
    if announced >= listed or following:
        page, pages = _number(told, names["page"]), _number(told, names["pages"])
        return [Answer(announced, listed, page, pages, any(following))]
    return []


def _number(told: Mapping[str, Any], names: Iterable[str]) -> int:
    written = (as_text(told.get(name)) for name in names if not isinstance(told.get(name), list))
    return next((int(one) for one in written if one.isdecimal() and len(one) < 10), 0)


def _refuse_error(content: Mapping[str, Any]) -> None:
    """Raise Unreadable for an answer that says only why there are no articles."""
    told = next(filter(None, map(content.get, field_names("answer")["error"])), None)
    said = " ".join(as_text(told).split())
    if said and len(said) < LONGEST_ERROR:  # else it may be an article of someone's own making
        raise Unreadable(f"the answer is an error and holds no articles ({said}); ask again")


# --------------------------------------------------------------------------- pages of one answer


def settle(answers: Iterable[tuple[str, Answer]]) -> tuple[dict[str, str], dict[str, int]]:
    """Return the problem of each answer of which pages lack, and what each file announces.

    Takes the path of each answer's file. Files of a folder that announce the same number are
    pages of one answer. A problem is under the path of the first of its pages; the number that a
    page of a whole answer announces is that of the articles it lists.
    """
    problems: dict[str, str] = {}
    announced: dict[str, int] = {}
    for pages in _together(answers):
        lacking = _lacking(pages)
        if lacking:
            problems[pages[0][0]] = lacking
        for path, one in pages:
            if lacking and one.announced:
                announced[path] = one.announced
            else:
                announced[path] = announced.get(path, 0) + one.listed
    return problems, announced


def _together(answers: Iterable[tuple[str, Answer]]) -> Iterator[list[tuple[str, Answer]]]:
    """Yield the answers that are pages of one."""
    folders = defaultdict(list)
    for path, one in answers:
        if one.announced and one.announced == one.listed:
            yield [(path, one)]
        else:
            folders[PurePosixPath(path).parent].append((path, one))
    for found in folders.values():
        found.sort(key=lambda pair: (pair[1].announced, pair[1].page, pair[0]))
        pages = found[:1]
        for pair in found[1:]:
            if pair[1].announced > (1 + MOST_DRIFT) * pages[-1][1].announced:
                yield pages
                pages = []
            pages.append(pair)
        yield pages


def _lacking(pages: list[tuple[str, Answer]]) -> str:
    """Say in words what lacks of an answer of which there are pages; "" when it is whole."""
    first = pages[0][1]
    each = {one.page or path: one for path, one in pages}
    here, files = sum(one.listed for one in each.values()), len({path for path, _ in pages})
    whole = here >= first.announced if first.announced else not all(one.more for _, one in pages)
    if whole:
        return ""
    said = f"it is {first.told()}"
    if files > 1:
        said += f"; with the {files - 1:,} other{'s' * (files > 2)} beside it {here:,} are here"
    wanted = _pages_wanted({one.page for one in each.values()}, first.pages)
    advice = f"ask for {wanted} too, and save each answer here as a file of its own"
    return f"{said}; {advice}"


def _pages_wanted(there: set[int], pages: int) -> str:
    """Name the pages that lack, by their numbers where the answers tell them."""
    lacking = sorted({*range(1, pages + 1)} - there)
    if not lacking or there == {0}:
        return "the pages that follow"
    runs: list[list[int]] = []
    for number in lacking:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return f"page{'s' * (len(lacking) > 1)} " + ", ".join(" to ".join(map(str, r)) for r in runs)
