"""Which browser the browser tests drive: the one that is named, else the one that is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import browser


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_named_browser_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = program(tmp_path, "my-chrome")
    monkeypatch.setenv("NBVIZ_BROWSER", str(mine))
    assert browser.find() == mine


def test_a_named_browser_that_is_missing_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBVIZ_BROWSER", "no-such-browser")
    with pytest.raises(FileNotFoundError, match="names 'no-such-browser'"):
        browser.find()


def test_an_installed_chrome_is_found_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chrome = program(tmp_path, "google-chrome")
    monkeypatch.delenv("NBVIZ_BROWSER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.find() == chrome


def test_nothing_is_installed_where_one_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = program(tmp_path, "my-chrome")
    monkeypatch.setenv("NBVIZ_BROWSER", str(mine))
    monkeypatch.setattr(browser, "_install", lambda: pytest.fail("An installation was started."))
    assert browser.ensure() == mine
