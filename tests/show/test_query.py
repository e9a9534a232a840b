"""The tables in other programs: opened by their paths, and asked in SQL."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tables_fixture import make_tables, write_tables

from helpers.__main__ import main
from helpers.show.query import QueryError, query, say
from helpers.store import schema, tables
from helpers.store.paths import DATA

duckdb = pytest.importorskip("duckdb", reason="questions in SQL need the extra `query`")
PAGE = (DATA / "README.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"```python\n(.*?)```\n```sql\n(.*?)```\n```r\n", re.S)
WORKED = BLOCKS.findall(PAGE)


def test_every_table_opens_by_its_path_with_the_same_rows_and_what_they_mean(sample_tables: Path):
    for name in schema.TABLES:
        file, right = sample_tables / f"{name}.parquet", tables.read_table(name, sample_tables)
        found, columns = pd.read_parquet(file), schema.TABLES[name].columns
        of_pandas = schema.to_frame(pa.Table.from_pandas(found, columns, preserve_index=False))
        pd.testing.assert_frame_equal(of_pandas, right)
        of_duckdb = schema.to_frame(duckdb.sql(f"FROM '{file}'").to_arrow_table())
        pd.testing.assert_frame_equal(of_duckdb, right)
        meant = {key.decode(): told.decode() for key, told in pq.read_schema(file).metadata.items()}
        assert meant.keys() == {"table", *right} and all(meant.values())


@pytest.fixture
def here(sample_tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tables of the sample in `tables`."""
    (tmp_path / "tables").symlink_to(sample_tables)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_worked_questions_have_one_answer_in_pandas_and_sql(here: Path):
    names: dict[str, object] = {}
    assert len(WORKED) == 5
    for python, sql in WORKED:
        exec(python, names)
        answer = query(sql, "tables")
        assert len(answer)
        pd.testing.assert_frame_equal(
            answer, names["answer"].reset_index(drop=True), check_dtype=False
        )


def test_an_answer_is_a_table_or_csv_that_no_spreadsheet_runs(here: Path, capsys):
    asked = "SELECT '=1+1' AS said, chr(27) || '[2J' AS odd, aliases FROM entities LIMIT 1"
    assert main(["query", asked, "--tables", "tables"]) == 0
    told = capsys.readouterr().out
    assert "=1+1" in told and "\x1b" not in told
    assert main(["query", asked, "--tables", "tables", "--out", "new/answer.csv"]) == 0
    assert (here / "new/answer.csv").read_text().splitlines()[1].startswith("'=1+1,")
    assert "150 more rows" in say(query("SELECT range AS n FROM range(200)", "tables"))


OUTSIDE = (
    "SELECT * FROM read_text('{file}')", "FROM '{file}'", "FROM glob('{folder}/*')",
    "COPY (SELECT 1) TO '{file}.new'", "ATTACH '{file}.db'", "CREATE TABLE mine AS SELECT 1",
    "SET enable_external_access = true", "DELETE FROM articles", "SELECT 1; SELECT 2", "",
    "SELEC 1", "SELECT nothing FROM articles", "INSTALL httpfs", "FROM WORKED",
)  # fmt: skip


@pytest.mark.parametrize("question", OUTSIDE)
def test_nothing_but_the_tables_is_read_and_nothing_written(question: str, here: Path):
    (here / "secret.txt").write_text("secret")
    asked = question.format(file=here / "secret.txt", folder=here)
    with pytest.raises(QueryError) as told:
        query(asked, "tables")
    assert str(told.value) and {path.name for path in here.iterdir()} == {"tables", "secret.txt"}


def test_hand_made_tables_are_asked_too_and_errors_are_sentences(tmp_path: Path, capsys):
    folder = write_tables(make_tables(6), tmp_path / "tables")
    assert query("SELECT count(*) AS n FROM articles", folder)["n"].tolist() == [6]
    assert main(["query", "SELECT x FROM articles", "--tables", str(folder)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ") and "the tables are articles, " in told
    assert main(["query", "SELECT 1", "--tables", str(tmp_path / "nothing")]) == 2
    assert "helpers build ARTICLES" in capsys.readouterr().err
