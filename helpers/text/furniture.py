"""What a paragraph shows by its own words to be: byline, dateline, caption, credit, link, notice.

Every pattern is tried at one place or on a paragraph of bounded length, so that time stays linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from helpers.store import lexicons
from helpers.text.sentences import ends_with, finish


@cache
def form(name: str) -> re.Pattern[str]:
    """Return the expression of a form of `furniture_forms.csv`.

    `<<name>>` in an expression stands for another form, or for any of the patterns of that kind in
    `furniture_patterns.csv`.
    """
    return re.compile(_expression(name))


def _expression(name: str) -> str:
    pattern = lexicons.read_facts("furniture_forms", "form", "pattern")[name]
    patterns = lexicons.read_facts("furniture_patterns", "pattern", "kind")

    def whole(inner: re.Match[str]) -> str:
        listed = "|".join(pattern for pattern, kind in patterns.items() if kind == inner[1])
        return listed or _expression(inner[1])

    return re.sub(r"<<([a-z ]+)>>", whole, pattern)


def _words(kind: str) -> frozenset[str]:
    return lexicons.read_words("furniture_words", kind)


@cache
def _agencies() -> dict[str, str]:
    """Return the names of agencies by every alias, without case and article."""
    known = lexicons.read_aliases("outlets", kind="agency")
    return {alias.casefold().removeprefix("the "): name for alias, name in known.items()}


@cache
def _long_names() -> re.Pattern[str]:
    """Return the pattern of the aliases that no word or acronym can be taken for."""
    known = lexicons.read_aliases("outlets", kind="agency")
    long = [alias for alias in known if len(alias) > 5 and not alias.isupper()]
    listed = "|".join(map(re.escape, sorted(long, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)")


@dataclass(slots=True)
class Dateline:
    """A dateline at the start of a paragraph: its end and its place, as written."""

    end: int
    place: str
    agency: str


def only_names(text: str, limit: int = 60) -> bool:
    """Say whether text holds nothing but names and the small words that join them in a credit."""
    words = [word.strip('.,;:()[]*_—–-|/&"“”') for word in text.replace("/", " ").split()]
    words = [word for word in words if word]
    if not words or len(words) > limit:
        return False
    names = [bool(form("name").fullmatch(word)) for word in words]
    small = _words("small word in a credit")
    return any(names) and all(
        is_name or word.lower() in small for word, is_name in zip(words, names, strict=True)
    )


def find_agency(text: str) -> str:
    """Return the canonical name of the agency that a byline or credit names, else "".

    Acronyms count only as a whole part ("By AFP", "Jane Doe, AP", "(Reuters/AP)"), never as one
    word of a name.
    """
    for part in form("part break").split(text):
        bare = part.strip(" .:*_-\t\xa0").casefold().removeprefix("the ")
        bare = bare.removeprefix("copyright ").lstrip("0123456789 ")
        if bare in _agencies():
            return _agencies()[bare]
    found = _long_names().search(text)
    return lexicons.read_aliases("outlets", "agency")[found.group()] if found else ""


def read_dateline(text: str) -> Dateline | None:
    """Read the dateline that a paragraph starts with, followed by text or alone on its line."""
    head = text[:600]
    if match := form("dateline agency").match(head):
        return Dateline(match.end(), "", match["agency"])
    match = form("dateline").match(head)
    if match and match.end() < len(head) and _is_dateline(match, head):
        return Dateline(match.end(), *_place_and_agency(match))
    match = form("dateline alone").fullmatch(text) if len(text) < 100 else None
    if match and (match["region"] or match["date"] or match["agency"]) and _may_be_place(match):
        return Dateline(len(text), *_place_and_agency(match))
    return None


def _place_and_agency(match: re.Match[str]) -> tuple[str, str]:
    return match["place"] + match["region"], (match["agency"] or "").strip("()[]")


def _may_be_place(match: re.Match[str]) -> bool:
    return match["place"].split()[0].casefold().rstrip(".") not in _words("not a dateline")


def _is_dateline(match: re.Match[str], head: str) -> bool:
    following = head[match.end() :]
    if not _may_be_place(match) or following[0].islower():
        return False
    if match["agency"] or match["date"]:
        return True
    if match["dash"].startswith(":"):
        return bool(match["upper"]) and bool(match["region"] or " " in match["place"])
    upper = match["upper"]
    if upper and (match["region"] or len(upper) > 5):
        return True
    if not upper and not match["dash"][0].isspace():
        return False
    dash = match["dash"].strip()
    sentence = following[: finish(following, 0, len(following))]
    return sentence.count(f" {dash} ") % 2 == 0


def is_byline(text: str) -> bool:
    """Say whether a short line names who wrote the article."""
    if len(text) > 200:
        return False
    if match := form("byline").match(text):
        names = form("job").split(form("bar").split(match["names"])[0])[0]
        return only_names(names, 25)
    if form("bar").search(text) and is_name_line(text):
        return True
    bare = text.strip("*_ —–-.")
    if form("staff").fullmatch(bare) or bare.casefold().removeprefix("the ") in _agencies():
        return True
    job = form("job").search(text)
    return bool(job and only_names(text[: job.start()], 12) and not ends_with(text, ".!?"))


def is_head_mark(text: str) -> bool:
    """Say whether a line is the date, or the label, that stands between a head and its story."""
    return bool(form("date line").fullmatch(text)) or text.rstrip(".:").casefold() == "full text"


def is_name_line(text: str) -> bool:
    """Say whether a line is up to four bare names: Jane Doe and John Roe."""
    bare = text.strip("*_ ")
    if len(bare) > 90 or ends_with(bare, ".!?:"):
        return False
    people = form("between names").split(form("behind names").split(bare)[0])
    words = [person.split() for person in people]
    return len(people) <= 4 and all(
        2 <= len(person) <= 4 and all(map(form("name").fullmatch, person)) for person in words
    )


def is_credit(text: str) -> bool:
    """Say whether a paragraph says who edited, reported or contributed, or names its agency."""
    if len(text) > 500:
        return False
    if form("credit").match(text) and only_names(text.replace(";", ",").replace("&", ",")):
        return True
    if len(text) <= 300 and form("credit inside").search(text) and only_names(text):
        return True
    return is_agency_line(text) or bool(
        len(text) < 300 and form("copyright").match(text) and find_agency(text)
    )


def find_trailing_credit(text: str) -> int:
    """Return where the credit at the end of a paragraph begins, 0 where there is none."""
    for pattern in (form("trailing credit"), form("trailing agency")):
        match = pattern.search(text, max(0, len(text) - 400))
        if match and is_credit(match["credit"].strip()):
            return match.start("credit")
    return 0


def is_agency_line(text: str) -> bool:
    """Say whether a line is an agency's name and nothing more: "— Reuters", "(AP)"."""
    bare = text.strip("—–-()[]*_. ").casefold().removeprefix("the ")
    return len(text) < 60 and bare in _agencies()


def is_notice(text: str) -> bool:
    """Say whether a paragraph is the site's, not the story's: dates, sign-ups, shares, rules."""
    if not any(character.isalnum() for character in text):
        return True
    if len(text) > 500:
        return False
    return bool(
        form("notice").match(text)
        or form("notice alone").fullmatch(text)
        or form("date line").fullmatch(text)
        or form("url").fullmatch(text)
    )


def is_caption(text: str) -> bool:
    """Say whether a paragraph is shown to be a caption by a slug, an image, a label or a credit."""
    if len(text) > 800:
        return False
    begins = form("image").match(text) or form("caption label").match(text)
    if begins or form("slug").match(text) or form("photo line").match(text):
        return True
    credit = form("photo credit").search(text, max(0, len(text) - 160))
    listed = form("list mark").match(text) or text.startswith("-")
    return bool(credit and len(text) < 500 and not listed and not text.endswith((").", "].")))


def is_photo_credit(text: str) -> bool:
    """Say whether a line credits a picture and nothing else: "Photo: Ann Lee/Reuters"."""
    if len(text) > 120:
        return False
    label = form("caption label").match(text)
    named = label is not None and only_names(text[label.end() :], 10)
    return named or bool(form("photo line").match(text))


def read_caption(text: str) -> str:
    """Return what a caption paragraph says, without image slug, label and photo credit."""
    if image := form("image").match(text):
        return image["alt"]
    start = 0
    if match := form("slug").match(text):
        start = match.end()
    start += len(text[start:]) - len(text[start:].lstrip(" \t\xa0*_|:\r\n"))
    if is_photo_credit(text[start:]):
        return ""
    if match := form("caption label").match(text, start):
        start = match.end()
    end = len(text)
    if (
        (match := form("photo credit").search(text, max(start, len(text) - 160)))
        or (match := form("last words").search(text, max(start, end - 100)))
        and only_names(match["names"], 8)
    ):
        end = match.start()
    return text[start:end].rstrip(" \t\xa0*_\r\n")


def is_related_header(text: str) -> bool:
    """Say whether a line announces links to other stories."""
    return len(text) < 80 and bool(form("related header").fullmatch(text))


def is_related_line(text: str) -> bool:
    """Say whether one line both announces and gives a link: "Read more: …"."""
    match = form("related inline").match(text) if len(text) < 220 else None
    return bool(match) and not ends_with(text, ".")


def is_link_like(text: str) -> bool:
    """Say whether a line can be a link to another story: short and without a full stop."""
    if len(text) > 180 or "\n" in text:
        return False
    linked = form("markdown link").search(text) or form("url").fullmatch(text)
    if linked or form("list mark").match(text):
        return True
    return not ends_with(text, ".:;,")
