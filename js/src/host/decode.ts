/** From the text of a page back to the bytes that the kernel had sent. */
import type { Contents } from "./contents";
import type { Part } from "./document";

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

export async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Response(bytes).body as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Uint8Array(
    await new Response(packed.pipeThrough(new DecompressionStream("deflate"))).arrayBuffer(),
  );
}

/** The picture's own numbers: nothing is adapted to the screen, and nothing is multiplied by opacity. */
async function fromWebp(bytes: Uint8Array<ArrayBuffer>, channels: number): Promise<Uint8Array> {
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/webp" }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D;
  pen.drawImage(bitmap, 0, 0);
  bitmap.close();
  return withoutOpacity(pen.getImageData(0, 0, width, height).data, channels);
}

/** Of each four bytes the first one or three. */
export function withoutOpacity(rgba: Uint8ClampedArray, channels: number): Uint8Array {
  const count = rgba.length / 4;
  const out = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < channels; c++) out[channels * i + c] = rgba[4 * i + c]!;
  }
  return out;
}

const CODECS: Record<Part["codec"], (bytes: Uint8Array<ArrayBuffer>, part: Part) => Promise<Uint8Array>> = {
  plain: async (bytes) => bytes,
  deflate: (bytes) => inflate(bytes),
  webp: (bytes, { channels }) => fromWebp(bytes, channels),
};

/** The bytes of a part, as a message would bring them. */
export async function decode(part: Part, contents: Contents): Promise<DataView> {
  const packed = fromBase64(await contents.text(part.from, part.to));
  const bytes = await CODECS[part.codec](packed, part);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
