/** The network as a line of stops; the chosen layer's stop is open and shows its inner layers. */
import { useEffect, useRef } from "preact/hooks";
import { extent } from "../format";
import type { LayerInfo } from "../traits";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";

interface Item {
  key: string;
  name: string;
  detail: string;
  chosen: boolean;
  choose: () => void;
}

const sizeOf = (layer: LayerInfo): string =>
  layer.height * layer.width === 1
    ? `${layer.channels}`
    : `${layer.channels} × ${extent(layer.height, layer.width)}`;

/** `layer4.1.conv2` within stop `layer4` reads `1.conv2`. */
const innerName = (layer: string, stop: string): string =>
  layer.startsWith(`${stop}.`) ? layer.slice(stop.length + 1) : layer;

export function NetworkMap() {
  const { traits, layer: chosen, setTraits } = useStore();
  const { layers, stops } = traits._network.value;
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const open = stops.find((stop) => stop.layers.includes(chosen.value?.name ?? ""));
  const choose = (layer: string) => setTraits({ layer });

  const outer: Item[] = stops.map((stop) => {
    const last = byName.get(stop.layers[stop.layers.length - 1] ?? "");
    return {
      key: stop.name,
      name: stop.name,
      detail: [stop.kind, last && sizeOf(last)].filter(Boolean).join(" · "),
      chosen: stop === open,
      choose: () => last && stop !== open && choose(last.name),
    };
  });
  const inner: Item[] = (open?.layers ?? []).flatMap((name) => {
    const layer = byName.get(name);
    if (!layer || !open) return [];
    const detail = `${layer.kind} · ${sizeOf(layer)}`;
    const chosenNow = name === chosen.value?.name;
    return [
      { key: name, name: innerName(name, open.name), detail, chosen: chosenNow, choose: () => choose(name) },
    ];
  });
  return (
    <nav class="map" aria-label="Map of the network">
      <Line label="Stops of the network" items={outer} />
      {inner.length > 1 && <Line label={`Layers of ${open?.name}`} items={inner} inner />}
    </nav>
  );
}

/** One row of options: arrows move the choice, Home and End go to the ends. */
function Line({ label, items, inner = false }: { label: string; items: Item[]; inner?: boolean }) {
  const row = useRef<HTMLDivElement>(null);
  const at = items.findIndex((item) => item.chosen);

  // Scrolls this row alone: scrollIntoView would move the notebook too.
  useEffect(() => {
    const option = row.current?.children[at] as HTMLElement | undefined;
    if (!row.current || !option) return;
    const middle = option.offsetLeft + option.offsetWidth / 2 - row.current.offsetLeft;
    row.current.scrollLeft = middle - row.current.clientWidth / 2;
  }, [at]);

  const onKeyDown = (event: KeyboardEvent) => {
    const options = [...(event.currentTarget as HTMLElement).children] as HTMLElement[];
    const focused = options.indexOf(event.target as HTMLElement);
    const ends = { Home: 0, End: items.length - 1 }[event.key];
    const next = ends ?? focused + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0);
    if (next === focused || next < 0 || next >= items.length) return;
    event.preventDefault();
    options[next]?.focus({ preventScroll: true });
    items[next]?.choose();
  };

  return (
    <div
      ref={row}
      class={`line ${inner ? "inner" : ""}`}
      role="listbox"
      aria-label={label}
      aria-orientation="horizontal"
      onKeyDown={onKeyDown}
    >
      {items.map((item, i) => (
        <button
          key={item.key}
          type="button"
          role="option"
          aria-selected={item.chosen}
          tabIndex={item.chosen || (at < 0 && i === 0) ? 0 : -1}
          title={`${item.key} · ${item.detail}`}
          onClick={item.choose}
          {...OWN_KEYS}
        >
          <b>{item.name}</b>
          <small>{item.detail}</small>
        </button>
      ))}
    </div>
  );
}
