"""The build: every file accounted for, nothing annotated twice, nothing half written."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from disk_fixture import on_a_small_disk
from reading_fixture import read_corpus

from helpers.corpus import annotation
from helpers.corpus import build as corpus
from helpers.corpus import decisions as aliases
from helpers.read.source import SourceFile
from helpers.store import paths, schema, tables
from helpers.store.paths import CODEBOOK
from helpers.store.storage import StorageError
from helpers.text.article import Article

STORY = """Ferry line cuts night crossings

PORT ELLEN, Marland – The Northern Ferry Company will end night crossings in May, it said on Monday.

“We cannot fill the boats,” said Ada Lindqvist, the company's director. “Nobody travels at three.”

Mayor Tom Okoro said the town had not been told. He called the decision “a slap in the face”.
"""


def write_stories(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        story = STORY.replace("May", f"May {number + 1}").replace("Monday", f"day {number}")
        (folder / f"story-{number:03d}.txt").write_text(story, encoding="utf-8")
    return folder


@pytest.fixture
def articles(tmp_path):
    return write_stories(tmp_path / "articles", 3)


def build(path, out, workers=1, **options):
    return corpus.build(path, out, workers=workers, progress=False, **options)


def same_tables(one, other):
    for name in schema.TABLES:
        pd.testing.assert_frame_equal(tables.read_table(name, one), tables.read_table(name, other))


def test_every_table_is_written_and_fits_the_schema(articles, tmp_path):
    manifest = build(articles, tmp_path / "out")
    for name in schema.TABLES:
        assert len(tables.read_table(name, tmp_path / "out")) == manifest["counts"][name]
    assert manifest["counts"]["articles"] == manifest["counts"]["files"] == 3


def test_the_manifest_names_the_packages_that_are_installed():
    installed = paths.package_versions(["nltk", "no-such-package"])
    assert list(installed) == ["nltk"]


def test_every_row_points_into_the_text_as_read(articles, tmp_path):
    build(articles, tmp_path / "out")
    read = tables.read_table("articles", tmp_path / "out")
    texts = read.set_index("article_id")["text"]
    assert set(read["text"]) == {file.read_text() for file in articles.iterdir()}
    for name in ("mentions", "attributions", "replies"):
        frame = tables.read_table(name, tmp_path / "out")
        for row in frame.itertuples():
            assert row.text == texts[row.article_id][row.start : row.end]
    entities = set(tables.read_table("entities", tmp_path / "out")["entity_id"])
    assert set(tables.read_table("mentions", tmp_path / "out")["entity_id"]) <= entities | {""}


def test_the_story_says_who_spoke(articles, tmp_path):
    build(articles / "story-000.txt", tmp_path / "out")
    said = tables.read_table("attributions", tmp_path / "out")
    assert {"Ada Lindqvist", "Tom Okoro"} <= set(said["speaker"])


def test_a_build_keeps_what_a_file_announces(tmp_path):
    head = (
        "Vale Echo\n\nMay 4, 2024 Saturday\n\nFerry line cuts night crossings\n\nLENGTH: 48 words"
    )
    body = STORY.partition("\n\n")[2]
    articles = [f"{number} of 3 DOCUMENTS\n\n{head}\n\n{body}\n" for number in (1, 3)]
    (tmp_path / "in").mkdir()
    (tmp_path / "in/export.txt").write_text("\n".join(articles), encoding="utf-8")
    answer = {"totalResults": 30, "articles": [{"title": "Ferry line", "text": body}]}
    (tmp_path / "in/answer.json").write_text(json.dumps(answer), encoding="utf-8")
    for _ in range(2):  # the second time from what the first has written down
        manifest = build(tmp_path / "in", tmp_path / "out")
        assert manifest["announced"] == {"export.txt": 3, "answer.json": 30}
        assert manifest["counts"]["articles"] == 3
        answered, exported = tables.read_table("problems", tmp_path / "out")["problem"]
        assert "announces 3 articles, and 2 were read; its number 2 is missing" in exported
        assert "announces 30 articles, 1 of which it lists; ask for" in answered
        (tmp_path / "in/metadata.csv").write_text("file,outlet\nexport.txt,Vale Echo\n")


def test_an_outlet_is_one_however_it_is_written(tmp_path):
    for folder in ("The Vale Echo", "vale-echo", "anchor"):
        write_stories(tmp_path / "articles" / folder, 1)
    manifest = build(tmp_path / "articles", tmp_path / "out")
    columns = ["outlet", "duplicate_of"]
    read = tables.read_table("articles", tmp_path / "out", columns)
    assert sorted(read["outlet"]) == ["The Vale Echo", "The Vale Echo", "anchor"]
    wanted = tables.read_table("articles", tmp_path / "out", ["path"], {"outlet": "The Vale Echo"})
    assert len(wanted) == 2 and any("'vale-echo'" in note for note in manifest["notes"])


def test_a_second_build_reads_nothing_again(articles, tmp_path, monkeypatch):
    first = build(articles, tmp_path / "out")
    monkeypatch.setattr(annotation, "annotate", lambda _: pytest.fail("annotated again"))
    assert build(articles, tmp_path / "out") == first


def test_only_new_and_changed_files_are_annotated(articles, tmp_path, monkeypatch):
    build(articles, tmp_path / "out")
    before = tables.read_table("articles", tmp_path / "out").set_index("path")
    seen = []
    annotate = annotation.annotate
    monkeypatch.setattr(annotation, "annotate", lambda a: seen.extend(a["path"]) or annotate(a))
    changed = articles / "story-001.txt"
    changed.write_text(STORY.replace("Okoro", "Achterberg"), encoding="utf-8")
    (articles / "story-002.txt").unlink()
    write_stories(articles / "more", 1)
    build(articles, tmp_path / "out")
    after = tables.read_table("articles", tmp_path / "out").set_index("path")
    assert sorted(seen) == ["more/story-000.txt", "story-001.txt"]
    assert sorted(after.index) == ["more/story-000.txt", "story-000.txt", "story-001.txt"]
    assert after.article_id["story-000.txt"] == before.article_id["story-000.txt"]
    assert after.article_id["story-001.txt"] == before.article_id["story-001.txt"]
    said = tables.read_table("attributions", tmp_path / "out")
    assert said["attribution_id"].is_unique
    assert "Tom Achterberg" in set(said["speaker"])


def test_an_incremental_build_equals_a_fresh_one(articles, tmp_path):
    build(articles, tmp_path / "grown")
    write_stories(articles, 5)
    build(articles, tmp_path / "grown")
    build(articles, tmp_path / "fresh")
    same_tables(tmp_path / "grown", tmp_path / "fresh")


def test_a_surname_alone_follows_what_the_other_articles_say(articles, tmp_path):
    """Whom it stands for changes without its own article: with those who are named in full."""

    def speakers(name: str, text: str) -> set[str]:
        (articles / name).write_text(text, encoding="utf-8")
        build(articles, tmp_path / "grown")
        build(articles, tmp_path / name)
        same_tables(tmp_path / "grown", tmp_path / name)
        return set(tables.read_table("attributions", tmp_path / "grown")["speaker"])

    alone = "Sales fell\n\n“It was a bad year,” Ms. Lindqvist said on Friday."
    assert "Lindqvist" not in speakers("alone.txt", alone)
    other = "Rain\n\n“It was wet,” said Lena Lindqvist, a farmer, on Sunday."
    assert "Lindqvist" in speakers("other.txt", other)


PEOPLE = (
    "Ada Lindqvist", "Adah Lindqvist", "Lindqvist", "Tom Okoro", "Lena Marr",
    "Northern Ferry Company Inc",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_a_build_after_any_changes_equals_a_fresh_one(seed, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "LEAST_PART", 3)
    dice = random.Random(seed)
    articles = tmp_path / "articles"
    articles.mkdir()

    def write_some(numbers):
        for number in numbers:
            story = STORY.replace("Ada Lindqvist", dice.choice(PEOPLE)).replace(
                "May", f"May {number}"
            )
            story = story.replace("Tom Okoro", dice.choice(PEOPLE))
            (articles / f"{number:02d}.txt").write_text(story, encoding="utf-8")

    write_some(range(9))
    build(articles, tmp_path / "grown")
    for _ in range(2):
        there = sorted(articles.iterdir())
        for gone in dice.sample(there, 2):
            gone.unlink()
        write_some(dice.sample(range(12), 2))
        build(articles, tmp_path / "grown")
    build(articles, tmp_path / "fresh")
    same_tables(tmp_path / "grown", tmp_path / "fresh")


def test_two_workers_write_the_same_tables_as_one(articles, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    build(articles, tmp_path / "one")
    build(articles, tmp_path / "two", workers=2)
    same_tables(tmp_path / "one", tmp_path / "two")


def test_the_same_file_gives_the_same_id_wherever_it_lies(articles, tmp_path):
    build(articles, tmp_path / "out")
    shutil.copytree(articles, tmp_path / "elsewhere")
    build(tmp_path / "elsewhere", tmp_path / "out2")
    first, second = (tables.read_table("articles", tmp_path / out) for out in ("out", "out2"))
    assert first["article_id"].tolist() == second["article_id"].tolist()


def test_a_killed_build_goes_on_where_it_stopped(tmp_path):
    articles = write_stories(tmp_path / "articles", 2 * corpus.LEAST_PART)
    command = [sys.executable, "-m", "helpers", "build", str(articles), "--quiet", "--workers", "1"]
    command += ["--out", str(tmp_path / "out")]
    running = subprocess.Popen(command, start_new_session=True)
    parts = tmp_path / "out" / "parts"
    deadline = time.monotonic() + 120
    while not list(parts.glob("*/part-*/index.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "out" / "manifest.json").exists()
    kept = {part: part.stat().st_mtime_ns for part in parts.glob("*/part-*/index.json")}
    manifest = build(articles, tmp_path / "out")
    now = {part: part.stat().st_mtime_ns for part in parts.glob("*/part-*/index.json")}
    assert kept and kept.items() <= now.items()
    assert manifest["counts"]["articles"] == 2 * corpus.LEAST_PART
    assert tables.read_table("articles", tmp_path / "out")["path"].is_unique


def test_decisions_about_names_are_applied_and_can_be_taken_back(articles, tmp_path, monkeypatch):
    decisions = tmp_path / "aliases.csv"
    monkeypatch.setenv(aliases.VARIABLE, str(decisions))
    undecided = build(articles, tmp_path / "out")
    known = tables.read_table("entities", tmp_path / "out")
    place = known.loc[known["label"] == "GPE", "entity"].iloc[0]
    decisions.write_text(
        f"action,label,name,target,note\nignore,GPE,{place},,\nmerge,PERSON,Nobody,Nobody Else,\n"
    )
    decided = build(articles, tmp_path / "out")
    assert decided["decisions"] and decided["signature"] != undecided["signature"]
    mentions = tables.read_table("mentions", tmp_path / "out")
    assert set(mentions.loc[mentions["text"] == place, "entity_id"]) == {""}
    problems = tables.read_table("problems", tmp_path / "out")
    assert problems["problem"].str.contains("line 3").any()
    decisions.unlink()
    build(articles, tmp_path / "out")
    assert place in set(tables.read_table("entities", tmp_path / "out")["entity"])
    mentions = tables.read_table("mentions", tmp_path / "out")
    assert set(mentions.loc[mentions["text"] == place, "entity_id"]) != {""}


def test_a_file_that_could_not_be_opened_is_read_once_it_can_be(articles, tmp_path, monkeypatch):
    """Whatever kept it shut leaves its size and time as they were."""
    real, shut = SourceFile.open, {"story-001.txt"}

    def opened(file):
        if file.path in shut:
            raise PermissionError(13, "Permission denied", str(file.location))
        return real(file)

    monkeypatch.setattr(SourceFile, "open", opened)
    first = build(articles, tmp_path / "out")
    problems = tables.read_table("problems", tmp_path / "out")
    assert problems["path"].tolist() == ["story-001.txt"]
    assert str(tmp_path) not in problems["problem"][0] and "Permission" in problems["problem"][0]
    assert build(articles, tmp_path / "out") == first  # nothing has changed yet
    shut.clear()
    again = build(articles, tmp_path / "out")
    assert again["counts"]["articles"] == 3 and again["counts"]["problems"] == 0
    build(articles, tmp_path / "fresh")
    same_tables(tmp_path / "out", tmp_path / "fresh")
    assert build(articles, tmp_path / "out") == again


def test_another_engine_annotates_everything_again(articles, tmp_path, monkeypatch):
    build(articles, tmp_path / "out")
    seen = []
    annotate = annotation.annotate
    monkeypatch.setattr(annotation, "annotate", lambda a: seen.extend(a["path"]) or annotate(a))
    monkeypatch.setattr(paths, "engine_hashes", lambda: {"helpers/tone.py": "changed"})
    manifest = build(articles, tmp_path / "out")
    assert len(seen) == 3 and manifest["engine"] == {"helpers/tone.py": "changed"}
    assert len(list((tmp_path / "out" / "parts").iterdir())) == 1


# ---------------------------------------------------------------------------------- bad input

BAD_FILES = {
    "empty.txt": b"",
    "blank.txt": b"  \n\n ",
    "junk.txt": bytes(range(256)) * 40,
    "nul.txt": b"The mayor\x00 said\x00 no\x00.",
    "page.html": b"<html><head><title>x</title></head><body><nav>Home</nav></body></html>",
    "table.csv": b"colour,size\nred,3\n",
    "broken.json": b'{"text": "unfinished',
    "picture.docx": b"not a zip",
    "scan.pdf": b"%PDF-1.4 nothing",
}


def test_a_bad_file_is_a_problem_and_the_others_are_read(articles, tmp_path):
    for name, content in BAD_FILES.items():
        (articles / name).write_bytes(content)
    manifest = build(articles, tmp_path / "out")
    problems = tables.read_table("problems", tmp_path / "out")
    assert manifest["counts"]["articles"] == 3
    assert all(problems["problem"])
    assert set(problems["path"].str.partition("#")[0]) == set(BAD_FILES)


def test_an_article_that_breaks_a_step_is_kept_without_it(articles, tmp_path, monkeypatch):
    find = annotation.mentions.find_rows

    def fails_on_one(article):
        if "day 1" in article.text:
            raise ValueError("cannot read this")
        return find(article)

    monkeypatch.setattr(annotation.mentions, "find_rows", fails_on_one)
    build(articles, tmp_path / "out")
    problem = tables.read_table("problems", tmp_path / "out").set_index("path").loc["story-001.txt"]
    assert problem["step"] == "mentions" and "cannot read this" in problem["problem"]
    read = tables.read_table("mentions", tmp_path / "out")
    assert read["article_id"].nunique() == 2
    assert len(tables.read_table("articles", tmp_path / "out")) == 3


def test_unclosed_quotation_marks_are_noted(tmp_path):
    story = STORY.replace("three.”", "three.")
    (tmp_path / "a.txt").write_text(story)
    build(tmp_path / "a.txt", tmp_path / "out")
    problems = tables.read_table("problems", tmp_path / "out")
    assert problems["step"].tolist() == ["quotations"]
    assert "never closed" in problems["problem"][0]


def test_two_files_may_claim_one_id(tmp_path):
    for name in ("one", "two"):
        record = {"id": "story-7", "text": STORY + name}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(record) + "\n")
    build(tmp_path, tmp_path.parent / f"{tmp_path.name}-out")
    out = tmp_path.parent / f"{tmp_path.name}-out"
    ids = tables.read_table("articles", out)["article_id"]
    assert len(ids) == 2 and "story-7" in set(ids)
    assert "already used" in tables.read_table("problems", out)["problem"][0]


STRANGE = {
    "marks": "“" * 500 + " said nobody",
    "hebrew": "הנשיא אמר כי המשא ומתן נמשך.\n\nשר החוץ סירב להגיב.\n",
    "emoji": "😀 said 👩‍👩‍👧‍👦: “🎉” 🏴󠁧󠁢󠁳󠁣󠁴󠁿\n" * 5,
    "script": "<script>alert('x')</script> said the minister.",
    "separators": "\u2028\u2029\x85 a\r\n\rb \x0c\x1c",
    "invisible": "\ufeff\u200b\u00ad",
}


def test_strange_text_is_read_exactly(tmp_path):
    (tmp_path / "in").mkdir()
    for name, text in STRANGE.items():
        (tmp_path / "in" / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    build(tmp_path / "in", tmp_path / "out")
    read, problems = (
        tables.read_table(name, tmp_path / "out") for name in ("articles", "problems")
    )
    assert {f"{name}.txt" for name in STRANGE} == {*read["path"], *problems["path"]}
    for row in read.itertuples():
        assert row.text == STRANGE[row.path.removesuffix(".txt")].removeprefix("\ufeff")


def test_a_five_megabyte_line_is_read(tmp_path):
    sentence = "The harbour board of Port Ellen said on Monday that it would wait. "
    text = sentence * (5_000_000 // len(sentence))
    (tmp_path / "a.txt").write_text(text)
    articles, problems = read_corpus(tmp_path / "a.txt")
    assert articles["text"][0] == text and problems.empty
    assert Article(text).blocks[-1][1] == len(text.rstrip())


def test_a_missing_path_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        build(tmp_path / "nothing", tmp_path / "out")


def test_tables_inside_the_articles_are_refused(articles):
    with pytest.raises(corpus.BuildError, match="inside the articles"):
        build(articles, articles / "tables")


def test_a_folder_without_articles_gives_empty_tables(tmp_path):
    (tmp_path / "articles").mkdir()
    manifest = build(tmp_path / "articles", tmp_path / "out")
    assert manifest["counts"]["articles"] == 0
    assert len(tables.read_table("problems", tmp_path / "out")) == 1


# ---------------------------------------------------------------------------- finding a corpus


def test_a_corpus_is_built_once_and_then_reused(articles, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ATTRIBUTED_TABLES", str(tmp_path / "tables"))
    first = corpus.open_corpus(str(articles))
    assert "Built the tables of articles: 3 articles" in capsys.readouterr().out
    assert corpus.open_corpus(str(articles)) == first
    assert "Using the tables of articles" in capsys.readouterr().out
    assert corpus.open_corpus(first) == first


def test_what_could_not_be_read_is_told_when_a_corpus_is_opened(tmp_path, monkeypatch, capsys):
    """A first-time user sees why a folder gives nothing without opening another notebook."""
    monkeypatch.setenv("ATTRIBUTED_TABLES", str(tmp_path / "tables"))
    folder = tmp_path / "mine"
    folder.mkdir()
    corpus.open_corpus(folder)
    told = capsys.readouterr().out
    assert "0 articles, 0 attributions, 1 problem." in told
    assert "mine: it holds no file that could be an article" in told
    for number in range(5):
        (folder / f"empty{number}.txt").touch()
    (folder / "scan.pdf").write_bytes(b"%PDF-1.4")
    (folder / "one.txt").write_text("Rain\n\nIt rained all day.\n")
    for _ in ("built", "reused"):
        corpus.open_corpus(folder)
        told = capsys.readouterr().out
        assert "1 article, 0 attributions, 6 problems." in told
        assert told.count(".txt: the file is empty") == 3 and "And 3 more" in told


def test_an_unknown_corpus_is_refused_with_the_known_ones():
    with pytest.raises(FileNotFoundError, match=r"no corpus 'smaple'.*\(sample\)"):
        corpus.open_corpus("smaple")
    with pytest.raises(FileNotFoundError, match="corpus is empty"):
        corpus.open_corpus("")


# ------------------------------------------------------------------------------------ storage


def test_an_unwritable_folder_is_refused(articles, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError, match="cannot write .*file.*choose another|check the place"):
        build(articles, tmp_path / "file" / "out")

    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", denied)
    with pytest.raises(StorageError, match="Permission denied; choose another folder"):
        build(articles, tmp_path / "out")


def test_a_full_disk_is_told_and_what_is_finished_is_kept(articles, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    write, left = Path.write_bytes, [16]

    def filling(path, content):
        left[0] -= 1
        if left[0] < 0:
            write(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", filling)
    with pytest.raises(StorageError, match="No space left on device; free some space"):
        build(articles, tmp_path / "out")
    whole = list((tmp_path / "out").glob("parts/*/part-*/index.json"))
    assert len(whole) == 1 and not list((tmp_path / "out").rglob("*.part"))
    monkeypatch.undo()
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    assert build(articles, tmp_path / "out")["counts"]["articles"] == 3
    assert whole[0].exists()


def test_a_small_disk_is_told_and_a_larger_one_goes_on(tmp_path):
    articles = write_stories(tmp_path / "articles", 2 * corpus.LEAST_PART)
    command = f"{sys.executable} -m helpers build {articles} --out {tmp_path}/out --workers 1"
    ended = on_a_small_disk(tmp_path, "90k", f"{command} --quiet")
    assert ended.returncode == 2
    assert "No space left on device; free some space" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list((tmp_path / "seen").rglob("*.part"))
    shutil.copytree(tmp_path / "seen", tmp_path / "whole", ignore=shutil.ignore_patterns(".lock"))
    build(articles, tmp_path / "whole")
    build(articles, tmp_path / "fresh")
    same_tables(tmp_path / "whole", tmp_path / "fresh")


def test_the_tables_before_stay_whole_until_the_new_ones_are(articles, tmp_path, monkeypatch):
    build(articles, tmp_path / "out")
    before = tables.read_table("attributions", tmp_path / "out")
    (articles / "story-001.txt").write_text(STORY.replace("Okoro", "Achterberg"), encoding="utf-8")
    join = annotation.join_part
    monkeypatch.setattr(annotation, "join_part", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        build(articles, tmp_path / "out")
    pd.testing.assert_frame_equal(tables.read_table("attributions", tmp_path / "out"), before)
    monkeypatch.setattr(annotation, "join_part", join)
    build(articles, tmp_path / "out")
    assert len(tables.read_table("articles", tmp_path / "out")) == 3


def test_rows_do_not_depend_on_how_articles_lie_in_parts(articles, tmp_path, monkeypatch):
    write_stories(articles, 7)
    shutil.copy(articles / "story-004.txt", articles / "copy.txt")
    build(articles, tmp_path / "one")
    monkeypatch.setattr(corpus, "LEAST_PART", 2)
    build(articles, tmp_path / "many")
    same_tables(tmp_path / "one", tmp_path / "many")
    assert (tables.read_table("articles", tmp_path / "many")["duplicate_of"] != "").any()


def test_who_speaks_is_not_found_again_where_only_copies_change(tmp_path, monkeypatch):
    articles = tmp_path / "articles"
    articles.mkdir()
    for name in ("first", "second"):
        (articles / f"{name}.txt").write_text(STORY, encoding="utf-8")
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    build(articles, tmp_path / "out")
    marked = tables.read_table("articles", tmp_path / "out")["duplicate_kind"]
    assert sorted(marked) == ["", "exact"]
    joined, join = [], annotation.join_corpus
    monkeypatch.setattr(
        annotation,
        "join_corpus",
        lambda frames, *rest: joined.extend(frames["articles"]["path"]) or join(frames, *rest),
    )
    (articles / "first.txt").write_text(f"{STORY}\nNobody else did.", encoding="utf-8")
    build(articles, tmp_path / "out")
    assert joined == ["first.txt"]
    build(articles, tmp_path / "fresh")
    same_tables(tmp_path / "out", tmp_path / "fresh")


def test_some_rows_and_columns_of_a_table_in_parts(articles, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "LEAST_PART", 1)
    build(articles, tmp_path / "out")
    every = tables.read_table("sentences", tmp_path / "out")
    wanted = every["article_id"].iloc[-1]
    some = tables.read_table(
        "sentences", tmp_path / "out", ["start", "end"], where={"article_id": [wanted]}
    )
    own = every.loc[every["article_id"] == wanted, ["start", "end"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(some, own)
    assert tables.read_table("sentences", tmp_path / "out", where={"article_id": []}).empty


def test_nothing_is_left_of_what_is_no_longer_needed(articles, tmp_path):
    build(articles, tmp_path / "out")
    build(articles, tmp_path / "fresh")
    (articles / "story-001.txt").write_text(STORY.replace("Okoro", "Achterberg"), encoding="utf-8")
    build(articles, tmp_path / "out")
    for name in ("story-000.txt", "story-001.txt", "story-002.txt"):
        (articles / name).write_text(f"{STORY} {name} is new.", encoding="utf-8")
    build(articles, tmp_path / "out")
    shutil.rmtree(tmp_path / "fresh")
    build(articles, tmp_path / "fresh")
    names = [
        {file.relative_to(tmp_path / out).parts[0] for file in (tmp_path / out).rglob("*.parquet")}
        for out in ("out", "fresh")
    ]
    assert names[0] == names[1]
    assert len(list((tmp_path / "out").rglob("index.json"))) == 1


def test_a_codebook_of_ones_own_reaches_every_process(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "LEAST_PART", 2)
    (tmp_path / "articles").mkdir()
    for number in range(6):
        text = f"“It was cold in {1990 + number},” said a beekeeper on Friday. “We went home.”\n"
        (tmp_path / "articles" / f"{number}.txt").write_text(text, encoding="utf-8")
    text, start = CODEBOOK.read_text(encoding="utf-8"), "    military:\n      "
    assert f"{start}def" in text
    own = tmp_path / "codebook.yml"
    own.write_text(text.replace(f"{start}def", f"{start}nouns: [beekeeper]\n      def"))
    before, sides = dict(os.environ), {}
    for name, given in (("project", ""), ("own", own)):
        build(tmp_path / "articles", tmp_path / name, workers=2, codebook_file=given)
        said = tables.read_table("attributions", tmp_path / name)
        sides[name] = (said["affiliation"] == "military").groupby(said["article_id"]).any().sum()
    assert sides == {"project": 0, "own": 6} and dict(os.environ) == before


def test_parts_grow_with_what_was_read_be_it_one_file_or_many(tmp_path, monkeypatch):
    """A table of a million rows is no forty thousand parts."""
    monkeypatch.setattr(corpus, "LEAST_PART", 2)
    monkeypatch.setattr(corpus, "PARTS_TO_DOUBLE", 2)
    folder = write_stories(tmp_path / "many", 40)
    rows = [{"id": path.stem, "text": path.read_text()} for path in sorted(folder.iterdir())]
    pd.DataFrame(rows).to_csv(tmp_path / "one.csv", index=False)
    parts = {}
    for name in ("many", "one.csv"):
        build(tmp_path / name, tmp_path / f"tables-{name}")
        parts[name] = len(list((tmp_path / f"tables-{name}" / "parts").glob("*/part-*")))
    assert parts["one.csv"] == parts["many"] < 40 / 2 / 2
