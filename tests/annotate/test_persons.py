"""How persons are named: parts of names, short forms, spellings of one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.annotate import persons


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("U.S. President Joe Biden", "Joe Biden"),
        ("Ukrainian President Volodymyr Zelenskyy", "Volodymyr Zelenskyy"),
        ("President Joseph R. “Joe” Biden Jr.", "Joseph R. Biden Jr."),
        ("Lt. Gen. Mark Milley", "Mark Milley"),
        ("Biden’s", "Biden"),
        ("Prince William", "Prince William"),
        ("Stephen King", "Stephen King"),
        ("Mum Lena", "Lena"),
        ("J. K. Rowling", "J. K. Rowling"),
    ],
)
def test_titles_and_nicknames_are_left_out(written, name):
    assert persons.read_name(written).text == name


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("Joe Biden", "Biden"),
        ("Kim Jong Un", "Kim"),
        ("Moon Jae-in", "Moon"),
        ("Andrés Manuel López Obrador", "Lopez Obrador"),
        ("Mohammed bin Salman", "bin Salman"),
    ],
)
def test_short_forms_of_a_full_name(full, short):
    forms = persons.family_forms(persons.read_name(full))
    assert persons.read_name(short).folded in forms


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("Volodymyr Zelensky", "Volodymyr Zelenskyy", "another spelling of the name"),
        ("Sergei Lavrov", "Sergey Lavrov", "another spelling of the name"),
        ("Kim Jong-un", "Kim Jong Un", "same name"),
        ("José Marr", "Jose Marr", "same name"),
        ("Donald J. Trump", "Donald Trump", "same name"),
        ("Joe Biden", "Joseph Biden", "short form of the given name"),
        ("Vladimir Vladimirovich Putin", "Vladimir Putin", "middle name left out"),
        ("George W. Bush", "George H.W. Bush", ""),
        ("Sam Hill Jr.", "Sam Hill Sr.", ""),
        ("Sam Hill Jr.", "Sam Hill", ""),
        ("Sam Hill", "Sam Hill, Sr.", ""),
        ("Sam Hill II", "Sam Hill", ""),
        ("Sam T. Hill III", "Sam Hill", ""),
        ("Sam Hill Jr.", "Sam Hill, Jr", "same name"),
        ("Queen Margaret II", "Queen Margaret", "same name"),
        ("John Paul II", "John Paul", "same name"),
        ("Mara Quist", "Lena Quist", ""),
        ("John Smith", "Jon Smith", ""),
    ],
)
def test_why_two_names_are_one_persons(one, other, reason):
    assert persons.same_person(persons.read_name(one), persons.read_name(other)) == reason


NAMES = st.lists(
    st.sampled_from(["Mara", "Lena", "J.", "Kim", "Jong-un", "van", "Quist", "O’Dell", "Jr", "Dr"]),
    min_size=1,
    max_size=4,
).map(" ".join)


@given(NAMES, NAMES)
def test_one_person_is_one_whichever_name_comes_first(one, other):
    one, other = persons.read_name(one), persons.read_name(other)
    assert persons.same_person(one, other) == persons.same_person(other, one)


@given(st.text(max_size=30))
def test_any_text_is_read_as_a_name(written):
    name = persons.read_name(written)
    assert name.words and name.folded


@given(st.lists(NAMES, max_size=6))
def test_every_name_of_an_article_stands_for_somebody(written):
    people = persons.name_people(dict.fromkeys(written, 1))
    assert set(people.named) == set(written)
    for form, owners in people.shared.items():
        assert len(owners) > 1 and people.named[form].reason.endswith("not joined")


def test_a_surname_stays_with_the_first_where_the_other_is_always_named_in_full():
    followed = persons.Followed(["Bogdan Sarrin", "Anton Sarrin"])
    followed.meet("Bogdan Sarrin")
    assert followed.use()[0] == "Bogdan Sarrin"
    followed.meet("Anton Sarrin")
    assert followed.use() == ("", "")
    followed.meet("Anton Sarrin")
    assert followed.use()[0] == "Bogdan Sarrin"
