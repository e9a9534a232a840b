"""What is handed on: the same numbers in every format, and a bundle without article text."""

from __future__ import annotations

import re
import zipfile

import pandas as pd
import pytest
from openpyxl import load_workbook
from tables_fixture import make_tables, write_tables

from helpers import __main__
from helpers.corpus import bundle
from helpers.store import schema, tables

MADE = make_tables()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tables(MADE, tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="module")
def packed(folder, tmp_path_factory):
    return bundle.write_bundle(folder, tmp_path_factory.mktemp("out") / "bundle.zip")


def test_exports_are_the_same_in_every_format(tmp_path):
    said = ["=SUM(A1)", "Ada", None, "NA", "None", "null"]
    frame = pd.DataFrame({"=speaker": said, "count": [1, 2, 3, 4, 5, -6]})
    for name in ("a" * 40, "a" * 39 + "b"):
        tables.export(frame, name, tmp_path)
    path = bundle.convert_exports(tmp_path)
    book = load_workbook(path)
    assert len(book.sheetnames) == 2 and max(map(len, book.sheetnames)) <= 31
    sheet = book.worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    numbers = [1, 2, 3, 4, 5, -6]
    assert rows == [("=speaker", "count"), *zip(said, numbers, strict=True)]
    assert sheet["A1"].data_type == sheet["A2"].data_type == "s" and sheet["A2"].quotePrefix
    kept = pd.read_parquet(tmp_path / f"{'a' * 40}.parquet")
    pd.testing.assert_frame_equal(kept, tables.read_csv(tmp_path / f"{'a' * 40}.csv"))


def test_a_folder_without_exports_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no CSV"):
        bundle.convert_exports(tmp_path)


def test_a_bundle_holds_no_words_of_any_article(packed):
    with zipfile.ZipFile(packed) as opened:
        assert {"README.txt", "LICENSE", "CITATION.cff", "manifest.json"} <= set(opened.namelist())
        assert "To cite: The Attributed authors" in opened.read("README.txt").decode()
    sentences = {line for text in MADE["articles"]["text"] for line in text.split("\n") if line}
    sentences |= set(MADE["attributions"]["text"]) | set(MADE["attributions"]["source_text"])
    for name, frame in bundle.read_bundle(packed).items():
        values = {str(value) for column in frame for value in frame[column]}
        names = {"Maria Lopez", "Ana Lopez", "Ivo Petran", "Tom $mall & <b>Sons</b>"}
        assert not values & (sentences - names), name
        assert not set(frame) & set(bundle.SAID.get(name, ()))


def find_runs(text: str) -> set[tuple[str, ...]]:
    """Every four words of a text that stand together."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return set(zip(words, words[1:], words[2:], words[3:], strict=False))


def find_cells(frame: pd.DataFrame) -> set[str]:
    cells = {
        item
        for column in frame.select_dtypes(exclude=["number", "bool", "datetime"])
        for cell in frame[column]
        for item in ([cell] if isinstance(cell, str) else cell)
        if isinstance(item, str)
    }
    return cells


def test_no_cell_of_the_sample_holds_four_words_together_of_an_article_but_names(
    sample_tables, tmp_path
):
    read = {name: tables.read_table(name, sample_tables) for name in schema.TABLES}
    said = {run for text in read["articles"]["text"] for run in find_runs(text)}
    named = [*read["entities"]["entity"], *read["entities"]["aliases"].explode().dropna()]
    named += [*read["articles"]["outlet"], *read["attributions"]["relay"]]
    named += read["entities"]["entity_id"].tolist()
    said -= {run for name in named for run in find_runs(name)}
    quoted = {
        run for cell in find_cells(read["attributions"][["source_rule"]]) for run in find_runs(cell)
    }
    assert quoted & said  # there is something to leave out
    file = bundle.write_bundle(sample_tables, tmp_path / "bundle.zip")
    for name, frame in bundle.read_bundle(file).items():
        told = {cell: find_runs(cell) & said for cell in find_cells(frame)}
        assert not {cell: runs for cell, runs in told.items() if runs}, name
    with zipfile.ZipFile(file) as opened:
        assert not find_runs(opened.read("manifest.json").decode()) & said
        readme = " ".join(opened.read("README.txt").decode().split())
    assert "Inside are names" in readme and "paths of the files that were read" in readme
    rules = bundle.read_bundle(file)["attributions"]["source_rule"]
    assert rules.str.contains("withheld: '…'", regex=False).any()


def test_the_same_tables_give_the_same_bundle(folder, packed, tmp_path):
    again = bundle.write_bundle(folder, tmp_path / "again.zip")
    assert again.read_bytes() == packed.read_bytes()


def test_whoever_has_the_articles_fills_the_words_in_again(packed):
    found = bundle.restore(packed, MADE["articles"])
    for name in ("mentions", "attributions"):
        assert found[name]["text"].tolist() == MADE[name]["text"].tolist()
    said = found["attributions"]
    assert said["source_text"].tolist() == MADE["attributions"]["source_text"].tolist()
    assert len(found["targets"]) == len(MADE["targets"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.iloc[1:], "no article a000"),
        (lambda rows: rows.assign(text=rows["text"] + "."), "has another text by now"),
    ],
)
def test_other_articles_are_refused(packed, change, message):
    with pytest.raises(bundle.BundleError, match=message):
        bundle.restore(packed, change(MADE["articles"]))


def test_what_is_no_bundle_is_refused(tmp_path):
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(bundle.BundleError, match="is no replication bundle"):
        bundle.read_bundle(tmp_path / "x.zip")


def test_the_command_line_packs_restores_and_converts(folder, tmp_path, capsys):
    packed = tmp_path / "bundle.zip"
    assert __main__.main(["bundle", str(folder), "--out", str(packed)]) == 0
    restored = tmp_path / "restored"
    assert __main__.main(["restore", str(packed), str(folder), "--out", str(restored)]) == 0
    mentions = pd.read_parquet(restored / "mentions.parquet")
    assert mentions["text"].tolist() == MADE["mentions"]["text"].tolist()
    tables.export(mentions, "mentions", tmp_path / "csv")
    assert __main__.main(["convert", str(tmp_path / "csv")]) == 0
    assert "tables.xlsx" in capsys.readouterr().out
    assert __main__.main(["convert", str(tmp_path / "nothing")]) == 2


def test_columns_left_out_are_columns_of_their_tables():
    for name, columns in bundle.SAID.items():
        assert set(columns) <= set(schema.TABLES[name].columns.names)


KEPT = {  # ids, hashes, places of files, and codes: facts about an article, not its words
    "article_id", "path", "sha256", "outlet", "section", "language", "wire", "duplicate_of",
    "duplicate_kind", "role", "label", "entity_id", "rule", "entity", "country", "merge_reason",
    "attribution_id", "form", "speaker_id", "resolution", "source_type", "affiliation", "channel",
    "relay", "relay_ownership", "relay_chain", "source_rule", "tone_label", "voice", "complete",
    "polarity", "kind", "step", "stands_for", "reason",
}  # fmt: skip


def test_every_column_of_words_is_either_left_out_or_known_to_hold_none_of_an_article():
    for name, table in schema.TABLES.items():
        texts = {field.name for field in table.columns if str(field.type) == "string"}
        assert texts <= KEPT | set(bundle.SAID.get(name, ())), name
