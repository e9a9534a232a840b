"""Quotation state of a text: pairs, paragraphs, nesting, apostrophes, and linear time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.text.quotations import Quotations, find_paragraphs, find_quotations, mask

MARKS = ["“", "”", '"', "‘", "’", "'", "„", "«", "»", "‹", "›", "‚", "''", "``"]
WORDS = [" ", ". ", ",", "s", "Ann", "90s", "6", "(", "]", "—", "\n", "\r\n", "\u2029", "\xa0"]
nasty_texts = st.lists(st.sampled_from(MARKS + WORDS), max_size=60).map("".join)


def quoted(text: str) -> list[str]:
    return [text[quotation.start : quotation.end] for quotation in find_quotations(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("“We waited. We froze,” she said.", ["“We waited. We froze,”"]),
        ("“Yes,” he said. “But not now.”", ["“Yes,”", "“But not now.”"]),
        ('"Yes," he said. "But not now."', ['"Yes,"', '"But not now."']),
        ('He said—"never"—and ("twice") left.', ['"never"', '"twice"']),
        ("''I saw it,'' he said.", ["''I saw it,''"]),
        ("«Non», dit-il.", ["«Non»"]),
        ("»Nein«, sagte er.", ["»Nein«"]),
        ("„Nein“, sagte er. „Nie”.", ["„Nein“", "„Nie”"]),
        ("‹Non›, dit-il.", ["‹Non›"]),
        ('“Odd pair," he said.', ['“Odd pair,"']),
        ("“Two openers“ he said.", ["“Two openers“"]),
        ("It has “[a] current level (now)” of risk.", ["“[a] current level (now)”"]),
        ("The so-called “experts” left.", ["“experts”"]),
    ],
)
def test_double_marks_pair(text, expected):
    assert quoted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("‘Don’t go,’ said Kim’s aunt.", ["‘Don’t go,’"]),
        ("'Don't go,' said Kim's aunt.", ["'Don't go,'"]),
        ("‘The dogs’ tails wagged,’ he said.", ["‘The dogs’ tails wagged,’"]),
        ("‘We love rock ’n’ roll,’ he said.", ["‘We love rock ’n’ roll,’"]),
        ("In the ’90s the workers’ homes burned.", []),
        ("In the '90s 'twas the workers' way.", []),
        ("They are ‘terrorists’ in the judges’ view.", ["‘terrorists’"]),
        ("‘He said “never” to me,’ she said.", ["‘He said “never” to me,’", "“never”"]),
        ("“He said ‘yes’ to it,” she said.", ["“He said ‘yes’ to it,”", "‘yes’"]),
        ("A stray ‘ mark opens nothing.", []),
    ],
)
def test_single_marks_are_quotations_or_apostrophes(text, expected):
    assert quoted(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He is 5'10\" tall.", []),
        ('It needs a 6" pipe.', []),
        ('"We need a 6" pipe," he said.', ['"We need a 6" pipe,"']),
        ('"He is 6\'4" tall," she said.', ['"He is 6\'4" tall,"']),
        ('The "top 10" list.', ['"top 10"']),
    ],
)
def test_feet_and_inches_are_not_quotations(text, expected):
    assert quoted(text) == expected


def test_a_quotation_over_paragraphs_is_linked():
    text = "She said: “One. Two.\n\n“Three.\n\n“Four,” she said.\n\n“Five,” he said."
    states = [(quotation.closed, quotation.continued) for quotation in find_quotations(text)]
    assert states == [(False, False), (False, True), (True, True), (True, False)]
    singles = "She said: ‘One.\n\n‘Two,’ she said."
    states = [(quotation.closed, quotation.continued) for quotation in find_quotations(singles)]
    assert states == [(False, False), (True, True)]


def test_a_quotation_may_run_on_without_a_new_opening_mark():
    text = "“One.\n\nTwo,” she said."
    assert quoted(text) == ["“One.", "Two,”"]
    assert [quotation.mark for quotation in find_quotations(text)] == ["“", ""]


def test_an_unclosed_mark_ends_where_the_next_opens_or_the_paragraph_ends():
    assert quoted("“One, she said. “Two,” he said.") == ["“One, she said.", "“Two,”"]
    assert quoted("“One, she said.\n\nTwo.\n\nThree.") == ["“One, she said."]


def test_a_nested_quotation_has_level_two():
    levels = {quotation.mark: quotation.level for quotation in find_quotations("“A ‘b’ c” and “d”")}
    assert levels == {"“": 1, "‘": 2}


def test_a_quotation_is_found_by_offset():
    text = "He said “we ‘won’ it” and left."
    quotations = Quotations(find_quotations(text))
    assert quotations.hold(text.index("won")) and quotations.hold(text.index("it"))
    assert quotations.hold(text.index("“")) and quotations.hold(text.index("”"))
    assert not quotations.hold(0) and not quotations.hold(text.index("left"))
    assert len(quotations.outermost) == 1 and len(quotations.all) == 2
    assert quotations.whole == [(text.index("“"), text.index("”") + 1)]


def masked(text: str) -> bytearray:
    return mask(find_quotations(text), len(text))


def test_mask_covers_the_main_marks_only():
    american = "“We ‘won’,” he said of the ‘win’. “Yes.”"
    assert "".join(c for c, on in zip(american, masked(american), strict=True) if on) == (
        "“We ‘won’,”“Yes.”"
    )
    british = "‘We won,’ he said. ‘Yes.’ It is Kim’s."
    assert "".join(c for c, on in zip(british, masked(british), strict=True) if on) == (
        "‘We won,’‘Yes.’"
    )


@pytest.mark.parametrize("newline", ["\n", "\n\n", "\r\n", "\r", "\u2028", "\u2029", "\n\xa0\n"])
def test_every_kind_of_line_end_separates_paragraphs(newline):
    text = f" One.{newline}Two. {newline}"
    assert [text[start:end] for start, end in find_paragraphs(text)] == ["One.", "Two."]


def test_wrapped_lines_are_one_paragraph():
    wrapped = (
        "Harbour reopens after storm\n\n"
        "The harbour reopened on Monday after the storm, and the first of the\n"
        "ferries left at noon with about forty passengers and “a great deal of\n"
        "luggage”, the harbour master said, adding that nobody had been hurt in\n"
        "the night.\n\n"
        "A second ferry is expected to leave on Tuesday if the wind allows it, as\n"
        "the company has promised its passengers.\n"
    )
    paragraphs = [wrapped[start:end] for start, end in find_paragraphs(wrapped)]
    assert [paragraph.split()[0] for paragraph in paragraphs] == ["Harbour", "The", "A"]
    assert quoted(wrapped) == ["“a great deal of\nluggage”"]


def test_list_items_in_wrapped_text_stay_apart():
    wrapped = (
        "The committee that looked into the storm asked the harbour for three things\n"
        "before the winter, each of which it said would cost less than another such\n"
        "night:\n\n"
        "- a longer breakwater, which the engineers have asked for since last March,\n"
        "- and a second pilot boat, so that no ferry has to wait outside the harbour.\n"
    )
    starts = [wrapped[start] for start, _ in find_paragraphs(wrapped)]
    assert starts == ["T", "-", "-"]


def test_short_lines_of_full_sentences_are_not_wrapped_lines():
    text = "\n".join(
        f"The council of ward number {n} met again on Monday morning." for n in range(9)
    )
    assert len(find_paragraphs(text)) == 9


@settings(deadline=None)
@given(nasty_texts)
def test_quotations_are_ordered_nested_and_inside_their_paragraph(text):
    paragraphs = find_paragraphs(text)
    quotations = find_quotations(text)
    assert [q.start for q in quotations] == sorted(q.start for q in quotations)
    for quotation in quotations:
        assert 0 <= quotation.start < quotation.end <= len(text)
        assert any(s <= quotation.start and quotation.end <= e for s, e in paragraphs)
        around = [o for o in quotations if o.start <= quotation.start and quotation.end <= o.end]
        assert quotation.level == len(around)
        crossing = [o for o in quotations if o.start < quotation.start < o.end < quotation.end]
        assert not crossing
    assert len(masked(text)) == len(text)


@settings(deadline=None)
@given(nasty_texts)
def test_paragraphs_cover_all_but_white_space(text):
    paragraphs = find_paragraphs(text)
    covered = bytearray(len(text))
    for start, end in paragraphs:
        assert text[start:end] == text[start:end].strip() != ""
        assert not any(covered[start:end])
        covered[start:end] = b"\x01" * (end - start)
    assert all(on or character.isspace() for character, on in zip(text, covered, strict=True))


@pytest.mark.parametrize(
    "unit", ["“", '"', "'", "’s ", "‘a’ ", "“A.” ", '"\n', "»«", "\n", ".", '6" ', "''"]
)
def test_time_is_linear(unit):
    def seconds(length: int) -> float:
        text = (unit * length)[:length]
        begin = time.process_time()
        find_quotations(text)
        return time.process_time() - begin

    small, large = (min(seconds(most + n) for n in range(3)) for most in (4_000, 40_000))
    assert large < 40 * small + 0.3
