"""Pages that need nothing but a browser: no kernel, no server, no network."""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from ..errors import BrokenInstallation
from .document import Document, Pool

STATIC = resources.files("nbviz") / "static"

STYLE = """
html { color-scheme: light dark; background: Canvas; color: CanvasText; }
body { margin: 0; font: 13px/1.5 system-ui, sans-serif; }
body.alone { margin: 12px; }
figure { margin: 0; }
h2 { font-size: 13px; margin: 8px 0 4px; }
p[role=alert] { margin: 8px; }
.box { display: flex; gap: 8px; flex-direction: column; }
.row { flex-direction: row; }
.row > * { flex: 1 1 0; min-width: 0; }
"""

NEEDS_SCRIPTS = "<noscript>This view needs a browser that runs scripts; above is what it shows.</noscript>"
"""What a frame says where no script runs; the pictures are beside it, in the output."""

FRAME_BYTES = 60_000
"""Of a page beside module and contents: a contact sheet of usual size, the widget's state."""


@functools.cache
def module(name: str) -> str:
    """The text of a built script, safe inside of an HTML page."""
    file = STATIC / f"{name}.js"
    if not file.is_file():
        raise BrokenInstallation(f"The page module {file} is missing; run 'make' in the checkout, or reinstall nbviz.")
    # Both stand in strings of a script only, where a backslash before them changes nothing.
    return file.read_text("utf-8").replace("</script", "<\\/script").replace("<!--", "<\\!--")


def size(contents: int) -> int:
    """Bytes of a page whose contents take that many, about: with its module, and the pictures for who sees no more."""
    return contents + len(module("page")) + FRAME_BYTES


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _policy(scripts: list[str]) -> str:
    """Nothing runs but these scripts, nothing is loaded from anywhere."""
    return (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {_hash(STYLE)}; "
        "img-src data: blob: 'self'; base-uri 'none'; form-action 'none'"
    )


def page(document: Document, title: str, still: str) -> str:
    """A whole page. `still` is HTML that shows the same without scripts."""
    pool = Pool([document])
    body = _inline("nbviz-contents", pool.opening) + _module("nbviz-module", module("page"))
    body += _inline("nbviz-rest", pool.rest)
    return _frame(title, still, pool.describe(document), body, [module("page")], "alone", "")


def lending(document: Document, pool: Pool, title: str, name: str) -> str:
    """The page of a notebook's output that holds, for all outputs of the recording `name`, the module and what they
    need to open; the output itself holds the rest."""
    body = _inline("nbviz-contents", pool.opening) + _module("nbviz-module", module("page"))
    return _frame(title, NEEDS_SCRIPTS, pool.describe(document), body, [module("page")], "", name)


def borrowing(document: Document, pool: Pool, title: str, name: str) -> str:
    """The page of an output that takes module and contents from the `lending` one."""
    scripts = [module("borrow"), module("page")]
    body = _module("nbviz-borrow", scripts[0])
    return _frame(title, NEEDS_SCRIPTS, pool.describe(document), body, scripts, "", name)


def site_page(facts: Mapping[str, Any]) -> str:
    """The page of an atlas as a site: its module, and what there is to choose from."""
    title = f"Atlas of {facts['network']}"
    text = json.dumps(facts, allow_nan=False).replace("<", "\\u003c")
    body = _inline("nbviz-site", text) + _module("nbviz-module", module("site"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy([module("site")])}; connect-src \'self\'">'
        f"{_head(title)}</head><body>"
        f'<main id="nbviz"><noscript>This atlas needs a browser that runs scripts.</noscript></main>{body}'
        "</body></html>\n"
    )


def _frame(title: str, still: str, described: str, body: str, scripts: list[str], where: str, name: str) -> str:
    return (
        f'<!doctype html><html lang="en" data-nbviz-recording="{html.escape(name)}"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        f'{_head(title)}</head><body class="{where}"><main id="nbviz">{still}</main>'
        f"{_inline('nbviz-document', described)}{body}</body></html>\n"
    )


def _head(title: str) -> str:
    # Without an icon of its own, a browser asks the server for one.
    return (
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
    )


def _inline(name: str, text: str) -> str:
    """Data beside the page; base64 alone, so that nothing in it can be markup."""
    return f'<script type="text/plain" id="{name}">{text}</script>'


def _module(name: str, text: str) -> str:
    """Asynchronous: it runs as soon as it is there, and does not wait for what lies behind it."""
    return f'<script type="module" async id="{name}">{text}</script>'


def output(still: str, document_page: str, title: str, height: int) -> str:
    """HTML of a notebook's output: a picture for whoever sees no more, and the page itself in a frame.

    Sanitisers take the frame away and leave the figure; where scripts run, the page hides the figure.
    """
    return (
        f'{still}<iframe title="{html.escape(title)}" srcdoc="{html.escape(document_page)}" '
        f'width="100%" height="{height}" frameborder="0"></iframe>'
    )


def beside(name: str, rest: str) -> str:
    """HTML beside the frame of the lending page: contents that would be parsed and copied twice inside of it.

    As an attribute, so that sanitisers take them away with their element.
    """
    return f'<template data-nbviz-recording="{html.escape(name)}" data-nbviz-rest="{rest}"></template>'
