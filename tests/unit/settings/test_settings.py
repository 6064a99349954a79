"""company.yml and the environment: what wins, and errors that name the line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from pipelines import memory
from pipelines import settings as module
from pipelines.errors import MarketLedgerError
from pipelines.settings import Settings, load_settings, parse_moment


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DATA",
        "LANGUAGE",
        "AS_OF",
        "CONTRACTS",
        "DBT_PROJECT",
        "EXPECTATIONS",
        "KEY_FILE",
        "MEMORY_LIMIT",
        "ENGINE",
    ):
        monkeypatch.delenv(f"MARKET_LEDGER_{name}", raising=False)


def write(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "company.yml").write_text(content, "utf-8")
    return folder


def test_an_empty_folder_gets_the_defaults(tmp_path: Path) -> None:
    found = load_settings(tmp_path)
    assert (found.language, found.time_zone, found.currency, found.keep_publications) == (
        "zh",
        "Asia/Shanghai",
        "CNY",
        5,
    )
    assert found.landing == tmp_path / "landing"
    assert not list(tmp_path.iterdir()), "reading settings writes nothing"


def test_company_yml_is_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        "name: {zh: 星河, en: Xinghe}\ntime_zone: Europe/Paris\nlanguage: en\ncurrency: EUR\n"
        "date_order: dmy\nkeep_publications: 2\nas_of: 2026-11-02T09:00\n",
    )
    found = load_settings(tmp_path)
    assert found.company_name == {"zh": "星河", "en": "Xinghe"}
    assert (found.date_order, found.keep_publications, found.currency) == ("dmy", 2, "EUR")
    assert found.as_of == datetime(2026, 11, 2, 8, 0), "a time without an offset is the company's local time"
    assert found.moment() == found.as_of


@pytest.mark.parametrize(
    ("content", "key", "line"),
    [
        ("language: en\nlanguages: zh\n", "company_key_unknown", 2),
        ("# company\n\nlanguage: fr\n", "value_not_known", 3),
        ("time_zone: Mars/Olympus\n", "time_zone_unknown", 1),
        ("time_zone: ../../etc/passwd\n", "time_zone_unknown", 1),
        ("name: {zh: 星河}\n", "company_name_unreadable", 1),
        ("name: x\ncurrency: yuan\n", "currency_unreadable", 2),
        ("name: x\none_person_may_close: perhaps\n", "one_person_may_close_unreadable", 2),
        ("keep_publications: 0\n", "keep_publications_unreadable", 1),
        ("keep_publications: yes\n", "keep_publications_unreadable", 1),
        ("as_of: yesterday\n", "moment_unreadable", 1),
        ("name: x\nmemory_limit: plenty\n", "memory_limit_unreadable", 2),
        ("memory_limit: 64MB\n", "memory_limit_too_low", 1),
        ("engine: hadoop\n", "value_not_known", 1),
        ("engine: spark\nspark_remote: spark://host:7077\n", "spark_remote_unreadable", 2),
        ("date_order: myd\n", "value_not_known", 1),
        ("- a\n- b\n", "company_not_a_mapping", 1),
        ("name: [unclosed\nlanguage: en\n", "yaml_broken", 2),
    ],
)
def test_a_mistake_names_the_file_and_line(tmp_path: Path, content: str, key: str, line: int) -> None:
    write(tmp_path, content)
    with pytest.raises(MarketLedgerError) as error:
        load_settings(tmp_path)
    assert error.value.key == key
    for language in ("zh", "en"):
        assert f"company.yml:{line}" in error.value.message(language)


def test_a_variable_wins_over_company_yml_and_an_argument_over_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "named", "language: zh\n")
    monkeypatch.setenv("MARKET_LEDGER_LANGUAGE", "en")
    monkeypatch.setenv("MARKET_LEDGER_DATA", str(tmp_path / "other"))
    assert load_settings().data_dir == tmp_path / "other"
    found = load_settings(tmp_path / "named")
    assert (found.data_dir, found.language) == (tmp_path / "named", "en")


def test_a_file_is_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(MarketLedgerError) as error:
        load_settings(tmp_path / "data")
    assert error.value.key == "data_folder_is_a_file"


def test_the_key_lies_outside_the_folder_and_follows_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    data = tmp_path / "data"
    before = load_settings(data).key_file
    assert before.parent == tmp_path / "config" / "market-ledger" / "keys"
    data.mkdir()
    (data / "key_id").write_text("company-7\n")
    assert load_settings(data).key_file.name == "company-7.key"
    (data / "key_id").write_text("../../elsewhere")
    with pytest.raises(MarketLedgerError) as error:
        load_settings(data)
    assert error.value.key == "key_id_unreadable"


def test_the_companys_own_contracts_come_after_the_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "contracts").mkdir()
    assert load_settings(tmp_path).contract_folders == (
        module.PROJECT_DIR / "pipelines" / "contracts",
        tmp_path / "contracts",
    )


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-10-31", datetime(2026, 10, 31, 15, 59, 59)),
        ("2026-10-31T09:00", datetime(2026, 10, 31, 1, 0)),
        ("2026-10-31T09:00+02:00", datetime(2026, 10, 31, 7, 0)),
        ("2026-10-31 09:00:30", datetime(2026, 10, 31, 1, 0, 30)),
    ],
)
def test_moments(written: str, utc: datetime) -> None:
    assert parse_moment(written, "Asia/Shanghai") == utc


def test_a_run_without_as_of_is_as_of_now(tmp_path: Path) -> None:
    found = Settings(data_dir=tmp_path, key_file=tmp_path / "key")
    assert found.as_of is None
    assert found.moment().microsecond == 0
    assert found.moment(datetime(2026, 1, 1)) == datetime(2026, 1, 1)


@pytest.mark.parametrize(("terminal", "language"), [("zh_CN.UTF-8", "zh"), ("C.UTF-8", "en"), ("", "en")])
def test_help_speaks_the_terminals_language(monkeypatch: pytest.MonkeyPatch, terminal: str, language: str) -> None:
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    monkeypatch.setenv("LANG", terminal)
    assert module.display_language() == language


def test_a_memory_limit_leaves_room_for_the_interpreter_and_names_the_spill_folder(tmp_path: Path) -> None:
    write(tmp_path, "memory_limit: 2 GB\nspill_folder: fast_disk\n")
    found = load_settings(tmp_path)
    assert found.memory_limit_bytes == 2 * 10**9
    config = found.database_config()
    assert config["temp_directory"] == str(tmp_path / "fast_disk")
    # The interpreter takes 450 MB of it; of the other 1,550 the database may count 1,192, for it holds 1.3 times that.
    assert config["memory_limit"] == f"{int(1_550 * 10**6 / 1.3) // 2**20}MiB" == "1137MiB"


@pytest.mark.parametrize(("limit", "threads"), [("800MB", "1"), ("1.4GB", "1"), ("1.5GB", None), ("8GB", None)])
def test_where_memory_is_scarce_one_thread_works(tmp_path: Path, limit: str, threads: str | None) -> None:
    write(tmp_path, f"memory_limit: {limit}\n")
    found = load_settings(tmp_path)
    assert found.is_memory_scarce is bool(threads)
    assert found.database_config().get("threads") == threads


def test_without_a_limit_a_database_gets_a_share_of_the_machine(tmp_path: Path) -> None:
    config = load_settings(tmp_path).database_config()
    megabytes = int(config["memory_limit"].removesuffix("MiB"))
    assert 256 * 10**6 // 2**20 <= megabytes < memory.machine_bytes() // 2**20
    assert config["temp_directory"] == str(tmp_path / "warehouse" / "spill")


@pytest.mark.parametrize(("text", "size"), [("800MB", 800 * 10**6), ("1.5 gb", 1_500_000_000), ("2GiB", 2 * 2**30)])
def test_a_size_is_read_as_people_write_it(text: str, size: int) -> None:
    assert memory.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "2", "GB", "-1GB", "2 kilos"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        memory.parse_size(text)


def test_the_engine_is_a_setting_that_a_variable_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "engine: spark\nspark_remote: sc://cluster.example:15002\n")
    found = load_settings(tmp_path)
    assert (found.engine, found.spark_remote) == ("spark", "sc://cluster.example:15002")
    monkeypatch.setenv("MARKET_LEDGER_ENGINE", "duckdb")
    assert load_settings(tmp_path).engine == "duckdb"
