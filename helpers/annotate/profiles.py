"""The profile of a source: what all the places of an article that mean one speaker say of him.

While an article is annotated, the model of sources reads each place where somebody is named or
speaks (`find_rows`); who is who is decided later, when the corpus is joined (`Profiles`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from helpers.model.profile_model import MENTIONS, NOTHING, load_profile_model
from helpers.text.article import Article

Span = tuple[int, int]

COLUMNS = ("article_id", "start", "end", "evidence")
SURE = 0.6  # what the rules say gives way to what is at least so likely
SPEAKERS = ("PERSON", "ORG", "GPE", "NORP")


def find_rows(article: Article, said: Sequence[dict], named: Sequence[dict]) -> list[dict]:
    """Return what the model sees at each place of an article; one row is one place.

    `said` are the attributions, `named` the mentions.
    """
    spans = {(row["start"], row["end"]) for row in named if row["label"] in SPEAKERS}
    ordered = sorted(spans | {span for row in said for span in own_place(row)})
    if not ordered:
        return []
    evidence = load_profile_model().evidence(article, ordered).tolist()
    return [
        dict(zip(COLUMNS, (article.article_id, *span, found), strict=True))
        for span, found in zip(ordered, evidence, strict=True)
    ]


def own_place(row: Mapping) -> list[Span]:
    """Return where an attribution shows its source: its first words, else its cue, its content."""
    own = [*row["source_spans"], *row["cue_spans"], *row["spans"]][:1]
    return [(int(start), int(end)) for start, end in own]


def places_of(row: Mapping, named: Mapping[str, list[Span]]) -> list[Span]:
    """Return the places that mean the source of an attribution: its own, the first of its name.

    `named` are the places of each entity of the article, by id.
    """
    speaker = row["speaker_id"].partition(";")[0]
    return own_place(row) + (named.get(speaker, [])[:MENTIONS] if speaker else [])


class Profiles:
    """The evidence of one article, by speaker."""

    def __init__(
        self,
        rows: Iterable[tuple[int, int, Sequence[float]]],
        mentions: Iterable[tuple],
        own_book: bool = False,
    ):
        """Take rows (start, end, evidence) and mentions (start, end, text, label, entity_id).

        `own_book` tells that the rules go by a codebook of the user's own, which then decides.
        """
        self.own_book = own_book
        self._evidence = {(start, end): np.array(found) for start, end, found in rows}
        self._places: dict[str, list[Span]] = defaultdict(list)
        for start, end, *_, entity_id in mentions:
            self._places[entity_id].append((start, end))

    def affiliation(self, row: dict, label: str, source_type: str, rules: str) -> str:
        """Return the likeliest affiliation of the speaker of an attribution.

        `label` is that of the speaker's name or "", `source_type` and `rules` are the type and
        the affiliation that the rules give; these stand where nothing was read.
        """
        spans = places_of(row, self._places)
        read = [self._evidence[span] for span in spans if span in self._evidence]
        if not read or (self.own_book and rules != NOTHING):
            return rules
        chances = load_profile_model().judge_source(np.array(read), label, row, source_type, rules)
        best = max(chances, key=chances.__getitem__)
        return best if rules == NOTHING or chances[best] >= SURE else rules
