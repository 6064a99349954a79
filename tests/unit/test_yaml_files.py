"""The fast reading of YAML says what the exact one says, and leaves every mistake to it."""

from pathlib import Path

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from pipelines import yaml_files

PROJECT = Path(__file__).parents[2]
FILES = sorted((PROJECT / "pipelines").rglob("*.yml")) + sorted((PROJECT / "expectations").rglob("*.yml"))
WORDS = """
answer: no
state: on
clock: 12:30
octal: 0o17
leading_zero: 017
eight: 08
grouped: 1_000
hexadecimal: 0x1F
exponent: 1.5e3
day: 2024-03-05
nothing: ~
true: yes
3: three
shared: &shared {x: 1, y: 1}
merged: {<<: *shared, y: 2}
"""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_of_the_project_reads_the_same(file: Path) -> None:
    text = file.read_text("utf-8")

    assert yaml_files.load(text) == YAML(typ="safe").load(text)


def test_words_mean_what_they_mean_in_yaml_1_2() -> None:
    assert yaml_files.load(WORDS) == YAML(typ="safe", pure=True).load(WORDS)
    assert yaml_files.load(WORDS)["answer"] == "no"
    assert yaml_files.load(WORDS)["clock"] == "12:30"


@pytest.mark.parametrize("text", ["a: 1\na: 2", "b: {c: 1, c: 1}", "1: x\ntrue: y", "a: [", 'a: "\\q"'])
def test_a_mistake_is_named_with_its_line(text: str) -> None:
    with pytest.raises(MarkedYAMLError) as raised:
        yaml_files.load(text)

    assert raised.value.problem_mark is not None
