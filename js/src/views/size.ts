import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

export interface Size {
  width: number;
  height: number;
}

/** The element's inner size as the browser lays it out; zero until then, and while it is hidden. */
export function useSize(ref: RefObject<HTMLElement | null>): ReadonlySignal<Size> {
  const size = useSignal<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const observer = new ResizeObserver((entries) => {
      const { width, height } = entries[entries.length - 1]!.contentRect;
      const [w, h] = [Math.floor(width), Math.floor(height)];
      if (w !== size.peek().width || h !== size.peek().height) size.value = { width: w, height: h };
    });
    observer.observe(ref.current as HTMLElement);
    return () => observer.disconnect();
  }, [ref, size]);
  return size;
}
