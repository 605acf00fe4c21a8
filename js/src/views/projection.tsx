/** The chosen unit projected back onto the picture: which pixels made it fire. */
import { useMemo } from "preact/hooks";
import { centred, domainOf, lutOf, recolour } from "../draw/colour";
import { paintBytes } from "../draw/picture";
import { short } from "../format";
import type { Shown } from "../slot";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { Segments } from "./controls";
import { Legend } from "./legend";
import { FieldMark } from "./marks";
import { Notice, Panel, usePaintLog } from "./panel";

function bitmapOf({ meta, bytes }: Shown<"projection">, colormap: string) {
  const ends = centred(meta.scale);
  const lut = recolour(lutOf(colormap, true), ends.lo, ends.hi, domainOf(0, meta.scale, true));
  return paintBytes(bytes, meta.height, meta.width, meta.channels, lut);
}

export function Projection() {
  const { slots, traits, local, setTraits } = useStore();
  const log = usePaintLog();
  const shown = slots.projection.shown.value;
  const colormap = local.colormap.value;
  const bitmap = useMemo(() => shown && bitmapOf(shown, colormap), [shown, colormap]);
  const methods = traits._methods.value.filter((method) => method.asks === "unit");
  return (
    <Panel name="projection" label="Why here" slot={slots.projection} log={log}>
      <header class="bar-line">
        <h4>Why here</h4>
        <Segments
          label="Projection method"
          options={methods.map(({ name, label, note }) => ({ value: name, label, title: note || undefined }))}
          value={traits.method.value}
          onChange={(method) => setTraits({ method })}
        />
      </header>
      <figure class="stage">
        {shown && bitmap ? (
          <div class="picture" style={{ aspectRatio: `${shown.meta.width} / ${shown.meta.height}` }}>
            <Canvas
              bitmap={bitmap}
              label={`${shown.meta.label} of ${shown.meta.unit}`}
              onPainted={() => log.painted(shown, `${shown.result.key}:${colormap}`)}
            />
            <FieldBox shown={shown} />
          </div>
        ) : (
          <div class="empty">{traits.unit.value ? "" : "Click a unit in the grid."}</div>
        )}
        <Notice slot={slots.projection} />
      </figure>
      {shown && <Caption shown={shown} />}
    </Panel>
  );
}

function FieldBox({ shown }: { shown: Shown<"projection"> }) {
  const { box, height, width } = shown.meta;
  if (!box) return null;
  return (
    <svg class="marks" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      <FieldMark box={box} />
    </svg>
  );
}

function Caption({ shown: { meta } }: { shown: Shown<"projection"> }) {
  const where = meta.position ? ` at ${meta.position.join(",")}` : "";
  return (
    <>
      <p class="caption">{`${meta.label} of ${meta.unit}${where} · value ${short(meta.value)}`}</p>
      {meta.note && <p class="note">{meta.note}</p>}
      {meta.channels === 3 ? (
        <p class="legend">
          <span class="swatch" /> grey is 0, full colour ±{short(meta.scale)}
        </p>
      ) : (
        <Legend quantity="projection" domain={domainOf(0, meta.scale, true)} signed colormap="" />
      )}
    </>
  );
}
