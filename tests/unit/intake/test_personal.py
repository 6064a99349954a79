"""Persons are taken out of rows: one person has one surrogate, and masks and texts do not give them away."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.intake import personal

KEY = b"k" * 32
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
CHINESE_NAMES = st.text("王李张刘陈杨赵黄周吴伟芳娜敏静丽强磊军洋", min_size=2, max_size=4)


def surrogate(cell: str, classification: str, key: bytes = KEY) -> str | None:
    normal = personal.normalise(pl.Series([cell]), classification)["value"]
    return personal.surrogates(normal, classification, key)[0]


def masked(cell: str, classification: str) -> str | None:
    return personal.mask(personal.normalise(pl.Series([cell]), classification)["value"], classification)[0]


def redacted(text: str, *own: str) -> str:
    return personal.redact(pl.Series([text]), [pl.Series([word]) for word in own])[0]


@pytest.mark.parametrize(
    "written",
    ["138-0000-1234", "138 0000 1234", "+86 13800001234", "008613800001234", "１３８００００１２３４", "13800001234.0"],
)
def test_one_phone_has_one_surrogate(written: str) -> None:
    assert surrogate(written, "phone") == surrogate("13800001234", "phone")


def test_surrogates_differ_by_person_class_and_key() -> None:
    one = surrogate("13800001234", "phone")
    assert one is not None
    assert len(one) == 32
    assert one != surrogate("13800001235", "phone")
    assert one != surrogate("13800001234", "name")
    assert one != surrogate("13800001234", "phone", b"other key")


@pytest.mark.parametrize("written", ["拒留", "x", "1.38E+10", "无", ""])
def test_what_is_no_phone_is_no_contact(written: str) -> None:
    assert surrogate(written, "phone") is None


def test_a_refused_phone_is_said_and_an_empty_one_is_not() -> None:
    assert personal.normalise(pl.Series(["拒留", "", "无"]), "phone")["warning"].to_list() == [
        "not_a_phone",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("classification", "cell", "mask"),
    [
        ("phone", "13800001234", "138****1234"),
        ("name", "王小明", "王*"),
        ("name", "王", "*"),
        ("email", "wang@example.com", "w***@e***"),
        ("address", "上海市浦东新区世纪大道1号", "上海****"),
        ("network", "83.149.9.216", "83.149.*.*"),
    ],
)
def test_masks(classification: str, cell: str, mask: str) -> None:
    assert masked(cell, classification) == mask


@settings(deadline=None)
@given(MOBILES)
def test_a_mask_hides_the_middle_of_every_mobile(mobile: str) -> None:
    mask = masked(mobile, "phone")
    assert mask is not None
    assert mobile not in mask
    assert sum(character.isdigit() for character in mask) == 7


@settings(deadline=None)
@given(MOBILES, st.text("客户说你好打不通,。 abc", max_size=10), st.sampled_from(["", "+86 ", "电话：", "tel:"]))
def test_no_mobile_stays_in_a_text(mobile: str, words: str, prefix: str) -> None:
    for written in (mobile, f"{mobile[:3]}-{mobile[3:7]}-{mobile[7:]}", f"{mobile[:3]} {mobile[3:7]} {mobile[7:]}"):
        text = redacted(f"{words}{prefix}{written}{words}")
        digits = "".join(character for character in text if character.isdigit())
        assert mobile not in digits


@settings(deadline=None)
@given(CHINESE_NAMES, st.text("说打不通很好", max_size=6))
def test_a_rows_own_name_does_not_stay_in_its_text(name: str, words: str) -> None:
    assert name not in redacted(f"{words}{name}{words}", name)


@pytest.mark.parametrize(
    ("text", "own", "expected"),
    [
        ("王先生要试驾, 小明同意", "王小明", "***要试驾, ***同意"),
        ("Mr Smith and JOHN, not smithereens", "John Smith", "Mr *** and ***, not smithereens"),
        ("身份证310101199001011234。", "", "身份证***。"),
        ("写信到 a.b@c-d.com 或 021-61234567", "", "写信到 *** 或 ***"),
        ("/a?phone=12345&page=2", "", "/a?phone=***&page=2"),
        ("微信: abc_123, 手机号码61234567", "", "微信: ***, 手机号码***"),
        ("please call me at 555-0199 or phone 5550199", "", "please call me at *** or phone ***"),
        ("/blog/call-by-name.html", "", "/blog/call-by-name.html"),
        ("价格 12,345 元 2024-03-05 10:20:30", "", "价格 12,345 元 2024-03-05 10:20:30"),
    ],
)
def test_redaction(text: str, own: str, expected: str) -> None:
    assert redacted(text, own) == expected


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=8))
def test_no_text_breaks_redaction(text: str, own: str) -> None:
    assume("\x00" not in text + own)
    assert isinstance(redacted(text, own), str)
