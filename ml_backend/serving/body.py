"""Reads the JSON of a request. What is wrong is told by place and never quoted: bodies hold texts and tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from cueloop.errors import CueloopError
from ml_backend.protocol import BadRequest

if TYPE_CHECKING:
    from flask import Request

_DIGITS_AS_0 = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19
"""Digits from which on a number may not fit 64 bits."""


class Unsupported(CueloopError):
    """Raised when a body comes as something else than plain JSON."""


def read(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises Unsupported, BadRequest, and Werkzeug's error of a body that is too large.

    A body without a content type is taken for JSON, because clients forget it; of two equal keys the last one counts.
    """
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise Unsupported("`Content-Encoding`: send the JSON as it is, neither compressed nor otherwise encoded.")
    kind = request.mimetype
    if kind and kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise Unsupported("`Content-Type`: send JSON, as application/json.")
    found = decode(request.get_data(cache=False))
    if not isinstance(found, dict):
        raise BadRequest("The body must be a JSON object, in braces.")
    return found


def decode(content: bytes) -> Any:
    """What a body says. Raises BadRequest that tells line and column."""
    if not content:
        raise BadRequest("The body is empty; it must be a JSON object.")
    if _LONG_NUMBER not in content.translate(_DIGITS_AS_0):  # orjson would round a whole number of more than 64 bits
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            pass  # the standard library reads more (UTF-16, halves of pairs of surrogates), and tells what is wrong
    try:
        return json.loads(content, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}.") from None
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    except RecursionError:
        raise BadRequest("The body is nested too deeply.") from None
    except ValueError:  # Python's limit
        raise BadRequest("The body has a number of too many digits.") from None


def _no_number(_word: str) -> NoReturn:
    raise BadRequest("The body is not JSON: NaN and Infinity are no numbers there. Send null.")
