"""Small made-up corpora as tables, for tests that need rows but no engine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.store import schema, tables

PEOPLE = {
    "Maria Lopez": ("government", "AAA", ["Maria Lopez", "Lopez", "Minister Lopez"]),
    "Ana Lopez": ("citizen or witness", "AAA", ["Ana Lopez", "Lopez"]),
    "Tom $mall & <b>Sons</b>": ("business", "BBB", ["Tom $mall & <b>Sons</b>"]),
    "Ivo Petran": ("academic or expert", "AAA", ["Ivo Petran", "Petran"]),
    "Greta Oyelaran-Featherstonehaugh of Upper Valley": ("other", "CCC", ["Oyelaran"]),
}
BODIES = {"Harbour Board": "government", "Northern Rail": "business", "Union of Dockers": "other"}
OUTLETS = ["Clarion", "Courier", "Mercury", "Northlight"]
AGENCIES = [("Rapid Wire", "private"), ("State Press Agency", "state")]
UNNAMED = [("officials", "unnamed group", ""), ("a source", "anonymous source", "fear of reprisal")]
CUES = ["said", "said", "warned", "claimed", "told"]


class Story:
    """One article while it is written: its text grows, and rows point at what was added."""

    def __init__(self, article_id: str, outlet: str, published: pd.Timestamp | None):
        self.article_id, self.outlet, self.published = article_id, outlet, published
        self.text = ""
        self.rows: dict[str, list[dict]] = {name: [] for name in schema.TABLES}

    def write(self, text: str, role: str) -> int:
        """Add a paragraph as one block and one sentence; return where it starts."""
        start = len(self.text)
        self.text += text
        for table in ("blocks", "sentences"):
            self._add(table, start=start, end=len(self.text), role=role)
        self.text += "\n\n"
        return start

    def mention(self, start: int, text: str, entity: str, label: str) -> None:
        self._add(
            "mentions",
            start=start,
            end=start + len(text),
            text=text,
            label=label,
            role="body",
            entity_id=slug(entity),
            stands_for="",
            confidence=0.9,
            rule="made up",
        )

    def say(self, source: str, cue: str, content: str, **known: object) -> None:
        """Add a paragraph `"content," cue source.` and its attribution."""
        start = self.write(f"“{content},” {cue} {source}.", "body")
        end = start + len(content) + 3
        at = end + 1 + len(cue) + 1
        self._add(
            "attributions",
            **{
                "attribution_id": f"{self.article_id}-{start}-{end}",
                "start": start,
                "end": end,
                "spans": [[start, end]],
                "text": self.text[start:end],
                "form": "direct",
                "cue": cue,
                "cue_spans": [[end + 1, end + 1 + len(cue)]],
                "source_text": source,
                "source_spans": [[at, at + len(source)]],
                "speaker": source,
                "speaker_id": "",
                "resolution": "none",
                "source_type": "unnamed person",
                "named": False,
                "affiliation": "unknown",
                "country": "",
                "channel": "unknown",
                "relay": "",
                "relay_ownership": "",
                "title": "",
                "relay_chain": [],
                "anonymity": "",
                "anonymity_reason": "",
                "source_rule": "",
                "speaker_confidence": 0.9,
                "type_confidence": 0.9,
                "affiliation_confidence": 0.9,
                "country_confidence": 0.9,
                "words": len(content.split()),
                "role": "body",
                "confidence": 0.8,
                "rule": "made up",
                "tone": np.nan,
                "tone_label": "",
                "tone_agreement": np.nan,
                "news_tone": np.nan,
                **known,
            },
        )

    def _add(self, table: str, **row: object) -> None:
        self.rows[table].append({"article_id": self.article_id, **row})

    def finish(self, **known: object) -> dict[str, list[dict]]:
        headline = self.text.split("\n")[0]
        self.rows["articles"] = [
            {
                "article_id": self.article_id,
                "path": f"{self.outlet.lower()}/{self.article_id}.txt",
                "sha256": "0" * 64,
                "outlet": self.outlet,
                "published": self.published,
                "url": "",
                "headline": headline,
                "byline": "By A Reporter",
                "dateline_place": "",
                "section": "",
                "language": "en",
                "words": len(self.text.split()),
                "complete": "yes",
                "incomplete_reason": "",
                "text": self.text,
                "wire": "",
                "duplicate_of": "",
                "duplicate_kind": "",
                "metadata": "{}",
                "markup": "",
                **known,
            }
        ]
        return self.rows


def slug(name: str) -> str:
    return "e-" + "".join(sign for sign in name.lower() if sign.isalnum())


def make_tables(
    articles: int = 40,
    outlets: int = 4,
    dated: bool = True,
    speech: bool = True,
    seed: int = 1,
) -> dict[str, pd.DataFrame]:
    """Make the tables of an invented corpus; the same arguments give the same tables."""
    chance = np.random.default_rng(seed)
    rows: dict[str, list[dict]] = {name: [] for name in schema.TABLES}
    for number in range(articles):
        for name, more in _story(chance, number, outlets, dated, speech).items():
            rows[name] += more
    if articles:
        rows["entities"] = list(_entities())
    if articles > 5:
        copy = {"duplicate_of": "a000", "duplicate_kind": "near", "wire": "Rapid Wire"}
        rows["articles"][5].update(copy)
        damaged = {"article_id": "", "path": "clarion/broken.txt"}
        rows["problems"] = [{**damaged, "step": "read", "problem": "NUL bytes <script>"}]
    return {name: _frame(name, rows[name]) for name in schema.TABLES}


def _story(
    chance: np.random.Generator, number: int, outlets: int, dated: bool, speech: bool
) -> dict[str, list[dict]]:
    day = pd.Timestamp("2026-03-02") + pd.Timedelta(days=int(chance.integers(0, 84)), hours=7)
    story = Story(f"a{number:03}", OUTLETS[number % outlets], day if dated else None)
    story.write(f"Harbour talks enter round {number}", "headline")
    story.write("The board & the union do not agree, sources say.", "standfirst")
    for name in chance.choice(list(BODIES), 2, replace=False):
        start = story.write(f"{name} met on Monday " + "and talked on " * number + "there.", "body")
        story.mention(start, name, name, "ORG")
    if speech:
        _speeches(story, chance)
    start = story.write("Aland borders Beland.", "body")
    story.mention(start, "Aland", "Aland", "GPE")
    story.write("A ship in the harbour. (A. Lens)", "caption")
    return story.finish()


def _speeches(story: Story, chance: np.random.Generator) -> None:
    for _ in range(int(chance.integers(0, 6))):
        tone = round(float(np.clip(chance.normal(-0.1, 0.5), -1, 1)), 3)
        known = {
            "tone": tone,
            "tone_label": "negative" if tone < -0.05 else "positive" if tone > 0.05 else "neutral",
            "tone_agreement": 0.5,
            "form": str(chance.choice(schema.FORMS)),
        }
        if chance.random() < 0.3:
            agency, ownership = AGENCIES[int(chance.integers(0, 2))]
            known |= {"relay": agency, "relay_ownership": ownership}
        cue = str(chance.choice(CUES))
        content = "We will not accept the offer of Northern Rail at any price"
        if chance.random() < 0.25:
            source, kind, reason = UNNAMED[int(chance.integers(0, 2))]
            known |= {"source_type": kind, "anonymity_reason": reason}
            story.say(source, cue, content, **known)
            continue
        name = list(PEOPLE)[min(int(chance.geometric(0.4)) - 1, len(PEOPLE) - 1)]
        affiliation, country, written = PEOPLE[name]
        source = str(chance.choice(written))
        known |= {
            "speaker": name,
            "speaker_id": slug(name),
            "resolution": "name",
            "source_type": "named person",
            "named": True,
            "affiliation": affiliation,
            "country": country,
            "channel": str(chance.choice(["statement", "interview", "unknown"])),
        }
        at = len(story.text)
        story.say(source, cue, content, **known)
        story.mention(at + len(content) + 4 + len(cue) + 1, source, name, "PERSON")
        target = at + 1 + content.index("Northern Rail")
        story.mention(target, "Northern Rail", "Northern Rail", "ORG")
        story.rows["targets"].append(
            {
                "article_id": story.article_id,
                "attribution_id": story.rows["attributions"][-1]["attribution_id"],
                "start": target,
                "end": target + len("Northern Rail"),
                "entity_id": slug("Northern Rail"),
                "voice": "speaker",
                "polarity": str(chance.choice(schema.POLARITIES, p=[0.6, 0.3, 0.1])),
                "confidence": 0.7,
            }
        )
    if chance.random() < 0.3:
        start = story.write("Harbour Board declined to comment.", "body")
        story._add(
            "replies",
            start=start,
            end=start + 34,
            entity_id=slug("Harbour Board"),
            text="Harbour Board",
            who="Harbour Board",
            kind="declined to comment",
        )


def _entities():
    for name, (_, country, written) in PEOPLE.items():
        yield _entity(name, "PERSON", country, written, "surname after the full name")
    for name in BODIES:
        yield _entity(name, "ORG", "AAA", [name], "")
    yield _entity("Aland", "GPE", "AAA", ["Aland"], "")


def _entity(name: str, label: str, country: str, written: list[str], reason: str) -> dict:
    aliases = sorted({name, *written})
    return {
        "entity_id": slug(name),
        "entity": name,
        "label": label,
        "country": country,
        "aliases": aliases,
        "merge_reason": reason,
    }


def _frame(name: str, rows: list[dict]) -> pd.DataFrame:
    columns = schema.TABLES[name].columns.names
    if not rows:
        return schema.empty(name)
    return schema.to_frame(schema.to_arrow(name, pd.DataFrame(rows, columns=columns)))


def write_tables(made: dict[str, pd.DataFrame], folder: Path) -> Path:
    """Write made-up tables and a manifest, so that the folder opens as a built corpus."""
    for name, frame in made.items():
        tables.write_table(frame, name, folder)
    counts = {name: len(frame) for name, frame in made.items()}
    (folder / tables.MANIFEST).write_text(json.dumps({"counts": counts, "built": ""}))
    return folder
