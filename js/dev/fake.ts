/** A model that stands in for the kernel and answers with synthetic data: for looking at the page, and for tests. */
import { parseUnit } from "../src/address";
import { type Outgoing, parseOutgoing, type Request } from "../src/protocol";
import type { LayerInfo, MapNode, NetworkInfo, ParameterInfo, Traits } from "../src/traits";

type Handler = (...args: never[]) => void;
export interface Answer {
  content: Record<string, unknown>;
  buffers?: ArrayBufferView[];
}

const LABELS = [
  "red disc",
  "striped ring",
  "dotted square",
  "blue star",
  "green cross",
  "checked triangle",
  "woven hexagon",
  "yellow crescent",
  "grey arrow",
  "<img src=x onerror=alert(1)> & co",
  "violet heart",
  "brown bar",
];

const layer = (name: string, kind: string, channels: number, side: number): LayerInfo => ({
  name,
  kind,
  channels,
  height: side,
  width: side,
  field: [4 * (name.length + 3), 4 * (name.length + 3)],
});

const leaf = (name: string): MapNode => ({ name, label: name.split(".").at(-1)!, layer: name });

const parts = (block: string, i: number): MapNode => ({
  ...leaf(`${block}.${i}`),
  children: ["conv1", "bn1", "relu", "conv2"].map((part) => leaf(`${block}.${i}.${part}`)),
});

/** Each stage is a container of its own blocks; the last stage tells its two alike once. */
const stage = (block: string): MapNode => {
  const blocks = [0, 1].map((i) => parts(block, i));
  const run = {
    name: `${block}.0…${block}.1`,
    label: "0–1",
    layer: `${block}.1`,
    kind: "Bottleneck",
    repeats: 2,
  };
  const children = block === "layer4" ? [{ ...run, children: blocks }] : blocks;
  return { name: block, label: block, layer: `${block}.1`, kind: "Sequential", children };
};

const BLOCKS: [string, number, number][] = [
  ["layer1", 64, 56],
  ["layer2", 128, 28],
  ["layer3", 256, 14],
  ["layer4", 2048, 7],
];

function network(): NetworkInfo {
  const layers = [layer("conv1", "Conv2d", 64, 112), layer("maxpool", "MaxPool2d", 64, 56)];
  for (const [block, channels, side] of BLOCKS) {
    for (const i of [0, 1]) {
      for (const [name, kind] of [
        ["conv1", "Conv2d"],
        ["bn1", "BatchNorm2d"],
        ["relu", "ReLU"],
        ["conv2", "Conv2d"],
      ]) {
        layers.push(layer(`${block}.${i}.${name}`, kind as string, channels, side));
      }
      layers.push(layer(`${block}.${i}`, "Bottleneck", channels, side));
    }
  }
  layers.push(layer("avgpool", "AdaptiveAvgPool2d", 2048, 1), layer("fc", "Linear", LABELS.length, 1));
  const tree = [
    leaf("conv1"),
    leaf("maxpool"),
    ...BLOCKS.map(([block]) => stage(block)),
    leaf("avgpool"),
    leaf("fc"),
  ];
  return {
    name: "resnet-like",
    device: "cpu",
    revision: 0,
    classes: LABELS.length,
    labels: LABELS,
    input: [3, 224, 224],
    layers,
    tree,
    default_layer: "layer3.1.conv2",
    cam_layer: "layer4.1",
    parametrisations: ["fourier", "pixel"],
  };
}

const PARAMETERS: Record<string, ParameterInfo[]> = {
  occlusion: [
    parameter("window", "integer", null, { label: "window, pixels", lower: 1, upper: 4096 }),
    parameter("noise", "number", 0.15, { lower: 0, upper: 1 }),
    parameter("baseline", "choice", "grey", { choices: ["black", "grey", "blurred"] }),
  ],
  grad_cam: [parameter("signed", "flag", false, { label: "evidence against, too" })],
};

function parameter(
  name: string,
  kind: ParameterInfo["kind"],
  initial: ParameterInfo["default"],
  rest: Partial<ParameterInfo>,
): ParameterInfo {
  return { name, label: name, kind, default: initial, lower: null, upper: null, choices: [], ...rest };
}

const method = (name: string, label: string, asks: "unit" | "class" | "picture") => ({
  name,
  label,
  asks,
  signed: true,
  colour: true,
  note: "",
  cheap: name === "grad_cam",
  layer: name === "grad_cam",
  params: PARAMETERS[name] ?? [],
});

const DREAMER = [method("dream", "deep dream", "picture"), method("inversion", "inversion", "picture")];

export function exampleTraits(view: Traits["_view"] = "explorer"): Traits {
  return {
    _view: view,
    _network: network(),
    _methods:
      view === "dreamer"
        ? DREAMER
        : [
            method("deconvnet", "deconvnet", "unit"),
            method("guided_backprop", "guided", "unit"),
            method("neuron_gradient", "gradient", "unit"),
            method("grad_cam", "Grad-CAM", "class"),
            method("saliency", "saliency", "class"),
            method("occlusion", "Occlusion", "class"),
          ],
    _atlas: null,
    _images: [
      { name: "two_objects.png", key: "a" },
      { name: "meadow.jpg", key: "b" },
      { name: "harbour.jpg", key: "c" },
    ],
    _beside: null,
    _options: {},
    layer: view === "filter_grid" ? "conv1" : "layer3.1.conv2",
    unit: "layer3.1.conv2:17",
    image_index: 0,
    method: view === "dreamer" ? "dream" : "deconvnet",
    target: null,
    pins: [],
    bookmarks: {},
    _page: {},
    status: "idle",
    last_error: "",
    _holds: null,
  };
}

const bump = (y: number, x: number, cy: number, cx: number, r: number) =>
  Math.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * r * r));
const noise = (n: number) => {
  const s = Math.sin(n * 127.1 + 11.7) * 43758.5453;
  return s - Math.floor(s);
};
const field = (h: number, w: number, f: (y: number, x: number) => number) =>
  Float32Array.from({ length: h * w }, (_, i) => f((Math.floor(i / w) + 0.5) / h, ((i % w) + 0.5) / w));
const bytes = (values: Float32Array, lo: number, hi: number) =>
  Uint8Array.from(values, (v) => Math.round((255 * (v - lo)) / (hi - lo || 1)));

function picture(image: number): Uint8Array {
  const out = new Uint8Array(224 * 224 * 3);
  for (let i = 0; i < 224 * 224; i++) {
    const [y, x] = [Math.floor(i / 224) / 224, (i % 224) / 224];
    const grass = 90 + 50 * Math.sin(40 * x + 9 * image) * Math.sin(37 * y) + 20 * noise(i);
    const disc = Math.hypot(y - 0.35, x - 0.3 - 0.15 * image) < 0.18;
    const ring = Math.abs(Math.hypot(y - 0.68, x - 0.7) - 0.17) < 0.05;
    const rgb = disc ? [205, 60, 50] : ring ? [235, 225, 200] : [grass * 0.6, grass, grass * 0.5];
    out.set(rgb, 3 * i);
  }
  return out;
}

const prediction = (index: number) => {
  const probability = [0.61, 0.2, 0.09, 0.05, 0.02][[3, 0, 9, 5, 7].indexOf(index)] ?? 0.004;
  return { index, label: LABELS[index] ?? `class ${index}`, probability, logit: 9 + Math.log(probability) };
};

/** What each row of a map of that many sees of 224 pixels. */
const fieldEdges = (rows: number): [number, number][] =>
  Array.from({ length: rows }, (_, i) => {
    const middle = ((i + 0.5) * 224) / rows;
    return [Math.max(0, Math.round(middle - 20)), Math.min(224, Math.round(middle + 20))];
  });

function extremes(over: readonly number[] | null): Answer {
  const images = over ?? Array.from({ length: 1200 });
  const layers = network().layers.map(({ name, channels }) => ({ name, channels }));
  const values = layers.flatMap(({ channels }, i) =>
    Array.from({ length: channels }, (_, k) => Math.max(0, 9 * noise(k + 3 * i) - 1 - 2 / images.length)),
  );
  const content = {
    key: `extremes-${images.join()}`,
    meta: { pictures: images.length, atlas: over ? null : "animals", layers },
  };
  return { content, buffers: [Float32Array.from(values, (v) => -0.1 * v), Float32Array.from(values)] };
}

function contributions({ layer: name, target }: Extract<Request, { op: "contributions" }>): Answer {
  const { channels } = network().layers.find((l) => l.name === name)!;
  const values = Float32Array.from({ length: channels }, (_, k) => noise(11 * k + (target ?? 3)) - 0.4);
  const { index, label, logit } = prediction(target ?? 3);
  const sum = values.reduce((a, b) => a + b, 0);
  const meta = { layer: name, channels, target: index, label, sum, logit };
  return { content: { key: `contributions-${name}-${index}`, meta }, buffers: [values] };
}

function groups({ layer: name, count, images, seed }: Extract<Request, { op: "groups" }>): Answer {
  const { channels } = network().layers.find((l) => l.name === name)!;
  const side = 14;
  const pixels = images.flatMap((image) =>
    Array.from({ length: count }, (_, g) =>
      bytes(
        field(side, side, (y, x) => bump(y, x, noise(g + image), noise(5 * g + 1), 0.2)),
        0,
        1,
      ),
    ),
  );
  const all = new Uint8Array(pixels.length * side * side);
  pixels.forEach((one, i) => {
    all.set(one, i * side * side);
  });
  const weights = Float32Array.from({ length: count * channels }, (_, i) => noise(i) ** 6);
  const tops = Array.from({ length: count }, (_, g) => 8 - g);
  const shape = { layer: name, count, channels, pictures: images.length, height: side, width: side };
  const meta = { ...shape, tops, explained: 0.71, positive: 0.9, seed };
  return { content: { key: `groups-${name}-${count}`, meta }, buffers: [all, weights] };
}

function maps(name: string, image: number): Answer {
  const info = network().layers.find((l) => l.name === name)!;
  const { channels: c, height: h, width: w } = info;
  const [th, tw] = [Math.min(h, 56), Math.min(w, 56)];
  const signed = /conv|bn|fc/.test(name);
  const pixels = new Uint8Array(c * th * tw);
  const [lo, hi, max] = [new Float32Array(c), new Float32Array(c), new Float32Array(c)];
  const argmax = new Int32Array(c);
  for (let k = 0; k < c; k++) {
    const [cy, cx, r] = [noise(k + image), noise(3 * k + 1 + image), 0.06 + 0.3 * noise(7 * k)];
    const gain = 6 * noise(5 * k + 2) ** 2;
    const map = field(th, tw, (y, x) => {
      const v =
        gain * bump(y, x, cy, cx, r) + 0.3 * Math.sin(9 * y * (1 + (k % 5)) + 7 * x) - (signed ? 0.8 : 0.25);
      return signed ? v : Math.max(0, v);
    });
    lo[k] = Math.min(...map);
    hi[k] = max[k] = Math.max(...map);
    argmax[k] =
      Math.floor(map.indexOf(hi[k]!) / tw) * Math.floor(h / th) * w +
      (map.indexOf(hi[k]!) % tw) * Math.floor(w / tw);
    pixels.set(bytes(map, lo[k]!, hi[k]!), k * th * tw);
  }
  const meta = {
    layer: name,
    channels: c,
    height: th,
    width: tw,
    full: [h, w],
    lo: Math.min(...lo),
    hi: Math.max(...hi),
    field: h > 1 ? { size: [40, 40], rows: fieldEdges(h), columns: fieldEdges(w) } : null,
  };
  return { content: { key: `maps-${name}-${image}`, meta }, buffers: [pixels, lo, hi, max, argmax] };
}

function overlay(request: Extract<Request, { op: "overlay" }>): Answer {
  const { targets, method: name, image, layer: at, params } = request;
  const signed = name !== "grad_cam";
  const side = signed ? 56 : 7;
  const list = targets.map((aim) => {
    const [plus, less] = Array.isArray(aim) ? aim : [aim, null];
    const [target, minus] = [prediction(plus ?? 3), less === null ? null : prediction(less)];
    const empty = target.index === 7;
    return {
      target,
      minus,
      lo: signed ? -0.02 : 0,
      hi: empty ? 0 : 0.02 + 0.01 * target.index,
      empty,
      note: "",
      numbers: signed ? { samples: 8 } : {},
    };
  });
  const buffers = list.map(({ target: { index } }) => {
    const [cy, cx] = index === 3 ? [0.68, 0.7] : index === 0 ? [0.35, 0.3] : [noise(index), noise(index + 5)];
    const values = field(
      side,
      side,
      (y, x) => bump(y, x, cy, cx, 0.16) * (signed ? Math.sin(50 * (x + y)) : 1),
    );
    return signed ? Uint8Array.from(values, (v) => Math.round(128 + 127 * v)) : bytes(values, 0, 1);
  });
  const label = exampleTraits()._methods.find((m) => m.name === name)!.label;
  const meta = {
    method: name,
    label,
    layer: signed ? null : (at ?? "layer4.1"),
    height: side,
    width: side,
    signed,
    maps: list,
  };
  return {
    content: { key: `overlay-${name}-${image}-${targets.join()}-${at}-${JSON.stringify(params)}`, meta },
    buffers,
  };
}

function projection({ unit, method: name, image }: Extract<Request, { op: "projection" }>): Answer {
  const parsed = parseUnit(unit)!;
  const [cy, cx] = parsed.position
    ? (parsed.position.map((p) => (p + 0.5) / 14) as [number, number])
    : [noise(parsed.channel), noise(3 * parsed.channel + 1)];
  const grey = name === "neuron_gradient";
  const channels = grey ? 1 : 3;
  const values = field(
    224,
    224,
    (y, x) => bump(y, x, cy, cx, 0.1) * Math.sin(60 * y + 40 * x * (1 + (parsed.channel % 3))),
  );
  const out = new Uint8Array(224 * 224 * channels);
  values.forEach((v, i) => {
    for (let c = 0; c < channels; c++)
      out[i * channels + c] = Math.round(128 + 127 * v * (1 - 0.4 * c) * (grey ? 0.6 + 0.4 * noise(i) : 1));
  });
  const box = [cy - 0.25, cx - 0.25, cy + 0.25, cx + 0.25].map((v) =>
    Math.round(224 * Math.min(1, Math.max(0, v))),
  );
  const meta = {
    method: name,
    label: name.replace("_", " "),
    unit,
    value: 3.14,
    position: parsed.position ?? [Math.floor(cy * 14), Math.floor(cx * 14)],
    height: 224,
    width: 224,
    channels,
    scale: 0.031,
    box,
    note: "",
    numbers: {},
  };
  return { content: { key: `projection-${name}-${unit}-${image}`, meta }, buffers: [out] };
}

function synthesised(step: number, steps: number): Uint8Array {
  const sharp = step / steps;
  const out = new Uint8Array(96 * 96 * 3);
  for (let i = 0; i < 96 * 96; i++) {
    const [y, x] = [Math.floor(i / 96) / 96, (i % 96) / 96];
    const wave = Math.sin(50 * x + 5 * Math.sin(12 * y)) * Math.sin(44 * y + step / 20);
    out.set(
      [1, 0.7, 0.4].map((c) => 128 + 100 * sharp * wave * c + 40 * (1 - sharp) * (noise(i + step) - 0.5)),
      3 * i,
    );
  }
  return out;
}

/** The smallest WebP there is, one grey pixel, in place of every tile. */
const GREY_PIXEL = Uint8Array.from(atob("UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAfQ//73v/+BiOh/AAA="), (letter) =>
  letter.charCodeAt(0),
);

function gallery(name: string, channels: number[]): Answer {
  const { length } = GREY_PIXEL;
  const tiles = channels.map((channel) => ({ channel, length, activation: 3 + channel, note: "" }));
  const all = network().layers.find((l) => l.name === name)!.channels;
  const bytes = new Uint8Array(length * channels.length);
  channels.forEach((_, i) => {
    bytes.set(GREY_PIXEL, i * length);
  });
  const meta = { layer: name, channels: all, height: 1, width: 1, tiles };
  return { content: { key: `gallery-${name}`, meta }, buffers: [bytes] };
}

/** Every seventh unit is dead. */
function strongest({ layer: name, first, count }: Extract<Request, { op: "strongest" }>): Answer {
  const { channels } = network().layers.find((l) => l.name === name)!;
  const tiles = Array.from({ length: count }, (_, i) => {
    const dead = (first + i) % 7 === 6;
    const facts = dead ? { score: 0, note: "dead: no picture" } : { score: 9 - i / 8, note: "" };
    const length = dead ? 0 : GREY_PIXEL.length;
    return { channel: first + i, length, name: `scene ${i}.png`, label: LABELS[i % 3], ...facts };
  });
  const bytes = tiles.flatMap(({ length }) => (length > 0 ? [...GREY_PIXEL] : []));
  const extent = { seen: 1200, total: 1200, complete: true };
  const meta = { layer: name, channels, height: 40, width: 40, ...extent, tiles };
  return { content: { key: `strongest-${name}-${first}`, meta }, buffers: [Uint8Array.from(bytes)] };
}

const onePatch = (picture: number) => ({
  score: 9 - picture / 8,
  picture,
  name: `scene ${picture}.png`,
  label: LABELS[picture % 3],
  box: [0, 0, 40, 40],
  length: GREY_PIXEL.length,
  note: "",
});

/** A data set of which a third was looked at; `projected` patches have their projections. */
function patches(unit: string, projected: number): Answer {
  const found = [0, 1, 2].map(onePatch);
  const projections = found.slice(0, projected).map(({ length }) => ({ length, scale: 0.1, note: "" }));
  const meta = {
    unit,
    seen: 1200,
    total: 50000,
    complete: false,
    field: "exact",
    fired: 0.25,
    mean: 0.1,
    largest: 9,
    classes: [
      { label: "red disc", count: 2 },
      { label: "blue star", count: 1 },
    ],
    purity: 2 / 3,
    edges: [0, 3, 6, 9],
    counts: [900, 290, 10],
    method: "deconvnet",
    patches: found,
    projections,
  };
  const all = new Uint8Array(GREY_PIXEL.length * (3 + projected));
  for (let i = 0; i < 3 + projected; i++) all.set(GREY_PIXEL, i * GREY_PIXEL.length);
  return { content: { key: `patches-${unit}`, meta }, buffers: [all] };
}

/** Two channels of the layers before and after, the first by weights, the second held down by them. */
function neighbours(unit: string): Answer {
  const names = network().layers.map((l) => l.name);
  const at = names.indexOf(parseUnit(unit)!.layer);
  const beside = (layer: string | undefined, kernel: [number, number]) =>
    layer
      ? [0.5, -0.25].map((influence, k) => ({
          unit: `${layer}:${k + 3}`,
          influence,
          height: 14,
          width: 14,
          lo: 0,
          hi: 1 + k,
          kernel,
        }))
      : [];
  const incoming = { basis: "weights", note: "", scale: 0.3, neighbours: beside(names[at - 1], [3, 3]) };
  const outgoing = {
    basis: "gradient × activation on this picture",
    note: "what uses it is no sum of weighted channels",
    scale: 0,
    neighbours: beside(names[at + 1], [0, 0]),
  };
  const all = incoming.neighbours.length + outgoing.neighbours.length;
  const maps = Uint8Array.from({ length: all * 196 }, (_, i) => 255 * noise(i));
  const kernels = Uint8Array.from({ length: incoming.neighbours.length * 9 }, (_, i) => 28 * (i % 9));
  const meta = { unit, incoming, outgoing };
  return { content: { key: `neighbours-${unit}`, meta }, buffers: [maps, kernels] };
}

function filters(name: string): Answer {
  const rgb = name === "conv1";
  const [count, side, planes, channels] = [64, rgb ? 7 : 3, rgb ? 1 : 16, rgb ? 3 : 1];
  const out = Uint8Array.from({ length: count * planes * side * side * channels }, (_, i) => {
    const k = Math.floor(i / (side * side * channels));
    const [y, x, c] = [Math.floor(i / channels / side) % side, Math.floor(i / channels) % side, i % channels];
    return 128 + 110 * Math.sin((1 + (k % 4)) * (x * Math.cos(k) + y * Math.sin(k)) + c * (k % 3));
  });
  const inputs = rgb ? 3 : 64;
  const meta = {
    layer: name,
    count,
    height: side,
    width: side,
    channels,
    planes,
    inputs,
    scale: 0.42,
    note: "",
  };
  const tops = Float32Array.from({ length: count }, (_, k) => 0.42 * (1 - noise(k) / 2));
  const which = Int32Array.from({ length: count * planes }, (_, i) => i % planes);
  return { content: { key: `filters-${name}`, meta }, buffers: [out, tops, which] };
}

function dream({ octaves, steps, seed, target }: Extract<Request, { op: "dream" }>): Answer {
  const total = octaves * steps;
  const meta = {
    height: 96,
    width: 96,
    value: 48,
    before: 24,
    objective: Object.values(target)[0]?.toString() ?? "",
    steps: total,
    seed,
    film: [1, total],
    lengths: [GREY_PIXEL.length, GREY_PIXEL.length],
    code: 'nbviz.deep_dream(net, image, "layer3.1.conv2")',
  };
  const files = Uint8Array.from([...GREY_PIXEL, ...GREY_PIXEL]);
  return { content: { key: `dream-${JSON.stringify(target)}`, meta }, buffers: [synthesised(1, 1), files] };
}

function inversion(image: number, steps: number, seed: number): Answer {
  const layers = ["conv1", "layer2", "layer4", "fc"].map((name, i) => ({
    layer: name,
    error: i < 3 ? 0.02 * 4 ** i : null,
    trace: i < 3 ? [1, 0.5, 0.02 * 4 ** i] : [],
    code: i < 3 ? `nbviz.invert(net, image, "${name}")` : "",
    note: i < 3 ? "" : "Nothing of the picture reaches 'fc'.",
  }));
  const meta = { height: 96, width: 96, steps, seed, layers };
  const buffers = layers.map(({ error }, i) => (error === null ? new Uint8Array(0) : synthesised(3 - i, 4)));
  return { content: { key: `inversion-${image}`, meta }, buffers };
}

function answer(request: Request): Answer {
  switch (request.op) {
    case "picture": {
      const predictions = [3, 0, 9, 5, 7].map(prediction);
      const meta = {
        height: 224,
        width: 224,
        name: exampleTraits()._images[request.image]!.name,
        note: "",
        predictions,
      };
      return { content: { key: `picture-${request.image}`, meta }, buffers: [picture(request.image)] };
    }
    case "thumbnails": {
      const all = exampleTraits()._images.map((_, i) => picture(i));
      const buffers = all.map((rgb) =>
        Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => {
          const [y, x] = [Math.floor(i / 96) * 7, (Math.floor(i / 3) % 32) * 7];
          return rgb[3 * (224 * y + x) + (i % 3)]!;
        }),
      );
      return { content: { key: "thumbnails", meta: { sizes: all.map(() => [32, 32]) } }, buffers };
    }
    case "maps":
      return maps(request.layer, request.image);
    case "overlay":
      return overlay(request);
    case "projection":
      return projection(request);
    case "filters":
      return filters(request.layer ?? "conv1");
    case "extremes":
      return extremes(request.images);
    case "contributions":
      return contributions(request);
    case "groups":
      return groups(request);
    case "patches":
      return patches(request.unit, 3);
    case "strongest":
      return strongest(request);
    case "examples": {
      const { bin, unit } = request;
      const meta = { unit, bin, lo: bin, hi: bin + 1, count: 10 * bin, patches: [onePatch(7 + bin)] };
      return { content: { key: `examples-${unit}-${bin}`, meta }, buffers: [GREY_PIXEL] };
    }
    case "adopt":
      return { content: { key: "adopt", meta: { image: 1, note: "" } } };
    case "neighbours":
      return neighbours(request.unit);
    case "interaction": {
      const { a, b, count, seed, steps } = request;
      const weights = Array.from({ length: count }, (_, k) => k / (count - 1));
      const meta = {
        units: [a, b],
        natural: [{ largest: 9, source: "of 3 pictures seen" }, null],
        weights,
        readings: weights.map((t) => [12 * (1 - t), 12 * t]),
        height: 96,
        width: 96,
        steps,
        seed,
        code: "nbviz.visualize(net, nbviz.interpolate(…))",
      };
      const rgb = new Uint8Array(count * 96 * 96 * 3);
      weights.forEach((t, k) => {
        rgb.set(synthesised(t, 1), k * 96 * 96 * 3);
      });
      return { content: { key: `interaction-${a}-${b}`, meta }, buffers: [rgb] };
    }
    case "gallery": {
      const { channels } = network().layers.find((l) => l.name === request.layer)!;
      return gallery(
        request.layer,
        Array.from({ length: channels }, (_, i) => i),
      );
    }
    case "original": {
      const meta = { height: 224, width: 224, name: exampleTraits()._images[request.image]!.name };
      return { content: { key: `original-${request.image}`, meta }, buffers: [picture(request.image)] };
    }
    case "dream":
      return dream(request);
    case "inversion":
      return inversion(request.image, request.steps, request.seed);
    case "occlude": {
      const [y0, x0, y1, x1] = request.box;
      const [height, width] = [y1 - y0, x1 - x0];
      const share = 1 - x0 / 448;
      const classes = [3, 0, 9].map(prediction).map(({ probability, logit, ...one }) => {
        return { ...one, probability: share * probability, logit: logit - 1, before: { probability, logit } };
      });
      const meta = { box: request.box, height, width, fill: request.fill, classes };
      const content = { key: JSON.stringify(request.box), meta };
      return { content, buffers: [new Uint8Array(height * width * 3).fill(128)] };
    }
    case "upload": {
      const image = request.part + 1 === request.parts ? 2 : null;
      return { content: { key: "upload", meta: { received: request.part + 1, image, note: "" } } };
    }
    case "synthesis": {
      const film = [0, 1, 2].map((k) => ({ step: (request.steps * k) / 2, reading: 0.5 + 6 * k }));
      const meta = {
        height: 96,
        width: 96,
        value: 12.5,
        film,
        natural: { largest: 9, source: "of 3 pictures seen" },
        lengths: [GREY_PIXEL.length, GREY_PIXEL.length],
        objective: "unit",
        steps: request.steps,
        seed: request.seed,
        code: 'nbviz.visualize(net, net.unit("layer3.1.conv2:17"), steps=128, seed=0)',
      };
      const files = Uint8Array.from([...GREY_PIXEL, ...GREY_PIXEL]);
      return { content: { key: JSON.stringify(request.target), meta }, buffers: [synthesised(1, 1), files] };
    }
  }
}

/** What there is of an answer at a step on the way. */
function partial(
  request: Request,
  step: number,
  steps: number,
): { meta: unknown; buffers: ArrayBufferView[] } {
  if (request.op === "gallery") {
    const { content, buffers = [] } = gallery(request.layer, [step, step + 1]);
    return { meta: content.meta, buffers };
  }
  if (request.op === "dream") {
    return { meta: { height: 96, width: 96, value: step }, buffers: [synthesised(step, steps)] };
  }
  if (request.op !== "synthesis") {
    const { content, buffers = [] } = answer(request);
    return { meta: content.meta, buffers };
  }
  const film = [{ step: 0, reading: 0.5 }];
  const natural = { largest: 9, source: "of 3 pictures seen" };
  const meta = { height: 96, width: 96, value: (12 * step) / steps, film, natural };
  return { meta, buffers: [synthesised(step, steps)] };
}

/** Behaves as an anywidget model; `latency` in milliseconds, null for an answer on `flush` alone. */
export class FakeModel {
  readonly sent: Outgoing[] = [];
  /** The bytes that came beside a message, where some did. */
  readonly beside: (readonly unknown[])[] = [];
  readonly widget_manager = { get_model: () => Promise.reject(new Error("no other model")) };
  saves = 0;
  dead = false;
  silent = false;
  latency = 25;
  /** Make an operation fail with this sentence. */
  fault: { op: string; message: string } | null = null;
  #cancelled = new Set<string>();
  #handlers = new Map<string, Set<Handler>>();

  constructor(readonly state: Record<string, unknown>) {}

  get = (name: string): never => this.state[name] as never;

  set = (name: string, value: unknown): void => {
    if (this.state[name] === value) return;
    this.state[name] = value;
    this.fire(`change:${name}`);
  };

  save_changes = (): void => {
    this.saves++;
  };

  on = (name: string, handler: Handler): void => {
    this.#handlers.set(name, (this.#handlers.get(name) ?? new Set()).add(handler));
  };

  off = (name?: string | null, handler?: Handler | null): void => {
    if (name && handler) this.#handlers.get(name)?.delete(handler);
  };

  fire(name: string, ...args: unknown[]): void {
    for (const handler of this.#handlers.get(name) ?? []) (handler as (...a: unknown[]) => void)(...args);
  }

  /** Say something to the page. Buffers sit at an odd offset of a larger one, as in a real message. */
  say(content: Record<string, unknown>, buffers: readonly ArrayBufferView[] = []): void {
    const views = buffers.map((b) => {
      const copy = new Uint8Array(b.byteLength + 8);
      copy.set(new Uint8Array(b.buffer, b.byteOffset, b.byteLength), 3);
      return new DataView(copy.buffer, 3, b.byteLength);
    });
    this.fire("msg:custom", content, views);
  }

  send = (content: unknown, _callbacks?: unknown, buffers: readonly unknown[] = []): void => {
    if (this.dead) throw new Error("Cannot send");
    const message = parseOutgoing(JSON.parse(JSON.stringify(content)));
    this.sent.push(message);
    if (buffers.length > 0) this.beside.push(buffers);
    if (this.silent) return;
    if (message.type === "hello") setTimeout(() => this.say({ type: "welcome", revision: 0 }), this.latency);
    if (message.type === "cancel") this.#cancelled.add(message.rid);
    if (message.type === "request") this.#serve(message);
  };

  #serve(request: Request): void {
    const { rid, op } = request;
    setTimeout(() => this.say({ type: "ack", rid, state: "queued" }), 5);
    if (this.fault?.op === op) {
      const failure = {
        type: "failure",
        rid,
        op,
        kind: "NotDefined",
        message: this.fault.message,
        traceback: "",
      };
      setTimeout(() => this.say(failure), this.latency);
    } else if (request.op === "synthesis") this.#advance(request, 0, request.steps);
    else if (request.op === "dream") this.#advance(request, 0, request.octaves * request.steps);
    else if (request.op === "inversion") this.#advance(request, 0, 8);
    else if (request.op === "gallery" || request.op === "interaction") this.#advance(request, 0, 16);
    else if (request.op === "overlay" && request.method === "occlusion") this.#advance(request, 0, 20);
    else {
      setTimeout(() => {
        const { content, buffers } = answer(request);
        this.say({ type: "result", rid, op, ...content }, buffers);
      }, this.latency);
    }
  }

  /** A long operation, four steps at a time. */
  #advance(request: Request, step: number, steps: number): void {
    const { rid, op } = request;
    if (this.#cancelled.has(rid)) {
      this.say({ type: "cancelled", rid });
      return;
    }
    if (step >= steps) {
      const { content, buffers } = answer(request);
      this.say({ type: "result", rid, op, ...content }, buffers);
      return;
    }
    const { meta, buffers } = partial(request, step, steps);
    const message = `step ${step} of ${steps}`;
    this.say({ type: "progress", rid, seq: step, step, steps, message, meta }, buffers);
    setTimeout(() => this.#advance(request, step + 4, steps), 100);
  }
}
