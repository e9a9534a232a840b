"""Who speaks: from the words that name the source to one speaker.

What cannot be resolved stays as written and says so; nothing is guessed silently.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import pandas as pd

from helpers import lexicons, names

REACH = 4000  # characters back in which what a pronoun or a description means is sought
WORST = -6.0  # a person who scores less is too far from the pronoun
PRONOUNS = {
    "he": "male",
    "him": "male",
    "his": "male",
    "she": "female",
    "her": "female",
    "they": "several",
    "their": "several",
    "it": "thing",
    "its": "thing",
}
RELATIVE = frozenset({"who", "which", "that", "whom"})
_MALE = re.compile(
    r"\b(?:Mr|Sir|Lord|King|Prince|Father|Brother|Pope|Sheikh|Emperor|\w*[a-z]man|Sheriff’s?man)\.?$",
)
_FEMALE = re.compile(
    r"\b(?:Mrs|Ms|Miss|Dame|Lady|Queen|Princess|Sister|Baroness|\w*[a-z]woman)\.?$"
)
_HEAD_END = re.compile(
    r",|\b(?:of|for|in|at|from|on|with|who|which|that|familiar|close|briefed|and|speaking|to|by)\b"
)
_SPEAKS_FOR = re.compile(
    r"\bspokes(?:man|woman|person|people)\b|\bpress (?:office|service)\b|\bstatement (?:from|by)\b"
)
_SENTENCE = re.compile(r"[.!?][\"”’)\]]*\s+(?=[\"“‘(\[]?[A-Z0-9])|[\n\r]+")
_NEWS = re.compile(
    r"\b(?:News|Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|Journal|Press|Broadcasting|"
    r"Radio|Television|TV|newspaper|broadcaster|media|news agency)\b"
)
_CITING = re.compile(r"\b(?:citing|quoting)\s+(?P<whom>[^\n]{3,120})")
_INNER = re.compile(
    r"(?:(?:During|In|At|On|After|Before|Earlier|Later)\b[^,.]{0,60},\s+)?"
    r"(?P<who>(?:(?:the|a|an|one)\s+)?[^\W\d_][\w’'.-]*(?:\s+[^\W\d_][\w’'.-]*){0,8}?)\s+"
    r"(?:also\s+|had\s+|has\s+|later\s+)?"
    r"(?:said|says|told|added|warned|claimed|announced|stated|vowed|declared|denied|insisted|argued)\b"
)
_WORD = re.compile(r"[^\W_][\w’'.-]*")
_BROADCASTERS = frozenset({"broadcaster", "network", "channel", "station"})
_PAPERS = frozenset({"newspaper", "paper", "daily", "weekly", "tabloid"})
_OUTLET_NOUNS = _BROADCASTERS | _PAPERS | {"magazine", "agency", "outlet", "website", "service"}


class Resolved(NamedTuple):
    """Who speaks, which entity that is, and how it was found."""

    speaker: str
    speaker_id: str
    resolution: str


@dataclass
class _Article:
    """What is known of an article while its attributions are read in order."""

    text: str
    mentions: list[tuple]
    described: list[tuple[int, str]] = field(default_factory=list)
    last: Resolved | None = None
    last_at: int = 0
    gender: dict[str, str] = field(default_factory=dict)

    def before(self, offset: int, reach: int) -> list[tuple]:
        """Return the names that begin in the `reach` characters before an offset, in order."""
        low = bisect_left(self.mentions, (offset - reach,))
        return self.mentions[low : bisect_left(self.mentions, (offset,))]

    def within(self, start: int, end: int) -> list[tuple]:
        """Return the names inside a span."""
        return [m for m in self.before(end, end - start) if m[1] <= end]


def add_speaker(
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    mentions: pd.DataFrame,
    entities: pd.DataFrame,
) -> pd.DataFrame:
    """Return the attributions with `speaker`, `speaker_id` and `resolution` filled.

    `mentions` need their `entity_id`. `speaker` is the canonical name of the entity the source
    names or refers to, or the source as written, or a fuller description of the same people
    earlier in the article. Two named speakers are joined by "; " and have no id.
    """
    canonical = dict(zip(entities["entity_id"], entities["entity"], strict=True))
    texts = dict(zip(articles["article_id"], articles["text"], strict=True))
    named: dict[str, list[tuple]] = defaultdict(list)
    columns = ["article_id", "start", "end", "text", "label", "entity_id"]
    for article_id, *mention in mentions[columns].itertuples(index=False, name=None):
        named[article_id].append(tuple(mention))
    resolved: list[Resolved] = [Resolved("", "", "none")] * len(attributions)
    rows: dict[str, list[int]] = defaultdict(list)
    for position, article_id in enumerate(attributions["article_id"]):
        rows[article_id].append(position)
    starts = attributions["start"].tolist()
    contents = attributions["spans"].tolist()
    sources = attributions["source_spans"].tolist()
    rules = attributions["rule"].tolist()
    for article_id, positions in rows.items():
        article = _Article(texts.get(article_id, ""), sorted(named[article_id]))
        _read_gender(article)
        for position in sorted(positions, key=lambda p: _place(sources[p], starts[p])):
            resolved[position] = _resolve(
                article, sources[position], contents[position], rules[position], canonical
            )
    index = attributions.index
    return attributions.assign(
        **{
            name: pd.Series([r[i] for r in resolved], index=index, dtype=object)
            for i, name in enumerate(Resolved._fields)
        }
    )


def _place(source: list[list[int]], start: int) -> int:
    return source[0][0] if source else start


def _resolve(
    article: _Article,
    source: list[list[int]],
    content: list[list[int]],
    rule: str,
    canonical: dict[str, str],
) -> Resolved:
    if not source:
        if rule == "carried" and article.last and article.last.speaker:
            return article.last._replace(resolution="carried")
        return Resolved("", "", "none")
    low, high = source[0][0], source[-1][1]
    written = article.text[low:high]
    found = _by_reference(article, low, written, canonical) or _by_name(
        article, low, high, canonical
    )
    if found is None:
        found = _by_description(article, low, written, canonical)
    if found is None or _is_outlet(found.speaker, written):
        found = _first_source(article, high, content, canonical) or found
    if found is None:
        found = Resolved(written, "", "none")
    if found.resolution == "none" or found.resolution == "description":
        article.described.append((low, written))
    if found.resolution != "none" or len(written.split()) > 1:
        article.last, article.last_at = found, high
    return found


# ------------------------------------------------------------------------------- behind an outlet


def _is_outlet(speaker: str, written: str) -> bool:
    known = names.known(speaker)
    if known is not None and known.lexicon == "outlets":
        return True
    return bool(_NEWS.search(speaker)) or _head(written).lower() in _OUTLET_NOUNS | {"media"}


def _first_source(
    article: _Article, high: int, content: list[list[int]], canonical: dict[str, str]
) -> Resolved | None:
    """Return who an outlet reports: "Xi said …, Xinhua reported", "…, citing unnamed officials"."""
    text = article.text
    citing = _CITING.search(text, high, min(len(text), high + 160))
    if citing and not re.search(r"[.!?][\s”\"]|\n", text[high : citing.start()]):
        low = citing.start("whom")
        end = low + _phrase_length(citing.group("whom"))
        return _by_name(article, low, end, canonical) or Resolved(text[low:end], "", "description")
    start, end = content[0]
    said = _INNER.match(text, start, end)
    if said is None:
        return None
    low, end = said.span("who")
    return _by_reference(article, low, text[low:end], canonical) or _by_name(
        article, low, end, canonical
    )


def _phrase_length(words: str) -> int:
    match = re.search(r"[,.;:”\"]\s|[,.;:]$|\s(?:who|that|which|as|for|in|on|and)\s|\n", words)
    return match.start() if match else len(words)


# -------------------------------------------------------------------------------------------- names


def _by_name(article: _Article, low: int, high: int, canonical: dict[str, str]) -> Resolved | None:
    inside = article.within(low, high)
    people = [m for m in inside if m[3] == "PERSON"]
    written = article.text[low:high]
    head_end = _head_end(written)
    if people and not _belongs(article.text, people[0], high, written):
        first = people[0]
        joint = [m for m in people[1:] if _joined(article.text, first, m)]
        return _named([first, *joint], canonical)
    bodies = [m for m in inside if m[3] in ("ORG", "GPE", "FAC", "NORP", "LOC")]
    heads = [
        m for m in bodies if m[0] - low < head_end and low + head_end - m[1] <= 1 and m[3] != "NORP"
    ]
    if heads:
        joint = [m for m in bodies if m[0] > heads[-1][1] and _joined(article.text, heads[-1], m)]
        return _named([heads[-1], *joint], canonical)
    if _spokesperson(written):
        owners = [m for m in bodies if m[3] == "ORG"] or [m for m in bodies if m[3] == "GPE"]
        if owners:
            return _named(owners[:1], canonical)
    return None


def _named(found: list[tuple], canonical: dict[str, str]) -> Resolved:
    speakers = list(dict.fromkeys(canonical.get(m[4], m[2]) for m in found))
    identifier = found[0][4] if len(speakers) == 1 else ""
    return Resolved("; ".join(speakers), identifier, "name")


def _joined(text: str, first: tuple, second: tuple) -> bool:
    between = text[first[1] : second[0]]
    return bool(
        re.fullmatch(r"(?:,\s+(?:\S+\s+){0,6}?)?,?\s*(?:and|&)\s+(?:[\w.’'-]+\s+){0,5}", between)
    )


def _belongs(text: str, person: tuple, high: int, written: str) -> bool:
    """Tell whether it is somebody else of the person's: "Lee's lawyer", "a friend of Lee"."""
    after = text[person[1] : high]
    if re.match(r"[’']s?\s+\w", after):
        return True
    before = written[: written.index(person[2])] if person[2] in written else ""
    return (
        bool(re.search(r"\b(?:of|for|to|by|with)\s+(?:\w+\s+){0,3}$", before)) and "," not in before
    )


def _head_end(written: str) -> int:
    match = _HEAD_END.search(written)
    return match.start() if match and match.start() > 0 else len(written)


def _spokesperson(written: str) -> bool:
    return bool(_SPEAKS_FOR.search(written))


# ------------------------------------------------------------------------------ pronouns and nouns


def _by_reference(
    article: _Article, low: int, written: str, canonical: dict[str, str]
) -> Resolved | None:
    word = written.lower().strip()
    if word in RELATIVE:
        before = [m for m in article.before(low, 100) if m[1] <= low]
        people = [m for m in before if m[3] in ("PERSON", "ORG")]
        if people and "." not in article.text[people[-1][1] : low]:
            return _named(people[-1:], canonical)._replace(resolution="pronoun")
        return None
    kind = PRONOUNS.get(word)
    if kind is None:
        return None
    if kind in ("male", "female"):
        if _just_described(article, low):
            return article.last._replace(resolution="pronoun")
        person = _person_before(article, low, kind)
        if person is not None:
            article.gender.setdefault(person[4] or person[2], kind)
            return _named([person], canonical)._replace(resolution="pronoun")
        return None
    return _group_before(article, low, kind, canonical)


def _just_described(article: _Article, low: int) -> bool:
    """Tell whether the last to speak was somebody without a name, and nobody was named since."""
    last = article.last
    if last is None or last.speaker_id or not last.speaker or low - article.last_at > 500:
        return False
    head = _head(last.speaker).lower()
    single = not head.endswith("s") and ";" not in last.speaker and _noun_kind(head) == "person"
    return single and not any(m[3] == "PERSON" for m in article.before(low, low - article.last_at))


def _noun_kind(noun: str) -> str:
    return _noun_kinds().get(noun) or _noun_kinds().get(noun.removesuffix("s"), "")


def _person_before(article: _Article, low: int, kind: str) -> tuple | None:
    """Return the person a pronoun most likely means: close, a subject, or the last speaker."""
    best, best_score = None, WORST
    for mention in article.before(low, REACH):
        if mention[3] != "PERSON" or article.gender.get(mention[4] or mention[2], kind) != kind:
            continue
        score = -_sentences_between(article.text, mention[1], low) - (low - mention[1]) / 4000
        score += 0.6 * _opens_sentence(article.text, mention[0])
        if article.last and article.last.speaker_id and article.last.speaker_id == mention[4]:
            score += 1.0
        if score >= best_score:
            best, best_score = mention, score
    return best


def _sentences_between(text: str, start: int, end: int) -> int:
    return len(re.findall(r"[.!?][\"”’)]*\s", text[start:end]))


def _opens_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 60) : start]
    return not re.search(
        r"[a-z,]\s+[a-z]\S*\s+(?:\S+\s+){0,2}$", re.split(r"[.!?“\"\n]\s*", before)[-1]
    )


def _group_before(
    article: _Article, low: int, kind: str, canonical: dict[str, str]
) -> Resolved | None:
    """Return what "it" or "they" means: the body that opens the sentence, or the last speaker."""
    if kind == "thing":
        subject = _sentence_subject(article, low)
        if subject is not None:
            return _named([subject], canonical)._replace(resolution="pronoun")
    last = article.last
    if last is None or low - article.last_at > 1200 or not last.speaker:
        return None
    person = last.speaker_id.startswith("person-")
    if kind == "several":
        plural = ";" in last.speaker or bool(
            re.search(r"(?:s|people|police)$", _head(last.speaker))
        )
        if not plural or person:
            return None
    elif person or ";" in last.speaker or _noun_kind(_head(last.speaker).lower()) == "person":
        return None
    return last._replace(resolution="pronoun" if last.speaker_id else "description")


def _sentence_subject(article: _Article, low: int) -> tuple | None:
    """Return the body or place that opens the sentence of an offset, if one does."""
    begun = max(0, low - 600)
    begun = max((m.end() for m in _SENTENCE.finditer(article.text, begun, low)), default=begun)
    first = next(iter(article.before(low, low - begun)), None)
    if first is None or first[3] not in ("ORG", "GPE"):
        return None
    return first if re.fullmatch(r"(?:The\s+)?", article.text[begun : first[0]]) else None


def _by_description(
    article: _Article, low: int, written: str, canonical: dict[str, str]
) -> Resolved | None:
    """Resolve "the newspaper", "the ministry", "the officials" to what was named before."""
    match = re.match(r"(?:the|this|that|these|those)\s+(.*)", written, re.IGNORECASE | re.DOTALL)
    if not match:
        return None
    noun = _head(match.group(1)).lower()
    if not noun:
        return None
    words = set(match.group(1).lower().split())
    body = _body_before(article, low, noun)
    if body is not None and words - {noun} <= set(body[2].lower().split()):
        return _named([body], canonical)._replace(resolution="description")
    person = _person_described(article, low, noun) if _noun_kind(noun) == "person" else None
    if person is not None:
        return _named([person], canonical)._replace(resolution="description")
    if noun.endswith("s") or noun in ("people", "police"):
        for _, earlier in reversed(article.described[-20:]):
            fuller = not earlier.lower().startswith("the ")
            if fuller and _head(earlier).lower() == noun and len(earlier) >= len(written):
                return Resolved(earlier, "", "description")
        fuller = _fuller(article, low, noun)
        if fuller:
            return Resolved(fuller, "", "description")
    return None


def _person_described(article: _Article, low: int, noun: str) -> tuple | None:
    """Return the one person the article calls so before `low`: "Judge Marr", "Marr, a judge"."""
    word = re.compile(rf"\b{re.escape(noun)}\b", re.IGNORECASE)
    called: dict[str, tuple] = {}
    for mention in article.before(low, REACH):
        if mention[3] != "PERSON" or not mention[4]:
            continue
        before = article.text[max(0, mention[0] - 40) : mention[0]]
        before = re.split(r"[.!?;:“”\"\n]\s*|\band\b", before)[-1]
        after = re.match(r",\s+(?:an?\s|the\s)?[^,.;\n]{0,60}", article.text[mention[1] :][:80])
        if word.search(before) or (after and word.search(_before_of(after.group()))):
            called[mention[4]] = mention
    return next(iter(called.values())) if len(called) == 1 else None


def _before_of(words: str) -> str:
    return re.split(r"\b(?:of|for|who|which|at|with|in)\b", words)[0]


def _fuller(article: _Article, low: int, noun: str) -> str:
    """Return the fuller description of the same people earlier: "unidentified city officials"."""
    pattern = rf"\b((?:[\w’'.-]+\s+){{1,3}}){re.escape(noun)}\b"
    found = ""
    for match in re.finditer(pattern, article.text[max(0, low - REACH) : low]):
        words = match.group(1).split()
        while words and _NOT_DESCRIBING.fullmatch(words[0]):
            words.pop(0)
        if words and not any(_NOT_DESCRIBING.fullmatch(word) for word in words):
            found = " ".join([*words, noun])
    return found


_NOT_DESCRIBING = re.compile(
    r"(?:the|an?|of|to|in|for|and|or|by|with|as|that|this|said|says|told|but|some|these|those|their|"
    r"his|her|its|our|from|at|on|were|are|was|is|had|have|has|if|when|between|against|citing|"
    r"quoting|few|other|most|many|all|both|reported|according|warned|\\w+ing)",
    re.IGNORECASE,
)


def _body_before(article: _Article, low: int, noun: str) -> tuple | None:
    """Return the last body before `low` that the noun fits by name, kind or apposition."""
    if noun not in _OUTLET_NOUNS and noun not in _body_kinds():
        return None
    before = [m for m in article.before(low, REACH) if m[3] == "ORG"]
    for mention in reversed(before):
        if _fits(mention[2], noun) or _called(article.text, mention, noun):
            return mention
    if noun in ("company", "firm"):
        near = [
            m
            for m in before
            if low - m[1] < 800 and not _kind_of_name(m[2]) and not _NEWS.search(m[2])
        ]
        return near[-1] if near else None
    return None


def _called(text: str, mention: tuple, noun: str) -> bool:
    """Tell whether the text calls a body so beside its name: "the broadcaster NHK"."""
    before = text[max(0, mention[0] - 40) : mention[0]]
    after = text[mention[1] : mention[1] + 50]
    return bool(
        re.search(rf"\b{re.escape(noun)}\s+$", before)
        or re.match(rf",\s+(?:an?|the)\s+(?:[\w-]+\s+){{0,4}}{re.escape(noun)}\b", after)
    )


def _fits(name: str, noun: str) -> bool:
    known = names.known(name)
    if noun in _OUTLET_NOUNS:
        return _outlet_fits(name, noun)
    if noun in name.lower().split():
        return True
    if known is not None and known.lexicon == "bodies":
        return _body_affiliation().get(known.name) == _body_kinds()[noun]
    return False


def _kind_of_name(name: str) -> str:
    """Return the affiliation that the last word of a body's name or the lexicons give it."""
    known = names.known(name)
    if known is not None:
        return known.lexicon
    kind = _body_kinds().get(name.lower().split()[-1], "")
    return "" if kind == "business" else kind


def _outlet_fits(name: str, noun: str) -> bool:
    known = names.known(name)
    kind = _outlet_kinds().get(known.name, "") if known and known.lexicon == "outlets" else ""
    if noun in _BROADCASTERS:
        return kind == "broadcaster" or bool(
            re.search(r"\b(?:Radio|TV|Television|Broadcast\w*)\b", name)
        )
    if noun in _PAPERS:
        return kind == "newspaper" or bool(
            re.search(
                r"(?:Times|Post|Herald|Gazette|Tribune|Courier|Chronicle|News|Journal)$", name
            )
        )
    if noun == "agency":
        return kind == "agency" or name.split()[-1] in ("Agency", "Service", "Press")
    return kind != "" or noun in name.lower().split()


def _head(written: str) -> str:
    """Return the noun a description is about: the last word before "of", "in" or a comma."""
    words = _WORD.findall(written[: _head_end(written)])
    return words[-1] if words else ""


@lru_cache(maxsize=1)
def _body_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("affiliations")
    table = table[table["kind"] == "organisation"]
    return dict(zip(table["noun"], table["affiliation"], strict=True))


@lru_cache(maxsize=1)
def _noun_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("affiliations")
    return dict(zip(table["noun"], table["kind"], strict=True))


@lru_cache(maxsize=1)
def _body_affiliation() -> dict[str, str]:
    table = lexicons.read_lexicon("bodies")
    return dict(zip(table["name"], table["affiliation"], strict=True))


@lru_cache(maxsize=1)
def _outlet_kinds() -> dict[str, str]:
    table = lexicons.read_lexicon("outlets")
    return dict(zip(table["name"], table["kind"], strict=True))


def _read_gender(article: _Article) -> None:
    """Read gender from titles only ("Ms. Lee", "Chairwoman Lee"), never from a given name."""
    for start, _, text, label, entity_id in article.mentions:
        if label != "PERSON":
            continue
        before = article.text[max(0, start - 30) : start].rstrip()
        if _FEMALE.search(before):
            article.gender[entity_id or text] = "female"
        elif _MALE.search(before):
            article.gender[entity_id or text] = "male"
