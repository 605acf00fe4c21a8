/** Keys of the whole widget; text fields and lists keep their own. */
import type { View } from "./context";

const TYPING = "input:not([type=range]), select, textarea";

function stepLayer({ store }: View, by: number): void {
  const layers = store.traits._network.peek().layers;
  const at = layers.findIndex((layer) => layer.name === store.traits.layer.peek());
  const next = layers[at + by];
  if (next) store.setTraits({ layer: next.name });
}

function nextMethod({ store }: View): void {
  const all = store.traits._methods.peek();
  const current = all.find((method) => method.name === store.traits.method.peek());
  const methods = all.filter((method) => method.asks === (current?.asks ?? "unit"));
  const at = current ? methods.indexOf(current) : -1;
  const next = methods[(at + 1) % methods.length];
  if (next) store.setTraits({ method: next.name });
}

function stopOrClose({ store, help }: View): void {
  if (help.peek()) help.value = false;
  else {
    store.uploads.cancel();
    for (const slot of Object.values(store.slots)) slot.stop();
  }
}

const KEYS: Record<string, (view: View) => void> = {
  u: (view) => stepLayer(view, -1),
  o: (view) => stepLayer(view, 1),
  b: nextMethod,
  "?": ({ help }) => {
    help.value = !help.peek();
  },
  Escape: stopOrClose,
};

export function handleKey(view: View, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if ((event.target as HTMLElement).closest(TYPING) && event.key !== "Escape") return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act(view);
}
