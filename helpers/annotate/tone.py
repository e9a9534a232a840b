"""Tone: of what is said, from two word lists, and toward somebody, from a trained model.

Lexical tone is counted from VADER's word list (C. Hutto and E. Gilbert, 2014) as NLTK does it, and
beside it from a list of news words written for this project (`lexicons/news_tone.csv`). It is the
tone of words, not of meaning: it misses irony, context and who is blamed for what. Tone toward a
target is what the model in `data/models/tone` reads from the target's sentence.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
import pandas as pd

from helpers.model import target_model
from helpers.store import lexicons, schema
from helpers.text import quotations
from helpers.text.article import Article

NEUTRAL_BELOW = 0.05  # VADER's own threshold between neutral and not
LEXICONS = ("vader", "news")
_PROBABILITIES = [f"p_{polarity}" for polarity in schema.POLARITIES]
_TOKEN = re.compile(r"\S{2,}")
_PUNCTUATION = frozenset(string.punctuation)
_WORD = re.compile(r"\w+(?:[-'.]\w+)*")
_EDGES = re.compile(r"^\W+|\W+$")
_NEGATION = re.compile(r"not|no|never|nobody|nothing|without|neither|nor|hardly|cannot|\w+n't")
# VADER's own: the factor of a negated word, what capitals and "sort of" add
_NEGATED, _CAPITALS, _DAMPED = -0.74, 0.733, -0.293
_REACH = 3  # words before a word in which a negation turns it, as in VADER
_DISTANCED = re.compile(r"\bso-called\s+(\w+)|\bself-(?:styled|proclaimed)\s+(\w+)", re.IGNORECASE)
_WRAPPED = 0.8  # part of a content inside one quotation from which it is that quotation
_SCALE = 15  # VADER's normalisation: sum / sqrt(sum² + 15)


def add_tone(attributions: pd.DataFrame) -> pd.DataFrame:
    """Return the attributions with the lexical tone of their content.

    `tone` is VADER's compound score in [-1, 1]; `tone_label` is negative at or below -0.05,
    positive at or above 0.05, else neutral. `tone_agreement` is the share of the content's words
    in VADER's list whose sign, as written or negated, agrees with the label; a label of neutral
    agrees the better the two signs balance (1 when they are as many, 0 when all are of one sign).
    Missing when no word of the content is listed. `news_tone` is the same score from this
    project's list of news words, missing when none is in it.

    Words that the speaker quotes from somebody else (a quotation inside the quotation), or keeps
    at a distance ("so-called"), are not counted. `driving_words` gives those that are.
    """
    read = [_Read.of(text) for text in _own_words(attributions)]
    driven = [dict(zip(LEXICONS, _weights(content), strict=True)) for content in read]
    tones = [content.compound() for content in read]
    labels = [tone_label(tone) for tone in tones]
    agreements = [
        _agreement([word[2] for word in words["vader"]], label)
        for words, label in zip(driven, labels, strict=True)
    ]
    news = [_normalised([weight for *_, weight in words["news"]]) for words in driven]
    index = attributions.index
    return attributions.assign(
        tone=pd.Series(tones, index=index, dtype=float),
        tone_label=pd.Series(labels, index=index, dtype=object),
        tone_agreement=pd.Series(agreements, index=index, dtype=float),
        news_tone=pd.Series(news, index=index, dtype=float),
    )


def driving_words(attributions: pd.DataFrame) -> pd.DataFrame:
    """Return the words that make the lexical tone of each content, the strongest first.

    One row is one word of one content in one list: attribution_id, article_id, start, end (in the
    article), word, lexicon ("vader" or "news") and weight, which is that of the list after
    negation, boosters and "but".
    """
    found = []
    keys = zip(
        attributions["attribution_id"],
        attributions["article_id"],
        attributions["start"],
        _own_words(attributions),
        strict=True,
    )
    for attribution_id, article_id, offset, text in keys:
        for lexicon, words in zip(LEXICONS, _weights(_Read.of(text)), strict=True):
            for start, end, weight in words:
                place = (offset + start, offset + end, text[start:end], lexicon, weight)
                found.append((attribution_id, article_id, *place))
    columns = ["attribution_id", "article_id", "start", "end", "word", "lexicon", "weight"]
    words = pd.DataFrame(found, columns=columns)
    return words.sort_values("weight", key=abs, ascending=False, kind="stable", ignore_index=True)


def add_target_tone(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the tone of each target's sentence toward the target.

    Needs `text`, `start` and `end`, the target's span in the text; adds `polarity`, the likeliest
    of the calibrated probabilities `p_negative`, `p_neutral` and `p_positive`. Sources and figures
    of the model: `data/models/README.md`.

    Raises
    ------
    ModelError
        When the model's files are missing or altered.

    """
    shares = np.full((len(frame), len(schema.POLARITIES)), np.nan)
    spans = list(zip(frame["start"].tolist(), frame["end"].tolist(), strict=True))
    places: dict[str, list[int]] = {}
    for place, text in enumerate(frame["text"].tolist()):
        places.setdefault(text, []).append(place)
    for text, own in places.items():
        model = target_model.load_target_model()
        judged = model.judge(Article(text), [spans[place] for place in own])
        shares[own] = judged[:, : shares.shape[1]]
    polarity = [schema.POLARITIES[best] for best in shares.argmax(1)] if len(frame) else []
    columns = {
        name: pd.Series(shares[:, place], index=frame.index, dtype=float)
        for place, name in enumerate(_PROBABILITIES)
    }
    return frame.assign(polarity=pd.Series(polarity, index=frame.index, dtype=object), **columns)


def tone_label(tone: float) -> str:
    """Return negative, neutral or positive for a compound score."""
    if tone >= NEUTRAL_BELOW:
        return "positive"
    return "negative" if tone <= -NEUTRAL_BELOW else "neutral"


def _own_words(attributions: pd.DataFrame) -> Iterator[str]:
    """Yield each content at its own offsets, all that is not the speaker's own words blanked."""
    columns = ["text", "spans", "start", "form"]
    for text, spans, offset, form in attributions[columns].itertuples(index=False, name=None):
        own = [" "] * len(text)
        for start, end in spans:
            own[start - offset : end - offset] = text[start - offset : end - offset]
        for start, end in _others_words(text, form):
            own[start:end] = " " * (end - start)
        yield "".join(own).translate(_STRAIGHT)


# as VADER reads them: apostrophes straight, and no marks around a word, which hide it
_STRAIGHT = str.maketrans('’‘“”"„«»', "''      ")


def _others_words(text: str, form: str) -> Iterator[tuple[int, int]]:
    found = quotations.find_quotations(text)
    whole = any(
        quote.level == 1 and quote.end - quote.start >= _WRAPPED * len(text.strip())
        for quote in found
    )
    for quote in found:
        if quote.level > 1 or (form == "direct" and not whole and quote.closed):
            yield quote.start, quote.end
    for match in _DISTANCED.finditer(text):
        yield match.span(1 if match.group(1) else 2)


def _weights(read: _Read) -> tuple[list[tuple], list[tuple]]:
    """Return (start, end, weight) of the words that count, in VADER's list and in our own."""
    return list(read.vader_words()), list(_news_words(read.text))


class _Read(NamedTuple):
    """A content as VADER reads it: its words, whether some are in capitals, what each weighs."""

    text: str
    words: list[str]
    weights: list[float]

    @classmethod
    def of(cls, text: str) -> _Read:
        """Read a content word by word."""
        vader = _vader()
        words = [_bare(word) for word in text.split() if len(word) > 1]
        shouts = 0 < sum(map(str.isupper, words)) < len(words)
        lower = [word.lower() for word in words]
        weights = [0.0] * len(words)
        for place, known in enumerate(lower):
            kind_of = known == "kind" and lower[place + 1 : place + 2] == ["of"]
            if known in vader.weights and known not in vader.boosters and not kind_of:
                weights[place] = vader.weigh(words, lower, place, shouts)
        return cls(text, words, weights)

    def vader_words(self) -> Iterator[tuple[int, int, float]]:
        """Yield (start, end, weight) of the words in VADER's list that count."""
        weights = _after_but(self.words, self.weights)
        for token, weight in zip(_TOKEN.finditer(self.text), weights, strict=True):
            if weight:
                bare = _EDGES.sub("", token.group()) or token.group()
                start = token.start() + token.group().index(bare)
                yield start, start + len(bare), weight

    def compound(self) -> float:
        """Return VADER's score, for which a word weighs each time what it weighs at first."""
        first = dict(zip(reversed(self.words), reversed(self.weights), strict=True))
        total = float(sum(_after_but(self.words, [first[word] for word in self.words])))
        asked = self.text.count("?")
        emphasis = min(self.text.count("!"), 4) * 0.292
        emphasis += 0.96 if asked > 3 else asked * 0.18 if asked > 1 else 0
        total += emphasis if total > 0 else -emphasis if total < 0 else 0
        return round(total / math.sqrt(total * total + _SCALE), 4)


def _after_but(words: list[str], weights: list[float]) -> list[float]:
    """Return the weights, what stands before the first "but" halved, what stands behind raised."""
    place = next((n for n, word in enumerate(words) if word.lower() == "but"), None)
    if place is None:
        return weights
    before, after = weights[:place], weights[place + 1 :]
    return [*(w * 0.5 for w in before), weights[place], *(w * 1.5 for w in after)]


class _Vader(NamedTuple):
    """VADER's lists, and what its rules make of a listed word from the words beside it.

    The rules and their numbers are those of NLTK's implementation, to the last digit; importing
    that costs more time than tone takes.
    """

    weights: dict[str, float]
    boosters: dict[str, float]
    idioms: dict[str, float]
    negations: frozenset[str]
    marks: frozenset[str]

    def weigh(self, words: list[str], lower: list[str], place: int, shouts: bool) -> float:
        """Return the weight of a listed word after capitals, boosters, negations and idioms."""
        weight = self.weights[lower[place]]
        if shouts and words[place].isupper():
            weight += _CAPITALS if weight > 0 else -_CAPITALS
        for back, share in enumerate((1, 0.95, 0.9), start=1):
            if place < back or lower[place - back] in self.weights:
                continue
            weight += self._boost(words[place - back], weight, shouts) * share
            weight *= self._turn(words, place, back)
            if back == 3:
                weight = self._in_idiom(words, place, weight)
        least = place and lower[place - 1] == "least" and "least" not in self.weights
        at_least = place > 1 and lower[place - 2] in ("at", "very")
        return weight * _NEGATED if least and not at_least else weight

    def _boost(self, word: str, weight: float, shouts: bool) -> float:
        boost = self.boosters.get(word.lower(), 0.0)
        if not boost:
            return 0.0
        boost = -boost if weight < 0 else boost
        if shouts and word.isupper():
            boost += _CAPITALS if weight > 0 else -_CAPITALS
        return boost

    def _turn(self, words: list[str], place: int, back: int) -> float:
        """Return the factor of a word `back` words before: a negation turns, "never so" raises."""
        before = words[place - back : place]
        if back == 2 and before[0] == "never" and before[1] in ("so", "this"):
            return 1.5
        if back == 3 and (
            (before[0] == "never" and before[1] in ("so", "this")) or before[2] in ("so", "this")
        ):
            return 1.25
        word = before[0].lower()
        return _NEGATED if word in self.negations or "n't" in word else 1.0

    def _in_idiom(self, words: list[str], place: int, weight: float) -> float:
        def phrase(low: int, high: int) -> str:
            return " ".join(words[place + low : place + high + 1])

        before = [(-1, 0), (-2, 0), (-2, -1), (-3, -1), (-3, -2)]
        found = [phrase(*span) for span in before if phrase(*span) in self.idioms][:1]
        found += [
            phrase(0, high)
            for high in (1, 2)
            if place + high < len(words) and phrase(0, high) in self.idioms
        ]
        weight = self.idioms[found[-1]] if found else weight
        damped = phrase(-3, -2) in self.boosters or phrase(-2, -1) in self.boosters
        return weight + _DAMPED if damped else weight


@lru_cache(maxsize=1)
def _vader() -> _Vader:
    listed = (resources.files("vaderSentiment") / "vader_lexicon.txt").read_text(encoding="utf-8")
    lines = (line.strip().split("\t") for line in listed.strip().split("\n"))
    words = lexicons.read_lexicon("vader_words")

    def of(kind: str) -> dict[str, str]:
        rows = words[words["kind"] == kind]
        return dict(zip(rows["word"], rows["weight"], strict=True))

    boosters, idioms = (
        {word: float(weight) for word, weight in of(kind).items()} for kind in ("booster", "idiom")
    )
    weights = {word: float(weight) for word, weight, *_ in lines}
    return _Vader(weights, boosters, idioms, frozenset(of("negation")), frozenset(of("mark")))


@lru_cache(maxsize=32_768)
def _bare(word: str) -> str:
    """Return a word without the marks before or behind it that VADER takes off."""
    marks = _vader().marks
    bare = word.rstrip(string.punctuation)
    taken = word[len(bare) :]
    if not taken:
        bare = word.lstrip(string.punctuation)
        taken = word[: -len(bare)]
    whole = len(bare) > 1 and _PUNCTUATION.isdisjoint(bare)
    return bare if whole and taken in marks else word


def _news_words(text: str) -> Iterator[tuple[int, int, float]]:
    lexicon = _news_lexicon()
    words = [(match.group().lower(), match.start(), match.end()) for match in _WORD.finditer(text)]
    for place, (word, start, end) in enumerate(words):
        weight = lexicon.get(word)
        if weight:
            before = words[max(0, place - _REACH) : place]
            negated = any(_NEGATION.fullmatch(earlier) for earlier, *_ in before)
            yield start, end, weight * _NEGATED if negated else weight


@lru_cache(maxsize=1)
def _news_lexicon() -> dict[str, float]:
    listed = lexicons.read_lexicon("news_tone")
    return dict(zip(listed["word"], listed["weight"].astype(float), strict=True))


def _normalised(weights: list[float]) -> float:
    if not weights:
        return math.nan
    total = sum(weights)
    return total / math.sqrt(total * total + _SCALE)


def _agreement(weights: list[float], label: str) -> float:
    if not weights:
        return math.nan
    positive = sum(weight > 0 for weight in weights) / len(weights)
    if label == "neutral":
        return 1 - abs(2 * positive - 1)
    return positive if label == "positive" else 1 - positive
