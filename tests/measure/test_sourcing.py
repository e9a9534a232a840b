"""Measures of sourcing: reliance, place, anonymity audit, right of reply, and their laws."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tables_fixture import make_tables

from helpers.measure import attitudes, select, shares, sourcing
from helpers.store import lexicons


@pytest.fixture(scope="module")
def made() -> dict[str, pd.DataFrame]:
    return make_tables()


def statements(**columns) -> pd.DataFrame:
    """Some statements of one article, each column a list."""
    n = len(next(iter(columns.values())))
    known = {
        "article_id": ["a1"] * n,
        "outlet": ["Gazette"] * n,
        "start": list(range(0, 10 * n, 10)),
        "end": list(range(9, 10 * n + 9, 10)),
        "speaker": [f"s{i}" for i in range(n)],
        "speaker_id": [""] * n,
        "text": ["nothing much"] * n,
        "source_type": ["named person"] * n,
        "affiliation": ["unknown"] * n,
        "relay": [""] * n,
        "relay_ownership": [""] * n,
        "relay_chain": [[]] * n,
        "anonymity_reason": [""] * n,
        "form": ["direct"] * n,
        "role": ["body"] * n,
    }
    return pd.DataFrame(known | columns)


def test_reliance():
    table = statements(
        relay_ownership=["state", "", "", "private"],
        affiliation=["government", "state media", "court", "state media"],
    )
    assert list(sourcing.add_reliance(table)["reliance"]) == [
        "through state media", "state media itself", "first hand", "through private media",
    ]  # fmt: skip


def test_a_sole_relay_brought_all_that_a_speaker_says():
    table = statements(speaker=["A", "A", "B", "B", "C"], relay=["TASS", "TASS", "TASS", "", ""])
    assert list(sourcing.add_sole_relay(table)["sole_relay"]) == [True, True, False, False, False]


def test_chains_are_written_out():
    table = statements(
        speaker=["A", "A"], relay=["CNN", "CNN"], relay_ownership=["private"] * 2,
        relay_chain=[["CNN", "Reuters"]] * 2,
    )  # fmt: skip
    row = sourcing.count_chains(sourcing.add_chain(table)).iloc[0]
    assert (row["chain"], row["attributions"]) == ("A → CNN → Reuters", 2)


def test_positions():
    table = statements(
        start=[0, 10, 100, 200, 280, 400],
        role=["headline", "standfirst"] + ["body"] * 3 + ["caption"],
    )
    blocks = pd.DataFrame([{"article_id": "a1", "start": 100, "end": 300, "role": "body"}])
    positions = sourcing.add_position(table, blocks)["position"]
    assert list(positions) == [
        "headline", "standfirst", "first third", "second third", "last third", "elsewhere",
    ]  # fmt: skip


def test_support_tells_the_same_claim_from_other_matters():
    table = statements(
        speaker=["A", "B", "C"],
        text=[
            "the northern bridge collapsed before midnight",
            "the northern bridge had collapsed around midnight",
            "the harvest was poor",
        ],
    )
    support = list(sourcing.find_support(table, table.index))
    assert support == [sourcing.SUPPORT[0], sourcing.SUPPORT[0], sourcing.SUPPORT[1]]
    assert list(sourcing.find_support(table.head(1), table.index[:1])) == [sourcing.SUPPORT[2]]
    assert list(sourcing.find_support(table, table.index[2:])) == [sourcing.SUPPORT[1]]


def test_the_audit_says_what_the_policy_misses(tmp_path):
    table = statements(
        speaker=["officials", "a nurse at the clinic"],
        source_type=["unnamed group", "anonymous source"],
        affiliation=["unknown", "academic or expert"],
        anonymity_reason=["", "because she feared for her job"],
    )
    audit = sourcing.audit_unnamed(table)
    assert list(audit["falls_short"]) == [
        "says who it is; its side; a second source",
        "a second source",
    ]
    file = tmp_path / "codebook.yml"
    own = lexicons.CODEBOOK.read_text(encoding="utf-8")
    file.write_text(own.replace("second_source: true", "second_source: false"))
    assert list(sourcing.audit_unnamed(table, file)["meets_policy"]) == [False, True]


def test_the_criticised_are_quoted_paraphrased_asked_or_not_heard():
    aimed = pd.DataFrame(
        {
            "target": ["A", "B", "C", "D", "E"],
            "entity_id": ["a", "b", "c", "d", "e"],
            "article_id": ["a1"] * 5,
            "outlet": ["Gazette"] * 5,
            "start": range(5),
            "end": range(1, 6),
            "polarity": ["negative"] * 4 + ["positive"],
        }
    )
    said = statements(speaker_id=["a;z", "b"], form=["mixed", "indirect"])
    replies = pd.DataFrame({"article_id": ["a1"], "entity_id": ["c"]})
    found = sourcing.find_criticised(aimed, said, replies).set_index("target")["reply"]
    assert dict(found) == {
        "A": "quoted", "B": "paraphrased", "C": "did not answer", "D": "not heard",
    }  # fmt: skip


def test_only_sure_criticism_by_another_of_who_can_answer_asks_for_a_reply():
    entities = pd.DataFrame(
        {"entity_id": ["p", "o", "g", "x"], "label": ["PERSON", "ORG", "GPE", "PERSON"]}
    )
    aimed = pd.DataFrame(
        [
            ("p", "Ann Lee", "o", "Board", "negative", 0.95),
            ("o", "Board", "p", "Ann Lee", "negative", 0.95),
            ("g", "Aland", "p", "Ann Lee", "negative", 0.95),  # a country does not answer
            ("x", "Dr", "p", "Ann Lee", "negative", 0.95),  # no name
            ("p", "Ann Lee", "p;o", "Ann Lee and Board", "negative", 0.95),  # herself
            ("p", "Ann Lee", "o", "Board", "negative", 0.85),  # not sure
            ("p", "Ann Lee", "o", "Board", "positive", 0.99),
            ("p", "Ann Lee", "", "", "negative", 0.99),  # nobody known says it
        ],
        columns=["entity_id", "target", "speaker_id", "speaker", "polarity", "confidence"],
    )
    assert sourcing.keep_sure_criticism(aimed, entities).index.tolist() == [0, 1]
    assert sourcing.keep_sure_criticism(aimed.head(0), entities).empty


def joined(made: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return select.join_articles(made["attributions"], made["articles"])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 12), st.integers(0, 1000))
def test_counts_add_up_and_shares_lie_in_their_intervals(articles, seed):
    made = make_tables(articles=articles, seed=seed)
    said = joined(made)
    before = said.copy(deep=True)
    reliance = shares.measure_shares(sourcing.add_reliance(said), "reliance")
    assert reliance["count"].sum() == len(said)
    placed = sourcing.add_position(said, made["blocks"])
    positions = sourcing.measure_positions(placed)
    assert positions["count"].sum() == len(said)
    audit = sourcing.audit_unnamed(said)
    policy = sourcing.measure_policy(audit)
    aimed = attitudes.join_targets(made["targets"], said, made["entities"])
    replies = select.join_articles(made["replies"], made["articles"])
    criticised = sourcing.find_criticised(aimed, said, replies)
    assert len(criticised) == criticised.groupby(["article_id", "target"]).ngroups
    state = sourcing.measure_state_media(said, made["articles"])
    for found in (reliance, positions, policy, state):
        assert ((found["low"] <= found["share"]) & (found["share"] <= found["high"])).all()
        assert found["low"].ge(0).all() and found["high"].le(1).all()
    pd.testing.assert_frame_equal(said, before)


@pytest.mark.parametrize("add", [sourcing.add_reliance, sourcing.add_sole_relay])
def test_what_adds_a_column_keeps_the_rows(add, made):
    said = joined(made)
    once = add(said)
    assert list(once.index) == list(said.index) and len(once.columns) == len(said.columns) + 1
    pd.testing.assert_frame_equal(add(once), once)
    assert add(said.head(0)).empty


def test_the_audit_of_eight_times_the_statements_takes_about_eight_times_as_long():
    def seconds(number: int) -> float:
        table = statements(
            article_id=[f"a{place // 8}" for place in range(number)],
            speaker=[f"officials {place % 5}" for place in range(number)],
            text=[f"the bridge number {place} would stay shut" for place in range(number)],
        )
        begun = time.process_time()
        audit = sourcing.audit_unnamed(table.assign(source_type="unnamed group"))
        assert len(audit) == number and set(audit["support"]) == {sourcing.SUPPORT[0]}
        return time.process_time() - begun

    assert seconds(32_000) < 20 * min(seconds(4_000) for _ in range(3))  # 64 when it was square
