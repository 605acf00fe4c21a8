/** Groups of channels that fire together: a tile each; the chosen one lies over the picture and orders the grid. */
import { useMemo } from "preact/hooks";
import { lutOf } from "../draw/colour";
import { paintBytes } from "../draw/picture";
import { percent } from "../format";
import { groupMap, strongestIn } from "../groups";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";
import { Notice, Panel, usePaintLog } from "./panel";
import { Still } from "./still";

export function GroupStrip() {
  const store = useStore();
  const { local, slots } = store;
  const log = usePaintLog();
  const { groups } = local.grid;
  const shown = slots.groups.shown.value;
  if (groups.value === null) return null;
  const meta = shown?.meta;
  return (
    <Panel name="groups" label="Groups" slot={slots.groups} log={log} class="groups">
      <div class="stage group-tiles">
        {meta && (
          <div class="line strip" role="toolbar" aria-label={`Groups of ${meta.layer}`}>
            {Array.from({ length: meta.count }, (_, i) => (
              <GroupTile key={i} index={i} onPainted={() => log.painted(shown, shown?.result.key ?? "")} />
            ))}
          </div>
        )}
        <Notice slot={slots.groups} />
      </div>
      {meta && (
        <p class="note" title="Non-negative factors of the layer's maps, Lee & Seung 2001">
          {meta.count} groups explain {percent(meta.explained)} of what is above zero over {meta.pictures}{" "}
          {meta.pictures === 1 ? "picture" : "pictures"}
          {meta.positive < 0.995 && `; ${percent(1 - meta.positive)} lies below and takes no part`}
        </p>
      )}
    </Panel>
  );
}

function GroupTile({ index, onPainted }: { index: number; onPainted: () => void }) {
  const store = useStore();
  const { local, slots } = store;
  const { group, sort } = local.grid;
  const shown = slots.groups.shown.value;
  const map = groupMap(store, index);
  const colormap = local.colormap.value;
  const bitmap = useMemo(
    () => map && paintBytes(map.bytes, map.height, map.width, 1, lutOf(colormap, false)),
    [map?.key, colormap],
  );
  if (!shown || !map || !bitmap) return null;
  const strongest = strongestIn(shown, index, 3);
  const chosen = group.value === index;
  const name = `group ${index + 1}: units ${strongest.join(", ")} …`;
  return (
    <button
      type="button"
      aria-pressed={chosen}
      aria-label={name}
      title={name}
      onClick={() => {
        group.value = chosen ? null : index;
        sort.value = chosen ? "index" : "group";
        if (!chosen) local.mode.value = "group";
        else if (local.mode.value === "group") local.mode.value = "unit";
      }}
      {...OWN_KEYS}
    >
      <Still bitmap={bitmap} onPainted={onPainted} />
      <b>{index + 1}</b>
      <small>{strongest.join(" ")}</small>
    </button>
  );
}
