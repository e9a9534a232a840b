"""A reliability study: its steps, as the notebook calls them, and its methods appendix."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from helpers.measure.intervals import RESAMPLES, SEED
from helpers.store import tables
from helpers.study import agreement
from helpers.study.agreement import NOT_ONE
from helpers.study.agreement import count_confusion as count_confusion
from helpers.study.agreement import measure_corrected as measure_corrected
from helpers.study.coders import TOOL, Coded
from helpers.study.coders import compare as compare
from helpers.study.coders import measure_coders as measure_coders
from helpers.study.coders import measure_finding as measure_finding
from helpers.study.coders import read_coders as read_coders
from helpers.study.sheets import draw_passages as draw_passages
from helpers.study.sheets import draw_statements as draw_statements
from helpers.study.sheets import reopen as reopen
from helpers.study.sheets import write_sheets as write_sheets


def measure_program(beside: pd.DataFrame) -> pd.DataFrame:
    """Measure the program against the coders where they settled on a code of a statement.

    `beside` is what `compare` gives; see `agreement.measure_accuracy` for the rows.
    """
    return agreement.measure_accuracy(beside[~beside["value"].isin(["", NOT_ONE])])


@dataclass(frozen=True)
class Text:
    """A text in Markdown that a notebook shows."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown


def describe(
    folder: str | Path,
    coded: Coded,
    log: pd.DataFrame,
    agreed: pd.DataFrame,
    finding: pd.DataFrame,
    variable: str,
    corrected: pd.DataFrame,
) -> Text:
    """Write the methods appendix from a run's own frames; nothing in it is typed by hand.

    `log` is that of `sheets`, `agreed` of `coders.measure_coders`, `finding` of
    `coders.measure_finding`, `corrected` of `agreement.measure_corrected` for `variable`.
    """
    parts = [
        "### Methods",
        _corpus(tables.read_manifest(folder)),
        "**Units.** Sampling unit: the article. Recording unit: the attribution (source, cue, "
        "content). Context unit: what stands around it in its article.",
        "**Sample.** " + "; ".join(f"{row.step}: {row.rows:,}" for row in log.itertuples()) + ".",
        _coders(coded, agreed),
        _finding(finding),
        _correction(variable, corrected),
        "**Intervals** are at 95 %. Shares of articles: Wilson. Shares of statements: Wilson at "
        "the effective sample size of their articles. Alpha and means: articles resampled "
        f"{RESAMPLES:,} times, seed {SEED}.",
    ]
    return Text("\n\n".join(filter(None, parts)))


def _corpus(manifest: dict) -> str:
    counts = manifest.get("counts", {})
    engine = json.dumps(manifest.get("engine", {}), sort_keys=True).encode()
    told = ", ".join(
        f"{counts[name]:,} {name}" for name in ("articles", "attributions") if name in counts
    )
    return (
        f"**Corpus.** {manifest.get('corpus', 'unnamed')}: {told}; fingerprint "
        f"`{manifest.get('corpus_fingerprint', '')[:12]}`, tables built "
        f"{manifest.get('built') or 'at a time not told'} by version "
        f"{manifest.get('attributed', 'unknown')}, engine and lexicons "
        f"`{hashlib.sha256(engine).hexdigest()[:12]}`."
    )


def _coders(coded: Coded, agreed: pd.DataFrame) -> str:
    if not coded.coders:
        return "**Coders.** Nobody has coded yet."
    told = [
        f"{row.variable} {row.alpha:.3f} ({row.low:.3f} to {row.high:.3f}; {row.units:,} units, "
        f"agreement {row.agreement:.1%})"
        if not row.note
        else f"{row.variable} {row.note} ({row.units:,} units)"
        for row in agreed.itertuples()
    ]
    return (
        f"**Coders.** {len(coded.coders)}: {', '.join(coded.coders)}; they did not see the "
        "program's codes in the sheet. Cells that could not be used: "
        f"{len(coded.problems):,}. Krippendorff's alpha (95 % interval): {'; '.join(told)}."
    )


def _finding(finding: pd.DataFrame) -> str:
    told = [
        f"{row.first} and {row.second} F1 {row.f1:.3f} ({row.found_by_both:,} found by both)"
        + (f", precision {row.precision:.3f}, recall {row.recall:.3f}" if row.first == TOOL else "")
        for row in finding.itertuples()
    ]
    return f"**Finding statements**, apart from coding them: {'; '.join(told)}." if told else ""


def _correction(variable: str, corrected: pd.DataFrame) -> str:
    known = corrected.dropna(subset=["corrected"])
    if known.empty:
        return "**Correction.** Shares are not corrected: no coded unit."
    return (
        f"**Correction.** Shares of {variable} are corrected by {known.checked.sum():,} coded "
        "units, within the categories that the program gave (double sampling, Tenenbein 1970); "
        f"{known.unchecked.iloc[0]:.1%} of the statements are in categories of which none was "
        "coded. Statements that the program missed are not put in."
    )
