/** State shared with Python, as signals. The kernel writes the underscored ones, the page may set the others. */
import type { AnyModel } from "@anywidget/types";
import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Choices } from "./choices";
import type { Pin, View } from "./places";
import type { Plain } from "./protocol";

export interface LayerInfo {
  name: string;
  kind: string;
  channels: number;
  height: number;
  width: number;
  /** Height and width of its receptive field, as far as it would reach; null where it could not be followed. */
  field: [height: number, width: number] | null;
}

/** A module on the map. */
export interface MapNode {
  name: string;
  label: string;
  /** The shown layer that has its output; null for a mere container. */
  layer: string | null;
  /** Its class, where it is not that of the layer of its name. */
  kind?: string;
  /** It stands for that many children that are alike. */
  repeats?: number;
  children?: MapNode[];
}

export interface NetworkInfo {
  name: string;
  device: string;
  revision: number;
  classes: number;
  labels: string[] | null;
  input: [channels: number, height: number, width: number];
  layers: LayerInfo[];
  tree: MapNode[];
  default_layer: string;
  cam_layer: string | null;
  /** Ways to write a synthesised picture as free numbers. */
  parametrisations: string[];
  /** What was assumed about the network, a sentence each. */
  notes?: string[];
}

export interface MethodInfo {
  name: string;
  label: string;
  asks: "unit" | "class" | "layer" | "picture";
  signed: boolean;
  colour: boolean;
  note: string;
  /** Several classes may be asked for at once. */
  cheap: boolean;
  /** It is computed at a layer, which can be chosen. */
  layer: boolean;
  params: ParameterInfo[];
}

/** A parameter as the method's signature declares it; a default of null is chosen by the method. */
export interface ParameterInfo {
  name: string;
  label: string;
  kind: "integer" | "number" | "choice" | "flag";
  default: Plain;
  lower: number | null;
  upper: number | null;
  choices: string[];
}

export interface Options {
  /** Height of the widget in pixels. */
  height?: number;
  colormap?: string;
  /** Tells several widgets of a notebook apart in links. */
  name?: string;
  /** Synthesis: number of steps, side of the picture in pixels, seed. */
  steps?: number;
  size?: number;
  seed?: number;
  /** Dream: number of sizes that are gone through, and how far a step goes. */
  octaves?: number;
  strength?: number;
}

export interface Traits {
  _view: "explorer" | "layer_grid" | "filter_grid" | "heatmap_overlay" | "unit_inspector" | "dreamer";
  _network: NetworkInfo;
  _methods: MethodInfo[];
  _images: { name: string; key: string }[];
  /** The data set that was scanned, and the layers that are known there. */
  _atlas: { name: string; layers: string[] } | null;
  _options: Options;
  /** The network beside it, and what of the two does not match. */
  _beside: { name: string; notes: string[] } | null;
  layer: string;
  unit: string;
  image_index: number;
  method: string;
  target: number | null;
  pins: Pin[];
  bookmarks: Record<string, View>;
  /** The page's own choices, as far as they were told. */
  _page: Choices;
  status: string;
  last_error: string;
  /** Where a recording stands in for the kernel: whether it holds the answer to a question. */
  _holds: ((op: string, args: Record<string, unknown>) => boolean) | null;
}

/** What a widget holds before the kernel has filled it. */
const DEFAULTS: Traits = {
  _view: "explorer",
  _network: {
    name: "",
    device: "",
    revision: 0,
    classes: 0,
    labels: null,
    input: [3, 224, 224],
    layers: [],
    tree: [],
    default_layer: "",
    cam_layer: null,
    parametrisations: [],
  },
  _methods: [],
  _images: [],
  _atlas: null,
  _options: {},
  _beside: null,
  layer: "",
  unit: "",
  image_index: 0,
  method: "",
  target: null,
  pins: [],
  bookmarks: {},
  _page: {},
  status: "idle",
  last_error: "",
  _holds: null,
};

export type Settable =
  | "layer"
  | "unit"
  | "image_index"
  | "method"
  | "target"
  | "pins"
  | "bookmarks"
  | "_page";

export interface Synced {
  traits: { readonly [K in keyof Traits]: ReadonlySignal<Traits[K]> };
  /** Change state on both sides; several names travel in one message. */
  set(change: Partial<Pick<Traits, Settable>>): void;
  dispose(): void;
}

/** Mirror a model's traits as signals that follow every change, whoever made it. */
export function syncTraits(model: AnyModel): Synced {
  const disposers: (() => void)[] = [];
  const mirror = <K extends keyof Traits>(name: K): Signal<Traits[K]> => {
    const read = (): Traits[K] => (model.get(name) as Traits[K] | undefined) ?? DEFAULTS[name];
    const mirrored = signal(read());
    const follow = () => {
      mirrored.value = read();
    };
    model.on(`change:${name}`, follow);
    disposers.push(() => model.off(`change:${name}`, follow));
    return mirrored;
  };
  const names = Object.keys(DEFAULTS) as (keyof Traits)[];
  const traits = Object.fromEntries(names.map((name) => [name, mirror(name)])) as unknown as Synced["traits"];
  return {
    traits,
    set(change) {
      batch(() => {
        for (const [name, value] of Object.entries(change)) model.set(name, value);
      });
      model.save_changes();
    },
    dispose() {
      for (const dispose of disposers) dispose();
    },
  };
}
