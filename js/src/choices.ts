/**
 * What only the page chooses, as one value: told to Python, kept in bookmarks, taken over again.
 *
 * It comes back from outside – a notebook, another version – so every part is checked.
 */
import { batch, type Signal } from "@preact/signals";
import { byName, type Check, count, nullable, number, oneOf, plain, record, size, text } from "./check";
import type { Local } from "./local";

type Checks<T> = { [K in keyof T]: T[K] extends Signal<infer V> ? Check<V> | null : Checks<T[K]> };

/** By each choice, what it can be; null for what passes with the moment. */
const KEPT: Checks<Local> = {
  mode: oneOf("class", "unit", "projection", "group", "none"),
  classMethod: text,
  classLayer: oneOf("automatic", "chosen"),
  params: byName(byName(plain)),
  opacity: number,
  colormap: text,
  grid: {
    show: oneOf("activations", "excites", "patches", "weights"),
    sort: oneOf("index", "activation", "dataset", "contribution", "similarity", "silent", "group"),
    scale: oneOf("unit", "layer", "network"),
    least: number,
    network: oneOf(0, 1),
    groups: nullable(size),
    group: nullable(count),
  },
  look: {
    threshold: number,
    hover: null,
    kept: nullable(record({ y: number, x: number })),
    minus: nullable(count),
    hand: null,
    contrast: nullable(oneOf("picture", "class", "unit", "network")),
    other: { image: nullable(count), target: nullable(count), unit: text },
  },
  peek: null,
  part: oneOf("field", "whole"),
  aim: null,
  aimedClass: null,
  second: null,
  bin: null,
  synthesis: record({ steps: size, size: nullable(size), seed: count, param: nullable(text) }),
};

/** What differs from how the page opens, by the names of the choices: `{ "grid.sort": "activation" }`. */
export type Choices = Record<string, unknown>;

export interface Keeper {
  current(): Choices;
  /** Take over what fits; what is not named goes back to how the page opened. */
  take(choices: Choices): void;
}

interface Choice {
  name: string;
  signal: Signal<unknown>;
  check: Check<unknown>;
  opening: unknown;
}

function choicesIn(local: object, checks: object, within = ""): Choice[] {
  return Object.entries(checks).flatMap(([key, check]: [string, Check<unknown> | object | null]) => {
    const [name, there] = [`${within}${key}`, (local as Record<string, Signal<unknown>>)[key]!];
    if (!check) return [];
    if (typeof check !== "function") return choicesIn(there, check, `${name}.`);
    return [{ name, signal: there, check: check as Check<unknown>, opening: there.peek() }];
  });
}

/** The value from outside, or how the page opened where it does not fit. */
function fitting({ name, check, opening }: Choice, choices: Choices): unknown {
  if (!(name in choices)) return opening;
  try {
    return check(choices[name], name);
  } catch (error) {
    console.warn(`nbviz: a part of a kept view does not fit: ${String(error)}`);
    return opening;
  }
}

/** Made before anybody has chosen anything. */
export function keeperOf(local: Local): Keeper {
  const all = choicesIn(local, KEPT);
  const current = (): Choices => {
    const chosen = all.filter(
      ({ signal, opening }) => JSON.stringify(signal.peek()) !== JSON.stringify(opening),
    );
    return Object.fromEntries(chosen.map(({ name, signal }) => [name, signal.peek()]));
  };
  return {
    current,
    take: (choices) => {
      if (JSON.stringify(choices) === JSON.stringify(current())) return;
      batch(() => {
        for (const choice of all) choice.signal.value = fitting(choice, choices);
      });
    },
  };
}
