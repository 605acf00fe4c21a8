"""Size of a frozen notebook, and how long its page takes to open: `python -m benchmarks.sharing`.

Freezes notebooks/quickstart.ipynb with all channels of three layers, three methods, on two pictures, and opens what
came out, from disk and without a network, until every panel of the first view is painted. Given pages, as in
`python -m benchmarks.sharing before.html after.html`, it opens those instead, in turns.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tools.browser import ensure

QUICKSTART = Path(__file__).resolve().parents[1] / "notebooks" / "quickstart.ipynb"
LAYERS = ["layer4.0.conv2", "layer3.0.conv2", "layer1.0.conv2"]
METHODS = ["deconvnet", "guided_backprop", "neuron_gradient"]
RECORD = [
    *("--layers", ",".join(LAYERS)),
    *("--methods", ",".join([*METHODS, "grad_cam"])),
    *("--top-k", "all"),
    *("--pictures", "0,1"),
    *("--max-mb", "40"),
]
PANELS = ["picture", "overlay", "maps", "projection"]
RUNS = 5

PAINTED = """panels => {
    const inside = document.querySelector("iframe")?.contentDocument ?? document;
    const view = inside.querySelector(".view > div")?.shadowRoot;
    return view && panels.every(name => view.querySelector(`[data-panel=${name}][data-state=ready]`));
}"""


def nbviz(*arguments: str | Path) -> float:
    """Run the command line; returns the seconds it took."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "nbviz.cli", *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def opening(page: Page, url: str) -> float:
    """Seconds from the address to the last panel of the first view."""
    begun = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(PAINTED, arg=PANELS, polling=20)
    return time.perf_counter() - begun


def openings(pages: list[Path]) -> dict[str, object]:
    """Open the pages in turns; by each one its size, and the least and the median time. Last the machine's load."""
    times: dict[Path, list[float]] = {path: [] for path in pages}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure(), args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 1400, "height": 1000}, offline=True)
        for _ in range(RUNS):
            for path in pages:
                page = context.new_page()
                times[path].append(opening(page, path.resolve().as_uri()))
                page.close()
        browser.close()
    found: dict[str, object] = {}
    for path, seconds in times.items():
        found[f"{path}, MB"] = round(path.stat().st_size / 1e6, 2)
        found[f"{path}, opens in s (least, median)"] = [round(min(seconds), 2), round(statistics.median(seconds), 2)]
    return {**found, "load": round(os.getloadavg()[0], 1)}


def measure(folder: Path) -> dict[str, object]:
    """Freeze, export, open."""
    notebook, page, alone = folder / "quickstart.ipynb", folder / "notebook.html", folder / "explorer.html"
    shutil.copy(QUICKSTART, notebook)
    seconds = nbviz("freeze", notebook, "-o", folder / "frozen.ipynb", "--html", page, *RECORD)
    exported = nbviz("explore", "demo", "--html", alone, *RECORD)
    found: dict[str, object] = {"freeze, s": round(seconds, 1), "explore --html, s": round(exported, 1)}
    found["frozen notebook, MB"] = round((folder / "frozen.ipynb").stat().st_size / 1e6, 2)
    return {**found, **openings([page, alone])}


if __name__ == "__main__":
    given = [Path(name) for name in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(openings(given) if given else measure(Path(folder)), indent=1))
