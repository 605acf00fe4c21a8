/**
 * The only file that sends to the kernel or hears from it.
 *
 * A slot (panel) has at most one request in flight: a newer one supersedes it, here at once and in the
 * kernel within a step, and whatever still arrives for the older one is ignored. Silence of two seconds
 * means that a cell is running in front of us; a `send` that throws means that the kernel is gone.
 */
import type { AnyModel } from "@anywidget/types";
import { signal } from "@preact/signals";
import { ProtocolError } from "./check";
import { type Result, readResult } from "./payload";
import {
  type Asker,
  type Failure,
  type Outgoing,
  type Progress,
  parseIncoming,
  type ResultMessage,
} from "./protocol";
import { PATIENCE_MS, Vigil } from "./vigil";

export type Link = "connecting" | "live" | "busy" | "gone";

/** How a request is lived through; after `result`, `failure`, `cancelled` or `gone` nothing follows. */
export interface Listener {
  queued(): void;
  accepted(): void;
  progress(message: Progress, buffers: readonly DataView[]): void;
  result(result: Result): void;
  failure(failure: Failure): void;
  cancelled(): void;
  gone(): void;
}

/** A request without what the transport adds. */
export type Question = { op: string } & Record<string, unknown>;

interface Pending {
  rid: string;
  slot: Asker;
  question: Question;
  buffers: readonly ArrayBuffer[];
  listener: Listener;
  silence: ReturnType<typeof setTimeout>;
  /** Whether the kernel has said anything to it: until then it may lie behind a running cell. */
  heard: boolean;
}

/** Unique among all pages that may show this widget: two browser tabs hear each other's answers. */
const page = globalThis.crypto?.randomUUID?.() ?? Math.random().toString(36).slice(2);
let serial = 0;
export const uniqueName = (): string => `${page}-${++serial}`;

export class Transport {
  readonly link = signal<Link>("connecting");
  /** Whether the kernel ever answered: tells a restart from a page that never had a kernel. */
  welcomed = false;
  onRevision: (revision: number) => void = () => {};
  /** The kernel answers again after it was gone. */
  onReturn: () => void = () => {};

  readonly #model: AnyModel;
  readonly #afterPaint: (task: () => void) => void;
  readonly #pending = new Map<string, Pending>();
  #lost = false;
  readonly #vigil = new Vigil(
    () => this.hello(),
    () => {
      this.link.value = "busy";
    },
  );
  readonly #hear = (content: unknown, buffers: DataView[]) => this.#receive(content, buffers ?? []);
  readonly #reconnect = () => this.reconnect();

  constructor(
    model: AnyModel,
    afterPaint: (task: () => void) => void = (task) => void requestAnimationFrame(task),
  ) {
    this.#model = model;
    this.#afterPaint = afterPaint;
    model.on("msg:custom", this.#hear);
    model.on("comm_live_update", this.#reconnect);
  }

  hello(): void {
    if (this.link.peek() === "gone") return;
    this.#vigil.greeted();
    this.#send({ type: "hello", view_id: uniqueName() });
  }

  /** Ask on behalf of a slot, with bytes beside the question where it has any; returns the request's name. */
  request(slot: Asker, question: Question, listener: Listener, buffers: readonly ArrayBuffer[] = []): string {
    // One that was not heard yet may still arrive, after this one: it must not supersede it then.
    for (const older of this.#forgetSlot(slot)) {
      if (!older.heard) this.#send({ type: "cancel", rid: older.rid });
    }
    const rid = uniqueName();
    const silence = setTimeout(() => {
      this.link.value = "busy";
      listener.queued();
    }, PATIENCE_MS);
    const pending = { rid, slot, question, buffers, listener, silence, heard: false };
    this.#pending.set(rid, pending);
    this.#vigil.asked();
    this.#ask(pending);
    return rid;
  }

  #ask({ rid, slot, question, buffers }: Pending): void {
    this.#send({ type: "request", rid, slot, ...question } as Outgoing, buffers);
  }

  /** Nobody waits for this slot any more. */
  cancel(slot: Asker): void {
    for (const { rid } of this.#forgetSlot(slot)) this.#send({ type: "cancel", rid });
  }

  /** The host says that there is no kernel behind the widget. */
  disconnect(): void {
    if (this.link.peek() !== "gone") this.#lose();
  }

  /** The host's connection changed; only an answer proves that there is a kernel, and the old one. */
  reconnect(): void {
    if (this.link.peek() === "gone") this.link.value = "connecting";
    this.hello();
  }

  dispose(): void {
    this.#vigil.end();
    for (const rid of [...this.#pending.keys()]) this.#settle(rid);
    this.#model.off("msg:custom", this.#hear);
    this.#model.off("comm_live_update", this.#reconnect);
  }

  #send(message: Outgoing, buffers: readonly ArrayBuffer[] = []): void {
    try {
      if (this.link.peek() === "gone") throw new Error("no kernel");
      this.#model.send(message, undefined, [...buffers]);
    } catch {
      // A comm whose kernel went away throws; requests in flight will never be answered.
      this.#lose();
    }
  }

  #lose(): void {
    this.#vigil.end();
    this.#lost = true;
    this.link.value = "gone";
    for (const { rid, listener } of [...this.#pending.values()]) {
      this.#settle(rid);
      listener.gone();
    }
  }

  #forgetSlot(slot: Asker): Pending[] {
    const forgotten = [...this.#pending.values()].filter((p) => p.slot === slot);
    for (const { rid } of forgotten) this.#settle(rid);
    return forgotten;
  }

  #settle(rid: string): Pending | undefined {
    const pending = this.#pending.get(rid);
    clearTimeout(pending?.silence);
    this.#pending.delete(rid);
    return pending;
  }

  #receive(content: unknown, buffers: readonly DataView[]): void {
    this.link.value = "live";
    this.#take(content, buffers);
    this.#vigil.heard(this.#pending.size > 0);
  }

  #take(content: unknown, buffers: readonly DataView[]): void {
    const rid = (content as { rid?: unknown } | null)?.rid;
    const pending = typeof rid === "string" ? this.#pending.get(rid) : undefined;
    if (rid !== undefined && !pending) return; // an answer nobody waits for any more
    try {
      this.#handle(content, buffers, pending);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      console.error(`[nbviz] ${error.message}`);
      if (!pending) return;
      this.#settle(pending.rid);
      const message = `The kernel's answer does not fit this page (${error.message}): install one version of nbviz.`;
      pending.listener.failure({ kind: error.name, message, traceback: "" });
    }
  }

  #handle(content: unknown, buffers: readonly DataView[], pending: Pending | undefined): void {
    const message = parseIncoming(content);
    if (message.type === "welcome") {
      this.welcomed = true;
      this.onRevision(message.revision);
      if (this.#lost) this.onReturn();
      this.#lost = false;
      // The first messages of a page go to the main shell, where they wait for every cell that is to run. By now the
      // host has opened another way: asked again over it, the same question is answered at once, and only once.
      for (const waiting of this.#pending.values()) if (!waiting.heard) this.#ask(waiting);
    } else if (message.type === "stale") {
      this.onRevision(message.revision);
    } else if (pending) {
      this.#answer(message, buffers, pending);
    }
  }

  #answer(
    message: Exclude<ReturnType<typeof parseIncoming>, { type: "welcome" | "stale" }>,
    buffers: readonly DataView[],
    pending: Pending,
  ): void {
    const { rid, listener, silence } = pending;
    clearTimeout(silence);
    pending.heard = true;
    if (message.type === "ack") {
      listener.accepted();
    } else if (message.type === "progress") {
      listener.progress(message, buffers);
      this.#afterPaint(() => this.#send({ type: "frame_ack", rid, seq: message.seq }));
    } else if (message.type === "result") {
      const result = readResult(message as ResultMessage, buffers);
      this.#settle(rid);
      listener.result(result);
    } else {
      this.#settle(rid);
      if (message.type === "failure") listener.failure(message);
      else listener.cancelled();
    }
  }
}
