"""Runs the street in forked processes: the slow imports are paid once, and each run can be killed as a process.

Belongs here: what happens inside the process that forks and inside its children. Not here: what is run and when it is
killed (runs.py). Started as a script with the number of the pipe for events; reads one request a line from standard
input; each run tells on the pipe its process, every step that it reaches, and how it ended.

Nothing may have started threads before the fork: the libraries are imported here and used in the children only.
The worker of the gates is forked too. In the product it starts from nothing, which costs seconds and changes no result.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Tell = Callable[..., None]


def import_what_is_slow() -> None:
    """Everything that a run imports late."""
    import great_expectations  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import pipelines.gates
    import pipelines.intake.deliver
    import pipelines.warehouse.publish  # noqa: F401


def carry_out(request: dict[str, Any], tell: Tell) -> None:
    from pipelines import street
    from pipelines.settings import load_settings
    from pipelines.warehouse.dbt import parsed_project

    settings = load_settings(Path(request["data"]))
    match request["what"]:
        case "parse":
            parsed_project(settings)
        case "run":
            street.run(settings, datetime.fromisoformat(request["as_of"]), tell)
        case "publish":
            street.publish_again(settings, tell)


def fork(request: dict[str, Any], events: int) -> None:
    begun = time.monotonic()

    def tell(*what: object) -> None:
        os.write(events, (json.dumps([round(time.monotonic() - begun, 3), *what]) + "\n").encode())

    child = os.fork()
    if child == 0:
        status = 1
        try:
            tell("begun", os.getpid())
            carry_out(request, tell)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    tell("ended", os.waitstatus_to_exitcode(status))


def main(events: int) -> None:
    import_what_is_slow()
    logging.disable(logging.INFO)
    forking = multiprocessing.get_context("fork")
    multiprocessing.get_context = lambda method=None: forking  # type: ignore[assignment]
    for line in sys.stdin:
        fork(json.loads(line), events)


if __name__ == "__main__":
    main(int(sys.argv[1]))
