"""The page's own speed: `python -m benchmarks.page [--repeats N]`; prints a table.

A real JupyterLab and a real browser, headless and without a graphics card: everything is drawn by the processor.
'busy' is the time that the page's main thread works for one of them, JupyterLab's own work included; what fits into
16 ms keeps up with a display of 60 Hz. 'painted' counts from right after a frame, so that 17 ms means: in the next one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, sync_playwright

from nbviz.widgets.base import BUNDLE
from tests.browser.conftest import CHROMIUM_ARGS, WINDOW
from tests.browser.explorer import ready, value_of
from tests.browser.lab import Lab, Notebook
from tests.browser.server import serve
from tools.browser import find

PROBE = Path(__file__).with_name("probe.js").read_text("utf-8")

# Two layers of 2,048 units each at two map sizes, and a picture apart: every visit computes anew.
OPEN = """
import time, torch, nbviz
from torch import nn
torch.manual_seed(0)
torch.set_num_threads(1)
net = nbviz.Network(nn.Sequential(
    nn.Conv2d(3, 16, 4, stride=4), nn.ReLU(), nn.Conv2d(16, 2048, 1), nn.MaxPool2d(4), nn.ReLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 10)), input_size=224)
w = nbviz.explore(net, list(nbviz.demo.scenes(12, seed=7, objects=2).pictures), layer="4", unit="4:17", height=760)
spent = []
answer = w.session.answer
def timed(*args, **kwargs):
    begun = time.perf_counter()
    try:
        return answer(*args, **kwargs)
    finally:
        spent.append((args[0], 1e3 * (time.perf_counter() - begun)))
w.session.answer = timed
w
"""

CHOOSE = """(root) => root.querySelector('[aria-label="{label}"] [data-value="{value}"]').click()"""
SELECT = """(root) => {{
    const select = [...root.querySelectorAll('label')].find((l) => l.textContent.startsWith('{label}')).querySelector('select');
    select.value = '{value}';
    select.dispatchEvent(new Event('change', {{ bubbles: true }}));
}}"""  # noqa: E501
PICTURE = """(root) => root.querySelectorAll('[data-panel="thumbnails"] [role="option"]')[{number}].click()"""
CLICK = """(root) => root.querySelector('[role="gridcell"][data-channel="{channel}"]').click()"""


class Bench:
    """An open Explorer with the probe in its page."""

    def __init__(self, notebook: Notebook, repeats: int) -> None:
        self.notebook, self.repeats = notebook, repeats
        notebook.page.evaluate(PROBE)
        self._devtools: CDPSession = notebook.page.context.new_cdp_session(notebook.page)
        # Time of the processor: other programs of the machine do not count.
        self._devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def call(self, code: str) -> Any:
        """The result of an expression of the probe."""
        return self.notebook.page.evaluate(f"async () => {code}")

    def work(self) -> float:
        """Milliseconds that the page's main thread has worked so far."""
        metrics = {m["name"]: m["value"] for m in self._devtools.send("Performance.getMetrics")["metrics"]}
        return 1e3 * float(metrics["TaskDuration"])

    def asked(self, name: str, op: str, acts: list[str]) -> list[dict[str, float]]:
        """What asks the kernel, one after the other."""
        return [self.call(f"probe.asked('{name}', '{op}', {act})") for act in acts]

    def alone(self, name: str, acts: tuple[str, str]) -> tuple[float, float]:
        """What the page does alone, to and fro: busy, and painted, in ms; the median."""
        busy, painted = [], []
        for i in range(2 * self.repeats):
            before = self.work()
            painted.append(self.call(f"probe.alone('{name}', {acts[i % 2]})"))
            busy.append(self.work() - before)
        return statistics.median(busy), statistics.median(painted)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with serve(Path(tempfile.mkdtemp())) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=CHROMIUM_ARGS)
        notebook = Lab(server, browser.new_context(viewport=WINDOW)).open([OPEN])
        notebook.run(0)
        ready(notebook)
        rows = _measured(Bench(notebook, repeats))
        notebook.close()
        browser.close()
    width = max(len(name) for name, _, _ in rows)
    print(f"| {'2,048 channels':{width}} | measured | target |\n|{'-' * (width + 2)}|---|---|")
    for name, value, target in rows:
        print(f"| {name:{width}} | {value} | {target} |")


def _measured(bench: Bench) -> list[tuple[str, str, str]]:
    rows = [_first_paint(bench, "56²", "2"), _first_paint(bench, "14²", "4")]
    rows += [_scrolling(bench), _hovering(bench)]
    frames = "≤ 16 ms busy"
    for name, acts in {
        "sort": (_chosen("sort", "activation"), _chosen("sort", "index")),
        "colour map": (_chosen("colours", "grey"), _chosen("colours", "ember")),
        "scale": (CHOOSE.format(label="Scale", value="layer"), CHOOSE.format(label="Scale", value="unit")),
    }.items():
        busy, painted = bench.alone("maps", acts)
        rows.append((f"{name} → painted", f"{busy:.0f} ms busy, painted after {painted:.0f} ms", frames))
    rows.append(_clicking(bench))
    rows.append(("the page's module", f"{BUNDLE.stat().st_size / 1024:.0f} KB", "≤ 150 KB"))  # type: ignore[attr-defined]
    return rows


def _chosen(label: str, value: str) -> str:
    return SELECT.format(label=label, value=value)


def _first_paint(bench: Bench, size: str, layer: str) -> tuple[str, str, str]:
    """From the arrival of a picture's maps to their painting, a new picture each time."""
    value_of(bench.notebook, f"setattr(w, 'image_index', 0) or setattr(w, 'layer', '{layer}')")
    value_of(bench.notebook, "w.wait()")
    ready(bench.notebook)
    acts = [PICTURE.format(number=i) for i in range(1, bench.repeats + 1)]
    found = [time["page"] for time in bench.asked("maps", "maps", acts)]
    return f"maps of {size} there → painted", f"{statistics.median(found):.0f} ms (worst {max(found):.0f})", "≤ 50 ms"


def _scrolling(bench: Bench) -> tuple[str, str, str]:
    before, frames = bench.work(), 120
    times = sorted(bench.call(f"probe.scrolled({frames}, 40)"))
    busy = (bench.work() - before) / frames
    middle, late = statistics.median(times), times[int(0.95 * len(times))]
    told = f"a frame each {middle:.1f} ms (95 % ≤ {late:.1f}), {busy:.1f} ms busy"
    return "scrolling", told, "display rate: 16.7 ms"


def _hovering(bench: Bench) -> tuple[str, str, str]:
    sent, before = bench.call("probe.sent()"), bench.work()
    count = bench.call("probe.hovered(40)")
    busy, messages = (bench.work() - before) / count, bench.call("probe.sent()") - sent
    return "hovering a channel", f"{busy:.1f} ms busy, {messages} messages", "≤ 16 ms, no message"


def _clicking(bench: Bench) -> tuple[str, str, str]:
    """From the click to the painted projection, without what the kernel computed."""
    value_of(bench.notebook, "setattr(w, 'layer', '4')")
    ready(bench.notebook)
    above = []
    for i in range(bench.repeats):
        (times,) = bench.asked("projection", "projection", [CLICK.format(channel=3 + i)])
        computed = float(value_of(bench.notebook, "[ms for op, ms in spent if op == 'projection'][-1]"))
        above.append(times["whole"] - computed)
    return "click → kernel → painted, above the computing", f"{statistics.median(above):.0f} ms", "≤ 30 ms"


if __name__ == "__main__":
    main()
