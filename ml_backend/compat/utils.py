"""`label_studio_ml.utils` for a team's class: the small functions that model files import, of both generations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlparse

DATA_UNDEFINED_NAME = "$undefined$"
"""Key of a task's data where it was imported as a bare text."""
STORAGES = ("s3://", "gs://", "azure-blob://")
"""How addresses of cloud storage begin."""


def get_single_tag_keys(
    parsed_label_config: Mapping[str, Any], control_type: str, object_type: str,
) -> tuple[str, str, str, Any]:
    """(from_name, to_name, field, labels) of a config with one control of this type about one such object."""
    if len(parsed_label_config) != 1:
        raise AssertionError(f"The label config must have exactly one control, it has {len(parsed_label_config)}.")
    [(name, control)] = parsed_label_config.items()
    if control["type"] != control_type:
        raise AssertionError(f"The label config has a {control['type']}, this model needs a {control_type}.")
    if len(control["to_name"]) != 1 or [shown["type"] for shown in control["inputs"]] != [object_type]:
        raise AssertionError(f"Control {name} must be about one {object_type}.")
    return name, control["to_name"][0], control["inputs"][0]["value"], control["labels"]


def get_first_tag_keys(
    parsed_label_config: Mapping[str, Any], control_type: str, object_type: str,
) -> tuple[str, Any] | tuple[None, None]:
    """(name, control) of the first control of this type about such an object."""
    for name, control in parsed_label_config.items():
        if control["type"] == control_type and any(shown["type"] == object_type for shown in control["inputs"]):
            return name, control
    return None, None


def is_skipped(completion: Mapping[str, Any]) -> bool:
    """Whether the only annotation of a task is a skip."""
    made = completion["annotations"]
    return len(made) == 1 and bool(made[0].get("skipped") or made[0].get("was_cancelled"))


def get_choice(completion: Mapping[str, Any]) -> Any:
    """The first choice of a task's first annotation."""
    return completion["annotations"][0]["result"][0]["value"]["choices"][0]


def get_env(name: str, default: Any = None, is_bool: bool = False) -> Any:
    """A setting of Label Studio, whatever its prefix."""
    from label_studio_sdk._extensions.label_studio_tools.core.utils import params

    return params.get_env(name, default, is_bool)  # type: ignore[no-untyped-call]


def get_local_path(url: str, *args: Any, **kwargs: Any) -> Any:
    """The file behind an address, fetched if it must be."""
    from label_studio_sdk._extensions.label_studio_tools.core.utils.io import get_local_path as fetched

    return fetched(url, *args, **kwargs)  # type: ignore[no-untyped-call]


def get_image_local_path(
    url: str, image_cache_dir: str | None = None, project_dir: str | None = None, image_dir: str | None = None,
    label_studio_host: str | None = None, label_studio_access_token: str | None = None, task_id: int | None = None,
) -> Any:
    """The image behind an address, as a file."""
    return get_local_path(
        url, cache_dir=image_cache_dir, project_dir=project_dir, hostname=label_studio_host or get_env("HOSTNAME"),
        image_dir=image_dir, access_token=label_studio_access_token, task_id=task_id)


def get_image_size(filepath: str) -> tuple[int, int]:
    """(width, height) of an image, as it is shown."""
    from PIL import Image, ImageOps

    with Image.open(filepath) as image:
        return ImageOps.exif_transpose(image).size


def is_valid_url(path: str) -> bool:
    """Whether it has a scheme and a host."""
    try:
        parsed = urlparse(path)
    except ValueError:
        return False
    return bool(parsed.scheme and parsed.netloc)


def is_preload_needed(url: str) -> bool:
    """Whether a value is an address of Label Studio's files, of cloud storage or of the web. Never a path."""
    local = url.startswith("/data/") and "?d=" in url
    uploaded = url.startswith(("/data/upload/", "/upload/", "upload/")) and not any(c.isspace() for c in url)
    return local or uploaded or (not any(c.isspace() for c in url) and (
        url.startswith(STORAGES) or (url.startswith(("http://", "https://")) and is_valid_url(url))))


def match_labels(input: str, labels: Sequence[str]) -> list[str]:  # noqa: A002  (the name that callers use)
    """The most similar label for each line."""
    return [max(labels, key=lambda label: SequenceMatcher(None, line, label).ratio()) for line in input.splitlines()]


class InMemoryLRUDictCache:
    """The last `capacity` things that were used."""

    def __init__(self, capacity: int = 1) -> None:
        """Empty."""
        self.cache: OrderedDict[Any, Any] = OrderedDict()
        self.capacity = capacity

    def __contains__(self, item: object) -> bool:
        """Whether it is kept."""
        return item in self.cache

    def get(self, key: Any) -> Any:
        """It, or None."""
        if key in self.cache:
            self.cache.move_to_end(key)
        return self.cache.get(key)

    def put(self, key: Any, value: Any) -> None:
        """Keep it, and drop what was not used for longest."""
        self.cache[key] = value
        self.cache.move_to_end(key)
        while len(self.cache) > self.capacity:
            self.cache.popitem(last=False)
