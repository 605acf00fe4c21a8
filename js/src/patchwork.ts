/** The strongest patch of every unit of a layer, asked for in batches: those in view first. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { strongest } from "./channel-wants";
import { Sheets, type TileSheet } from "./sheets";
import type { Slot, Want } from "./slot";
import type { Store } from "./store";

/** While a scan goes on, what it has found is looked at again after this long. */
export const AGAIN_MS = 4000;

export class Patchwork {
  /** Channels that the grid shows. */
  readonly inView = signal<readonly number[]>([]);
  readonly #sheets: Sheets<"strongest">;
  /** Tiles of a scan under way that are to be looked at again, and how often that was so. */
  readonly #old = new WeakSet<object>();
  readonly #round = signal(0);
  #asked = "";

  constructor(
    private readonly slot: Slot<"strongest">,
    private readonly store: () => Store,
  ) {
    this.#sheets = new Sheets(
      slot,
      () => store().traits.layer.value,
      ({ args }) => args.layer,
    );
  }

  get sheet(): ReadonlySignal<TileSheet<"strongest"> | null> {
    return this.#sheets.sheet;
  }

  /** Ask for the next batch, while the grid shows patches. Returns what ends the waiting for a scan. */
  follow(): (() => void) | undefined {
    const store = this.store();
    const sheet = this.sheet.value;
    const round = this.#round.value;
    const wants = strongest(store);
    if (wants.length === 0) {
      this.#asked = "";
      this.slot.ask(null);
      return;
    }
    const missing = this.#inOrder(wants).filter(({ args }) => {
      const tile = sheet?.tiles.get(args.first);
      return !tile || this.#old.has(tile);
    });
    const want = missing.find((one) => !store.lacks(one)) ?? missing[0];
    if (want) return this.#ask(want, round);
    // All are there from an earlier look: so is the answer, which says so.
    if (!this.slot.shown.peek()) this.slot.ask(wants[0]!);
    // A recording knows no more than it does.
    if (sheet?.meta.complete || store.traits._holds.peek()) return;
    const again = setTimeout(() => this.#again(), AGAIN_MS);
    return () => clearTimeout(again);
  }

  clear(): void {
    this.#sheets.clear();
  }

  dispose(): void {
    this.#sheets.dispose();
  }

  /** Those with channels in view first. */
  #inOrder(wants: Want<"strongest">[]): Want<"strongest">[] {
    const size = wants[0]!.args.count;
    const seen = this.inView.value.map((channel) => wants[Math.floor(channel / size)]);
    return [...new Set([...seen.filter((want) => want !== undefined), ...wants])];
  }

  /** One after the other: what is on its way, or failed, is not asked for by every move of the grid. */
  #ask(want: Want<"strongest">, round: number): undefined {
    const { layer, first } = want.args;
    const asked = `${layer}:${first}:${round}`;
    const waits = ["computing", "queued", "failed", "unrecorded"].includes(this.slot.state.peek());
    if (asked === this.#asked || (waits && this.#asked.startsWith(`${layer}:`))) return;
    this.#asked = asked;
    this.slot.ask(want, true);
  }

  #again(): void {
    for (const tile of this.sheet.peek()?.tiles.values() ?? []) this.#old.add(tile);
    this.#round.value++;
  }
}
