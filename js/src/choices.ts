/**
 * What only the page chooses, as one value: told to Python, kept in bookmarks, taken over again.
 *
 * It comes back from outside – a notebook, another version – so every part is checked.
 */
import { batch } from "@preact/signals";
import { byName, type Check, count, nullable, number, oneOf, plain, record, size, text } from "./check";
import type { Local } from "./store";

/** By each choice, what it can be; null for what passes with the moment. */
const KEPT: { [K in keyof Local]: Check<Local[K]["value"]> | null } = {
  mode: oneOf("class", "unit", "none"),
  classMethod: text,
  classLayer: oneOf("automatic", "chosen"),
  params: byName(byName(plain)),
  opacity: number,
  colormap: text,
  sort: oneOf("index", "activation"),
  scale: oneOf("unit", "layer"),
  peek: null,
  part: oneOf("field", "whole"),
  aim: null,
  second: null,
  aimedClass: null,
  synthesis: record({ steps: size, size: nullable(size), seed: count, param: nullable(text) }),
};

/** What differs from how the page opens. */
export type Choices = Record<string, unknown>;

export interface Keeper {
  current(): Choices;
  /** Take over what fits; what is not named goes back to how the page opened. */
  take(choices: Choices): void;
}

const names = (Object.keys(KEPT) as (keyof Local)[]).filter((name) => KEPT[name]);

/** `null` where a value from outside does not fit. */
function checked(name: keyof Local, value: unknown): { value: unknown } | null {
  try {
    return { value: KEPT[name]?.(value, name) };
  } catch (error) {
    console.warn(`nbviz: a part of a kept view does not fit: ${String(error)}`);
    return null;
  }
}

/** Made before anybody has chosen anything. */
export function keeperOf(local: Local): Keeper {
  const opening = new Map(names.map((name) => [name, local[name].peek()]));
  const differs = (name: keyof Local) =>
    JSON.stringify(local[name].peek()) !== JSON.stringify(opening.get(name));
  const current = (): Choices =>
    Object.fromEntries(names.filter(differs).map((name) => [name, local[name].peek() as unknown]));
  return {
    current,
    take: (choices) => {
      if (JSON.stringify(choices) === JSON.stringify(current())) return;
      batch(() => {
        for (const name of names) {
          const fitting = name in choices ? checked(name, choices[name]) : null;
          (local[name] as { value: unknown }).value = fitting ? fitting.value : opening.get(name);
        }
      });
    },
  };
}
