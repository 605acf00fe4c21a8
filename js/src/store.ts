/** All state of one widget model, shared by all of its views: synced traits, local choices, panel slots. */
import type { AnyModel } from "@anywidget/types";
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { formatUnit, parseUnit, type Unit } from "./address";
import { asksAnother, besideOf } from "./beside";
import { ResultCache } from "./cache";
import * as channels from "./channel-wants";
import { type Keeper, keeperOf } from "./choices";
import { fitting } from "./draw/colour";
import * as dreaming from "./dreaming";
import { type GridChoices, gridChoices } from "./grid-choices";
import { followHand } from "./hand";
import { type Look, look } from "./look";
import { Patchwork } from "./patchwork";
import type { Op, Params, Plain, SlotName } from "./protocol";
import { galleryOf, type Sheets } from "./sheets";
import { type AnySlot, type Finished, Slot, type SlotContext, type Want } from "./slot";
import { Trail } from "./trail";
import { type LayerInfo, type MethodInfo, type Synced, syncTraits, type Traits } from "./traits";
import { Transport } from "./transport";
import * as ofUnit from "./unit-wants";
import { Uploads } from "./upload";
import * as wants from "./wants";

export type OverlayMode = "class" | "unit" | "projection" | "group" | "none";

/** The unit as it is locked, its whole channel, the opposite of it, it and the second one together, or a class. */
export type Aim = "neuron" | "channel" | "negative" | "joint" | "class";

export interface Slots {
  picture: Slot<"picture">;
  thumbnails: Slot<"thumbnails">;
  maps: Slot<"maps">;
  overlay: Slot<"overlay">;
  projection: Slot<"projection">;
  excites: Slot<"synthesis">;
  gallery: Slot<"gallery">;
  strongest: Slot<"strongest">;
  interaction: Slot<"interaction">;
  neighbours: Slot<"neighbours">;
  patches: Slot<"patches">;
  examples: Slot<"examples">;
  filters: Slot<"filters">;
  survey: Slot<"extremes">;
  census: Slot<"extremes">;
  contributions: Slot<"contributions">;
  groups: Slot<"groups">;
  occlude: Slot<"occlude">;
  picture_b: Slot<"picture">;
  maps_b: Slot<"maps">;
  overlay_b: Slot<"overlay">;
  projection_b: Slot<"projection">;
  excites_b: Slot<"synthesis">;
  gallery_b: Slot<"gallery">;
  filters_b: Slot<"filters">;
  original: Slot<"original">;
  dream: Slot<"dream">;
  inversion: Slot<"inversion">;
}

/** Choices of the page alone, which Python knows nothing of. */
export interface Local {
  mode: Signal<OverlayMode>;
  classMethod: Signal<string>;
  /** Where a class method that needs a layer is computed: where it suits best, or at the chosen layer. */
  classLayer: Signal<"automatic" | "chosen">;
  /** By a method's name: its parameters that differ from their defaults. */
  params: Signal<Record<string, Params>>;
  opacity: Signal<number>;
  /** Colour map of unsigned numbers; signed ones have their own. */
  colormap: Signal<string>;
  grid: GridChoices;
  look: Look;
  /** Channel of the chosen layer that the pointer or the focus is on. */
  peek: Signal<number | null>;
  /** Whether a small receptive field is enlarged. */
  part: Signal<"field" | "whole">;
  /** What pictures are searched for. */
  aim: Signal<Aim>;
  aimedClass: Signal<number | null>;
  /** The unit that the locked one is combined with. */
  second: Signal<Unit | null>;
  /** The bin of the unit's histogram of which examples are shown. */
  bin: Signal<{ unit: string; bin: number } | null>;
  /** Without a parametrisation the kernel chooses. */
  synthesis: Signal<{ steps: number; size: number | null; seed: number; param: string | null }>;
}

/** What belongs to the grid, asked for where it is looked at. */
const GRID: readonly SlotName[] = ["filters", "strongest", "contributions", "groups", "survey", "census"];

/** What is compared with. */
const OTHER: readonly SlotName[] = [
  "picture_b",
  "maps_b",
  "overlay_b",
  "projection_b",
  "excites_b",
  "gallery_b",
  "filters_b",
];

/** What belongs to the unit; of what is asked together, the kernel answers the last first. */
const UNIT: readonly SlotName[] = [
  "patches",
  "examples",
  "neighbours",
  "projection",
  "excites",
  "interaction",
];

/** Panels that a view consists of, in the order in which they ask; the others ask for nothing. */
const PANELS: Record<Traits["_view"], readonly SlotName[]> = {
  explorer: ["thumbnails", "picture", "maps", "overlay", ...UNIT, "gallery", "occlude", ...OTHER, ...GRID],
  layer_grid: ["thumbnails", "maps", "gallery", ...GRID],
  filter_grid: ["filters"],
  heatmap_overlay: ["thumbnails", "picture", "overlay", "occlude", "picture_b", "overlay_b"],
  unit_inspector: ["thumbnails", "picture", ...UNIT],
  dreamer: ["thumbnails", "picture", "original", "dream", "inversion"],
};

/** What takes so long that nobody gets it without asking. */
const UNASKED: ReadonlySet<SlotName> = new Set([
  "excites",
  "excites_b",
  "gallery",
  "gallery_b",
  "interaction",
  "dream",
  "inversion",
]);

export interface Store {
  traits: Synced["traits"];
  local: Local;
  /** What a `Dreamer` is set to. */
  dreaming: dreaming.Dreaming;
  slots: Slots;
  /** What excites each unit of the chosen layer, as far as it is drawn. */
  gallery: Sheets<"gallery">;
  /** The strongest patch of each unit of the chosen layer, as far as they are there. */
  patchwork: Patchwork;
  /** The panels that this view consists of. */
  panels: readonly SlotName[];
  transport: Transport;
  uploads: Uploads;
  finished: ReadonlySignal<Finished | null>;
  /** The chosen layer's entry; undefined while the network is not known. */
  layer: ReadonlySignal<LayerInfo | undefined>;
  unit: ReadonlySignal<Unit | null>;
  /** Which network is asked: 0, or 1 for the one beside it. */
  network: ReadonlySignal<number>;
  /** The other side, where something is compared. */
  beside(): Store;
  /** The weights changed since the pictures were computed. */
  outdated: ReadonlySignal<boolean>;
  /** There is no kernel, and what stands in for it was not given the answer. */
  lacks(want: Want | null): boolean;
  setTraits: Synced["set"];
  /** The page's own choices as one value. */
  choices: Keeper;
  /** Tell Python what was chosen in the page, if anything was: nobody asks for it at every move of a slider. */
  tellChoices(): void;
  /** Lock a unit: its layer is chosen with it. */
  lock(unit: Unit): void;
  /** The units that were locked before. */
  trail: Trail;
  setParam(method: MethodInfo, name: string, value: Plain): void;
  startSynthesis(): void;
  /** Search for pictures between the locked unit and the second one. */
  startInteraction(): void;
  /** Draw what excites each unit of the chosen layer, or go on with it. */
  startGallery(): void;
  startDream(): void;
  startInversion(): void;
  /** Start the search for what excites a class, or the locked unit. */
  excite(what: number | "unit"): void;
  /** Ask again for everything that is shown. */
  refresh(): void;
  /** A view appeared: greet the kernel and begin to ask. Returns what ends it. */
  attach(): () => void;
  dispose(): void;
}

function initialLocal({ traits }: Synced): Local {
  const options = traits._options.peek();
  const byClass = traits._methods.peek().filter((method) => method.asks === "class");
  const preferred = byClass.find((method) => method.name === "grad_cam") ?? byClass[0];
  return {
    mode: signal("class"),
    classMethod: signal(preferred?.name ?? ""),
    classLayer: signal("automatic"),
    params: signal({}),
    opacity: signal(0.75),
    colormap: signal(fitting(options.colormap ?? "", false)),
    grid: gridChoices(),
    look: look(traits._beside.peek() && "network"),
    peek: signal(null),
    part: signal("field"),
    aim: signal("neuron"),
    aimedClass: signal(null),
    second: signal(null),
    bin: signal(null),
    synthesis: signal({
      steps: options.steps ?? 128,
      size: options.size ?? null,
      seed: options.seed ?? 0,
      param: null,
    }),
  };
}

/** Keeps what differs from the defaults, in the order of the signature: equal settings are equal questions. */
function setParam({ params }: Local, method: MethodInfo, name: string, value: Plain): void {
  const given: Params = { ...params.peek()[method.name], [name]: value };
  const kept = method.params.filter((p) => p.name in given && given[p.name] !== p.default);
  const settings = Object.fromEntries(kept.map((p) => [p.name, given[p.name] as Plain]));
  params.value = { ...params.peek(), [method.name]: settings };
}

/** Whoever chooses a unit wants to see what excites that, and no class any more. */
function aimAtUnit({ aim }: Local): void {
  if (aim.peek() === "class") aim.value = "neuron";
}

export function createStore(model: AnyModel, afterPaint?: (task: () => void) => void): Store {
  const synced = syncTraits(model);
  const { traits } = synced;
  const transport = new Transport(model, afterPaint);
  const local = initialLocal(synced);
  const choices = keeperOf(local);
  let told = "";
  const untold = (): Partial<Pick<Traits, "_page">> => {
    const current = choices.current();
    if (JSON.stringify(current) === JSON.stringify(traits._page.peek())) return {};
    told = JSON.stringify(current);
    return { _page: current };
  };
  const revision = signal(traits._network.peek().revision);
  const outdated = signal(false);
  const finished = signal<Finished | null>(null);
  const context: SlotContext = {
    transport,
    cache: new ResultCache(),
    revision: () => revision.peek(),
    // What has no title is computed on the side, for the map: nobody waits for it.
    finished: (done) => {
      if (done.title) finished.value = done;
    },
  };
  const slots: Slots = {
    picture: new Slot("picture", context),
    thumbnails: new Slot("thumbnails", context),
    maps: new Slot("maps", context),
    overlay: new Slot("overlay", context),
    projection: new Slot("projection", context),
    excites: new Slot("excites", context),
    gallery: new Slot("gallery", context),
    strongest: new Slot("strongest", context),
    interaction: new Slot("interaction", context),
    neighbours: new Slot("neighbours", context),
    patches: new Slot("patches", context),
    examples: new Slot("examples", context),
    filters: new Slot("filters", context),
    survey: new Slot("survey", context),
    census: new Slot("census", context),
    contributions: new Slot("contributions", context),
    groups: new Slot("groups", context),
    occlude: new Slot("occlude", context),
    picture_b: new Slot("picture_b", context),
    maps_b: new Slot("maps_b", context),
    overlay_b: new Slot("overlay_b", context),
    projection_b: new Slot("projection_b", context),
    excites_b: new Slot("excites_b", context),
    gallery_b: new Slot("gallery_b", context),
    filters_b: new Slot("filters_b", context),
    original: new Slot("original", context),
    dream: new Slot("dream", context),
    inversion: new Slot("inversion", context),
  };
  const everySlot: AnySlot[] = Object.values(slots);
  let other: Store | undefined;
  const store: Store = {
    traits,
    local,
    dreaming: dreaming.initial(traits._options.peek()),
    slots,
    gallery: galleryOf(slots.gallery, () => store),
    patchwork: new Patchwork(slots.strongest, () => store),
    panels: PANELS[traits._view.peek()],
    transport,
    uploads: new Uploads(transport, (image_index) => synced.set({ image_index })),
    finished,
    outdated,
    layer: computed(() => traits._network.value.layers.find(({ name }) => name === traits.layer.value)),
    unit: computed(() => parseUnit(traits.unit.value)),
    network: signal(0),
    beside: () => {
      other ??= besideOf(store);
      return other;
    },
    lacks: (want) => {
      const holds = traits._holds.value;
      return holds !== null && want !== null && !holds(want.op, want.args);
    },
    setTraits: (change) => synced.set({ ...untold(), ...change }),
    choices,
    tellChoices: () => {
      const change = untold();
      if (change._page) synced.set(change);
    },
    lock: (unit) => store.setTraits({ layer: unit.layer, unit: formatUnit(unit) }),
    trail: new Trail(traits.unit, (unit) => store.lock(unit)),
    setParam: (method, name, value) => setParam(local, method, name, value),
    excite: (what) => {
      batch(() => {
        if (what === "unit") aimAtUnit(local);
        else [local.aim.value, local.aimedClass.value] = ["class", what];
      });
      store.startSynthesis();
    },
    startInteraction: () => slots.interaction.ask(ofUnit.interaction(store), true),
    startSynthesis: () => {
      const side = store.beside();
      // What is asked last is answered first.
      if (asksAnother(store)) side.slots.excites.ask(wants.synthesis(side), true);
      slots.excites.ask(wants.synthesis(store), true);
    },
    startDream: () => slots.dream.ask(dreaming.dream(store), true),
    startInversion: () => slots.inversion.ask(dreaming.inversion(store), true),
    startGallery: () => slots.gallery.ask(wants.gallery(store), true),
    refresh: () => {
      outdated.value = false;
      for (const slot of everySlot) if (!UNASKED.has(slot.name)) slot.retry();
    },
    attach: () => attach(),
    dispose: () => {
      stop?.();
      unfollow();
      unwatch();
      unaim();
      untake();
      store.gallery.dispose();
      other?.gallery.dispose();
      store.patchwork.dispose();
      store.trail.dispose();
      store.uploads.cancel();
      transport.dispose();
      synced.dispose();
    },
  };

  transport.onRevision = (current) => {
    if (current === revision.peek()) return;
    revision.value = current;
    outdated.value = true;
    store.gallery.clear();
    other?.gallery.clear();
    store.patchwork.clear();
    for (const slot of everySlot) slot.markStale();
  };
  transport.onReturn = () => {
    // Pictures from before a lost connection are still right if the weights are: the cache answers then.
    for (const slot of everySlot) if (slot.state.peek() === "stale" && !outdated.peek()) slot.retry();
  };

  const unfollow = effect(() => transport.onRevision(traits._network.value.revision));
  const unwatch = effect(() => {
    if (transport.link.value === "gone") for (const slot of everySlot) slot.markStale();
  });

  const unaim = effect(() => {
    if (traits.unit.value) aimAtUnit(local);
  });

  // What was told from here comes back as an echo.
  const untake = effect(() => {
    if (JSON.stringify(traits._page.value) === told) return;
    told = "";
    choices.take(traits._page.value);
  });

  let views = 0;
  let stop: (() => void) | undefined;
  function attach(): () => void {
    transport.hello();
    if (++views === 1) stop = follow(store);
    return () => {
      if (--views > 0) return;
      for (const name of UNASKED) slots[name].stop();
      stop?.();
      stop = undefined;
    };
  }
  return store;
}

function followOverlay(side: Store): void {
  const { overlay } = side.slots;
  const want = side.local.mode.value === "class" ? wants.overlay(side) : undefined;
  if (want === undefined) overlay.waitNoMore();
  else if (want === "wait") overlay.wait();
  else overlay.ask(want);
}

/** Keep every panel of the view asking for what the state calls for. Returns what ends it. */
function follow(store: Store): () => void {
  const beside = store.beside();
  const compares = () => store.local.look.contrast.value !== null;
  const wanted: Record<SlotName, () => void> = {
    picture: () => store.slots.picture.ask(wants.picture(store)),
    thumbnails: () => store.slots.thumbnails.ask(wants.thumbnails(store)),
    maps: () => store.slots.maps.ask(wants.maps(store)),
    overlay: () => followOverlay(store),
    neighbours: () => store.slots.neighbours.ask(ofUnit.neighbours(store)),
    patches: () => store.slots.patches.ask(ofUnit.patches(store)),
    examples: () => store.slots.examples.ask(ofUnit.examples(store)),
    interaction: () => unasked(store, store.slots.interaction, ofUnit.interaction(store)),
    projection: () => store.slots.projection.ask(wants.projection(store)),
    excites: () => unasked(store, store.slots.excites, wants.synthesis(store)),
    gallery: () => recalled(store, store.slots.gallery, wants.gallery(store)),
    strongest: () => store.patchwork.follow(),
    survey: () => store.slots.survey.ask(channels.survey(store)),
    census: () => store.slots.census.ask(channels.census(store)),
    contributions: () => store.slots.contributions.ask(channels.contributions(store)),
    groups: () => store.slots.groups.ask(channels.groups(store)),
    occlude: () => followHand(store),
    picture_b: () => beside.slots.picture.ask(compares() ? wants.picture(beside) : null),
    maps_b: () => beside.slots.maps.ask(compares() ? wants.maps(beside) : null),
    overlay_b: () => (compares() ? followOverlay(beside) : beside.slots.overlay.ask(null)),
    projection_b: () => {
      const looked = asksAnother(store) || (compares() && store.local.mode.value === "projection");
      beside.slots.projection.ask(looked ? wants.projection(beside) : null);
    },
    excites_b: () =>
      unasked(store, store.slots.excites_b, asksAnother(store) ? wants.synthesis(beside) : null),
    gallery_b: () => {},
    filters_b: () => store.slots.filters_b.ask(asksAnother(store) ? channels.weights(beside) : null),
    original: () => store.slots.original.ask(dreaming.original(store)),
    dream: () => dreaming.follow(store.slots.dream, dreaming.dream(store)),
    inversion: () => dreaming.follow(store.slots.inversion, dreaming.inversion(store)),
    filters: () => {
      if (store.traits._view.peek() !== "filter_grid")
        return store.slots.filters.ask(channels.weights(store));
      store.slots.filters.ask(wants.filters(store));
      // The kernel may answer with the layer that it took for the one asked for.
      const shown = store.slots.filters.shown.value;
      const asked = store.traits.layer.peek() || null;
      if (shown?.want.args.layer === asked && shown.meta.layer !== asked) {
        store.setTraits({ layer: shown.meta.layer });
      }
    },
  };
  const ends = store.panels.map((name) => effect(() => batch(wanted[name])));
  return () => {
    for (const end of ends) end();
  };
}

/** Drawn in the background, whatever else is looked at meanwhile; where there is no kernel, it is shown or said to lack. */
function recalled<O extends Op>({ traits, local }: Store, slot: Slot<O>, want: Want<O> | null): void {
  const looked = local.grid.show.value === "excites";
  if (traits._holds.peek()) slot.ask(looked ? want : null);
}

/**
 * Nothing is synthesised unasked; another aim ends a running search and shows what is already known. Where there is no
 * kernel, asking costs nothing, and either shows the picture or says that there is none.
 */
function unasked<O extends Op>({ traits }: Store, slot: Slot<O>, want: Want<O> | null): void {
  if (JSON.stringify(want?.about) === JSON.stringify(slot.want?.about)) return;
  const known = want && (traits._holds.peek() || slot.held(want));
  slot.ask(known ? want : null);
}
