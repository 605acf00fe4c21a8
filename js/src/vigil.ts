/** Watches over the kernel's silence: greets it again while something is awaited and nothing is heard. */

/** Without an answer for this long, a cell is running in front of us. */
export const PATIENCE_MS = 2000;
/** A computation may be quiet for this long before the kernel is asked whether it is still there. */
const QUIET_MS = 5000;
const LONGEST_MS = 30_000;

export class Vigil {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #patience = PATIENCE_MS;
  #unanswered = false;

  constructor(
    private readonly greet: () => void,
    private readonly overdue: () => void,
  ) {}

  /** A greeting is on its way. */
  greeted(): void {
    this.#unanswered = true;
    this.#wait(this.#patience);
  }

  /** Something was asked, whose answer may take its time. */
  asked(): void {
    if (this.#timer === undefined) this.#wait(QUIET_MS);
  }

  /** The kernel said something; `awaiting` whether more is to come. */
  heard(awaiting: boolean): void {
    this.#unanswered = false;
    this.#patience = PATIENCE_MS;
    if (awaiting) this.#wait(QUIET_MS);
    else this.end();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#unanswered) {
        this.#patience = Math.min(2 * this.#patience, LONGEST_MS);
        this.overdue();
      }
      this.greet();
    }, ms);
  }
}
