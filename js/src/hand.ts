/** The window that a person holds over the picture. */

import { pack } from "./draw/colour";
import type { Box } from "./draw/part";
import type { Bitmap } from "./draw/picture";
import type { Place } from "./look";
import type { Shown, Want } from "./slot";
import type { Store } from "./store";

/** Where its middle is, and its side as a share of the picture's shorter side. */
export interface Hand extends Place {
  size: number;
  fill: string;
}

/** The pixels that it covers: always the whole window, which stops at the border. */
export function windowOf(
  { y, x, size }: Hand,
  height: number,
  width: number,
): [number, number, number, number] {
  const side = Math.max(1, Math.round(size * Math.min(height, width)));
  const begin = (middle: number, extent: number) =>
    Math.min(extent - side, Math.max(0, Math.round(middle * extent - side / 2)));
  const [top, left] = [begin(y, height), begin(x, width)];
  return [top, left, top + side, left + side];
}

/** The classes of the picture under the window; null where no window is held or the picture is not there yet. */
export function occlude(store: Store): Want<"occlude"> | null {
  const { local, slots, traits } = store;
  const hand = local.look.hand.value;
  const shown = slots.picture.shown.value;
  const image = traits.image_index.value;
  const key = traits._images.value[image]?.key;
  if (!hand || !shown || shown.want.about.key !== key) return null;
  const box = windowOf(hand, shown.meta.height, shown.meta.width);
  const rest = { box, fill: hand.fill, target: traits.target.value };
  return { op: "occlude", args: { image, ...rest }, about: { key, ...rest }, title: "occlusion by hand" };
}

/**
 * Ask for the window as it is held now, once the answer to the one before is there: asked at every movement, none
 * would ever be answered before the next one takes its place.
 */
export function followHand(store: Store): void {
  const want = occlude(store);
  const { occlude: slot } = store.slots;
  if (slot.state.value === "computing" || slot.state.value === "queued") return;
  slot.ask(want);
}

/** The picture with the covered part as the network saw it. */
export function stamped(bitmap: Bitmap, { meta, bytes }: Shown<"occlude">): Bitmap {
  const [top, left] = meta.box;
  const pixels = bitmap.pixels.slice();
  for (let i = 0; i < meta.height * meta.width; i++) {
    const [row, column] = [Math.floor(i / meta.width), i % meta.width];
    pixels[(top + row) * bitmap.width + left + column] = pack(
      bytes[3 * i]!,
      bytes[3 * i + 1]!,
      bytes[3 * i + 2]!,
    );
  }
  return { ...bitmap, pixels };
}

/** The outline of the window while it is held. */
export function heldBox(store: Store, height: number, width: number): Box | null {
  const hand = store.local.look.hand.value;
  return hand && windowOf(hand, height, width);
}
