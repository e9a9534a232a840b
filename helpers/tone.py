"""Lexical tone of what is said, and of the words around somebody who is spoken about.

Tone is counted from VADER's word list (C. Hutto and E. Gilbert, 2014) by NLTK's implementation.
It is the tone of words, not of meaning: it misses irony, context and most news vocabulary.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import defaultdict
from functools import lru_cache
from importlib import resources

import pandas as pd

from helpers import schema

NEUTRAL_BELOW = 0.05  # VADER's own threshold between neutral and not
_WORD = re.compile(r"\w+(?:[-’']\w+)*")
_CLAUSE = re.compile(
    r"[.!?;:—–]\s|,\s+(?=(?:and|but|while|who|which|because|although|though|as|so|yet|or)\b)"
    r"|\s(?=(?:but|while|although|because|whereas)\s)"
)
_SHARPNESS = 1.5  # slope from score to probability: least log loss on a third of NewsMTSC train


def add_tone(attributions: pd.DataFrame) -> pd.DataFrame:
    """Return the attributions with the lexical tone of their content.

    `tone` is VADER's compound score in [-1, 1]; `tone_label` is negative at or below -0.05,
    positive at or above 0.05, else neutral. `tone_agreement` is the share of the content's words
    in VADER's list whose sign agrees with the label; a label of neutral agrees the better the two
    signs balance (1 when they are as many, 0 when all are of one sign). Missing when no word of the
    content is listed.
    """
    contents = [
        _content(text, spans, start)
        for text, spans, start in zip(
            attributions["text"], attributions["spans"], attributions["start"], strict=True
        )
    ]
    tones = [_compound(content) for content in contents]
    labels = [tone_label(tone) for tone in tones]
    agreements = [_agreement(c, label) for c, label in zip(contents, labels, strict=True)]
    index = attributions.index
    return attributions.assign(
        tone=pd.Series(tones, index=index, dtype=float),
        tone_label=pd.Series(labels, index=index, dtype=object),
        tone_agreement=pd.Series(agreements, index=index, dtype=float),
    )


def add_target_tone(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the lexical tone of the clause around each target.

    Needs `text`, `start` and `end`, the target's span in the text; adds `polarity` and the
    probabilities `p_negative`, `p_neutral` and `p_positive`. A weak instrument: macro-F1 is 51.7 on
    NewsMTSC rw_dev and 53.3 on mt_dev (three classes), where people reach 86.
    """
    scores = [
        _compound(_clause(text, start, end))
        for text, start, end in zip(frame["text"], frame["start"], frame["end"], strict=True)
    ]
    shares = [_probabilities(score) for score in scores]
    columns = {
        f"p_{polarity}": pd.Series([s[i] for s in shares], index=frame.index, dtype=float)
        for i, polarity in enumerate(schema.POLARITIES)
    }
    polarity = [tone_label(score) for score in scores]
    return frame.assign(polarity=pd.Series(polarity, index=frame.index, dtype=object), **columns)


def find_targets(attributions: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Return the people, bodies and places named inside what is said: one row is one such name.

    `polarity` is the tone of the words around it, `confidence` its probability.
    """
    named: dict[str, list[tuple]] = defaultdict(list)
    columns = ["article_id", "start", "end", "entity_id"]
    for article_id, *mention in mentions[columns].itertuples(index=False, name=None):
        named[article_id].append(tuple(mention))
    for spans in named.values():
        spans.sort()
    held = []
    columns = ["attribution_id", "article_id", "start", "text", "spans"]
    for row in attributions[columns].itertuples(index=False):
        for low, high in row.spans:
            for start, end, entity_id in _between(named[row.article_id], low, high):
                held.append(
                    {
                        "attribution_id": row.attribution_id,
                        "entity_id": entity_id,
                        "text": row.text,
                        "start": start - row.start,
                        "end": end - row.start,
                        "offset": row.start,
                    }
                )
    if not held:
        return schema.empty("targets")
    targets = add_target_tone(pd.DataFrame(held))
    best = targets[[f"p_{p}" for p in schema.POLARITIES]].max(axis=1)
    targets = targets.assign(
        start=targets["start"] + targets["offset"],
        end=targets["end"] + targets["offset"],
        confidence=best,
    )
    return targets[schema.TABLES["targets"].columns.names]


def _between(spans: list[tuple], low: int, high: int) -> list[tuple]:
    inside = spans[bisect_left(spans, (low,)) : bisect_left(spans, (high,))]
    return [span for span in inside if span[1] <= high]


def tone_label(tone: float) -> str:
    """Return negative, neutral or positive for a compound score."""
    if tone >= NEUTRAL_BELOW:
        return "positive"
    return "negative" if tone <= -NEUTRAL_BELOW else "neutral"


def _content(text: str, spans: list[list[int]], offset: int) -> str:
    return " ".join(text[start - offset : end - offset] for start, end in spans)


def _clause(text: str, start: int, end: int) -> str:
    """Return the clause that holds a span, 400 characters either side at most."""
    low = max(0, start - 400)
    low = max((m.end() for m in _CLAUSE.finditer(text, low, start)), default=low)
    following = _CLAUSE.search(text, end, end + 400)
    return text[low : following.start() if following else end + 400]


def _compound(text: str) -> float:
    return float(_analyser().polarity_scores(_straight(text))["compound"]) if text.strip() else 0.0


def _straight(text: str) -> str:
    return text.replace("’", "'").replace("‘", "'").replace("“", '"').replace("”", '"')


def _agreement(content: str, label: str) -> float:
    lexicon = _analyser().lexicon
    words = (word.group().lower() for word in _WORD.finditer(_straight(content)))
    signs = [lexicon[word] > 0 for word in words if lexicon.get(word)]
    if not signs:
        return math.nan
    positive = sum(signs) / len(signs)
    if label == "neutral":
        return 1 - abs(2 * positive - 1)
    return positive if label == "positive" else 1 - positive


def _probabilities(score: float) -> tuple[float, float, float]:
    negative = math.exp(-_SHARPNESS * score)
    positive = math.exp(_SHARPNESS * score)
    neutral = math.exp(_SHARPNESS * NEUTRAL_BELOW)
    total = negative + neutral + positive
    return negative / total, neutral / total, positive / total


@lru_cache(maxsize=1)
def _analyser():
    """Return NLTK's VADER with the list that the package vaderSentiment installs.

    NLTK reads data files only from its own folders and refuses hard-linked ones, which installers
    make; so the list is read as a package resource and handed over.
    """
    from nltk.sentiment.vader import SentimentIntensityAnalyzer, VaderConstants

    package = resources.files("vaderSentiment")
    analyser = SentimentIntensityAnalyzer.__new__(SentimentIntensityAnalyzer)
    analyser.constants = VaderConstants()
    analyser.lexicon_file = (package / "vader_lexicon.txt").read_text(encoding="utf-8").strip()
    analyser.lexicon = analyser.make_lex_dict()
    return analyser
