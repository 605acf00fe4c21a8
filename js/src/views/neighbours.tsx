/** The channels before and after the unit that matter most to it, with their maps: one walks from unit to unit. */
import { useEffect, useMemo } from "preact/hooks";
import { parseUnit } from "../address";
import { centred, domainOf, lutOf, recolour } from "../draw/colour";
import { paintBytes } from "../draw/picture";
import { short } from "../format";
import type { Neighbour, Side } from "../protocol";
import type { Shown } from "../slot";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";
import { Legend } from "./legend";
import { Notice, Panel, usePaintLog } from "./panel";
import { Still } from "./still";

export function Neighbours() {
  const { slots, traits } = useStore();
  const log = usePaintLog();
  const shown = slots.neighbours.shown.value;
  useEffect(() => {
    if (!shown) return;
    // In the frame in which the maps are painted, after them; there may be none.
    const pending = requestAnimationFrame(() => log.painted(shown, shown.result.key));
    return () => cancelAnimationFrame(pending);
  }, [shown]);
  return (
    <Panel name="neighbours" label="What comes in and goes out" slot={slots.neighbours} log={log}>
      <div class="stage sides">
        {shown ? (
          <>
            <Row
              name="in"
              title="In: what it is computed from"
              shown={shown}
              side={shown.meta.incoming}
              first={0}
            />
            <Row
              name="out"
              title="Out: what is computed from it"
              shown={shown}
              side={shown.meta.outgoing}
              first={shown.meta.incoming.neighbours.length}
            />
          </>
        ) : (
          <div class="empty">{traits.unit.value ? "" : "Click a unit in the grid."}</div>
        )}
        <Notice slot={slots.neighbours} />
      </div>
    </Panel>
  );
}

interface RowProps {
  name: string;
  title: string;
  shown: Shown<"neighbours">;
  side: Side;
  /** Number of the row's first neighbour among those of both. */
  first: number;
}

/** One side; arrows go from one to the next, and a click walks there. */
function Row({ name, title, shown, side, first }: RowProps) {
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const cells = [...(event.currentTarget as HTMLElement).querySelectorAll("button")];
    const next = by && cells[cells.indexOf(event.target as HTMLButtonElement) + by];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  const { neighbours, basis, note, scale } = side;
  const kernels = neighbours.some(({ kernel }) => kernel[0] > 0);
  const empty = neighbours.length === 0;
  return (
    <section class="side" aria-label={title}>
      <div class="bar-line">
        <h4>{title}</h4>
        {!empty && <span class="muted">by {basis}</span>}
      </div>
      {note && <p class="note">{note}</p>}
      {empty && !note && <p class="note">no weights come {name === "in" ? "before" : "after"} it</p>}
      <div class="neighbours" role="toolbar" aria-label={`${title}, by ${basis}`} onKeyDown={onKeyDown}>
        {neighbours.map((one, i) => (
          // By its place: who walks on by Enter keeps the focus.
          <Tile key={i} one={one} shown={shown} at={first + i} stop={i === 0} scale={scale} />
        ))}
      </div>
      {kernels && <Legend quantity="weight" domain={domainOf(0, scale, true)} signed colormap="" />}
    </section>
  );
}

interface TileProps {
  one: Neighbour;
  shown: Shown<"neighbours">;
  at: number;
  /** Whether Tab stops here. */
  stop: boolean;
  scale: number;
}

function Tile({ one, shown, at, stop, scale }: TileProps) {
  const store = useStore();
  const colormap = store.local.colormap.value;
  const map = useMemo(() => {
    const signed = one.lo < 0;
    const lut = recolour(lutOf(colormap, signed), one.lo, one.hi, domainOf(one.lo, one.hi, signed));
    return paintBytes(shown.bytes.maps[at]!, one.height, one.width, 1, lut);
  }, [shown, at, colormap]);
  const kernel = useMemo(() => {
    const [height, width] = one.kernel;
    if (height === 0) return null;
    const { lo, hi } = centred(scale);
    const lut = recolour(lutOf("", true), lo, hi, domainOf(0, scale, true));
    return paintBytes(shown.bytes.kernels[at]!, height, width, 1, lut);
  }, [shown, at, scale]);
  const unit = parseUnit(one.unit);
  const sign = one.influence < 0 ? "against" : "for";
  const name = `${one.unit}, influence ${short(one.influence)}, ${sign}`;
  return (
    <button
      type="button"
      class={`neighbour ${sign}`}
      aria-label={name}
      title={name}
      tabIndex={stop ? 0 : -1}
      onClick={() => unit && store.lock(unit)}
      {...OWN_KEYS}
    >
      <span class="pair-of">
        <Still bitmap={map} />
        {kernel && <Still bitmap={kernel} />}
      </span>
      <b>{unit?.channel}</b>
      <small class="layer muted">
        <bdi>{unit?.layer}</bdi>
      </small>
      <small>{one.influence > 0 ? `+${short(one.influence)}` : short(one.influence)}</small>
    </button>
  );
}
