"""Sentences that answer a notebook's question for this corpus: its bottom line, each with its n.

Each is made from a table that the notebook publishes. What is unknown or other is no finding: it
stands beside what is known. Where there is nothing to say the sentence is "".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from helpers.annotate.doubt import COLUMNS
from helpers.measure import shares
from helpers.measure.select import KINDS, UNCLEAR, name_value
from helpers.measure.shares import MINIMUM, UNTOLD, count_of, enumerate_names, in_words, percent
from helpers.store.schema import POLARITIES

PEOPLE = "PERSON"


def say_widest(counts: pd.DataFrame, number: str, done: str, column: str = "entity") -> str:
    """Say who is named or quoted most: in most articles, or of few articles most often.

    `counts` has articles, n and the column `number`; `done` is what is done to them ("Named").
    """
    if counts.empty:
        return ""
    few = counts["n"].iloc[0] < MINIMUM
    by = number if few else "articles"
    most = counts[by].max()
    who = enumerate_names(counts.loc[counts[by] == most, column], 3)
    if few:
        unit = "mentions" if number == "mentions" else "statements"
        return f"{done} most often: {who}, {most:,} of {counts[by].sum():,} {unit}."
    n = counts["n"].iloc[0]
    return f"{done} in most articles: {who}, in {most:,} of {n:,} ({percent(most / n)})."


def say_first(measured: pd.DataFrame, column: str, lead: str, unit: str = "statements") -> str:
    """Say which value has the largest share of those that are known, and how many are not.

    Where hardly anything is known, only that is said. `measured` has the columns of
    `shares.measure_shares`, undivided.
    """
    known = measured[~measured[column].isin(UNTOLD)]
    n, told = int(measured["count"].sum()), int(known["count"].sum())
    if not n:
        return ""
    if not told:
        return f"{lead}: not known for any of {n:,} {unit}."
    if shares.hardly_known(measured, column):
        return f"{lead}: known of {told:,} of {n:,} {unit} only ({percent(told / n)})."
    most = known["count"].max()
    who = enumerate_names(known.loc[known["count"] == most, column], 3)
    if told == n:
        return f"{lead}: {who}, {most:,} of {n:,} {unit} ({percent(most / n)})."
    return (
        f"{lead}: {who}, {most:,} of {told:,} that are known ({percent(most / told)}); "
        f"for {percent(1 - told / n)} of {n:,} {unit} it is something else or not known."
    )


def say_part(held: pd.Series, what: str, unit: str = "statements") -> str:
    """Say of how many rows something holds, given whether it does."""
    number, n = int(held.sum()), len(held)
    return f"{what}: {number:,} of {n:,} {unit} ({percent(number / n)})." if n else ""


# ------------------------------------------------------------------------------- names and voices


def say_heard(voice: pd.DataFrame) -> str:
    """Say how many of the people named are heard, and who is named most without being heard."""
    people = voice[voice["label"] == PEOPLE]
    if people.empty:
        return ""
    heard = people["speaking"] > 0
    told = f"Heard: {heard.sum():,} of {count_of(len(people), 'person', 'people')} named"
    doubted = people["entity"].str.endswith(f", {KINDS[PEOPLE][0]}")  # a name of something else too
    silent = people[~heard & ~doubted & (people["articles"] > 1)]
    if silent.empty:
        return f"{told}."
    most = silent["articles"].max()
    who = enumerate_names(silent.loc[silent["articles"] == most, "entity"], 3)
    return f"{told}; named most without a word of their own: {who} (in {most:,} articles)."


def say_voices(voices: pd.DataFrame) -> str:
    """Say how many sources one article has, and who of them has most words.

    Needs the rows of `counting.count_speakers`.
    """
    if (voices["speaker"] == UNCLEAR).all():
        return "Nobody speaks in this article of whom it is clear who that is."
    clear = voices[voices["speaker"] != UNCLEAR]
    most = clear["words"].max()
    who = enumerate_names(clear.loc[clear["words"] == most, "speaker"], 3)
    sources = f"{count_of(len(clear), 'source')}, {int(clear['named'].sum()):,} of them named"
    return f"{sources}; most words: {who}, {most:,} of {voices['words'].sum():,}."


def say_together(pairs: pd.DataFrame) -> str:
    """Say which two names meet in most articles beyond those that chance would give."""
    more = pairs[pairs["ratio"] > 1]
    if more.empty:
        return ""
    first = more.loc[(more["articles"] - more["expected"]).idxmax()]
    return (
        f"Together furthest beyond chance: {first['entity']} and {first['entity_with']}, in "
        f"{first['articles']:,} articles, where chance alone would give {first['expected']:.1f}."
    )


def say_doubts(proposed: pd.DataFrame, ambiguous: pd.DataFrame) -> str:
    """Say how many names may be one, or several."""
    if proposed.empty and ambiguous.empty:
        return ""
    return (
        f"Least sure: {count_of(len(proposed), 'pair')} of names that may be one, and "
        f"{count_of(len(ambiguous), 'name')} that could be several."
    )


# ------------------------------------------------------------------------------------------- tone


def say_tones(toned: pd.DataFrame) -> str:
    """Say how many statements sound negative and positive by the words in them."""
    n, told = len(toned), _count_polarities(toned["tone_label"])
    return f"By its words, of {n:,} statements with a tone: {told}." if n else ""


def _count_polarities(said: pd.Series) -> str:
    return ", ".join(f"{(said == one).sum():,} {one}" for one in POLARITIES)


def say_judged(aimed: pd.DataFrame, coverage: pd.DataFrame, probability: float) -> str:
    """Say how statements about a named target are judged, how many are not, and how often right.

    `aimed` are the rows of `attitudes.add_judged`.
    """
    if aimed.empty:
        return ""
    told, unsure = _count_polarities(aimed["judged_as"]), (aimed["judged_as"] == "").sum()
    asked = coverage[coverage["probability"] <= probability]
    right = f"; so sure, it is right in {percent(asked['accuracy'].iloc[-1])}" * bool(len(asked))
    return (
        f"Of {len(aimed):,} statements about a named target a model judges {told}, and is not sure "
        f"of {unsure:,}{right} of news sentences that it did not learn from."
    )


# ---------------------------------------------------------------------------------------- sources


def say_guessed(attributions: pd.DataFrame) -> str:
    """Say for how many statements the side of the source is a guess, or is not known."""
    if attributions.empty:
        return ""
    unknown = (attributions["affiliation"] == "unknown").mean()
    guess = attributions["source_rule"].astype("str").str.contains("profile", regex=False).mean()
    told = f"for whom the source speaks is not known in {percent(unknown)} of statements, and "
    return (
        f"Least sure: {told if unknown else ''}what is said of the source in {percent(guess)} "
        f"{'of statements ' * (not unknown)}rests on a model's guess, learnt from codings by "
        "language models."
    )


def say_unclear(attributions: pd.DataFrame) -> str:
    """Say how much of what `select.set_unclear_apart` gives is set apart."""
    told = [name for name in COLUMNS.values() if name in attributions]
    parts = {name: (attributions[name] == UNCLEAR).mean() for name in told}
    said = [f"{in_words(name)} in {percent(part)}" for name, part in parts.items() if part > 0]
    if not said:
        return ""
    return (
        f" Unclear, as less likely right than wrong, and so in no ranking: the "
        f"{enumerate_names(said, 4)} of {count_of(len(attributions), 'statement')}."
    )


def say_short(audit: pd.DataFrame) -> str:
    """Say how many statements of sources without a name meet the policy, and what is lacking."""
    if audit.empty:
        return "No statement of a source without a name."
    lacking = audit["falls_short"].str.split("; ").explode()
    lacking = lacking[lacking != ""].value_counts()
    most = f"; lacking most often: {lacking.index[0]} ({lacking.iloc[0]:,})" if len(lacking) else ""
    told = say_part(audit["meets_policy"], "Meeting the house policy", "statements without a name")
    return f"{told.removesuffix('.')}{most}."


def say_origins(stories: pd.DataFrame) -> str:
    """Say of the most widely told story how many articles and how few origins it has."""
    if stories.empty:
        return ""
    most = stories.iloc[0]
    articles, origins = (count_of(most[f"{one}s"], one) for one in ("article", "origin"))
    return f"Told most widely: {articles}, {origins} at most ({most['whence']})."


def say_cut(aligned: pd.DataFrame, versions: pd.DataFrame) -> str:
    """Say how many versions of a statement leave words out, and which keeps least; for a title."""
    if aligned.empty:
        return "No statement stands in several articles"
    speaker = versions.set_index("attribution_id").loc[aligned["attribution_id"].iloc[0], "speaker"]
    cut, least = int((aligned["kept"] < 1).sum()), aligned.loc[aligned["kept"].idxmin()]
    told = f"{speaker or 'Speaker not known'}: {cut} of {len(aligned)} versions leave words out"
    return (
        f"{told}; {name_value(least['outlet'], 'outlet')} keeps {percent(least['kept'])}"
        if cut
        else told
    )


def say_criticised(criticised: pd.DataFrame) -> str:
    """Say how many cases of sure criticism there are to read."""
    unheard = int((criticised["reply"] == "not heard").sum())
    return (
        f"To be read: {count_of(len(criticised), 'case')} of sure criticism, {unheard:,} without "
        "words of the one who is criticised. No share: it is not shown how often such cases are "
        "right."
    )


# ------------------------------------------------------------------------- corpora and comparisons


def say_extremes(measured: pd.DataFrame, measure: str, by: str = "outlet") -> str:
    """Say which outlets have the largest and smallest share, and whether that tells them apart."""
    told = measured[measured[by].isin(shares.find_comparable(measured, by))]
    if len(told) < 2:
        return f"{measure.capitalize()}: fewer than two outlets have enough to be compared."
    high, low = told.loc[told["share"].idxmax()], told.loc[told["share"].idxmin()]
    apart = "their intervals do not meet" if high["low"] > low["high"] else "too close to call"
    sides = (
        f"{name_value(side[by], by)} ({percent(side['share'])} of {side['n']:,})"
        for side in (high, low)
    )
    most, least = sides
    return f"{measure.capitalize()}: most in {most}, least in {least}; {apart}."


def say_apart(measured: pd.DataFrame, by: str = "outlet") -> str:
    """Say in which measures of `measure_headlines` outlets differ by more than chance."""
    kept = {name: rows for name, rows in measured.groupby("measure", sort=False)}
    comparable = {
        name: rows[rows[by].isin(shares.find_comparable(rows, by))] for name, rows in kept.items()
    }
    able = {name: rows for name, rows in comparable.items() if len(rows) > 1}
    if not able:
        return ""
    apart = [name for name, rows in able.items() if rows["low"].max() > rows["high"].min()]
    which = enumerate_names(apart, 4) if apart else "none"
    return f"Of {len(able)} measures outlets are told apart by: {which}."


def say_spread(articles: pd.DataFrame) -> str:
    """Say how long the articles are."""
    if articles.empty:
        return ""
    low, middle, high = np.percentile(articles["words"], [0, 50, 100])
    if len(articles) == 1:
        return f"Its length: {middle:,.0f} words."
    ends = f"the shortest {low:,.0f}, the longest {high:,.0f}"
    return f"Half of the articles have {middle:,.0f} words or more; {ends}."


def say_copies(articles: pd.DataFrame) -> str:
    """Say how many articles are copies of others, or an agency's; needs `counting.add_marks`."""
    copies, wire = int(articles["copy"].sum()), int(articles["from_wire"].sum())
    n = len(articles)
    return f"Copies of another article here: {copies:,} of {n:,}; marked as an agency's: {wire:,}."


def say_undated(articles: pd.DataFrame) -> str:
    """Say how many articles take part in nothing over time."""
    undated = int(articles["published"].isna().sum())
    return f"Without a date, and so in nothing over time: {undated:,} of {len(articles):,}." * (
        undated > 0
    )


# ------------------------------------------------------------------- how far numbers can be trusted


def say_plan(plan: pd.DataFrame, coders: Sequence[str] = ()) -> str:
    """Say how many statements would have to be coded, of `correction.plan_size`.

    Once there are coders nothing is said.
    """
    if plan.empty or len(coders):
        return ""
    known = plan.dropna(subset=["needed", "assumed"]).sort_values(["wanted", "assumed"])
    if known.empty:
        row = plan.iloc[0]
        return (
            f"Nobody has coded yet; {row['size']:,} coded statements would tell the {row['what']} "
            f"to within {row['reach'] * 100:.0f} points."
        )
    row = known.iloc[0]
    return (
        f"Nobody has coded yet; {row['needed']:,.0f} coded statements would tell the "
        f"{row['what']} to within {row['wanted'] * 100:.0f} points, if the program is right in "
        f"{percent(row['assumed'])}."
    )


def say_alpha(agreed: pd.DataFrame) -> str:
    """Say on what coders agree least and most, of `agreement.measure_agreement`."""
    known = agreed.dropna(subset=["alpha"])
    if known.empty:
        return ""
    ends = [known.loc[known["alpha"].idxmin()], known.loc[known["alpha"].idxmax()]]
    told = [
        f"{in_words(one['variable'])} (alpha {one['alpha']:.2f}, {one['low']:.2f} to "
        f"{one['high']:.2f}, of {one['units']:,} statements)"
        for one in ends[: len(known)]
    ]
    return f"Coders agree least on {', most on '.join(told)}."


def say_found(finding: pd.DataFrame, tool: str) -> str:
    """Say how much of what coders found by reading the program found, of the first coder."""
    rows = finding[finding["first"] == tool].dropna(subset=["recall"])
    if rows.empty:
        return ""
    row = rows.iloc[0]
    there = row["found_by_both"] + row["only_second"]
    coder = in_words(row["second"])
    return (
        f"Of {there:,} statements that {coder} found by reading, the program found "
        f"{percent(row['recall'])}; of its own {percent(row['precision'])} are among them."
    )


def say_same(accuracy: pd.DataFrame, variable: str) -> str:
    """Say how often the program gives the coders' code, of `agreement.measure_accuracy`."""
    row = accuracy[accuracy["category"] == "all"].iloc[0]
    if not row["coded"]:
        return ""
    ends = f"{percent(row['precision_low'])} to {percent(row['precision_high'])}"
    told = f"{percent(row['precision'])} ({ends}) of {row['coded']:,} statements"
    return f"The program gives the {in_words(variable)} as the coders do for {told}."


def say_corrected(corrected: pd.DataFrame, column: str) -> str:
    """Say which share is moved most by correction, and whether by more than chance."""
    known = corrected.dropna(subset=["corrected"])
    if known.empty:
        return ""
    row = known.loc[(known["corrected"] - known["share"]).abs().idxmax()]
    outside = not row["corrected_low"] <= row["share"] <= row["corrected_high"]
    ends = f"{percent(row['corrected_low'])} to {percent(row['corrected_high'])}"
    return (
        f"Moved most by correction: {row[column]}, from {percent(row['share'])} to "
        f"{percent(row['corrected'])} ({ends}) of {row['n']:,} statements; the share as counted "
        f"lies {'outside' if outside else 'inside'} that interval."
    )


def say_contrasts(contrasts: pd.DataFrame) -> str:
    """Say which differences are clear as counted and once corrected."""
    rows = contrasts[(contrasts["contrast"] == "difference") & contrasts["dsl"].notna()]
    if rows.empty:
        return ""
    clear = [
        list(rows.loc[(rows[low] > 0) | (rows[high] < 0), "of"])
        for low, high in (("low", "high"), ("dsl_low", "dsl_high"))
    ]
    told = [enumerate_names(names, 3) if names else "none" for names in clear]
    n = rows["checked"].max()
    return (
        f"Of {count_of(len(rows), 'difference')} between outlets clear as counted: {told[0]}; once "
        f"corrected by at most {n:,} coded statements: {told[1]}."
    )


def say_trends(trends: pd.DataFrame) -> str:
    """Say how a share rose or fell in all outlets, and in which by more than chance, as counted."""
    rows = trends.dropna(subset=["counted", "low", "high"])
    whole, each = rows[rows["of"] == "all"], rows[rows["of"] != "all"]
    clear = each[(each["low"] > 0) | (each["high"] < 0)]
    told = [f"all together {_say_trend(one)}" for one in whole.to_dict("records")]
    if len(each):
        first = (clear if len(clear) else each).iloc[0]
        told.append(
            f"by more than chance in {len(clear) or 'none'} of {count_of(len(each), 'outlet')}: "
            f"{name_value(first['of'], 'outlet')} {_say_trend(first)}"
        )
    return f"Changed over time: {'; '.join(told)}." if told else ""


def _say_trend(row: Mapping | pd.Series) -> str:
    move, low, high = (f"{row[end] * 100:+.1f}" for end in ("counted", "low", "high"))
    return f"{move} points a month ({low} to {high})".replace("-", "−")


def say_reached(figures: pd.DataFrame) -> str:
    """Say which measure of which gold is highest and which is lowest, of `accuracy.to_figures`."""
    known = figures.dropna(subset=["value"])
    if known.empty:
        return ""
    ends = [known.loc[known["value"].idxmax()], known.loc[known["value"].idxmin()]]
    told = [
        f"{one['measure']} on {one['corpus']} {one['value']:.0f} of 100 "
        f"({one['n']:,} {one['unit']})"
        for one in ends[: len(known)]
    ]
    return f"Highest: {'; lowest: '.join(told)}."


def say_unsure(calibration: pd.DataFrame) -> str:
    """Say on which gold the program is too sure of itself, or too little, and by how much."""
    if calibration.empty:
        return ""
    apart = calibration.assign(apart=calibration["confidence"] - calibration["right"])
    mean = apart.groupby("corpus", sort=False)[["apart", "n"]].apply(
        lambda rows: np.average(rows["apart"], weights=rows["n"])
    )
    worst = mean.abs().idxmax()
    how = "more" if mean[worst] > 0 else "less"
    n = int(calibration.loc[calibration["corpus"] == worst, "n"].sum())
    return (
        f"Furthest from its own confidence on {worst}: {abs(mean[worst]) * 100:.0f} points {how} "
        f"sure than right, of {n:,} items."
    )
