"""By finger: a tap chooses, a drag moves the window and the divider, a swipe scrolls and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.conftest import WINDOW
from tests.browser.explorer import OPEN, channel, others, ready, value_of
from tests.browser.lab import ANSWER_MS, Lab, Notebook, repainted

DREAMER = """
d = nbviz.Dreamer(net, scenes.pictures[0], layer="layer3", octaves=1, steps=2, size=96)
d
"""
# Everything that a finger aims at, but for what lies in a line of text or has room around it.
SMALL = """root => {
    const small = [];
    for (const one of root.querySelectorAll("button, select, input, [role=treeitem] > .stop-row, summary")) {
        const box = one.getBoundingClientRect();
        if (box.width && (box.height < 24 || box.width < 24) && !one.closest("[role=grid]") && one.type !== "checkbox"
            && one.type !== "range") small.push(`${one.outerHTML.slice(0, 120)} ${box.width}x${box.height}`);
    }
    return small;
}"""


@pytest.fixture
def notebook(lab: Lab) -> Iterator[Notebook]:
    """An Explorer and a Dreamer in a browser that is touched."""
    browser = lab.context.browser
    assert browser is not None
    context = browser.new_context(viewport=WINDOW, has_touch=True)
    opened = Lab(lab.server, context).open([OPEN, DREAMER], "touch")
    opened.run(0)
    ready(opened, cell=0)
    yield opened
    opened.close()
    context.close()


Point = tuple[float, float]


class Fingers:
    """Touches of a page, in shares of an element's height and width."""

    def __init__(self, page: Page) -> None:
        self._page, self._cdp = page, page.context.new_cdp_session(page)

    def drag(self, shown: Locator, *ways: Sequence[Point]) -> None:
        """Each finger goes its way from point to point, all at the same time; where they are is told at the start."""
        box = box_of(shown)
        points = [
            [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for y, x in way] for way in ways
        ]
        for step, fingers in enumerate(zip(*points, strict=True)):
            self._tell("Move" if step else "Start", *fingers)
            # No faster than a hand: what moves within a frame is no swipe.
            self._page.evaluate("() => new Promise(requestAnimationFrame)")
        self._tell("End")

    def _tell(self, kind: str, *points: dict[str, float]) -> None:
        touches = [{**point, "id": number} for number, point in enumerate(points)]
        self._cdp.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": touches})


def box_of(shown: Locator) -> FloatRect:
    box = shown.bounding_box()
    assert box is not None
    return box


def line(start: Point, end: Point, steps: int = 10) -> list[Point]:
    shares = [step / steps for step in range(steps + 1)]
    return [(start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])) for t in shares]


def middle(shown: Locator, within: Locator) -> Point:
    """Where the middle of an element lies in another one, in shares of that."""
    one, all_ = box_of(shown), box_of(within)
    y = (one["y"] + one["height"] / 2 - all_["y"]) / all_["height"]
    return y, (one["x"] + one["width"] / 2 - all_["x"]) / all_["width"]


def test_everything_is_done_by_finger(notebook: Notebook) -> None:
    fingers = Fingers(notebook.page)
    stage = notebook.panel("overlay", 0).locator(".picture")
    number = others(notebook)[3]
    repainted(notebook.panel("projection"), channel(notebook, number).tap)
    chosen = value_of(notebook, "w.unit")
    assert chosen.endswith(f":{number}'")
    _nothing_is_left(notebook, chosen)

    # A swipe scrolls the grid, and one over the picture the notebook: neither chooses, peeks or keeps a place.
    grid = notebook.panel("maps").locator(".tiles")
    grid.scroll_into_view_if_needed()
    fingers.drag(grid, line((0.7, 0.4), (0.3, 0.4)))
    notebook.page.wait_for_function("grid => grid.scrollTop > 30", arg=grid.element_handle())
    _nothing_is_left(notebook, chosen)
    stage.scroll_into_view_if_needed()
    before = box_of(stage)["y"]
    fingers.drag(stage, line((0.8, 0.4), (0.3, 0.4)))
    assert box_of(stage)["y"] < before - 30
    _nothing_is_left(notebook, chosen)

    _window(notebook, fingers, stage)
    small = notebook.page.locator(".explorer").first.evaluate(SMALL)
    assert not small, "\n".join(small)
    _divider(notebook, fingers)


def _nothing_is_left(notebook: Notebook, chosen: str) -> None:
    overlay = notebook.panel("overlay", 0)
    expect(overlay.locator(".tag")).to_have_count(0)
    expect(overlay.locator(".here")).to_contain_text("point at the picture")
    assert value_of(notebook, "w.unit") == chosen


def _window(notebook: Notebook, fingers: Fingers, stage: Locator) -> None:
    """A finger moves the window; a second one disturbs neither it nor what comes after."""
    cover = notebook.page.get_by_role("button", name="Cover a part of the picture by hand")
    cover.tap()
    scores = notebook.panel("occlude")
    expect(scores).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    stage.scroll_into_view_if_needed()
    held = stage.locator(".marks .field").first
    repainted(scores, lambda: fingers.drag(stage, line((0.2, 0.3), (0.6, 0.3))))
    assert middle(held, stage) == pytest.approx((0.6, 0.3), abs=0.02)
    fingers.drag(stage, line((0.6, 0.3), (0.6, 0.3)), line((0.3, 0.7), (0.2, 0.8)))
    assert middle(held, stage) == pytest.approx((0.6, 0.3), abs=0.02)
    fingers.drag(stage, line((0.6, 0.3), (0.4, 0.6)))
    assert middle(held, stage) == pytest.approx((0.4, 0.6), abs=0.02)
    notebook.screenshot("touch")
    cover.tap()


def _divider(notebook: Notebook, fingers: Fingers) -> None:
    """The divider between before and after follows a finger."""
    notebook.run(1)
    expect(notebook.panel("original")).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    notebook.page.get_by_role("button", name="Dream", exact=True).tap()
    slider = notebook.page.get_by_role("slider", name="Before and after")
    expect(slider).to_have_attribute("aria-valuenow", "50", timeout=ANSWER_MS)
    stage = notebook.panel("dream").locator(".before-after")
    stage.scroll_into_view_if_needed()
    fingers.drag(stage, line((0.5, 0.5), (0.5, 0.25)))
    assert abs(int(slider.get_attribute("aria-valuenow") or 0) - 25) <= 1
