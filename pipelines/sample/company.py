"""What is planted in the sample company: places, products, rates, calendars of business.

Belongs here: constants of the invented company 星河 and its planted rates. Does not belong here: drawing events
(events.py), writing files (files.py), counting figures (truth.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

TIME_ZONE = "Asia/Shanghai"
LAST_MONTH = date(2026, 10, 1)
AS_OF = datetime(2026, 11, 2, 9, 0)  # local time of the company
NAME = {"zh": "星河汽车集团", "en": "Xinghe Motors"}
SPRING_FESTIVALS = (date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17))


@dataclass(frozen=True)
class Showroom:
    """One department that keeps a visitors' register."""

    name: str
    name_en: str
    region: str
    weight: float
    consultants: tuple[str, ...]


SHOWROOMS = (
    Showroom("北京展厅", "Beijing showroom", "华北", 0.30, ("赵明", "钱芳", "孙磊")),
    Showroom("上海展厅", "Shanghai showroom", "华东", 0.30, ("李娜", "周强", "吴敏")),
    Showroom("广州展厅", "Guangzhou showroom", "华南", 0.22, ("郑伟", "冯静")),
    Showroom("成都展厅", "Chengdu showroom", "西南", 0.18, ("陈杰", "褚燕")),
)
REGIONS = tuple(showroom.region for showroom in SHOWROOMS)
WHOLESALE_DEPARTMENT = "大客户部"
ONLINE_DEPARTMENT = "网上商城"


@dataclass(frozen=True)
class Channel:
    """An information source: how many come from it and how they behave."""

    code: str
    name: str
    weight: float
    contact_rate: float  # share of first visits that leave contact data
    warmth: float  # multiplies the chance of the warm levels O, H, A


CHANNELS = (
    Channel("newspaper", "报纸", 0.05, 0.55, 0.7),
    Channel("television", "电视", 0.02, 0.50, 0.7),
    Channel("existing_customer", "基盘", 0.17, 0.92, 1.5),
    Channel("storefront", "店头宣传", 0.20, 0.60, 0.8),
    Channel("phone_appointment", "电话预约", 0.25, 0.88, 1.1),
    Channel("web", "网络", 0.12, 0.70, 0.9),
    Channel("friend", "朋友介绍", 0.19, 0.84, 1.3),
)
CHANNEL_UNKNOWN_RATE = 0.03


@dataclass(frozen=True)
class Level:
    """An intent level: its share, how often it closes within its promised window, and how often after it."""

    code: str
    share: float
    quote_rate: float
    closing_rate: float
    late_closing_rate: float
    window_days: tuple[int, int]
    late_days: tuple[int, int]


LEVELS = (
    Level("O", 0.05, 1.00, 1.00, 0.00, (0, 0), (0, 0)),
    Level("H", 0.09, 0.97, 0.72, 0.08, (1, 6), (7, 25)),
    Level("A", 0.18, 0.88, 0.45, 0.10, (7, 15), (16, 50)),
    Level("B", 0.38, 0.62, 0.22, 0.04, (16, 85), (91, 130)),
    Level("C", 0.30, 0.30, 0.06, 0.00, (95, 180), (0, 0)),
)
REGION_CODES = {"华北": "north_china", "华东": "east_china", "华南": "south_china", "西南": "southwest_china"}
LEVEL_UNKNOWN_RATE = 0.025
ORDER_MARK_UNKNOWN_RATE = 0.01
SECOND_VISIT_RATE = 0.40
PHONE_IN_RATE = 0.22
CORPORATE_RATE = 0.12
CANCEL_RATE = 0.04


@dataclass(frozen=True)
class Product:
    """What is sold; `weight` is its share within its kind once it is launched."""

    product_id: str
    name: str
    category: str
    launched: date
    price: int
    unit: str
    weight: float


CARS = (
    Product("P-S1", "星河S1", "轿车", date(2022, 5, 1), 128_800, "辆", 0.34),
    Product("P-X3", "星河X3", "SUV", date(2023, 3, 1), 168_800, "辆", 0.36),
    Product("P-E5", "星河E5", "新能源", date(2023, 9, 1), 198_800, "辆", 0.22),
    Product("P-E7", "星河E7", "新能源", date(2026, 3, 1), 239_800, "辆", 0.30),
)
EXTRAS = (
    Product("P-MAT", "全包脚垫", "精品附件", date(2021, 1, 1), 680, "套", 0.30),
    Product("P-CAM", "行车记录仪", "精品附件", date(2024, 6, 1), 1_280, "台", 0.20),
    Product("P-TYR", "四季轮胎", "精品附件", date(2021, 1, 1), 899, "条", 0.20),
    Product("P-SVC", "保养套餐", "售后服务", date(2021, 1, 1), 1_580, "次", 0.30),
)
PRODUCTS = CARS + EXTRAS

COMPLAINT_CATEGORIES = (
    ("product_quality", "产品质量", 0.34),
    ("after_sales_support", "售后支持", 0.26),
    ("service_attitude", "服务态度", 0.16),
    ("delivery", "交付", 0.14),
    ("price", "价格", 0.10),
)
COMPLAINT_KINDS = (("complaint", "投诉", 0.62), ("enquiry", "咨询", 0.26), ("suggestion", "建议", 0.12))
COMPLAINT_WAYS = (
    ("phone", "电话", 0.55),
    ("visit", "来访", 0.20),
    ("web", "网站", 0.15),
    ("email", "电子邮件", 0.10),
)
COMPLAINTS_PER_VISIT = 0.07
BREACH_RATE = 0.10
BAD_COMPLAINT_MONTH = date(2026, 2, 1)  # Spring Festival staffing: many replies late
BAD_COMPLAINT_BREACH_RATE = 0.50
UNANSWERED_RATE = 0.02
INTERNAL_NOTE_RATE = 0.03
UNCATEGORISED_RATE = 0.30  # of enquiries and suggestions: nobody wrote a category down

SURVEY_ITEMS = ("technology_score", "quality_score", "service_score", "delivery_score", "price_score")
SURVEY_LEVEL_SHARES = (0.46, 0.42, 0.10, 0.02, 0.00)  # of levels 5, 4, 3, 2, 1 in an ordinary month
POOR_SURVEY_MONTH = date(2026, 7, 1)
POOR_SURVEY_LEVEL_SHARES = (0.20, 0.40, 0.28, 0.09, 0.03)
SURVEY_RESPONSE_RATE = 0.92
SURVEY_UNDELIVERED_RATE = 0.04
SURVEY_COMMENT_RATE = 0.25
STRAIGHT_LINED_RESPONSE = 40  # the n-th response: all items alike; shown as such, but it may be true and counts
HURRIED_RESPONSE = 41  # the n-th response: answered in seconds, which does not count

# The reconciliation of the printed traffic analysis: whose, which months, and what the register leaves unknown.
PRINTED_SHOWROOM = 1
PRINTED_MONTHS = (date(2026, 9, 1), date(2026, 10, 1))
UNKNOWN_LEVELS_IN_FIRST_PRINTED_MONTH = 2
UNKNOWN_CHANNELS_IN_FIRST_PRINTED_MONTH = 3

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
GIVEN_NAMES = (
    "晓星",
    "一诺",
    "思远",
    "梦洁",
    "子涵",
    "文博",
    "雨桐",
    "家豪",
    "欣怡",
    "志强",
    "美玲",
    "浩然",
    "静怡",
)
PHONE_PREFIXES = ("138", "139", "136", "150", "186")
GROUPS = ("远航物流", "金桥租赁", "安达出行", "东海建设", "恒通运输", "蓝天教育", "瑞祥集团", "市政车队")
# Whom corporate visitors work for: a name and a trade.
EMPLOYER_NAMES = (
    "宏图",
    "锦程",
    "华瑞",
    "新源",
    "佳德",
    "永盛",
    "天合",
    "信达",
    "鸿运",
    "博雅",
    "中联",
    "泰和",
    "凯旋",
)
EMPLOYER_TRADES = (
    "物流有限公司",
    "建材有限公司",
    "食品有限公司",
    "科技有限公司",
    "装饰有限公司",
    "贸易有限公司",
    "印务有限公司",
)
