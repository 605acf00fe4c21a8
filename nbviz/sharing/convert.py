"""A notebook as one HTML page that asks nothing of any network."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ..errors import BrokenInstallation

_REMOTE = re.compile(r"<script[^>]*\bsrc=\"https?://[^>]*>\s*</script>|<link[^>]*\bhref=\"https?://[^>]*>", re.I)
_LOADERS = re.compile(r"<script[^>]*>(?:(?!</script>).)*https?://(?:(?!</script>).)*</script>", re.S | re.I)


def html_of(notebook: Any, title: str) -> str:
    """The page of a notebook by nbconvert's own template, without the scripts that it would fetch.

    Raises `BrokenInstallation` where nbconvert is missing.
    """
    try:
        from nbconvert import HTMLExporter
    except ImportError as error:
        raise BrokenInstallation("A page of a notebook is made by nbconvert: pip install nbconvert.") from error
    make: Callable[..., Any] = HTMLExporter
    exporter = make(template_name="lab", mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="")
    text, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return _without_remote(text)


def _without_remote(text: str) -> str:
    """Nothing of the template's head may reach out; outputs lie in the body, and are nobody's to change."""
    head, separator, body = text.partition("</head>")
    return _LOADERS.sub("", _REMOTE.sub("", head)) + separator + body
