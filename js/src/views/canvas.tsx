import { useLayoutEffect, useRef } from "preact/hooks";
import type { Bitmap } from "../draw/picture";

interface Props {
  bitmap: Bitmap;
  /** Empty where a text beside it says the same. */
  label: string;
  /** Painted again when this changes, though the pixels be the same. */
  token?: unknown;
  onPainted?: () => void;
}

/** Put packed pixels on a canvas of their size. */
export function blit(canvas: HTMLCanvasElement, { width, height, pixels }: Bitmap): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const bytes = new Uint8ClampedArray(pixels.buffer as ArrayBuffer, pixels.byteOffset, pixels.byteLength);
  context.putImageData(new ImageData(bytes, width, height), 0, 0);
}

/** A bitmap on a canvas, painted in the next animation frame after it changed. */
export function Canvas({ bitmap, label, token, onPainted }: Props) {
  const ref = useRef<HTMLCanvasElement>(null);
  const painted = useRef(onPainted);
  painted.current = onPainted;
  // Asked for before the browser draws: an effect after that would come a frame late.
  useLayoutEffect(() => {
    const pending = requestAnimationFrame(() => {
      if (!ref.current) return;
      blit(ref.current, bitmap);
      painted.current?.();
    });
    return () => cancelAnimationFrame(pending);
  }, [bitmap, token]);
  return <canvas ref={ref} role={label ? "img" : "none"} aria-label={label || undefined} />;
}
