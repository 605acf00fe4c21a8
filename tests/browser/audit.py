"""What axe, the auditor of accessible pages, has to say about an element and the shadow trees in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

AXE = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"

# Everything that WCAG 2.2 asks for up to level AA, and what axe holds to be good practice beyond it.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(shown: Locator) -> list[str]:
    """One text a violation: the rule, what it asks for, and the elements that break it.

    Raises AssertionError where axe looked at nothing within a shadow tree: it would find no fault there, either.
    """
    if not shown.page.evaluate("() => 'axe' in window"):
        # As a script of its own the page's module loader would take it over.
        shown.page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = shown.evaluate(
        """async (element, values) => {
            const rules = { "target-size": { enabled: true }, "label-content-name-mismatch": { enabled: true } };
            const options = { runOnly: { type: "tag", values }, rules, resultTypes: ["violations", "passes"] };
            const { violations, passes } = await axe.run(element, options);
            // What lies in a shadow tree is addressed by its host and its place in there.
            const within = passes.flatMap(({ nodes }) => nodes).filter(({ target }) => Array.isArray(target[0]));
            return { violations, within: within.length };
        }""",
        TAGS,
    )
    assert found["within"] > 0, "axe looked at nothing within a shadow tree"
    return [_described(violation) for violation in found["violations"]]


def _described(violation: dict[str, Any]) -> str:
    places = [f"    {node['html'][:160]}\n      {_reasons(node)}" for node in violation["nodes"]]
    return "\n".join([f"{violation['id']}: {violation['help']} ({len(places)})", *places[:6]])


def _reasons(node: dict[str, Any]) -> str:
    return " ".join(check["message"] for check in node["any"] + node["all"] + node["none"])
