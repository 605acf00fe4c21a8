/** The weights of a layer's filters as pictures: what the first layer looks for. */
import { useMemo } from "preact/hooks";
import type { Sheet } from "../draw/tiles";
import { short } from "../format";
import type { Shown } from "../slot";
import { filterTiles, planesShown } from "../sources";
import { useStore, useView } from "./context";
import { Select } from "./controls";
import { Legend } from "./legend";
import { Notice, Panel, usePaintLog } from "./panel";
import { TileGrid } from "./tile-grid";
import type { Words } from "./tile-rows";

function sheetOf(shown: Shown<"filters">): Sheet {
  const order = Int32Array.from({ length: shown.meta.count }, (_, i) => i);
  return { ...filterTiles(shown, true), order };
}

const wordsOf = (shown: Shown<"filters"> | null): Words => ({
  nameOf: (filter) => [`filter ${filter}`, shown && planesShown(shown, filter)].filter(Boolean).join(", "),
  captionOf: String,
});

export function FilterGrid() {
  const { slots, traits, unit, lock, setTraits } = useStore();
  const { cursor } = useView();
  const log = usePaintLog();
  const shown = slots.filters.shown.value;
  const sheet = useMemo(() => shown && sheetOf(shown), [shown]);
  const words = useMemo(() => wordsOf(shown), [shown]);
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
            {shown.meta.planes > 1 && ` of ${shown.meta.inputs} planes`}
            {planesShown(shown, 0) && `, the ${shown.meta.planes} of the largest weights shown`}
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
            words={words}
            onSelect={(channel) => lock({ layer: shown.meta.layer, channel, position: null })}
            onPainted={() => log.painted(shown, shown.result.key)}
          />
        )}
        <Notice slot={slots.filters} />
      </div>
    </Panel>
  );
}
