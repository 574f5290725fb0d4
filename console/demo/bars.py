"""What the demo says while it works: a line for each step, bars for what takes a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Bars:
    """Progress for a person. In a file or a pipe the bars stay away and the lines remain."""

    def __init__(self, console: Console) -> None:
        """Write to this console."""
        self.console = console

    def say(self, line: str) -> None:
        """One line."""
        self.console.print(line, highlight=False, soft_wrap=True)

    @contextmanager
    def bars(self, **totals: int) -> Iterator[Callable[[str, int], None]]:
        """Bars of these names (underscores show as blanks); the callable sets how far one is."""
        columns = (TextColumn("{task.description:>28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            known = {name: progress.add_task(name.replace("_", " "), total=total) for name, total in totals.items()}
            yield lambda name, done: progress.update(known[name], completed=done)
