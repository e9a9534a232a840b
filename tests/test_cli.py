"""The command line: exit code 0 only when everything asked for was done, errors in words."""

from __future__ import annotations

import pytest

from helpers import __version__
from helpers.__main__ import main
from helpers.store import tables

STORY = "Mill to close\n\nThe mill in Arden will close, its owner Ida Brandt said on Friday.\n"


def test_build_writes_tables(tmp_path, capsys):
    (tmp_path / "a.txt").write_text(STORY)
    assert main(["build", str(tmp_path / "a.txt"), "--out", str(tmp_path / "out")]) == 0
    assert "1 articles" in capsys.readouterr().out
    assert len(tables.read_table("articles", tmp_path / "out")) == 1


def test_problems_are_printed(tmp_path, capsys):
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "a.txt").write_text(STORY)
    (tmp_path / "articles" / "b.txt").write_bytes(b"")
    assert main(["build", str(tmp_path / "articles"), "--out", str(tmp_path / "out")]) == 0
    assert "problem: b.txt: " in capsys.readouterr().err


def test_the_column_mapping_is_shown_and_may_be_overridden(tmp_path, capsys):
    (tmp_path / "a.csv").write_text(f'Head,Body,Note\nMill,"{STORY}","{STORY * 2}"\n')
    command = ["build", str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]
    assert main([*command, "--map", "text=Body", "--map", "title=Head"]) == 0
    assert "Body" in capsys.readouterr().out
    read = tables.read_table("articles", tmp_path / "out").iloc[0]
    assert read["text"] == STORY and read["headline"] == "Mill"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["build", "nowhere", "--out", "OUT"], "nowhere does not exist"),
        (["build", ".", "--out", "OUT", "--map", "text"], "write ROLE=COLUMN"),
        (["build", ".", "--out", "OUT", "--workers", "-1"], "workers must be 0 or more"),
        (["batch", "nowhere.yml", "--out", "OUT"], "nowhere.yml"),
    ],
)
def test_errors_are_words_and_exit_code_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    out = str(tmp_path.parent / f"{tmp_path.name}-out")
    assert main([out if word == "OUT" else word for word in arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_folder_without_articles_is_an_error(tmp_path, capsys):
    (tmp_path / "articles").mkdir()
    assert main(["build", str(tmp_path / "articles"), "--out", str(tmp_path / "out")]) == 1
    assert "holds no article that can be read" in capsys.readouterr().err


def test_help_explains_each_command(capsys):
    for arguments, words in ((["--help"], "run notebooks"), (["build", "--help"], "only what")):
        with pytest.raises(SystemExit) as stop:
            main(arguments)
        assert stop.value.code == 0 and words in capsys.readouterr().out


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out
