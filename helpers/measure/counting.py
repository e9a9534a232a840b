"""Counts of articles, names, pairs, speakers and sources; each docstring says what a row is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.measure.select import name_apart
from helpers.measure.shares import add_article_share
from helpers.store import schema, tables

COUNTED_AT_ONCE = 20_000  # articles, of those counted as pairs
NAMINGS = ("anonymous", "named", "unnamed")
PAIRED_ENTITIES = 200


def add_marks(articles: pd.DataFrame) -> pd.DataFrame:
    """Add whether each article is undated, a copy of another, and from_wire: an agency's."""
    return articles.assign(
        undated=articles["published"].isna(),
        copy=articles["duplicate_of"] != "",
        from_wire=articles["wire"] != "",
    )


def count_articles(articles: pd.DataFrame) -> pd.DataFrame:
    """Count what each outlet has; one row is one outlet, the one with most articles first.

    Columns: articles, words, first and last day, undated, copies (marked as duplicates), wire.
    """
    counts = (
        add_marks(articles)
        .groupby("outlet")
        .agg(
            articles=("article_id", "size"),
            words=("words", "sum"),
            first=("published", "min"),
            last=("published", "max"),
            undated=("undated", "sum"),
            copies=("copy", "sum"),
            wire=("from_wire", "sum"),
        )
    )
    counts = counts.astype({"words": "int64"}).sort_values("articles", ascending=False)
    days = {column: pd.to_datetime(counts[column]).dt.normalize() for column in ("first", "last")}
    return counts.assign(**days).reset_index()


def add_week(articles: pd.DataFrame) -> pd.DataFrame:
    """Add `week`, the Monday of each row's day; undated rows are left out."""
    dated = articles.dropna(subset=["published"])
    day = dated["published"].dt.normalize()
    return dated.assign(week=day - pd.to_timedelta(day.dt.day_of_week, unit="D"))


def name_period(articles: pd.DataFrame) -> str:
    """Name the first and last day of the dated articles ("2 March 2026 to 24 May 2026")."""
    if articles["published"].isna().all():
        return "no dates"
    first, last = articles["published"].min(), articles["published"].max()
    return f"{name_day(first)} to {name_day(last)}"


def name_day(day: pd.Timestamp, form: str = "%B %Y") -> str:
    """Write a day without a leading zero ("2 March 2026"), on any system."""
    return f"{day.day} {day:{form}}"


def count_weeks(articles: pd.DataFrame) -> pd.DataFrame:
    """Count the dated articles of each outlet in each week; weeks begin on Monday.

    One row is one outlet and week, from the corpus's first week to its last, zeros included.
    """
    dated = add_week(articles)
    counts = dated.groupby(["outlet", "week"]).size().rename("articles")
    if not counts.empty:
        weeks = pd.date_range(dated["week"].min(), dated["week"].max(), freq="7D", name="week")
        outlets = pd.Index(sorted(dated["outlet"].unique()), name="outlet")
        counts = counts.reindex(pd.MultiIndex.from_product([outlets, weeks]), fill_value=0)
    return counts.reset_index()


def measure_lengths(articles: pd.DataFrame) -> pd.DataFrame:
    """Measure the words of each outlet's articles; one row is one outlet, the longest first.

    Columns: articles, shortest, median, longest.
    """
    lengths = articles.groupby("outlet")["words"].agg(
        articles="size", shortest="min", median="median", longest="max"
    )
    return rank(lengths.reset_index(), "median", "longest", then="outlet")


def count_gaps(articles: pd.DataFrame) -> pd.DataFrame:
    """Count the days without an article between two articles of an outlet, most days first.

    One row is one gap: outlet, last_before, first_after, days.
    """
    dated = articles.dropna(subset=["published"])
    days = dated.assign(first_after=dated["published"].dt.normalize())
    days = days[["outlet", "first_after"]].drop_duplicates().sort_values(["outlet", "first_after"])
    days["last_before"] = days.groupby("outlet")["first_after"].shift()
    days["days"] = (days["first_after"] - days["last_before"]).dt.days - 1
    gaps = days[days["days"] > 0].astype({"days": "int64"})
    gaps = gaps.sort_values(["days", "outlet"], ascending=[False, True])
    return gaps[["outlet", "last_before", "first_after", "days"]].reset_index(drop=True)


def join_blocks(blocks: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Keep the blocks that lie in `articles` and add their number of words."""
    joined = blocks.merge(
        articles[["article_id", "text"]], on="article_id", how="inner", validate="many_to_one"
    )
    words = [
        len(text[start:end].split())
        for text, start, end in zip(joined["text"], joined["start"], joined["end"], strict=True)
    ]
    return joined.drop(columns="text").assign(words=pd.Series(words, index=joined.index, dtype=int))


def count_roles(blocks: pd.DataFrame, roles: Sequence[str] = ()) -> pd.DataFrame:
    """Count the words of each structure role; one row is one role: blocks, words, share, counted.

    `counted` says whether the role is among `roles`, the ones that other notebooks count. Needs the
    rows of `join_blocks`.
    """
    counts = blocks.groupby("role").agg(
        articles=("article_id", "nunique"), blocks=("start", "size"), words=("words", "sum")
    )
    counts = counts.astype({"words": "int64"}).sort_values("words", ascending=False).reset_index()
    total = counts["words"].sum()
    return counts.assign(
        share=counts["words"] / total if total else 0.0, counted=counts["role"].isin(roles)
    )


def pair_duplicates(articles: pd.DataFrame) -> pd.DataFrame:
    """Pair each copy with its original; one row is one copy.

    The original may lie outside the selection: its columns are then empty.
    """
    told = ["article_id", "outlet", "published", "headline"]
    copies = articles.loc[articles["duplicate_of"] != "", [*told, "duplicate_kind", "duplicate_of"]]
    originals = articles[["article_id", "outlet", "published"]].add_prefix("original_")
    return copies.merge(
        originals,
        left_on="duplicate_of",
        right_on="original_article_id",
        how="left",
        validate="many_to_one",
    ).drop(columns="original_article_id")


def count_values(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Count rows and articles for each combination of values, most rows first."""
    counts = frame.groupby(list(columns), dropna=False).agg(
        count=("article_id", "size"), articles=("article_id", "nunique")
    )
    return counts.sort_values("count", ascending=False, kind="stable").reset_index()


def count_entities(mentions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count mentions and articles of each entity; one row is one entity (in one `by`, if given).

    The entity in most articles comes first. Needs the columns of `join_entities`.
    """
    keys = [*([by] if by else []), "entity_id", "entity", "label"]
    counts = mentions.groupby(keys).agg(
        articles=("article_id", "nunique"), mentions=("article_id", "size")
    )
    return rank(counts.reset_index(), "articles", "mentions", then="entity")


def rank(counts: pd.DataFrame, *largest: str, then: str) -> pd.DataFrame:
    """Order rows by numbers, the largest first, and rows of equal numbers by `then`."""
    order = [False] * len(largest) + [True]
    return counts.sort_values([*largest, then], ascending=order).reset_index(drop=True)


def measure_entities(
    mentions: pd.DataFrame, articles: pd.DataFrame, chosen: pd.DataFrame, by: str
) -> pd.DataFrame:
    """Measure the share of the articles of each `by` that mention each chosen entity.

    One row is one entity of `chosen` in one value of `by`, zeros included: articles, n, share,
    low, high.
    """
    n = articles.groupby(by).size()
    counts = count_entities(mentions, by).set_index([by, "entity_id"])["articles"]
    told = chosen[["entity_id", "entity"]].merge(n.rename("n").reset_index(), how="cross")
    places = pd.MultiIndex.from_frame(told[[by, "entity_id"]])
    told["articles"] = counts.reindex(places, fill_value=0).to_numpy()
    return add_article_share(told, n)


def count_aliases(mentions: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Count the ways each entity is written; one row is one entity that is written in several.

    `written` lists them with their mentions, `merge_reason` says why they are one name.
    """
    counts = mentions.groupby(["entity_id", "text"]).size().rename("mentions").reset_index()
    counts = counts[counts["entity_id"] != ""]
    counts = counts.sort_values(["entity_id", "mentions", "text"], ascending=[True, False, True])
    counts["written"] = counts["text"] + " (" + counts["mentions"].astype(str) + ")"
    merged = counts.groupby("entity_id").agg(
        written=("written", "; ".join), ways=("text", "size"), mentions=("mentions", "sum")
    )
    merged = merged[merged["ways"] > 1].reset_index()
    told = entities[["entity_id", "entity", "label", "merge_reason"]]
    merged = merged.merge(told, on="entity_id", validate="one_to_one")
    columns = ["entity_id", "entity", "label", "ways", "mentions", "written", "merge_reason"]
    return rank(merged[columns], "mentions", "ways", then="entity")


def count_pairs(mentions: pd.DataFrame, n_articles: int) -> pd.DataFrame:
    """Count the articles that mention both of two entities; one row is one pair.

    `expected` is the number if the two were mentioned independently of one another, `ratio` how
    many times more often they meet. The 200 most widely mentioned entities are paired.
    """
    widest = count_entities(mentions).drop_duplicates("entity").head(PAIRED_ENTITIES)
    names = np.sort(widest["entity"].to_numpy(str))
    named = mentions[mentions["entity"].isin(names)]
    place, articles = pd.factorize(named["article_id"])
    present = np.zeros((len(articles), len(names)), bool)
    present[place, tables.find_places(named["entity"], pd.Series(names))] = True
    both = np.zeros((len(names), len(names)))
    for low in range(0, len(present), COUNTED_AT_ONCE):
        part = present[low : low + COUNTED_AT_ONCE].astype(np.float32)
        both += part.T @ part
    first, second = np.nonzero(np.triu(both, 1))
    alone = present.sum(0, dtype=float)
    expected = alone[first] * alone[second] / max(n_articles, 1)
    met = both[first, second]
    pairs = pd.DataFrame({"entity": names[first], "entity_with": names[second]})
    pairs = pairs.assign(articles=met.astype(int), expected=expected, ratio=met / expected)
    return rank(pairs, "articles", "ratio", then="entity")


def find_pairs(mentions: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Find what is behind `count_pairs`: where two entities are first named in a common article.

    One row is one of the two in one article: entity, entity_with, article_id, start, end.
    """
    keys = ["entity", "entity_with"]
    named = mentions["entity"].isin(pd.unique(pairs[keys].to_numpy().ravel()))
    first = mentions.loc[named, ["article_id", "entity", "start", "end"]]
    first = first.drop_duplicates(["article_id", "entity"])
    met = first.merge(first, on="article_id", suffixes=("", "_with"), validate="many_to_many")
    met = met[met["entity"] < met["entity_with"]].merge(pairs[keys], validate="many_to_one")
    columns = [*keys, "article_id", "start", "end"]
    other = met[[*keys, "article_id", "start_with", "end_with"]].set_axis(columns, axis=1)
    return pd.concat([met[columns], other], ignore_index=True)


def count_speakers(attributions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count what each speaker says; one row is one speaker (in one `by`, if given).

    Columns: articles, attributions, words, direct, mixed, indirect. A source without a name is
    one row per description as written, with `named` false: "officials" in two articles need not
    be the same officials.
    """
    keys = [*([by] if by else []), "speaker", "speaker_id", "named"]
    forms = {form: attributions["form"] == form for form in schema.FORMS}
    counts = (
        attributions.assign(**forms)
        .groupby(keys)
        .agg(
            articles=("article_id", "nunique"),
            attributions=("article_id", "size"),
            words=("words", "sum"),
            **{form: (form, "sum") for form in schema.FORMS},
        )
    )
    return rank(counts.reset_index(), "articles", "attributions", then="speaker")


def count_relays(attributions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count what reached the article through another outlet; one row is one relaying outlet.

    Columns: relay, relay_ownership, carrier (both in one), articles, attributions, words,
    speakers. With `by`, for
    instance "speaker", one row is one value of it and one relay.
    """
    relayed = attributions[attributions["relay"] != ""]
    counts = relayed.groupby([*([by] if by else []), "relay", "relay_ownership"]).agg(
        articles=("article_id", "nunique"),
        attributions=("article_id", "size"),
        words=("words", "sum"),
        speakers=("speaker", "nunique"),
    )
    counts = counts.reset_index()
    counts["carrier"] = counts["relay"] + " (" + counts["relay_ownership"].astype("str") + ")"
    return rank(counts, "articles", "attributions", then="relay")


def name_replies(replies: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Put the name of who was asked into `who`: "(not named)" where the article names nobody."""
    names = name_apart(entities)[["entity_id", "entity"]]
    named = replies.merge(names, on="entity_id", how="left", validate="many_to_one")
    return named.assign(who=named["entity"].fillna("(not named)"))


def count_replies(replies: pd.DataFrame) -> pd.DataFrame:
    """Count who did not answer, and how; one row is one body and kind of reply.

    Needs the rows of `name_replies`.
    """
    counts = replies.groupby(["who", "kind"]).agg(
        articles=("article_id", "nunique"), replies=("article_id", "size")
    )
    return rank(counts.reset_index(), "articles", "replies", then="who")


def add_source(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `source`, by which the sources of an article are told apart: an id or else a name."""
    source = attributions["speaker_id"]
    unknown = source == ""
    if unknown.any():
        folded = attributions.loc[unknown, "speaker"].str.casefold()
        source = source.where(~unknown, folded.reindex(source.index))
    return attributions.assign(source=source)


def count_sources(articles: pd.DataFrame, attributions: pd.DataFrame) -> pd.DataFrame:
    """Count the sources of each article, fewest first but none last; one row is one article.

    Columns: article_id, outlet, published, headline, attributions, sources, named_sources. A
    source is a speaker; all words without a known speaker count as one source of their article.
    """
    said = attributions if "source" in attributions else add_source(attributions)
    said = said.assign(name=said["source"].where(said["named"]))
    counts = said.groupby("article_id").agg(
        attributions=("source", "size"),
        sources=("source", "nunique"),
        named_sources=("name", "nunique"),
    )
    told = articles[["article_id", "outlet", "published", "headline"]]
    joined = told.merge(counts, on="article_id", how="left", validate="one_to_one")
    numbers = ["attributions", "sources", "named_sources"]
    joined[numbers] = joined[numbers].fillna(0).astype("int64")
    joined["_none"] = joined["sources"] == 0
    joined = joined.sort_values(["_none", "sources", "article_id"]).drop(columns="_none")
    return joined.reset_index(drop=True)


def count_single_source(sources: pd.DataFrame) -> pd.DataFrame:
    """Count per outlet the articles that rest on one source; needs the rows of `count_sources`.

    One row is one outlet: articles (with one source), n (with any source), share, low, high.
    """
    sourced = sources[sources["sources"] > 0]
    single = sourced.assign(single=sourced["sources"] == 1)
    counts = single.groupby("outlet").agg(articles=("single", "sum"), n=("single", "size"))
    shares = add_article_share(counts.reset_index()[["outlet", "articles"]], counts["n"])
    return shares.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def add_naming(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `naming`: whether the source is named, unnamed, or anonymous (its name is withheld)."""
    unnamed = np.where(attributions["named"].astype(bool), 1, 2)
    codes = np.where(attributions["source_type"] == "anonymous source", 0, unnamed)
    return attributions.assign(naming=pd.Categorical.from_codes(codes, NAMINGS))
