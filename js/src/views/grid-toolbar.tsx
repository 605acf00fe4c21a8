/** What the grid shows, in which order, over which range, and which of its channels. */
import { useSignal } from "@preact/signals";
import { asksAnother } from "../beside";
import { short } from "../format";
import type { Scale, Sort } from "../grid-choices";
import { type Quantity, rangeOf, thresholdOf } from "../quantities";
import { scaleFor } from "../scale";
import { showsFor, type TileSource } from "../sources";
import { useStore, useView } from "./context";
import { Button, Checkbox, NumberField, OWN_KEYS, onEnter, Segments, Select, Slider } from "./controls";
import { Legend } from "./legend";

const SORTS: { value: Sort; label: string }[] = [
  { value: "index", label: "index" },
  { value: "activation", label: "activation" },
  { value: "dataset", label: "max over pictures" },
  { value: "contribution", label: "contribution to class" },
  { value: "similarity", label: "similarity to unit" },
  { value: "silent", label: "dead last" },
];
const BY_GROUP: { value: Sort; label: string } = { value: "group", label: "weight in group" };

const SCALES: { value: Scale; label: string; title: string }[] = [
  { value: "unit", label: "unit", title: "Each over its own range" },
  { value: "layer", label: "layer", title: "All over the range of the layer: brightness compares" },
  {
    value: "network",
    label: "network",
    title: "All over the range of all layers on this picture: brightness compares between layers",
  },
];

interface Props {
  source: TileSource;
  quantity: Quantity | null;
  classes: string[] | null;
}

export function GridToolbar({ source, quantity, classes }: Props) {
  const store = useStore();
  const { local } = store;
  const { say } = useView();
  const { show, sort, scale, least, group, groups } = local.grid;
  const within = show.value === "weights" || asksAnother(store) ? SCALES.slice(0, 2) : SCALES;
  const { tiles } = source;
  const scales = within.filter(({ value }) => !tiles || scaleFor(value, tiles) === value);
  const inScale = scales.some(({ value }) => value === scale.value) ? scale.value : "layer";
  return (
    <>
      <div class="toolbar">
        <Segments
          label="Show"
          options={showsFor(store)}
          value={show.value}
          onChange={(chosen) => {
            show.value = chosen;
          }}
          onMissing={(why) => say(why, true)}
        />
        {["activations", "weights"].includes(show.value) && (
          <span class="field">
            <span>scale</span>
            <Segments
              label="Scale"
              options={scales}
              value={inScale}
              onChange={(chosen) => {
                scale.value = chosen;
              }}
            />
          </span>
        )}
        {source.start && source.tiles && <Button onClick={source.start.act}>{source.start.label}</Button>}
        {source.reached && <span class="muted">{source.reached}</span>}
      </div>
      <div class="toolbar">
        <Select
          label="sort"
          options={group.value === null ? SORTS : [...SORTS, BY_GROUP]}
          value={sort.value}
          onChange={(chosen) => {
            sort.value = chosen;
            least.value = 0;
          }}
        />
        <Filter quantity={quantity} channels={source.tiles?.channels ?? 0} />
        <FindUnit channels={source.tiles?.channels ?? 0} classes={classes} />
        <Checkbox
          label="groups"
          value={groups.value !== null}
          onChange={(wanted) => {
            groups.value = wanted ? 6 : null;
            group.value = null;
            if (sort.value === "group") sort.value = "index";
            if (local.mode.value === "group") local.mode.value = "unit";
          }}
        />
        {groups.value !== null && (
          <NumberField
            label="how many"
            value={groups.value}
            min={1}
            max={16}
            onChange={(count) => {
              groups.value = count;
              group.value = null;
            }}
          />
        )}
      </div>
    </>
  );
}

/** Leave out what is below a threshold; says of what, and how many are left. */
function Filter({ quantity, channels }: { quantity: Quantity | null; channels: number }) {
  const { local } = useStore();
  const { least } = local.grid;
  if (!quantity?.values) return <span class="muted">{quantity?.missing ?? ""}</span>;
  const threshold = thresholdOf(quantity.values, least.value);
  const kept = threshold === null ? channels : quantity.values.filter((v) => v >= threshold).length;
  const words = threshold === null ? `all ${channels}` : `${kept} of ${channels} ≥ ${short(threshold)}`;
  const [lo, hi] = rangeOf(quantity.values);
  return (
    <span class="field" title={`${quantity.name}: ${short(lo)} … ${short(hi)}`}>
      <Slider
        label="at least"
        value={least.value}
        said={`${words}, ${quantity.name}`}
        step={0.01}
        onChange={(share) => {
          least.value = share;
        }}
      />
      <output class="kept">{words}</output>
    </span>
  );
}

/** Moves the focus to a unit by its number, or by its class's name. */
function FindUnit({ channels, classes }: { channels: number; classes: string[] | null }) {
  const { local } = useStore();
  const { cursor } = useView();
  const fault = useSignal("");
  const take = (event: Event) => {
    const field = event.currentTarget as HTMLInputElement;
    const written = field.value.trim();
    fault.value = "";
    if (written === "") return;
    const channel = unitNamed(written, classes);
    if (channel === null || channel >= channels) {
      fault.value = classes ? `No unit or class ${written}.` : `Units are 0 to ${channels - 1}.`;
      return;
    }
    local.grid.least.value = 0;
    cursor.value = channel;
    const grid = field.closest("[data-panel]")?.querySelector('[role="grid"]');
    requestAnimationFrame(() =>
      grid?.querySelector<HTMLElement>(`[data-channel="${channel}"]`)?.focus({ preventScroll: true }),
    );
  };
  return (
    <span class="field">
      <input
        type="text"
        class="find-unit"
        aria-label="Find a unit in the grid"
        aria-invalid={fault.value !== ""}
        placeholder={classes ? "unit or class" : "unit"}
        spellcheck={false}
        onKeyDown={onEnter(take)}
        {...OWN_KEYS}
      />
      {fault.value && (
        <span class="fault" role="alert">
          {fault.value}
        </span>
      )}
    </span>
  );
}

/** A number as it is; else the class of that name, or the first that begins with it. */
export function unitNamed(written: string, classes: string[] | null): number | null {
  if (/^\d+$/.test(written)) return Number(written);
  const wanted = written.toLowerCase();
  const names = (classes ?? []).map((name) => name.toLowerCase());
  const found = names.includes(wanted) ? names.indexOf(wanted) : names.findIndex((n) => n.startsWith(wanted));
  return found < 0 ? null : found;
}

/** How the colours are to be read: for the unit that is looked at, where each has its own scale. */
export function GridLegend({ source }: { source: TileSource }) {
  const { local, unit } = useStore();
  if (!source.tiles) return null;
  const locked = unit.value?.layer === source.tiles.layer ? unit.value.channel : null;
  const key = source.legendOf(local.peek.value ?? locked);
  return typeof key === "string" ? <p class="legend">{key}</p> : <Legend {...key} />;
}
