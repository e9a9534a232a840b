"""The wheel: all that is needed is in it, and what it writes goes to the folder it is run in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from helpers.store.paths import engine_hashes

PROJECT = Path(__file__).resolve().parent.parent
ARTICLE = "sample/articles/valley-mercury/2026-03-16_insurers-harwick.txt"
USED = f"""
import helpers
from helpers.__main__ import main
from helpers.batch.jobs import read_batch
from helpers.store.paths import DATA, own_notice
assert main(["build", str(DATA / "{ARTICLE}"), "--quiet"]) == 0
assert len(read_batch("notebooks/batches/sample.yml")) > 1
print(helpers.__file__, own_notice("LICENSE").split()[0].decode(), own_notice("CITATION.cff")[:3])
"""


def test_a_wheel_reads_an_article_from_another_folder(tmp_path: Path):
    """Built from a copy, unpacked beside the packages that are here, used from elsewhere."""
    source, site, elsewhere = (tmp_path / name for name in ("source", "site", "elsewhere"))
    for folder in ("helpers", "data", "notebooks"):
        unwanted = shutil.ignore_patterns("tables", "__pycache__")
        shutil.copytree(PROJECT / folder, source / folder, ignore=unwanted)
    for name in ("pyproject.toml", "README.md", "LICENSE", "CITATION.cff"):
        shutil.copy(PROJECT / name, source)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    command = [sys.executable, "-c", build, str(tmp_path)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    (commands,) = site.glob("*.dist-info/entry_points.txt")
    assert "attributed = helpers.__main__:main" in commands.read_text()
    modules = {file.relative_to(PROJECT) for file in (PROJECT / "helpers").rglob("*.py")}
    assert all((site / module).is_file() for module in modules), "a room is not in pyproject.toml"
    before = {*site.rglob("*")}
    elsewhere.mkdir()
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", USED]
    used = subprocess.run(
        command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
    )
    assert used.returncode == 0, used.stderr
    assert used.stdout.split("\n")[-2] == f"{site}/helpers/__init__.py MIT b'cff'"
    (manifest,) = elsewhere.glob("tables/*/manifest.json")
    assert json.loads(manifest.read_text())["engine"] == engine_hashes()
    assert {*site.rglob("*")} == before
