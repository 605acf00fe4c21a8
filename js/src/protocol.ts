/**
 * The wire between page and kernel, mirrored by nbviz/protocol.py.
 *
 * Both sides validate the golden messages of tests/contract. Pictures and maps travel beside the
 * message as raw bytes; `payload.ts` reads those.
 */
import {
  anything,
  byName,
  type Check,
  type Checked,
  count,
  flag,
  list,
  name,
  nullable,
  number,
  oneOf,
  optional,
  ProtocolError,
  plain,
  positive,
  record,
  size,
  text,
  tuple,
} from "./check";

export const SLOTS = [
  "picture",
  "thumbnails",
  "maps",
  "overlay",
  "projection",
  "excites",
  "gallery",
  "strongest",
  "interaction",
  "neighbours",
  "patches",
  "examples",
  "filters",
  "survey",
  "census",
  "contributions",
  "groups",
  "original",
  "dream",
  "inversion",
  "occlude",
  // The other side, where something is compared.
  "picture_b",
  "maps_b",
  "overlay_b",
  "projection_b",
  "excites_b",
  "gallery_b",
  "filters_b",
] as const;
/** The panels that show answers. */
export type SlotName = (typeof SLOTS)[number];
/** Whoever asks; a newer question of the same asker supersedes its older one. */
const ASKERS = [...SLOTS, "upload", "adopt"] as const;
export type Asker = (typeof ASKERS)[number];

// ---- kernel → page: what an operation answers -------------------------------------------------

const prediction = record({ index: count, label: text, probability: number, logit: number });
export type Prediction = Checked<typeof prediction>;

const picture = record({
  height: size,
  width: size,
  name: text,
  /** What was done to it that its pixels do not show. */
  note: text,
  predictions: list(prediction),
});

const thumbnails = record({ sizes: list(tuple(size, "height", "width")) });

/** First pixel and the one after the last. */
const edges = list(tuple(count, "from", "to"));
/** What each row and column of a map sees of the picture, and the unclipped height and width of it. */
const field = record({ size: tuple(count, "height", "width"), rows: edges, columns: edges });
export type ReceptiveField = Checked<typeof field>;

const maps = record({
  layer: name,
  channels: size,
  height: size,
  width: size,
  /** Height and width of the layer's map before it was made smaller for the page. */
  full: tuple(size, "height", "width"),
  lo: number,
  hi: number,
  field: nullable(field),
});

/** What a method says of its own result, by name: `completeness`, `samples`. */
const numbers = byName(number);

const overlayMap = record({
  target: prediction,
  /** The class that it is compared with, where the map is of a difference. */
  minus: nullable(prediction),
  lo: number,
  hi: number,
  empty: flag,
  note: text,
  numbers,
});
export type OverlayMap = Checked<typeof overlayMap>;

const overlay = record({
  method: name,
  label: text,
  layer: nullable(name),
  height: size,
  width: size,
  signed: flag,
  maps: list(overlayMap),
});

const projection = record({
  method: name,
  label: text,
  unit: name,
  value: number,
  position: nullable(tuple(count, "y", "x")),
  height: size,
  width: size,
  channels: oneOf(1, 3),
  scale: number,
  box: nullable(tuple(number, "y0", "x0", "y1", "x1")),
  note: text,
  numbers,
});

/** Pictures kept on the way and what the target says of each: a unit's strongest activation, else the value. */
const film = list(record({ step: count, reading: number }));
export type Film = Checked<typeof film>;

/** The largest value on natural pictures, and on which: `of 3 pictures seen`. */
const natural = record({ largest: number, source: text });
export type Natural = Checked<typeof natural>;

const frame = { height: size, width: size, value: number, film, natural: nullable(natural) };
const synthesisFrame = record(frame);
export type SynthesisFrame = Checked<typeof synthesisFrame>;

const synthesis = record({
  ...frame,
  /** How long the file of each picture of the film is; the last travels as it is. */
  lengths: list(count),
  objective: text,
  steps: size,
  seed: count,
  code: text,
});

/** One unit's picture: as long as its file; none, and why, where the unit stays silent. */
const tile = record({ channel: count, length: count, activation: nullable(number), note: text });
export type TileFacts = Checked<typeof tile>;

const gallery = record({ layer: name, channels: size, height: size, width: size, tiles: list(tile) });

const filters = record({
  layer: name,
  count: size,
  height: size,
  width: size,
  channels: oneOf(1, 3),
  planes: size,
  /** All input channels; the planes are those with the largest weights. */
  inputs: size,
  scale: number,
  note: text,
});

/** Pixels: first row and column, and those after the last. */
const box = tuple(count, "y0", "x0", "y1", "x1");

const occluded = record({
  index: count,
  label: text,
  probability: number,
  logit: number,
  before: record({ probability: number, logit: number }),
});
export type Occluded = Checked<typeof occluded>;

const occlude = record({ box, height: size, width: size, fill: name, classes: list(occluded) });

/** A part has arrived; with the last one, the number of the picture that the file holds. */
const upload = record({ received: size, image: nullable(count), note: text });

/** Over some pictures, or those of the atlas that is named. */
const extremes = record({
  pictures: size,
  atlas: nullable(text),
  layers: list(record({ name, channels: size })),
});

const contributions = record({
  layer: name,
  channels: size,
  target: count,
  label: text,
  sum: number,
  logit: number,
});

const groups = record({
  layer: name,
  count: size,
  channels: size,
  pictures: size,
  height: size,
  width: size,
  /** Largest value of each group over the pictures. */
  tops: list(number),
  explained: number,
  positive: number,
  seed: count,
});

const original = record({ height: size, width: size, name: text });

const dreamFrame = record({ height: size, width: size, value: number });

const dream = record({
  height: size,
  width: size,
  /** What the aim says of the dream, and of the picture before it. */
  value: number,
  before: number,
  objective: text,
  steps: size,
  seed: count,
  /** Steps of the pictures on the way, and how long the file of each is. */
  film: list(count),
  lengths: list(count),
  code: text,
});

/** What one layer remembers; without an error there is no picture, and the note says why. */
const memory = record({
  layer: name,
  error: nullable(number),
  /** The loss of the best picture so far, at every step. */
  trace: list(number),
  code: text,
  note: text,
});
export type Memory = Checked<typeof memory>;

const inversion = record({ height: size, width: size, steps: size, seed: count, layers: list(memory) });

const interaction = record({
  units: tuple(name, "a", "b"),
  natural: tuple(nullable(natural), "a", "b"),
  /** Share of the second unit in each picture's objective. */
  weights: list(number),
  /** Strongest activation of either unit on each picture; none before the end. */
  readings: list(tuple(number, "a", "b")),
  height: size,
  width: size,
  steps: size,
  seed: count,
  code: text,
});

const neighbour = record({
  unit: name,
  influence: number,
  height: size,
  width: size,
  lo: number,
  hi: number,
  /** Rows and columns of the weights; none where it is not they that decide. */
  kernel: tuple(count, "height", "width"),
});
export type Neighbour = Checked<typeof neighbour>;

/** `basis` says what the influence is; `scale` is the weight that stands at the end of the kernels' colours. */
const side = record({ basis: name, note: text, scale: number, neighbours: list(neighbour) });
export type Side = Checked<typeof side>;

const neighbours = record({ unit: name, incoming: side, outgoing: side });

/** A part of a picture of the data set: as long as its file, which is empty where there is none, and why. */
const patch = record({
  score: number,
  /** Its number in the data set. */
  picture: count,
  name: text,
  label: nullable(text),
  box: tuple(number, "y0", "x0", "y1", "x1"),
  length: count,
  note: text,
});
export type Patch = Checked<typeof patch>;

const patches = record({
  unit: name,
  /** Pictures that were looked at, of how many. */
  seen: count,
  total: count,
  complete: flag,
  /** What the boxes are: exact receptive fields, or more. */
  field: name,
  /** Share of the pictures in which the unit fires, its mean and its largest activation. */
  fired: nullable(number),
  mean: nullable(number),
  largest: nullable(number),
  classes: list(record({ label: text, count })),
  purity: nullable(number),
  /** Of the histogram of the maxima; none while nothing was looked at. */
  edges: list(number),
  counts: list(count),
  method: text,
  patches: list(patch),
  /** As far as they are computed. */
  projections: list(record({ length: count, scale: number, note: text })),
});

/** The strongest patch of some channels: of one factor to what is seen of a picture, smaller where a border cuts it. */
const strongest = record({
  layer: name,
  channels: size,
  height: size,
  width: size,
  seen: count,
  total: count,
  complete: flag,
  tiles: list(
    record({
      channel: count,
      length: count,
      score: nullable(number),
      name: text,
      label: nullable(text),
      note: text,
    }),
  ),
});

const examples = record({
  unit: name,
  bin: count,
  lo: number,
  hi: number,
  count,
  patches: list(patch),
});

const adopt = record({ image: count, note: text });

const METAS = {
  picture,
  thumbnails,
  maps,
  overlay,
  projection,
  synthesis,
  gallery,
  interaction,
  neighbours,
  patches,
  strongest,
  examples,
  adopt,
  filters,
  occlude,
  upload,
  extremes,
  contributions,
  groups,
  original,
  dream,
  inversion,
};
export type Op = keyof typeof METAS;
export type Meta<O extends Op> = Checked<(typeof METAS)[O]>;
const op = oneOf(...(Object.keys(METAS) as Op[]));

// ---- kernel → page: messages -------------------------------------------------------------------

const failure = record({
  type: oneOf("failure"),
  rid: name,
  op: text,
  kind: name,
  message: text,
  traceback: text,
});
export type Failure = Pick<Checked<typeof failure>, "kind" | "message" | "traceback">;

const progress = record({
  type: oneOf("progress"),
  rid: name,
  seq: count,
  step: count,
  steps: count,
  message: text,
  meta: anything,
});
export type Progress = Checked<typeof progress>;

const result = record({ type: oneOf("result"), rid: name, op, key: name, meta: anything });

/** Discriminated by `op`, so that a reader who asks for the op has the fitting meta. */
export type ResultMessage = {
  [O in Op]: { type: "result"; rid: string; op: O; key: string; meta: Meta<O> };
}[Op];

function anyResult(value: unknown, at: string): ResultMessage {
  const message = result(value, at);
  return { ...message, meta: METAS[message.op](message.meta, `${at}.meta`) } as ResultMessage;
}

const INCOMING = {
  welcome: record({ type: oneOf("welcome"), revision: count }),
  ack: record({ type: oneOf("ack"), rid: name, state: oneOf("queued") }),
  progress,
  result: anyResult,
  failure,
  cancelled: record({ type: oneOf("cancelled"), rid: name }),
  stale: record({ type: oneOf("stale"), revision: count }),
};
export type Incoming = Checked<(typeof INCOMING)[keyof typeof INCOMING]>;

function dispatch<T extends Record<string, Check<unknown>>>(table: T, value: unknown): Checked<T[keyof T]> {
  const { type } = anything(value, "message");
  const check = typeof type === "string" && Object.hasOwn(table, type) ? table[type] : undefined;
  if (!check) throw new ProtocolError(`message: unknown type ${JSON.stringify(type)}`);
  return check(value, type as string) as Checked<T[keyof T]>;
}

/** Validate a message of the kernel; `ProtocolError` names the field that does not fit. */
export const parseIncoming = (value: unknown): Incoming => dispatch(INCOMING, value);

const FRAMES = { ...METAS, synthesis: synthesisFrame, dream: dreamFrame };
/** What describes the result so far: a search knows less of itself before its end, everything else the same. */
export type FrameMeta<O extends Op> = Checked<(typeof FRAMES)[O]>;

/** The description of the result so far in a progress message, or null where it carries none. */
export function parseFrame<O extends Op>(of: O, meta: Progress["meta"]): FrameMeta<O> | null {
  return Object.keys(meta).length > 0 ? (FRAMES[of](meta, "progress.meta") as FrameMeta<O>) : null;
}

// ---- page → kernel -----------------------------------------------------------------------------

export type Plain = Checked<typeof plain>;
/** Parameters of a method that differ from what it takes by default. */
export type Params = Record<string, Plain>;

/** A unit, a class, or units with their weights together. */
export type SynthesisTarget =
  | { unit: string }
  | { logit: number }
  | { probability: number }
  | { terms: [weight: number, unit: string][] };

const MOST_TERMS = 8;

const terms: Check<unknown> = (value, at) => {
  const pairs = list(anyPair)(value, at);
  if (pairs.length === 0 || pairs.length > MOST_TERMS)
    throw new ProtocolError(`${at}: expected 1 to ${MOST_TERMS} units`);
  return pairs;
};

function anyPair(value: unknown, at: string): [number, string] {
  if (!Array.isArray(value) || value.length !== 2) throw new ProtocolError(`${at}: expected a pair`);
  return [number(value[0], `${at}[0]`), name(value[1], `${at}[1]`)];
}

const AIMS: Record<string, Check<unknown>> = { unit: name, logit: count, probability: count, terms };

function synthesisTarget(value: unknown, at: string): SynthesisTarget {
  const target = anything(value, at);
  const keys = Object.keys(target);
  const check = keys.length === 1 && Object.hasOwn(AIMS, keys[0]!) ? AIMS[keys[0]!] : undefined;
  if (!check) throw new ProtocolError(`${at}: expected exactly one of ${Object.keys(AIMS).join(", ")}`);
  check(target[keys[0]!], `${at}.${keys[0]}`);
  return target as SynthesisTarget;
}

/** What is dreamt of. */
export type DreamTarget = { layer: string } | { unit: string } | { logit: number };

const DREAMT: Record<string, Check<unknown>> = { layer: name, unit: name, logit: count };

function dreamTarget(value: unknown, at: string): DreamTarget {
  const target = anything(value, at);
  const keys = Object.keys(target);
  const check = keys.length === 1 && Object.hasOwn(DREAMT, keys[0]!) ? DREAMT[keys[0]!] : undefined;
  if (!check) throw new ProtocolError(`${at}: expected exactly one of ${Object.keys(DREAMT).join(", ")}`);
  check(target[keys[0]!], `${at}.${keys[0]}`);
  return target as DreamTarget;
}

const MOST_LAYERS = 16;

function layers(value: unknown, at: string): string[] {
  const names = list(name)(value, at);
  if (names.length === 0 || names.length > MOST_LAYERS)
    throw new ProtocolError(`${at}: expected 1 to ${MOST_LAYERS} layers`);
  return names;
}

/** A class, the predicted one, or one minus another. */
export type ClassTarget = number | null | [plus: number, minus: number];

function classTarget(value: unknown, at: string): ClassTarget {
  return Array.isArray(value) ? [...tuple(count, "plus", "minus")(value, at)] : nullable(count)(value, at);
}

function targets(value: unknown, at: string): ClassTarget[] {
  const classes = list(classTarget)(value, at);
  if (classes.length === 0) throw new ProtocolError(`${at}: expected at least one class`);
  return classes;
}

function images(value: unknown, at: string): number[] {
  const numbers = list(count)(value, at);
  if (numbers.length === 0) throw new ProtocolError(`${at}: expected at least one picture`);
  return numbers;
}

const ARGUMENTS = {
  picture: record({ image: count }),
  thumbnails: record({}),
  maps: record({ image: count, layer: name }),
  overlay: record({ image: count, method: name, targets, layer: nullable(name), params: byName(plain) }),
  projection: record({ image: count, unit: name, method: name, params: byName(plain) }),
  /** Without a size or a parametrisation the kernel chooses what suits the network. */
  synthesis: record({
    target: synthesisTarget,
    steps: size,
    size: nullable(size),
    seed: count,
    param: nullable(name),
  }),
  /** Without a size the kernel chooses a small one. */
  gallery: record({ layer: name, steps: size, size: nullable(size), seed: count }),
  interaction: record({
    a: name,
    b: name,
    count: size,
    steps: size,
    size: nullable(size),
    seed: count,
  }),
  neighbours: record({ image: count, unit: name }),
  patches: record({ unit: name, method: name }),
  strongest: record({ layer: name, first: count, count: size }),
  examples: record({ unit: name, bin: count }),
  /** A picture of the data set by its number there. */
  adopt: record({ picture: count }),
  /** Without a layer the kernel takes the first convolution. */
  filters: record({ layer: nullable(name) }),
  occlude: record({ image: count, box, fill: name, target: nullable(count) }),
  /** The bytes of the part travel beside the message. */
  upload: record({ file: name, name: text, part: count, parts: size }),
  /** Without pictures, over those of the atlas. */
  extremes: record({ images: nullable(images) }),
  contributions: record({ image: count, layer: name, target: nullable(count) }),
  groups: record({ images, layer: name, count: size, seed: count }),
  original: record({ image: count, size: nullable(size) }),
  /** `guide` is the number of another picture, `size` the longer side at most. */
  dream: record({
    image: count,
    target: dreamTarget,
    guide: nullable(count),
    octaves: size,
    steps: size,
    strength: positive,
    size: nullable(size),
    seed: count,
  }),
  /** Without layers the kernel takes a few that are spread over the network. */
  inversion: record({ image: count, layers: nullable(layers), steps: size, seed: count }),
};
export type Arguments<O extends Op> = Checked<(typeof ARGUMENTS)[O]>;

/** The first network is asked where none is named, 1 is the one beside it. */
const request = record({
  type: oneOf("request"),
  rid: name,
  slot: oneOf(...ASKERS),
  op,
  network: optional(count),
});
export type Request = {
  [O in Op]: {
    type: "request";
    rid: string;
    slot: Asker;
    op: O;
    network?: number | undefined;
  } & Arguments<O>;
}[Op];

function anyRequest(value: unknown, at: string): Request {
  const head = request(value, at);
  return { ...head, ...ARGUMENTS[head.op](value, at) } as Request;
}

const OUTGOING = {
  hello: record({ type: oneOf("hello"), view_id: name }),
  request: anyRequest,
  cancel: record({ type: oneOf("cancel"), rid: name }),
  frame_ack: record({ type: oneOf("frame_ack"), rid: name, seq: count }),
};
export type Outgoing = Checked<(typeof OUTGOING)[keyof typeof OUTGOING]>;

/** Validate a message of the page: for tests and for hosts that stand in for the kernel. */
export const parseOutgoing = (value: unknown): Outgoing => dispatch(OUTGOING, value);
