"""The codebook: read, checked line by line, printed, and in force where it is given."""

from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import __main__ as command
from helpers.store import lexicons, schema

OWN = lexicons.CODEBOOK.read_text(encoding="utf-8")


@pytest.fixture
def edited(tmp_path):
    """Write the project's codebook with one passage changed; return its path."""

    def write(old: str, new: str):
        assert OWN.count(old) >= 1, old
        file = tmp_path / "codebook.yml"
        file.write_text(OWN.replace(old, new, 1), encoding="utf-8")
        return file

    return write


def line_of(file, text: str) -> int:
    lines = file.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


AFFILIATIONS = {
    "government", "military", "legislature or party", "court", "police", "international body",
    "business", "NGO or civil society", "academic or expert", "news media", "state media",
    "citizen or witness", "other", "unknown",
}  # fmt: skip
CHANNELS = {
    "statement", "press conference", "interview", "speech", "social media", "report or document",
    "court filing", "broadcast", "told the outlet", "unknown",
}  # fmt: skip


def test_the_projects_codebook_has_the_schemas_categories():
    book = lexicons.read_codebook()
    assert set(book.variables["affiliation"].categories) == AFFILIATIONS
    assert set(book.variables["channel"].categories) == CHANNELS
    assert set(book.variables["source_type"].precedence) == set(schema.SOURCE_TYPES)
    assert re.fullmatch(r"[0-9a-f]{64}", book.sha256)


def test_every_category_has_a_definition_and_an_example():
    for variable in lexicons.read_codebook().variables.values():
        for category in variable.categories.values():
            assert category.definition.endswith(".") and category.examples, category.name


@pytest.mark.parametrize(
    ("old", "new", "at", "complaint"),
    [
        ("    - document\n", "    - documents\n", "- documents", "did you mean 'document'"),
        ("      definition: A person whose", "      defintion: A person whose", "defintion:",
         "did you mean 'definition'"),
        ("    anonymous source:\n      def", "    secret source:\n      def", "secret source:",
         "none of the six source types"),
        ("    - '\\bunidentified\\b'", "    - '\\b(unidentified'", "(unidentified",
         "no regular expression"),
        ("  affiliation_known: true", "  affiliation_known: often", "often", "true or false"),
        ("title: Sources of news", "title: [Sources]", "title:", "one text"),
        ("  question: What kind of source", "  query: What kind of source", "query:",
         "'query' is no key here"),
        ("unit: >-", "unit: >-\n  x: y: z\n- w", "", "not YAML"),
        ("relay:\n", "relays:\n", "relays:", "did you mean 'relay'"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_line(edited, old, new, at, complaint):
    file = edited(old, new)
    with pytest.raises(lexicons.CodebookError, match=re.escape(complaint)) as raised:
        lexicons.read_codebook(file)
    if at:
        assert f"line {line_of(file, at)}: " in str(raised.value)


def test_a_word_of_two_categories_is_refused(edited):
    twice = edited("    business:\n      def", "    business:\n      nouns: [regulator]\n      def")
    with pytest.raises(lexicons.CodebookError, match="'regulator' stands in 'government' and in"):
        lexicons.read_codebook(twice)


def test_all_faults_are_named_at_once(edited, tmp_path):
    file = edited("    - document\n", "    - documents\n")
    file.write_text(file.read_text().replace("relay:\n", "relays:\n", 1))
    with pytest.raises(lexicons.CodebookError) as raised:
        lexicons.read_codebook(file)
    assert len(raised.value.problems) >= 2


def test_a_missing_codebook_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no codebook .*nowhere\.yml"):
        lexicons.read_codebook(tmp_path / "nowhere.yml")


def test_words_of_the_codebook_go_before_the_lexicon(edited):
    file = edited("    business:\n      def", "    business:\n      nouns: [union]\n      def")
    assert lexicons.noun_affiliations(lexicons.read_codebook())["union"] == "NGO or civil society"
    assert lexicons.noun_affiliations(lexicons.read_codebook(file))["union"] == "business"


def test_a_new_affiliation_may_be_added(edited):
    new = (
        "    sport:\n      definition: Clubs and athletes.\n      examples: [The club said so.]\n"
        "      nouns: [club]\n    other:\n      definition: Sources that"
    )
    book = lexicons.read_codebook(edited("    other:\n      definition: Sources that", new))
    assert lexicons.noun_affiliations(book)["club"] == "sport"


def test_the_codebook_that_the_environment_names_is_read(edited, monkeypatch):
    own = lexicons.read_codebook()
    monkeypatch.setenv("ATTRIBUTED_CODEBOOK", str(edited("title: Sources of news", "title: Ours")))
    assert lexicons.read_codebook().title == "Ours" and lexicons.read_codebook() != own


def test_a_codebook_is_the_same_after_it_was_sent_to_another_process():
    book = lexicons.read_codebook()
    book.category("source_type", "document").search("a report")
    assert pickle.loads(pickle.dumps(book)) == book


def test_what_is_printed_holds_every_category():
    book = lexicons.read_codebook()
    for printed in (lexicons.instructions(book), lexicons.appendix(book)):
        for variable in book.variables.values():
            assert variable.name in printed
            for category in variable.categories.values():
                assert category.name in printed and category.definition in printed
    assert book.sha256 in lexicons.appendix(book)
    choices = lexicons.coding_choices(book)
    assert not choices.duplicated(["variable", "category"]).any()


@pytest.mark.parametrize("kind", ["instructions", "choices", "appendix"])
def test_the_command_prints(kind, capsys):
    assert command.main(["codebook", "--print", kind]) == 0
    assert "named organisation" in capsys.readouterr().out


def test_the_command_names_the_line_of_a_fault(edited, capsys):
    assert command.main(["codebook", str(edited("    - document\n", "    - documents\n"))]) == 2
    assert "line " in capsys.readouterr().err


@given(st.text(max_size=60))
def test_no_text_makes_reading_fail_in_another_way(tmp_path_factory, text):
    file = tmp_path_factory.mktemp("book") / "codebook.yml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(lexicons.CodebookError):
        lexicons.read_codebook(file)
