/** What jsdom lacks: a canvas, layout, adopted style sheets. Pixels are tested in `draw.test.ts` without any. */
if ("HTMLCanvasElement" in globalThis) HTMLCanvasElement.prototype.getContext = (() => null) as never;

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
