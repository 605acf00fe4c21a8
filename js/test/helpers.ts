import type { AnyModel } from "@anywidget/types";
import { vi } from "vitest";
import { type Answer, exampleTraits, FakeModel } from "../dev/fake";
import widget from "../src/entry";
import type { Outgoing, Request } from "../src/protocol";
import type { Traits } from "../src/traits";

export type { Answer };
export { exampleTraits, FakeModel };

export const asModel = (model: FakeModel): AnyModel => model as unknown as AnyModel;

export const requests = (model: FakeModel, op?: string): Request[] =>
  model.sent.filter((m): m is Request => m.type === "request" && (!op || m.op === op));

export const last = (model: FakeModel): Outgoing => model.sent[model.sent.length - 1]!;

/** Mount the real module on a model; `root` is the shadow root of the view. */
export async function mounted(view: Traits["_view"] = "explorer", change: Partial<Traits> = {}) {
  const model = new FakeModel({ ...exampleTraits(view), ...change });
  const life = new AbortController();
  const { initialize, render } = widget();
  const addView = () => {
    const el = document.createElement("div");
    document.body.append(el);
    const dispose = render({ model: asModel(model), el, signal: life.signal } as never);
    return { el, dispose: dispose as () => void, root: el.firstElementChild?.shadowRoot as ShadowRoot };
  };
  initialize({ model: asModel(model), signal: life.signal } as never);
  const first = addView();
  await settled(first.root);
  return { model, life, addView, ...first };
}

/** A loaded machine takes its time. */
const PATIENCE = { timeout: 10_000 };

/** Until every panel is painted. */
export async function settled(root: ShadowRoot) {
  await vi.waitFor(() => {
    const states = [...root.querySelectorAll("[data-panel]")].map((panel) =>
      panel.getAttribute("data-state"),
    );
    if (states.some((state) => state === "computing")) throw new Error(states.join());
  }, PATIENCE);
}

export const panel = (root: ShadowRoot, name: string): HTMLElement =>
  root.querySelector(`[data-panel="${name}"]`) as HTMLElement;

/** A press as the browser sends it from the focused element. */
export function press(root: ShadowRoot, key: string, init: KeyboardEventInit = {}) {
  const event = new KeyboardEvent("keydown", {
    key,
    bubbles: true,
    composed: true,
    cancelable: true,
    ...init,
  });
  root.activeElement?.dispatchEvent(event);
}

/** Let effects pass, and what they paint: a frame each, and one that was under way; a loaded machine makes them late. */
export async function breathe() {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => requestAnimationFrame(resolve));
  await new Promise((resolve) => setTimeout(resolve, 1));
}
