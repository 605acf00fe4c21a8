import type { Box } from "../draw/part";

/** A receptive field's outline in the picture's own coordinates: legible on dark and on light. */
export function FieldMark({ box: [y0, x0, y1, x1] }: { box: Box }) {
  const place = { x: x0, y: y0, width: x1 - x0, height: y1 - y0 };
  return (
    <>
      <rect class="field under" {...place} />
      <rect class="field" {...place} />
    </>
  );
}
