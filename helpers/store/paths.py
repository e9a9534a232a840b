"""Where the project keeps its files: the notebooks, the data, the word lists, the models."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
TEMPLATES = PROJECT / "helpers" / "templates"
DATA = PROJECT / "data"
ALIASES = DATA / "aliases.csv"  # a person's decisions about names, unless told otherwise
CODEBOOK = DATA / "codebook.yml"
LEXICONS = DATA / "lexicons"
MODELS = DATA / "models"
PEERS = DATA / "peers.csv"  # what other instruments reach on public gold
RECORDED = MODELS / "recorded.csv"  # what this one does
SAMPLE = DATA / "sample"
TABLES = DATA / "tables"  # of corpora that notebooks have opened, unless told otherwise
