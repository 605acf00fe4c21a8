/** The same picture as one layer after the other remembers it; one of them large, beside the picture itself. */
import type { Bitmap } from "../draw/picture";
import { short } from "../format";
import type { Memory } from "../protocol";
import { BeforeAfter } from "./before-after";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { NumberField, OWN_KEYS } from "./controls";
import { Descent } from "./descent";
import { StartStop } from "./dream-settings";
import { Notice, Panel, usePaintLog } from "./panel";
import { Save } from "./save";
import { Snippet } from "./snippet";
import { Still } from "./still";
import { usePicture } from "./use-picture";

const ABOUT =
  "Relative error ‖Φ − Φ₀‖²/‖Φ₀‖²: 0 is the same to the layer, 1 as far off as no activation at all. Where it is small and the pictures differ, the layer has forgotten.";

export function InversionBar() {
  const store = useStore();
  const { dreaming, slots } = store;
  const { steps, seed } = dreaming.inversion.value;
  const set = (change: Partial<{ steps: number; seed: number }>) => {
    dreaming.inversion.value = { ...dreaming.inversion.value, ...change };
  };
  return (
    <div class="toolbar params" role="group" aria-label="Settings of the inversion">
      <NumberField label="steps" value={steps} min={1} max={4096} onChange={(n) => set({ steps: n })} />
      <NumberField label="seed" value={seed} min={0} max={999999} onChange={(n) => set({ seed: n })} />
      <StartStop slot={slots.inversion} label="Invert" onStart={() => store.startInversion()} />
    </div>
  );
}

/** What is shown of an inversion, finished or on its way. */
function useMemories() {
  const { frame, shown, state } = useStore().slots.inversion;
  if (frame.value) {
    const { meta, bytes, step, steps } = frame.value;
    const running = state.value === "computing" || state.value === "queued";
    return { meta, bytes, live: running, source: frame.value, key: `step ${step} of ${steps}` };
  }
  if (!shown.value) return null;
  const { meta, bytes, result } = shown.value;
  return { meta, bytes, live: false, source: shown.value, key: result.key };
}

export function InversionStage() {
  const { slots, dreaming } = useStore();
  const log = usePaintLog();
  const base = usePaintLog();
  const memories = useMemories();
  const seen = slots.picture.shown.value;
  const picture = usePicture(
    seen && { pixels: seen.bytes, height: seen.meta.height, width: seen.meta.width },
  );
  const layers = memories?.meta.layers ?? [];
  // While it runs the newest layer is looked at, unless another one was chosen.
  const wished = layers.findIndex(({ layer }) => layer === dreaming.enlarged.value);
  const index = wished >= 0 ? wished : memories?.live ? layers.length - 1 : 0;
  const painted = () => {
    base.painted(seen, seen?.result.key ?? "");
    if (memories) log.painted(memories.source, `${memories.key}:${index}`);
  };
  return (
    <Panel name="picture" label="Picture" slot={slots.picture} log={base}>
      <Panel name="inversion" label="What layers remember" slot={slots.inversion} log={log}>
        <figure class="stage">
          {memories && picture && layers[index] ? (
            <Large
              memory={layers[index]}
              picture={picture}
              pixels={memories.bytes[index]!}
              size={memories.meta}
              painted={painted}
            />
          ) : (
            picture && (
              <div class="picture" style={{ aspectRatio: `${picture.width} / ${picture.height}` }}>
                <Canvas bitmap={picture} label={seen?.meta.name ?? ""} onPainted={painted} />
              </div>
            )
          )}
          <Notice slot={seen ? slots.inversion : slots.picture} />
        </figure>
        {memories && (
          <>
            <Row memories={memories} chosen={index} />
            <p class="note">{ABOUT}</p>
            {!memories.live && layers[index] && (
              <Details memory={layers[index]} pixels={memories.bytes[index]!} size={memories.meta} />
            )}
          </>
        )}
      </Panel>
    </Panel>
  );
}

interface Size {
  height: number;
  width: number;
}

interface LargeProps {
  memory: Memory;
  picture: Bitmap;
  pixels: Uint8Array;
  size: Size;
  painted: () => void;
}

function Large({ memory, picture, pixels, size, painted }: LargeProps) {
  const bitmap = usePicture(memory.error === null ? null : { pixels, ...size });
  if (!bitmap) return <div class="empty">{memory.note}</div>;
  return (
    <BeforeAfter
      label={`The picture and what ${memory.layer} remembers of it`}
      before={{ bitmap: picture, name: "the picture" }}
      after={{ bitmap, name: memory.layer, onPainted: painted }}
    />
  );
}

function Row({
  memories,
  chosen,
}: {
  memories: NonNullable<ReturnType<typeof useMemories>>;
  chosen: number;
}) {
  const { dreaming } = useStore();
  const { meta, bytes } = memories;
  const onKeyDown = (event: KeyboardEvent) => {
    const next = chosen + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0);
    if (next === chosen || next < 0 || next >= meta.layers.length) return;
    event.preventDefault();
    dreaming.enlarged.value = meta.layers[next]!.layer;
    ((event.currentTarget as HTMLElement).children[next] as HTMLElement).focus({ preventScroll: true });
  };
  return (
    <div
      class="memories"
      role="listbox"
      aria-label="Layers"
      aria-orientation="horizontal"
      onKeyDown={onKeyDown}
    >
      {meta.layers.map((memory, i) => (
        <button
          key={memory.layer}
          type="button"
          role="option"
          aria-selected={i === chosen}
          tabIndex={i === chosen ? 0 : -1}
          title={memory.note || `What ${memory.layer} remembers`}
          onClick={() => {
            dreaming.enlarged.value = memory.layer;
          }}
          {...OWN_KEYS}
        >
          <Small memory={memory} pixels={bytes[i]!} size={meta} />
          <b>{memory.layer}</b>
          <small>{memory.error === null ? "nothing reaches it" : `error ${short(memory.error)}`}</small>
        </button>
      ))}
    </div>
  );
}

function Small({ memory, pixels, size }: { memory: Memory; pixels: Uint8Array; size: Size }) {
  const bitmap = usePicture(memory.error === null ? null : { pixels, ...size });
  const style = { aspectRatio: `${size.width} / ${size.height}` };
  return <span style={style}>{bitmap && <Still bitmap={bitmap} />}</span>;
}

function Details({ memory, pixels, size }: { memory: Memory; pixels: Uint8Array; size: Size }) {
  const { slots } = useStore();
  const bitmap = usePicture(memory.error === null ? null : { pixels, ...size });
  const name = slots.picture.shown.value?.meta.name ?? "picture";
  if (!bitmap || memory.error === null) return null;
  return (
    <>
      <p class="caption">
        {`${memory.layer} · relative error ${short(memory.error)}, in 8 bits`}
        {memory.trace.length > 0 && ` · ${memory.trace.length} steps`}
      </p>
      <Descent trace={memory.trace} />
      {memory.code && (
        <>
          <div class="row">
            <Save bitmap={bitmap} about={`${name} as ${memory.layer} remembers it`} />
          </div>
          <Snippet code={memory.code} />
        </>
      )}
    </>
  );
}
