/** The picture with what is laid over it, and what the pointer is on. */
import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { byteValue, colourMaps, lutOf, recolour } from "../draw/colour";
import { type Bitmap, cell, compose, coverOf, paintBytes, sample } from "../draw/picture";
import { currentField, type Field, mapsHolding, type Silence } from "../fields";
import { short } from "../format";
import type { Shown } from "../slot";
import type { OverlayMode, Store } from "../store";
import { Canvas } from "./canvas";
import { ClassChoice } from "./class-choice";
import { useStore } from "./context";
import { OWN_KEYS, Segments, Select, Slider } from "./controls";
import { Legend } from "./legend";
import { FieldMark } from "./marks";
import { Notice, Panel, usePaintLog } from "./panel";

const isField = (over: Field | Silence | null): over is Field => over !== null && "bytes" in over;

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

interface Props {
  /** Modes that this view offers beside the class heat map. */
  modes: readonly OverlayMode[];
}

const MODES = {
  class: { value: "class", label: "class", title: "Where the evidence for a class lies" },
  unit: { value: "unit", label: "unit", title: "Where the chosen unit is active" },
  none: { value: "none", label: "picture", title: "The picture alone" },
} as const;

export function PicturePane({ modes }: Props) {
  const store = useStore();
  const { local, slots, traits } = store;
  const base = usePaintLog();
  const over = usePaintLog();
  const mode = local.mode.value;
  const overSlot = { class: slots.overlay, unit: slots.maps, none: slots.picture }[mode];
  const byClass = traits._methods.value.filter((method) => method.asks === "class");
  // A picture that is missing is the graver news than what should lie over it.
  const troubled = ["failed", "queued", "unrecorded"].includes(slots.picture.state.value);
  return (
    <Panel name="picture" label="Picture" slot={slots.picture} log={base} class="sided">
      <Panel name="overlay" label="Overlay" slot={overSlot} log={over}>
        <ImageStrip store={store} />
        <Stage
          token={overSlot.shown.value}
          notice={<Notice slot={troubled ? slots.picture : overSlot} />}
          onPainted={(key, peeking) => {
            const shown = slots.picture.shown.peek();
            base.painted(shown, shown?.result.key ?? "");
            if (peeking) over.passed(overSlot.shown.peek());
            else over.painted(overSlot.shown.peek(), key);
          }}
        />
      </Panel>
      <div class="side">
        <div class="toolbar">
          <Segments
            label="Laid over the picture"
            options={modes.map((name) => MODES[name])}
            value={mode}
            onChange={(chosen) => {
              local.mode.value = chosen;
            }}
          />
          {mode === "class" && byClass.length > 1 && (
            <Select
              label="method"
              options={byClass.map(({ name, label }) => ({ value: name, label }))}
              value={local.classMethod.value}
              onChange={(name) => {
                local.classMethod.value = name;
              }}
            />
          )}
          {mode !== "none" && (
            <Slider
              label="opacity"
              value={local.opacity.value}
              onChange={(opacity) => {
                local.opacity.value = opacity;
              }}
            />
          )}
          <ColourChoice />
        </div>
        <ClassChoice />
      </div>
    </Panel>
  );
}

/** Offered where something unsigned is shown; signed numbers have their one diverging map. */
function ColourChoice() {
  const store = useStore();
  const { local, slots } = store;
  const maps = slots.maps.shown.value;
  const over = useComputed(() => currentField(store)).value;
  if (!(isField(over) && !over.signed) && !(maps && maps.meta.lo >= 0)) return null;
  return (
    <Select
      label="colours"
      options={colourMaps(false).map((name) => ({ value: name, label: name }))}
      value={local.colormap.value}
      onChange={(name) => {
        local.colormap.value = name;
      }}
    />
  );
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

function Stage({ token, notice, onPainted }: StageProps) {
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

/** One button a picture, where there are several. */
export function ImageStrip({ store }: { store: Store }) {
  const { traits, setTraits } = store;
  const images = traits._images.value;
  if (images.length < 2) return null;
  const chosen = traits.image_index.value;
  const onKeyDown = (event: KeyboardEvent) => {
    const next = chosen + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0);
    if (next === chosen || next < 0 || next >= images.length) return;
    event.preventDefault();
    setTraits({ image_index: next });
    ((event.currentTarget as HTMLElement).children[next] as HTMLElement).focus({ preventScroll: true });
  };
  return (
    <div
      class="line inner strip"
      role="listbox"
      aria-label="Pictures"
      aria-orientation="horizontal"
      onKeyDown={onKeyDown}
    >
      {images.map((image, i) => (
        <button
          key={image.key}
          type="button"
          role="option"
          aria-selected={i === chosen}
          tabIndex={i === chosen ? 0 : -1}
          title={image.name}
          onClick={() => setTraits({ image_index: i })}
          {...OWN_KEYS}
        >
          <b>{image.name}</b>
        </button>
      ))}
    </div>
  );
}
