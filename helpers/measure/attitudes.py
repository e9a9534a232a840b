"""Measures of tone: who speaks how about whom, where the instruments differ, and when to be silent.

The unit is one statement about one target: what an attribution says of an entity, however often
it is named in it. A cell that rests on too little is not given a number but a reason why not.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.annotate.stance import add_stance as add_stance
from helpers.annotate.tone import LEXICONS, driving_words
from helpers.measure.counting import tally
from helpers.measure.select import PLACE, lay_out, name_apart
from helpers.measure.shares import (
    MINIMUM,
    NOTHING,
    UNTOLD,
    count_of,
    enumerate_names,
    resampled_intervals,
)
from helpers.store import lexicons, schema, tables
from helpers.store.paths import MODELS

# chosen on NewsMTSC dev (figures in data/models/README.md): the probability from which a polarity
# is taken, and the part of the word lists, of those that lean at all, that must lean the same way
SURE, AGREE = 0.6, 0.5
FEW, UNSURE, SPLIT = "too few", "unsure", "instruments disagree"
INSTRUMENTS = {"tone": "VADER's words", "news_tone": "news words", "leaning": "target model"}
MODEL = MODELS / "tone" / "model.json"
SIGN = {"negative": -1, "neutral": 0, "positive": 1}


def rank_strongest(attributions: pd.DataFrame, speaker: str = "") -> pd.DataFrame:
    """Order attributions by the strength of their tone, whatever its sign; "" takes all speakers.

    Raises ValueError when nobody of that name speaks.
    """
    if speaker:
        attributions = tables.keep(attributions, speaker=speaker)
    strength = attributions["tone"].abs().sort_values(ascending=False, kind="stable").dropna()
    return attributions.loc[strength.index]


def measure_tone(attributions: pd.DataFrame, by: str = "speaker", minimum: int = 1) -> pd.DataFrame:
    """Measure the mean lexical tone (-1 to 1) of each speaker's words, articles resampled.

    One row is one value of `by`: articles, attributions (with a tone), tone, low, high, spread
    (standard deviation), and how many are negative, neutral, positive. Below `minimum`
    attributions, or in one article only, tone, low and high are NaN.
    """
    toned = attributions.dropna(subset=["tone"])
    labels = {label: toned["tone_label"] == label for label in schema.POLARITIES}
    rows = toned.assign(**labels)
    tones = tally(
        rows,
        by,
        tone=("tone", "mean"),
        spread=("tone", "std"),
        **dict[str, Any]({label: (label, "sum") for label in labels}),
    )
    enough = (tones["attributions"] >= minimum) & (tones["articles"] > 1)
    kept = rows[rows[by].isin(tones.loc[enough, by])]
    summed = kept.groupby([by, "article_id"])["tone"].agg(["sum", "size"]).reset_index()
    groups, names = pd.factorize(summed[by], sort=True)
    ends = resampled_intervals(summed["sum"], summed["size"], groups, len(names))
    low, high = (tones[by].map(dict(zip(names, end, strict=True))) for end in ends)
    tones = tones.assign(tone=tones["tone"].where(enough), low=low, high=high)
    return lay_out("tones", tones, [by])


def name_tones(tones: pd.DataFrame, column: str, most: int = 4) -> str:
    """Name the rows whose interval is wholly negative, and those where it is wholly positive.

    Nobody is named for fewer than five statements.
    """
    enough = tones["attributions"] >= MINIMUM
    negative = tones.loc[enough & (tones["high"] < 0), column]
    positive = tones.loc[enough & (tones["low"] > 0), column]
    if tones["tone"].notna().sum() == 0:
        told = [f"{tones[one].sum():,} {one}" for one in schema.POLARITIES]
        return f"{', '.join(told)}" if len(tones) else NOTHING
    if negative.empty and positive.empty:
        return "neither clearly negative nor clearly positive for anybody"
    sides = {"negative": negative, "positive": positive}
    return ", ".join(
        f"{side} for {enumerate_names(who, most)}" for side, who in sides.items() if len(who)
    )


def join_targets(
    targets: pd.DataFrame,
    attributions: pd.DataFrame,
    entities: pd.DataFrame,
    voice: str = "speaker",
) -> pd.DataFrame:
    """Return one row for each statement about each target, with the target's name as `target`.

    Of several words for one target in one statement the surest decides. A nationality ("Russian
    aggression") counts for its country where the corpus names it too. What speakers say about
    themselves is left out. `voice` is "speaker", or "reporter" for how the article itself speaks of
    the speaker. Each row keeps the columns of its attribution; start and end are the target's, and
    confidence is the probability of `polarity`.
    """
    if voice not in schema.VOICES:
        raise ValueError(f"voice is one of {', '.join(schema.VOICES)}, not {voice!r}")
    spoken = targets[targets["voice"] == voice].drop(columns="article_id")
    aimed = spoken["attribution_id"].drop_duplicates()
    said = attributions[tables.find_places(attributions["attribution_id"], aimed) >= 0]
    said = said.drop(columns=[*PLACE[1:], "confidence", "country"], errors="ignore")
    joined = spoken.merge(said, on="attribution_id", how="inner", validate="many_to_one")
    joined = joined.assign(entity_id=joined["entity_id"].replace(_countries(entities)))
    names = name_apart(entities)[["entity_id", "entity"]]
    names = names.rename(columns={"entity": "target"})
    joined = joined.merge(names, on="entity_id", how="inner", validate="many_to_one")
    if voice == schema.VOICES[0]:
        joined = joined[joined["entity_id"] != joined["speaker_id"]]
    surest = joined.sort_values("confidence", ascending=False, kind="stable")
    return surest.drop_duplicates(["attribution_id", "entity_id"]).sort_index()


def _countries(entities: pd.DataFrame) -> dict[str, str]:
    """Return, for each nationality among the entities, the entity of its country."""
    listed = lexicons.read_lexicon("demonyms")
    place = dict(zip(listed["demonym"], listed["place"], strict=True))
    countries = entities[entities["label"] == "GPE"].drop_duplicates("entity")
    known = dict(zip(countries["entity"], countries["entity_id"], strict=True))
    nations = entities[entities["label"] == "NORP"]
    pairs = zip(nations["entity_id"], nations["entity"].map(place), strict=True)
    return {entity_id: known[name] for entity_id, name in pairs if name in known}


def add_judged(aimed: pd.DataFrame, probability: float = SURE) -> pd.DataFrame:
    """Add `judged_as`: the polarity where it has at least that probability, else ""."""
    return aimed.assign(judged_as=aimed["polarity"].where(aimed["confidence"] >= probability, ""))


def measure_targets(
    aimed: pd.DataFrame,
    minimum: int = 1,
    probability: float = SURE,
    agreement: float = AGREE,
    by: Sequence[str] = ("speaker", "target"),
) -> pd.DataFrame:
    """Measure how each speaker speaks about each target, and where that is too little to tell.

    One row is one speaker and target: articles, count (statements), judged (those whose polarity
    has at least `probability`), negative, neutral, positive (of those judged), balance (positive
    minus negative part of those judged, -1 to 1), agreement (part of the two word lists that lean
    the way the balance does, NaN where balance or lists lean nowhere) and abstained: "" where
    balance stands, else why it does not: "too few" judged statements (below `minimum`), "unsure"
    (more statements are unjudged than judged), "instruments disagree" (agreement below the one
    asked for).
    """
    keys = list(by)
    judged = aimed["confidence"] >= probability
    polarities = {label: judged & (aimed["polarity"] == label) for label in schema.POLARITIES}
    rows = aimed.assign(judged=judged, **polarities)
    sums = {name: (name, "sum") for name in ("judged", *polarities)}
    means = {"vader": ("tone", "mean"), "news": ("news_tone", "mean")}
    cells = tally(rows, *keys, rows="count", **sums, **means)
    balance = (cells["positive"] - cells["negative"]) / cells["judged"].where(cells["judged"] > 0)
    signs = np.sign(cells[["vader", "news"]].astype(float))
    same = signs.eq(np.sign(balance), axis=0).sum(axis=1)
    leaning = (signs.abs() == 1).sum(axis=1)
    agrees = (same / leaning.where(leaning > 0)).where(balance.abs() > 0)
    few, unsure = cells["judged"] < max(minimum, 1), cells["judged"] * 2 < cells["count"]
    given = np.select([few, unsure, agrees < agreement], [FEW, UNSURE, SPLIT], "")
    reasons = pd.Series(given, index=cells.index, dtype=object)
    cells = cells.drop(columns=["vader", "news"]).assign(
        balance=balance.where(reasons == "").astype(float),
        agreement=agrees.astype(float),
        abstained=reasons,
    )
    return cells.sort_values(keys).sort_values(
        ["count", "articles"], ascending=False, kind="stable", ignore_index=True
    )


def name_pairs(grid: pd.DataFrame, by: str = "speaker", most: int = 2) -> str:
    """Name the pairs (`by` and target) with most statements, for a title: counts, no judgement."""
    if grid.empty:
        return "No statement about a named target"
    known = grid[~grid[by].isin(UNTOLD)]
    first = known.head(most)[[by, "target", "count"]].itertuples(index=False, name=None)
    told = [f"{who} about {whom} ({count_of(number, 'statement')})" for who, whom, number in first]
    return f"Most often: {'; '.join(told)}" if told else "Nobody known speaks of a named target"


def rank_cell(
    aimed: pd.DataFrame, speaker: str = "", target: str = "", probability: float = 0.0
) -> pd.DataFrame:
    """Return the statements behind a cell, the surest judgement that is not neutral first.

    Raises ValueError when nobody of that name speaks or is spoken about.
    """
    chosen = {"speaker": speaker, "target": target}
    for column, name in chosen.items():
        if name:
            aimed = tables.keep(aimed, **{column: name})
    aimed = aimed[aimed["confidence"] >= probability]
    leaning = aimed["polarity"].map(SIGN).astype(float).abs() * aimed["confidence"]
    return aimed.loc[leaning.sort_values(ascending=False, kind="stable").index]


def find_instruments(attributions: pd.DataFrame, aimed: pd.DataFrame) -> pd.DataFrame:
    """Find what each instrument gives; one row is one statement and instrument.

    `instrument` is one of INSTRUMENTS, `tone` from -1 to 1.
    """
    leanings = aimed.assign(tone=aimed["polarity"].map(SIGN).astype(float))
    leanings["tone_label"] = leanings["polarity"]
    frames = (attributions, attributions.assign(tone=attributions["news_tone"]), leanings)
    named = zip(INSTRUMENTS.values(), frames, strict=True)
    found = [frame.dropna(subset=["tone"]).assign(instrument=name) for name, frame in named]
    return pd.concat(found, ignore_index=True)


def measure_instruments(found: pd.DataFrame, by: str = "speaker", minimum: int = 1) -> pd.DataFrame:
    """Measure each speaker's mean tone with each instrument; one row is one speaker and instrument.

    The instruments are VADER's words, the news words, and the model of tone toward targets (-1
    negative, 0 neutral, 1 positive). Columns: `by`, instrument, articles, attributions, tone, low,
    high; tone and interval are NaN below `minimum`, as in `measure_tone`.
    """
    left_out = ["spread", *schema.POLARITIES]
    parts = [
        measure_tone(found[found["instrument"] == name], by, minimum).assign(instrument=name)
        for name in INSTRUMENTS.values()
    ]
    return pd.concat(parts, ignore_index=True).drop(columns=left_out)


def say_agreement(instruments: pd.DataFrame, by: str = "speaker") -> str:
    """Say for how many speakers all instruments have a mean, and for how many its sign is one."""
    signs = np.sign(instruments.dropna(subset=["tone"]).set_index(by)["tone"])
    spread = signs.groupby(level=0).agg(["size", "min", "max"])
    whole = spread[spread["size"] == len(INSTRUMENTS)]
    if whole.empty:
        return "Nobody has enough statements for all three instruments."
    same = (whole["min"] == whole["max"]).sum()
    return f"All three instruments lean the same way for {same:,} of {len(whole):,} speakers."


def find_words(attributions: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Find the words that drive lexical tone, in lower case; see `tone.driving_words`.

    Words inside the names of `mentions` are left out: a party's name is no feeling.
    """
    words = driving_words(attributions)
    named = mentions[PLACE].rename(columns={"start": "first", "end": "last"})
    within = words.reset_index().merge(named, on="article_id")
    within = within[(within["start"] >= within["first"]) & (within["end"] <= within["last"])]
    words = words.drop(index=within["index"].unique())
    return words.assign(word=words["word"].str.lower()).reset_index(drop=True)


def count_words(words: pd.DataFrame) -> pd.DataFrame:
    """Count the words that drive lexical tone; one row is one word of one list.

    Columns: word (lower case), lexicon, articles, count, weight (mean in its contexts), pull (sum
    of the weights), also (what the other list makes of it); the strongest pull, whatever its sign,
    comes first. Needs the rows of `find_words`.
    """
    weights = {"weight": ("weight", "mean"), "pull": ("weight", "sum")}
    counted = tally(words, "word", "lexicon", rows="count", **weights).sort_values(
        ["word", "lexicon"]
    )
    pulls = counted.pivot_table("pull", "word", "lexicon", aggfunc="sum", observed=True)
    pulls = pulls.reindex(columns=LEXICONS)
    signs = np.sign(pulls).reindex(counted["word"]).to_numpy()
    alone = np.isnan(signs).any(axis=1)
    also = np.select([alone, signs[:, 0] == signs[:, 1]], ["no weight", "the same"], "the opposite")
    counted = counted.assign(also=also.astype(object))
    return counted.sort_values("pull", key=abs, ascending=False, kind="stable", ignore_index=True)


def read_coverage(path: Path = MODEL) -> pd.DataFrame:
    """Return what asking for a probability costs and gives, measured on held-out news sentences.

    One row is one probability: coverage, the part of targets judged at least so surely, and
    accuracy and macro-F1 among them.
    """
    card = json.loads(path.read_text(encoding="utf-8"))["card"]
    return lay_out("coverage", card["coverage"])
