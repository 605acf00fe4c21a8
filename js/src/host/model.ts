/** Stands in for an anywidget model and the kernel behind it: answers from what was recorded. */
import type { AnyModel } from "@anywidget/types";
import type { Contents } from "./contents";
import { decode } from "./decode";
import type { Content, ModelRecord } from "./document";

type Handler = (...args: never[]) => void;

/** What a message says beside what it asks. */
const ENVELOPE = ["type", "rid", "slot", "op"];

const isNothing = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0);

/** Equal for equal questions: names sorted; what is null or empty may as well be left out. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => (isNothing(item) ? "null" : canonical(item)))}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => !isNothing(item));
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)}}`;
}

const questionOf = (op: string, args: Record<string, unknown>): string => `${op} ${canonical(args)}`;

const argumentsOf = (message: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(message).filter(([key]) => !ENVELOPE.includes(key)));

export class RecordedModel {
  readonly widget_manager = { get_model: () => Promise.reject(new Error("there is no other model")) };
  readonly #state: Record<string, unknown>;
  readonly #answers = new Map<string, Content>();
  readonly #handlers = new Map<string, Set<Handler>>();

  constructor(
    { state, answers }: ModelRecord,
    contents: readonly Content[],
    private readonly packed: Contents,
  ) {
    this.#state = state;
    for (const { op, args, content } of answers) {
      const found = contents[content];
      if (found) this.#answers.set(questionOf(op, args), found);
    }
  }

  get = (name: string): never => (name === "_holds" ? this.holds : this.#state[name]) as never;

  set = (name: string, value: unknown): void => {
    if (this.#state[name] === value) return;
    this.#state[name] = value;
    this.#fire(`change:${name}`);
    this.#fire("change");
  };

  save_changes = (): void => {};

  on = (names: string, handler: Handler): void => {
    for (const name of names.split(" ")) {
      this.#handlers.set(name, (this.#handlers.get(name) ?? new Set()).add(handler));
    }
  };

  off = (names?: string | null, handler?: Handler | null): void => {
    for (const name of names?.split(" ") ?? [...this.#handlers.keys()]) {
      if (handler) this.#handlers.get(name)?.delete(handler);
      else this.#handlers.delete(name);
    }
  };

  /** Answers come later, as they would from a kernel; whoever does not wait for one any more does not look at it. */
  send = (content: unknown): void => {
    const message = content as Record<string, unknown>;
    if (message.type === "hello") {
      const { revision = 0 } = (this.#state._network ?? {}) as { revision?: number };
      queueMicrotask(() => this.#say({ type: "welcome", revision }));
    } else if (message.type === "request") {
      queueMicrotask(() => void this.#serve(message));
    }
  };

  /** Whether this can be answered without a kernel. */
  holds = (op: string, args: Record<string, unknown>): boolean => this.#answers.has(questionOf(op, args));

  async #serve(message: Record<string, unknown>): Promise<void> {
    const { rid, op } = message as { rid: string; op: string };
    const fail = (kind: string, why: string) =>
      this.#say({ type: "failure", rid, op, kind, message: why, traceback: "" });
    const content = this.#answers.get(questionOf(op, argumentsOf(message)));
    if (!content) return fail("NotRecorded", "Not in this recording: it needs a kernel.");
    this.#say({ type: "ack", rid, state: "queued" });
    try {
      const buffers = await Promise.all(content.parts.map((part) => decode(part, this.packed)));
      return this.#say({ type: "result", rid, op, key: content.key, meta: content.meta }, buffers);
    } catch (error) {
      return fail("Damaged", `This part of the recording cannot be read (${String(error)}).`);
    }
  }

  #say(content: Record<string, unknown>, buffers: readonly DataView[] = []): void {
    this.#fire("msg:custom", content, buffers);
  }

  #fire(name: string, ...args: unknown[]): void {
    for (const handler of [...(this.#handlers.get(name) ?? [])])
      (handler as (...a: unknown[]) => void)(...args);
  }
}

export const asModel = (model: RecordedModel): AnyModel => model as unknown as AnyModel;
