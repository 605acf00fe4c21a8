"""Find a Chromium and a Firefox for the browser tests, and install what is missing: `python -m tools.browser`.

In this order: the program named by `NBVIZ_BROWSER`, an installed Chromium or Chrome, Debian's package where run as
root, Playwright's own download. A Firefox, which a few tests open pages in, is an installed one or Debian's package.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FIREFOX = ("firefox-esr", "firefox")
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


def find_firefox() -> Path | None:
    """A Firefox that is installed, or None."""
    return next((Path(path) for name in FIREFOX if (path := shutil.which(name))), None)


def ensure_firefox() -> Path | None:
    """A Firefox, installed first where there is none and Debian's package can be had."""
    if find_firefox() is None and _is_debian_root():
        _apt_install("firefox-esr")
    return find_firefox()


def _playwright_chromium() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _install() -> None:
    """Debian's package brings the fonts and libraries along, which Playwright's download does not."""
    # Where the package cannot be had (Ubuntu's is a snap), Playwright's own is next.
    if _is_debian_root() and _apt_install("chromium", "fonts-dejavu-core"):
        return
    with_libraries = ["--with-deps"] if _is_root() else []
    subprocess.run([sys.executable, "-m", "playwright", "install", *with_libraries, "chromium"], check=True)


def _is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0


def _is_debian_root() -> bool:
    return _is_root() and Path("/etc/debian_version").exists()


def _apt_install(*packages: str) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    update = ["apt-get", "update", "-qq"]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    return all(subprocess.run(step, env=environment, check=False).returncode == 0 for step in (update, install))


if __name__ == "__main__":
    print(f"browsers: {ensure()}, {ensure_firefox() or 'no Firefox: install one for the tests that need it'}")
