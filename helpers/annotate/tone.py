"""Tone: of what is said, from two word lists, and toward somebody, from a trained model.

Lexical tone is counted from VADER's word list (C. Hutto and E. Gilbert, 2014) by NLTK's
implementation, and beside it from a list of news words written for this project
(`lexicons/news_tone.csv`). It is the tone of words, not of meaning: it misses irony, context and
who is blamed for what. Tone toward a target is what the model in `data/models/tone` reads from the
target's sentence.
"""

from __future__ import annotations

import math
import re
import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
_NEGATED = -0.74  # VADER's own factor for a negated word
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
        shares[own] = model.judge(Article(text), [spans[place] for place in own])
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
    """A content as VADER reads it: its words, whether some are in capitals, what each weighs.

    Attributes named as VADER's functions want them.
    """

    text: str
    words_and_emoticons: list[str]
    is_cap_diff: bool
    weights: list[float]

    @classmethod
    def of(cls, text: str) -> _Read:
        """Read a content; what VADER computes anew for every word is computed for listed ones."""
        analyser = _analyser()
        boosters = analyser.constants.BOOSTER_DICT
        words = [_bare(word) for word in text.split() if len(word) > 1]
        capitals = sum(map(str.isupper, words))
        read = cls(text, words, 0 < capitals < len(words), [])
        lower = [word.lower() for word in words]
        for place, (word, known) in enumerate(zip(words, lower, strict=True)):
            kind_of = known == "kind" and lower[place + 1 : place + 2] == ["of"]
            if known in analyser.lexicon and known not in boosters and not kind_of:
                analyser.sentiment_valence(0, read, word, place, read.weights)
            else:
                read.weights.append(0)
        return read

    def vader_words(self) -> Iterator[tuple[int, int, float]]:
        """Yield (start, end, weight) of the words in VADER's list that count."""
        weights = _analyser()._but_check(self.words_and_emoticons, list(self.weights))
        for token, weight in zip(_TOKEN.finditer(self.text), weights, strict=True):
            if weight:
                bare = _EDGES.sub("", token.group()) or token.group()
                start = token.start() + token.group().index(bare)
                yield start, start + len(bare), float(weight)

    def compound(self) -> float:
        """Return VADER's score, for which a word weighs each time what it weighs at first."""
        first = dict(zip(reversed(self.words_and_emoticons), reversed(self.weights), strict=True))
        weights = [first[word] for word in self.words_and_emoticons]
        weights = _analyser()._but_check(self.words_and_emoticons, weights)
        return float(_analyser().score_valence(weights, self.text)["compound"])


@lru_cache(maxsize=32_768)
def _bare(word: str) -> str:
    """Return a word without the marks before or behind it that VADER takes off."""
    marks = _analyser().constants.PUNC_LIST
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


@contextmanager
def _without_statistics() -> Iterator[None]:
    """Let NLTK be imported without scipy.stats, which costs a second and is not used for tone."""
    loaded = "scipy.stats" in sys.modules
    if not loaded:
        sys.modules["scipy.stats"] = None
    try:
        yield
    finally:
        if not loaded:
            del sys.modules["scipy.stats"]


@lru_cache(maxsize=1)
def _analyser():
    """Return NLTK's VADER with the list that the package vaderSentiment installs.

    NLTK reads data files only from its own folders and refuses hard-linked ones, which installers
    make; so the list is read as a package resource and handed over.
    """
    with _without_statistics():
        from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants

    package = resources.files("vaderSentiment")
    analyser = SentimentIntensityAnalyzer.__new__(SentimentIntensityAnalyzer)
    analyser.constants = VaderConstants()
    analyser.lexicon_file = (package / "vader_lexicon.txt").read_text(encoding="utf-8").strip()
    analyser.lexicon = analyser.make_lex_dict()
    return analyser
