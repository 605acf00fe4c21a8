/** Tiles of a layer's units that arrive a few at a time, collected on one sheet a layer. */
import { computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { decode } from "./draw/decode";
import type { Bitmap } from "./draw/picture";
import type { FrameMeta } from "./protocol";
import type { Slot, Want } from "./slot";
import type { Store } from "./store";
import { gallery } from "./wants";

/** Of all sheets that are kept together, beside the one that is filled; the kernel still has the tiles of the others. */
const MOST_PIXELS = 1 << 24;

/** The operations whose answers are tiles. */
type Tiled = "gallery" | "strongest";

export interface TileSheet<O extends Tiled> {
  layer: string;
  channels: number;
  height: number;
  width: number;
  /** Packed RGBA of all tiles, one after the other; those that are not there yet are transparent. */
  pixels: Uint32Array;
  /** By channel: what is known of the tiles that arrived, also of those that have no picture. */
  tiles: ReadonlyMap<number, FrameMeta<O>["tiles"][number]>;
  /** What came with the newest of them. */
  meta: FrameMeta<O>;
}

export class Sheets<O extends Tiled> {
  /** The sheet of what is asked for now, a new object after each change; null before the first tile. */
  readonly sheet: ReadonlySignal<TileSheet<O> | null>;
  readonly #sheets = signal(new Map<string, TileSheet<O>>());
  readonly #ends: (() => void)[];

  /** `wanted` names the sheet to show, `nameOf` the one that an answer belongs to. */
  constructor(
    slot: Slot<O>,
    wanted: () => string,
    private readonly nameOf: (want: Want<O>) => string,
  ) {
    this.sheet = computed(() => this.#sheets.value.get(wanted()) ?? null);
    const follow = (news: () => Slot<O>["shown" | "frame"]["value"]) =>
      effect(() => {
        const come = news();
        if (come) void this.#take(come.want, come.meta as FrameMeta<O>, come.bytes as Uint8Array[]);
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

  async #take(want: Want<O>, meta: FrameMeta<O>, files: Uint8Array[]): Promise<void> {
    const bitmaps = await Promise.all(
      files.map((file) => (file.length > 0 ? decode(file, "image/webp") : null)),
    );
    const name = this.nameOf(want);
    const before = this.#sheets.peek().get(name) ?? emptySheet(meta);
    const tiles = new Map(before.tiles);
    meta.tiles.forEach((tile, i) => {
      tiles.set(tile.channel, tile);
      fill(before, tile.channel, bitmaps[i] ?? null);
    });
    this.#keep(name, { ...before, tiles, meta });
  }

  #keep(name: string, sheet: TileSheet<O>): void {
    const sheets = new Map(this.#sheets.peek());
    sheets.delete(name);
    sheets.set(name, sheet);
    const pixels = () => [...sheets.values()].reduce((sum, one) => sum + one.pixels.length, 0);
    for (const oldest of sheets.keys()) {
      if (sheets.size === 1 || pixels() <= MOST_PIXELS) break;
      sheets.delete(oldest);
    }
    this.#sheets.value = sheets;
  }
}

/** What excites each unit of the layer that a store looks at. */
export function galleryOf(slot: Slot<"gallery">, store: () => Store): Sheets<"gallery"> {
  const nameOf = (want: Want<"gallery"> | null) => JSON.stringify(want?.about);
  return new Sheets(slot, () => nameOf(gallery(store())), nameOf);
}

/** Puts a picture into the middle of a channel's tile, in place of what was there. */
function fill<O extends Tiled>(sheet: TileSheet<O>, channel: number, picture: Bitmap | null): void {
  const { height, width } = sheet;
  const tile = sheet.pixels.subarray(channel * height * width, (channel + 1) * height * width);
  tile.fill(0);
  if (!picture) return;
  const rows = Math.min(height, picture.height);
  const columns = Math.min(width, picture.width);
  const start = ((height - rows) >> 1) * width + ((width - columns) >> 1);
  for (let y = 0; y < rows; y++) {
    const row = picture.pixels.subarray(y * picture.width, y * picture.width + columns);
    tile.set(row, start + y * width);
  }
}

const emptySheet = <O extends Tiled>(meta: FrameMeta<O>): TileSheet<O> => ({
  layer: meta.layer,
  channels: meta.channels,
  height: meta.height,
  width: meta.width,
  pixels: new Uint32Array(meta.channels * meta.height * meta.width),
  tiles: new Map(),
  meta,
});
