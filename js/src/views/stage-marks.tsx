/** What is drawn over the picture: the place that is looked at, the neuron, and what it sees of the picture. */
import type { Box } from "../draw/part";
import { type Field, mapsHolding } from "../fields";
import { heldBox } from "../hand";
import { cellAt } from "../look";
import type { Meta } from "../protocol";
import type { Store } from "../store";
import { FieldMark } from "./marks";

interface Marked {
  /** What the place can see of the picture, if that is known. */
  box: Box | null;
  position: readonly [y: number, x: number];
  full: readonly [rows: number, columns: number];
}

/** A position of a layer's map, with what its row and column see. */
function fieldBox({ field }: Meta<"maps">, [y, x]: readonly [number, number]): Box | null {
  const [rows, columns] = [field?.rows[y], field?.columns[x]];
  if (!rows || !columns || rows[1] <= rows[0] || columns[1] <= columns[0]) return null;
  return [rows[0], columns[0], rows[1], columns[1]];
}

/** The place that is pointed at or kept, on the chosen layer's map. */
function placeMarked({ local, slots }: Store): Marked | null {
  const place = local.look.kept.value ?? local.look.hover.value;
  const meta = slots.maps.shown.value?.meta;
  if (!place || !meta || meta.full[0] * meta.full[1] === 1) return null;
  const position = cellAt(place, meta.full);
  return { box: fieldBox(meta, position), position, full: meta.full };
}

/** The neuron whose map is shown: the one that is locked, else the strongest. */
function neuronMarked(store: Store, { unit, full }: Field): Marked | null {
  if (!unit) return null;
  const maps = mapsHolding(store, unit);
  const strongest = maps?.bytes.argmax[unit.channel] ?? 0;
  const locked = store.unit.value;
  const position = locked?.position ?? ([Math.floor(strongest / full[1]), strongest % full[1]] as const);
  const projection = store.slots.projection.shown.value?.meta;
  const same = projection && locked && projection.unit === store.traits.unit.value;
  return { box: same ? projection.box : maps ? fieldBox(maps.meta, position) : null, position, full };
}

/** At rest the chosen layer's field lies in the middle of the picture: how much any of its units can see. */
function layerMarked({ slots, layer }: Store): Box | null {
  const meta = slots.maps.shown.value?.meta;
  if (!meta || meta.layer !== layer.value?.name) return null;
  return fieldBox(meta, cellAt({ y: 0.5, x: 0.5 }, meta.full));
}

interface Props {
  store: Store;
  height: number;
  width: number;
  field: Field | null;
}

export function Marks({ store, height, width, field }: Props) {
  const held = heldBox(store, height, width);
  const neuron = field?.kind === "unit" ? neuronMarked(store, field) : null;
  const marked = held ? null : (placeMarked(store) ?? neuron);
  const box = held ?? (marked ? marked.box : layerMarked(store));
  return (
    <svg class="marks" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {box && <FieldMark box={box} />}
      {marked && <Cell height={height} width={width} {...marked} />}
    </svg>
  );
}

/** One position of the map, as large as it is on the picture. */
function Cell({ height, width, position: [y, x], full: [rows, columns] }: Marked & Extent) {
  const [tall, wide] = [height / rows, width / columns];
  return <rect class="neuron" x={x * wide} y={y * tall} width={wide} height={tall} />;
}

interface Extent {
  height: number;
  width: number;
}
