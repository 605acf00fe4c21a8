/** The packed contents of a recording: what a view needs to open is there, the rest comes when it is asked for. */
export class Contents {
  #rest: Promise<string> | undefined;

  constructor(
    private readonly opening: string,
    private readonly fetchRest: () => Promise<string>,
  ) {}

  /** The text from one place to another; both lie on one side of where the opening ends. */
  async text(from: number, to: number): Promise<string> {
    const end = this.opening.length;
    if (to <= end) return this.opening.slice(from, to);
    // What was not there once may be there at the next click.
    this.#rest ??= this.fetchRest().catch((error) => {
      this.#rest = undefined;
      throw error;
    });
    return (await this.#rest).slice(from - end, to - end);
  }
}

/** Of a page that stands alone, once it is parsed to its end. */
export async function restOfPage(): Promise<string> {
  if (document.readyState === "loading") {
    await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
  }
  return document.getElementById("nbviz-rest")?.textContent ?? "";
}
