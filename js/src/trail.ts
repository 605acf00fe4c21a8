/** The units that were locked, in the order in which they were: the way back. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { parseUnit, type Unit } from "./address";

const LONGEST = 100;

export class Trail {
  /** Units that one can go back to, the newest last. */
  readonly before = signal<readonly string[]>([]);
  readonly #go: (unit: Unit) => void;
  readonly #end: () => void;
  #now: string;

  constructor(unit: ReadonlySignal<string>, go: (unit: Unit) => void) {
    this.#go = go;
    this.#now = unit.peek();
    this.#end = effect(() => this.#arrive(unit.value));
  }

  back(): void {
    const before = this.before.peek();
    const unit = parseUnit(before[before.length - 1] ?? "");
    if (!unit) return;
    this.#now = "";
    this.before.value = before.slice(0, -1);
    this.#go(unit);
  }

  dispose(): void {
    this.#end();
  }

  #arrive(unit: string): void {
    if (unit === this.#now) return;
    if (this.#now) this.before.value = [...this.before.peek(), this.#now].slice(-LONGEST);
    this.#now = unit;
  }
}
