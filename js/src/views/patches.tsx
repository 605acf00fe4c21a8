/** What a data set says of the unit: the parts of its pictures that excite it most, each with its projection. */
import { useEffect } from "preact/hooks";
import { decoded } from "../draw/decode";
import { percent, short, whole } from "../format";
import type { FrameMeta } from "../protocol";
import { useStore } from "./context";
import { Histogram } from "./histogram";
import { Notice, Panel, usePaintLog } from "./panel";
import { Tile } from "./patch-tile";

/** While a scan goes on, what it has found is looked at again after this long. */
const AGAIN_MS = 4000;

export function Patches() {
  const store = useStore();
  const { traits, slots } = store;
  const log = usePaintLog();
  const slot = slots.patches;
  const { frame, shown } = slot;
  const newest = frame.value ?? shown.value;
  const complete = shown.value?.meta.complete ?? true;
  useEffect(() => {
    if (complete) return;
    const again = setTimeout(() => slot.retry(), AGAIN_MS);
    return () => clearTimeout(again);
  }, [shown.value, complete]);
  useEffect(() => {
    if (!newest) return;
    const { patches, projections, seen } = newest.meta;
    const key = `${newest.meta.unit}:${newest.meta.method}:${seen}:${projections.length}:${patches.length}`;
    let waits = true;
    const files = [...newest.bytes.patches, ...newest.bytes.projections].filter((file) => file.length > 0);
    // Once all are read, the canvases paint them in the frame that follows.
    void Promise.all(files.map((file) => decoded(file, "image/webp"))).then(() =>
      requestAnimationFrame(() => requestAnimationFrame(() => waits && log.painted(newest, key))),
    );
    return () => {
      waits = false;
    };
  }, [newest]);
  const atlas = traits._atlas.value;
  if (!atlas) return null;
  return (
    <Panel name="patches" label="Strongest patches" slot={slot} log={log}>
      <div class="bar-line">
        <h4>Strongest in {atlas.name}</h4>
        {newest && <Extent meta={newest.meta} />}
      </div>
      <div class="stage sides">
        {newest ? (
          <>
            <ol class="mosaic" aria-label="Strongest patches">
              {newest.meta.patches.map((patch, rank) => (
                <Tile
                  key={patch.picture}
                  patch={patch}
                  rank={rank}
                  file={newest.bytes.patches[rank]!}
                  projection={newest.bytes.projections[rank]}
                  method={newest.meta.method}
                  note={newest.meta.projections[rank]?.note ?? ""}
                />
              ))}
            </ol>
            <Facts meta={newest.meta} />
            <Histogram meta={newest.meta} />
          </>
        ) : (
          <div class="empty">{slot.state.value === "idle" && "This layer was not scanned."}</div>
        )}
        <Notice slot={slot} />
      </div>
    </Panel>
  );
}

/** How much of the data set that is. */
function Extent({ meta: { seen, total, complete, fired } }: { meta: FrameMeta<"patches"> }) {
  return (
    <>
      {fired === 0 && (
        <span class="tag" title="No picture brings it above zero">
          dead
        </span>
      )}
      <span class="muted">
        {complete ? `n = ${whole(seen)}` : `so far, n = ${whole(seen)} of ${whole(total)}`}
      </span>
    </>
  );
}

function Facts({ meta }: { meta: FrameMeta<"patches"> }) {
  const { classes, purity, fired, largest, field, method } = meta;
  const facts: string[] = [];
  if (purity !== null) {
    const told = classes.slice(0, 4).map(({ label, count }) => `${count} ${label}`);
    const labelled = classes.reduce((sum, { count }) => sum + count, 0);
    facts.push(
      `purity ${percent(purity)} of ${labelled} with a class: ${told.join(", ")}${classes.length > 4 ? ", …" : ""}`,
    );
  }
  if (largest !== null) facts.push(`largest ${short(largest)}`);
  if (fired !== null) facts.push(`fires in ${percent(fired)} of the pictures`);
  return (
    <>
      <p class="caption">{facts.join(" · ")}</p>
      <p class="note">
        {`below each patch its projection by ${method}, each on its own scale around grey`}
        {field !== "exact" && ` · ${FIELDS[field] ?? field}`}
      </p>
    </>
  );
}

const FIELDS: Record<string, string> = {
  whole: "every unit of this layer sees the whole picture",
  gated: "boxes are exact, while gates look at the whole picture",
  assumed: "an operation is not known, so the whole picture is shown",
};
