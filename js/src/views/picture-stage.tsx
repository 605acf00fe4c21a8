/** The painted picture: what lies over it, what it means, and what the pointer is on. */
import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { byteValue, lutOf, recolour } from "../draw/colour";
import { type Bitmap, cell, compose, coverOf, paintBytes, sample } from "../draw/picture";
import { currentField, type Field, mapsHolding, type Silence } from "../fields";
import { short } from "../format";
import type { Shown } from "../slot";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { Legend } from "./legend";
import { FieldMark } from "./marks";

export const isField = (over: Field | Silence | null): over is Field => over !== null && "bytes" in over;

function paint(
  shown: Shown<"picture">,
  over: Field | Silence | null,
  opacity: number,
  colormap: string,
): Bitmap {
  const { height, width } = shown.meta;
  if (!isField(over)) return paintBytes(shown.bytes, height, width, 3, lutOf(colormap, false));
  const lut = recolour(lutOf(colormap, over.signed), over.lo, over.hi, over.domain);
  return compose(shown.bytes, height, width, { ...over, lut, cover: coverOf(over.lo, over.hi, opacity) });
}

interface Place {
  /** Shares of the picture's height and width. */
  y: number;
  x: number;
}

interface StageProps {
  token: unknown;
  notice: ComponentChildren;
  onPainted: (key: string, peeking: boolean) => void;
}

export function Stage({ token, notice, onPainted }: StageProps) {
  const store = useStore();
  const { local, slots } = store;
  const field = useComputed(() => currentField(store));
  const bitmap = useComputed(() => {
    const shown = slots.picture.shown.value;
    return shown && paint(shown, field.value, local.opacity.value, local.colormap.value);
  });
  const hover = useSignal<Place | null>(null);
  const shown = slots.picture.shown.value;
  const over = field.value;
  if (!shown || !bitmap.value) return <figure class="stage empty">{notice}</figure>;

  const { height, width, name } = shown.meta;
  const key = `${shown.result.key}:${over?.key ?? ""}:${local.opacity.value}:${local.colormap.value}`;
  const locks = isField(over) && over.kind === "unit";
  const placeOf = (event: MouseEvent): Place => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const share = (at: number, from: number, size: number) =>
      Math.min(0.9999, Math.max(0, (at - from) / size));
    return { y: share(event.clientY, box.top, box.height), x: share(event.clientX, box.left, box.width) };
  };
  const lock = (event: MouseEvent) => {
    if (!locks || !over.unit) return;
    const { y, x } = placeOf(event);
    const position: [number, number] = [Math.floor(y * over.full[0]), Math.floor(x * over.full[1])];
    store.lock({ ...over.unit, position });
  };
  return (
    <>
      <figure class="stage">
        {/* A neuron can be named in the unit's text field as well: pointing is the short way, not the only one. */}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: see above */}
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: see above */}
        <div
          class={`picture ${locks ? "locks" : ""}`}
          style={{ aspectRatio: `${width} / ${height}` }}
          onPointerMove={(event) => {
            hover.value = placeOf(event);
          }}
          onPointerLeave={() => {
            hover.value = null;
          }}
          onClick={lock}
        >
          <Canvas
            bitmap={bitmap.value}
            token={token}
            label={`${name}. ${isField(over) ? over.caption : (over?.silent ?? "The picture alone.")}`}
            onPainted={() => onPainted(key, isField(over) && over.kind === "peek")}
          />
          <Marks height={height} width={width} field={over} />
        </div>
        {notice}
      </figure>
      <p class="caption">
        {isField(over) ? over.caption : (over?.silent ?? name)}
        {isField(over) && over.kind === "peek" && <span class="tag">peek</span>}
      </p>
      <div class="under">
        {isField(over) && (
          <Legend
            quantity={over.kind === "class" ? "evidence" : "activation"}
            domain={over.domain}
            signed={over.signed}
            colormap={local.colormap.value}
          />
        )}
        <Readout place={hover.value} field={over} height={height} width={width} />
      </div>
    </>
  );
}

/** Receptive field of the shown projection, and the neuron that is looked at. */
function Marks({ height, width, field }: { height: number; width: number; field: Field | Silence | null }) {
  const store = useStore();
  if (!isField(field) || field.kind !== "unit" || !field.unit) return null;
  const unit = store.unit.value;
  const projection = store.slots.projection.shown.value?.meta;
  const same = projection && unit && projection.unit === store.traits.unit.value;
  const box = same ? projection.box : null;
  const maps = mapsHolding(store, field.unit);
  const [rows, columns] = field.full;
  const strongest = maps?.bytes.argmax[field.unit.channel] ?? 0;
  const [y, x] = unit?.position ?? [Math.floor(strongest / columns), strongest % columns];
  const [cellHeight, cellWidth] = [height / rows, width / columns];
  return (
    <svg class="marks" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {box && <FieldMark box={box} />}
      <rect class="neuron" x={x * cellWidth} y={y * cellHeight} width={cellWidth} height={cellHeight} />
    </svg>
  );
}

interface ReadoutProps {
  place: Place | null;
  field: Field | Silence | null;
  height: number;
  width: number;
}

/** Position and value under the pointer. */
function Readout({ place, field, height, width }: ReadoutProps) {
  if (!place) return <p class="readout"> </p>;
  const [row, column] = [Math.floor(place.y * height), Math.floor(place.x * width)];
  if (!isField(field)) return <p class="readout">{`row ${row}, column ${column}`}</p>;
  const read = field.smooth ? sample : cell;
  const value = byteValue(read(field.bytes, field.height, field.width, place.y, place.x), field.lo, field.hi);
  const onMap = field.unit
    ? ` · neuron ${Math.floor(place.y * field.full[0])},${Math.floor(place.x * field.full[1])}`
    : "";
  return <p class="readout">{`row ${row}, column ${column}${onMap} · ${short(value)}`}</p>;
}
