/** HERE: the strongest units at the place that is pointed at or kept; a click on one of them locks it there. */
import { useComputed } from "@preact/signals";
import { extent, short } from "../format";
import { type Strength, strongestAt } from "../here";
import { cellAt } from "../look";
import type { Result } from "../payload";
import type { Store } from "../store";
import { useStore } from "./context";
import { Button, OWN_KEYS } from "./controls";

const MOST = 8;

/** Where the place lies on the maps, and who is strongest there; without a place, who is strongest anywhere. */
function findingsOf({ local, slots }: Store) {
  const place = local.look.kept.value ?? local.look.hover.value;
  const shown = slots.maps.shown.value;
  if (!shown) return null;
  return {
    shown,
    position: place && cellAt(place, shown.meta.full),
    units: strongestAt(shown.result, place, MOST),
  };
}

/** Of how many positions each number is the mean: large maps come to the page smaller. */
function coarseness({ full, height, width }: Result<"maps">["meta"]): string {
  const [down, across] = [full[0] / height, full[1] / width];
  return down * across > 1
    ? `means over about ${extent(Number(down.toFixed(1)), Number(across.toFixed(1)))} positions`
    : "";
}

export function Here() {
  const store = useStore();
  const { look, peek } = store.local;
  const found = useComputed(() => findingsOf(store)).value;
  const kept = look.kept.value !== null;
  if (!found) return null;
  const { shown, position, units } = found;
  const { layer } = shown.meta;
  const spoken = `Strongest at ${position}: ${units.map(spokenOf).join(", ")}`;
  const peekAt = (channel: number | null) => () => {
    peek.value = channel;
  };
  return (
    <div class="here" role="group" aria-label="Here">
      <p class="row">
        {position ? (
          <>
            <b title="Read from the maps in the page, to 1/255 of each unit's range">
              HERE {position.join(",")}
            </b>
            <span class="muted">{[layer, coarseness(shown.meta)].filter(Boolean).join(" · ")}</span>
          </>
        ) : (
          <>
            <b title="The largest activation of each unit on this picture">ANYWHERE</b>
            <span class="muted">point at the picture for HERE, click to keep it</span>
          </>
        )}
        {kept && (
          <Button
            kind="quiet"
            label="Let go of the place"
            onClick={() => {
              look.kept.value = null;
            }}
          >
            ×
          </Button>
        )}
      </p>
      <ul class="row" onPointerLeave={peekAt(null)}>
        {units.map(({ channel, value }) => (
          <li key={channel}>
            <button
              type="button"
              class="chip"
              aria-label={spokenOf({ channel, value })}
              onClick={() => store.lock({ layer, channel, position })}
              onPointerEnter={peekAt(channel)}
              {...OWN_KEYS}
            >
              {channel} <span class="muted">{short(value)}</span>
            </button>
          </li>
        ))}
      </ul>
      <p class="unseen" role="status">
        {kept ? spoken : ""}
      </p>
    </div>
  );
}

const spokenOf = ({ channel, value }: Strength): string => `unit ${channel}, ${short(value)}`;
