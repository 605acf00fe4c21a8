/**
 * One panel's content and state. A slot knows what is wanted, answers from the page's own cache where it
 * can, asks the kernel where it cannot, and keeps showing the last picture until the next one is there.
 */
import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ResultCache } from "./cache";
import { type Result, readFrame } from "./payload";
import {
  type Arguments,
  type Failure,
  type FrameMeta,
  type Meta,
  type Op,
  type Progress,
  parseFrame,
  type SlotName,
} from "./protocol";
import type { Listener, Transport } from "./transport";

export type PanelState = "idle" | "computing" | "ready" | "stale" | "queued" | "failed" | "unrecorded";

/** What a panel wants to show. `about` names the content: it replaces positions in lists by content keys. */
export interface Want<O extends Op = Op> {
  op: O;
  args: Arguments<O>;
  about: Record<string, unknown>;
  /** The network that is asked, where it is not the first. */
  network?: number;
  /** What is being done, for the status line: `deconvnet of layer3:17`. */
  title: string;
}

export interface Shown<O extends Op> {
  want: Want<O>;
  result: Result<O>;
  meta: Meta<O>;
  bytes: Result<O>["bytes"];
}

/** The result so far of something that takes many steps. */
export interface Frame<O extends Op = Op> {
  meta: FrameMeta<O>;
  bytes: Result<O>["bytes"];
  step: number;
  steps: number;
  want: Want<O>;
}

/** The newest finished operation, for the status line. */
export interface Finished {
  title: string;
  ms: number;
  cached: boolean;
}

export interface SlotContext {
  transport: Transport;
  cache: ResultCache;
  revision: () => number;
  finished: (done: Finished) => void;
  failed: (failure: Failure) => void;
}

const GONE: Failure = {
  kind: "Disconnected",
  message: "There is no kernel behind this picture: run the cell again.",
  traceback: "",
};

/** What a panel needs to know of its slot, whichever operation fills it. */
export interface AnySlot {
  readonly name: SlotName;
  readonly state: Signal<PanelState>;
  readonly shown: ReadonlySignal<{ want: Want } | null>;
  readonly frame: ReadonlySignal<object | null>;
  readonly progress: ReadonlySignal<Progress | null>;
  readonly failure: ReadonlySignal<Failure | null>;
  retry(): void;
  stop(): void;
  markStale(): void;
}

/** What is known so far of a scan under way answers nothing for good. */
const isFinal = ({ meta }: Result): boolean => !("complete" in meta) || meta.complete;

export class Slot<O extends Op> implements AnySlot {
  readonly state = signal<PanelState>("idle");
  readonly shown = signal<Shown<O> | null>(null);
  readonly frame = signal<Frame<O> | null>(null);
  readonly progress = signal<Progress | null>(null);
  readonly failure = signal<Failure | null>(null);
  #want: Want<O> | null = null;
  #question = "";

  constructor(
    readonly name: SlotName,
    readonly context: SlotContext,
  ) {}

  get want(): Want<O> | null {
    return this.#want;
  }

  /** Want something, or nothing; wanting the same again does nothing unless `again` is set. */
  ask(want: Want<O> | null, again = false): void {
    const question = want ? this.#questionOf(want) : "";
    if (question === this.#question && !again) return;
    this.#question = question;
    this.#want = want;
    const held = want ? (this.context.cache.get(question) as Result<O> | undefined) : undefined;
    batch(() => {
      this.failure.value = this.progress.value = this.frame.value = null;
      if (want && !held) return this.#send(want);
      this.context.transport.cancel(this.name);
      if (want && held) return this.#show(want, held, 0, true);
      this.shown.value = null;
      this.state.value = "idle";
    });
  }

  /** What is wanted depends on an answer that is still on its way. */
  wait(): void {
    if (this.#question === "waiting") return;
    this.context.transport.cancel(this.name);
    this.#question = "waiting";
    batch(() => {
      this.failure.value = this.progress.value = this.frame.value = null;
      this.state.value = "computing";
    });
  }

  /** What was waited for is not wanted any more. */
  waitNoMore(): void {
    if (this.#question === "waiting") this.ask(null);
  }

  retry(): void {
    if (this.#want) this.ask(this.#want, true);
  }

  /** A result for this want that the page already holds. */
  held(want: Want<O>): Result<O> | undefined {
    return this.context.cache.get(this.#questionOf(want)) as Result<O> | undefined;
  }

  /** Stop the running computation; what it has shown so far stays. */
  stop(): void {
    if (this.state.peek() !== "computing" && this.state.peek() !== "queued") return;
    this.context.transport.cancel(this.name);
    this.#stopped();
  }

  markStale(): void {
    if (this.state.peek() === "ready") this.state.value = "stale";
  }

  #questionOf(want: Want<O>): string {
    return JSON.stringify([want.op, this.context.revision(), want.about]);
  }

  #send(want: Want<O>): void {
    const asked = performance.now();
    const listener: Listener = {
      queued: () => {
        this.state.value = "queued";
      },
      accepted: () => {
        this.state.value = "computing";
      },
      progress: (message, buffers) => this.#advance(want, message, buffers),
      result: (result) => {
        // Named by the weights of now: news of a change comes before the results that have it.
        if (isFinal(result)) this.context.cache.put(this.#questionOf(want), result);
        this.#show(want, result as Result<O>, performance.now() - asked, false);
      },
      failure: (failure) => this.#fail(failure),
      cancelled: () => this.#stopped(),
      gone: () => this.#lost(),
    };
    this.state.value = "computing";
    this.context.transport.request(
      this.name,
      { op: want.op, ...want.args, ...(want.network && { network: want.network }) },
      listener,
    );
  }

  #show(want: Want<O>, result: Result<O>, ms: number, cached: boolean): void {
    const gone = this.context.transport.link.peek() === "gone";
    batch(() => {
      this.shown.value = { want, result, meta: result.meta, bytes: result.bytes };
      this.frame.value = this.progress.value = this.failure.value = null;
      this.state.value = gone ? "stale" : "ready";
      this.context.finished({ title: want.title, ms, cached });
    });
  }

  #advance(want: Want<O>, message: Progress, buffers: readonly DataView[]): void {
    const meta = buffers.length > 0 ? parseFrame(want.op, message.meta) : null;
    batch(() => {
      this.state.value = "computing";
      this.progress.value = message;
      if (!meta) return;
      const { step, steps } = message;
      this.frame.value = { meta, bytes: readFrame(want.op, meta, buffers), step, steps, want };
    });
  }

  #fail(failure: Failure): void {
    batch(() => {
      this.context.failed(failure);
      this.failure.value = failure;
      this.progress.value = null;
      // A page that answers from a recording says so by this kind: nothing went wrong.
      this.state.value = failure.kind === "NotRecorded" ? "unrecorded" : "failed";
    });
  }

  #stopped(): void {
    batch(() => {
      this.progress.value = null;
      this.state.value = this.frame.peek() ? "ready" : this.shown.peek() ? "stale" : "idle";
    });
  }

  #lost(): void {
    if (!this.shown.peek()) this.#fail(GONE);
    else
      batch(() => {
        this.progress.value = null;
        this.state.value = "stale";
      });
  }
}
