"""From scores to names and attributions: where the model and the sure rules are put together.

The model scores every word; here spans are read off those scores, contents are given to cues and
cues to sources, quotation marks have their say, and each attribution gets the name of what
decided it (``rule``) and its probability of being right (``confidence``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpers.model.encoder import (
    HYPHEN,
    IMPOSSIBLE,
    LABELS,
    LINK,
    MODEL,
    Encoder,
    ModelError,
    Scores,
    States,
    Words,
    best_tags,
    load_encoder,
    read_spans,
)
from helpers.text.article import Article

ROLES = ("source", "cue", "content")
TINY = 1e-9
# a word is linked to words at most so far from its span
NEAR = 70
# how often a rule is right in PolNeAR train and dev, (right + 1) / (found + 2): turns 20 of 24,
# by-lines 17 of 17 (all of one article), quotations after a colon 13 of 14
RULES = {"speaker turn": 0.81, "dash by-line": 0.95, "quotation after a colon": 0.88}
_TURN = re.compile(
    r"^[“\"]?(?P<source>[A-Z][A-Z.'’ -]{1,30}[A-Z])(?P<cue>:)[ \t]+(?P<content>\S[^\n\r]*)",
    re.MULTILINE,
)
_BYLINE = re.compile(
    r"^[^\S\n]*(?P<content>[“\"][^\n\r]{10,}[”\"])\s*(?P<cue>[―—–]|--)[^\S\n]*"
    r"(?P<source>[A-Z][\w.’'-]*(?:[^\S\n][\w.’'-]*\w){0,4}(?:,[^\n\r]{2,60}?)?)\.?[^\S\n]*$",
    re.MULTILINE,
)
_DATELINE = re.compile(
    r"[A-Z][A-Z.'’-]{2,}(?:[ ,/]+[A-Z][\w.'’-]*){0,6}(?:\s+\([^)\n]{2,40}\))?\s*(?:[–—]|--?)\s+"
)
_LEAD = re.compile(r":[ \t]*[\n\r]\s*(?P<content>[“\"][^\n\r]{15,}[”\"])[ \t]*$", re.MULTILINE)
FEATURES = (
    "one", "content", "weakest edge of the content", "outside of the content", "cue", "source",
    "content to cue", "content to no cue", "content to another cue", "cue to source",
    "cue to another source", "no source", "weak content", "weak cue", "weak source", "loose piece",
    "quoted", "words", "pieces", "distance", "other paragraph",
)  # fmt: skip


@dataclass
class Span:
    """Words ``low`` to ``high``; ``score`` is the mean log-probability of its role there."""

    low: int
    high: int
    score: float
    extra: bool = False


@dataclass
class Found:
    """One attribution, in words of a section; ``source`` is None when there is none."""

    content: list[Span]
    cue: Span | None
    source: Span | None
    features: np.ndarray
    rule: str
    confidence: float = 0.0


@dataclass(frozen=True)
class Settings:
    """The decoder's few numbers, set on held-out articles and kept in ``model.json``."""

    extra_cue: float = 0.12
    extra_source: float = 0.07
    extra_content: float = 0.3
    cue_prior: float = 0.3
    source_prior: float = 0.3
    reach: int = 1
    apart: float = -0.5
    grow_cue: float = 0.25
    threshold: float = 0.4
    weights: tuple[float, ...] = ()


def opening_words(words: Words) -> np.ndarray:
    """Mark the first word of every paragraph."""
    return np.diff(words.paragraph, prepend=-1) > 0


def find_names(words: Words, scores: Scores) -> list[tuple[int, int, str, float]]:
    """Return the names of a section: first word, end, label, mean probability of its tags."""
    tags = best_tags(scores.names, opening_words(words))
    chances = np.exp(scores.names[np.arange(len(tags)), tags])
    return [
        (low, high, LABELS[label], float(chances[low:high].mean()))
        for low, high, label in read_spans(tags)
    ]


def _candidates(words: Words, scores: Scores, settings: Settings) -> dict[str, list[Span]]:
    """Return the spans of each role: those of the best tags, then weaker ones beside them."""
    opens = opening_words(words)
    tags = best_tags(scores.tags, opens)
    chances = np.exp(scores.tags)
    found: dict[str, list[Span]] = {role: [] for role in ROLES}
    for low, high, label in read_spans(tags):
        role = ROLES[label]
        found[role].append(Span(low, high, _role_score(scores, label, low, high)))
    thresholds = (settings.extra_source, settings.extra_cue, settings.extra_content)
    for label, (role, threshold) in enumerate(zip(ROLES, thresholds, strict=True)):
        begin, inner = chances[:, 1 + 2 * label], chances[:, 2 + 2 * label]
        strong = begin + inner > threshold
        strong &= (tags + 1) // 2 != label + 1
        starts = strong & (np.roll(~strong, 1) | opens | (begin > inner))
        starts[:1] = strong[:1]
        for low in np.flatnonzero(starts).tolist():
            high = low + 1
            while high < len(strong) and strong[high] and not starts[high]:
                high += 1
            found[role].append(Span(low, high, _role_score(scores, label, low, high), True))
    return found


def _role_score(scores: Scores, label: int, low: int, high: int) -> float:
    return float(scores.roles[low:high, label].sum()) / (high - low)


def _pointers(
    scores: Scores, rows: list[Span], targets: list[Span], query: int, null: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return log-probabilities that each row span points to each target span, and to nothing."""
    links = scores.links
    table = np.full((len(rows), len(targets)), IMPOSSIBLE)
    nothing = np.zeros(len(rows))
    lows = np.array([target.low for target in targets], dtype=np.int64)
    highs = np.array([target.high for target in targets], dtype=np.int64)
    pool_edges = np.flatnonzero(np.diff(scores.pool, prepend=-1, append=-1))
    for number, row in enumerate(rows):
        side = np.searchsorted(pool_edges, row.low, "right")
        low = max(pool_edges[side - 1], row.low - NEAR)
        high = min(pool_edges[side], row.high + NEAR)
        queries = links[row.low : row.high, query : query + LINK] * LINK**-0.5
        keys = links[low:high, query + LINK : query + 2 * LINK]
        # not a matrix product: for so small a one its threads cost more than they give
        logits = np.einsum("ik,jk->ij", queries, keys)
        none = links[row.low : row.high, 4 * LINK + null]
        top = np.maximum(logits.max(1), none)
        chances = np.exp(logits - top[:, None])
        none = np.exp(none - top)
        total = chances.sum(1) + none
        nothing[number] = np.log(none / total + TINY).mean()
        inside = np.flatnonzero((low <= lows) & (highs <= high))
        sums = np.zeros((len(chances), high - low + 1), np.float32)
        np.cumsum(chances, 1, out=sums[:, 1:])
        shares = (sums[:, highs[inside] - low] - sums[:, lows[inside] - low]) / total[:, None]
        table[number, inside] = np.log(shares + TINY).mean(0)
    return table, nothing


def find_attributions(text: str, words: Words, scores: Scores, settings: Settings) -> list[Found]:
    """Return the attributions of a section, with features, and confidence once weights are set.

    Where the text is set as a transcript ("SMITH: …") the form itself says who speaks; there and
    inside what is said so, the model is not asked.
    """
    if not len(words):
        return []
    section = int(words.start[0]), int(words.end[-1])
    led = [word_range(words, *match.span("content")) for match in _LEAD.finditer(text, *section)]
    found = _link(words, scores, settings, led)
    for item in found:
        if settings.weights:
            item.confidence = confidence(item.features, settings.weights)
        if (
            (item.content[0].low, item.content[-1].high) in led
            and item.cue
            and item.cue.high <= item.content[0].low
        ):
            item.rule = "quotation after a colon"
            item.confidence = max(item.confidence, RULES[item.rule])
        item.content[0].low = _after_dateline(text, words, item.content[0])
    formal = _formal(text, words, scores)
    said = [item.content[0] for item in formal]
    outside = [
        item
        for item in found
        if not any(
            span.low < other.high and other.low < span.high
            for other in said
            for span in item.content
        )
    ]
    return sorted([*outside, *formal], key=lambda item: item.content[0].low)


def _after_dateline(text: str, words: Words, content: Span) -> int:
    """Return the first word of a content, the dateline that opens its paragraph left out."""
    opens = not content.low or words.paragraph[content.low - 1] != words.paragraph[content.low]
    match = _DATELINE.match(text, int(words.start[content.low])) if opens else None
    if not match:
        return content.low
    return min(int(np.searchsorted(words.start, match.end())), content.high - 1)


def _formal(text: str, words: Words, scores: Scores) -> list[Found]:
    """Return what layout alone attributes: a transcript's turns, quotations signed with a dash.

    A by-line is a paragraph of a dash and a name, after a paragraph that is all quotation.
    """
    low, high = int(words.start[0]), int(words.end[-1])
    matches = [("speaker turn", match) for match in _turns(text, words, scores)]
    matches += [("dash by-line", match) for match in _BYLINE.finditer(text, low, high)]
    result = []
    for rule, match in matches:
        content, cue, source = (
            Span(*word_range(words, *match.span(part)), 0.0)
            for part in ("content", "cue", "source")
        )
        if all(span.low < span.high for span in (content, cue, source)):
            features = np.zeros(len(FEATURES))
            result.append(Found([content], cue, source, features, rule, RULES[rule]))
    return result


def _turns(text: str, words: Words, scores: Scores) -> list[re.Match[str]]:
    """Return the turns of a transcript: words in capitals and a colon that open a paragraph.

    There are two in a text at least, one of a name: what the network reads as one, or a word so
    rare that the vocabulary has it in pieces only ("QUIST"). Of other words ("MODERATOR:") only
    those that come again are speakers, or answer the one name ("HOST: …", "QUIST: …"): "WHAT:",
    "UPDATE:" and "SOURCE:" are labels.
    """
    found = list(_TURN.finditer(text, int(words.start[0]), int(words.end[-1])))
    own = (scores.names[:, 0] < np.log(0.5)) | (np.diff(words.first) > 1)
    named = [bool(own[slice(*word_range(words, *m.span("source")))].any()) for m in found]
    times = Counter(match["source"] for match in found)
    kept = [
        match
        for match, is_name in zip(found, named, strict=True)
        if is_name or len(found) == 2 or times[match["source"]] > 1
    ]
    return kept if any(named) and len(kept) > 1 else []


def _grow(cue: Span, words: Words, scores: Scores, threshold: float) -> Span:
    """Return a cue with the words beside it that are more likely than ``threshold`` part of it."""
    chances = scores.roles[:, ROLES.index("cue")]
    paragraph, least = words.paragraph[cue.low], np.log(threshold)

    def belongs(at: int) -> bool:
        return words.paragraph[at] == paragraph and chances[at] > least

    low, high = cue.low, cue.high
    while low and belongs(low - 1):
        low -= 1
    while high < len(words) and belongs(high):
        high += 1
    return Span(low, high, cue.score, cue.extra)


def word_range(words: Words | States, start: int, end: int) -> tuple[int, int]:
    """Return the half-open range of words that share a character with a span."""
    return (
        int(np.searchsorted(words.end, start, "right")),
        int(np.searchsorted(words.start, end, "left")),
    )


def _link(
    words: Words, scores: Scores, settings: Settings, led: list[tuple[int, int]]
) -> list[Found]:
    """Give each content to the cue it points to, and each cue to its source, or to none.

    ``led`` are quotations that fill a paragraph after a colon: contents, whatever their tags say.
    """
    spans = _candidates(words, scores, settings)
    for low, high in led:
        beside = [span for span in spans["content"] if span.low < high and low < span.high]
        if all(span.extra for span in beside):
            spans["content"] = [span for span in spans["content"] if span not in beside]
            spans["content"].append(Span(low, high, _role_score(scores, 2, low, high)))
    contents, cues, sources = spans["content"], spans["cue"], spans["source"]
    if not contents or not cues:
        return []
    to_cue, no_cue = _pointers(scores, contents, cues, 0, 0)
    to_source, no_source = _pointers(scores, cues, sources, 2 * LINK, 1)
    to_cue[~_near(words, contents, cues, settings.reach)] = IMPOSSIBLE
    given = to_cue + settings.cue_prior * np.array([cue.score for cue in cues])
    owner = given.argmax(1)
    linked = given.max(1) > no_cue - 3 * settings.cue_prior
    links = to_cue[np.arange(len(contents)), owner]
    rivals = _second(to_cue, owner)
    found = []
    for number in np.unique(owner[linked]).tolist():
        cue = cues[number]
        whole = _grow(cue, words, scores, settings.grow_cue)
        members = np.flatnonzero(linked & (owner == number)).tolist()
        source, source_link, source_rival = None, float(no_source[number]), 0.0
        if sources:
            row = to_source[number] + settings.source_prior * np.array([s.score for s in sources])
            best = int(row.argmax())
            source_rival = float(np.exp(np.delete(to_source[number], best)).max(initial=0.0))
            if row[best] > no_source[number]:
                source, source_link = sources[best], float(to_source[number, best])
        for group in _groups(members, links, contents, settings.apart):
            first = group == members or max(members, key=lambda m: links[m]) in group
            weight = np.array([contents[m].high - contents[m].low for m in group])
            weight = weight / weight.sum()
            found.append(
                Found(
                    [contents[m] for m in sorted(group, key=lambda m: contents[m].low)],
                    whole,
                    source,
                    _features(
                        words,
                        scores,
                        [contents[m] for m in group],
                        cue,
                        source,
                        source_link,
                        (
                            float(links[group] @ weight),
                            float(np.exp(no_cue[group]) @ weight),
                            float(np.exp(rivals[group]) @ weight),
                            source_rival,
                            not first,
                        ),
                    ),
                    "model",
                )
            )
    return found


def _near(words: Words, contents: list[Span], cues: list[Span], reach: int) -> np.ndarray:
    """Tell of each content and cue whether they are few paragraphs apart and do not overlap."""
    low, high = (np.array([[getattr(c, side)] for c in contents]) for side in ("low", "high"))
    cue_low, cue_high = (np.array([getattr(c, side) for c in cues]) for side in ("low", "high"))
    gap = np.abs(words.paragraph[cue_low] - words.paragraph[low])
    return (gap <= reach) & ((cue_high <= low) | (high <= cue_low))


def _second(table: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Return each row's largest value but the one at ``best``."""
    rest = table.copy()
    rest[np.arange(len(rest)), best] = IMPOSSIBLE
    return rest.max(1)


def _groups(
    members: list[int], links: np.ndarray, contents: list[Span], apart: float
) -> list[list[int]]:
    """Split the contents of one cue: those it surely has are one attribution.

    A piece that is only loosely tied to the cue (mean log-probability below ``apart``), or weak in
    itself, is said by the same source, but stands as an attribution of its own.
    """
    strong = [m for m in members if not contents[m].extra] or members
    best = max(strong, key=lambda m: links[m])
    together = [m for m in strong if m == best or links[m] >= apart]
    return [together, *([m] for m in members if m not in together)]


def _features(words, scores, pieces, cue, source, source_link, linking) -> np.ndarray:
    """Return the numbers that confidence is made of, in the order of ``FEATURES``."""
    sizes = np.array([span.high - span.low for span in pieces])
    low, high = min(span.low for span in pieces), max(span.high for span in pieces)
    edges = [scores.roles[at, 2] for span in pieces for at in (span.low, span.high - 1)]
    beyond = [scores.tags[at, 0] if 0 <= at < len(scores.tags) else 0.0 for at in (low - 1, high)]
    quoted = sum(words.quoted[span.low : span.high].sum() for span in pieces) / sizes.sum()
    distance = min(max(span.low - cue.high, cue.low - span.high, 0) for span in pieces)
    content_link, no_cue, rival, source_rival, apart = linking
    return np.array(
        [
            1.0,
            sizes @ [span.score for span in pieces] / sizes.sum(),
            min(edges),
            min(beyond),
            cue.score,
            source.score if source else 0.0,
            content_link,
            no_cue,
            rival,
            source_link,
            source_rival,
            source is None,
            all(span.extra for span in pieces),
            cue.extra,
            bool(source and source.extra),
            apart,
            quoted,
            np.log(sizes.sum()),
            len(pieces) > 1,
            np.log1p(distance),
            words.paragraph[cue.low] != words.paragraph[pieces[0].low],
        ]
    )


def confidence(features: np.ndarray, weights: Sequence[float]) -> float:
    """Probability of an attribution to be right: logistic in its features."""
    return float(1 / (1 + np.exp(-(features @ np.asarray(weights)))))


def to_characters(words: Words, span: Span) -> tuple[int, int]:
    """Return a span of words as half-open character offsets; hyphenated words stay whole."""
    low, high = span.low, span.high
    while _in_compound(words, low):
        low -= 1
    while _in_compound(words, high):
        high += 1
    return int(words.start[low]), int(words.end[high - 1])


def _in_compound(words: Words, at: int) -> bool:
    """Tell whether the border before a word runs through a hyphenated word."""
    if not 0 < at < len(words) or words.start[at] != words.end[at - 1]:
        return False
    hyphen = at - 1 if words.stop[at - 1] == HYPHEN else at
    return (
        words.stop[hyphen] == HYPHEN
        and 0 < hyphen < len(words) - 1
        and words.start[hyphen] == words.end[hyphen - 1]
        and words.start[hyphen + 1] == words.end[hyphen]
    )


@dataclass(frozen=True)
class Name:
    """One name: half-open character offsets, label, mean probability of its tags."""

    start: int
    end: int
    label: str
    confidence: float


@dataclass(frozen=True)
class Attribution:
    """Who said what, in half-open character offsets; ``source`` is empty when none is given."""

    content: tuple[tuple[int, int], ...]
    cue: tuple[tuple[int, int], ...]
    source: tuple[tuple[int, int], ...]
    confidence: float
    rule: str


@dataclass(frozen=True)
class Reading:
    """Everything read off one text, in the order of the text.

    ``states`` are those of its words, for the models that go on from there.
    """

    names: tuple[Name, ...]
    attributions: tuple[Attribution, ...]
    states: States | None = None


def read_settings(encoder: Encoder) -> Settings:
    """Return the decoder's numbers kept with a model; raise ModelError where they do not fit."""
    path = encoder.folder / "model.json"
    try:
        settings = Settings(**encoder.card["decoder"])
    except (KeyError, TypeError) as problem:
        raise ModelError(f"{path}: settings this version does not read ({problem})") from None
    if len(settings.weights) not in (0, len(FEATURES)):
        raise ModelError(f"{path}: {len(settings.weights)} weights for {len(FEATURES)} features")
    return settings


def read(article: Article, encoder: Encoder | None = None) -> Reading:
    """Return what the network reads in an article: read once, and kept with the article.

    The model in use reads it, unless an ``encoder`` is given.

    Raises
    ------
    ModelError
        When the model's files are missing or altered.

    """
    if article.reading is None:
        article.reading = _read(article, encoder or load_encoder(MODEL))
    return article.reading


def _read(article: Article, encoder: Encoder) -> Reading:
    settings, text = read_settings(encoder), article.text
    names: list[Name] = []
    attributions: list[Attribution] = []
    sections = []
    for words, scores in encoder.read(article):
        sections.append((words, scores.states))
        for low, high, label, chance in find_names(words, scores):
            start, end = int(words.start[low]), int(words.end[high - 1])
            whole = to_characters(words, Span(low, high, 0.0))
            if any(map(str.isupper, text[whole[0] : start] + text[end : whole[1]])):
                start, end = whole
            start, end = trim(text, start, end)
            if start < end:
                names.append(Name(start, end, label, chance))
        for found in find_attributions(text, words, scores, settings):
            if found.confidence >= settings.threshold:
                attributions.append(_characters(words, found))
    return Reading(tuple(names), tuple(attributions), States.of(sections))


def _characters(words: Words, found: Found) -> Attribution:
    return Attribution(
        tuple(to_characters(words, span) for span in found.content),
        (to_characters(words, found.cue),) if found.cue else (),
        (to_characters(words, found.source),) if found.source else (),
        found.confidence,
        found.rule,
    )


_ARTICLE = re.compile(r"(?:the|a|an)\s+", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?:(?<!\s)\s++)?['’`´]s?$", re.IGNORECASE)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave a leading article and a trailing possessive out of a name."""
    if found := _ARTICLE.match(text, start, end):
        start = found.end()
    if found := _POSSESSIVE.search(text[start:end]):
        end = start + found.start()
    return start, end
