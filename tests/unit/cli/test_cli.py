"""The command line: quick to start, in two languages, sentences instead of stack traces."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from pipelines import cli, street
from pipelines.texts import has_text

HEAVY = {"polars", "duckdb", "pyarrow", "dbt", "dagster", "great_expectations", "streamlit", "pandas", "openpyxl"}


def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Run the command line in this process; its exit code and what it printed."""
    monkeypatch.setattr(sys, "argv", ["market-ledger", *words])
    monkeypatch.setattr(cli, "session", cli.Session())
    with pytest.raises(SystemExit) as end:
        cli.main()
    printed = capsys.readouterr()
    return int(end.value.code or 0), printed.out, printed.err


def test_starting_imports_nothing_heavy() -> None:
    program = "import pipelines.cli, sys; print(sorted(set(sys.modules)))"
    loaded = ast.literal_eval(
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    )
    assert not HEAVY & set(loaded)


@pytest.mark.parametrize(("language", "word"), [("zh", "发布"), ("en", "publish")])
def test_help_speaks_both_languages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], language: str, word: str
) -> None:
    monkeypatch.setenv("MARKET_LEDGER_LANGUAGE", language)
    code, out, _ = call(monkeypatch, capsys, "--help")
    assert code == 0
    assert word in out
    assert "commands." not in out, "no key of the strings file is shown as it is"


@pytest.mark.parametrize(
    "words",
    [
        ("summary",),
        ("sql", "select 1"),
        ("publish", "--rollback"),
        ("summary", "2026-13"),
        ("run", "--as-of", "soon"),
        ("status", "--lang", "fr"),
        ("check", "--landing", "/nowhere"),
        ("template", "weather"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_persons_mistake_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    words: tuple[str, ...],
    language: str,
) -> None:
    monkeypatch.setenv("MARKET_LEDGER_LANGUAGE", language)
    code, out, err = call(monkeypatch, capsys, "--data", str(tmp_path), *words)
    assert code == 2
    assert "Traceback" not in out + err
    assert err.strip()
    assert any("\u4e00" <= character <= "\u9fff" for character in err) == (language == "zh")


@pytest.mark.parametrize(("language", "words"), [("en", "Raise `memory_limit`"), ("zh", "调高 `memory_limit`")])
def test_too_little_memory_is_said_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, language: str, words: str
) -> None:
    def hungry(*arguments: object, **named: object) -> None:
        # A limit in which nothing fits; without a folder to spill into.
        with duckdb.connect(config={"memory_limit": "1MB", "temp_directory": ""}) as connection:
            connection.execute("create table wide as select range as number from range(10_000_000)")

    monkeypatch.setattr(street, "run", hungry)
    code, _, said = call(monkeypatch, capsys, "--data", str(tmp_path), "run", "--lang", language)
    assert code == 2
    assert words in said
    assert "Out of Memory Error" in said
    assert "Traceback" not in said


def test_status_of_an_empty_folder_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = call(monkeypatch, capsys, "--data", str(tmp_path), "status", "--lang", "en")
    assert code == 0
    assert "Nothing is published yet" in out
    assert "run --samples" in out


def test_a_failed_check_is_worth_what_its_severity_and_waiver_say() -> None:
    def check(passed: bool, severity: str, waived_by: str | None) -> object:
        return SimpleNamespace(passed=passed, severity=severity, waived_by=waived_by)

    assert cli.verdict(check(True, "critical", None)) == "passed"  # type: ignore[arg-type]
    assert cli.verdict(check(False, "critical", None)) == "failed"  # type: ignore[arg-type]
    assert cli.verdict(check(False, "critical", "finance")) == "waived"  # type: ignore[arg-type]
    assert cli.verdict(check(False, "warning", None)) == "warning"  # type: ignore[arg-type]


def test_every_text_that_the_code_names_is_there() -> None:
    """Keys that are written out in the code: say("…"), text("…"), MarketLedgerError("…"), help="…"."""
    root = Path(cli.__file__).parent
    missing = []
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            missing += [
                (file.name, key)
                for key in _named_texts(node)
                for language in ("zh", "en")
                if not has_text(key, language)
            ]
    assert not missing


def _named_texts(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Call):
        return []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    if name in ("MarketLedgerError", "SettingsError") and isinstance(first, str):
        return [f"errors.{first}"]
    owner = node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else ""
    if owner == "console" and name in ("say", "text") and isinstance(first, str):
        return [f"cli.{first}"]
    return []


@pytest.mark.parametrize("words", [("status", "--data", "{}"), ("--data", "{}", "status"), ("status", "--data={}")])
def test_the_data_folder_may_be_named_anywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, out, _ = call(monkeypatch, capsys, *[word.format(tmp_path / "elsewhere") for word in words])
    assert code == 0
    assert str(tmp_path / "elsewhere" / "landing") in out


def test_a_run_says_what_is_wrong_with_a_delivery_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    from pipelines.console import Console

    unknown = (
        '[{"code": "unknown_column_with_proposal", "column": "日", "source": "visits", "proposal": "visited_date"}]'
    )
    counts = {"rows_read": 2, "rows_accepted": 0, "rows_rejected": 0, "rows_waiting": 2}
    waiting = SimpleNamespace(
        file_name="三月.zip", member="成都/登记.xlsx", sheet="3月", source="visits", status="waiting", problems=unknown,
        **counts,
    )  # fmt: skip
    taken = SimpleNamespace(**vars(waiting) | {"status": "accepted", "problems": "[]", "file_name": "好的.xlsx"})
    assert cli.show_receipts(Console("zh"), [waiting, taken], all_of_them=False) == 1
    printed = capsys.readouterr().out
    assert "三月.zip › 成都/登记.xlsx › 3月" in printed
    assert "“日”" in printed
    assert "visited_date" in printed
    assert "好的.xlsx" not in printed


@pytest.mark.parametrize("query", ["", "  ", "-- only a remark"])
def test_a_query_of_nothing_is_a_persons_mistake(query: str) -> None:
    import duckdb

    from pipelines.errors import MarketLedgerError
    from pipelines.published import ask

    with duckdb.connect() as connection, pytest.raises(MarketLedgerError) as error:
        ask(connection, query)
    assert "SELECT" in error.value.message("en")


def test_a_section_is_held_back_by_a_check_in_words() -> None:
    check = SimpleNamespace(
        check_id="sales.mostly_accepted", target="sales", label_zh="退回的行不超过一半", label_en="At most half"
    )
    assert cli.check_in_words([check], "sales.mostly_accepted", "zh") == "sales: 退回的行不超过一半"
    assert cli.check_in_words([check], "sales.another", "en") == "sales.another"


def test_where_figures_end_before_the_newest_month_the_last_ones_are_shown() -> None:
    import duckdb

    from pipelines.published import newest_month

    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE publication AS SELECT 7 AS version, TIMESTAMP '2026-11-02' AS as_of, DATE '2026-10-01' AS"
            " newest_complete_month, TIMESTAMP '2026-11-02' AS published_at, '' AS company_zh, '' AS company_en,"
            " 'CNY' AS currency"
        )
        connection.execute("CREATE TABLE rpt_monthly_summary (month_start DATE)")
        assert str(newest_month(connection)) == "2026-10-01"
        connection.execute("INSERT INTO rpt_monthly_summary VALUES (DATE '2026-03-01'), (DATE '2026-04-01')")
        assert str(newest_month(connection)) == "2026-04-01"
        connection.execute("INSERT INTO rpt_monthly_summary VALUES (DATE '2026-11-01')")
        assert str(newest_month(connection)) == "2026-04-01"
