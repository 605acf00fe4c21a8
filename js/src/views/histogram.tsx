/** How the unit's maxima are spread over a data set; each bin opens to examples, the present picture is marked. */
import { useEffect } from "preact/hooks";
import { formatUnit, wholeUnit } from "../address";
import { mapsHolding } from "../fields";
import { short } from "../format";
import type { FrameMeta } from "../protocol";
import type { Store } from "../store";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";
import { Notice, Panel, usePaintLog } from "./panel";
import { Tile } from "./patch-tile";

/** The unit's largest value on the present picture, if the page holds it. */
function present(store: Store): number | null {
  const unit = store.unit.value;
  const held = unit && mapsHolding(store, unit);
  if (held) return held.bytes.max[unit.channel] ?? null;
  const shown = store.slots.projection.shown.value;
  // A projection of a whole channel starts where it is strongest.
  return unit && !unit.position && shown?.meta.unit === formatUnit(unit) ? shown.meta.value : null;
}

/** Where a value lies between the ends, 0 … 1; beyond them at the end. */
export function placeOf(value: number, edges: readonly number[]): number {
  const [lo, hi] = [edges[0]!, edges[edges.length - 1]!];
  if (hi <= lo) return 0;
  // The outer bins reach to the extremes: places are counted in bins.
  const at = edges.findIndex((edge) => value < edge);
  if (at === 0) return 0;
  if (at < 0) return 1;
  const [from, to] = [edges[at - 1]!, edges[at]!];
  return (at - 1 + (to > from ? (value - from) / (to - from) : 0)) / (edges.length - 1);
}

export function Histogram({ meta: { unit, edges, counts } }: { meta: FrameMeta<"patches"> }) {
  const store = useStore();
  const { bin } = store.local;
  if (counts.length === 0) return <p class="note">Nothing was looked at so far.</p>;
  const locked = store.unit.value;
  const same = locked && formatUnit(wholeUnit(locked)) === unit;
  const mark = same ? present(store) : null;
  const tallest = Math.log1p(Math.max(...counts));
  const chosen = bin.value?.unit === unit ? bin.value.bin : null;
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const bars = [...(event.currentTarget as HTMLElement).querySelectorAll("button")];
    const next = by && bars[bars.indexOf(event.target as HTMLButtonElement) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    <div class="histogram">
      <div class="bars" role="toolbar" aria-label="Histogram of the maxima" onKeyDown={onKeyDown}>
        {counts.map((count, i) => {
          const name = `${short(edges[i]!)} to ${short(edges[i + 1]!)}: ${count} pictures`;
          return (
            <button
              key={edges[i]}
              type="button"
              class="bin"
              aria-label={name}
              aria-pressed={chosen === i}
              title={name}
              tabIndex={i === (chosen ?? 0) ? 0 : -1}
              onClick={() => {
                bin.value = chosen === i ? null : { unit, bin: i };
              }}
              {...OWN_KEYS}
            >
              <span style={{ height: `${tallest > 0 ? (100 * Math.log1p(count)) / tallest : 0}%` }} />
            </button>
          );
        })}
        {mark !== null && (
          <span class="mark" style={{ left: `${100 * placeOf(mark, edges)}%` }} aria-hidden="true" />
        )}
      </div>
      <p class="note under">
        <span>{short(edges[0]!)}</span>
        <span>{short(edges[edges.length - 1]!)}</span>
      </p>
      <p class="note">
        maximum in each picture, heights logarithmic
        {mark !== null && ` · marked: this picture, ${short(mark)}`}
      </p>
      {chosen !== null && <Examples />}
    </div>
  );
}

/** A few pictures of the chosen bin. */
function Examples() {
  const { slots } = useStore();
  const log = usePaintLog();
  const shown = slots.examples.shown.value;
  useEffect(() => {
    if (!shown) return;
    const pending = requestAnimationFrame(() => log.painted(shown, shown.result.key));
    return () => cancelAnimationFrame(pending);
  }, [shown]);
  return (
    <Panel name="examples" label="Examples" slot={slots.examples} log={log}>
      <div class="stage sides">
        {shown && (
          <>
            <p class="note">
              {`${shown.meta.count} pictures reach ${short(shown.meta.lo)} to ${short(shown.meta.hi)}`}
              {shown.meta.patches.length > 0 && "; some of them:"}
            </p>
            <ol class="mosaic">
              {shown.meta.patches.map((patch, i) => (
                <Tile key={patch.picture} patch={patch} rank={null} file={shown.bytes[i]!} />
              ))}
            </ol>
          </>
        )}
        <Notice slot={slots.examples} />
      </div>
    </Panel>
  );
}
