"""Starting the two user interfaces on a data folder; this process becomes theirs.

Belongs here: their command lines. Not here: what they show (dashboards/, pipelines/defs/).
"""

from __future__ import annotations

import os
import shutil
import sys

from pipelines.settings import Settings, child_environment


def open_dashboard(settings: Settings, host: str, port: int, with_contacts: bool) -> None:
    """The dashboard, which reads only what is published and picks up a new version by itself.

    `with_contacts` lets whoever opens it see and mark the action list with names and numbers.
    """
    app = settings.project_dir / "dashboards" / "app.py"
    command = ["streamlit", "run", str(app), "--server.address", host, "--server.port", str(port)]
    _become(settings, command, MARKET_LEDGER_SHOW_CONTACTS="1" if with_contacts else "")


def open_dagster(settings: Settings, port: int) -> None:
    """Dagster with its history in the data folder, so that runs and schedules outlive the terminal."""
    home = settings.data_dir / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    instance = home / "dagster.yaml"
    if not instance.exists():
        shutil.copyfile(settings.project_dir / "pipelines" / "defs" / "dagster.yaml", instance)
    command = ["dagster", "dev", "-m", "pipelines.definitions", "--port", str(port)]
    _become(settings, command, DAGSTER_HOME=str(home))


def _become(settings: Settings, module: list[str], **variables: str) -> None:
    os.chdir(settings.project_dir)
    os.execve(sys.executable, [sys.executable, "-m", *module], child_environment(settings, **variables))
