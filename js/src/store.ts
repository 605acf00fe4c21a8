/** All state of one widget model, shared by all of its views: synced traits, local choices, panel slots. */
import type { AnyModel } from "@anywidget/types";
import { batch, computed, effect, type ReadonlySignal, signal } from "@preact/signals";
import { formatUnit, parseUnit, type Unit } from "./address";
import { asksAnother, besideOf } from "./beside";
import { ResultCache } from "./cache";
import { type Keeper, keeperOf } from "./choices";
import * as dreaming from "./dreaming";
import { aimAtUnit, initialLocal, type Local, setParam } from "./local";
import { follow, PANELS, UNASKED } from "./panels";
import { Patchwork } from "./patchwork";
import type { Plain, SlotName } from "./protocol";
import { galleryOf, type Sheets } from "./sheets";
import type { AnySlot, Finished, SlotContext, Want } from "./slot";
import { type Slots, slotsOf } from "./slots";
import { Trail } from "./trail";
import { type LayerInfo, type MethodInfo, type Synced, syncTraits, type Traits } from "./traits";
import { Transport } from "./transport";
import * as ofUnit from "./unit-wants";
import { Uploads } from "./upload";
import * as wants from "./wants";

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
  /** The newest failure that a panel tells, or has told. */
  failed: ReadonlySignal<string>;
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
  const failed = signal("");
  const context: SlotContext = {
    transport,
    cache: new ResultCache(),
    revision: () => revision.peek(),
    // What has no title is computed on the side, for the map: nobody waits for it.
    finished: (done) => {
      if (done.title) finished.value = done;
    },
    failed: ({ message }) => {
      failed.value = message;
    },
  };
  const slots = slotsOf(context);
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
    failed,
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
