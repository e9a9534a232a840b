"""Hand coding: the sample drawn, the sheets written and read back, and what is measured on them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.metrics.agreement import AnnotationTask
from openpyxl import load_workbook
from tables_fixture import make_tables

from helpers.measure import select
from helpers.measure.select import lay_out, types_of
from helpers.store import lexicons, tables
from helpers.study import agreement, corpora, correction, pairing, sheets, study

LOG = list(types_of("sampling log"))
MADE = make_tables(articles=60)
ARTICLES = MADE["articles"]
SAID = select.join_articles(MADE["attributions"], ARTICLES, ["body"])
SAMPLE = Path(__file__).resolve().parents[2] / "data" / "sample" / "gold"


# --------------------------------------------------------------------------------------- samples


def test_a_sample_is_drawn_in_proportion_and_logged():
    key, log = sheets.draw_statements(SAID, ARTICLES, 40, ["outlet"], seed=3)
    again, _ = sheets.draw_statements(SAID, ARTICLES, 40, ["outlet"], seed=3)
    pd.testing.assert_frame_equal(key, again)
    other, _ = sheets.draw_statements(SAID, ARTICLES, 40, ["outlet"], seed=4)
    assert set(other["attribution_id"]) != set(key["attribution_id"])
    frame = SAID[~SAID["article_id"].isin(["a005"])]
    numbers = log.set_index("step")["rows"]
    assert numbers.iloc[0] == len(SAID) and numbers["sampling frame"] == len(frame)
    assert numbers.iloc[0] - numbers.iloc[1] == numbers.iloc[2] and numbers.iloc[3] == 40
    assert "seed 3" in log["step"].iloc[-1]
    assert key["weight"].sum() == pytest.approx(len(frame))
    drawn = key["stratum"].value_counts() / len(key)
    there = frame["outlet"].value_counts() / len(frame)
    assert (drawn - there).abs().max() < 0.04


@given(st.integers(4, 300), st.sampled_from([[], ["outlet"], ["outlet", "form"]]))
def test_every_stratum_is_drawn_from_and_weights_add_up(size, strata):
    strata_number = len(SAID[strata].drop_duplicates()) if strata else 1
    if size < strata_number:
        with pytest.raises(ValueError, match="cannot cover"):
            sheets.draw_statements(SAID, ARTICLES, size, strata)
        return
    key, log = sheets.draw_statements(SAID, ARTICLES, size, strata)
    frame = log["rows"].iloc[2]
    assert len(key) == min(size, frame) and key["attribution_id"].is_unique
    assert key["weight"].sum() == pytest.approx(frame) and (key["weight"] >= 1).all()


def test_strata_that_are_no_columns_are_refused():
    with pytest.raises(ValueError, match="'mood' is no column"):
        sheets.draw_statements(SAID, ARTICLES, 40, ["mood"])


def test_passages_are_paragraphs_without_copies_and_captions():
    drawn, log = sheets.draw_passages(MADE["blocks"], ARTICLES, 20, ["body"], seed=1)
    blocks = MADE["blocks"].merge(drawn, on=["article_id", "start", "end"])
    assert len(blocks) == 20 and set(blocks["role"]) == {"body"}
    assert "a005" not in set(drawn["article_id"])
    numbers = log["rows"].tolist()
    assert numbers[0] - numbers[1] - numbers[2] == numbers[3] and numbers[4] == 20


# ---------------------------------------------------------------------------------------- sheets


@pytest.fixture
def drawn(tmp_path):
    key, _ = sheets.draw_statements(SAID, ARTICLES, 40, ["outlet"])
    passages, _ = sheets.draw_passages(MADE["blocks"], ARTICLES, 30)
    sheets.write_sheets(key, passages, ARTICLES, tmp_path)
    return key, passages, tmp_path


def test_the_sheet_is_blind_and_has_lists_to_choose_from(drawn):
    key, _, out = drawn
    book = load_workbook(out / "coding_sheet.xlsx")
    assert book.sheetnames == ["Instructions", "Statements", "Passages", "Lists"]
    sheet = book["Statements"]
    head = [cell.value for cell in sheet[1]]
    assert head == list(types_of("coding statements"))
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert len(rows) == len(key)
    assert not any(value for row in rows for value in row[3:])
    first = dict(zip(head, rows[0], strict=True))
    assert f"{sheets.OPEN}{first['words']}{sheets.CLOSE}" in first["context"]
    lists = {rule.formula1: str(rule.sqref) for rule in sheet.data_validations.dataValidation}
    assert len(lists) == len(sheets.CHOSEN)
    choices = [cell.value for cell in book["Lists"]["C"]]
    assert choices[0] == "source_type" and "anonymous source" in choices
    written = pd.read_csv(out / "coding_statements.csv", keep_default_na=False)
    assert (written[list(sheets.VARIABLES)] == "").all().all()
    told = (out / "coding_instructions.md").read_text()
    assert told.endswith(lexicons.instructions(lexicons.read_codebook()))


def test_no_cell_of_a_sheet_is_a_formula_and_words_come_back(tmp_path):
    """Also in what coders of a spreadsheet save: the cells as they were written."""
    words = ["=1+1 he said", "- no", "@you", "＝x", "-3"]
    text = "\n".join(words)
    articles = pd.DataFrame({"article_id": ["a"], "text": [text]})
    starts = [text.index(word) for word in words]
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    key = pd.DataFrame({"unit": words, "article_id": "a", "start": starts, "end": ends})
    passages = key.rename(columns={"unit": "passage"})
    sheets.write_sheets(key, passages, articles, tmp_path)
    book = load_workbook(tmp_path / "coding_sheet.xlsx")
    kinds = {cell.data_type for sheet in book for row in sheet for cell in row if cell.value}
    assert kinds == {"s"}
    for name in ("coding_statements", "coding_passages"):
        with (tmp_path / f"{name}.csv").open(newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        assert not [cell for cell in cells if cell[:1] in set("=-@＝") and cell != "-3"]
    again = sheets.reopen([tmp_path / "anna.csv"], key, passages)
    assert again[0]["unit"].tolist() == again[1]["passage"].tolist() == words
    rows = pd.read_csv(tmp_path / "coding_passages.csv", dtype="str", keep_default_na=False)
    rows["words"] = rows["text"]
    rows.to_csv(tmp_path / "anna.csv", index=False)
    assert sheets.read_sheet(tmp_path / "anna.csv").marked["words"].tolist() == words


def offered(out: Path, variable: str) -> list[str]:
    """What a coder can choose from in the workbook."""
    columns = load_workbook(out / "coding_sheet.xlsx")["Lists"].iter_cols(values_only=True)
    return next([v for v in column[1:] if v] for column in columns if column[0] == variable)


def test_the_lists_are_those_of_the_codebook(drawn, tmp_path):
    """Also of a codebook of one's own: what it adds can be chosen, and is read back."""
    key, passages, out = drawn
    choices = lexicons.coding_choices(lexicons.read_codebook())
    for variable, of_it in choices.groupby("variable"):
        assert offered(out, variable) == of_it["category"].tolist()
    own = tmp_path / "own.yml"
    written = lexicons.CODEBOOK.read_text()
    mark = "\naffiliation:\n"
    at = written.index("    unknown:\n", written.index(mark))
    added = "    circus:\n      definition: It juggles.\n      examples: [A clown laughed.]\n"
    own.write_text(written[:at] + added + written[at:])
    there = tmp_path / "own"
    sheets.write_sheets(key, passages, ARTICLES, there, own)
    assert "circus" in offered(there, "affiliation")
    assert "It juggles." in (there / "coding_instructions.md").read_text()
    rows = pd.read_csv(there / "coding_statements.csv", dtype="str", keep_default_na=False)
    rows.loc[0, ["statement", "affiliation"]] = ["yes", "circus"]
    rows.to_csv(there / "anna.csv", index=False)
    assert sheets.read_sheet(there / "anna.csv", own).problems.empty
    assert "'circus' is none of" in sheets.read_sheet(there / "anna.csv").problems["problem"][0]


def fill(out: Path, coder: str, key: pd.DataFrame, wrong: int = 0, kind: str = "xlsx") -> Path:
    """Fill the sheet in as a coder who agrees with the tool but for `wrong` source types."""
    told = SAID.set_index("attribution_id").loc[key["attribution_id"]]
    rows = pd.read_csv(out / "coding_statements.csv", dtype="str", keep_default_na=False)
    rows["statement"] = "Yes "
    for name in ("form", "source_type", "affiliation", "speaker"):
        rows[name] = told[name].to_numpy()
    rows.loc[rows.index < wrong, "source_type"] = "document"
    path = out / f"{coder}.{kind}"
    if kind == "csv":
        rows.to_csv(path, index=False)
        return path
    book = load_workbook(out / "coding_sheet.xlsx")
    for number, row in enumerate(rows.itertuples(index=False), start=2):
        for place, value in enumerate(row, start=1):
            book["Statements"].cell(number, place, value or None)
    book.save(path)
    return path


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_coders_write_is_read_back(drawn, kind):
    key, passages, out = drawn
    files = [fill(out, "anna", key, kind=kind), fill(out, "ben", key, wrong=5, kind=kind)]
    coded = study.read_coders(files, ARTICLES, SAID, key, passages)
    assert coded.coders == ["anna", "ben"] and coded.problems.empty
    agreed = study.measure_coders(coded).set_index("variable")
    assert agreed.loc["form", "alpha"] == 1 and agreed.loc["form", "units"] == len(key)
    assert agreed.loc["statement", "note"] == agreement.UNDEFINED
    assert agreed.loc["source_type", "alpha"] < 1
    beside = study.compare(coded, SAID, "source_type")
    assert len(beside) == len(key) and (beside["value"] == "").sum() <= 5
    settled = beside[beside["value"] != ""]
    assert (settled["value"] == settled["found"]).all()
    corrected = correction.measure_corrected(SAID, beside, "source_type")
    assert np.allclose(corrected["share"], corrected["corrected"], atol=0.06)


def test_what_cannot_be_used_is_told(drawn):
    key, passages, out = drawn
    rows = pd.read_csv(out / "coding_statements.csv", dtype="str", keep_default_na=False)
    rows.loc[0, ["statement", "form"]] = ["yes", "sung"]
    rows.loc[1, ["unit", "statement"]] = ["u9999", "no"]
    rows.to_csv(out / "cleo.csv", index=False)
    coded = study.read_coders([out / "cleo.csv"], ARTICLES, SAID, key, passages)
    assert coded.problems["where"].tolist() == ["unit u0001", "unit u9999"]
    assert "form 'sung' is none of direct, mixed, indirect" in coded.problems["problem"][0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.xlsx", None, "no coding sheet"),
        ("notes.xlsx", b"no workbook", "cannot be read as XLSX or CSV"),
        ("table.csv", b"a,b\n1,2\n", "is no coding sheet: it has neither"),
    ],
)
def test_files_that_are_no_sheets_are_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises((FileNotFoundError, sheets.SheetError), match=message):
        sheets.read_sheet(tmp_path / name)


def test_statements_marked_in_passages_measure_what_is_missed(drawn):
    key, passages, out = drawn
    rows = pd.read_csv(out / "coding_passages.csv", dtype="str", keep_default_na=False)
    said = SAID.merge(passages, on="article_id", suffixes=("", "_of"))
    said = said[(said["start_of"] <= said["start"]) & (said["start"] < said["end_of"])]
    marked = said[["passage", "text"]].rename(columns={"text": "words"}).iloc[1:]
    more = pd.DataFrame({"passage": ["p001", "p002"], "words": ["not in there", "sky"]})
    filled = pd.concat([rows.assign(words=""), marked, more]).fillna("")
    filled.to_csv(out / "dora_passages.csv", index=False)
    coded = study.read_coders([out / "dora_passages.csv"], ARTICLES, SAID, key, passages)
    found = study.measure_finding(coded, SAID).iloc[0]
    assert found["first"] == study.TOOL and found["second"] == "dora"
    assert found["found_by_both"] == len(said) - 1 and found["recall"] == 1
    assert found["precision"] == pytest.approx((len(said) - 1) / len(said))
    assert len(coded.problems) == 2
    assert "does not stand in the passage" in coded.problems["problem"].iloc[0]
    units = study.measure_units(coded, SAID, "source_type")
    assert set(units["coefficient"]) == {"bu"}, "marked words have no code to be compared"


def test_a_sheet_in_which_somebody_has_coded_is_not_written_anew(drawn):
    key, passages, out = drawn
    book = load_workbook(out / "coding_sheet.xlsx")
    book["Statements"]["D2"] = "yes"
    book.save(out / "coding_sheet.xlsx")
    marked = sheets.tables.read_csv(out / "coding_passages.csv").astype(object)
    marked.loc[0, "words"] = "said so"
    sheets.tables.export(marked, "coding_passages", out)
    kept = ["coding_sheet.xlsx", "coding_passages.csv", "coding_statements.csv"]
    before = [(out / name).read_bytes() for name in kept]
    sheets.write_sheets(key.head(3), passages.head(2), ARTICLES, out)
    after = [(out / name).read_bytes() for name in kept]
    assert before[:2] == after[:2] and len(after[2]) < len(before[2])


def test_the_key_beside_the_sheets_is_taken_up_again(drawn):
    key, passages, out = drawn
    filled = fill(out, "anna", key)
    again = sheets.reopen([filled], key.head(0), passages.head(0))
    pd.testing.assert_frame_equal(again[0], key, check_dtype=False)
    assert again[1]["passage"].tolist() == passages["passage"].tolist()
    assert sheets.reopen([SAMPLE / "pass_a"], key, passages)[0] is key
    logs = [pd.DataFrame([("frame", 9, 9), ("drawn: seed 1", 1, 1)], columns=LOG)] * 2
    (out / "codings").mkdir()
    above = sheets.reopen([out / "codings" / "anna.csv"], key.head(0), passages.head(0), *logs)
    assert len(above[0]) == len(key) and above[2]["rows"].tolist() == [9, len(key)]
    assert above[3]["rows"].tolist() == [9, len(passages)]
    assert sheets.reopen([SAMPLE / "pass_a"], key, passages, *logs)[2] is logs[0]
    (out / "sampling_passages.csv").unlink()
    with pytest.raises(FileNotFoundError, match="put it back"):
        sheets.reopen([filled], key, passages)


def test_a_sheet_of_another_draw_is_told_and_not_measured(drawn):
    key, passages, out = drawn
    other = key.assign(end=key["end"].where(key.index > 9, key["end"] - 9))
    coded = study.read_coders([fill(out, "anna", key)], ARTICLES, SAID, other, passages)
    assert coded.ratings["unit"].nunique() == len(key) - 10
    assert coded.problems["problem"].str.contains("has other words").sum() == 10


def test_formulas_in_articles_stay_text(tmp_path):
    articles = ARTICLES.head(1).assign(text="=1+1 said\x07 he")
    key = pd.DataFrame([["u0001", "a", articles["article_id"].iloc[0], 0, 4, "all", 1.0]])
    key.columns = list(types_of("sampling key"))
    sheets.write_sheets(key, lay_out("sampling passages"), articles, tmp_path)
    cell = load_workbook(tmp_path / "coding_sheet.xlsx")["Statements"]["C2"]
    assert cell.value == "=1+1" and cell.data_type == "s"


def test_before_anybody_has_coded_there_is_nothing_to_measure():
    coded = study.read_coders([], ARTICLES, SAID, *[pd.DataFrame()] * 2)
    assert coded.coders == [] and study.measure_coders(coded).empty
    assert study.measure_finding(coded, SAID).empty
    beside = study.compare(coded, SAID, "source_type")
    assert beside.empty
    assert correction.measure_corrected(SAID, beside, "source_type")["corrected"].isna().all()
    assert agreement.measure_accuracy(beside)["coded"].tolist() == [0]


# -------------------------------------------------------------------------- whole-article codings


@pytest.fixture(scope="module")
def passes(sample_tables):
    articles = tables.read_table("articles", sample_tables)
    said = tables.read_table("attributions", sample_tables)
    folders = [SAMPLE / "pass_a", SAMPLE / "pass_b"]
    return study.read_coders(folders, articles, said, *[pd.DataFrame()] * 2), said


@pytest.fixture(scope="module")
def agreed(passes):
    return study.measure_coders(passes[0]).set_index("variable")


PUBLISHED = {  # data/sample/gold/README.md: units, percent agreement, alpha
    "form": (478, 98.33, 0.97),
    "source_type": (478, 100.0, 1.0),
    "speaker": (478, 96.86, 0.97),
    "relay": (478, 99.79, 0.97),
}


@pytest.mark.parametrize("variable", PUBLISHED)
def test_the_samples_published_agreement_is_reproduced(agreed, variable):
    found = agreed.loc[variable]
    measured = found["units"], round(found["agreement"] * 100, 2), round(found["alpha"], 2)
    assert measured == PUBLISHED[variable]
    assert found["low"] <= found["alpha"] <= found["high"]


@pytest.mark.parametrize("variable", ["form", "source_type", "relay"])
def test_both_ways_to_alpha_agree_to_four_places(agreed, variable):
    """The pairs of two coders through NLTK, and the table of any number through this project."""
    frames = [
        corpora.read_codings(SAMPLE / name, SAMPLE.parent / "articles").attributions
        for name in ("pass_a", "pass_b")
    ]
    pairs = pairing.pair_attributions(*frames)
    rows = [
        (side, unit, frame.loc[label, variable])
        for side, frame in zip(("first", "second"), frames, strict=True)
        for unit, label in enumerate(pairs[side])
    ]
    assert round(agreed.loc[variable, "alpha"], 4) == round(AnnotationTask(rows).alpha(), 4)


def test_finding_is_measured_apart_from_coding(passes):
    coded, said = passes
    found = study.measure_finding(coded, said)
    both = found.iloc[0]
    assert (both["found_by_both"], both["only_first"], both["only_second"]) == (478, 6, 7)
    tool = found[found["first"] == study.TOOL]
    assert len(tool) == 2 and (tool["f1"] > 0.8).all()
    assert (tool["recall_low"] < tool["recall"]).all()


def test_the_program_is_measured_against_the_coders(passes):
    coded, said = passes
    beside = study.compare(coded, said, "source_type")
    assert (beside["value"] == agreement.NOT_ONE).sum() > 10
    statements = beside[(beside["value"] != agreement.NOT_ONE) & (beside["value"] != "")]
    accuracy = agreement.measure_accuracy(statements).set_index("category")
    assert accuracy.loc["all", "f1"] > 0.6
    assert accuracy.loc["named person", "recall_low"] < accuracy.loc["named person", "recall"]


# ------------------------------------------------------------------------------------ correcting


def test_coders_who_do_not_agree_correct_nothing_and_the_reason_is_said(drawn):
    key, passages, out = drawn
    files = [fill(out, "anna", key), fill(out, "ben", key, wrong=30)]
    coded = study.read_coders(files, ARTICLES, SAID, key, passages)
    agreed = study.measure_coders(coded)
    said = study.check_agreement(agreed, "source_type")
    assert said.startswith("Nothing is corrected: the coders' alpha for source type is ")
    beside = study.compare(coded, SAID, "source_type")
    assert len(beside) and study.trust(beside, agreed, "source_type").empty
    assert study.check_agreement(agreed, "form") == ""
    assert len(study.trust(study.compare(coded, SAID, "form"), agreed, "form")) == len(key)
    every = study.correct_all(coded, SAID, agreed).set_index("variable")
    assert every.loc["source_type", "corrected"].isna().all()
    assert every.loc["source_type", "note"].str.startswith("Nothing is corrected").all()
    assert every.loc["form", "corrected"].notna().all()
    rows, usable, reason = study.compare_measure(coded, SAID, "anonymous sources")
    assert usable.empty and reason == said and len(rows) == len(SAID)


def test_measures_of_comparison_are_told_by_the_sheet_that_lies_beside_its_key(drawn):
    key, passages, out = drawn
    coded = study.read_sample([fill(out, "anna", key)], ARTICLES, SAID)
    for measure in ("named sources", "official sources", "relayed statements", "direct quotation"):
        rows, usable, reason = study.compare_measure(coded, SAID, measure)
        assert reason == "" and set(rows["holds"]) <= {"yes", "no"}
        if measure != "relayed statements":
            assert len(usable) == len(key) and (usable["found"] == usable["value"]).all()
    none, nothing, reason = study.compare_measure(coded, SAID, "single-source articles")
    assert none.empty and nothing.empty and "does not tell single-source" in reason
    (out / "sampling_key.csv").unlink()
    (out / "sampling_passages.csv").unlink()
    with pytest.raises(FileNotFoundError, match="put it back beside"):
        study.read_sample([out / "anna.xlsx"], ARTICLES, SAID)


def test_what_nobody_coded_is_not_compared(passes):
    coded, said = passes
    assert study.compare(coded, said, "affiliation").empty
    assert set(study.correct_all(coded, said, study.measure_coders(coded))["variable"]) == {
        "form",
        "source_type",
    }


def test_coders_are_called_what_they_are(passes):
    coded, _ = passes
    assert coded.told == ["pass a (language model)", "pass b (language model)"]
    assert "pass a (language model)" in study.say_coders(coded)


def test_units_of_the_sample_are_measured_by_alpha(passes):
    coded, said = passes
    found = study.measure_units(coded, said, "source_type").set_index(["coders", "coefficient"])
    assert (found.loc["pass_a and pass_b", "alpha"] > 0.97).all()
    assert (found.loc[f"pass_a and {study.TOOL}", "alpha"] > 0.8).all()
    assert (found["articles"] == 24).all() and (found["low"] <= found["high"]).all()


def test_a_table_made_elsewhere_is_parted_from_sheets(drawn, tmp_path):
    key, _, out = drawn
    (tmp_path / "kind.csv").write_text("unit,anna,ben\n1,a,a\n2,b,a\n3,b,b\n")
    sheet = fill(out, "anna", key, kind="csv")
    ours, other = study.part_codings([sheet, tmp_path / "kind.csv", SAMPLE / "pass_a"])
    assert ours == [sheet, SAMPLE / "pass_a"]
    assert study.measure_tables(other)["variable"].tolist() == ["kind"]
    assert study.measure_tables([]).empty
