"""The harness itself, on a widget of a few lines: it must render, answer, repaint and survive what notebooks do."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.lab import Notebook, repainted, seq
from tests.browser.pixels import differs, is_blank, picture

# A button asks Python, Python answers with a picture of 64×64 pixels, the page paints it into a canvas.
PROBE = '''
import anywidget, numpy as np

class Probe(anywidget.AnyWidget):
    _esm = """
    export default { render({ model, el }) {
      const root = el.attachShadow({ mode: "open" });
      root.innerHTML = `<button>ask</button><br>
        <canvas data-panel="probe" width="64" height="64" style="width: 64px; height: 64px"></canvas>`;
      const canvas = root.querySelector("canvas");
      root.querySelector("button").onclick = () => model.send({ type: "ask" });
      model.on("msg:custom", (message, [b]) => {
        const pixels = new Uint8ClampedArray(b.buffer, b.byteOffset, b.byteLength);
        canvas.getContext("2d").putImageData(new ImageData(pixels, 64, 64), 0, 0);
        canvas.dataset.seq = message.seq;
      });
      canvas.dataset.seq = 0;
    } };
    """

    def __init__(self):
        super().__init__()
        self.asked = 0
        # A private name: where ipykernel has it, None keeps clicks away from the thread that runs the cells.
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = None
        self.on_msg(self.answer)

    def answer(self, widget, content, buffers):
        self.asked += 1
        picture = np.random.default_rng(self.asked).integers(0, 256, (64, 64, 4), dtype=np.uint8)
        picture[..., 3] = 255
        self.send({"seq": self.asked}, [picture.tobytes()])

probe = Probe()
probe
'''


def click(notebook: Notebook) -> None:
    notebook.page.get_by_role("button", name="ask").click()


def test_a_click_reaches_python_and_its_answer_is_painted(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([PROBE, "print(probe.asked)"])
    notebook.run(0)
    panel = notebook.panel("probe", cell=0)
    assert seq(panel) == "0"
    empty = picture(panel)
    assert is_blank(empty)

    assert repainted(panel, lambda: click(notebook)) == "1"
    first = picture(panel)
    assert not is_blank(first)
    assert differs(empty, first, share=0.9)

    assert repainted(panel, lambda: click(notebook)) == "2"
    assert differs(first, picture(panel), share=0.9)
    assert not differs(picture(panel), picture(panel))

    notebook.run(1)
    assert notebook.printed(1) == "2\n"
    assert notebook.screenshot("harness", notebook.output(0)).stat().st_size > 1000


def test_a_click_is_answered_while_a_cell_sleeps(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([PROBE, "import time; time.sleep(8); print('slept')"])
    notebook.run(0)
    panel = notebook.panel("probe")
    seq(panel)
    notebook.start(1)
    notebook.wait_kernel("busy")
    begun = time.monotonic()
    repainted(panel, lambda: click(notebook))
    assert time.monotonic() - begun < 4
    assert notebook.printed(1) == ""
    notebook.wait_finished(1)
    assert notebook.printed(1) == "slept\n"


def test_restart_and_reload(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([PROBE, "print('probe' in globals())"])
    notebook.run(0)
    repainted(notebook.panel("probe"), lambda: click(notebook))
    notebook.save()
    notebook.load()
    # The kernel lives on: the view is back and its next click is the second.
    assert seq(notebook.panel("probe")) == "0"
    assert repainted(notebook.panel("probe"), lambda: click(notebook)) == "2"

    notebook.restart_kernel()
    notebook.run(1)
    assert notebook.printed(1) == "False\n"


def test_run_all_reports_the_cell_that_failed(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(["1 + 1", "raise ValueError('told')"])
    with pytest.raises(AssertionError, match=r"(?s)Cell 1 failed.*told"):
        notebook.run_all()
    expect(notebook.output(0)).to_contain_text("2")
