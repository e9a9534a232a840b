"""A study with its plan first: a folder that holds what will be measured, later what was found.

The plan is written once, before anybody codes, and never again: the question, the measures, how the
sample is drawn, its seed, and the fingerprint of the corpus. With coding sheets in `codings/` the
same command writes results beside it, always the same bytes from the same tables and sheets.
Where coders have coded whole articles already, the drawn sheets can be filled in from that.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers import __version__
from helpers.corpus.build import open_corpus
from helpers.corpus.bundle import cite, write_bundle
from helpers.measure import comparisons, select
from helpers.measure.select import lay_out
from helpers.store import schema, tables
from helpers.study import correction, sheets, study

PLAN, TOLD, CODINGS = "plan.json", "plan.md", "codings"
VARIABLE = "source_type"  # whose shares are corrected


class PlanError(ValueError):
    """A study whose plan is for another corpus or question; the message says which."""


def run_study(
    corpus: str | Path,
    question: str,
    out: str | Path,
    size: int = 150,
    seed: int = 1,
    coded: Sequence[str | Path] = (),
) -> list[str]:
    """Write the plan and the coding sheets of a study to `out`, or, where it has a plan, results.

    Returns the names of the files that are there after it. `size` and `seed` are of the sample; of
    a study that is planned already they are the plan's. `coded` are folders of whole-article
    codings, one a coder, from which the drawn sheets are filled in.

    Raises
    ------
    PlanError
        When no question is asked, or the plan in `out` asks another or is for other tables.
    FileNotFoundError, sheets.SheetError
        When the corpus is not there, or a file in `codings/` is no coding sheet.
    """
    out, folder = Path(out), open_corpus(corpus)
    if not (out / PLAN).exists():
        if not question.strip():
            raise PlanError('a study begins with its question: give QUESTION="…"')
        _write_plan(folder, question.strip(), out, size, seed)
    plan = json.loads((out / PLAN).read_text("utf-8"))
    if question.strip() not in ("", plan["question"]):
        raise PlanError(f"{out} is the study of {plan['question']!r}: take another folder")
    made = tables.read_manifest(folder)["corpus_fingerprint"]
    if made != plan["corpus_fingerprint"]:
        raise PlanError(f"{out} is planned for other articles or tables than {corpus} has now")
    _write_results(folder, plan, out, coded)
    return sorted(file.name for file in out.iterdir())


def _read(folder: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the whole articles and the statements in the counted roles."""
    articles = select.keep_whole(tables.read_table("articles", folder), False)
    return articles, select.read_rows("attributions", folder, articles, schema.DEFAULT_ROLES)


def _write_plan(folder: str | Path, question: str, out: Path, size: int, seed: int) -> None:
    articles, attributions = _read(folder)
    manifest = tables.read_manifest(folder)
    strata = min(size, len(attributions)) >= attributions["outlet"].nunique()
    by = ("outlet",) if strata else ()
    key, log = sheets.draw_statements(attributions, articles, size, by, seed)
    blocks = tables.read_table("blocks", folder)
    passages, _ = sheets.draw_passages(blocks, articles, size // 2, seed=seed)
    sheets.write_sheets(key, passages, articles, out)
    tables.export(log, "sampling_log", out)
    plan: dict[str, Any] = {
        "question": question,
        "attributed": __version__,
        "corpus": manifest["corpus"],
        "corpus_fingerprint": manifest["corpus_fingerprint"],
        "codebook": manifest["codebook"]["sha256"],
        "measures": {
            name: f"of {one.unit}: {one.says}" for name, one in comparisons.MEASURES.items()
        },
        "compared_by": "outlet",
        "corrected": VARIABLE,
        "drawn": {"statements": len(key), "passages": len(passages), "by": list(by), "seed": seed},
    }
    written = json.dumps(plan, indent=2, ensure_ascii=False) + "\n"
    measures = "".join(f"* {name} ({told})\n" for name, told in plan["measures"].items())
    text = (
        f"# {question}\n\nPlanned before anybody coded, for the corpus {plan['corpus']} "
        f"(fingerprint `{plan['corpus_fingerprint'][:16]}`).\n\n"
        f"## Measured, by outlet\n\n{measures}\n"
        f"## Coded by hand\n\n{len(key):,} statements and {len(passages):,} paragraphs, drawn at "
        f"random{' in each outlet' * bool(by)} with seed {seed}: `coding_sheet.xlsx`. Coders put "
        f"their sheets into `{CODINGS}/`; the same command then writes the results.\n\n"
        f"The plan is `{PLAN}`, SHA-256 `{_hash(written)}`: register this number.\n"
    )
    tables.write_text(text, out / TOLD)
    tables.write_text(written, out / PLAN)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def code_sheets(
    folders: Sequence[str | Path],
    articles: pd.DataFrame,
    attributions: pd.DataFrame,
    key: pd.DataFrame,
    passages: pd.DataFrame,
    out: str | Path,
) -> None:
    """Fill drawn sheets in from codings of whole articles, as their coders would have coded them.

    A drawn statement that a coder has not found in an article is none to them; what is drawn from
    an article that they have not read stays open. Writes two sheets for each coder to `out`, and
    what the coders are where a file coders.csv beside their folders tells it.
    """
    coded = study.read_coders(folders, articles, attributions, key, passages)
    texts = articles.set_index("article_id")["text"]
    unit = coded.units.drop_duplicates("attribution_id").set_index("attribution_id")["unit"]
    own = key["attribution_id"].map(unit)
    for coder, rated in coded.ratings.groupby("coder", sort=False):
        codes = rated.set_index(["unit", "variable"])["value"].unstack().reindex(own)  # noqa: PD010
        is_one = np.where(codes.notna().any(axis=1), sheets.YES, sheets.NO)
        read = key["article_id"].isin(coded.scope["article_id"])
        filled = {name: codes[name].fillna("").to_numpy() for name in codes}
        rows = sheets.list_statements(key, texts).assign(**filled)
        tables.export(rows.assign(statement=np.where(read, is_one, "")), str(coder), out)
        marked = coded.contents[coded.contents["coder"] == coder].merge(passages, on="article_id")
        begins = marked["spans"].str[0].str[0]
        marked = marked[(marked["start"] <= begins) & (begins < marked["end"])]
        words = [
            texts[row.article_id][row.spans[0][0] : min(row.spans[0][1], row.end)]
            for row in marked.itertuples()
        ]
        marked = marked.assign(words=words, text="", note="")
        tables.export(lay_out("coding passages", marked), f"{coder}_passages", out)
    for file in {Path(folder).parent / sheets.CODERS_FILE for folder in folders}:
        if file.is_file():
            shutil.copy(file, out)


def _write_results(
    folder: str | Path, plan: dict[str, Any], out: Path, given: Sequence[str | Path]
) -> None:
    """Write what the plan asks for; without coding sheets, what can be said without them."""
    articles, attributions = _read(folder)
    build = comparisons.read_build(folder, roles=schema.DEFAULT_ROLES)
    tables.export(comparisons.measure_headlines(build, plan["compared_by"]), "results", out)
    types = (select.types_of("sampling key"), select.types_of("sampling passages"))
    names = (out / sheets.KEY_FILE, out / sheets.PASSAGES_FILE)
    key, passages = (
        tables.read_csv(name, dtype=kinds, na_values=[])
        for name, kinds in zip(names, types, strict=True)
    )
    if given:
        code_sheets(given, articles, attributions, key, passages, out / CODINGS)
    files = sheets.list_sheets(out / CODINGS)
    coded = study.read_coders(files, articles, attributions, key, passages)
    agreed, finding = study.measure_coders(coded), study.measure_finding(coded, attributions)
    beside = study.compare(coded, attributions, plan["corrected"])
    usable = study.trust(beside, agreed, plan["corrected"])
    corrected = correction.measure_corrected(attributions, usable, plan["corrected"])
    log = tables.read_csv(out / "sampling_log.csv")
    outcomes = correction.score_categories(plan["corrected"], corrected[plan["corrected"]])
    by = plan["compared_by"]
    apart = correction.measure_contrasts(attributions, usable, plan["corrected"], outcomes, by)
    results = {"agreement": agreed, "finding": finding, "corrected": corrected, "contrasts": apart}
    for name, frame in results.items() if files else ():
        tables.export(frame, name, out)
    told = study.describe(folder, coded, log, agreed, finding, plan["corrected"], corrected)
    planned = (
        f"**Plan.** {plan['question']} Registered as `{_hash((out / PLAN).read_text('utf-8'))}`."
    )
    methods = told.markdown.replace("**Corpus.**", f"{planned}\n\n**Corpus.**", 1)
    tables.write_text(methods + "\n", out / "methods.md")
    tables.write_text(cite(tables.read_manifest(folder)) + "\n", out / "citation.txt")
    write_bundle(folder, out / "bundle.zip")
