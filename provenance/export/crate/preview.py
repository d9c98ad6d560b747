"""``ro-crate-preview.html``: the README for who opens the crate in a browser."""

from __future__ import annotations

import html

STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "td,th{border:1px solid #bbb;padding:.2rem .6rem;text-align:left}"
    "pre{background:#f3f3f3;padding:.6rem;overflow-x:auto}"
)


def preview(title: str, readme: str, metadata: str) -> str:
    """Return a page that shows Markdown and holds the crate's description.

    Nothing of what either says is taken for HTML.
    """
    from markdown_it import MarkdownIt

    body = MarkdownIt("js-default", {"linkify": False}).render(readme)
    inside = metadata.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n"
        f'<script type="application/ld+json">\n{inside}</script>\n</head>\n<body>\n{body}'
        '<p><a href="ro-crate-metadata.json">Description for programs (RO-Crate)</a></p>\n'
        "</body>\n</html>\n"
    )
