"""A study with its plan first: written once, filled with results, the same bytes again."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.study.registered import PlanError, run_study


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_a_study_is_planned_once_and_gives_the_same_bytes_again(sample_tables, tmp_path):
    out = tmp_path / "study"
    with pytest.raises(PlanError, match="question"):
        run_study(sample_tables, " ", out)
    files = run_study(sample_tables, "Who is named?", out, 20)
    assert {"plan.json", "plan.md", "coding_sheet.xlsx", "results.csv", "bundle.zip"} <= set(files)
    first = bytes_of(out)
    with pytest.raises(PlanError, match="another folder"):
        run_study(sample_tables, "Who is not?", out)
    (out / "codings").mkdir()
    sheet = first["coding_statements.csv"].decode().replace(",,", ",yes,", 20)
    (out / "codings" / "ann.csv").write_text(sheet)
    assert "agreement.csv" in run_study(sample_tables, "", out)
    coded = bytes_of(out)
    assert (
        "Ann" in coded["methods.md"].decode().title() and coded["plan.json"] == first["plan.json"]
    )
    run_study(sample_tables, "", out)
    assert bytes_of(out) == coded
    unchanged = first.keys() - {"methods.md"}
    assert {name: coded[name] for name in unchanged} == {name: first[name] for name in unchanged}
