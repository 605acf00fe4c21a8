/** The weights of a layer's filters as pictures: what the first layer looks for. */
import { useMemo } from "preact/hooks";
import { centred, domainOf, lutOf, recolour } from "../draw/colour";
import { mosaic } from "../draw/picture";
import type { Sheet } from "../draw/tiles";
import { short } from "../format";
import type { Shown } from "../slot";
import { useStore, useView } from "./context";
import { Select } from "./controls";
import { Legend } from "./legend";
import { Notice, Panel, usePaintLog } from "./panel";
import { TileGrid } from "./tile-grid";

function sheetOf({ meta, bytes }: Shown<"filters">): Sheet {
  const ends = centred(1);
  const lut = recolour(lutOf("", true), ends.lo, ends.hi, domainOf(0, 1, true));
  const order = Int32Array.from({ length: meta.count }, (_, i) => i);
  return { ...mosaic(bytes, meta, lut), order, colours: null, shrink: false };
}

export function FilterGrid() {
  const { slots, traits, unit, lock, setTraits } = useStore();
  const { cursor } = useView();
  const log = usePaintLog();
  const shown = slots.filters.shown.value;
  const sheet = useMemo(() => shown && sheetOf(shown), [shown]);
  const { layers } = traits._network.value;
  const convolutions = layers.filter(({ kind }) => /conv/i.test(kind));
  const choices = (convolutions.length > 0 ? convolutions : layers).map(({ name }) => name);
  const layer = traits.layer.value;
  return (
    <Panel name="filters" label="Filters" slot={slots.filters} log={log} class="grow">
      <div class="toolbar">
        <Select
          label="layer"
          options={choices.map((name) => ({ value: name, label: name }))}
          value={choices.includes(layer) ? layer : (shown?.meta.layer ?? layer)}
          onChange={(chosen) => setTraits({ layer: chosen })}
        />
        {shown && (
          <span class="muted" title={shown.meta.note}>
            {shown.meta.count} filters
            {shown.meta.planes > 1 && ` of ${shown.meta.planes} planes`}
          </span>
        )}
        {shown && shown.meta.channels === 1 && (
          <Legend
            quantity="share of the filter's largest weight"
            domain={{ lo: -1, hi: 1 }}
            signed
            colormap=""
          />
        )}
        {shown && shown.meta.channels === 3 && (
          <span class="legend">
            <span class="swatch" /> grey is 0; each filter over its own range, largest weight{" "}
            {short(shown.meta.scale)}
          </span>
        )}
      </div>
      <div class="stage">
        {shown && sheet && (
          <TileGrid
            label={`Filters of ${shown.meta.layer}`}
            sheet={sheet}
            ordering="index"
            cursor={cursor}
            selected={unit.value?.layer === shown.meta.layer ? unit.value.channel : null}
            nameOf={(filter) => `filter ${filter}`}
            captionOf={String}
            onSelect={(channel) => lock({ layer: shown.meta.layer, channel, position: null })}
            onPainted={() => log.painted(shown, shown.result.key)}
          />
        )}
        <Notice slot={slots.filters} />
      </div>
    </Panel>
  );
}
