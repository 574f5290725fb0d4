"""Libraries of which another release may answer otherwise: what a version was made with, and what is installed.

Our own kinds keep numbers in files of a numbered format and read them with code of our own, so they answer the same
under any release of scikit-learn. What is said here is for models that a library reads by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version

from cueloop.errors import ModelError

PICKLED = {"scikit-learn": b"sklearn", "lightgbm": b"lightgbm", "xgboost": b"xgboost"}
"""{distribution: name of its package in a pickle} of libraries whose pickles another release may read wrongly."""
HEAD = 2**20
"""Bytes of a pickle that are searched: classes are named early."""


def pickled(files: Mapping[str, bytes]) -> dict[str, str]:
    """{distribution: release} of the libraries whose objects are pickled in the files of a team's class.

    Nothing is unpickled: the names of their packages stand in a pickle as they are. Compressed ones are passed over.
    """
    heads = [content[:HEAD] for content in files.values() if content[:1] == b"\x80"]
    return installed(name for name, package in PICKLED.items() if any(package in head for head in heads))


def installed(names: Iterable[str]) -> dict[str, str]:
    """{distribution: release} of those that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def check(what: str, made_with: Mapping[str, str]) -> None:
    """Raises ModelError when a library of that minor release is not installed. `what` names the model."""
    here = installed(made_with)
    wrong = [f"{name} {release} ({f'{here[name]} is' if name in here else 'it is not'} installed)"
             for name, release in made_with.items() if name not in here or _minor(here[name]) != _minor(release)]
    if wrong:
        needed = " ".join(f"{name}~={_minor(made_with[name])}.0" for name in sorted(made_with) if name not in here
                          or _minor(here[name]) != _minor(made_with[name]))
        raise ModelError(f"{what} was made with {', '.join(wrong)} and is not loaded: another release may answer "
                         f"otherwise. Install it (pip install {needed}), train again, or roll back.")


def _minor(release: str) -> str:
    return ".".join(release.split(".")[:2])
