"""The static server: whole files, byte ranges as a Parquet reader asks for them, and nothing outside of the folder."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbviz.cli import main
from nbviz.cli.serve import server

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    folder = tmp_path / "atlas"
    folder.mkdir()
    (folder / "channels.parquet").write_bytes(CONTENT)
    (tmp_path / "secret").write_text("not for you")
    with server(folder) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield "127.0.0.1", running.server_address[1]
        running.shutdown()
        thread.join()


def ask(
    address: tuple[str, int], path: str = "/channels.parquet", method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-3", 0, 3), ("bytes=1000-", 1000, 1023), ("bytes=-24", 1000, 1023), ("bytes=1020-9999", 1020, 1023)],
)
def test_a_range_is_answered_with_exactly_these_bytes(
    address: tuple[str, int], asked: str, first: int, last: int
) -> None:
    answer, body = ask(address, Range=asked)
    assert answer.status == 206
    assert body == CONTENT[first : last + 1]
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/1024"


def test_a_range_beyond_the_end_is_refused_with_the_size(address: tuple[str, int]) -> None:
    answer, _ = ask(address, Range="bytes=1024-")
    assert (answer.status, answer.headers["Content-Range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("asked", ["bytes=0-3,8-9", "lines=1-2", "bytes=-"])
def test_a_range_that_is_not_understood_gives_the_whole_file(address: tuple[str, int], asked: str) -> None:
    answer, body = ask(address, Range=asked)
    assert (answer.status, body) == (200, CONTENT)


def test_a_head_request_tells_the_size_without_the_bytes(address: tuple[str, int]) -> None:
    answer, body = ask(address, method="HEAD")
    assert (answer.status, answer.headers["Content-Length"], body) == (200, "1024", b"")


def test_pages_of_other_origins_may_ask_for_ranges(address: tuple[str, int]) -> None:
    answer, _ = ask(address, method="OPTIONS")
    assert answer.status == 204
    assert "Range" in answer.headers["Access-Control-Allow-Headers"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_nothing_outside_of_the_folder_is_served(address: tuple[str, int]) -> None:
    for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret"):
        answer, body = ask(address, path)
        assert answer.status == 404
        assert b"not for you" not in body


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", str(tmp_path / "nothing")]) == 2
    assert "is not a folder" in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server(tmp_path) as running:
        assert main(["serve", str(tmp_path), "--port", str(running.server_address[1])]) == 2
    assert "--port" in capsys.readouterr().err
