"""What a reader sees where nothing runs: every output of nbviz, through the rules of the hosts of notebooks."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import bleach
import pytest
from nbconvert.filters.strings import clean_html

from nbviz.sharing.sheet import MOST_BYTES
from nbviz.widgets import Explorer
from tests.sharing.sanitisers import HOSTS, Host
from tests.sharing.test_freeze import snapshot_of


class Seen(HTMLParser):
    """The pictures of a piece of HTML, as (alternative text, address), its words, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.pictures: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "img":
            known = dict(attrs)
            self.pictures.append((known.get("alt") or "", known.get("src") or ""))

    def handle_data(self, data: str) -> None:
        self.words += data.split()


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_every_output_survives_the_hosts_of_notebooks(outputs: dict[str, str], host: Host) -> None:
    for name, text in outputs.items():
        was, now = Seen(text), Seen(host.sanitise(text))
        assert len(text) <= MOST_BYTES, name
        assert was.pictures, name
        assert all(len(alt) > 10 for alt, _ in was.pictures), name
        assert all(re.match(r"data:image/(png|jpeg);base64,.", address) for _, address in was.pictures), name
        # Not a word, a number or a picture is lost; where pictures are not let through, what they show is still said.
        assert now.words == was.words, name
        assert any(re.search(r"\d", word) for word in now.words), name
        assert [alt for alt, _ in now.pictures] == [alt for alt, _ in was.pictures], name
        assert [address for _, address in now.pictures] == [
            address if host.shows_pictures else "" for _, address in was.pictures
        ], name


@pytest.mark.parametrize("sanitise", [clean_html, bleach.clean], ids=["sanitize_html", "SanitizeHTML"])
def test_where_nbconvert_sanitises_the_finding_is_there_in_words(
    outputs: dict[str, str], sanitise: Callable[[str], str]
) -> None:
    # Both let no picture through; the second one, with bleach's own list, shows all other elements as text.
    for name, text in outputs.items():
        now = Seen(sanitise(text))
        assert "img" not in now.tags, name
        shown = " ".join(now.words)
        assert all(word in shown for word in Seen(text).words), name


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_of_a_frozen_output_the_contact_sheet_is_left_and_nothing_else(
    show: Callable[..., Explorer], monkeypatch: pytest.MonkeyPatch, host: Host
) -> None:
    w = show()
    whole = snapshot_of(w, monkeypatch)["text/html"]
    still = w._repr_mimebundle_()[0]["text/html"]
    assert "<iframe" in whole
    assert host.sanitise(whole) == host.sanitise(still)
