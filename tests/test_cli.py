"""The command line and the public functions: what they do, and that neither imports early."""

from __future__ import annotations

import doctest
import errno
import subprocess
import sys
from unittest.mock import Mock

import pytest

import helpers
from helpers import __version__
from helpers.__main__ import COMMANDS, main
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


def test_control_signs_in_names_of_files_are_printed_as_escapes(tmp_path, capsys):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "a.txt").write_text(STORY)
    for name in ("\x1b[31mred\x07.txt", "two\nlines.txt", "txt\u202eexe.txt"):
        (folder / name).write_bytes(b"")
    assert main(["build", str(folder), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    told = capsys.readouterr().err
    assert all(line.isprintable() for line in told.split("\n"))
    for name in (r"\x1b[31mred\x07.txt", r"two\nlines.txt", r"txt\u202eexe.txt"):
        assert f"problem: {name}: " in told
    assert main(["build", str(tmp_path / "\x1b[2J"), "--out", str(tmp_path / "out")]) == 2
    assert r"\x1b[2J does not exist" in capsys.readouterr().err


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


def test_what_a_system_refuses_is_said_with_the_place_and_what_to_do(monkeypatch, capsys):
    full = OSError(errno.ENOSPC, "No space left on device", "OUT/a")
    monkeypatch.setattr("helpers.corpus.bundle.write_bundle", Mock(side_effect=full))
    assert main(["bundle", "TABLES", "--out", "OUT"]) == 2
    assert "error: OUT/a: No space left on device; free some space" in capsys.readouterr().err


def test_a_command_whose_reader_has_left_ends_without_a_word():
    command = [sys.executable, "-m", "helpers", "codebook", "--print", "choices"]
    asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    asked.stdout.close()
    assert asked.stderr.read() == b"" and asked.wait() == 141


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


def imported_by(code: str) -> set[str]:
    """The modules that are there after running some Python in a process of its own."""
    told = f"import sys\n{code}\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(ended.stdout.split())


HEAVY = {"numpy", "pandas", "pyarrow", "yaml", "onnxruntime", "nbformat", "jupyter_client"}


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import helpers", set()),
        ("from helpers.__main__ import _parser; _parser().format_help()", set()),
        ("from helpers.batch.jobs import read_batch", {"yaml"}),
        ("from helpers.batch.pool import run_batch", {"yaml"}),
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(code, allowed):
    assert imported_by(code) & HEAVY <= allowed


def test_the_public_functions_do_what_their_examples_say():
    """Also when a room of another name has been imported before."""
    failed, tried = doctest.testmod(helpers, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert tried >= len(helpers.__all__) and not failed
    for name in helpers.__all__:
        assert callable(getattr(helpers, name)) and name in dir(helpers)
        assert name in (helpers.__doc__ or "") and getattr(helpers, name).__doc__
    assert not hasattr(helpers, "no_such_function")


def test_each_command_is_told():
    for name, command in COMMANDS.items():
        assert command.told and (command.more or not command.options), name
