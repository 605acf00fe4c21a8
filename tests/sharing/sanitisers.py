"""What hosts of notebooks let through of an output's HTML: their published rules as data, applied by one sanitiser.

GitHub's renderer of notebooks is not published. Its pipeline for other people's HTML was, and lives on as
html-pipeline; both stages are here. Neither lets `data:` addresses through, and whether GitHub does so for notebooks
is not documented: so an output has to say what it found without its pictures as well. nbviewer sanitises nothing (its
rule is a header, `NBVIEWER_POLICY`), nor do MyST's sites (`MYST_PLAIN`); JupyterLab's sanitiser is used itself by the
tests in a browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import bleach

NBVIEWER_POLICY = "connect-src 'none';"
"""jupyter/nbviewer a53d1081, nbviewer/app.py: the Content-Security-Policy of every page; nbviewer/formats.py renders by
nbconvert's template `lab` with its defaults, which sanitise nothing."""

MYST_PLAIN = frozenset({"text/plain", "image/png", "image/gif", "image/jpeg", "image/bmp"})
"""@myst-theme/jupyter 1.4.1, dist/output.js, DIRECT_MIME_TYPES: an output of these kinds alone is shown as its picture,
or else as its text. Every other one goes, without its widget view (thebe-core 0.5.0, src/utils.ts, stripWidgets), to
JupyterLab's own output area, which is told to trust it (src/passive.ts): what a trusted notebook shows."""


@dataclass(frozen=True)
class Host:
    """Elements and attributes that are let through, "*" on every element, and the schemes of pictures' addresses."""

    name: str
    source: str
    tags: frozenset[str]
    attributes: Mapping[str, frozenset[str]]
    schemes: frozenset[str]

    @property
    def shows_pictures(self) -> bool:
        """Whether pictures that are inside of the HTML are let through."""
        return "data" in self.schemes

    def sanitise(self, text: str) -> str:
        """The HTML as the host shows it; elements that are not let through leave their content."""
        cleaned: str = bleach.clean(
            text, self.tags, self._lets_through, protocols=self.schemes | {"mailto"}, strip=True
        )
        return cleaned

    def _lets_through(self, tag: str, name: str, value: str) -> bool:
        known = name in self.attributes.get("*", ()) or name in self.attributes.get(tag, ())
        return known and (name != "src" or urlsplit(value).scheme in self.schemes | {""})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EVERYWHERE = _words(
    "abbr accept accept-charset accesskey action align alt axis border cellpadding cellspacing char charoff charset "
    "checked clear cols colspan color compact coords datetime dir disabled enctype for frame headers height hreflang "
    "hspace ismap itemprop label lang maxlength media method multiple name nohref noshade nowrap open prompt readonly "
    "rel rev rows rowspan rules scope selected shape size span start summary tabindex title type usemap valign value "
    "width"
)
_SOME = {"a": _words("href"), "img": _words("src longdesc"), "div": _words("itemscope itemtype")}

FORMER = Host(
    "html-pipeline 2",
    "gjtorikian/html-pipeline 0fe57764, lib/html/pipeline/sanitization_filter.rb, WHITELIST",
    _words(
        "h1 h2 h3 h4 h5 h6 h7 h8 br b i strong em a pre code img tt div ins del sup sub p ol ul table thead tbody "
        "tfoot blockquote dl dt dd kbd q samp var hr ruby rt rp li tr td th s strike summary details"
    ),
    {"*": _EVERYWHERE | _words("target vspace"), **_SOME},
    _words("http https"),
)
PRESENT = Host(
    "html-pipeline 3",
    "gjtorikian/html-pipeline 28c8372c, lib/html_pipeline/sanitization_filter.rb, DEFAULT_CONFIG",
    FORMER.tags - _words("h7 h8") | _words("caption figure figcaption abbr bdo cite dfn mark small span time wbr"),
    {
        "*": _EVERYWHERE | _words("aria-describedby aria-hidden aria-label aria-labelledby id progress role"),
        **_SOME,
    },
    _words("http https"),
)
LENIENT = replace(
    FORMER,
    name="html-pipeline 2 with data:",
    source=f"{FORMER.source}; a host of notebooks that shows their pictures at all lets data: through",
    schemes=FORMER.schemes | {"data"},
)

_ALIGNED = _words("align valign")
_SIZED = _words("height width")
GOGS = Host(
    "gogs",
    "gogs/gogs dcdf2a94, internal/app/api.go, ipynbSanitizer: the UGCPolicy of microcosm-cc/bluemonday 0dee5a78, "
    "policies.go and helpers.go, and data:",
    _words(
        "article aside details figure section summary h1 h2 h3 h4 h5 h6 hgroup blockquote br div hr p span wbr a area "
        "abbr acronym cite code dfn em figcaption mark s samp strong sub sup var q time b i pre small strike tt u bdi "
        "bdo rp rt ruby del ins ol ul li dl dt dd table caption col colgroup thead tr td th tbody tfoot meter progress "
        "img"
    ),
    {
        "*": _words("dir lang id title"),
        "img": _words("align alt src class") | _SIZED,
        "table": _words("summary") | _SIZED,
        "td": _words("abbr colspan rowspan headers scope nowrap") | _ALIGNED | _SIZED,
        "th": _words("abbr colspan rowspan headers scope nowrap") | _ALIGNED | _SIZED,
        **dict.fromkeys(("thead", "tr", "tbody", "tfoot"), _ALIGNED),
        "a": _words("href"),
        "div": _words("class data-prompt-number"),
    },
    _words("http https data"),
)

HOSTS = (FORMER, PRESENT, LENIENT, GOGS)
