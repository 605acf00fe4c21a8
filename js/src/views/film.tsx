/** A search for a picture as it is seen: its newest picture while it runs, any of its film afterwards. */
import { useSignal } from "@preact/signals";
import { short } from "../format";
import type { Film, Natural, SynthesisTarget } from "../protocol";
import { aimName } from "../wants";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { FilmCurve } from "./curve";
import { Notice } from "./panel";
import { Scrubber } from "./scrubber";
import { Snippet } from "./snippet";
import { useFile, usePicture } from "./use-picture";

/** What there is to see of a search. */
export interface Showing {
  height: number;
  width: number;
  /** RGB of the newest picture. */
  picture: Uint8Array;
  /** JPEG files of those before it, empty while it runs. */
  files: Uint8Array[];
  film: Film;
  natural: Natural | null;
  /** Where the time axis ends. */
  steps: number;
  target: SynthesisTarget;
  /** The objective on the newest, disturbed picture; null once the film is finished. */
  objective: number | null;
  /** How far a search got that did not end by itself; of one that did, how many steps it took. */
  reached: string;
  finished: boolean;
  code: string | null;
  key: string;
  source: unknown;
}

export function useShowing(): Showing | null {
  const { frame, shown, state } = useStore().slots.excites;
  if (frame.value) {
    const { meta, bytes, step, steps, want } = frame.value;
    const verb = state.value === "computing" ? "step" : "stopped at step";
    const reached = `${verb} ${step} of ${steps}`;
    const rest = {
      steps,
      target: want.args.target,
      objective: meta.value,
      reached,
      finished: false,
      code: null,
    };
    return { ...meta, ...bytes, ...rest, key: `${want.title}:${step}`, source: frame.value };
  }
  if (!shown.value) return null;
  const { meta, bytes, want, result } = shown.value;
  const reached = `${meta.steps} steps, seed ${meta.seed}`;
  const rest = { target: want.args.target, objective: null, reached, finished: true };
  return { ...meta, ...bytes, ...rest, key: result.key, source: shown.value };
}

/** What the readings of a film are. */
function quantityOf(target: SynthesisTarget): string {
  return "unit" in target ? "activation" : "terms" in target ? "objective" : Object.keys(target)[0]!;
}

export type Painted = (source: unknown, key: string) => void;

/** The picture that is chosen from the film, how far it got, and the means to choose another. */
export function Played({ showing, painted }: { showing: Showing; painted: Painted }) {
  const store = useStore();
  const { film, files, natural, steps, target, source } = showing;
  const last = film.length - 1;
  const chosen = useSignal<number | null>(null);
  const index = Math.min(chosen.value ?? last, last);
  const choose = (next: number) => {
    chosen.value = next;
  };
  const playable = files.length > 0;
  const newest = usePicture({ pixels: showing.picture, height: showing.height, width: showing.width });
  const bitmap = useFile(playable ? files[index] : undefined, newest);
  const caption = captionOf(aimName(store, target), showing, index);
  return (
    <>
      <figure class="stage">
        <div class="picture" style={{ aspectRatio: `${showing.width} / ${showing.height}` }}>
          {bitmap && (
            <Canvas
              bitmap={bitmap}
              label={caption}
              onPainted={() => painted(source, `${showing.key}:${index}`)}
            />
          )}
        </div>
        <Notice slot={store.slots.excites} />
      </figure>
      {playable && (
        <Scrubber label="film" count={film.length} index={index} text={caption} onChange={choose} />
      )}
      <FilmCurve
        film={film}
        natural={natural}
        steps={steps}
        index={index}
        quantity={quantityOf(target)}
        onChoose={playable ? choose : undefined}
      />
      <p class="caption">{caption}</p>
      {showing.code && <Snippet code={showing.code} />}
    </>
  );
}

function captionOf(aim: string, showing: Showing, index: number): string {
  const { film, natural, steps, target, objective, reached, finished } = showing;
  const frame = film[index];
  const onTheWay = finished && index < film.length - 1;
  const facts = [aim, onTheWay ? `step ${frame?.step} of ${steps}` : reached];
  if (objective !== null) facts.push(`objective ${short(objective)}`);
  else if (frame) {
    facts.push(`${quantityOf(target)} ${short(frame.reading)}`);
    if (natural && natural.largest > 0)
      facts.push(`${short(frame.reading / natural.largest)} × the natural maximum`);
  }
  return facts.join(" · ");
}
