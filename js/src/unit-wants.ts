/** What the panels about one unit, beyond its projection, want to show. */
import { formatUnit, parseUnit, wholeUnit } from "./address";
import type { Want } from "./slot";
import type { Store } from "./store";
import { imageKey } from "./wants";

/** Pictures in a row from one unit to another. */
const ROW = 5;
/** Steps of that search: several pictures are made at once. */
const ROW_STEPS = 64;
/** Side of its pictures: they are shown small. */
const ROW_PIXELS = 96;

/** What comes in and goes out. */
export function neighbours(store: Store): Want<"neighbours"> | null {
  const key = imageKey(store);
  const unit = store.traits.unit.value;
  if (key === undefined || !parseUnit(unit)) return null;
  const args = { image: store.traits.image_index.value, unit };
  return { op: "neighbours", args, about: { key, unit }, title: "" };
}

/** What the data set says of the unit, where there is one that knows its layer. */
export function patches({ traits }: Store): Want<"patches"> | null {
  const unit = parseUnit(traits.unit.value);
  if (!unit || !traits._atlas.value?.layers.includes(unit.layer)) return null;
  const args = { unit: formatUnit(wholeUnit(unit)), method: traits.method.value };
  return { op: "patches", args, about: args, title: `strongest patches of ${args.unit}` };
}

/** Pictures of one bin of the unit's histogram. */
export function examples({ traits, local }: Store): Want<"examples"> | null {
  const unit = parseUnit(traits.unit.value);
  const chosen = local.bin.value;
  if (!unit || !chosen || chosen.unit !== formatUnit(wholeUnit(unit))) return null;
  return { op: "examples", args: chosen, about: chosen, title: `examples of ${chosen.unit}` };
}

/** From the locked unit to the second one. */
export function interaction({ traits, local }: Store): Want<"interaction"> | null {
  const second = local.second.value;
  const unit = parseUnit(traits.unit.value);
  if (!unit || !second) return null;
  const [a, b] = [formatUnit(unit), formatUnit(second)];
  if (a === b) return null;
  const least = Math.min(...traits._network.value.input.slice(1));
  const size = least > ROW_PIXELS ? ROW_PIXELS : null;
  const args = { a, b, count: ROW, steps: ROW_STEPS, size, seed: local.synthesis.value.seed };
  return { op: "interaction", args, about: args, title: `from ${a} to ${b}` };
}
