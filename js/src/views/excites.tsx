/** Activation maximisation, live: a picture that the unit answers to, step by step until it is stopped. */
import { useMemo } from "preact/hooks";
import { lutOf } from "../draw/colour";
import { paintBytes } from "../draw/picture";
import { short } from "../format";
import type { SynthesisFrame } from "../protocol";
import type { Want } from "../slot";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { Button, NumberField } from "./controls";
import { Notice, Panel, usePaintLog } from "./panel";

interface Picture {
  meta: SynthesisFrame;
  pixels: Uint8Array;
  key: string;
  caption: string;
  /** Strongest activation of the unit on the finished picture. */
  activation: number | null;
  source: unknown;
}

const unitOf = (want: Want): string => String((want.about.target as { unit: string }).unit);

/** The newest frame while the search runs, its result afterwards. */
function usePicture(): Picture | null {
  const { slots } = useStore();
  const { frame, shown, state } = slots.excites;
  if (frame.value) {
    const { meta, bytes, step, steps, want } = frame.value;
    const verb = state.value === "computing" ? "step" : "stopped at step";
    const caption = `${unitOf(want)} · ${verb} ${step} of ${steps}`;
    return {
      meta,
      pixels: bytes,
      key: `${want.title}:${step}`,
      caption,
      activation: null,
      source: frame.value,
    };
  }
  if (!shown.value) return null;
  const { meta, bytes, want, result } = shown.value;
  const caption = `${unitOf(want)} · ${meta.steps} steps, seed ${meta.seed}`;
  return { meta, pixels: bytes, key: result.key, caption, activation: meta.activation, source: shown.value };
}

export function Excites() {
  const { slots, local, unit, startSynthesis } = useStore();
  const log = usePaintLog();
  const slot = slots.excites;
  const running = slot.state.value === "computing" || slot.state.value === "queued";
  const { steps, seed } = local.synthesis.value;
  const set = (change: Partial<{ steps: number; seed: number }>) => {
    local.synthesis.value = { ...local.synthesis.value, ...change };
  };
  return (
    <Panel name="excites" label="What excites it" slot={slot} log={log}>
      <header class="bar-line">
        <h4>What excites it</h4>
        <NumberField label="steps" value={steps} min={1} max={4096} onChange={(n) => set({ steps: n })} />
        <NumberField label="seed" value={seed} min={0} max={999999} onChange={(n) => set({ seed: n })} />
        {running ? (
          <Button kind="primary" onClick={() => slot.stop()}>
            Stop
          </Button>
        ) : (
          <Button kind="primary" disabled={!unit.value} onClick={startSynthesis}>
            Start
          </Button>
        )}
      </header>
      <Stage painted={log.painted} />
    </Panel>
  );
}

function Stage({ painted }: { painted: (source: unknown, key: string) => void }) {
  const { slots } = useStore();
  const picture = usePicture();
  const pixels = picture?.pixels;
  const bitmap = useMemo(
    () => picture && paintBytes(picture.pixels, picture.meta.height, picture.meta.width, 3, lutOf("", false)),
    [pixels],
  );
  const result = slots.excites.shown.value?.meta;
  return (
    <>
      <figure class="stage">
        {picture && bitmap ? (
          <div class="picture" style={{ aspectRatio: `${picture.meta.width} / ${picture.meta.height}` }}>
            <Canvas
              bitmap={bitmap}
              label={picture.caption}
              onPainted={() => painted(picture.source, picture.key)}
            />
          </div>
        ) : (
          <div class="empty">Start draws a picture that this unit answers to.</div>
        )}
        <Notice slot={slots.excites} />
      </figure>
      {picture && <Values picture={picture} />}
      {result && !slots.excites.frame.value && <code class="snippet">{result.code}</code>}
    </>
  );
}

function Values({ picture: { meta, caption, activation } }: { picture: Picture }) {
  const ratio = meta.natural_ratio;
  return (
    <p class="caption">
      {caption}
      {activation === null ? ` · objective ${short(meta.value)}` : ` · activation ${short(activation)}`}
      {ratio !== null && ` · ${short(ratio)} × the natural maximum`}
    </p>
  );
}
