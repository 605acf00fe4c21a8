import { afterAll } from "vitest";

/** What jsdom lacks: pixels, layout, adopted style sheets. Pixels are tested in `draw.test.ts` without any. */
if ("HTMLCanvasElement" in globalThis) {
  HTMLCanvasElement.prototype.getContext = (() => null) as never;
  HTMLCanvasElement.prototype.toDataURL = () => "data:,";
  /** An image is there in the turn after it was asked for. */
  Object.defineProperty(HTMLImageElement.prototype, "src", {
    get(this: HTMLImageElement) {
      return this.getAttribute("src") ?? "";
    },
    set(this: HTMLImageElement, address: string) {
      this.setAttribute("src", address);
      setTimeout(() => this.dispatchEvent(new Event("load")));
    },
  });
}
URL.createObjectURL = () => "blob:";
URL.revokeObjectURL = () => {};

/** Every element is laid out 500 × 300 as soon as it is observed. */
globalThis.ResizeObserver = class {
  constructor(private readonly told: ResizeObserverCallback) {}
  observe(target: Element) {
    const contentRect = { width: 500, height: 300 } as DOMRectReadOnly;
    this.told([{ target, contentRect } as ResizeObserverEntry], this);
  }
  unobserve() {}
  disconnect() {}
};

if ("CSSStyleSheet" in globalThis) CSSStyleSheet.prototype.replaceSync ??= () => {};

/** Every file is a picture of one pixel. */
globalThis.createImageBitmap = (async () => ({ height: 1, width: 1, close() {} })) as never;

// Nothing is laid out, so nothing is out of sight.
if ("Element" in globalThis) Element.prototype.scrollIntoView ??= () => {};

// Preact ends the effects of the last test in a later turn, which needs the page that would be gone by then.
afterAll(() => new Promise((resolve) => setTimeout(resolve, 100)));
