"""Build hook: put the page's module into every wheel and sdist.

In a checkout the module is built by npm where it is missing or older than its sources, so a stale one is never
shipped. An sdist carries the built module, so installing from an sdist needs no Node.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("nbviz/static/nbviz.js")
FRONTEND = Path("js")


class FrontendHook(BuildHookInterface):  # type: ignore[type-arg]  # the parameter is hatchling's own concern
    """Called by hatchling before it collects the files of a wheel, an sdist or an editable install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        from_sdist = (root / "PKG-INFO").exists()
        if not from_sdist and is_stale(root):
            build(root)
        if not (root / BUNDLE).exists():
            raise FileNotFoundError(f"{BUNDLE} is missing: the frontend was not built.")


def is_stale(root: Path) -> bool:
    """Whether the module is missing or older than a source it is made from."""
    bundle = root / BUNDLE
    if not bundle.exists():
        return True
    built = bundle.stat().st_mtime
    sources = [root / "nbviz" / "colormaps.json", *(root / FRONTEND).glob("*"), *(root / FRONTEND / "src").rglob("*")]
    return any(path.stat().st_mtime > built for path in sources if path.is_file())


def build(root: Path) -> None:
    """`npm ci`, then the bundler; needs Node 20 or newer."""
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            "Building nbviz from a checkout needs npm: install Node 20 or newer, or install a released wheel."
        )
    for step in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([npm, *step], cwd=root / FRONTEND, check=True)
