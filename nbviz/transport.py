"""The only file that sends or receives comm messages; an exception becomes a typed failure here.

A handler may run on the main thread or on a subshell's, and blocks every other widget while it runs, so handlers
validate, acknowledge and enqueue. Results, progress and failures are sent from the worker thread.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from . import protocol
from .errors import BadRequest, NbvizError
from .jobs import Job, runner_for
from .session import Session
from .session.session import Bytes

logger = logging.getLogger("nbviz")

FRAME_INTERVAL = 0.1
"""Seconds between two progress messages at least."""
UNANSWERED_FRAMES = 2
"""Frames on their way at most; without this, fast frames pile up seconds of lag."""
PATIENCE = 1.0
"""Seconds after which a frame is sent all the same: acknowledgements may wait behind a running cell."""


class Endpoint(Protocol):
    """The widget, as far as the transport knows it."""

    comm: Any

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to all views."""

    def on_msg(self, callback: Callable[..., Any], remove: bool = False) -> None:
        """Register a receiver of messages."""

    def report_state(self, status: str, error: str | None) -> None:
        """Set what `w.status` and `w.last_error` show; `None` leaves the error as it is."""


class Transport:
    """Carries the requests of one widget's views to its session and the answers back."""

    def __init__(self, endpoint: Endpoint, session: Session) -> None:
        self._endpoint, self._session = endpoint, session
        self._runner = runner_for(str(session.net.device))
        self._reporters: dict[str, Reporter] = {}
        self._told_revision = session.net.revision
        self._open = 0
        self._count_lock = threading.Lock()
        endpoint.on_msg(self._receive)
        # ipykernel 7.4 sends a message to the subshell of the comm's last publish, which after a trait was set from
        # a cell is the main shell: clicks would then wait for the running cell. The name is private, hence the guard.
        if hasattr(endpoint.comm, "_reply_subshell_for"):
            endpoint.comm._reply_subshell_for = None

    # -- page → kernel ------------------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        try:
            message = protocol.parse(content)
        except BadRequest as error:
            self._refuse(content, error)
            return
        if isinstance(message, protocol.Hello):
            self._send(protocol.welcome(self._session.net.revision))
        elif isinstance(message, protocol.Request):
            self._enqueue(message)
        elif isinstance(message, protocol.Cancel):
            if message.rid in self._reporters:
                self._reporters[message.rid].job.cancel()
        elif message.rid in self._reporters:
            self._reporters[message.rid].acknowledge(message.seq)

    def _refuse(self, content: Any, error: BadRequest) -> None:
        logger.error("%s", error)
        if isinstance(content, dict) and isinstance(content.get("rid"), str):
            op = content.get("op")
            self._send(
                protocol.failure(content["rid"], op if isinstance(op, str) else "", "BadRequest", str(error), "")
            )

    def _enqueue(self, request: protocol.Request) -> None:
        self._send(protocol.ack(request.rid))
        job = Job(
            slot=(id(self), request.slot),
            run=lambda job: self._run(request),
            failed=lambda error: self._fail(request, error),
            cancelled=lambda: self._finish(request, protocol.cancelled(request.rid)),
        )
        self._reporters[request.rid] = Reporter(request.rid, job, self._send)
        with self._count_lock:
            self._open += 1
            self._endpoint.report_state("computing", None)
        self._runner.submit(job)

    # -- kernel → page, on the worker's thread ------------------------------------------------------------------

    def _run(self, request: protocol.Request) -> None:
        answer = self._session.answer(request.op, request.args, self._reporters[request.rid])
        self._tell_revision()
        self._finish(request, protocol.result(request.rid, request.op, answer.key, answer.meta), answer.buffers)

    def _fail(self, request: protocol.Request, error: Exception) -> None:
        message = str(error) if isinstance(error, NbvizError) else f"{type(error).__name__}: {error}"
        logger.error("%s failed: %s", request.op, message, exc_info=None if isinstance(error, NbvizError) else error)
        trace = "".join(traceback.format_exception(error))
        self._finish(
            request, protocol.failure(request.rid, request.op, type(error).__name__, message, trace), error=message
        )

    def _finish(
        self,
        request: protocol.Request,
        content: dict[str, Any],
        buffers: Sequence[Bytes] = (),
        error: str | None = None,
    ) -> None:
        self._reporters.pop(request.rid, None)
        try:
            self._send(content, buffers)
        finally:
            with self._count_lock:
                self._open -= 1
                status = "failed" if error else "idle" if self._open == 0 else "computing"
                self._endpoint.report_state(status, error)

    def _tell_revision(self) -> None:
        revision = self._session.net.revision
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
        self._last = 0.0

    def acknowledge(self, seq: int) -> None:
        """Frame `seq` and those before it were painted."""
        self._acknowledged = max(self._acknowledged, seq)

    def __call__(
        self,
        step: int,
        steps: int,
        message: str,
        partial: Callable[[], tuple[dict[str, Any], list[Bytes]]] | None = None,
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
