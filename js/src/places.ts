/** Places of a network that one comes back to: pinned units, and whole views kept under a name. */
import { formatUnit, parseUnit, type Unit } from "./address";
import type { Choices } from "./choices";
import type { Store } from "./store";

export interface Pin {
  unit: string;
  name: string;
  note: string;
}

/** What a widget shows; `page` is what only the page chooses. */
export interface View {
  layer: string;
  unit: string;
  image_index: number;
  method: string;
  target: number | null;
  page: Choices;
}

/** Why a text names no unit of the network, or null where it does. */
export function faultOfUnit({ traits }: Store, written: string): string | null {
  const unit = parseUnit(written);
  if (!unit) return "Write layer:unit, or layer:unit@row,column for one neuron.";
  const layer = traits._network.value.layers.find(({ name }) => name === unit.layer);
  if (!layer) return `There is no layer ${unit.layer}.`;
  if (unit.channel >= layer.channels) return `${layer.name} has units 0 to ${layer.channels - 1}.`;
  const [y, x] = unit.position ?? [0, 0];
  if (y >= layer.height || x >= layer.width) {
    return `The map of ${layer.name} has rows 0 to ${layer.height - 1} and columns 0 to ${layer.width - 1}.`;
  }
  return null;
}

export const isPinned = (pins: readonly Pin[], unit: Unit): boolean =>
  pins.some((pin) => pin.unit === formatUnit(unit));

export const without = (pins: readonly Pin[], unit: string): Pin[] => pins.filter((pin) => pin.unit !== unit);

/** Pin a unit, or take its pin away. */
export function togglePin({ traits, setTraits }: Store, unit: Unit): void {
  const pins = traits.pins.peek();
  const written = formatUnit(unit);
  const pinned = isPinned(pins, unit);
  setTraits({ pins: pinned ? without(pins, written) : [...pins, { unit: written, name: "", note: "" }] });
}

export function changePin({ traits, setTraits }: Store, changed: Pin): void {
  setTraits({ pins: traits.pins.peek().map((pin) => (pin.unit === changed.unit ? changed : pin)) });
}

/** What is shown now. */
export function viewOf({ traits, choices }: Store): View {
  return {
    layer: traits.layer.peek(),
    unit: traits.unit.peek(),
    image_index: traits.image_index.peek(),
    method: traits.method.peek(),
    target: traits.target.peek(),
    page: choices.current(),
  };
}

/** The name as it stands in a link: `floppy-ear` for "Floppy ear". */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");

/** Why a view cannot be kept under this name, or null where it can. */
export function faultOfName({ traits }: Store, name: string): string | null {
  if (!slug(name)) return "A bookmark needs a name with a letter or digit in it.";
  if (parseUnit(name)) return "This is how a unit is written: name the bookmark differently.";
  const taken = bookmarkNamed(traits.bookmarks.peek(), name);
  return taken && taken !== name ? `Its link would be that of “${taken}”.` : null;
}

/** Keep what is shown under a name; one of that name is replaced. */
export function keepView(store: Store, name: string): void {
  store.setTraits({ bookmarks: { ...store.traits.bookmarks.peek(), [name]: viewOf(store) } });
}

export function dropView({ traits, setTraits }: Store, name: string): void {
  const { [name]: _dropped, ...kept } = traits.bookmarks.peek();
  setTraits({ bookmarks: kept });
}

export const bookmarkNamed = (bookmarks: Record<string, View>, written: string): string | undefined =>
  Object.keys(bookmarks).find((name) => slug(name) === slug(written));

/** Why a view cannot be shown, or null where it can. */
function faultOf({ traits }: Store, { layer, image_index, unit }: View): string | null {
  const { layers } = traits._network.peek();
  const missing = [layer, parseUnit(unit)?.layer].find(
    (name) => name && !layers.some((l) => l.name === name),
  );
  if (missing) return `There is no layer ${missing}.`;
  return traits._images.peek()[image_index] ? null : `There is no picture ${image_index}.`;
}

/** Show a kept view, all of it; returns the reason where something it shows is missing. */
export function showView(store: Store, view: View): string | null {
  const fault = faultOf(store, view);
  if (fault) return fault;
  const { page, method, layer, ...rest } = view;
  store.choices.take(page);
  // The layer comes last: a unit takes the view to its own.
  store.setTraits({ ...rest, ...(method && { method }), layer });
  return null;
}

/** Lock a unit and lay its map over the picture. */
export function walkTo(store: Store, unit: Unit): null {
  store.local.mode.value = "unit";
  store.lock(unit);
  return null;
}
