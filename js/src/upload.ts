/** Files a person adds: sent to the kernel one after the other, each in parts that every host carries. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Result } from "./payload";
import { type Transport, uniqueName } from "./transport";

/** Some hosts lose messages of a megabyte and more. */
export const PART_BYTES = 768 * 1024;

export interface Sending {
  name: string;
  /** Parts that have arrived, of how many. */
  part: number;
  parts: number;
  /** Files that wait behind this one. */
  waiting: number;
}

class Broken extends Error {}
/** Thrown where the person has called it off: nothing to tell. */
class CalledOff extends Error {}

const NO_KERNEL = "there is no kernel to take it: run the cell again.";

export class Uploads {
  readonly #sending = signal<Sending | null>(null);
  readonly sending: ReadonlySignal<Sending | null> = this.#sending;
  /** What went wrong, in one sentence each; emptied by the person, and where the next files are given. */
  readonly troubles = signal<readonly string[]>([]);
  /** What arrived last, for the status line. */
  readonly arrived = signal("");
  #queue: File[] = [];
  #busy = false;
  #calledOff = false;
  #callOff: () => void = () => {};

  /** `show` turns to the picture of a number. */
  constructor(
    private readonly transport: Transport,
    private readonly show: (image: number) => void,
  ) {}

  /** Add pictures; the first of them is shown once all are there. */
  async add(files: Iterable<File>): Promise<void> {
    const given = [...files];
    this.troubles.value = [];
    const pictures = given.filter(mayBePicture);
    for (const file of given) if (!pictures.includes(file)) this.tell(`${file.name} is not a picture.`);
    this.#queue.push(...pictures);
    if (!this.#busy) await this.#sendAll();
  }

  /** Take a picture of the data set in by its number there, and show it. */
  adopt(picture: number): void {
    this.troubles.value = [];
    const broken = (why: string) => this.tell(`Picture ${picture} of the data set: ${why}`);
    this.transport.request(
      "adopt",
      { op: "adopt", picture },
      {
        queued: () => {},
        accepted: () => {},
        progress: () => {},
        result: ({ meta }) => this.show((meta as Result<"adopt">["meta"]).image),
        failure: ({ message }) => broken(message),
        cancelled: () => {},
        gone: () => broken(NO_KERNEL),
      },
    );
  }

  /** Say that something went wrong. */
  tell(sentence: string): void {
    this.troubles.value = [...this.troubles.peek(), sentence];
  }

  /** Stop sending; what has arrived as a whole stays. */
  cancel(): void {
    this.#queue = [];
    this.#calledOff = true;
    this.transport.cancel("upload");
    this.#callOff();
  }

  async #sendAll(): Promise<void> {
    let first: number | null = null;
    this.#busy = true;
    this.#calledOff = false;
    for (let file = this.#queue.shift(); file; file = this.#queue.shift()) {
      try {
        const { image, note } = await this.#send(file);
        first ??= image;
        this.arrived.value = `${file.name} is added${note && `, ${note}`}.`;
      } catch (error) {
        if (!(error instanceof CalledOff)) this.tell(`${file.name}: ${(error as Error).message}`);
      }
    }
    this.#busy = false;
    this.#sending.value = null;
    if (first !== null) this.show(first);
  }

  /** The next part leaves when the one before has arrived, so that nothing piles up on the way. */
  async #send(file: File): Promise<Result<"upload">["meta"]> {
    const [name, id] = [file.name, uniqueName()];
    const parts = Math.max(1, Math.ceil(file.size / PART_BYTES));
    for (let part = 0; ; part++) {
      this.#sending.value = { name, part, parts, waiting: this.#queue.length };
      const bytes = await file.slice(part * PART_BYTES, (part + 1) * PART_BYTES).arrayBuffer();
      if (this.#calledOff) throw new CalledOff();
      const meta = await this.#sendPart({ file: id, name, part, parts }, bytes);
      if (meta.image !== null) return meta;
      if (part + 1 >= parts) throw new Broken("the kernel did not take it as a whole; give it again.");
    }
  }

  #sendPart(args: Record<string, unknown>, bytes: ArrayBuffer): Promise<Result<"upload">["meta"]> {
    return new Promise((resolve, reject) => {
      this.#callOff = () => reject(new CalledOff());
      const listener = {
        queued: () => {},
        accepted: () => {},
        progress: () => {},
        result: ({ meta }: Result) => resolve(meta as Result<"upload">["meta"]),
        failure: ({ message }: { message: string }) => reject(new Broken(message)),
        cancelled: () => reject(new Broken("another upload took its place; give it again.")),
        gone: () => reject(new Broken(NO_KERNEL)),
      };
      this.transport.request("upload", { op: "upload", ...args }, listener, [bytes]);
    });
  }
}

/** A browser knows most kinds by their names; what it does not know, the kernel looks into. */
const mayBePicture = ({ type }: File): boolean => type === "" || type.startsWith("image/");
