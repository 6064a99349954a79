"""What customers of the sample company say in their own words, about the category of their case.

Belongs here: the words, who leaves a comment and which cases nobody has put into a category. Drawn from a stream of chance
of its own. Not here: complaints and survey forms themselves (events.py), the columns they are written into (tables.py).
"""

from __future__ import annotations

import zlib
from itertools import product

import numpy as np
import polars as pl

from pipelines.sample import company

# category, in the company's order -> what it is about and what is said of it, in Chinese and in English
TOPICS = {
    "product_quality": (
        (("发动机", "变速箱", "天窗", "空调", "刹车", "车门", "中控屏"), ("有异响", "漏水", "抖动厉害", "突然失灵", "生锈了")),
        (("the engine", "the gearbox", "the sunroof", "the brake", "the screen"), ("rattles", "is leaking", "failed suddenly", "shakes badly", "has rust")),
    ),
    "after_sales_support": (
        (("维修", "保养", "换配件", "保修", "返厂检修"), ("等了两周", "一直缺配件", "修了三次没修好", "没有人跟进", "预约不上")),
        (("the repair", "the workshop", "my warranty case", "the maintenance", "the spare part"), ("takes weeks", "was put off twice", "is still not done", "had to be ordered again", "was never followed up")),
    ),
    "service_attitude": (
        (("销售顾问", "前台接待", "客服人员", "店员"), ("态度冷淡", "说话不耐烦", "不理人", "敷衍了事", "没有礼貌")),
        (("the consultant", "the receptionist", "your staff", "the person on the phone"), ("was rude", "did not listen", "ignored us", "was unfriendly", "talked down to me")),
    ),
    "delivery": (
        (("交车", "提车日期", "车辆到店", "物流运输"), ("一再延期", "比约定晚了十天", "没有通知", "迟迟没有消息", "时间改了又改")),
        (("the handover", "the delivery date", "the shipment", "the car's arrival"), ("is ten days late", "was postponed again", "came without notice", "is still not fixed", "moved twice")),
    ),
    "price": (
        (("报价", "账单", "优惠", "上牌费", "发票金额"), ("前后不一致", "比合同多收了", "没有兑现", "算错了", "太贵")),
        (("the quote", "the bill", "the discount", "the fee", "the invoice"), ("differs from the contract", "is too high", "was not granted", "was charged twice", "is wrong")),
    ),
}  # fmt: skip
# Words that tell nothing, for one in ten.
VAGUE = (
    ("希望尽快处理", "请给个说法", "想了解一下情况", "等待答复", "请领导重视"),
    ("please look into this", "waiting for your answer", "I would like to know more", "kindly call me", "see attached"),
)
VAGUE_RATE = 0.10
SECOND_TOPIC_RATE = 0.10  # mentions something of another category as well
JOINED = ("，另外", ", and also ")


def stream(seed: int) -> np.random.Generator:
    """Chance of its own: whatever is said, the events stay as they are."""
    return np.random.default_rng([seed, zlib.crc32(b"opinions")])


def of_complaints(rng: np.random.Generator, complaints: pl.DataFrame) -> pl.DataFrame:
    """The cases with their words; some enquiries and suggestions have no category in the book."""
    is_left_blank = pl.Series(rng.random(complaints.height) < company.UNCATEGORISED_RATE)
    return complaints.with_columns(
        words=words(rng, complaints["category"].to_numpy(), complaints["is_in_english"].to_numpy()),
        is_category_known=~is_left_blank | (pl.col("kind") == "complaint"),
    )


def of_responses(rng: np.random.Generator, responses: pl.DataFrame) -> pl.DataFrame:
    """The forms, one in four with a comment, and what the comment is about; Shanghai's customers write English."""
    shares = np.cumsum([share for _, _, share in company.COMPLAINT_CATEGORIES])
    category = np.searchsorted(shares / shares[-1], rng.random(responses.height), side="right")
    said = words(rng, category, (responses["showroom"] == 1).to_numpy())
    is_left = pl.Series(rng.random(responses.height) < company.SURVEY_COMMENT_RATE)
    return responses.with_columns(category=pl.Series(category)).with_columns(words=pl.when(is_left).then(said))


def words(rng: np.random.Generator, category: np.ndarray, is_english: np.ndarray) -> pl.Series:
    """A sentence about each category (place in the company's list), mostly."""
    count, topics = len(category), len(TOPICS)
    language = is_english.astype(int)
    own = np.where(rng.random(count) < VAGUE_RATE, topics, category)
    other = (category + rng.integers(1, topics, count)) % topics
    said = pl.DataFrame(
        {
            "own": _sentences(rng, language, own),
            "joint": pl.Series(JOINED).gather(language),
            "other": _sentences(rng, language, other),
            "has_other": rng.random(count) < SECOND_TOPIC_RATE,
        }
    )
    both = pl.concat_str("own", "joint", "other")
    return said.select(words=pl.when("has_other").then(both).otherwise("own"))["words"]


def _sentences(rng: np.random.Generator, language: np.ndarray, topic: np.ndarray) -> pl.Series:
    """One sentence each of the language's topic; the topic after the last one tells nothing."""
    banks = [_bank(place, name) for place in range(2) for name in (*TOPICS, None)]
    size = np.array([len(bank) for bank in banks])
    bank = language * (len(TOPICS) + 1) + topic
    chosen = (np.cumsum(size) - size)[bank] + (rng.random(len(bank)) * size[bank]).astype(int)
    return pl.Series([sentence for bank in banks for sentence in bank]).gather(chosen)


def _bank(language: int, topic: str | None) -> list[str]:
    if topic is None:
        return list(VAGUE[language])
    return [("", " ")[language].join(pair) for pair in product(*TOPICS[topic][language])]
