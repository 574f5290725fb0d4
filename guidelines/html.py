"""Markdown -> the small HTML that Label Studio shows as a project's instructions.

Label Studio cleans what it gets (it drops scripts, keeps headings, lists, tables); raw HTML in the Markdown is
shown as text, so that a guideline means the same in both places.
"""

from __future__ import annotations


def to_html(markdown: str) -> str:
    """CommonMark with tables as HTML."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))
