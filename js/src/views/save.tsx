/** A picture to take along as a PNG file. */
import type { Bitmap } from "../draw/picture";
import { blit } from "./canvas";
import { Button } from "./controls";

function download(bitmap: Bitmap, name: string): void {
  const canvas = document.createElement("canvas");
  blit(canvas, bitmap);
  canvas.toBlob((file) => {
    if (!file) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = name;
    link.click();
    // The browser has taken hold of the file by then.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }, "image/png");
}

/** Letters, digits, dots and dashes of a description. */
export const fileName = (about: string): string => `${about.replace(/[^\p{L}\p{N}.]+/gu, "-")}.png`;

export function Save({ bitmap, about }: { bitmap: Bitmap; about: string }) {
  return (
    <Button label="Save the picture as a PNG file" onClick={() => download(bitmap, fileName(about))}>
      save picture
    </Button>
  );
}
