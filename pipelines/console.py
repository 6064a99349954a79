"""How the command line shows things: sentences, tables, bars with counts; plain lines where nobody watches.

Belongs here: everything that prints. Not here: what is printed (texts in pipelines/strings) and any work.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.errors import MarketLedgerError
from pipelines.progress import Progress
from pipelines.texts import text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from rich.console import Console as RichConsole


ROWS_SHOWN = 100
PIPE_WIDTH = 160


class Console:
    """One command's output, in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    @property
    def out(self) -> RichConsole:
        from rich.console import Console as RichConsole

        # A pipe or a log has no width of its own: wide enough that no cell is broken.
        return RichConsole(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)

    def text(self, key: str, **params: object) -> str:
        return text(f"cli.{key}", self.language, **params)

    def words(self, key: str, **params: object) -> str:
        """A text that another part of the project owns."""
        return text(key, self.language, **params)

    def say(self, key: str, style: str = "", **params: object) -> None:
        """One sentence of the strings file."""
        self.line(self.text(key, **params), style)

    def line(self, content: str = "", style: str = "") -> None:
        self.out.print(content, style=style, markup=False)

    def next_steps(self, *steps: str) -> None:
        """What to do now: commands or files, each already a sentence."""
        self.line()
        self.say("next", style="bold")
        for step in steps:
            self.line(f"  {step}")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
        """A small table; `right` are the columns that hold figures."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for index, heading in enumerate(headings):
            table.add_column(heading, justify="right" if index in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*[Text(cell) for cell in row])
        self.out.print(table, soft_wrap=False)

    def answer(self, connection: DuckDBPyConnection, query: str) -> None:
        """A query's result: a table for a person, CSV for a program."""
        import csv
        from itertools import islice

        from pipelines.published import ask

        names, rows = ask(connection, query)
        if not sys.stdout.isatty():
            writer = csv.writer(sys.stdout)
            writer.writerow(names)
            writer.writerows(rows)
            return
        shown = [["" if value is None else str(value) for value in row] for row in islice(rows, ROWS_SHOWN)]
        self.table(names, shown)
        if next(iter(rows), None) is not None:
            self.say("more_rows", shown=ROWS_SHOWN)

    def ask_until_end(self, connection: DuckDBPyConnection) -> None:
        """Queries typed at the terminal, each ended by a semicolon; a mistake in one does not end the talk."""
        typed = ""
        while True:
            try:
                line = input("> " if not typed else "… ")
            except EOFError:
                return
            if not line.strip() and not typed:
                return
            typed = f"{typed}\n{line}"
            if typed.rstrip().endswith(";"):
                try:
                    self.answer(connection, typed)
                except MarketLedgerError as error:
                    failure(error.message(self.language))
                typed = ""

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Bars with counts on a terminal; elsewhere one line as each part ends."""
        if not sys.stderr.isatty():
            yield self._plain_progress()
            return
        from rich.console import Console as RichConsole
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bars

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Bars(*columns, console=RichConsole(stderr=True)) as bars:
            tasks: dict[str, object] = {}

            def show(part: str, done: int, total: int | None) -> None:
                if part not in tasks:
                    tasks[part] = bars.add_task(self.text(f"parts.{part}"), total=total)
                bars.update(tasks[part], completed=done, total=total)  # type: ignore[arg-type]

            yield show

    def _plain_progress(self) -> Progress:
        finished: set[str] = set()

        def show(part: str, done: int, total: int | None) -> None:
            if total is not None and done >= total and part not in finished:
                finished.add(part)
                print(f"{self.text(f'parts.{part}')}: {done}/{total}", file=sys.stderr, flush=True)

        return show


def failure(message: str) -> None:
    """An error a person can mend: to standard error, without a stack trace."""
    from rich.console import Console as RichConsole

    RichConsole(stderr=True, highlight=False, soft_wrap=True).print(message, style="red", markup=False)
