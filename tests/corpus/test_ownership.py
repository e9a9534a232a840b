"""A build owns only what it wrote, and a run reads the tables of one build to its end."""

from __future__ import annotations

import functools
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from attack_fixture import SEED, how_many

from helpers.batch import plan
from helpers.corpus import annotation
from helpers.corpus import build as corpus
from helpers.store import schema, storage, tables
from helpers.store.storage import BuildError, Storage

PROJECT = Path(__file__).resolve().parents[2]
ROUNDS, READS = how_many(14, 500), how_many(3, 30)  # of chance, and beside builds


def write_articles(folder: Path, words: str, count: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        text = f"Rain {words}\n\nIt rained {number} days, Ada Marr of {words} said.\n"
        (folder / f"{number}.txt").write_text(text)
    return folder


def build(path, out):
    return corpus.build(path, out, workers=1, progress=False)


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder with its bytes; of links where they point."""
    found = {}
    for here, folders, names in os.walk(folder):
        for path in (Path(here) / name for name in (*folders, *names)):
            if path.is_symlink():
                found[str(path)] = os.readlink(path).encode()
            elif path.is_file():
                found[str(path)] = path.read_bytes()
    return found


@pytest.fixture
def articles(tmp_path):
    return write_articles(tmp_path / "articles", "Aland")


# ------------------------------------------------------------------------ what stays untouched


@pytest.mark.parametrize("name", ["corpus", "parts", "mine", "mine/deeper"])
def test_articles_inside_the_output_are_refused_and_kept(name, tmp_path):
    given = write_articles(tmp_path / "P" / name, "Aland")
    before = files_in(tmp_path)
    with pytest.raises(BuildError, match=r"articles at .* lie inside .*: choose another --out"):
        build(given, tmp_path / "P")
    assert files_in(tmp_path) == before


@pytest.mark.parametrize("name", ["articles.parquet", "mine.zip", "one.txt"])
def test_an_input_file_inside_the_output_or_in_its_place_is_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"Rain\n\nIt rained.")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    before = files_in(tmp_path)
    outs = (tmp_path, tmp_path / "link", f"file://{tmp_path}", f"local://{tmp_path}")
    for out in (*outs, tmp_path / name):
        with pytest.raises(BuildError, match="choose another --out|give a folder as --out"):
            build(tmp_path / name, out)
        with pytest.raises(BuildError, match="choose another --out|give a folder as --out"):
            build(tmp_path / "link" / name, out)
    assert files_in(tmp_path) == before


def test_links_do_not_hide_that_one_lies_in_the_other(articles, tmp_path):
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "articles").symlink_to(articles, target_is_directory=True)
    (tmp_path / "into").symlink_to(articles, target_is_directory=True)
    for given, out in (
        (tmp_path / "given", articles / "tables"),
        (tmp_path / "given", articles),
        (articles, tmp_path / "into"),
        (tmp_path / "into", articles / "new" / "tables"),
    ):
        with pytest.raises(BuildError, match="inside"):
            build(given, out)
    assert build(articles, tmp_path / "beside")["counts"]["articles"] == 2


TAKEN = ["manifest.json", "articles.parquet", "entities.parquet", ".lock", "parts", "corpus"]


@pytest.mark.parametrize("name", [*TAKEN, storage.OWN])
def test_a_file_where_a_build_writes_is_refused_before_the_first_byte(name, articles, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text('{"mine": 1}')
    before = files_in(tmp_path)
    with pytest.raises(BuildError, match=f"{name} was not written by a build.*move it away or"):
        build(articles, out)
    assert files_in(tmp_path) == before
    (out / name).unlink()
    (tmp_path / "mine").mkdir()
    (out / name).symlink_to(tmp_path / "mine")
    with pytest.raises(BuildError, match=f"{name} was not written by a build"):
        build(articles, out)


def test_what_no_build_wrote_is_left_and_named(articles, tmp_path):
    out = tmp_path / "out"
    others = ["notes.txt", "parts/mine.txt", "corpus/entities-0123456789ab.parquet", "parts/x/y"]
    for name in (*others, ".attributed/owned-0123456789abcdef.json"):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text("[]")
    before = files_in(out)
    for words in ("Aland", "Aland", "Bland"):
        manifest = build(write_articles(articles, words), out)
        (told,) = manifest["notes"]
        assert "left as found, no build wrote notes.txt, " in told and told.endswith("and 2 more")
    assert before.items() <= files_in(out).items()
    assert tables.read_manifest(out)["notes"] == []


def test_a_file_that_takes_a_name_while_a_build_runs_is_not_overwritten(
    articles, tmp_path, monkeypatch
):
    taken = {}
    join = annotation.join_part

    def join_and_take(place, folder, expected, name, *rest):
        file = Path(place) / "corpus" / "mine"
        file.parent.mkdir(exist_ok=True)
        monkeypatch.setattr(hashlib, "sha256", lambda _: Known())
        taken[file.with_name(f"entities-{'a' * 12}.parquet")] = b"mine"
        for one, content in taken.items():
            one.write_bytes(content)
        return join(place, folder, expected, name, *rest)

    class Known:
        def hexdigest(self):
            return "a" * 64

    monkeypatch.setattr(annotation, "join_part", join_and_take)
    with pytest.raises(BuildError, match="entities-a{12}.parquet was not written by a build"):
        build(articles, tmp_path / "out")
    assert taken and all(one.read_bytes() == content for one, content in taken.items())


def test_tables_from_before_there_were_notes_are_replaced(articles, tmp_path):
    build(articles, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / storage.OWN)
    manifest = build(write_articles(articles, "Bland"), tmp_path / "out")
    assert manifest["notes"] == []
    assert len(list((tmp_path / "out").glob("parts/*/*/index.json"))) == 1
    assert len(list((tmp_path / "out").glob("corpus/catalogue-*"))) == 1


# ------------------------------------------------------------------------------- any two trees

PLACES = ("", "parts", "corpus", ".attributed", "deep/er", "parts/0123456789abcdef/part-1")
NAMES = (
    "a.txt", "notes.csv", "manifest.json", "articles.parquet", "blocks.parquet", "index.json",
    ".lock", ".a.txt.abcdefgh.part", "catalogue-0123456789ab.json", "files-0123456789ab.jsonl",
    "owned-0123456789abcdef.json", "reads-0123456789ab-0123456789abcdef",
)  # fmt: skip
CORPORA = ("in", "out", "out/corpus", "out/parts", "out/mine", "in/articles", "beside/in")


class Tree:
    """A random corpus and output with files of somebody else; whatever a build does, they stay."""

    def __init__(self, root: Path, dice: random.Random):
        self.root, self.dice = root, dice
        shutil.rmtree(root, ignore_errors=True)
        self.given = root / dice.choice((*CORPORA, "in", "in", "in"))
        self.out = root / dice.choice(("out", "out", "out", "out", "in", "in/tables", "."))
        self.mine: set[str] = set()
        self.write_some()
        self.add_others()
        if dice.random() < 0.2:
            link = root / "link"
            link.symlink_to(self.given, target_is_directory=True)
            self.given = link
        if dice.random() < 0.2:
            self.given = self.given / "0.txt"

    def write_some(self) -> None:
        folder = self.given if self.given.suffix == "" else self.given.parent
        write_articles(folder, f"Town{self.dice.randrange(9)}", self.dice.randrange(1, 4))

    def add_others(self) -> None:
        """Put files where builds write, some of them into folders that a build has made."""
        made = [str(p.parent.relative_to(self.out)) for p in self.out.glob("parts/*/*/index.json")]
        for _ in range(self.dice.randrange(4)):
            folder = self.out / self.dice.choice((*PLACES, *made))
            path = folder / self.dice.choice(NAMES)
            if path.exists() or any(p.is_file() for p in path.parents):
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.dice.randbytes(self.dice.randrange(1, 40)))
            self.mine.add(str(path))

    def others(self) -> dict[str, bytes]:
        """Return what no build wrote: the articles and the files of `add_others`."""
        there = files_in(self.root)
        texts = {path for path in there if path.endswith(".txt")}
        return {path: there.get(path, b"gone") for path in texts | self.mine}

    def strays(self) -> set[str]:
        """Return what a build has left here that stands in none of its notes."""
        owned = storage.Owned(Storage(self.out))
        known = {f"{self.out}/{name}" for name in (*owned.files, *owned.notes, storage.LOCK)}
        return files_in(self.out).keys() - self.others().keys() - known


@pytest.mark.attack
def test_files_of_others_never_change_whatever_is_built(tmp_path, monkeypatch, attack):
    attack.on("pairs of corpus and output: files of others deleted or changed")
    outcomes = {"built": 0, "refused": 0, "broken off": 0}
    for seed in range(SEED - 1, SEED - 1 + ROUNDS):
        dice = random.Random(seed)
        tree = Tree(tmp_path / "tree", dice)
        attack.take(seed)
        for _ in range(dice.randrange(1, 4)):
            before = tree.others()
            with monkeypatch.context() as patch:
                step = dice.choice(("join_part", "annotate_part", "", "", "", ""))
                if step:
                    patch.setattr(annotation, step, lambda *_: 1 / 0)
                try:
                    build(tree.given, tree.out)
                    outcomes["built"] += 1
                    if strays := tree.strays():
                        attack.broken.append((str(seed), f"left: {strays}"))
                except BuildError:
                    outcomes["refused"] += 1
                except ZeroDivisionError:
                    outcomes["broken off"] += 1
            if tree.others() != before:
                attack.broken.append((str(seed), "files of others are not as they were"))
            tree.add_others()
            tree.write_some()
    attack.notes = str(outcomes)
    attack.check()
    assert outcomes["built"] and outcomes["refused"]


# ------------------------------------------------------------------------- one generation a run

BUILDER = """
import sys, time
from pathlib import Path
from helpers.corpus import build as corpus
one, other, out, stop = map(Path, sys.argv[1:])
while not stop.exists():
    for given in (one, other):
        corpus.build(given, out, workers=1, progress=False)
        time.sleep(0.05)
"""


def digest(frames: dict[str, pd.DataFrame]) -> str:
    return "\n".join(f"{name}\n{frame.to_csv()}" for name, frame in sorted(frames.items()))


def read_slowly(out: Path, seconds: float) -> str:
    """Read every table as a notebook does, one after another, some in pieces."""
    getattr(tables, "forget", str)(out)
    frames = {}
    for name in schema.TABLES:
        pieces = tables.read_pieces if name == "mentions" else None
        read = functools.partial(pd.concat, ignore_index=True) if pieces else tables.read_table
        frames[name] = read(pieces(name, out)) if pieces else read(name, out)
        time.sleep(seconds)
    return digest(frames)


@pytest.mark.attack
def test_a_run_reads_one_build_while_others_build(tmp_path, attack):
    attack.on("runs beside rebuilding tables: numbers of no single build")
    given = [write_articles(tmp_path / name, name) for name in ("Aland", "Bland")]
    known = set()
    for one in given:
        build(one, tmp_path / "fresh")
        known.add(read_slowly(tmp_path / "fresh", 0))
    assert len(known) == 2
    build(given[0], tmp_path / "out")
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", BUILDER, *map(str, given), str(tmp_path / "out"), str(stop)]
    read, stopped = [], 0
    builder = subprocess.Popen(command, cwd=PROJECT)
    try:
        first = (tmp_path / "out" / "manifest.json").stat().st_mtime_ns
        while (tmp_path / "out" / "manifest.json").stat().st_mtime_ns == first:
            assert builder.poll() is None
            time.sleep(0.05)
        for _ in range(READS):
            try:
                read.append(read_slowly(tmp_path / "out", 0.15))
            except tables.RebuiltError as error:
                assert "the tables were rebuilt while they were being read; run again" in str(error)
                stopped += 1
    finally:
        stop.touch()
        assert builder.wait() == 0
    for number, one in enumerate(read):
        attack.take(number, "" if one in known else "numbers of no single build")
    attack.notes = f"{stopped} stopped with a sentence"
    attack.check()
    tables.forget(tmp_path / "out")
    for one in given:
        build(one, tmp_path / "out")
    assert len(list((tmp_path / "out" / "corpus").glob("catalogue-*"))) == 1
    assert len(list((tmp_path / "out" / "parts").glob("*/*/index.json"))) == 1


def by_another(code: str, *given: Path) -> None:
    """Run Python in another process."""
    subprocess.run([sys.executable, "-c", code, *map(str, given)], cwd=PROJECT, check=True)


BUILD = "import helpers, sys; helpers.build(*sys.argv[1:], workers=1, progress=False)"


def test_what_a_run_reads_is_kept_until_it_begins_anew(articles, tmp_path):
    out = tmp_path / "out"
    build(articles, out)
    before = tables.read_table("articles", out)
    text = tables.read_manifest(out)
    by_another(BUILD, write_articles(articles, "Bland"), out)
    assert tables.read_manifest(out) == text
    assert "Aland" in tables.read_table("articles", out)["text"][0]
    assert len(tables.read_table("mentions", out)) and len(before) == 2
    corpus.open_corpus(out)
    assert "Bland" in tables.read_table("articles", out)["text"][0]
    build(write_articles(articles, "Cland"), out)
    assert len(list((out / "corpus").glob("catalogue-*"))) == 1


def test_leases_of_readers_that_have_ended_are_dropped(articles, tmp_path):
    out = tmp_path / "out"
    build(articles, out)
    reads = "import os, sys; from helpers.store import tables; tables.read_manifest(sys.argv[1])"
    by_another(f"{reads}; os._exit(0)", out)
    assert len(list((out / storage.OWN).glob("reads-*"))) == 1
    assert storage.held(Storage(out)) == set()
    assert not list((out / storage.OWN).glob("reads-*"))


def test_a_forked_process_leaves_the_lease_to_the_reader(articles, tmp_path):
    build(articles, tmp_path / "out")
    by_another(
        "import os, sys\n"
        "from helpers.store import storage, tables\n"
        "tables.read_manifest(sys.argv[1])\n"
        "if not (child := os.fork()):\n"
        "    tables.forget(sys.argv[1])\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "assert storage.held(storage.Storage(sys.argv[1]))\n",
        tmp_path / "out",
    )


def test_without_a_lease_a_run_stops_with_a_sentence(articles, tmp_path, monkeypatch):
    """In a store, or a folder that a reader cannot write, nothing keeps the old files."""
    out = tmp_path / "out"
    build(articles, out)
    monkeypatch.setattr(tables, "hold", lambda *_: None)
    tables.forget(out)
    tables.read_table("articles", out)
    by_another(BUILD, write_articles(articles, "Bland"), out)
    for read in (tables.read_table, lambda *given: list(tables.read_pieces(*given))):
        with pytest.raises(tables.RebuiltError, match="rebuilt while they were being read; run ag"):
            read("mentions", out)
    tables.forget(out)
    assert "Bland" in tables.read_table("articles", out)["text"][0]


def test_tables_of_one_file_that_others_replace_stop_a_run(articles, tmp_path):
    build(articles, tmp_path / "out")
    part = plan.write_part(str(tmp_path / "out"), {"language": ""}, str(tmp_path))
    assert len(tables.read_table("articles", part)) == 2
    replace = (
        "import sys; from helpers.store import tables; "
        "folder = sys.argv[1]; "
        "tables.write_table(tables.read_table('articles', folder)[:1], 'articles', folder)"
    )
    by_another(replace, Path(part))
    with pytest.raises(tables.RebuiltError, match="rebuilt while they were being read"):
        tables.read_table("articles", part)
    tables.forget(part)
    assert len(tables.read_table("articles", part)) == 1
