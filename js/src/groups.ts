/** Groups of channels on the chosen picture: their maps, and who belongs to them. */
import { slice } from "./draw/picture";
import type { Shown } from "./slot";
import type { Store } from "./store";

export interface GroupMap {
  bytes: Uint8Array;
  height: number;
  width: number;
  /** The number that byte 255 stands for; byte 0 stands for 0. */
  top: number;
  key: string;
}

/** Where a group is present on the chosen picture; null where that was not among those that were read. */
export function groupMap({ slots, traits }: Store, index: number): GroupMap | null {
  const shown = slots.groups.shown.value;
  if (!shown || index >= shown.meta.count) return null;
  const key = traits._images.value[traits.image_index.value]?.key;
  const picture = (shown.want.about.keys as string[]).indexOf(key ?? "");
  if (picture < 0) return null;
  const { count, height, width } = shown.meta;
  const bytes = slice(shown.bytes.pixels, picture * count + index, height * width);
  return {
    bytes,
    height,
    width,
    top: shown.meta.tops[index]!,
    key: `${shown.result.key}:${picture}:${index}`,
  };
}

/** The channels with the largest weights in a group, the largest first. */
export function strongestIn({ meta, bytes }: Shown<"groups">, index: number, most: number): number[] {
  const weights = bytes.weights.subarray(index * meta.channels, (index + 1) * meta.channels);
  const order = Array.from({ length: meta.channels }, (_, k) => k).filter((k) => weights[k]! > 0);
  return order.sort((a, b) => weights[b]! - weights[a]! || a - b).slice(0, most);
}
