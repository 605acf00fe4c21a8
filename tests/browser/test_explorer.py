"""A person opens the Explorer in JupyterLab, clicks, and looks."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import numpy as np
from playwright.sync_api import expect

from tests.browser.conftest import OpenNotebook
from tests.browser.explorer import OPEN, PANELS, channel, opened, others, ready, value_of
from tests.browser.lab import ANSWER_MS, repainted, seq
from tests.browser.pixels import changed, differs, is_blank, picture


def test_the_view_opens_populated(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    for name in ("picture", "maps", "projection"):
        assert not is_blank(picture(notebook.panel(name).locator("canvas").first)), name
    # The strongest unit of a late convolution is chosen, and the prediction is there.
    expect(notebook.panel("maps").locator('[aria-selected="true"]')).to_have_count(1)
    expect(notebook.page.locator(".class-bar")).to_have_count(5)
    assert not notebook.console_errors
    notebook.screenshot("explorer-light")


def test_a_click_on_a_channel_paints_its_projection(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("projection")
    before = picture(panel.locator("canvas"))
    other = others(notebook)[0]
    repainted(panel, channel(notebook, other).click)
    ready(notebook, "projection")
    assert value_of(notebook, "w.unit") == f"'{value_of(notebook, 'w.layer')[1:-1]}:{other}'"
    expect(panel).to_contain_text(f":{other} at ")
    after = picture(panel.locator("canvas"))
    assert differs(before, after)
    assert not is_blank(after)


def test_another_method_projects_the_same_unit_differently(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("projection")
    seen = [picture(panel.locator("canvas"))]
    for label in ("Guided backprop", "Gradient"):
        repainted(panel, panel.get_by_role("radio", name=label).click)
        expect(panel).to_contain_text(f"{label if label != 'Gradient' else 'Gradient'} of ")
        ready(notebook, "projection")
        seen.append(picture(panel.locator("canvas")))
    assert differs(seen[0], seen[1])
    assert differs(seen[1], seen[2])


def test_the_overlay_follows_the_class_without_asking_the_kernel(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("overlay")
    before = picture(panel.locator("canvas"))
    sent = _count_messages(notebook)
    repainted(panel, notebook.page.locator(".class-bar").nth(1).click)
    after = picture(panel.locator("canvas"))
    assert differs(before, after)
    assert notebook.page.evaluate("window.sentByWidget") == sent
    # Opacity and colours are the page's own affair as well.
    slider = notebook.page.get_by_label("opacity")
    repainted(panel, lambda: slider.fill("0"))
    assert changed(after, picture(panel.locator("canvas"))) > 0
    assert notebook.page.evaluate("window.sentByWidget") == sent
    assert int(value_of(notebook, "w.target")) >= 0


def test_a_class_beyond_the_strongest_five_is_found_by_its_name(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    shown = notebook.page.locator(".class-bar .name").all_inner_texts()
    other = next(label for label in eval(value_of(notebook, "nbviz.demo.CLASSES")) if label not in shown)
    search = notebook.page.get_by_role("combobox", name=re.compile("^any of", re.IGNORECASE))
    search.fill(other)
    repainted(notebook.panel("overlay"), lambda: search.press("Enter"))
    expect(notebook.panel("overlay")).to_contain_text(other)


def test_synthesis_streams_and_stops_on_demand(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("excites")
    panel.get_by_label("steps").fill("2000")
    panel.get_by_role("button", name="Start").click()
    frames: list[np.ndarray] = []
    newest = ""
    while len(frames) < 5:
        expect(panel).not_to_have_attribute("data-seq", newest or "0", timeout=ANSWER_MS)
        newest = seq(panel)
        frames.append(picture(panel.locator("canvas")))
    assert all(changed(a, b) > 0 for a, b in pairwise(frames))
    assert differs(frames[0], frames[-1], share=0.2)
    notebook.screenshot("synthesis-running")
    panel.get_by_role("button", name="Stop").click()
    expect(panel).not_to_have_attribute("data-state", "computing", timeout=2000)
    # What was stopped is stopped in the kernel too: nothing is left to wait for.
    started = time.monotonic()
    assert value_of(notebook, "w.wait(5)") == "True"
    assert time.monotonic() - started < 4
    assert not is_blank(picture(panel.locator("canvas")))


def test_a_finished_synthesis_says_how_far_it_got(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("excites")
    panel.get_by_label("steps").fill("12")
    panel.get_by_role("button", name="Start").click()
    expect(panel).to_have_attribute("data-state", "ready", timeout=ANSWER_MS)
    expect(panel).to_contain_text("activation")
    expect(panel).to_contain_text("nbviz.visualize(net, net.unit(")


def test_the_last_click_wins(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    panel = notebook.panel("excites")
    panel.get_by_label("steps").fill("2000")
    panel.get_by_role("button", name="Start").click()
    expect(panel).to_have_attribute("data-seq", re.compile("[1-9]"), timeout=ANSWER_MS)
    numbers = others(notebook)[:12]
    for number in numbers:
        channel(notebook, number).click()
    expect(notebook.panel("projection")).to_contain_text(f":{numbers[-1]} at ", timeout=ANSWER_MS)
    ready(notebook, "projection")
    # The search for the unit left behind has ended; nothing runs for anybody.
    assert value_of(notebook, "w.wait(5)") == "True"
    assert value_of(notebook, "w.status") == "'idle'"


def test_a_click_is_answered_while_a_cell_sleeps(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, "import time; w.image_index = 1; time.sleep(8); print('slept')")
    notebook.start(1)
    notebook.wait_kernel("busy")
    panel = notebook.panel("projection")
    other = others(notebook)[0]
    started = time.monotonic()
    repainted(panel, channel(notebook, other).click)
    expect(panel).to_contain_text(f":{other} at ")
    assert time.monotonic() - started < 4
    assert notebook.printed(1) == ""
    notebook.wait_finished(1)
    assert notebook.printed(1) == "slept\n"


def test_a_view_is_filled_while_the_cells_below_it_run(open_notebook: OpenNotebook) -> None:
    """Run All: the page's first questions lie behind every cell that is still to run."""
    notebook = open_notebook([OPEN, "import time; time.sleep(15); print('slept')"])
    notebook.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    expect(notebook.panel("projection")).to_be_visible(timeout=ANSWER_MS)
    ready(notebook)
    assert notebook.printed(1) == ""
    panel = notebook.panel("projection")
    other = others(notebook)[0]
    repainted(panel, channel(notebook, other).click)
    expect(panel).to_contain_text(f":{other} at ")
    assert notebook.printed(1) == ""
    expect(notebook.output(1)).to_contain_text("slept", timeout=ANSWER_MS)


def test_a_kernel_restart_is_told_and_nothing_is_lost(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    notebook.restart_kernel()
    channel(notebook, others(notebook)[0]).click()
    expect(notebook.page.get_by_role("alert")).to_contain_text("run the cell again", timeout=ANSWER_MS)
    for name in PANELS:
        expect(notebook.panel(name)).to_have_attribute("data-state", "stale")
        assert not is_blank(picture(notebook.panel(name).locator("canvas").first)), name
    notebook.screenshot("kernel-restarted")
    notebook.run(0)
    ready(notebook, cell=0)


def test_two_views_of_one_widget_agree(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook, "w")
    notebook.run(1)
    ready(notebook, cell=1)
    other = others(notebook, cell=0)[0]
    repainted(notebook.panel("projection", 1), channel(notebook, other, cell=0).click)
    ready(notebook, "projection", cell=0)
    ready(notebook, "projection", cell=1)
    for cell in (0, 1):
        expect(notebook.panel("projection", cell)).to_contain_text(f":{other} at ")
        expect(channel(notebook, other, cell)).to_have_attribute("aria-selected", "true")
    first, second = (picture(notebook.panel("projection", cell).locator("canvas")) for cell in (0, 1))
    assert not differs(first, second)


def test_a_page_reload_restores_the_view(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    other = others(notebook)[0]
    repainted(notebook.panel("projection"), channel(notebook, other).click)
    ready(notebook, "projection")
    before = picture(notebook.panel("projection").locator("canvas"))
    notebook.save()
    notebook.load()
    ready(notebook)
    expect(channel(notebook, other)).to_have_attribute("aria-selected", "true")
    assert not differs(before, picture(notebook.panel("projection").locator("canvas")))


def test_python_sets_and_reads_what_is_shown(open_notebook: OpenNotebook) -> None:
    notebook = opened(
        open_notebook,
        "w.unit = 'layer1.0.conv2:7'",
        "w.image_index = 2; w.method = 'guided_backprop'; w.target = scenes.names[2][1]",
    )
    repainted(notebook.panel("projection"), lambda: notebook.run(1))
    ready(notebook)
    expect(notebook.panel("maps")).to_contain_text("layer1.0.conv2")
    expect(channel(notebook, 7)).to_have_attribute("aria-selected", "true")
    repainted(notebook.panel("picture"), lambda: notebook.run(2))
    ready(notebook)
    expect(notebook.panel("projection")).to_contain_text("Guided backprop of layer1.0.conv2:7")
    expect(notebook.panel("overlay")).to_contain_text(eval(value_of(notebook, "scenes.names[2][1]")))


def test_everything_goes_by_keyboard(open_notebook: OpenNotebook) -> None:
    notebook = opened(open_notebook)
    cells = notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")
    first = others(notebook)[0]
    channel(notebook, first).click()
    keys = notebook.page.keyboard
    keys.press("ArrowRight")
    keys.press("ArrowRight")
    expect(channel(notebook, first + 2)).to_be_focused()
    repainted(notebook.panel("projection"), lambda: keys.press("Enter"))
    expect(notebook.panel("projection")).to_contain_text(f":{first + 2} at ")
    keys.press("b")
    expect(notebook.panel("projection")).to_contain_text("Guided backprop of", timeout=ANSWER_MS)
    layer = value_of(notebook, "w.layer")
    repainted(notebook.panel("maps"), lambda: keys.press("u"))
    assert value_of(notebook, "w.layer") != layer
    keys.press("d")
    keys.press("d")
    keys.press("?")
    expect(notebook.page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(notebook.page.get_by_role("dialog")).to_have_count(0)
    # The notebook's own shortcuts (b, dd) did nothing.
    assert notebook.page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length") == cells


def _count_messages(notebook: object) -> int:
    """Count what the widget sends to the kernel from now on, in `window.sentByWidget`."""
    page = notebook.page  # type: ignore[attr-defined]
    count: int = page.evaluate(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
            window.sentByWidget = 0;
            kernel.anyMessage.connect((_, { msg, direction }) => {
                const data = msg.content?.data;
                if (direction === 'send' && msg.header.msg_type === 'comm_msg' && data?.method === 'custom')
                    window.sentByWidget += 1;
            });
            return window.sentByWidget;
        }"""
    )
    return count
