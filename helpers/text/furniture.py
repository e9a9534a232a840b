"""What a paragraph shows by its own words to be: byline, dateline, caption, credit, link, notice.

Every pattern is tried at one place or on a paragraph of bounded length, so that time stays linear.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from helpers.store import lexicons

AGENCIES = lexicons.read_aliases("outlets", kind="agency")
AGENCY_OF = {alias.casefold().removeprefix("the "): name for alias, name in AGENCIES.items()}
WORDS = lexicons.read_lexicon("furniture_words").groupby("kind")["word"].agg(frozenset)
PATTERNS = lexicons.read_lexicon("furniture_patterns").groupby("kind")["pattern"].agg("|".join)
PART_BREAK = re.compile(r"[,;/|()\[\]–—©\n]| - |\b(?:[Bb]y|BY|for|of|via|and|from|with|in)\b")
LONG_NAMES = re.compile(
    r"(?<!\w)(?:"
    + "|".join(
        re.escape(alias)
        for alias in sorted(AGENCIES, key=len, reverse=True)
        if len(alias) > 5 and not alias.isupper()
    )
    + r")(?!\w)"
)

MONTH = (
    r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
WEEKDAY = r"(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\b\.?"

# Datelines
_CAPITAL = "A-ZÀ-ÖØ-ÞĆČĐĞİŁŃŐŘŚŞŠŰŹŻŽ"
_UPPER = rf"[{_CAPITAL}][{_CAPITAL}.’'/-]+"
_PLACE_UPPER = rf"{_UPPER}(?:[ ]{_UPPER}){{0,4}}"
_TITLE = rf"[{_CAPITAL}][\w.’'-]{{1,24}}"
_PLACE_TITLE = rf"{_TITLE}(?:[ ](?:{_TITLE}|of|de|la|le|al|el|upon|do|del)){{0,3}}"
_REGION = rf"(?:,[ ](?!{MONTH}[ ]\d){_TITLE}(?:[ ](?:of[ ]|and[ ])?{_TITLE}){{0,2}}){{0,2}}"
_DATE = (
    rf"(?:,?[ ](?:{WEEKDAY},?[ ])?(?:{MONTH}[ ]\d{{1,2}}|\d{{1,2}}[ ]{MONTH})(?:,?[ ]\d{{4}})?)?"
)
_AGENCY = r"(?:,?[ ]?(?P<agency>[(\[][^()\[\]\n]{2,40}[)\]]))?"
DATELINE = re.compile(
    rf"[*_]{{0,2}}(?P<place>(?P<upper>{_PLACE_UPPER})(?![a-z])|(?P<title>{_PLACE_TITLE}))"
    rf"(?P<region>{_REGION})(?P<date>{_DATE}){_AGENCY}[*_]{{0,2}}"
    r"(?P<dash>\s{0,2}(?:[–—―]|--)|\s{1,2}-(?=\s)|:(?=\s))[*_]{0,2}\s{0,3}"
)
DATELINE_AGENCY = re.compile(r"\((?P<agency>[A-Z][^()\n]{1,40})\)\s{0,2}(?:[–—―-]{1,2})\s{1,3}")
DATELINE_ALONE = re.compile(
    rf"(?P<place>(?P<upper>{_PLACE_UPPER}))(?P<region>{_REGION})(?P<date>{_DATE}){_AGENCY}"
    r"\s{0,2}[–—―:-]{0,2}"
)
NOT_A_PLACE = WORDS["not a dateline"]

# Bylines
BYLINE = re.compile(
    r"[*_\W]{0,3}(?:By|BY|by|Words by|Story by|Posted by|Report by|Text by|From)(?::\s*|\s+)"
    r"(?P<names>\S.*)",
    re.DOTALL,
)
JOB = re.compile(
    r",\s+(?:(?:special|senior|chief|staff|associate|assistant|political|foreign|national|"
    r"diplomatic|business|science|health|environment|security|legal|economics?|culture|sports?|"
    r"deputy|contributing|freelance|court|crime|city|regional|education)\s+){0,3}"
    r"(?:writers?|reporters?|correspondents?|editors?|contributors?|columnists?|bureau|staff|"
    r"associated press|reuters|afp|news service)\b",
    re.IGNORECASE,
)
STAFF = re.compile(
    r"(?:(?:from )?(?:our )?(?:staff|agencies|staff reports?|staff reporters?|staff writers?|"
    r"(?:staff|special|our own) correspondents?|wire (?:reports|services)|news agencies|"
    r"(?:staff|agencies|wires) and (?:agencies|wires|staff)))",
    re.IGNORECASE,
)
NAME = re.compile(
    r"(?:[^\W\d_]\.){1,3}|(?:[A-ZÀ-ÞŠŽČĆŁ]|(?:al|el|ibn)-)[^\W\d_]*(?:[’'.-][^\W\d_]*)*"
)
SMALL_WORDS = WORDS["small word in a credit"]

# Credits
CREDIT = re.compile(
    r"[(\[*_\s—–-]{0,4}(?:(?:additional |further |with )?(?:reporting|writing|editing|research|"
    r"production|translation|photography|graphics?)(?: and \w+)? by|(?:edited|reported|written|"
    r"compiled|translated|produced|copy[- ]?edited|fact[- ]checked)(?: and \w+)? by|"
    r"with (?:additional )?(?:files|inputs?|reporting|contributions?)(?: and \w+)? (?:from|by)|"
    r"(?:editors?|reporters?|reporting|editing|contributors?|sources?|author|translation):)",
    re.IGNORECASE,
)
CREDIT_INSIDE = re.compile(
    r"\b(?:contributed (?:reporting|research|to (?:this|the) (?:report|story|article|piece|"
    r"dispatch))|with (?:additional )?reporting by|(?:additional )?(?:reporting|editing) by|"
    r"reported from)\b",
    re.IGNORECASE,
)
TRAILING_CREDIT = re.compile(
    r"(?<=[.!?”\"’'])\s(?P<credit>[(\[*_]{0,2}(?:Additional |Further |With )?"
    r"(?:Reporting|Writing|Editing|Edited|Reported|Written|Compiled|Translated)"
    r"(?: and \w+)? by\s[^.!?]{3,300}[.)\]*_]*)$"
)
TRAILING_AGENCY = re.compile(
    r"(?<=[.!?”\"’'])\s(?P<credit>(?:[—–-]\s?[^—–.!?()]{2,40}|\([^().!?]{2,40}\)))\.?$"
)

# Captions
SLUG = re.compile(
    r"(?=[\w.-]*[_\d])(?:[a-z0-9]+(?:[-_][A-Za-z0-9]+){4,}|[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*_[\w-]+|"
    r"[\w-]+(?=\.(?:jpe?g|png|webp|gif)\b))(?:\.(?:jpe?g|png|webp|gif))?(?=\s|$)|"
    r"[\w-]+\.(?:jpe?g|png|webp|gif)(?=\s|$)",
    re.IGNORECASE,
)
IMAGE = re.compile(r"!\[(?P<alt>[^\]\n]*)\]\((?P<source>[^)\s]*)[^)\n]*\)")
CAPTION_LABEL = re.compile(
    r"[*_]{0,2}(?:file(?: (?:photo|image|picture|pic))?|photos?|pictures?|images?|pic|captions?|"
    r"photo caption|graphic|illustration|video grab|screengrab)\s?(?:[:|]|\s[–—-])[*_]{0,2}\s*",
    re.IGNORECASE,
)
PHOTO_LINE = re.compile(
    r"(?:photo(?:graph)?s?|image|picture|illustration) (?:by|credit|courtesy)\b|(?:photo|image|"
    r"picture) credits?\s?:|credit\s?:|file photo\b",
    re.IGNORECASE,
)
PHOTO_SOURCES = (
    r"(?:Reuters|AP|AFP|Getty(?: Images)?|EPA(?:-EFE)?|Bloomberg|Xinhua|Shutterstock|Alamy|TASS|"
    r"Sputnik|Yonhap|Kyodo|PA|PA Wire|Zuma(?: Press)?|Anadolu|Rex|iStock|Unsplash|Planet Labs|"
    r"Maxar|KCNA|NurPhoto|Pool|Handout|Press Association|Associated Press|AP Photo|UPI)"
)
PHOTO_CREDIT = re.compile(
    rf"\s*(?:(?<!\])[(\[](?P<bracket>(?=[^()\[\]]*(?:/|\bphoto\b|\bcourtesy\b|\bhandout\b|\bcredit\b|"
    rf"\bimages?\b|\bscreenshot\b|\bvia\b|\bpicture\b|{PHOTO_SOURCES}[)\]]))[^()\[\]]{{2,100}})(?<!\.)[)\]]|"
    rf"(?<=[.!?])\s+(?P<open>(?:(?:Photo(?:graph)?|Picture|Image|Credit)s?(?: credit| by|:|"
    rf" courtesy of)[^.!?]{{3,80}})|[^.!?/]{{3,40}}/\s?{PHOTO_SOURCES}[^.!?]{{0,30}}))"
    r"\.?[*_]{0,2}$",
    re.IGNORECASE,
)
LAST_WORDS = re.compile(r"(?<=[.!?”\"])\s+(?P<names>[^.!?]{3,80})[*_]{0,2}$")

# Links to other stories
RELATED_HEADER = re.compile(
    rf"[#*_\"“\s]{{0,4}}(?:{PATTERNS['related header']})\s?:?[*_\"”]{{0,3}}", re.IGNORECASE
)
RELATED_INLINE = re.compile(
    r"[#*_>\s-]{0,4}(?:related|read more|read also|also read|read next|see also|see more|more|read|"
    r"watch|listen|explainer|link)\s?(?:[:|»]|>>|\s[–—])[*_]{0,2}\s*(?P<link>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
LIST_MARK = re.compile(r"(?:[-*•+▪·►‣>]|\d{1,2}[.)])\s+")
MARKDOWN_LINK = re.compile(r"\[(?P<label>[^\]\n]+)\]\((?P<url>[^)\s]*)[^)\n]*\)")
URL = re.compile(r"(?:https?://|www\.)\S+")

# Notices
DATE_LINE = re.compile(
    r"(?:(?:first |last |originally )?(?:published|updated|posted|modified|created|date)"
    r"(?: (?:on|at))?\s?:?\s*)?"
    rf"(?:{WEEKDAY}\s?,?\s*)?(?:{MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}}|\d{{1,2}}(?:st|nd|rd|th)?"
    rf"\s+{MONTH},?\s+\d{{4}}|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}})"
    r"[\s,|@T·–-]*(?:at\s)?(?:\d{1,2}[:.]\d{2}(?:[:.]\d{2})?)?\s*(?:[ap]\.?m\.?)?\s*"
    r"(?:\(?[A-Z]{1,5}(?:[+-]\d{1,2})?\)?)?(?:[\s·|–-]+\d{1,3} min(?:ute)?s? read)?",
    re.IGNORECASE,
)
NOTICE = re.compile(rf"[*_#\"“(\[\s]{{0,4}}(?:{PATTERNS['notice']})", re.IGNORECASE)
NOTICE_ALONE = re.compile(
    rf"[*_#\s(\[]{{0,3}}(?:{PATTERNS['notice alone']})[*_#\s)\].]{{0,3}}", re.IGNORECASE
)
FIELD_LINE = re.compile(
    r"(?P<field>title|headline|author|authors|byline|by|date|published|updated|url|link|source|outlet|"
    r"publisher|publication|section|category|tags|language|id)\s?:\s+\S.*",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Dateline:
    """A dateline at the start of a paragraph: its end and its place, as written."""

    end: int
    place: str
    agency: str


def only_names(text: str, limit: int = 60) -> bool:
    """Say whether text holds nothing but names and the small words that join them in a credit."""
    words = [word.strip('.,;:()[]*_—–-|/&"“”') for word in re.split(r"[\s/]+", text)]
    words = [word for word in words if word]
    if not words or len(words) > limit:
        return False
    names = [bool(NAME.fullmatch(word)) for word in words]
    return any(names) and all(
        is_name or word.lower() in SMALL_WORDS for word, is_name in zip(words, names, strict=True)
    )


def find_agency(text: str) -> str:
    """Return the canonical name of the agency that a byline or credit names, else "".

    Acronyms count only as a whole part ("By AFP", "Jane Doe, AP", "(Reuters/AP)"), never as one
    word of a name.
    """
    for part in PART_BREAK.split(text):
        bare = part.strip(" .:*_-\t\xa0").casefold().removeprefix("the ")
        bare = bare.removeprefix("copyright ").lstrip("0123456789 ")
        if bare in AGENCY_OF:
            return AGENCY_OF[bare]
    found = LONG_NAMES.search(text)
    return AGENCIES[found.group()] if found else ""


def read_dateline(text: str) -> Dateline | None:
    """Read the dateline that a paragraph starts with, followed by text or alone on its line."""
    head = text[:600]
    if match := DATELINE_AGENCY.match(head):
        return Dateline(match.end(), "", match["agency"])
    match = DATELINE.match(head)
    if match and match.end() < len(head) and _is_dateline(match, head):
        return Dateline(match.end(), *_place_and_agency(match))
    match = DATELINE_ALONE.fullmatch(text) if len(text) < 100 else None
    if match and (match["region"] or match["date"] or match["agency"]) and _may_be_place(match):
        return Dateline(len(text), *_place_and_agency(match))
    return None


def _place_and_agency(match: re.Match[str]) -> tuple[str, str]:
    return match["place"] + match["region"], (match["agency"] or "").strip("()[]")


def _may_be_place(match: re.Match[str]) -> bool:
    return match["place"].split()[0].casefold().rstrip(".") not in NOT_A_PLACE


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
    first_sentence = re.split(r"[.!?][”\"’']?\s", following, maxsplit=1)[0]
    return first_sentence.count(f" {dash} ") % 2 == 0


def is_byline(text: str) -> bool:
    """Say whether a short line names who wrote the article."""
    if len(text) > 200:
        return False
    if match := BYLINE.match(text):
        names = JOB.split(re.split(r"\s[|•·]\s", match["names"])[0])[0]
        return only_names(names, 25)
    if re.search(r"\s[|•·]\s", text) and is_name_line(text):
        return True
    bare = text.strip("*_ —–-.")
    if STAFF.fullmatch(bare) or bare.casefold().removeprefix("the ") in AGENCY_OF:
        return True
    job = JOB.search(text)
    return bool(job and only_names(text[: job.start()], 12) and not text.endswith((".", "!", "?")))


def is_head_mark(text: str) -> bool:
    """Say whether a line is the date, or the label, that stands between a head and its story."""
    return bool(DATE_LINE.fullmatch(text) or re.fullmatch(r"full text[.:]?", text, re.IGNORECASE))


def is_name_line(text: str) -> bool:
    """Say whether a line is up to four bare names: Jane Doe and John Roe."""
    bare = text.strip("*_ ")
    if len(bare) > 90 or bare.endswith((".", "!", "?", ":")):
        return False
    bare = re.split(r"\s[|•·]\s| in [A-Z]", bare)[0]
    people = re.split(r",\s*(?:and\s+)?|\s+(?:and|AND|&)\s+", bare)
    return len(people) <= 4 and all(
        2 <= len(person.split()) <= 4 and all(NAME.fullmatch(word) for word in person.split())
        for person in people
    )


def is_credit(text: str) -> bool:
    """Say whether a paragraph says who edited, reported or contributed, or names its agency."""
    if len(text) > 500:
        return False
    if CREDIT.match(text) and only_names(re.sub(r"[;&]", ",", text)):
        return True
    if len(text) <= 300 and CREDIT_INSIDE.search(text) and only_names(text):
        return True
    return is_agency_line(text) or (is_copyright(text) and bool(find_agency(text)))


def find_trailing_credit(text: str) -> int:
    """Return where the credit at the end of a paragraph begins, 0 where there is none."""
    for pattern in (TRAILING_CREDIT, TRAILING_AGENCY):
        match = pattern.search(text, max(0, len(text) - 400))
        if match and is_credit(match["credit"].strip()):
            return match.start("credit")
    return 0


def is_agency_line(text: str) -> bool:
    """Say whether a line is an agency's name and nothing more: "— Reuters", "(AP)"."""
    return len(text) < 60 and text.strip("—–-()[]*_. ").casefold().removeprefix("the ") in AGENCY_OF


def is_copyright(text: str) -> bool:
    """Say whether a short line claims copyright."""
    return len(text) < 300 and bool(re.match(r"[*_\s]{0,3}(?:©|\(c\) |copyright\b)", text, re.I))


def is_notice(text: str) -> bool:
    """Say whether a paragraph is the site's, not the story's: dates, sign-ups, shares, rules."""
    if not any(character.isalnum() for character in text):
        return True
    if len(text) > 500:
        return False
    return bool(
        NOTICE.match(text)
        or NOTICE_ALONE.fullmatch(text)
        or DATE_LINE.fullmatch(text)
        or URL.fullmatch(text)
    )


def is_caption(text: str) -> bool:
    """Say whether a paragraph is shown to be a caption by a slug, an image, a label or a credit."""
    if len(text) > 800:
        return False
    if IMAGE.match(text) or CAPTION_LABEL.match(text) or SLUG.match(text) or PHOTO_LINE.match(text):
        return True
    credit = PHOTO_CREDIT.search(text, max(0, len(text) - 160))
    listed = LIST_MARK.match(text) or text.startswith("-")
    return bool(credit and len(text) < 500 and not listed and not text.endswith((").", "].")))


def is_photo_credit(text: str) -> bool:
    """Say whether a line credits a picture and nothing else: "Photo: Ann Lee/Reuters"."""
    if len(text) > 120:
        return False
    label = CAPTION_LABEL.match(text)
    return bool(PHOTO_LINE.match(text)) or bool(label and only_names(text[label.end() :], 10))


def read_caption(text: str) -> str:
    """Return what a caption paragraph says, without image slug, label and photo credit."""
    if image := IMAGE.match(text):
        return image["alt"]
    start = 0
    if match := SLUG.match(text):
        start = match.end()
    start += len(text[start:]) - len(text[start:].lstrip(" \t\xa0*_|:\r\n"))
    if is_photo_credit(text[start:]):
        return ""
    if match := CAPTION_LABEL.match(text, start):
        start = match.end()
    end = len(text)
    if (
        (match := PHOTO_CREDIT.search(text, max(start, len(text) - 160)))
        or (match := LAST_WORDS.search(text, max(start, end - 100)))
        and only_names(match["names"], 8)
    ):
        end = match.start()
    return text[start:end].rstrip(" \t\xa0*_\r\n")


def is_related_header(text: str) -> bool:
    """Say whether a line announces links to other stories."""
    return len(text) < 80 and bool(RELATED_HEADER.fullmatch(text))


def is_related_line(text: str) -> bool:
    """Say whether one line both announces and gives a link: "Read more: …"."""
    match = RELATED_INLINE.match(text) if len(text) < 220 else None
    return bool(match) and not text.endswith((".", ".”", '."'))


def is_link_like(text: str) -> bool:
    """Say whether a line can be a link to another story: short and without a full stop."""
    if len(text) > 180 or "\n" in text:
        return False
    if LIST_MARK.match(text) or MARKDOWN_LINK.search(text) or URL.fullmatch(text):
        return True
    return not text.rstrip("”\"’'*_) ").endswith((".", ":", ";", ","))
