"""What the reporting words tell: classes of cues, as written."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import stance
from helpers.store import lexicons, schema

LISTED = lexicons.read_lexicon("verb_stance")


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        ("said", "neutral"),
        ("has repeatedly claimed", "doubting"),
        ("Admitted", "conceding"),
        ("according to", "relaying"),
        ("called for", "demanding"),
        ("called", "arguing"),
        ("went on to warn", "warning"),
        ("condemned", "accusing"),
        ("danced", "other"),
        ("", "none"),
        (":", "none"),
    ],
)
def test_the_stance_of_a_cue(cue, expected):
    assert stance.find_stance(cue) == expected


def test_no_form_has_two_stances():
    forms = LISTED.assign(form=LISTED["forms"].str.split("|")).explode("form")
    assert forms.groupby("form")["stance"].nunique().max() == 1


def test_saying_verbs_are_finite_forms_of_what_reports_a_statement():
    verbs = stance.saying_verbs()
    assert verbs >= {"said", "says", "told", "warned", "argued", "wrote", "insists"}
    assert not verbs & {"say", "saying", "statement", "according to", "feared", "welcomed"}
    assert re.fullmatch(stance.saying_pattern(("doubting",)), "claimed")
    assert not re.fullmatch(stance.saying_pattern(("doubting",)), "said")


def test_no_rows_are_fine():
    assert list(stance.add_stance(schema.empty("attributions"))["stance"]) == []


@given(st.lists(st.one_of(st.sampled_from(["said", "not said", "urged"]), st.text(max_size=9))))
def test_every_cue_has_one_stance_and_adding_it_twice_changes_nothing(cues):
    frame = pd.DataFrame({"cue": pd.Series(cues, dtype=object)})
    once = stance.add_stance(frame)
    assert set(once["stance"]) <= {*LISTED["stance"], stance.OTHER, stance.NONE}
    pd.testing.assert_frame_equal(stance.add_stance(once), once)
    assert list(frame) == ["cue"]
