/** The chosen unit projected back onto the picture: which pixels made it fire. */
import { useMemo } from "preact/hooks";
import { asksAnother } from "../beside";
import { projectionCode } from "../code";
import { centred, domainOf, lutOf, recolour } from "../draw/colour";
import { type Box, inside, partAround, placeOf } from "../draw/part";
import { paintBytes } from "../draw/picture";
import { named, short, withSettings } from "../format";
import type { Meta } from "../protocol";
import type { Shown } from "../slot";
import type { Store } from "../store";
import { useStore } from "./context";
import { Segments } from "./controls";
import { Cutout } from "./cutout";
import { InBoth } from "./in-both";
import { Legend } from "./legend";
import { Notice, type PaintLog, Panel, usePaintLog } from "./panel";
import { Parameters } from "./parameters";
import { Snippet } from "./snippet";

const PARTS = [
  { value: "field", label: "receptive field", title: "The pixels that reach the unit, enlarged" },
  { value: "whole", label: "whole picture", title: "Where on the picture they lie" },
] as const;

function bitmapOf({ meta, bytes }: Shown<"projection">, colormap: string, reach: number) {
  const ends = centred(meta.scale);
  const lut = recolour(lutOf(colormap, true), ends.lo, ends.hi, domainOf(0, reach, true));
  // Colours are numbers themselves: over a longer scale they come closer to grey.
  const gain = meta.scale / reach || 0;
  const shown =
    meta.channels === 3 && gain !== 1 ? bytes.map((byte) => Math.round(128 + gain * (byte - 128))) : bytes;
  return paintBytes(shown, meta.height, meta.width, meta.channels, lut);
}

/** The number at the end of the colours: of both where two networks are compared. */
function reachOf(store: Store, { meta, want }: Shown<"projection">): number {
  const there = asksAnother(store) ? store.beside().slots.projection.shown.value : null;
  const same = there?.meta.unit === meta.unit && there.want.args.method === want.args.method;
  return same ? Math.max(meta.scale, there.meta.scale) : meta.scale;
}

/** The field that the unit sees, and the part of the picture to enlarge if that is small. */
function placesOf({ box, height, width }: Meta<"projection">): { field: Box | null; part: Box | null } {
  if (!box) return { field: null, part: null };
  return { field: inside(box, height, width), part: partAround(box, height, width) };
}

export function Projection() {
  const store = useStore();
  const { slots, traits, local, setTraits } = store;
  const log = usePaintLog();
  const shown = slots.projection.shown.value;
  const methods = traits._methods.value.filter((method) => method.asks === "unit");
  const code = shown && projectionCode(shown.want.args);
  return (
    <Panel name="projection" label="Why here" slot={slots.projection} log={log}>
      <div class="bar-line">
        <h4>Why here</h4>
        <Segments
          label="Projection method"
          options={methods.map(({ name, label, note }) => ({ value: name, label, title: note || undefined }))}
          value={traits.method.value}
          onChange={(method) => setTraits({ method })}
        />
      </div>
      <Parameters method={methods.find(({ name }) => name === traits.method.value)} />
      {shown && placesOf(shown.meta).part && (
        <Segments
          label="Part of the picture"
          options={PARTS}
          value={local.part.value}
          onChange={(part) => {
            local.part.value = part;
          }}
        />
      )}
      <InBoth name="projection_b" label="Why here, in the other network">
        {(other) => <Explained log={other ?? log} />}
      </InBoth>
      {shown && <ScaleOf shown={shown} />}
      {code && <Snippet code={code} />}
    </Panel>
  );
}

/** The projection and what is to know of it. */
function Explained({ log }: { log: PaintLog }) {
  const { slots, traits } = useStore();
  const shown = slots.projection.shown.value;
  const places = useMemo(() => shown && placesOf(shown.meta), [shown]);
  return (
    <>
      <figure class="stage">
        {shown && places ? (
          <Cutouts shown={shown} {...places} log={log} />
        ) : (
          <div class="empty">{traits.unit.value ? "" : "Click a unit in the grid."}</div>
        )}
        <Notice slot={slots.projection} />
      </figure>
      {shown && <Caption shown={shown} />}
      {places?.field && <Where {...places} field={places.field} />}
    </>
  );
}

interface CutoutsProps {
  shown: Shown<"projection">;
  field: Box | null;
  part: Box | null;
  log: PaintLog;
}

/** The whole projection; or its receptive field, and beside it the same part of the picture, which it explains. */
function Cutouts({ shown, field, part, log }: CutoutsProps) {
  const store = useStore();
  const { local } = store;
  const colormap = local.colormap.value;
  const reach = reachOf(store, shown);
  const bitmap = useMemo(() => bitmapOf(shown, colormap, reach), [shown, colormap, reach]);
  const { meta, result } = shown;
  const close = local.part.value === "field" ? part : null;
  const label = `${meta.label} of ${meta.unit}${close ? `, ${placeOf(close)}` : ""}`;
  const painted = () => log.painted(shown, `${result.key}:${colormap}:${close !== null}:${reach}`);
  if (!close) return <Cutout bitmap={bitmap} part={null} field={field} label={label} onPainted={painted} />;
  return (
    <>
      <Cutout
        bitmap={bitmap}
        part={close}
        field={field}
        label={label}
        title="projection"
        onPainted={painted}
      />
      <Patch shown={shown} field={field} part={close} />
    </>
  );
}

/** The picture's own pixels at the same place, if the page holds the picture that was projected onto. */
function Patch({ shown, field, part }: { shown: Shown<"projection">; field: Box | null; part: Box }) {
  const picture = useStore().slots.picture.shown.value;
  const bitmap = useMemo(
    () => picture && paintBytes(picture.bytes, picture.meta.height, picture.meta.width, 3, lutOf("", false)),
    [picture],
  );
  const { height, width } = shown.meta;
  const same = picture?.want.about.key === shown.want.about.key;
  if (!bitmap || !same || bitmap.height !== height || bitmap.width !== width) return null;
  return <Cutout bitmap={bitmap} part={part} field={field} label="The picture there" title="picture" />;
}

/** Which pixels the unit sees. */
function Where({ field, part }: { field: Box; part: Box | null }) {
  const { local } = useStore();
  const context = part && local.part.value === "field" ? ", with a little around it" : "";
  return <p class="note">{`receptive field, framed: ${placeOf(field)}${context}`}</p>;
}

function Caption({ shown: { meta, want } }: { shown: Shown<"projection"> }) {
  const where = meta.position && !meta.unit.includes("@") ? ` at ${meta.position.join(",")}` : "";
  const name = withSettings(meta.label, want.args.params);
  const facts = [`${name} of ${meta.unit}${where}`, `value ${short(meta.value)}`, ...named(meta.numbers)];
  return (
    <>
      <p class="caption">{facts.join(" · ")}</p>
      {meta.note && <p class="note">{meta.note}</p>}
    </>
  );
}

function ScaleOf({ shown }: { shown: Shown<"projection"> }) {
  const reach = reachOf(useStore(), shown);
  if (shown.meta.channels === 1)
    return <Legend quantity="projection" domain={domainOf(0, reach, true)} signed colormap="" />;
  return (
    <p class="legend">
      <span class="swatch" /> grey is 0, full colour ±{short(reach)}
    </p>
  );
}
