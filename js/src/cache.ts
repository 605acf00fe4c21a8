/** Results the page already holds, least recently used dropped first, bounded in bytes. */
import { type Result, weight } from "./payload";

const MEBIBYTE = 1 << 20;

export class ResultCache {
  /** Content by the kernel's key; the order of insertion is the order of use. */
  readonly #results = new Map<string, Result>();
  /** Which content a question had for an answer: different questions may share one. */
  readonly #answers = new Map<string, string>();
  #bytes = 0;

  constructor(readonly limit: number = 96 * MEBIBYTE) {}

  get bytes(): number {
    return this.#bytes;
  }

  get(question: string): Result | undefined {
    const key = this.#answers.get(question);
    const result = key === undefined ? undefined : this.#results.get(key);
    if (key !== undefined && result) {
      this.#results.delete(key);
      this.#results.set(key, result);
    }
    return result;
  }

  /** Keep a result as the answer to a question; what does not fit within the limit is not kept. */
  put(question: string, result: Result): void {
    const key = `${result.op}/${result.key}`;
    this.#drop(key);
    if (weight(result) > this.limit) return;
    this.#results.set(key, result);
    this.#answers.set(question, key);
    this.#bytes += weight(result);
    for (const oldest of this.#results.keys()) {
      if (this.#bytes <= this.limit) break;
      this.#drop(oldest);
    }
    if (this.#answers.size > 4 * this.#results.size + 64) this.#forgetUnanswered();
  }

  #drop(key: string): void {
    const held = this.#results.get(key);
    if (!held) return;
    this.#results.delete(key);
    this.#bytes -= weight(held);
  }

  #forgetUnanswered(): void {
    for (const [question, key] of this.#answers) if (!this.#results.has(key)) this.#answers.delete(question);
  }
}
