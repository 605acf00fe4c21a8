/** From the locked unit to a second one: pictures that excite mixtures of both, in a row. */
import { useSignal } from "@preact/signals";
import { useId, useMemo } from "preact/hooks";
import { formatUnit, parseUnit } from "../address";
import { lutOf } from "../draw/colour";
import { paintBytes, slice } from "../draw/picture";
import { percent, short } from "../format";
import { faultOfUnit } from "../places";
import type { FrameMeta } from "../protocol";
import { interaction } from "../unit-wants";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { Button, OWN_KEYS, onEnter } from "./controls";
import { Notice, type PaintLog, Panel, usePaintLog } from "./panel";
import { Snippet } from "./snippet";

export function Interaction() {
  const store = useStore();
  const { slots, startInteraction } = store;
  const slot = slots.interaction;
  const log = usePaintLog();
  const running = slot.state.value === "computing" || slot.state.value === "queued";
  const frame = slot.frame.value ?? slot.shown.value;
  const ready = interaction(store) !== null;
  return (
    <Panel name="interaction" label="Together with another unit" slot={slot} log={log}>
      <div class="bar-line">
        <h4>Together with</h4>
        <Second />
        {running ? (
          <Button kind="primary" onClick={() => slot.stop()}>
            Stop
          </Button>
        ) : (
          <Button kind="primary" disabled={!ready} label="Start the row" onClick={startInteraction}>
            Start
          </Button>
        )}
      </div>
      <div class="stage">
        {frame ? (
          <Pictures meta={frame.meta} bytes={frame.bytes} source={frame} log={log} />
        ) : (
          <div class="empty">Name a second unit: the row leads from the locked one to it.</div>
        )}
        <Notice slot={slot} />
      </div>
      {frame?.meta.code && <Snippet code={frame.meta.code} />}
    </Panel>
  );
}

/** The second unit: written, one of those that are pinned, or the locked one taken for it. */
function Second() {
  const store = useStore();
  const { second } = store.local;
  const fault = useSignal<string | null>(null);
  const pinned = useId();
  const take = (event: Event) => {
    const written = (event.currentTarget as HTMLInputElement).value.trim();
    fault.value = written ? faultOfUnit(store, written) : null;
    if (!fault.value) second.value = parseUnit(written);
  };
  const locked = store.unit.value;
  return (
    <>
      <input
        type="text"
        class="code"
        aria-label="Second unit"
        aria-invalid={fault.value !== null}
        spellcheck={false}
        placeholder="layer:unit"
        value={second.value ? formatUnit(second.value) : ""}
        list={pinned}
        onChange={take}
        onKeyDown={onEnter(take)}
        {...OWN_KEYS}
      />
      <datalist id={pinned}>
        {store.traits.pins.value.map(({ unit, name }) => (
          <option key={unit} value={unit}>
            {name}
          </option>
        ))}
      </datalist>
      <Button
        label="Take the locked unit as the second one"
        disabled={!locked}
        onClick={() => {
          fault.value = null;
          second.value = locked;
        }}
      >
        this one
      </Button>
      {fault.value && (
        <p class="fault" role="alert">
          {fault.value}
        </p>
      )}
    </>
  );
}

interface PicturesProps {
  meta: FrameMeta<"interaction">;
  bytes: Uint8Array;
  source: unknown;
  log: PaintLog;
}

function Pictures({ meta, bytes, source, log }: PicturesProps) {
  const { height, width, weights, steps } = meta;
  const bitmaps = useMemo(
    () =>
      weights.map((_, k) =>
        paintBytes(slice(bytes, k, height * width * 3), height, width, 3, lutOf("", false)),
      ),
    [bytes],
  );
  const last = weights.length - 1;
  return (
    <ol class="mixtures">
      {bitmaps.map((bitmap, k) => (
        <li key={weights[k]}>
          <Canvas
            bitmap={bitmap}
            label={mixtureName(meta, k)}
            {...(k === last && { onPainted: () => log.painted(source, `${meta.units.join()}:${steps}`) })}
          />
          <small>{titleOf(meta, k)}</small>
          {meta.readings[k] && <small class="muted">{readingsOf(meta, k)}</small>}
        </li>
      ))}
    </ol>
  );
}

function titleOf({ units, weights }: FrameMeta<"interaction">, k: number): string {
  const share = weights[k]!;
  if (share === 0) return units[0];
  if (share === 1) return units[1];
  return `${percent(1 - share)} + ${percent(share)}`;
}

/** How strongly each unit answers: as multiples of what nature reached where that is known. */
function readingsOf({ readings, natural }: FrameMeta<"interaction">, k: number): string {
  const told = readings[k]!.map((reading, i) => {
    const nature = natural[i];
    return nature && nature.largest > 0 ? `${short(reading / nature.largest)}×` : short(reading);
  });
  return `a ${told[0]}, b ${told[1]}`;
}

const mixtureName = (meta: FrameMeta<"interaction">, k: number): string =>
  meta.readings[k] ? `${titleOf(meta, k)}: ${readingsOf(meta, k)}` : titleOf(meta, k);
