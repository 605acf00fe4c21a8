/** The raw bytes that travel beside a result, as typed arrays whose lengths are proven to fit the message. */
import { ProtocolError } from "./check";
import type { FrameMeta, Meta, Op, ResultMessage } from "./protocol";

export interface MapsBytes {
  /** channels·height·width, each map stretched over its own lo … hi. */
  pixels: Uint8Array;
  lo: Float32Array;
  hi: Float32Array;
  /** True maximum of each channel, and its flat index on the layer's full map. */
  max: Float32Array;
  argmax: Int32Array;
}

export interface FilterBytes {
  pixels: Uint8Array;
  /** Largest weight of each filter: what byte 255 stands for. */
  tops: Float32Array;
  /** Input channels of each filter's planes. */
  inputs: Int32Array;
}

/** Least and largest value of every channel, layer after layer. */
export interface ExtremesBytes {
  least: Float32Array;
  largest: Float32Array;
}

export interface GroupBytes {
  /** pictures·count·height·width, each group stretched over 0 … its top. */
  pixels: Uint8Array;
  /** count·channels. */
  weights: Float32Array;
}

interface Bytes {
  picture: Uint8Array;
  /** RGB, one a picture. */
  thumbnails: Uint8Array[];
  maps: MapsBytes;
  /** One map a target. */
  overlay: Uint8Array[];
  projection: Uint8Array;
  /** The newest picture, and JPEG files of those before it on the finished film. */
  synthesis: { picture: Uint8Array; files: Uint8Array[] };
  /** One file a tile, empty where there is no picture. */
  gallery: Uint8Array[];
  occlude: Uint8Array;
  /** RGB, one picture after the other. */
  interaction: Uint8Array;
  /** Of each neighbour, those of the incoming side first. */
  neighbours: { maps: Uint8Array[]; kernels: Uint8Array[] };
  /** A file each. */
  patches: { patches: Uint8Array[]; projections: Uint8Array[] };
  /** One file a tile, empty where there is no patch. */
  strongest: Uint8Array[];
  examples: Uint8Array[];
  adopt: Uint8Array;
  upload: Uint8Array;
  filters: FilterBytes;
  extremes: ExtremesBytes;
  contributions: { values: Float32Array };
  groups: GroupBytes;
  original: Uint8Array;
  /** The newest picture, and JPEG files of those on the way to the finished one. */
  dream: { picture: Uint8Array; files: Uint8Array[] };
  /** RGB, one a layer, empty where there is no picture. */
  inversion: Uint8Array[];
}

export interface Result<O extends Op = Op> {
  op: O;
  key: string;
  meta: Meta<O>;
  bytes: Bytes[O];
}

/** A view that respects the DataView's own window into a larger buffer. */
function pixels(view: DataView | undefined, length: number, what: string): Uint8Array {
  if (view?.byteLength !== length) {
    throw new ProtocolError(`${what}: expected ${length} bytes, got ${view?.byteLength ?? "none"}`);
  }
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}

/** Four-byte numbers are copied: their place in the message need not be aligned. */
function words(view: DataView | undefined, length: number, what: string): ArrayBuffer {
  return pixels(view, 4 * length, what).slice().buffer as ArrayBuffer;
}

/** Files of known lengths that lie one after the other. */
function files(view: DataView | undefined, lengths: readonly number[], what: string): Uint8Array[] {
  let end = 0;
  const all = pixels(
    view,
    lengths.reduce((sum, length) => sum + length, 0),
    what,
  );
  return lengths.map((length) => {
    end += length;
    return all.subarray(end - length, end);
  });
}

const lengths = (tiles: readonly { length: number }[]): number[] => tiles.map(({ length }) => length);

const floats = (view: DataView | undefined, length: number, what: string): Float32Array =>
  new Float32Array(words(view, length, what));

const whole = (view: DataView | undefined, length: number, what: string): Int32Array =>
  new Int32Array(words(view, length, what));

/** Reads whole results and those of a step on the way: a step's description is part of the whole one's. */
type Reader<O extends Op> = (meta: FrameMeta<O>, buffers: readonly DataView[]) => Bytes[O];

const READERS: { [O in Op]: Reader<O> } = {
  picture: (m, [rgb]) => pixels(rgb, m.height * m.width * 3, "picture"),
  thumbnails: (m, buffers) =>
    m.sizes.map(([height, width], i) => pixels(buffers[i], height * width * 3, `thumbnail ${i}`)),
  maps: (m, [bytes, lo, hi, max, argmax]) => ({
    pixels: pixels(bytes, m.channels * m.height * m.width, "maps"),
    lo: floats(lo, m.channels, "maps.lo"),
    hi: floats(hi, m.channels, "maps.hi"),
    max: floats(max, m.channels, "maps.max"),
    argmax: whole(argmax, m.channels, "maps.argmax"),
  }),
  overlay: (m, buffers) =>
    m.maps.map((_, i) => pixels(buffers[i], m.height * m.width, `overlay of target ${i}`)),
  projection: (m, [bytes]) => pixels(bytes, m.height * m.width * m.channels, "projection"),
  synthesis: (m, [rgb, film]) => ({
    picture: pixels(rgb, m.height * m.width * 3, "synthesis"),
    files: "lengths" in m ? files(film, m.lengths as number[], "film") : [],
  }),
  interaction: (m, [rgb]) => pixels(rgb, m.weights.length * m.height * m.width * 3, "interaction"),
  neighbours: (m, [maps, kernels]) => {
    const all = [...m.incoming.neighbours, ...m.outgoing.neighbours];
    const areas = (extents: readonly (readonly [number, number])[]) => extents.map(([h, w]) => h * w);
    return {
      maps: files(maps, areas(all.map(({ height, width }) => [height, width])), "maps"),
      kernels: files(kernels, areas(all.map(({ kernel }) => kernel)), "kernels"),
    };
  },
  gallery: (m, [bytes]) => files(bytes, lengths(m.tiles), "gallery"),
  strongest: (m, [bytes]) => files(bytes, lengths(m.tiles), "strongest patches"),
  occlude: (m, [rgb]) => pixels(rgb, m.height * m.width * 3, "covered part"),
  patches: (m, [bytes]) => {
    const all = [...m.patches, ...m.projections].map(({ length }) => length);
    const found = files(bytes, all, "patches");
    return { patches: found.slice(0, m.patches.length), projections: found.slice(m.patches.length) };
  },
  examples: (m, [bytes]) => files(bytes, lengths(m.patches), "examples"),
  adopt: () => new Uint8Array(0),
  upload: () => new Uint8Array(0),
  filters: (m, [bytes, tops, inputs]) => ({
    pixels: pixels(bytes, m.count * m.planes * m.height * m.width * m.channels, "filters"),
    tops: floats(tops, m.count, "filters.tops"),
    inputs: whole(inputs, m.count * m.planes, "filters.inputs"),
  }),
  extremes: ({ layers }, [least, largest]) => {
    const channels = layers.reduce((sum, layer) => sum + layer.channels, 0);
    return {
      least: floats(least, channels, "extremes.least"),
      largest: floats(largest, channels, "extremes.largest"),
    };
  },
  contributions: (m, [values]) => ({ values: floats(values, m.channels, "contributions") }),
  groups: (m, [bytes, weights]) => ({
    pixels: pixels(bytes, m.pictures * m.count * m.height * m.width, "groups"),
    weights: floats(weights, m.count * m.channels, "groups.weights"),
  }),
  original: (m, [rgb]) => pixels(rgb, m.height * m.width * 3, "original"),
  dream: (m, [rgb, film]) => ({
    picture: pixels(rgb, m.height * m.width * 3, "dream"),
    files: "lengths" in m ? files(film, m.lengths as number[], "film") : [],
  }),
  inversion: (m, buffers) =>
    m.layers.map(({ error, layer }, i) =>
      pixels(buffers[i], error === null ? 0 : m.height * m.width * 3, `inversion of ${layer}`),
    ),
};

export function readResult(message: ResultMessage, buffers: readonly DataView[]): Result {
  const read = READERS[message.op] as Reader<Op>;
  return { op: message.op, key: message.key, meta: message.meta, bytes: read(message.meta, buffers) };
}

/** The bytes of a result so far. */
export const readFrame = <O extends Op>(
  op: O,
  meta: FrameMeta<O>,
  buffers: readonly DataView[],
): Result<O>["bytes"] => (READERS[op] as Reader<O>)(meta, buffers);

/** Bytes held by a result, for the cache's bound. */
export const weight = ({ bytes }: Result): number => weigh(bytes);

const weigh = (bytes: object): number =>
  ArrayBuffer.isView(bytes)
    ? bytes.byteLength
    : Object.values(bytes).reduce((sum: number, part: object) => sum + weigh(part), 0);
