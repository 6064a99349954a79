"""What an uncategorised text is about, learnt from the complaints that people have put into a category.

Belongs here: the features of a text, the classifier, and what it says of each text. Not here: which texts are read
(models/intermediate/int_topic_texts), and whether what it says is good enough to be shown (fct_topic_suggestions).

A text is its runs of two to four characters, which need no words told apart: the same code reads Chinese and English,
each with a model of its own. The classifier is multinomial naive Bayes with Laplace smoothing (Manning, Raghavan and
Schütze 2008, Introduction to Information Retrieval, ch. 13). As runs of characters repeat each other it is far too sure;
one temperature, chosen on texts that it had not learnt, brings that down (Guo, Pleiss, Sun and Weinberger 2017).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipelines.estimates import threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]
    Numbers = NDArray[np.float64]

SCHEMA = pl.Schema(
    {
        "text_key": pl.String(),
        "source": pl.String(),
        "language": pl.String(),
        "text_use": pl.String(),
        "said_category": pl.String(),
        "confidence": pl.Float64(),
    }
)
LEARNT, TESTED, UNCATEGORISED = "learnt", "tested", "uncategorised"
NEWEST_PART = 5  # the newest fifth is what a model is tested on
MOST_CATEGORIES = 40  # rarer ones are never suggested: memory has a bound
FEATURES = 1 << 18  # the numbers that all runs of characters share: memory has a bound
_RUN_LENGTHS = (2, 3, 4)
_TEMPERATURES = np.geomspace(1.0, 256.0, 65)
_TEXTS_AT_ONCE = 5_000
_DIGITS = 4


@dataclass(frozen=True)
class Classifier:
    """Multinomial naive Bayes over the categories in their order; what was never seen says nothing."""

    categories: tuple[str, ...]
    log_prior: Numbers  # categories
    log_likelihood: Numbers  # categories x features
    temperature: float = 1.0


def estimate(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row a text: what is said of a tested one comes from older ones alone, of an uncategorised one from all."""
    minimum = int(threshold(tables, "topic_minimum_texts"))
    chinese = pl.col("text").str.contains(r"[\u4e00-\u9fff]")
    texts = tables["int_topic_texts"].with_columns(
        pl.when(chinese).then(pl.lit("zh")).otherwise(pl.lit("en")).alias("language"), _plain(pl.col("text"))
    )
    languages = texts.sort("language", "written_at", "source", "text_key").partition_by("language", maintain_order=True)
    return pl.concat([SCHEMA.to_frame(), *(_read(part, minimum) for part in languages)]).sort("source", "text_key")


def _plain(text: pl.Expr) -> pl.Expr:
    """Wide letters, capitals, blanks and what was masked make no difference; a blank at both ends marks the words there."""
    plain = text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\*{3}|[\s\x00]+", " ")
    return pl.format(" {} ", plain.str.strip_chars()).alias("text")


def _read(texts: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """The rows of one language, given from old to new."""
    known, unknown = texts.filter(pl.col("category").is_not_null()), texts.filter(pl.col("category").is_null())
    older, newest = _parted(known)
    is_enough = known.height >= minimum
    return pl.concat(
        [
            _rows(older, LEARNT, None),
            _rows(newest, TESTED, learn(older) if is_enough else None),
            _rows(unknown, UNCATEGORISED, learn(known) if is_enough else None),
        ]
    )


def _parted(texts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The older texts and the newest fifth."""
    older = texts.height - texts.height // NEWEST_PART
    return texts.head(older), texts.tail(texts.height - older)


def _rows(texts: pl.DataFrame, use: str, model: Classifier | None) -> pl.DataFrame:
    nothing = [pl.lit(None, pl.String).alias("said_category"), pl.lit(None, pl.Float64).alias("confidence")]
    said = texts.with_columns(nothing if model is None else say(model, texts["text"]))
    return said.with_columns(pl.lit(use).alias("text_use")).select(
        pl.col(name).cast(kind) for name, kind in SCHEMA.items()
    )


def learn(texts: pl.DataFrame) -> Classifier | None:
    """A model of these texts, given from old to new, as sure of itself as it may be of new ones; None of one category."""
    older, newest = _parted(texts)
    model, before = _counted(texts), _counted(older)
    if model is None or before is None:
        return model
    newest = newest.filter(pl.col("category").is_in(before.categories))
    if newest.is_empty():
        return model
    scores, truth = _scores(before, newest["text"]), _places(before.categories, newest["category"])
    return replace(model, temperature=best_temperature(scores, truth))


def say(model: Classifier, texts: pl.Series) -> list[pl.Series]:
    """The likeliest category of each text, and how likely it is."""
    shares = probabilities(_scores(model, texts), model.temperature)
    best = shares.argmax(axis=1)
    return [
        pl.Series("said_category", [model.categories[place] for place in best], pl.String),
        pl.Series("confidence", shares[np.arange(len(best)), best].round(_DIGITS), pl.Float64),
    ]


# ---- The classifier, of features that are numbers ----


def classifier(categories: tuple[str, ...], text_counts: Integers, feature_counts: Integers) -> Classifier:
    """From the number of texts by category, and of features by category: eq. 13.5 and 13.7, with one added to each count."""
    seen = feature_counts.any(axis=0)
    totals = feature_counts.sum(axis=1, keepdims=True) + seen.sum()
    likelihood = np.where(seen, np.log((feature_counts + 1) / totals), 0.0)
    return Classifier(categories, np.log(text_counts / text_counts.sum()), likelihood)


def log_scores(model: Classifier, text: Integers, feature: Integers, text_count: int) -> Numbers:
    """texts x categories: log prior and the log likelihood of each text's features (eq. 13.4); `text` numbers from 0."""
    said = [np.bincount(text, weights[feature], text_count) for weights in model.log_likelihood]
    return model.log_prior + np.stack(said, axis=1)


def probabilities(scores: Numbers, temperature: float) -> Numbers:
    """Each text's scores as shares of 1; the higher the temperature, the less sure."""
    powers = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    shares: Numbers = powers / powers.sum(axis=1, keepdims=True)
    return shares


def best_temperature(scores: Numbers, truth: Integers) -> float:
    """The one that makes the true categories (places) likeliest: least mean negative logarithm."""
    rows = np.arange(len(truth))
    losses = [-np.log(probabilities(scores, each)[rows, truth] + 1e-300).mean() for each in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


# ---- Texts as features ----


def features(texts: pl.Series) -> tuple[Integers, Integers]:
    """Text (from 0) and feature of every run of characters: a hash, as letters make more runs than memory holds."""
    joined = "\0".join(texts.to_list())
    codes = np.frombuffer(joined.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    place = np.cumsum(codes == 0)
    found = [_runs(codes, place, length) for length in _RUN_LENGTHS]
    return np.concatenate([text for text, _ in found]), np.concatenate([feature for _, feature in found])


def _runs(codes: NDArray[np.uint64], place: Integers, length: int) -> tuple[Integers, Integers]:
    """The runs of one length that lie within a text."""
    count = max(len(codes) - length + 1, 0)
    parts = [codes[start : start + count] for start in range(length)]
    is_whole = np.all([part != 0 for part in parts], axis=0)
    mixed = np.full(count, length, dtype=np.uint64)
    for part in parts:
        mixed = (mixed ^ part) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    feature = (mixed % np.uint64(FEATURES)).astype(np.int64)
    return place[:count][is_whole], feature[is_whole]


def _counted(texts: pl.DataFrame) -> Classifier | None:
    common = texts.group_by("category").len().sort("len", "category", descending=[True, False]).head(MOST_CATEGORIES)
    categories = tuple(sorted(common["category"]))
    if len(categories) < 2:
        return None
    texts = texts.filter(pl.col("category").is_in(categories))
    of_text = _places(categories, texts["category"])
    counts = np.zeros((len(categories), FEATURES), dtype=np.int64)
    for start, text, feature, _ in _in_parts(texts["text"]):
        cells = of_text[start + text] * FEATURES + feature
        counts += np.bincount(cells, minlength=counts.size).reshape(counts.shape)
    return classifier(categories, np.bincount(of_text, minlength=len(categories)), counts)


def _scores(model: Classifier, texts: pl.Series) -> Numbers:
    none = np.empty((0, len(model.categories)))
    return np.concatenate(
        [none, *(log_scores(model, text, feature, size) for _, text, feature, size in _in_parts(texts))]
    )


def _in_parts(texts: pl.Series) -> Iterator[tuple[int, Integers, Integers, int]]:
    """Place of the first text, features and number of texts, some thousand at a time."""
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = texts.slice(start, _TEXTS_AT_ONCE)
        yield start, *features(part), len(part)


def _places(categories: tuple[str, ...], of: pl.Series) -> Integers:
    return np.searchsorted(np.array(categories), of.to_numpy()).astype(np.int64)
