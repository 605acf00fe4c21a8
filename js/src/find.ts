/** What a person may look for by typing: units, layers, classes, pins, bookmarks. */
import { formatUnit, parseUnit, type Unit } from "./address";
import { faultOfUnit, showView, walkTo } from "./places";
import type { Store } from "./store";

const MOST = 40;
/** Of each kind, that no kind hides the others. */
const EACH = 12;

export interface Found {
  key: string;
  label: string;
  /** What kind of thing it is, or its number. */
  detail: string;
  /** Says the reason where what was found cannot be shown. */
  choose: () => string | null;
}

/** Indices of the classes whose name or number contains the text: those that begin with it come first. */
export function searchClasses(labels: readonly string[], query: string): number[] {
  const sought = query.trim().toLowerCase();
  if (!sought) return [];
  const places = labels.map((label, index) =>
    String(index) === sought ? -1 : label.toLowerCase().indexOf(sought),
  );
  const exact = /^\d+$/.test(sought) && Number(sought) < labels.length ? [Number(sought)] : [];
  const found = labels.map((_, index) => index).filter((index) => places[index]! >= 0);
  found.sort((a, b) => Math.sign(places[a]!) - Math.sign(places[b]!) || a - b);
  return [...exact, ...found].slice(0, MOST);
}

export const classNames = ({ traits }: Store): string[] => {
  const { labels, classes } = traits._network.value;
  return labels ?? Array.from({ length: classes }, (_, i) => `class ${i}`);
};

export function showLayer({ setTraits }: Store, layer: string): null {
  setTraits({ layer });
  return null;
}

/** Lay the evidence for a class over the picture. */
export function showClass({ local, setTraits }: Store, index: number | null): null {
  local.mode.value = "class";
  setTraits({ target: index });
  return null;
}

const holds = (sought: string, ...texts: string[]): boolean =>
  texts.some((text) => text.toLowerCase().includes(sought));

/** A number is a unit of the chosen layer; before a colon stands a layer's name or a part of it. */
function units(store: Store, written: string): Found[] {
  const { traits } = store;
  const parsed: Unit | null = /^\d+$/.test(written)
    ? { layer: traits.layer.value, channel: Number(written), position: null }
    : parseUnit(written);
  if (!parsed) return [];
  const { layers } = traits._network.value;
  const exact = layers.some(({ name }) => name === parsed.layer);
  const fitting = exact
    ? [parsed.layer]
    : layers.map(({ name }) => name).filter((n) => holds(parsed.layer, n));
  return fitting
    .map((layer) => ({ ...parsed, layer }))
    .filter((unit) => !faultOfUnit(store, formatUnit(unit)))
    .map((unit) => ({
      key: `unit ${formatUnit(unit)}`,
      label: formatUnit(unit),
      detail: "unit",
      choose: () => walkTo(store, unit),
    }));
}

function pins(store: Store, sought: string): Found[] {
  return store.traits.pins.value
    .filter(({ unit, name, note }) => holds(sought, unit, name, note))
    .map(({ unit, name, note }) => ({
      key: `pin ${unit}`,
      label: name ? `${name} · ${unit}` : unit,
      detail: `★ pin${note ? ` · ${note}` : ""}`,
      choose: () => walkTo(store, parseUnit(unit) as Unit),
    }));
}

function bookmarks(store: Store, sought: string): Found[] {
  return Object.entries(store.traits.bookmarks.value)
    .filter(([name]) => holds(sought, name))
    .map(([name, view]) => ({
      key: `bookmark ${name}`,
      label: name,
      detail: "bookmark",
      choose: () => showView(store, view),
    }));
}

function layers(store: Store, sought: string): Found[] {
  const found = store.traits._network.value.layers.filter(({ name, kind }) => holds(sought, name, kind));
  // By its name before by its kind.
  found.sort((a, b) => Number(holds(sought, b.name)) - Number(holds(sought, a.name)));
  return found.map(({ name, kind }) => ({
    key: `layer ${name}`,
    label: name,
    detail: `layer · ${kind}`,
    choose: () => showLayer(store, name),
  }));
}

function classes(store: Store, sought: string): Found[] {
  const names = classNames(store);
  return searchClasses(names, sought).map((index) => ({
    key: `class ${index}`,
    label: names[index] as string,
    detail: `class ${index}`,
    choose: () => showClass(store, index),
  }));
}

const KINDS = [units, pins, bookmarks, layers, classes];

export function find(store: Store, query: string): Found[] {
  const [written, sought] = [query.trim(), query.trim().toLowerCase()];
  return KINDS.flatMap((kind) => kind(store, kind === units ? written : sought).slice(0, EACH)).slice(
    0,
    MOST,
  );
}
