/** The person's picture and its dream: live while it grows, any picture on the way afterwards. */
import { useSignal } from "@preact/signals";
import type { Bitmap } from "../draw/picture";
import { short } from "../format";
import { BeforeAfter } from "./before-after";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { Notice, type PaintLog, Panel, usePaintLog } from "./panel";
import { Save } from "./save";
import { Scrubber } from "./scrubber";
import { Snippet } from "./snippet";
import { useFile, usePicture } from "./use-picture";

export function DreamStage() {
  const { slots } = useStore();
  const under = usePaintLog();
  const log = usePaintLog();
  const shown = slots.original.shown.value;
  const before = usePicture(
    shown && { pixels: shown.bytes, height: shown.meta.height, width: shown.meta.width },
  );
  const troubled = slots.original.state.value === "failed" || slots.original.state.value === "unrecorded";
  const dreamt = slots.dream.frame.value || slots.dream.shown.value;
  return (
    <Panel name="original" label="Picture" slot={slots.original} log={under}>
      <Panel name="dream" label="Dream" slot={slots.dream} log={log}>
        {dreamt && before ? (
          <Played
            key={slots.dream.frame.value ? "live" : slots.dream.shown.value?.result.key}
            before={before}
            log={log}
            under={under}
          />
        ) : (
          <figure class="stage">
            {before && (
              <div class="picture" style={{ aspectRatio: `${before.width} / ${before.height}` }}>
                <Canvas
                  bitmap={before}
                  label={shown?.meta.name ?? ""}
                  onPainted={() => under.painted(shown, shown?.result.key ?? "")}
                />
              </div>
            )}
            <Notice slot={troubled ? slots.original : slots.dream} />
          </figure>
        )}
      </Panel>
    </Panel>
  );
}

interface Showing {
  bitmap: Bitmap | null;
  /** What it was made of and how far it got. */
  caption: string;
  source: unknown;
  key: string;
}

function useLive(): Showing | null {
  const { slots } = useStore();
  const frame = slots.dream.frame.value;
  const bitmap = usePicture(
    frame && { pixels: frame.bytes.picture, height: frame.meta.height, width: frame.meta.width },
  );
  if (!frame) return null;
  const verb = slots.dream.state.value === "computing" ? "step" : "stopped at step";
  const caption = `${frame.want.title} · ${verb} ${frame.step} of ${frame.steps} · objective ${short(frame.meta.value)}`;
  return { bitmap, caption, source: frame, key: `${frame.want.title}:${frame.step}` };
}

/** The finished dream, or a picture of its film. */
function useFinished(index: number): Showing | null {
  const shown = useStore().slots.dream.shown.value;
  const whole = usePicture(
    shown && { pixels: shown.bytes.picture, height: shown.meta.height, width: shown.meta.width },
  );
  const last = index === (shown?.meta.film.length ?? 0) - 1;
  const bitmap = useFile(last ? undefined : shown?.bytes.files[index], whole);
  if (!shown) return null;
  const { meta, want, result } = shown;
  const { octaves, steps, strength } = want.args;
  const how = `${octaves} ${octaves === 1 ? "octave" : "octaves"} of ${steps} steps, strength ${strength}, seed ${meta.seed}`;
  const value = `objective ${short(meta.before)} → ${short(meta.value)}`;
  const far = last ? `${how} · ${value}` : `step ${meta.film[index]} of ${meta.steps}`;
  return { bitmap, caption: `${want.title} · ${far}`, source: shown, key: `${result.key}:${index}` };
}

interface PlayedProps {
  before: Bitmap;
  log: PaintLog;
  under: PaintLog;
}

function Played({ before, log, under }: PlayedProps) {
  const { slots } = useStore();
  const meta = slots.dream.shown.value?.meta;
  const original = slots.original.shown.value;
  const count = meta?.film.length ?? 0;
  const chosen = useSignal<number | null>(null);
  const index = Math.min(chosen.value ?? count - 1, count - 1);
  const finished = useFinished(index);
  const live = useLive();
  const showing = live ?? finished;
  if (!showing?.bitmap) return null;
  const painted = () => {
    under.painted(original, original?.result.key ?? "");
    log.painted(showing.source, showing.key);
  };
  return (
    <>
      <figure class="stage">
        <BeforeAfter
          label="Before and after"
          before={{ bitmap: before, name: "before" }}
          after={{ bitmap: showing.bitmap, name: "after", onPainted: painted }}
        />
        <Notice slot={slots.dream} />
      </figure>
      {!live && count > 1 && (
        <Scrubber
          label="film"
          count={count}
          index={index}
          text={showing.caption}
          onChange={(next) => {
            chosen.value = next;
          }}
        />
      )}
      <p class="caption">{showing.caption}</p>
      {!live && meta && (
        <div class="row">
          <Save bitmap={showing.bitmap} about={`${original?.meta.name ?? "picture"} ${showing.caption}`} />
        </div>
      )}
      {!live && meta && <Snippet code={meta.code} />}
    </>
  );
}
