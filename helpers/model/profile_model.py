"""The model of sources: what each place where a source is named or described says of it.

Like the model of tone it goes on from the reader's states: a layer in which the words of a place
ask their sentence. The answer is `evidence` for every affiliation, and how much the place counts.
What an article says of one speaker is the mean of the evidence of the places that mean him, added
to what is known of him besides: the label of his name, how he is quoted, what the rules say.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from helpers.model import encoder
from helpers.model.encoder import LABELS, MODELS, Encoder
from helpers.model.target_model import TargetModel
from helpers.store.schema import FORMS, SOURCE_TYPES
from helpers.text.article import Article

MODEL = "sources"
MENTIONS = 4  # so many places that name a speaker count, the first of the article
NOTHING = "unknown"


class ProfileModel(TargetModel):
    """The model, loaded; `affiliations` are its answers, in order."""

    def __init__(self, folder: Path, reader: Encoder):
        super().__init__(folder, reader)
        self.affiliations: list[str] = self.card["affiliations"]
        self.known = np.array(self.card["known"])  # the weight of each fact for each answer

    def evidence(self, article: Article, spans: Sequence[tuple[int, int]]) -> np.ndarray:
        """Return evidence and weight of each span of a text, (spans, affiliations + 1).

        A span that holds no word is given zeros.
        """
        found = np.zeros((len(spans), len(self.affiliations) + 1), np.float32)
        for places, answers in self.ask(article, spans):
            found[places] = answers
        return found

    def judge_source(
        self, evidence: np.ndarray, label: str, row: dict, source_type: str, affiliation: str
    ) -> dict[str, float]:
        """Return the probability of each affiliation of one speaker.

        `evidence` are the rows of the places that mean him, `label` that of his name or "", `row`
        his attribution (`source_text`, `form`); the last two are what the rules say.
        """
        scores = known(label, row, source_type, affiliation, self.affiliations) @ self.known
        if len(evidence):
            weights = np.exp(evidence[:, -1] - evidence[:, -1].max())
            scores = scores + weights @ evidence[:, :-1] / weights.sum()
        chances = self.calibrate(scores)
        return dict(zip(self.affiliations, chances.tolist(), strict=True))


def known(
    label: str, row: dict, source_type: str, affiliation: str, affiliations: Sequence[str]
) -> np.ndarray:
    """Return what is known of a speaker besides the places that name him, as ones and zeros."""
    groups = (
        (label, LABELS),
        (row["form"], FORMS),
        (source_type, SOURCE_TYPES),
        (affiliation, affiliations),
        ("" if row["source_text"] else "none", ("none",)),
    )
    return np.array([value == one for value, ones in groups for one in ones], np.float32)


@lru_cache(maxsize=1)
def load_profile_model(name: str = MODEL) -> ProfileModel:
    """Load the model of ``data/models`` once in a process, on top of the reader in use."""
    return ProfileModel(MODELS / name, encoder.load_encoder(encoder.MODEL))
