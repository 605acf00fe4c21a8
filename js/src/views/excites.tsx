/** Activation maximisation, live: a picture that the unit answers to, step by step until it is stopped. */
import { useMemo } from "preact/hooks";
import { lutOf } from "../draw/colour";
import { paintBytes } from "../draw/picture";
import { short } from "../format";
import type { SynthesisFrame } from "../protocol";
import { aimName, synthesisTarget } from "../wants";
import { AimChoice } from "./aim";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { Button, NumberField } from "./controls";
import { Notice, Panel, usePaintLog } from "./panel";
import { Snippet } from "./snippet";

interface Picture {
  meta: SynthesisFrame;
  pixels: Uint8Array;
  key: string;
  caption: string;
  /** Strongest activation of the unit, or the class's logit, on the finished picture. */
  activation: number | null;
  quantity: string;
  source: unknown;
}

/** The newest frame while the search runs, its result afterwards. */
function usePicture(): Picture | null {
  const store = useStore();
  const { frame, shown, state } = store.slots.excites;
  if (frame.value) {
    const { meta, bytes, step, steps, want } = frame.value;
    const verb = state.value === "computing" ? "step" : "stopped at step";
    const caption = `${aimName(store, want.args.target)} · ${verb} ${step} of ${steps}`;
    return {
      meta,
      pixels: bytes,
      key: `${want.title}:${step}`,
      caption,
      activation: null,
      quantity: "",
      source: frame.value,
    };
  }
  if (!shown.value) return null;
  const { meta, bytes, want, result } = shown.value;
  const caption = `${aimName(store, want.args.target)} · ${meta.steps} steps, seed ${meta.seed}`;
  const quantity = "unit" in want.args.target ? "activation" : "value";
  const { activation } = meta;
  return { meta, pixels: bytes, key: result.key, caption, activation, quantity, source: shown.value };
}

export function Excites() {
  const store = useStore();
  const { slots, local, startSynthesis } = store;
  const log = usePaintLog();
  const slot = slots.excites;
  const running = slot.state.value === "computing" || slot.state.value === "queued";
  const { steps, seed } = local.synthesis.value;
  const set = (change: Partial<{ steps: number; seed: number }>) => {
    local.synthesis.value = { ...local.synthesis.value, ...change };
  };
  return (
    <Panel name="excites" label="What excites it" slot={slot} log={log}>
      <div class="bar-line">
        <h4>What excites it</h4>
        <NumberField label="steps" value={steps} min={1} max={4096} onChange={(n) => set({ steps: n })} />
        <NumberField label="seed" value={seed} min={0} max={999999} onChange={(n) => set({ seed: n })} />
        {running ? (
          <Button kind="primary" onClick={() => slot.stop()}>
            Stop
          </Button>
        ) : (
          <Button kind="primary" disabled={!synthesisTarget(store)} onClick={startSynthesis}>
            Start
          </Button>
        )}
      </div>
      <AimChoice />
      <Stage painted={log.painted} />
    </Panel>
  );
}

function Stage({ painted }: { painted: (source: unknown, key: string) => void }) {
  const store = useStore();
  const { slots } = store;
  const picture = usePicture();
  const target = synthesisTarget(store);
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
          <div class="empty">{target && `Start draws a picture that excites ${aimName(store, target)}.`}</div>
        )}
        <Notice slot={slots.excites} />
      </figure>
      {picture && <Values picture={picture} />}
      {result && !slots.excites.frame.value && <Snippet code={result.code} />}
    </>
  );
}

function Values({ picture: { meta, caption, activation, quantity } }: { picture: Picture }) {
  const ratio = meta.natural_ratio;
  return (
    <p class="caption">
      {caption}
      {activation === null ? ` · objective ${short(meta.value)}` : ` · ${quantity} ${short(activation)}`}
      {ratio !== null && ` · ${short(ratio)} × the natural maximum`}
    </p>
  );
}
