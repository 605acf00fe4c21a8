/**
 * Small pictures that stay as they are, as images: a browser keeps a layer of its own for every canvas, and sorts all
 * layers of the page whenever something appears in it.
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Bitmap } from "../draw/picture";
import { blit } from "./canvas";

let scratch: HTMLCanvasElement | undefined;

function addressOf(bitmap: Bitmap): string {
  scratch ??= document.createElement("canvas");
  blit(scratch, bitmap);
  return scratch.toDataURL();
}

interface StillProps {
  bitmap: Bitmap;
  onPainted?: () => void;
}

/** A bitmap beside a text that says what it is. Encoded after what is looked at is painted. */
export function Still({ bitmap, onPainted }: StillProps) {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    if (image.current) image.current.src = addressOf(bitmap);
  }, [bitmap]);
  return <img ref={image} alt="" draggable={false} {...(onPainted && { onLoad: onPainted })} />;
}

/** A picture file as it is; an empty one leaves its place free. */
export function StillFile({ file, type, label }: { file: Uint8Array; type: string; label: string }) {
  const address = useSignal("");
  useEffect(() => {
    if (file.length === 0) return;
    const made = URL.createObjectURL(new Blob([file as BlobPart], { type }));
    address.value = made;
    return () => {
      address.value = "";
      URL.revokeObjectURL(made);
    };
  }, [file, type]);
  return address.value ? <img src={address.value} alt={label} draggable={false} /> : <span class="nothing" />;
}
