"""Counts, shares, intervals and tones: published values first, then the laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest import approx
from tables_fixture import make_tables, slug

from helpers.measure import attitudes, counting, findings, periods, select, shares
from helpers.store import schema, tables

TABLES = make_tables()
FEW = settings()


# ------------------------------------------------------------------------------- worked examples


def resampled(sums, sizes) -> tuple[float, float]:
    """The ends of one mean."""
    low, high = shares.resampled_intervals(sums, sizes, np.zeros(len(sums)), 1)
    return float(low[0]), float(high[0])


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17, Table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_values(hits, n, low, high):
    assert shares.wilson_interval(hits, n) == (approx(low, abs=5e-5), approx(high, abs=5e-5))


def test_wilson_of_nothing_says_nothing():
    assert shares.wilson_interval(0, 0) == (0, 1)


def test_statements_that_repeat_within_articles_count_as_articles():
    """Ten statements of one kind in each of two articles are two observations, not twenty."""
    hits, sizes = np.array([10, 10, 0, 0]), np.array([10, 10, 10, 10])
    assert shares.effective_size(hits, sizes, sizes) == approx(3)  # 4 articles, 3 of freedom
    evenly = np.array([5, 5, 5, 5])
    assert np.isnan(shares.effective_size(evenly, sizes, sizes))


def test_many_articles_give_wilsons_interval_at_the_effective_size():
    low, high = shares.clustered_interval(0.3, 100, 10_000)
    assert (low, high) == tuple(
        approx(float(end), abs=1e-4) for end in shares.wilson_interval(30, 100)
    )


def test_few_articles_give_a_wider_interval():
    widths = [np.diff(shares.clustered_interval(0.3, 30, n))[0] for n in (40, 10, 3)]
    assert widths == sorted(widths) and widths[0] < 0.33 < 0.55 < widths[-1]


def test_one_article_says_nothing_about_others():
    assert shares.clustered_interval(0.4, 10, 1) == (0, 1)
    assert np.isnan(resampled([0.5], [1])).all()


def test_a_mean_that_never_varies_has_no_width():
    assert resampled([1.0, 2.0, 3.0], [2, 4, 6]) == (approx(0.5), approx(0.5))


def test_resampled_interval_is_close_to_students_for_many_articles():
    values = np.random.default_rng(4).normal(0.1, 0.3, 400)
    low, high = resampled(values, np.ones(400))
    half = 1.966 * values.std(ddof=1) / 20
    assert (low, high) == (
        approx(values.mean() - half, abs=0.004),
        approx(values.mean() + half, abs=0.004),
    )


def test_more_than_a_thousand_articles_give_the_same_width():
    values = np.random.default_rng(5).normal(0, 1, 4_000)
    low, high = resampled(values, np.ones(4_000))
    assert high - low == approx(2 * 1.96 / np.sqrt(4_000), rel=0.08)


def leading(**rows: tuple[float, float]) -> pd.DataFrame:
    table = [(name, share, high) for name, (share, high) in rows.items()]
    return pd.DataFrame(table, columns=["entity", "share", "high"]).assign(low=0.1, n=40)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (leading(A=(0.5, 0.6), B=(0.2, 0.3)), "A"),
        (leading(A=(0.5, 0.6), B=(0.5, 0.6)), "A and B"),
        (leading(A=(0.5, 0.6), B=(0.4, 0.5)), "A; too close to call: B"),
        (
            leading(A=(0.5, 0.6), B=(0.4, 0.5), C=(0.45, 0.55), D=(0.1, 0.2)),
            "A; too close to call: C and B",
        ),
        (
            leading(**{name: (0.5, 0.6) for name in "ABCDEFG"}),
            "A, B, C and 4 more",
        ),
        (leading(A=(0.0, 0.3)), "none"),
        (leading(A=(np.nan, 1.0)), "nothing to count"),
        (leading(), "nothing to count"),
    ],
)
def test_leaders_are_named_with_all_that_reach_them(counts, said):
    assert shares.name_leaders(counts, "entity") == said


def test_leaders_of_each_outlet_are_grouped():
    counts = pd.DataFrame(
        {
            "outlet": ["Clarion", "Clarion", "Courier", "Mercury", "Mercury"],
            "entity": ["A", "B", "A", "A", "B"],
            "share": [0.5, 0.1, 0.2, 0.3, 0.3],
        }
    ).assign(low=0.05, high=0.9, n=40)
    assert shares.name_leaders_by(counts, "entity", "outlet") == (
        "Clarion and Courier: A; Mercury: A and B"
    )


def test_a_leader_of_every_outlet_is_named_once():
    counts = pd.DataFrame(
        {"outlet": ["Clarion", "Courier"], "entity": ["A", "A"], "share": [0.5, 0.2]}
    ).assign(low=0.05, high=0.9, n=40)
    assert shares.name_leaders_by(counts, "entity", "outlet") == "A, in all 2"
    assert shares.name_leaders_by(counts.head(1), "entity", "outlet") == "Clarion: A"


def test_leaders_of_many_outlets_are_counted_and_small_ones_left_out():
    """What an outlet with three statements has most of is no finding."""
    rows = [(f"o{n}", "A" if n < 5 else "B", 0.5, 40 if n < 7 else 3) for n in range(9)]
    counts = pd.DataFrame(rows, columns=["outlet", "entity", "share", "n"])
    counts = counts.assign(low=0.3, high=0.7)
    assert shares.name_leaders_by(counts, "entity", "outlet") == "A in 5 of 7 outlets; B in 2"


def test_what_is_known_of_hardly_any_is_no_finding():
    rows = [("FRA", 0.02, 2), ("unknown", 0.98, 98)]
    counts = pd.DataFrame(rows, columns=["country", "share", "count"])
    counts = counts.assign(low=0.01, high=0.99, n=100)
    assert shares.name_leaders(counts, "country") == "known of 2% only"
    known = counts.assign(share=[0.4, 0.6])
    assert shares.name_leaders(known, "country") == "France, of those known (40%)"


def test_what_an_outlet_calls_itself_is_left_out_of_its_own_articles_only():
    rows = [
        ("Courier", "ORG", "The Harwick Courier"),
        ("Courier", "ORG", "City Clarion"),
        ("Courier Bank of the North", "ORG", "The Harwick Courier"),
        ("Courier", "PERSON", "The Harwick Courier"),
    ]
    mentions = pd.DataFrame(rows, columns=["entity", "label", "outlet"])
    kept, own = select.leave_out_own(mentions)
    assert own.index.tolist() == [0] and len(kept) == 3
    assert "1 mentions of outlets" in select.say_own(own) and not select.say_own(own.head(0))


def test_largest_numbers_are_named():
    counts = pd.DataFrame({"outlet": ["A", "B", "A"], "articles": [600, 1200, 600]})
    assert shares.name_most(counts, "outlet", "articles") == "A and B (1,200)"
    assert shares.name_most(counts.head(0), "outlet", "articles") == "nothing to count"
    assert shares.name_most(counts.assign(articles=0), "outlet", "articles") == "none"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.5, -0.1, "negative for A"),
        (0.1, 0.5, "positive for A"),
        (-0.1, 0.5, "neither clearly negative nor clearly positive for anybody"),
    ],
)
def test_tones_are_named_only_when_clear(low, high, said):
    tones = pd.DataFrame({"speaker": ["A"], "tone": [(low + high) / 2], "low": low, "high": high})
    assert attitudes.name_tones(tones.assign(attributions=5), "speaker") == said
    assert " for A" not in attitudes.name_tones(tones.assign(attributions=4), "speaker")


def test_a_week_without_articles_is_a_zero():
    days = pd.to_datetime(["2026-03-02", "2026-03-08T23:00", "2026-03-16", None], format="ISO8601")
    articles = pd.DataFrame({"outlet": "Clarion", "published": days})
    weeks = periods.count_periods(articles)
    assert weeks["articles"].tolist() == [2, 0, 1]
    assert weeks["week"].dt.day_name().unique().tolist() == ["Monday"]


def test_gaps_are_counted_in_whole_days_between_articles():
    written = ["2026-03-02T09:00", "2026-03-03T01:00", "2026-03-07", "2026-03-07"]
    days = pd.to_datetime(written, format="ISO8601")
    gaps = periods.count_gaps(pd.DataFrame({"outlet": "Clarion", "published": days}))
    assert gaps["days"].tolist() == [3]


def test_entities_of_one_name_are_told_apart():
    entities = pd.DataFrame(
        {
            "entity_id": ["a", "b", "c", "d"],
            "entity": ["Kessaria", "Kessaria", "Lee", "Lee"],
            "label": ["GPE", "ORG", "PERSON", "PERSON"],
        }
    )
    assert select.name_apart(entities)["entity"].tolist() == [
        "Kessaria",
        "Kessaria, the body",
        "Lee, c",
        "Lee, d",
    ]


def test_two_names_in_every_article_meet_no_more_than_expected():
    rows = [(f"a{n}", name) for n in range(4) for name in ("A", "B")]
    mentions = pd.DataFrame(rows, columns=["article_id", "entity"]).assign(label="ORG")
    pairs = counting.count_pairs(mentions.assign(entity_id=mentions["entity"]), 4)
    assert pairs[["articles", "expected", "ratio"]].to_numpy().tolist() == [[4, 4, 1]]


def test_copies_point_at_their_originals():
    copies = counting.pair_duplicates(TABLES["articles"])
    assert copies[["article_id", "duplicate_of", "original_outlet"]].to_numpy().tolist() == [
        ["a005", "a000", "Clarion"]
    ]


def test_tone_is_silent_below_the_minimum():
    tones = attitudes.measure_tone(TABLES["attributions"], minimum=10_000)
    assert len(tones) and tones[["tone", "low", "high"]].isna().all(axis=None)


def test_strongest_words_come_first_whatever_their_sign():
    strength = attitudes.rank_strongest(TABLES["attributions"])["tone"].abs()
    assert strength.is_monotonic_decreasing and len(strength)
    one = attitudes.rank_strongest(TABLES["attributions"], "Maria Lopez")
    assert set(one["speaker"]) == {"Maria Lopez"}
    with pytest.raises(ValueError, match="Maria"):
        attitudes.rank_strongest(TABLES["attributions"], "Marie")


def test_unknown_roles_and_labels_are_refused():
    with pytest.raises(ValueError, match="'title' is no role; there is: headline"):
        select.join_articles(TABLES["mentions"], TABLES["articles"], ["title"])
    with pytest.raises(ValueError, match="'PER' is no label; there is: PERSON"):
        select.join_entities(TABLES["mentions"], TABLES["entities"], ["PER"])


def test_an_empty_selection_stays_empty():
    nobody = TABLES["articles"].head(0)
    assert select.join_articles(TABLES["mentions"], nobody, ["body"]).empty


def test_duplicated_articles_are_refused():
    twice = pd.concat([TABLES["articles"]] * 2)
    with pytest.raises(pd.errors.MergeError):
        select.join_articles(TABLES["mentions"], twice)


# ----------------------------------------------------------------------------------------- laws


@st.composite
def statements(draw: st.DrawFn) -> pd.DataFrame:
    row = st.tuples(
        st.sampled_from(["a1", "a2", "a3", "a4"]),
        st.sampled_from(["Clarion", "Courier"]),
        st.sampled_from(schema.SOURCE_TYPES),
        st.sampled_from(["Maria", "Tom", ""]),
        st.booleans(),
        st.sampled_from(schema.FORMS),
        st.sampled_from(["", "Rapid Wire"]),
        st.integers(0, 500),
        st.one_of(st.floats(-1, 1), st.just(np.nan)),
    )
    columns = "article_id outlet source_type speaker named form relay words tone"
    frame = pd.DataFrame(draw(st.lists(row, max_size=25)), columns=columns.split(" "))
    return frame.assign(
        speaker_id=frame["speaker"].map(lambda name: slug(name) if name else ""),
        relay_ownership="private",
        tone_label="neutral",
    ).astype({"named": bool, "words": "int64", "tone": float})


@FEW
@given(hits=st.integers(0, 500), more=st.integers(0, 500))
def test_wilson_holds_the_share_and_stays_within_bounds(hits, more):
    n = hits + more
    low, high = shares.wilson_interval(hits, n)
    assert 0 <= low <= high <= 1
    assert n == 0 or low <= hits / n <= high


@FEW
@given(
    frame=statements(), weight=st.sampled_from(["", "words"]), by=st.sampled_from(["", "outlet"])
)
def test_shares_add_up_and_lie_inside_their_intervals(frame, weight, by):
    before = frame.copy()
    found = shares.measure_shares(frame, "source_type", by=by, weight=weight)
    assert found["count"].sum() == (frame[weight].sum() if weight else len(frame))
    known = found.dropna(subset=["share"])
    assert ((known["low"] <= known["share"]) & (known["share"] <= known["high"])).all()
    assert (found["low"] >= 0).all() and (found["high"] <= 1).all()
    totals = known.groupby(by)["share"].sum() if by else pd.Series(known["share"].sum())
    assert known.empty or totals.to_numpy() == approx(1)
    pd.testing.assert_frame_equal(frame, before)


@FEW
@given(frame=statements())
def test_speakers_and_relays_add_up(frame):
    speakers = counting.count_speakers(frame)
    assert speakers["attributions"].sum() == len(frame)
    assert speakers["words"].sum() == frame["words"].sum()
    assert speakers[list(schema.FORMS)].to_numpy().sum() == len(frame)
    relays = counting.count_relays(frame)
    assert relays["attributions"].sum() == (frame["relay"] != "").sum()


@FEW
@given(frame=statements(), minimum=st.integers(1, 6))
def test_tones_lie_inside_their_intervals(frame, minimum):
    tones = attitudes.measure_tone(frame, minimum=minimum)
    assert tones["attributions"].sum() == frame["tone"].notna().sum()
    drawn = tones.dropna(subset=["tone"])
    inside = (drawn["low"] <= drawn["tone"]) & (drawn["tone"] <= drawn["high"])
    assert inside.all() and (drawn["low"] >= -1).all() and (drawn["high"] <= 1).all()
    assert (drawn["attributions"] >= minimum).all()


@FEW
@given(frame=statements())
def test_naming_keeps_rows_and_applied_twice_changes_nothing(frame):
    once = counting.add_naming(frame)
    assert once.index.equals(frame.index)
    assert set(once.columns) - set(frame.columns) == {"naming"}
    pd.testing.assert_frame_equal(counting.add_naming(once), once)
    assert (once.loc[frame["source_type"] == "anonymous source", "naming"] == "anonymous").all()


def test_article_shares_keep_rows_and_applied_twice_change_nothing():
    mentions = select.join_entities(TABLES["mentions"], TABLES["entities"])
    counts = counting.count_entities(mentions)
    once = shares.add_article_share(counts, 40)
    assert once["entity"].equals(counts["entity"])
    pd.testing.assert_frame_equal(shares.add_article_share(once, 40), once)


@pytest.mark.parametrize("outlets", [[], ["Clarion"], ["Clarion", "Courier"]])
def test_counts_over_the_tables_add_up(outlets):
    articles = TABLES["articles"]
    articles = articles[articles["outlet"].isin(outlets)] if outlets else articles
    mentions = select.join_articles(TABLES["mentions"], articles)
    mentions = select.join_entities(mentions, TABLES["entities"])
    attributions = select.join_articles(TABLES["attributions"], articles)
    assert counting.count_articles(articles)["articles"].sum() == len(articles)
    assert periods.count_periods(articles)["articles"].sum() == len(articles)
    assert counting.count_entities(mentions)["mentions"].sum() == len(mentions)
    assert counting.count_entities(mentions, by="outlet")["mentions"].sum() == len(mentions)
    sources = counting.count_sources(articles, attributions)
    assert len(sources) == len(articles)
    assert sources["attributions"].sum() == len(attributions)
    assert (sources["named_sources"] <= sources["sources"]).all()
    single = counting.count_single_source(sources)
    assert single["n"].sum() == (sources["sources"] > 0).sum()
    assert (single["low"] <= single["share"]).all() and (single["share"] <= single["high"]).all()


def test_voice_never_exceeds_appearance():
    mentions = select.join_entities(TABLES["mentions"], TABLES["entities"])
    voice = counting.measure_voice(counting.find_voice(mentions, TABLES["attributions"]))
    assert (voice["speaking"] <= voice["articles"]).all() and voice["speaking"].sum() > 0


def test_what_two_say_together_counts_for_both():
    mentions = pd.DataFrame(
        {
            "article_id": ["a", "a", "b"],
            "entity_id": ["union", "firm", "firm"],
            "entity": ["Union", "Firm", "Firm"],
            "label": "ORG",
            "start": 0,
            "end": 4,
        }
    )
    said = pd.DataFrame(
        {"article_id": ["a"], "speaker_id": ["union;firm;"], "words": [7], "start": 0, "end": 9}
    )
    voice = counting.measure_voice(counting.find_voice(mentions, said)).set_index("entity")
    assert voice["words"].to_dict() == {"Firm": 7, "Union": 7}
    assert voice["speaking"].to_dict() == {"Firm": 1, "Union": 1}


def test_a_capital_that_speaks_with_others_is_its_government_too():
    """Each of those who speak as one is counted for its government; who is no capital stays."""
    known = pd.DataFrame(
        {
            "entity_id": ["gpe-moscow", "gpe-beijing", "person-mara-quist"],
            "entity": ["Moscow", "Beijing", "Mara Quist"],
            "country": ["RUS", "CHN", ""],
        }
    )
    said = pd.DataFrame({"speaker_id": ["gpe-moscow;gpe-beijing", "person-mara-quist;", "x"]})
    joined = select.join_governments(said, known, "government")["speaker_id"]
    both = "org-government-of-rus;org-government-of-chn"
    assert list(joined) == [both, "person-mara-quist;", "x"]
    assert select.join_governments(said, known, "place").equals(said)


def test_a_grid_of_entities_and_outlets_has_its_zeros():
    articles = TABLES["articles"]
    mentions = select.join_articles(TABLES["mentions"], articles)
    mentions = select.join_entities(mentions, TABLES["entities"])
    chosen = counting.count_entities(mentions)
    grid = counting.measure_entities(mentions, articles, chosen, by="outlet")
    assert len(grid) == len(chosen) * articles["outlet"].nunique()
    assert grid["articles"].sum() == chosen["articles"].sum()


def test_replies_add_up():
    replies = counting.count_replies(counting.name_replies(TABLES["replies"], TABLES["entities"]))
    assert replies["replies"].sum() == len(TABLES["replies"])


EMPTY = {name: schema.empty(name) for name in schema.TABLES}


@pytest.mark.parametrize(
    "measured",
    [
        lambda t: counting.count_articles(t["articles"]),
        lambda t: periods.count_periods(t["articles"]),
        lambda t: periods.count_gaps(t["articles"]),
        lambda t: counting.measure_lengths(t["articles"]),
        lambda t: counting.count_roles(counting.join_blocks(t["blocks"], t["articles"])),
        lambda t: counting.pair_duplicates(t["articles"]),
        lambda t: counting.count_values(t["articles"], "language"),
        lambda t: counting.count_speakers(t["attributions"]),
        lambda t: attitudes.measure_tone(t["attributions"]),
        lambda t: shares.measure_room(t["attributions"], "form"),
        lambda t: shares.measure_shares(t["attributions"], "form", by="cue", weight="words"),
        lambda t: counting.count_relays(t["attributions"], by="speaker"),
        lambda t: counting.count_sources(t["articles"], t["attributions"]),
        lambda t: counting.count_replies(counting.name_replies(t["replies"], t["entities"])),
        lambda t: counting.count_aliases(t["mentions"], t["entities"]),
        lambda t: attitudes.rank_strongest(t["attributions"]),
    ],
)
def test_nothing_gives_an_empty_frame(measured):
    found = measured(EMPTY)
    assert found.empty and len(found.columns)


MENTIONS = pd.DataFrame(
    [
        ("a", "Ada", 0),
        ("a", "Bo", 10),
        ("a", "Ada", 20),
        ("b", "Ada", 0),
        ("b", "Bo", 30),
        ("b", "Cy", 40),
        ("c", "Ada", 0),
    ],
    columns=["article_id", "entity", "start"],
).assign(label="PERSON")


def test_pairs_are_counted_as_a_person_would_and_lead_to_both_places():
    mentions = MENTIONS.assign(entity_id=MENTIONS["entity"], end=MENTIONS["start"] + 5)
    pairs = counting.count_pairs(mentions, 4)
    counted = pairs[["entity", "entity_with", "articles"]].to_numpy().tolist()
    assert counted == [["Ada", "Bo", 2], ["Bo", "Cy", 1], ["Ada", "Cy", 1]]
    assert pairs["ratio"].tolist() == approx([2 / (3 * 2 / 4), 1 / (2 / 4), 1 / (3 / 4)])
    behind = counting.find_pairs(mentions, pairs.head(1))
    found = behind[["entity", "entity_with", "article_id", "start"]].to_numpy().tolist()
    assert sorted(found) == [
        ["Ada", "Bo", "a", 0],
        ["Ada", "Bo", "a", 10],
        ["Ada", "Bo", "b", 0],
        ["Ada", "Bo", "b", 30],
    ]


@pytest.mark.parametrize("labels", [[], ["PERSON", "ORG"], ["GPE"]])
@pytest.mark.parametrize("capitals", ["place", "government"])
def test_mentions_read_for_counting_are_those_joined_from_the_whole_table(
    sample_tables, labels, capitals
):
    articles = tables.read_table("articles", sample_tables).pipe(tables.keep, outlet=["Northlight"])
    entities = tables.read_table("entities", sample_tables)
    roles = ["headline", "body"]
    whole = tables.read_table("mentions", sample_tables)
    whole = select.join_articles(whole, articles, roles)
    whole = select.join_entities(whole, entities, labels, capitals).reset_index(drop=True)
    read = select.read_mentions(sample_tables, articles, entities, roles, labels, capitals)
    pd.testing.assert_frame_equal(read.astype(object), whole.astype(object))
    assert len(read) and (not labels or set(read["label"]) <= set(labels))


def test_rows_read_for_counting_are_those_joined_from_the_whole_table(sample_tables):
    articles = tables.read_table("articles", sample_tables)
    whole = tables.read_table("attributions", sample_tables, [*counting.SPOKEN, "role"])
    whole = select.join_articles(whole, articles, ["body"]).drop(columns="role")
    read = select.read_rows("attributions", sample_tables, articles, ["body"], counting.SPOKEN)
    pd.testing.assert_frame_equal(read, whole)
    with pytest.raises(ValueError, match="'bodies' is no role"):
        select.read_rows("attributions", sample_tables, articles, ["bodies"])


@pytest.mark.parametrize("light", [False, True])
def test_what_is_less_likely_right_than_wrong_is_in_no_ranking(light):
    rows = [
        schema.filled("attributions", **row)
        for row in (
            {"speaker": "Ada Lee", "speaker_id": "p-lee", "source_type": "named person"},
            {"speaker": "Ben Roe", "speaker_id": "p-roe", "source_type": "named person"},
            {"speaker": "", "source_type": "document", "affiliation": "unknown"},
        )
    ]
    said = schema.frame("attributions", rows)
    said = said.astype({"source_type": "category"}) if light else said
    sure = {"speaker_confidence": [0.9, 0.4, 0.1], "type_confidence": [0.2, 0.9, 0.9]}
    told = select.set_unclear_apart(said.assign(**sure, affiliation_confidence=0.1))
    assert list(told["speaker"]) == ["Ada Lee", "unclear", ""]
    assert list(told["speaker_id"]) == ["p-lee", "", ""]
    assert list(told["source_type"]) == ["unclear", "named person", "document"]
    assert list(told["affiliation"]) == ["", "", "unknown"]
    assert "speaker in 33% and source type in 33% of 3 statements" in findings.say_unclear(told)
    assert findings.say_unclear(said) == ""


def test_of_what_is_hardly_known_no_first_is_named():
    said = pd.DataFrame({"article_id": [f"a{n}" for n in range(40)], "channel": ["unknown"] * 40})
    said.loc[:1, "channel"] = "interview"
    found = findings.say_first(shares.measure_shares(said, "channel"), "channel", "Channel")
    assert found == "Channel: known of 2 of 40 statements only (5%)."


def test_of_one_outlet_nothing_comes_first_and_its_trend_is_told():
    one = pd.DataFrame({"outlet": ["rfa"], "articles": [4], "share": [0.5], "n": 8, "low": 0.2})
    assert shares.name_most(one, "outlet", "articles") == "only one outlet, Radio Free Asia (4)"
    told = shares.name_leaders(one.assign(high=0.8), "outlet")
    assert told == "only one outlet, Radio Free Asia"
    trend = pd.DataFrame({"of": ["Post-Courier"], "counted": 0.003, "low": -0.012, "high": 0.018})
    assert findings.say_trends(trend) == (
        "Changed over time: by more than chance in none of 1 outlet: "
        "Post-Courier +0.3 points a month (−1.2 to +1.8)."
    )
