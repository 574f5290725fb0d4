"""A bar in the terminal for what takes minutes. Nothing where nobody looks: no terminal, no bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Tell = Callable[[int, int, str], None]
"""(done, total, what is being done)."""


@contextmanager
def bar(title: str) -> Iterator[Tell]:
    """A bar on standard error while the block runs; what it gives is told how far the work is."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    shown = Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
                     console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with shown:
        task = shown.add_task(title, total=None)

        def tell(done: int, total: int, what: str) -> None:
            shown.update(task, completed=done, total=total or None, description=f"{title}: {what}" if what else title)

        yield tell
