"""The only file that sends or receives comm messages; an exception becomes a typed failure here.

A handler may run on the main thread or on a subshell's, and blocks every other widget while it runs, so handlers
validate, acknowledge and enqueue. Results, progress and failures are sent from the worker thread.

Every request is answered exactly once, by a result, a failure or 'cancelled', unless the page cannot be reached.
`Transport._lock` guards the few lines that count; nothing of anybody else is called while it is held.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from . import protocol
from .errors import BadRequest, NbvizError
from .jobs import Job, runner_for
from .session import Session
from .session.session import Bytes, Partial

logger = logging.getLogger("nbviz")

FRAME_INTERVAL = 0.1
"""Seconds between two progress messages at least."""
UNANSWERED_FRAMES = 2
"""Frames on their way at most; without this, fast frames pile up seconds of lag."""
REMEMBERED = 4096
"""Requests that are recognised when they come a second time, or after they were cancelled."""
ASIDE = frozenset({"neighbours", "extremes", "thumbnails"})
"""Operations that fill panels beside what a click is for."""
PATIENCE = 1.0
"""Seconds after which a frame is sent all the same: acknowledgements may wait behind a running cell."""


class Endpoint(Protocol):
    """The widget, as far as the transport knows it."""

    comm: Any

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to all views."""

    def on_msg(self, callback: Callable[..., Any], remove: bool = False) -> None:
        """Register a receiver of messages."""

    def state_changed(self, error: str | None = None) -> None:
        """`Transport.status` is another one, and `error` the newest failure in one line. Neither waits nor raises."""


class Transport:
    """Carries the requests of one widget's views to its session and the answers back."""

    def __init__(self, endpoint: Endpoint, session: Session) -> None:
        self._endpoint, self._session = endpoint, session
        self._runner = runner_for(_full_name(session.net.device))
        self._open: dict[str, Reporter] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._failed = False
        self._told_revision = session.revision
        self._lock = threading.Lock()
        endpoint.on_msg(self._receive)
        # ipykernel 7.4 sends a message to the subshell of the comm's last publish, which after a trait was set from
        # a cell is the main shell: clicks would then wait for the running cell. The name is private, hence the guard.
        if hasattr(endpoint.comm, "_reply_subshell_for"):
            endpoint.comm._reply_subshell_for = None

    @property
    def status(self) -> str:
        """ "computing" while a request is open; then "failed" if one failed since the last rest, else "idle"."""
        with self._lock:
            return "computing" if self._open else "failed" if self._failed else "idle"

    # -- page → kernel ------------------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, buffers: Any) -> None:
        try:
            message = protocol.parse(content)
            if isinstance(message, protocol.Request):
                message = protocol.with_bytes(message, buffers)
        except BadRequest as error:
            self._refuse(content, error)
            return
        if isinstance(message, protocol.Hello):
            self._tell(protocol.welcome(self._session.revision))
        elif isinstance(message, protocol.Request):
            self._enqueue(message)
        elif isinstance(message, protocol.Cancel):
            # A request may come later than its own end: the two can travel through different shells.
            self._is_new(message.rid)
            if reporter := self._open.get(message.rid):
                reporter.job.cancel()
        elif reporter := self._open.get(message.rid):
            reporter.acknowledge(message.seq)

    def _is_new(self, rid: str) -> bool:
        """Whether this is the first that is heard of a request; the page asks again where it was not answered."""
        with self._lock:
            new = rid not in self._seen
            self._seen[rid] = None
            while len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return new

    def _refuse(self, content: Any, error: BadRequest) -> None:
        logger.error("%s", error)
        rid, op = (content.get(name) if isinstance(content, dict) else None for name in ("rid", "op"))
        # A garbled acknowledgement must not end the request that it belongs to.
        if isinstance(rid, str) and rid and rid not in self._open:
            self._tell(protocol.failure(rid, op if isinstance(op, str) else "", "BadRequest", str(error), ""))

    def _enqueue(self, request: protocol.Request) -> None:
        if not self._is_new(request.rid):
            if request.rid in self._open:
                self._tell(protocol.ack(request.rid))
            return
        job = Job(
            slot=(id(self), request.slot),
            run=lambda job: self._run(request, reporter),
            failed=lambda error: self._fail(request, error),
            cancelled=lambda: self._last_word(request, protocol.cancelled(request.rid)),
            long=self._session.takes_steps(request.op, request.args),
            aside=request.op in ASIDE,
        )
        reporter = Reporter(request.rid, job, self._send)
        with self._lock:
            self._failed = self._failed and bool(self._open)
            self._open[request.rid] = reporter
        self._tell(protocol.ack(request.rid))
        self._endpoint.state_changed()
        try:
            self._runner.submit(job)
        except RuntimeError as error:  # no thread can be started
            self._fail(request, error)

    def _tell(self, content: dict[str, Any]) -> None:
        """Send from a handler, where an exception would be seen by nobody and end the handling."""
        try:
            self._send(content)
        except Exception:
            logger.exception("%s could not be sent", content["type"])

    # -- kernel → page, on the worker's thread ------------------------------------------------------------------

    def _run(self, request: protocol.Request, reporter: Reporter) -> None:
        answer = self._session.of(request.network).answer(request.op, request.args, reporter)
        self._tell_revision()
        # Where this cannot be sent, the request is still open and `_fail` says why.
        self._send(protocol.result(request.rid, request.op, answer.key, answer.meta), answer.buffers)
        self._settled(request)

    def _fail(self, request: protocol.Request, error: BaseException) -> None:
        message = one_line(error)
        logger.error("%s failed: %s", request.op, message, exc_info=None if isinstance(error, NbvizError) else error)
        trace = "".join(traceback.format_exception(error))
        self._last_word(
            request, protocol.failure(request.rid, request.op, type(error).__name__, message, trace), message
        )

    def _last_word(self, request: protocol.Request, content: dict[str, Any], error: str | None = None) -> None:
        try:
            self._send(content)
        finally:
            self._settled(request, error)

    def _settled(self, request: protocol.Request, error: str | None = None) -> None:
        with self._lock:
            self._open.pop(request.rid, None)
            self._failed = self._failed or error is not None
        self._endpoint.state_changed(error)

    def _tell_revision(self) -> None:
        revision = self._session.revision
        if revision != self._told_revision:
            self._told_revision = revision
            self._send(protocol.stale(revision))

    def _send(self, content: dict[str, Any], buffers: Sequence[Bytes] = ()) -> None:
        self._endpoint.send(content, [b.tobytes() for b in buffers])

    # -- for Python ---------------------------------------------------------------------------------------------

    def wait(self, timeout: float | None = None) -> bool:
        """Block until nothing of this widget is waiting or running; False where the timeout came first."""
        return self._runner.wait(self._is_ours, timeout)

    def close(self) -> None:
        """Cancel everything and listen no more."""
        self._endpoint.on_msg(self._receive, remove=True)
        self._runner.cancel(self._is_ours)

    def _is_ours(self, job: Job) -> bool:
        return isinstance(job.slot, tuple) and job.slot[0] == id(self)


class Reporter:
    """The `Report` of one request: stops it when cancelled, and sends frames no faster than they are painted."""

    def __init__(self, rid: str, job: Job, send: Callable[..., None]) -> None:
        self.rid, self.job, self._send = rid, job, send
        self._sent = self._acknowledged = 0
        self._last = float("-inf")

    def acknowledge(self, seq: int) -> None:
        """Frame `seq` and those before it were painted."""
        self._acknowledged = max(self._acknowledged, min(seq, self._sent))

    def __call__(
        self,
        step: int,
        steps: int,
        message: str,
        partial: Partial | None = None,
    ) -> None:
        """Report a step; raises `Cancelled` when nobody waits any more."""
        self.job.checkpoint()
        elapsed = time.monotonic() - self._last
        full = self._sent - self._acknowledged >= UNANSWERED_FRAMES
        if elapsed < (PATIENCE if full else FRAME_INTERVAL):
            return
        meta, buffers = partial() if partial else ({}, [])
        self._sent += 1
        self._last = time.monotonic()
        self._send(protocol.progress(self.rid, self._sent, step, steps, message, meta), buffers)


def one_line(error: BaseException) -> str:
    """What a person is told: nbviz's own sentence, else the exception's type and the first line of what it says."""
    try:
        said = str(error).strip()
    except Exception:  # noqa: BLE001 - an exception of the user's whose own text fails
        said = ""
    if isinstance(error, NbvizError):
        return said
    return f"{type(error).__name__}: {said.splitlines()[0]}" if said else type(error).__name__


def _full_name(device: Any) -> str:
    """ "cuda" and "cuda:0" are one device, with one worker."""
    return f"{device.type}:{device.index or 0}"
