"""Damage is found when a file is read, said with its name, and made good by the next build."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from attack_fixture import REPORT, SEED, how_many
from fault_fixture import damage

from helpers.corpus import build as corpus
from helpers.store import schema, tables
from helpers.store.schema import SchemaError
from helpers.store.storage import MANIFEST, DamageError, Storage, seal, unseal

STORY = """Rain {place}

It rained {days} days, Mayor Ada Marr of {place} said. “We are wet,” she said. Nobody left.
"""
FLIPS = how_many(3, 12)  # in each file


def build(path: Path, out: Path):
    return corpus.build(path, out, workers=1, progress=False)


def read_all(out: Path) -> dict[str, pd.DataFrame]:
    tables.forget(out)
    return {name: tables.read_table(name, out) for name in schema.TABLES}


def are_same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> bool:
    return all(one[name].equals(other[name]) for name in schema.TABLES)


@pytest.fixture
def built(tmp_path, monkeypatch) -> tuple[Path, Path]:
    """Articles of which two are copies, and tables of them that have grown by a change."""
    monkeypatch.setattr(corpus, "LEAST_PART", 2)
    articles = tmp_path / "articles"
    articles.mkdir()
    for days, place in enumerate(("Aland", "Bland", "Bland", "Cland")):
        text = STORY.format(place=place, days=days if place != "Bland" else 9)
        (articles / f"{days}.txt").write_text(text, encoding="utf-8")
    build(articles, tmp_path / "out")
    (articles / "0.txt").write_text(STORY.format(place="Dland", days=7), encoding="utf-8")
    build(articles, tmp_path / "out")
    tables.forget(tmp_path / "out")
    return articles, tmp_path / "out"


@pytest.mark.attack
def test_whatever_is_damaged_no_value_is_wrong_and_a_build_mends_it(built, tmp_path, attack):
    attack.on("damaged tables and internal files: wrong unsaid, or not mended")
    articles, out = built
    dice, right = random.Random(SEED), read_all(out)
    tables.forget(out)
    assert (right["articles"]["duplicate_of"] != "").sum() == 1
    shutil.copytree(out, tmp_path / "kept")
    files = [file.relative_to(out) for file in sorted(out.rglob("*")) if file.is_file()]
    files = [file for file in files if (out / file).stat().st_size]
    if not REPORT:  # one of each kind
        files = list(
            {re.sub(r"[0-9a-f]{8,}|[0-9]+", "", str(file)): file for file in files}.values()
        )
    found = mended = 0
    for file in files:
        content = (out / file).read_bytes()
        for _ in range(FLIPS):
            (out / file).write_bytes(damage(content, dice))
            try:
                same = are_same(read_all(out), right)
                attack.take(file, "" if same else "wrong without a word")
            except (DamageError, SchemaError, FileNotFoundError) as error:
                said = str(out) in str(error) and "again" in str(error)
                attack.take(file, "" if said else f"said badly: {error}")
                found += 1
        build(articles, out)
        opened = file.suffix == ".parquet" and file.parent == Path()
        if opened and (out / file).read_bytes() != (tmp_path / "kept" / file).read_bytes():
            attack.broken.append((str(file), "not mended for other programs"))
        if not are_same(read_all(out), right):
            attack.broken.append((str(file), "not mended"))
        mended += 1
        tables.forget(out)
        shutil.rmtree(out)
        shutil.copytree(tmp_path / "kept", out)
    attack.check()
    read = [file for file in files if file.parts[0] in ("corpus", MANIFEST)]
    assert mended == len(files) > len(read) > len(schema.TABLES) and found > FLIPS * len(read) / 2


def test_what_a_build_goes_on_from_is_not_trusted_when_damaged(built, tmp_path):
    """Also what no table shows: a build would carry its damage on."""
    articles, out = built
    right = read_all(out)
    for kind in ("index.json", "names.parquet", "sketch.parquet", "join-*.json", "files-*.jsonl"):
        for file in out.rglob(kind):
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        (articles / "new.txt").write_text(STORY.format(place="Eland", days=3), encoding="utf-8")
        build(articles, out)
        (articles / "new.txt").unlink()
        build(articles, out)
        assert are_same(read_all(out), right), kind


def test_damage_is_said_with_the_file_and_what_to_do(built):
    _, out = built
    (file,) = (out / "corpus").glob("entities-*.parquet")
    file.write_bytes(file.read_bytes().replace(b"ORG", b"GPE").replace(b"PAR1", b"PAR2"))
    with pytest.raises(DamageError, match=rf"{file.name} is damaged: build the tables again"):
        tables.read_table("entities", out)
    manifest = (out / MANIFEST).read_text()
    (out / MANIFEST).write_text(manifest.replace('"articles": 4', '"articles": 5'))
    tables.forget(out)
    with pytest.raises(DamageError, match=r"manifest.json is damaged: build the tables again"):
        tables.read_manifest(out)


def test_a_page_of_a_table_of_one_file_is_checked_too(tmp_path):
    rows = [{"article_id": "a", "start": n, "end": n + 1, "role": "body"} for n in range(2000)]
    file = tables.write_table(pd.DataFrame(rows), "blocks", tmp_path)
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 4
    file.write_bytes(bytes(content))
    tables.forget(tmp_path)
    with pytest.raises(SchemaError, match=r"blocks\.parquet cannot be read .*: build it again"):
        tables.read_table("blocks", tmp_path)


def test_sealed_facts_come_back_and_others_are_refused():
    facts = {"a": [1, 2.5], "é": {"b": None}}
    sealed = seal(facts)
    assert unseal(sealed) == facts and unseal(b'{"a": 1}') == {"a": 1}
    for wrong in (sealed.replace(b"2.5", b"2.4"), sealed[:-4], b"[]", b"", b"\xff"):
        with pytest.raises(DamageError, match="out/x.json is damaged"):
            unseal(wrong, "out/x.json")


def test_the_hash_of_a_file_follows_its_content(tmp_path):
    storage = Storage(tmp_path)
    written = storage.write("a", b"one")
    assert storage.sha256("a") == written and storage.is_whole("a", written[:12])
    (tmp_path / "a").write_bytes(b"two, longer")
    assert not storage.is_whole("a", written)
