"""Find a Chromium for the browser tests, and install one where there is none: `python -m tools.browser`.

In this order: the program named by `NBVIZ_BROWSER`, an installed Chromium or Chrome, Debian's package where run as
root, Playwright's own download.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find() -> Path | None:
    """The browser to drive, or None where none is installed.

    Raises:
        FileNotFoundError: `NBVIZ_BROWSER` names something that is not there.
    """
    chosen = os.environ.get("NBVIZ_BROWSER")
    if chosen:
        path = shutil.which(chosen)
        if path is None:
            raise FileNotFoundError(f"NBVIZ_BROWSER names {chosen!r}, which is not a program on this machine.")
        return Path(path)
    for candidate in (*NAMES, *MACOS):
        path = shutil.which(candidate)
        if path is not None:
            return Path(path)
    return _playwright_chromium()


def ensure() -> Path:
    """The browser to drive, installed first where there is none."""
    browser = find()
    if browser is None:
        _install()
        browser = find()
    if browser is None:
        raise FileNotFoundError("No Chromium could be installed; set NBVIZ_BROWSER to the path of one.")
    return browser


def _playwright_chromium() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _install() -> None:
    """Debian's package brings the fonts and libraries along, which Playwright's download does not."""
    root = os.name == "posix" and os.geteuid() == 0
    if root and Path("/etc/debian_version").exists():
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        update = ["apt-get", "update", "-qq"]
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"]
        # Where the package cannot be had (Ubuntu's is a snap), Playwright's own is next.
        if all(subprocess.run(step, env=environment, check=False).returncode == 0 for step in (update, install)):
            return
    with_libraries = ["--with-deps"] if root else []
    subprocess.run([sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"], check=True)


if __name__ == "__main__":
    print(f"browser: {ensure()}")
