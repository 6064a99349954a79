"""Where things lie and how this company wants them read: the only reader of the environment.

Belongs here: the data folder's layout, company.yml and the MARKET_LEDGER_* variables, checked once, with
errors that name the file and line. Not here: anything that writes, and rules of the business (seeds).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipelines.errors import SettingsError

PROJECT_DIR = Path(__file__).resolve().parent.parent
LANGUAGES = ("zh", "en")
DATE_ORDERS = ("ymd", "dmy", "mdy")
ENGINES = ("duckdb", "spark")
COMPANY_KEYS = (
    "name",
    "time_zone",
    "language",
    "currency",
    "date_order",
    "keep_publications",
    "as_of",
    "memory_limit",
    "spill_folder",
    "engine",
    "spark_remote",
    "one_person_may_close",
)


@dataclass(frozen=True)
class Settings:
    """One company's data folder and the project that reads it."""

    data_dir: Path
    key_file: Path
    project_dir: Path = PROJECT_DIR
    contract_folders: tuple[Path, ...] = (PROJECT_DIR / "pipelines" / "contracts",)
    dbt_project_dir: Path = PROJECT_DIR / "dbt_project"
    expectations_dir: Path = PROJECT_DIR / "expectations"
    time_zone: str = "Asia/Shanghai"
    language: str = "zh"
    currency: str = "CNY"
    company_name: Mapping[str, str] = field(default_factory=lambda: {"zh": "本公司", "en": "This company"})
    date_order: str = "ymd"
    keep_publications: int = 5
    # The moment that figures are computed for, UTC naive; None is the moment of the run. A sample company
    # fixes it in its company.yml, so that its figures are the same on every machine and day.
    as_of: datetime | None = None
    # Whether the dashboard shows the action list with names and numbers, for those who do the work.
    shows_contacts: bool = False
    # Whether one employee may prepare, check and approve a month. Else it takes three.
    one_person_may_close: bool = False
    # What one process of a run may hold in memory; None is a quarter of the machine. What does not fit is spilled.
    memory_limit_bytes: int | None = None
    spill_folder: Path | None = None
    # What computes the tables, and where an existing Spark cluster is reached (sc://host:15002). None is the cluster
    # that `market-ledger cluster up` started for this folder.
    engine: str = "duckdb"
    spark_remote: str | None = None

    @property
    def company_file(self) -> Path:
        return self.data_dir / "company.yml"

    @property
    def key_id_file(self) -> Path:
        """Names the key of this folder, so that a folder that is moved keeps its key."""
        return self.data_dir / "key_id"

    @property
    def landing(self) -> Path:
        return self.data_dir / "landing"

    @property
    def mappings(self) -> Path:
        return self.data_dir / "mappings"

    @property
    def rules(self) -> Path:
        return self.data_dir / "rules"

    @property
    def waivers_file(self) -> Path:
        return self.data_dir / "waivers.yml"

    @property
    def originals(self) -> Path:
        return self.data_dir / "originals"

    @property
    def lake(self) -> Path:
        return self.data_dir / "lake"

    @property
    def action_marks(self) -> Path:
        """What people said of actions: done, or open again."""
        return self.lake / "action_marks"

    @property
    def closing_marks(self) -> Path:
        """What people said of months: prepared, checked, approved, reopened, and their comments."""
        return self.lake / "closing_marks"

    @property
    def closed_figures(self) -> Path:
        """The figures of each closing, as they were approved."""
        return self.lake / "closed_figures"

    @property
    def sent_notifications(self) -> Path:
        """Who was told what, and when."""
        return self.lake / "notifications"

    @property
    def notifications_file(self) -> Path:
        """Addresses with passwords: mode 0600."""
        return self.data_dir / "notifications.yml"

    @property
    def quarantine(self) -> Path:
        return self.data_dir / "quarantine"

    @property
    def vault(self) -> Path:
        return self.data_dir / "vault"

    @property
    def warehouse(self) -> Path:
        return self.data_dir / "warehouse"

    @property
    def warehouse_file(self) -> Path:
        return self.warehouse / "warehouse.duckdb"

    @property
    def estimates(self) -> Path:
        """Rows on their way from an estimate into the warehouse."""
        return self.warehouse / "estimates"

    @property
    def published(self) -> Path:
        return self.data_dir / "published"

    @property
    def returns(self) -> Path:
        return self.data_dir / "returns"

    @property
    def templates(self) -> Path:
        return self.data_dir / "templates"

    @property
    def samples(self) -> Path:
        """The committed sample deliveries of the project."""
        return self.project_dir / "data" / "samples"

    def database_config(self, share: float = 1.0) -> dict[str, str]:
        """How a database that computes is opened: its part of the memory limit, where it spills what is more, and its
        threads where they are bounded.
        """
        from pipelines import memory

        limit = memory.database_bytes(int(self._memory_bytes() * share))
        spill = self.spill_folder or self.warehouse / "spill"
        threads = {"threads": "1"} if self.is_memory_scarce else {}
        return {"memory_limit": f"{limit // 2**20}MiB", "temp_directory": str(spill), **threads}

    @property
    def is_memory_scarce(self) -> bool:
        """Whether a run does one thing at a time to keep within its memory."""
        from pipelines import memory

        return self._memory_bytes() < memory.SCARCE_BYTES

    def _memory_bytes(self) -> int:
        from pipelines import memory

        return self.memory_limit_bytes or memory.default_limit_bytes()

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def moment(self, as_of: datetime | None = None) -> datetime:
        """The as_of of a run, UTC naive and to the second: the one asked for, the company's own, or now."""
        chosen = as_of or self.as_of or datetime.now(UTC).replace(tzinfo=None)
        return chosen.replace(microsecond=0)


def load_settings(data_dir: Path | None = None) -> Settings:
    """Read company.yml and the environment. An argument wins over a variable, a variable over company.yml."""
    environment = os.environ
    folder = Path(data_dir or environment.get("MARKET_LEDGER_DATA") or PROJECT_DIR / "data").expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise SettingsError("data_folder_is_a_file", folder)
    company = _read_company(folder / "company.yml")
    if language := environment.get("MARKET_LEDGER_LANGUAGE"):
        company["language"] = _one_of(language, LANGUAGES, "language", "MARKET_LEDGER_LANGUAGE", None)
    if moment := environment.get("MARKET_LEDGER_AS_OF"):
        zone = company.get("time_zone", Settings.time_zone)
        company["as_of"] = parse_moment(moment, zone, "MARKET_LEDGER_AS_OF", None)
    if size := environment.get("MARKET_LEDGER_MEMORY_LIMIT"):
        company["memory_limit_bytes"] = _memory_limit("MARKET_LEDGER_MEMORY_LIMIT", None, size)
    if spill := environment.get("MARKET_LEDGER_SPILL_FOLDER"):
        company["spill_folder"] = Path(spill).expanduser().resolve()
    if engine := environment.get("MARKET_LEDGER_ENGINE"):
        company["engine"] = _one_of(engine, ENGINES, "engine", "MARKET_LEDGER_ENGINE", None)
    company["shows_contacts"] = bool(environment.get("MARKET_LEDGER_SHOW_CONTACTS"))
    if remote := environment.get("MARKET_LEDGER_SPARK_REMOTE"):
        company["spark_remote"] = _spark_remote("MARKET_LEDGER_SPARK_REMOTE", None, remote)
    return Settings(
        data_dir=folder,
        key_file=_key_file(folder, environment),
        contract_folders=_contract_folders(folder, environment),
        dbt_project_dir=_folder(environment, "MARKET_LEDGER_DBT_PROJECT", PROJECT_DIR / "dbt_project"),
        expectations_dir=_folder(environment, "MARKET_LEDGER_EXPECTATIONS", PROJECT_DIR / "expectations"),
        **company,
    )


def display_language() -> str:
    """The language before a company is known: the variable's, else the terminal's."""
    environment = os.environ
    if (named := environment.get("MARKET_LEDGER_LANGUAGE")) in LANGUAGES:
        return str(named)
    terminal = environment.get("LC_ALL") or environment.get("LC_MESSAGES") or environment.get("LANG") or ""
    return "zh" if terminal.lower().startswith("zh") else "en"


def one_of_languages(language: str) -> str:
    """The language asked for on the command line."""
    return _one_of(language, LANGUAGES, "lang", "--lang", None)


def child_environment(settings: Settings, **more: str) -> dict[str, str]:
    """The environment of a program started for this data folder."""
    return {**os.environ, "MARKET_LEDGER_DATA": str(settings.data_dir), **more}


def parse_moment(value: object, time_zone: str, place: str | Path = "--as-of", line: int | None = None) -> datetime:
    """A moment written as a date (its last second), a local time or a time with an offset -> UTC naive."""
    try:
        if isinstance(value, str):
            is_date = len(value.strip()) == len("2024-01-31")
            value = date.fromisoformat(value.strip()) if is_date else datetime.fromisoformat(value.strip())
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time(23, 59, 59))
        if not isinstance(value, datetime):
            raise TypeError(value)
    except (ValueError, TypeError):
        raise SettingsError("moment_unreadable", place, line, value=str(value)) from None
    local = value if value.tzinfo else value.replace(tzinfo=ZoneInfo(time_zone))
    return local.astimezone(UTC).replace(tzinfo=None)


def _key_file(folder: Path, environment: Mapping[str, str]) -> Path:
    """The key stands outside the data folder, so that a copy of the folder does not carry it.

    A folder without a key_id yet gets an id from its own path: the first run writes it down.
    """
    if named := environment.get("MARKET_LEDGER_KEY_FILE"):
        return Path(named).expanduser().resolve()
    id_file = folder / "key_id"
    key_id = id_file.read_text("utf-8").strip() if id_file.is_file() else ""
    if not key_id:
        key_id = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    elif not key_id.replace("-", "").isalnum():
        raise SettingsError("key_id_unreadable", id_file, 1)
    base = Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "market-ledger" / "keys" / f"{key_id}.key"


def _contract_folders(folder: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The project's contracts, then the company's own; a variable names others, separated as in PATH."""
    if named := environment.get("MARKET_LEDGER_CONTRACTS"):
        folders = [Path(part).expanduser().resolve() for part in named.split(os.pathsep) if part]
    else:
        folders = [PROJECT_DIR / "pipelines" / "contracts"]
    own = folder / "contracts"
    return (*folders, own) if own.is_dir() else tuple(folders)


def _folder(environment: Mapping[str, str], variable: str, default: Path) -> Path:
    chosen = Path(environment.get(variable) or default).expanduser().resolve()
    if variable in environment and not chosen.is_dir():
        raise SettingsError("folder_missing", variable, folder=str(chosen))
    return chosen


def _read_company(path: Path) -> dict[str, Any]:
    """The checked values of company.yml as arguments of Settings; an absent file means the defaults."""
    if not path.is_file():
        return {}
    document = _load_yaml(path)
    lines = {key: position[0] + 1 for key, position in (document.lc.data or {}).items()}
    for key in document:
        if key not in COMPANY_KEYS:
            raise SettingsError(
                "company_key_unknown", path, lines.get(key), name=str(key), known=", ".join(COMPANY_KEYS)
            )
    checked: dict[str, Any] = {}
    for key, value in document.items():
        checked.update(_company_value(path, lines.get(key), key, value))
    if "as_of" in document:
        zone = checked.get("time_zone", Settings.time_zone)
        checked["as_of"] = parse_moment(document["as_of"], zone, path, lines.get("as_of"))
    return checked


def _company_value(path: Path, line: int | None, key: str, value: Any) -> dict[str, Any]:
    match key:
        case "name":
            names = {"zh": value, "en": value} if isinstance(value, str) else value
            if not isinstance(names, dict) or not all(isinstance(names.get(each), str) for each in LANGUAGES):
                raise SettingsError("company_name_unreadable", path, line)
            return {"company_name": {each: str(names[each]) for each in LANGUAGES}}
        case "time_zone":
            return {"time_zone": _time_zone(path, line, value)}
        case "language":
            return {"language": _one_of(value, LANGUAGES, key, path, line)}
        case "date_order":
            return {"date_order": _one_of(value, DATE_ORDERS, key, path, line)}
        case "currency":
            if not (isinstance(value, str) and len(value) == 3 and value.isupper()):
                raise SettingsError("currency_unreadable", path, line, value=str(value))
            return {"currency": value}
        case "keep_publications":
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
                raise SettingsError("keep_publications_unreadable", path, line, value=str(value))
            return {"keep_publications": value}
        case "one_person_may_close":
            if not isinstance(value, bool):
                raise SettingsError("one_person_may_close_unreadable", path, line, value=str(value))
            return {"one_person_may_close": value}
        case "memory_limit":
            return {"memory_limit_bytes": _memory_limit(path, line, value)}
        case "spill_folder":
            return {"spill_folder": (path.parent / str(value)).expanduser().resolve()}
        case "engine":
            return {"engine": _one_of(value, ENGINES, key, path, line)}
        case "spark_remote":
            return {"spark_remote": _spark_remote(path, line, value)}
    return {}


def _spark_remote(place: str | Path, line: int | None, value: Any) -> str:
    if not re.fullmatch(r"sc://[^/\s]+(/\S*)?", str(value)):
        raise SettingsError("spark_remote_unreadable", place, line, value=str(value))
    return str(value)


def _memory_limit(place: str | Path, line: int | None, value: Any) -> int:
    from pipelines import memory

    try:
        limit = memory.parse_size(str(value))
    except ValueError:
        raise SettingsError("memory_limit_unreadable", place, line, value=str(value)) from None
    if limit < memory.LEAST_BYTES:
        least = memory.LEAST_BYTES // memory.MEGABYTE
        raise SettingsError("memory_limit_too_low", place, line, value=str(value), least=f"{least}MB")
    return limit


def _time_zone(path: Path, line: int | None, value: Any) -> str:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingsError("time_zone_unknown", path, line, value=str(value)) from None
    return str(value)


def _one_of(value: Any, known: tuple[str, ...], name: str, place: str | Path, line: int | None) -> str:
    if value not in known:
        raise SettingsError("value_not_known", place, line, name=name, value=str(value), known=", ".join(known))
    return str(value)


def _load_yaml(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import MarkedYAMLError

    try:
        document = YAML(typ="rt").load(path.read_text("utf-8-sig"))
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise SettingsError("yaml_broken", path, mark.line + 1 if mark else None, problem=str(error.problem)) from None
    except UnicodeDecodeError:
        raise SettingsError("yaml_not_utf8", path) from None
    if document is None:
        return CommentedMap()
    if not isinstance(document, CommentedMap):
        raise SettingsError("company_not_a_mapping", path, 1)
    return document
