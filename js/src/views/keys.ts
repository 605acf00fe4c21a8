/** Keys of the whole widget; text fields and lists keep their own. */
import { formatUnit, type Unit } from "../address";
import { isPinned, togglePin } from "../places";
import type { View } from "./context";

const TYPING = "input:not([type=range], [type=checkbox]), select, textarea";

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

/** The channel under the focus where that is in the grid, else the chosen unit. */
function unitMeant({ store }: View, focused: HTMLElement): Unit | null {
  const cell = focused.closest<HTMLElement>('[data-panel="maps"] [data-channel]');
  const layer = store.traits.layer.peek();
  return cell ? { layer, channel: Number(cell.dataset.channel), position: null } : store.unit.peek();
}

/** Pin a unit or take its pin away, and say which. */
export function pin(view: View, unit: Unit | null): void {
  if (!unit) {
    view.say("No unit is chosen.", true);
    return;
  }
  togglePin(view.store, unit);
  const pinned = isPinned(view.store.traits.pins.peek(), unit);
  view.say(`${formatUnit(unit)} is ${pinned ? "pinned" : "no longer pinned"}.`);
}

function find({ host }: View): void {
  host.shadowRoot?.querySelector<HTMLElement>(".find input")?.focus();
}

function stopOrClose({ store, dialog }: View): void {
  if (dialog.peek()) dialog.value = null;
  else {
    store.uploads.cancel();
    for (const slot of Object.values(store.slots)) slot.stop();
  }
}

interface Key {
  /** As the browser names them. */
  keys: string[];
  /** As they are written on the keyboard. */
  written: string;
  does: string;
  /** Null where the part that has the focus acts by itself. */
  act: ((view: View, key: string, focused: HTMLElement) => void) | null;
}

/** All of them: the help shows this list. */
export const KEYS: readonly Key[] = [
  { keys: [], written: "Tab", does: "next part of the view", act: null },
  { keys: [], written: "arrows, Page, Home, End", does: "move in the grid, in a row, in a list", act: null },
  {
    keys: [],
    written: "arrows on the picture",
    does: "move the place that HERE tells of, or the window that covers; + and − change its size",
    act: null,
  },
  {
    keys: [],
    written: "Enter",
    does: "choose the unit; once chosen, start what excites it",
    act: null,
  },
  {
    keys: ["u", "o"],
    written: "u  o",
    does: "previous, next layer",
    act: (view, key) => stepLayer(view, key === "u" ? -1 : 1),
  },
  { keys: ["b"], written: "b", does: "next projection method", act: nextMethod },
  {
    keys: ["Backspace"],
    written: "Backspace",
    does: "back to the unit before",
    act: ({ store }) => store.trail.back(),
  },
  {
    keys: ["p"],
    written: "p",
    does: "pin the unit, or take its pin away",
    act: (view, _, focused) => pin(view, unitMeant(view, focused)),
  },
  { keys: ["/"], written: "/", does: "find a unit, a layer, a class, a pin, a bookmark", act: find },
  {
    keys: ["Escape"],
    written: "Esc",
    does: "close what is open, else stop what is running",
    act: stopOrClose,
  },
  {
    keys: ["?"],
    written: "?",
    does: "this help",
    act: ({ dialog }) => {
      dialog.value = dialog.peek() === "keys" ? null : "keys";
    },
  },
];

export function handleKey(view: View, event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const focused = event.target as HTMLElement;
  if (focused.closest(TYPING) && event.key !== "Escape") return;
  const act = KEYS.find(({ keys }) => keys.includes(event.key))?.act;
  if (!act) return;
  event.preventDefault();
  act(view, event.key, focused);
}
