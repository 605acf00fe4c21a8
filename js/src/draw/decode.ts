/** Picture files to pixels, by the browser's own decoders. */
import type { Bitmap } from "./picture";

/** The pixels of an encoded picture; rejects for what is none. */
export async function decode(file: Uint8Array, type: string): Promise<Bitmap> {
  const image = await createImageBitmap(new Blob([file as BlobPart], { type }));
  const { height, width } = image;
  const canvas = document.createElement("canvas");
  [canvas.height, canvas.width] = [height, width];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context?.drawImage(image, 0, 0);
  image.close();
  const bytes = context?.getImageData(0, 0, width, height).data;
  return { height, width, pixels: bytes ? new Uint32Array(bytes.buffer) : new Uint32Array(height * width) };
}

const held = new WeakMap<Uint8Array, Promise<Bitmap>>();

/** The same, once for each file that is kept. */
export function decoded(file: Uint8Array, type: string): Promise<Bitmap> {
  const known = held.get(file) ?? decode(file, type);
  held.set(file, known);
  return known;
}
