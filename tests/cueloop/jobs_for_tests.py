"""Jobs that the tests of the queue enqueue; a worker imports them by name."""

from pathlib import Path

from cueloop.errors import ModelError


def append(path: str, line: str, wait_for: str = "") -> dict:
    """Write a line; first wait until a file appears, where one is named."""
    import time

    if wait_for:
        Path(path + ".started").touch()
    while wait_for and not Path(wait_for).exists():
        time.sleep(0.02)
    with Path(path).open("a") as file:
        file.write(line + "\n")
    return {"wrote": line}


def refuse(_path: str) -> None:
    """Fail for a reason that no second attempt will change."""
    raise ModelError("Only one class: label more.")


def die(path: str) -> None:
    """End the worker's process in the middle of the job."""
    import os

    Path(path + ".started").touch()
    os._exit(1)


def endless(path: str, final: bool = False) -> None:
    """Work until cancelled, without ever saying how far it is; with `final` it is soon too late for that."""
    import time

    from cueloop.cancelling import no_way_back

    if final:
        no_way_back()
    Path(path + ".started").touch()
    while not (final and Path(path + ".go").exists()):
        time.sleep(0.02)
    Path(path).write_text("done")


def counting(path: str) -> None:
    """Work until cancelled, saying how far it is."""
    import time

    from cueloop.queue import progress

    for number in range(10_000):
        progress(number, 10_000, "counting")
        Path(path + ".started").touch()
        time.sleep(0.02)
