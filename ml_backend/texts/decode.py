"""Bytes that were fetched as text, and the text in HTML."""

from __future__ import annotations

import codecs
import html
import re

from ml_backend.texts.fetch import Content
from ml_backend.texts.hosts import NotFetched

TEXTUAL = re.compile(r"text/|application/(.*\+)?(json|xml|xhtml|javascript|yaml|x-ndjson|csv|rtf)|$", re.IGNORECASE)
UNSAID = re.compile(r"(application|binary)/octet-stream", re.IGNORECASE)
"""What object stores say of files that they know nothing of: their bytes decide."""
CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

TAG = re.compile(r"<(?=[a-zA-Z/!?])")
INLINE = frozenset(["a", "abbr", "b", "bdi", "bdo", "cite", "code", "em", "font", "i", "kbd", "mark", "q", "s", "small",
                    "span", "strong", "sub", "sup", "u", "var", "wbr"])
"""Tags that may stand within a word."""
UNSEEN = {name: re.compile(rf"</{name}", re.IGNORECASE) for name in ("script", "style", "template", "noscript")}
"""Elements whose content nobody sees, and what ends them."""
NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")


def text_in(content: Content) -> str:
    """What was fetched, as text: by byte order mark, else the charset that was said, else UTF-8, else Windows-1252.

    Raises NotFetched for what is no text.
    """
    kind = content.type.partition(";")[0].strip()
    if not TEXTUAL.match(kind) and not UNSAID.fullmatch(kind):
        raise NotFetched(f"it is {kind[:60]}, no text")
    text = _decoded(content)
    if CONTROLS.search(text):
        raise NotFetched("it is no text: it has control characters")
    return text


def _decoded(content: Content) -> str:
    for mark, charset in MARKS:
        if content.data.startswith(mark):
            return content.data.decode(charset, errors="replace")
    said = CHARSET.search(content.type)
    for charset in (said[1] if said else "utf-8", "utf-8"):
        try:
            return content.data.decode(charset)
        except (UnicodeError, LookupError):  # a charset that is wrong, or no charset of text at all
            continue
    return content.data.decode("cp1252", errors="replace")


def plain(markup: str) -> str:
    """What a person reads of an HTML text: without tags, comments and scripts, entities resolved. In linear time."""
    if "<" not in markup:
        return html.unescape(markup)
    parts: list[str] = []
    place = 0
    while (tag := TAG.search(markup, place)) is not None:
        parts.append(markup[place:tag.start()])
        name = NAME.match(markup, tag.end())
        kind = name[1].lower() if name else ""
        end = markup.find("-->", tag.end()) if markup.startswith("!--", tag.end()) else markup.find(">", tag.end())
        if end < 0:
            place = len(markup)
            break
        place = end + (3 if markup.startswith("-->", end) else 1)
        if kind in UNSEEN and not markup.startswith("/", tag.end()):
            closing = UNSEEN[kind].search(markup, place)
            place = closing.start() if closing else len(markup)
        if kind not in INLINE:
            parts.append(" ")
    parts.append(markup[place:])
    return html.unescape("".join(parts)).strip()
