/** Bytes of a picture as a bitmap, made once for each content. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { lutOf } from "../draw/colour";
import { decoded } from "../draw/decode";
import { type Bitmap, paintBytes } from "../draw/picture";

export interface Rgb {
  pixels: Uint8Array;
  height: number;
  width: number;
}

const asBitmap = ({ pixels, height, width }: Rgb): Bitmap =>
  paintBytes(pixels, height, width, 3, lutOf("", false));

export function usePicture(rgb: Rgb | null): Bitmap | null {
  return useMemo(() => rgb && asBitmap(rgb), [rgb?.pixels, rgb?.height, rgb?.width]);
}

/** The picture in a JPEG file once it is read; until then, and without a file, `otherwise`. */
export function useFile(file: Uint8Array | undefined, otherwise: Bitmap | null): Bitmap | null {
  const read = useSignal<{ file: Uint8Array; bitmap: Bitmap } | null>(null);
  useEffect(() => {
    if (!file) return;
    let waits = true;
    void decoded(file, "image/jpeg").then((bitmap) => {
      if (waits) read.value = { file, bitmap };
    });
    return () => {
      waits = false;
    };
  }, [file]);
  if (!file) return otherwise;
  // While one is read, the one before it stays: the film does not flicker.
  return read.value?.bitmap ?? otherwise;
}
