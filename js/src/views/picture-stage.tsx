/** The painted picture: what lies over it, what it means, and what the pointer is on. */
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { byteValue, lutOf, recolour } from "../draw/colour";
import { type Bitmap, cell, compose, composeColours, coverOf, paintBytes, sample } from "../draw/picture";
import { type Field, isField, type Silence } from "../fields";
import { short } from "../format";
import { stamped } from "../hand";
import { cellAt, type Place } from "../look";
import type { Shown } from "../slot";
import type { Store } from "../store";
import { Canvas } from "./canvas";
import { Legend } from "./legend";
import { Pointing } from "./pointing";
import { Marks } from "./stage-marks";

/** The largest magnitude on a field's scale. */
const reachOf = ({ domain }: Field): number => Math.max(Math.abs(domain.lo), Math.abs(domain.hi));

function paint(
  shown: Shown<"picture">,
  over: Field | Silence | null,
  opacity: number,
  threshold: number,
  colormap: string,
): Bitmap {
  const { height, width } = shown.meta;
  if (!isField(over)) return paintBytes(shown.bytes, height, width, 3, lutOf(colormap, false));
  if (over.channels === 3) {
    return composeColours(
      shown.bytes,
      height,
      width,
      over,
      opacity,
      threshold,
      over.hi / over.domain.hi || 0,
    );
  }
  const lut = recolour(lutOf(colormap, over.signed), over.lo, over.hi, over.domain);
  const cover = coverOf(over.lo, over.hi, opacity, threshold, reachOf(over));
  return compose(shown.bytes, height, width, { ...over, lut, cover });
}

interface StageProps {
  store: Store;
  field: Field | Silence | null;
  token: unknown;
  notice: ComponentChildren;
  onPainted: (key: string, peeking: boolean) => void;
}

export function Stage({ store, field: over, token, notice, onPainted }: StageProps) {
  const { local, slots } = store;
  const shown = slots.picture.shown.value;
  const settings = [local.opacity.value, local.look.threshold.value, local.colormap.value] as const;
  const laid = useMemo(() => shown && paint(shown, over, ...settings), [shown, over, ...settings]);
  const covered = local.look.hand.value && slots.occlude.shown.value;
  const bitmap = useMemo(() => laid && (covered ? stamped(laid, covered) : laid), [laid, covered]);
  if (!shown || !bitmap) return <figure class="stage empty">{notice}</figure>;

  const { height, width, name } = shown.meta;
  const key = [shown.result.key, over?.key, ...settings].join(":");
  return (
    <figure class="stage">
      <Pointing store={store} field={isField(over) ? over : null} ratio={`${width} / ${height}`}>
        <Canvas
          bitmap={bitmap}
          token={token}
          label={`${name}. ${isField(over) ? over.caption : (over?.silent ?? "The picture alone.")}`}
          onPainted={() => onPainted(key, isField(over) && over.kind === "peek")}
        />
        <Marks store={store} height={height} width={width} field={isField(over) ? over : null} />
      </Pointing>
      {notice}
    </figure>
  );
}

/** What is shown, in words. */
export function Caption({ store, field }: { store: Store; field: Field | Silence | null }) {
  const meta = store.slots.picture.shown.value?.meta;
  if (!meta) return null;
  return (
    <>
      <p class="caption">
        {isField(field) ? field.caption : (field?.silent ?? meta.name)}
        {isField(field) && field.kind === "peek" && <span class="tag">peek</span>}
      </p>
      {meta.note && <p class="note">{`${meta.name}: ${meta.note}`}</p>}
    </>
  );
}

const QUANTITIES: Record<Field["kind"], string> = {
  class: "evidence",
  unit: "activation",
  group: "activation",
  peek: "activation",
  projection: "projection",
};

/** The scale of what lies over the picture, and from where on it is shown. */
export function FieldLegend({ store, field }: { store: Store; field: Field }) {
  const { colormap, look } = store.local;
  const reach = reachOf(field);
  const least = look.threshold.value * reach;
  const from = least > 0 && `shown from ${field.signed ? "±" : ""}${short(least)}`;
  return (
    <>
      {field.channels === 3 ? (
        <span class="legend">
          <span class="swatch" /> grey is 0, full colour ±{short(reach)}
        </span>
      ) : (
        <Legend
          quantity={QUANTITIES[field.kind]}
          domain={field.domain}
          signed={field.signed}
          colormap={colormap.value}
        />
      )}
      {from && <span class="legend">{from}</span>}
    </>
  );
}

/** The number of a field at a place; of three colours the one that is farthest from zero. */
function valueAt(field: Field, { y, x }: Place): number {
  const { bytes, height, width, lo, hi } = field;
  if (field.channels !== 3) {
    return byteValue((field.smooth ? sample : cell)(bytes, height, width, y, x), lo, hi);
  }
  const [row, column] = cellAt({ y, x }, [height, width]);
  const at = 3 * (row * width + column);
  const values = [0, 1, 2].map((c) => byteValue(bytes[at + c]!, lo, hi));
  return values.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
}

/** Position and value under the pointer. */
export function Readout({ store, field }: { store: Store; field: Field | Silence | null }) {
  const place = store.local.look.hover.value;
  const meta = store.slots.picture.shown.value?.meta;
  if (!place || !meta) return <p class="readout"> </p>;
  const [row, column] = cellAt(place, [meta.height, meta.width]);
  const value = isField(field) ? ` · ${short(valueAt(field, place))}` : "";
  const neuron = isField(field) && field.unit ? ` · neuron ${cellAt(place, field.full).join(",")}` : "";
  return <p class="readout">{`row ${row}, column ${column}${neuron}${value}`}</p>;
}
