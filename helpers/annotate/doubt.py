"""How sure the coding of each source is: speaker, type, affiliation and country.

Each is a logistic regression over what the row says of itself: how the speaker was found, which
rule gave the type, how often the article names whom it found. The weights
(``data/lexicons/doubt_weights.csv``) are learnt from statements coded by language models.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from helpers.store import lexicons


class Sure(NamedTuple):
    """How likely each column of a row is right."""

    speaker_confidence: float
    type_confidence: float
    affiliation_confidence: float
    country_confidence: float


COLUMNS = dict(zip(Sure._fields, ("speaker", "source_type", "affiliation", "country"), strict=True))
WEIGHTS = "doubt_weights"
CONSTANT = "constant"
UNCLEAR = 0.5  # what is less likely right than wrong is unclear
EDGE = 0.02  # a confidence of the reader nearer to 0 or 1 counts as this
_RULE = re.compile(r"(?:^|; )(type|affiliation|country|relay): ((?:no )?[a-z]+)")


def judge(rows: Sequence[Mapping], mentions: Iterable[tuple]) -> list[Sure]:
    """Return how likely each row of an article is right.

    A row has the columns of `attributions`, a mention is (start, end, text, label, entity_id).
    """
    shown = describe(rows, mentions)
    names, weights = _weights()
    values = np.array([[features.get(name, 0.0) for name in names] for features in shown])
    chances = 1 / (1 + np.exp(-(values @ weights)))
    return [Sure(*chance) for chance in chances.round(4).tolist()]


def describe(rows: Sequence[Mapping], mentions: Iterable[tuple]) -> list[dict[str, float]]:
    """Return what is known of each row, by feature; see `judge`."""
    mentions = list(mentions)
    named = Counter(entity_id for *_, entity_id in mentions if entity_id)
    people = len({entity_id for *_, label, entity_id in mentions if label == "PERSON"})
    spoken = Counter(row["speaker"] for row in rows)
    return [
        _features(row)
        | {
            "people named": math.log1p(people),
            "speaker named": math.log1p(named[row["speaker_id"].partition(";")[0]]),
            "speaker quoted": math.log1p(spoken[row["speaker"]]),
        }
        for row in rows
    ]


def _features(row: Mapping) -> dict[str, float]:
    source, speaker = row["source_text"], row["speaker"]
    sure = min(max(row["confidence"], EDGE), 1 - EDGE)
    told = [
        f"resolution {row['resolution']}",
        f"form {row['form']}",
        f"type {row['source_type']}",
        f"affiliation {row['affiliation']}",
        *(f"{name} by {rule}" for name, rule in _RULE.findall(row["source_rule"])),
    ]
    if row["resolution"] == "pronoun":
        told.append(f"pronoun {source.lower()}")
    flags = {
        "no source": not source,
        "no cue": not row["cue"],
        "nobody": not speaker,
        "as written": speaker == source,
        "a name": speaker[:1].isupper(),
        "several": " and " in speaker,
        "no entity": not row["speaker_id"],
        "no country": not row["country"],
        "long": len(speaker.split()) > 4,
    }
    told += [name for name, true in flags.items() if true]
    return dict.fromkeys(told, 1.0) | {CONSTANT: 1.0, "reader": math.log(sure / (1 - sure))}


@cache
def _weights() -> tuple[list[str], np.ndarray]:
    """Return the features and their weights, (features, COLUMNS)."""
    table = lexicons.read_lexicon(WEIGHTS)
    wide = table.assign(weight=table["weight"].astype(float)).pivot(
        index="feature", columns="column", values="weight"
    )
    return wide.index.tolist(), wide[list(COLUMNS)].fillna(0.0).to_numpy()
