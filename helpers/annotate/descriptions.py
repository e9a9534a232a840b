"""Whom a description takes up ("the senator"): what it shows of each candidate, weighed as learnt.

The candidates are the people and bodies of the whole article. Each is weighed by how near, how
often and how prominently it is named, and by what it is called beside its name; that nobody of a
name is meant is weighed with them. The weights (``data/lexicons/description_weights.csv``) are
those of a conditional logit (McFadden 1974, "Conditional logit analysis of qualitative choice
behavior"), learnt by ``python -m helpers train descriptions``.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from helpers.annotate import names, noun_phrases, outlets, source_names
from helpers.annotate.antecedents import REACH, Cast, Mention, Place, Referent, gender_told
from helpers.annotate.noun_phrases import Description
from helpers.annotate.rules import rule
from helpers.store import lexicons
from helpers.text import sentences

Features = dict[str, float]

BESIDE = 60  # characters on either side of a name in which its bearer is called something
READ = 12  # so many places of a name are read, the first
OPENING = 300  # characters from the start: who is named there is what the article is about
CALLED = {"person": ("person",), "": ("person", "body")}

_WORD = re.compile(r"[\w-]+")
_APART = re.compile(r"[.;:“”\"\n]")
_ROLE_AFTER = re.compile(r",\s+(?:an?\s|the\s)?[^,.;\n]{0,60}")
_ROLE_BREAK = re.compile(r"[;:“”\"\n]\s*|\band\b")
_OF = re.compile(r"\b(?:of|for|who|which|at|with|in)\b")
_APPOSED = re.compile(r"\s*(?:,|\(|[—–-]\s|(?:is|was)\b)")


class Asked(NamedTuple):
    """A description where it stands: its span, what it tells, the words attributed to it."""

    low: int
    high: int
    description: Description
    own: Sequence[Sequence[int]]


class Choice(NamedTuple):
    """The candidates of one description with what each shows; and what speaks for none of them."""

    candidates: list[tuple[Referent, Features]]
    nobody: Features


def takes_up(description: Description) -> bool:
    """Tell whether a description may take up a name: one, definite, no body and no document."""
    return description.points_back and not description.plural and description.kind in CALLED


class Descriptions:
    """The descriptions of one article, weighed against everybody it names.

    `weighed` are the choices made so far, from which training learns.
    """

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self._mentions: dict[Referent, list[Mention]] = defaultdict(list)
        for mention in cast.mentions:
            self._mentions[mention.referent].append(mention)
        self._total: Counter[str] = Counter(m.referent.kind for m in cast.mentions)
        self._most: dict[str, int] = {}
        for referent, mentions in self._mentions.items():
            self._most[referent.kind] = max(self._most.get(referent.kind, 0), len(mentions))
        self.weighed: list[tuple[Asked, Choice]] = []
        self._beside = cache(self._words_beside)
        self._around = cache(self._words_around)

    def meant(self, asked: Asked, seen: bool) -> Referent | None:
        """Return the likeliest candidate, None where nobody of a name is likelier.

        `seen` tells that somebody was described by the same noun before.
        """
        weights = _weights()
        choice = self.choose(asked, seen)
        self.weighed.append((asked, choice))
        best, highest = None, _weigh(choice.nobody, weights)
        certain = [one for one in choice.candidates if "called in full" in one[1]]
        if certain:
            highest = -math.inf
        else:
            certain = choice.candidates
        for referent, features in certain:
            if (score := _weigh(features, weights)) > highest:
                best, highest = referent, score
        return best

    def choose(self, asked: Asked, seen: bool) -> Choice:
        """Return the candidates of a description and what each shows."""
        described, low, high = asked.description, asked.low, asked.high
        cast, kinds = self.cast, CALLED[asked.description.kind]
        standing: dict[Referent, list[Place]] = defaultdict(list)
        for place in cast.discourse.before(low, REACH):
            standing[place.referent].append(place)
        recent: dict[str, list[Referent]] = defaultdict(list)
        for referent in sorted(standing, key=lambda one: -standing[one][-1].start):
            recent[referent.kind].append(referent)
        words = _words(cast.text[low:high])
        spoken_of = {m.referent for start, end in asked.own for m in cast.within(start, end)}
        within = {mention.referent for mention in cast.within(low, high)}
        found = []
        for referent in dict.fromkeys(m.referent for m in cast.before(low + REACH, 2 * REACH)):
            if referent.kind not in kinds or referent in within:
                continue
            if referent.kind == "body" and _other_body(referent.speaker, described):
                continue
            features = self._standing(asked, referent, standing[referent])
            features |= self._called(described, referent, words)
            features["named in the words"] = referent in spoken_of
            for name, nearest in zip(("nearest", "second"), recent[referent.kind], strict=False):
                features[name] = referent is nearest
            features["near"] = referent in recent[referent.kind][2:4]
            found.append((referent, _shown(features)))
        return Choice(found, _nobody(cast, asked, words, seen))

    def _standing(self, asked: Asked, referent: Referent, before: list[Place]) -> Features:
        """Return how near, how often and how prominently a candidate stands."""
        discourse, times = self.cast.discourse, len(self._mentions[referent])
        features: Features = {
            "times": math.log1p(times),
            "share": times / self._total[referent.kind],
            "most": times == self._most[referent.kind],
            "first": self._mentions[referent][0].start < OPENING,
            "last to speak": referent is discourse.last,
            "spoke": referent.spoke,
            "ahead": not before,
        }
        if before:
            last, here = before[-1], bisect_right(discourse.sentences, asked.low)
            features |= {
                "sentences": math.log1p(here - last.sentence),
                "paragraphs": math.log1p(discourse.paragraph(asked.low) - last.paragraph),
                "same sentence": here == last.sentence,
                "subject": last.subject,
                "quoted": last.quoted,
            }
            subjects = [p.sentence for p in before if p.subject and not p.quoted]
            features["subject near"] = 1 / (1 + here - subjects[-1]) if subjects else 0.0
        return features

    def _called(self, described: Description, referent: Referent, words: set[str]) -> Features:
        """Return how well the words of a description fit what a candidate is called."""
        cast, noun, kind = self.cast, described.noun, described.kind or "other"
        beside, around = self._beside(referent), self._around(referent)
        more, name = words - {noun}, _words(referent.speaker)
        mentions, person = self._mentions[referent][:READ], referent.kind == "person"
        end = len(cast.text)
        if person:
            called = any(_is_called(cast, one, end, noun) for one in mentions)
            gender = gender_told(noun) * referent.male
        else:
            called = any(_called_so(cast.text, one, noun, end) for one in mentions)
            gender = 0
        fits = not person and _fits(referent.speaker, noun)
        return {
            f"{kind} as {referent.kind}": True,
            "called": called,
            "called in full": called and more <= beside,
            "words beside": len(more & beside) / max(1, len(more)),
            "noun in name": noun in name,
            "words of name": len(name & words) / max(1, len(name)),
            "kind of name": fits,
            "outlet": referent.outlet and fits,
            "words around": len(words & around) / max(1, len(words)),
            "noun around": noun in around,
            "gender": (gender > 0) - (gender < 0),
        }

    def _words_beside(self, referent: Referent) -> set[str]:
        """Return the words beside a name: before it in its clause, after it in apposition."""
        text, found = self.cast.text, set()
        for mention in self._mentions[referent][:READ]:
            found |= _words(_APART.split(text[max(0, mention.start - BESIDE) : mention.start])[-1])
            after = text[mention.end : mention.end + BESIDE]
            found |= _words(_APART.split(after)[0]) if _APPOSED.match(after) else set()
        return found

    def _words_around(self, referent: Referent) -> set[str]:
        """Return the words of the first sentences that name somebody."""
        text, discourse = self.cast.text, self.cast.discourse
        spans = {
            (discourse.sentence(m.start), discourse.sentence_end(m.start))
            for m in self._mentions[referent][:READ]
        }
        return set().union(*(_words(text[start:end]) for start, end in spans))


def _other_body(name: str, described: Description) -> bool:
    """Tell whether a body is another of the kind: "the foreign ministry", Interior Ministry."""
    more, words = set(described.modifiers), set(name.lower().split())
    return described.noun in words and bool(more) and more.isdisjoint(words)


def _nobody(cast: Cast, asked: Asked, words: set[str], seen: bool) -> Features:
    """Return what a description shows for nobody of a name being meant."""
    described = asked.description
    small = set(_WORD.findall(cast.text[asked.low : asked.high].lower()))
    features = {
        "nobody": True,
        f"nobody: {described.kind or 'other'}": True,
        "nobody: owned": bool(described.owner),
        "nobody: capitals": bool(described.capitals),
        "nobody: words": math.log1p(len(words)),
        "nobody: goes on": any(
            not small.isdisjoint(noun_phrases.words(kind)) for kind in ("preposition", "relative")
        ),
        "nobody: described before": seen,
        "nobody: outlet": bool(_outlet_kind(described.noun)),
        "nobody: vague": described.noun in noun_phrases.words("vague"),
        "nobody: quoted": cast.discourse.in_quotes(asked.low),
    }
    return _shown(features)


def _shown(features: Features) -> Features:
    return {name: float(value) for name, value in features.items() if value}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower())) - noun_phrases.words("function word")


def _weigh(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in features.items())


@cache
def _weights() -> dict[str, float]:
    """Return the weight of each feature."""
    read = lexicons.read_facts("description_weights", "feature", "weight")
    return {name: float(weight) for name, weight in read.items()}


# ------------------------------------------------------- what a name is called beside it


@rule("speakers: one named later whom a headline's noun calls", otherwise=lambda *_: None)
def named_later(cast: Cast, low: int, description: Description) -> Referent | None:
    """Return whom the story names that its headline calls by a noun: one, and only one, so."""
    words, end, found = {description.noun, *description.modifiers}, len(cast.text), set()
    below = cast.text.find("\n", low)
    for mention in cast.within(below, end) if below >= 0 else ():
        if mention.label == "PERSON":
            fits = description.kind == "person" and _is_called(cast, mention, end, *words)
        else:
            fits = words <= set(mention.referent.speaker.lower().split())
            fits |= description.bare and _called_so(cast.text, mention, description.noun, end)
            fits &= mention.label == "ORG"
        if fits:
            found.add(mention.referent)
    if not found and description.bare and description.kind == "organisation":
        noun = re.escape(description.noun)
        full = rf"\b(?:(?!(?:The|A|An|Its|In)\b)[A-Z][\w&’'-]*[ ])+(?i:{noun})\b"
        bodies = set(re.findall(full, cast.text[low + 1 :]))
        found = {Referent(name, "", "body") for name in bodies}
    return found.pop() if len(found) == 1 else None


def _is_called(cast: Cast, person: Mention, low: int, *called: str) -> bool:
    """Tell whether the words beside a name, up to `low`, call its bearer so: "Marr, a judge"."""
    others = [m for m in cast.before(person.start, 60) if m.label == "PERSON"]
    begun = max(others[-1].end if others else 0, person.start - 40)
    begun = sentences.begin(cast.text, begun, person.start)
    role = _ROLE_BREAK.split(cast.text[begun : person.start])[-1]
    role = role if role.rstrip().endswith(",") else source_names.preposition().split(role)[-1]
    words = {*role.lower().split(), *_role_after(cast.text, person.end, low).lower().split()}
    return set(called) <= {word.strip(',“”"') for word in words}


def _role_after(text: str, end: int, low: int) -> str:
    after = _ROLE_AFTER.match(text, end, min(end + 80, low))
    return _OF.split(after.group())[0] if after else ""


@rule("speakers: the body of a kind", otherwise=lambda *_: None)
def body_called(cast: Cast, low: int, described: Description) -> Referent | None:
    """Return the last body before `low` that the noun fits by name, kind or apposition."""
    noun, modifiers = described.noun, set(described.modifiers)
    before = [m for m in cast.before(low) if m.label == "ORG"]
    for mention in reversed(before):
        name = mention.referent.speaker
        if not modifiers <= set(name.lower().split()):
            continue
        if _fits(name, noun) or _called_so(cast.text, mention, noun, low):
            return mention.referent
    kind = _affiliation("noun", noun)
    if modifiers or kind and kind not in ("business", "NGO or civil society", "unknown"):
        return None
    alike = [m for m in before if _kind_of_name(m.referent.speaker) in ("", kind)]
    near = [m for m in alike if low - m.end < 800] or alike
    subjects = [m for m in near if cast.discourse.opens_clause(m.start)]
    often = [m for m in subjects or near if m.referent.times > 1] or subjects or near
    return often[-1].referent if often else None


def _fits(name: str, noun: str) -> bool:
    """Tell whether a noun is in a body's name or names its kind."""
    if noun in name.lower().split():
        return True
    known, outlet = names.known(name), _outlet_kind(noun)
    if known is None:
        return bool(outlet) and outlets.is_outlet(name)
    if known.lexicon == "outlets":
        return outlet in ("outlet", outlets.facts()[known.name]["kind"])
    kind = _affiliation("name", known.name)
    return known.lexicon == "bodies" and kind == _affiliation("noun", noun)


def _called_so(text: str, mention: Mention, noun: str, low: int) -> bool:
    """Tell whether the text before `low` calls a body so beside its name: "the broadcaster NHK"."""
    before = text[max(0, mention.start - 40) : mention.start].rstrip(" ,").split()
    beside = {*before[-1:], *_role_after(text, mention.end, low).split()}
    outlet = _outlet_kind(noun)
    return any(
        word == noun or outlet and _outlet_kind(word) == outlet for word in map(str.lower, beside)
    )


def _kind_of_name(name: str) -> str:
    """Return the affiliation that the lexicons or the words of a body's name give it."""
    known = names.known(name)
    if known is not None or outlets.is_outlet(name):
        return known.lexicon if known else "outlets"
    kinds = (_affiliation("noun", word) for word in reversed(name.lower().split()))
    return next(filter(None, kinds), "")


def _outlet_kind(noun: str) -> str:
    """Return the kind of outlet that a noun calls, "outlet" for any; "" for other nouns."""
    return lexicons.read_facts("outlet_nouns", "noun", "kind").get(noun, "")


def _affiliation(of: str, word: str) -> str:
    """Return the affiliation of a body, by its "name", or of a "noun" for organisations."""
    lexicon, kind = ("bodies", "") if of == "name" else ("affiliations", "organisation")
    return lexicons.read_facts(lexicon, of, "affiliation", kind).get(word, "")
