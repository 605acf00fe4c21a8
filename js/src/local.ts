/** What only the page chooses, and how it opens. */
import { type Signal, signal } from "@preact/signals";
import type { Unit } from "./address";
import { fitting } from "./draw/colour";
import { type GridChoices, gridChoices } from "./grid-choices";
import { type Look, look } from "./look";
import type { Params, Plain } from "./protocol";
import type { MethodInfo, Synced } from "./traits";

export type OverlayMode = "class" | "unit" | "projection" | "group" | "none";

/** The unit as it is locked, its whole channel, the opposite of it, it and the second one together, or a class. */
export type Aim = "neuron" | "channel" | "negative" | "joint" | "class";

/** Choices of the page alone, which Python knows nothing of. */
export interface Local {
  mode: Signal<OverlayMode>;
  classMethod: Signal<string>;
  /** Where a class method that needs a layer is computed: where it suits best, or at the chosen layer. */
  classLayer: Signal<"automatic" | "chosen">;
  /** By a method's name: its parameters that differ from their defaults. */
  params: Signal<Record<string, Params>>;
  opacity: Signal<number>;
  /** Colour map of unsigned numbers; signed ones have their own. */
  colormap: Signal<string>;
  grid: GridChoices;
  look: Look;
  /** Channel of the chosen layer that the pointer or the focus is on. */
  peek: Signal<number | null>;
  /** Whether a small receptive field is enlarged. */
  part: Signal<"field" | "whole">;
  /** What pictures are searched for. */
  aim: Signal<Aim>;
  aimedClass: Signal<number | null>;
  /** The unit that the locked one is combined with. */
  second: Signal<Unit | null>;
  /** The bin of the unit's histogram of which examples are shown. */
  bin: Signal<{ unit: string; bin: number } | null>;
  /** Without a parametrisation the kernel chooses. */
  synthesis: Signal<{ steps: number; size: number | null; seed: number; param: string | null }>;
}

export function initialLocal({ traits }: Synced): Local {
  const options = traits._options.peek();
  const byClass = traits._methods.peek().filter((method) => method.asks === "class");
  const preferred = byClass.find((method) => method.name === "grad_cam") ?? byClass[0];
  return {
    mode: signal("class"),
    classMethod: signal(preferred?.name ?? ""),
    classLayer: signal("automatic"),
    params: signal({}),
    opacity: signal(0.75),
    colormap: signal(fitting(options.colormap ?? "", false)),
    grid: gridChoices(),
    look: look(traits._beside.peek() && "network"),
    peek: signal(null),
    part: signal("field"),
    aim: signal("neuron"),
    aimedClass: signal(null),
    second: signal(null),
    bin: signal(null),
    synthesis: signal({
      steps: options.steps ?? 128,
      size: options.size ?? null,
      seed: options.seed ?? 0,
      param: null,
    }),
  };
}

/** Keeps what differs from the defaults, in the order of the signature: equal settings are equal questions. */
export function setParam({ params }: Local, method: MethodInfo, name: string, value: Plain): void {
  const given: Params = { ...params.peek()[method.name], [name]: value };
  const kept = method.params.filter((p) => p.name in given && given[p.name] !== p.default);
  const settings = Object.fromEntries(kept.map((p) => [p.name, given[p.name] as Plain]));
  params.value = { ...params.peek(), [method.name]: settings };
}

/** Whoever chooses a unit wants to see what excites that, and no class any more. */
export function aimAtUnit({ aim }: Local): void {
  if (aim.peek() === "class") aim.value = "neuron";
}
