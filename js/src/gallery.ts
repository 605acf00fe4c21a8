/** What excites each unit of a layer: tiles that arrive a few at a time, collected on one sheet a layer. */
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { decode } from "./draw/decode";
import type { FrameMeta, TileFacts } from "./protocol";
import type { Slot } from "./slot";

/** Layers whose sheets are kept; the kernel still has the tiles of the others. */
const MOST_SHEETS = 8;

export interface GallerySheet {
  layer: string;
  channels: number;
  height: number;
  width: number;
  /** Packed RGBA of all tiles, one after the other; those that are not drawn yet are transparent. */
  pixels: Uint32Array;
  /** By channel: what is known of the tiles that arrived, also of those that have no picture. */
  tiles: ReadonlyMap<number, TileFacts>;
}

export class Gallery {
  /** The sheet of what is asked for now, a new object after each change; null before the first tile. */
  readonly sheet: ReadonlySignal<GallerySheet | null>;
  readonly #sheets = signal(new Map<string, GallerySheet>());
  readonly #ends: (() => void)[];

  /** `wanted` names the sheet to show, as the `about` of what fills it does. */
  constructor(slot: Slot<"gallery">, wanted: () => string) {
    this.sheet = computed(() => this.#sheets.value.get(wanted()) ?? null);
    const follow = (news: () => Slot<"gallery">["shown" | "frame"]["value"]) =>
      effect(() => {
        const come = news();
        if (come) void this.#take(JSON.stringify(come.want.about), come.meta, come.bytes);
      });
    this.#ends = [follow(() => slot.frame.value), follow(() => slot.shown.value)];
  }

  /** The weights changed: what was drawn is of the past. */
  clear(): void {
    this.#sheets.value = new Map();
  }

  dispose(): void {
    for (const end of this.#ends) end();
  }

  async #take(about: string, meta: FrameMeta<"gallery">, files: Uint8Array[]): Promise<void> {
    const bitmaps = await Promise.all(
      files.map((file) => (file.length > 0 ? decode(file, "image/webp") : null)),
    );
    const before = this.#sheets.peek().get(about) ?? emptySheet(meta);
    const tiles = new Map(before.tiles);
    meta.tiles.forEach((tile, i) => {
      tiles.set(tile.channel, tile);
      const pixels = bitmaps[i]?.pixels;
      if (pixels) before.pixels.set(pixels, tile.channel * meta.height * meta.width);
    });
    this.#keep(about, { ...before, tiles });
  }

  #keep(about: string, sheet: GallerySheet): void {
    const sheets = new Map(this.#sheets.peek());
    sheets.delete(about);
    sheets.set(about, sheet);
    for (const oldest of sheets.keys()) {
      if (sheets.size <= MOST_SHEETS) break;
      sheets.delete(oldest);
    }
    this.#sheets.value = sheets;
  }
}

const emptySheet = ({ layer, channels, height, width }: FrameMeta<"gallery">): GallerySheet => ({
  layer,
  channels,
  height,
  width,
  pixels: new Uint32Array(channels * height * width),
  tiles: new Map(),
});
