/** What the grid shows of its channels, in which order, and which of them: choices of the page alone. */
import { type Signal, signal } from "@preact/signals";

/** What a tile is a picture of. */
export type Show = "activations" | "excites" | "patches" | "weights";

/** By what the channels are ordered; `group` by their weight in the chosen group. */
export type Sort = "index" | "activation" | "dataset" | "contribution" | "similarity" | "silent" | "group";

/** Over whose range a map is coloured. */
export type Scale = "unit" | "layer" | "network";

export interface GridChoices {
  show: Signal<Show>;
  sort: Signal<Sort>;
  scale: Signal<Scale>;
  /** Channels below this share of the range of what they are ordered by are left out; 0 leaves out none. */
  least: Signal<number>;
  /** Which of two networks that are compared the grid shows: the first, or the one beside it. */
  network: Signal<0 | 1>;
  /** How many groups the channels are put into; null for none. */
  groups: Signal<number | null>;
  /** The group that is looked at. */
  group: Signal<number | null>;
}

export const gridChoices = (): GridChoices => ({
  show: signal("activations"),
  sort: signal("index"),
  scale: signal("unit"),
  least: signal(0),
  network: signal(0),
  groups: signal(null),
  group: signal(null),
});
