"""`nbviz serve`: a folder over HTTP, read-only, byte ranges included, as a reader in the browser needs it."""

from __future__ import annotations

import re
import shutil
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

from ..errors import BadRequest
from .command import Command
from .recording import names

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Handler(SimpleHTTPRequestHandler):
    """Static files with one byte range a request (RFC 9110, 14.2); pages of other origins may read them."""

    protocol_version = "HTTP/1.1"
    _part: tuple[int, int] | None = None

    def send_head(self) -> Any:
        """Open what is asked for and send the headers: of the part where a range is asked for that makes sense."""
        self._part = None
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        path = Path(self.translate_path(self.path))
        if wanted is None or wanted.groups() == ("", "") or not path.is_file():
            return super().send_head()
        size = path.stat().st_size
        first, last = _bounds(wanted[1], wanted[2], size)
        if first > last:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{size}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        self._part = first, last
        file = path.open("rb")
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        return file

    def copyfile(self, source: IO[bytes], outputfile: Any) -> None:  # type: ignore[override]
        """Send the part asked for, else everything; a reader that has gone away is no error."""
        with suppress(BrokenPipeError, ConnectionResetError):
            if self._part is None:
                shutil.copyfileobj(source, outputfile)
            else:
                source.seek(self._part[0])
                outputfile.write(source.read(self._part[1] - self._part[0] + 1))

    def end_headers(self) -> None:
        """What every answer says: ranges are possible, and scripts of any page may read it."""
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range")
        super().end_headers()

    def do_OPTIONS(self) -> None:
        """A browser asks first whether a page of another origin may send a Range header."""
        self.send_response(HTTPStatus.NO_CONTENT)
        self.send_header("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
        self.send_header("Access-Control-Allow-Headers", "Range")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own word
        """Requests are not news; errors go the way of `log_error`, which ends here too."""


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    """The first and last byte asked for, both inside of a file of `size` bytes; first > last where there is none."""
    if not first:  # "-500": the last 500 bytes
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)


def server(folder: Path, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """A server of `folder`, bound but not yet running; port 0 takes a free one. Raises `BadRequest`."""
    if not folder.is_dir():
        raise BadRequest(f"'{folder}' is not a folder; give the atlas that nbviz scan has written.")
    try:
        return ThreadingHTTPServer((host, port), partial(Handler, directory=str(folder)))
    except (OSError, OverflowError) as error:
        raise BadRequest(f"Port {port} of {host} cannot be used ({error}); choose another with --port.") from error


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("atlas", type=Path, help="folder of an atlas, or any folder of static files")
    parser.add_argument(
        "--export", type=Path, metavar="SITE", help="serve nothing; write the atlas as a site for any web server"
    )
    parser.add_argument("--layers", type=names, help="for --export: names, such as 'layer3,layer4'; default all")
    parser.add_argument("--port", type=int, default=8000, help="default 8000; 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="default 127.0.0.1, this machine only; 0.0.0.0 for all")


def _run(options: Namespace) -> None:
    if options.export:
        _export(options)
        return
    with server(options.atlas, options.host, options.port) as running:
        host, port = running.server_address[:2]
        print(f"Serving '{options.atlas}' at http://{host!s}:{port}/ – Ctrl-C ends.", flush=True)
        running.serve_forever()


def _export(options: Namespace) -> None:
    from ..atlas import Atlas
    from ..sharing.site import export

    print(export(Atlas(options.atlas), options.export, options.layers))


SERVE = Command(
    "serve",
    "serve an atlas as static files over HTTP; any server with byte ranges does as well",
    """
nbviz serve atlas/                      # http://127.0.0.1:8000/, for this machine only
nbviz serve atlas/ --port 0             # a free port; the address is printed
nbviz serve atlas/ --export site/       # a folder with a page, for any web server
nbviz serve site/                       # to look at it here
nbviz serve atlas/ --host 0.0.0.0       # for everybody who can reach this machine
""",
    _arguments,
    _run,
)
