import { useMemo } from "preact/hooks";
import { type Box, cut } from "../draw/part";
import type { Bitmap } from "../draw/picture";
import { Canvas } from "./canvas";
import { FieldMark } from "./marks";

interface Props {
  bitmap: Bitmap;
  /** The part that is shown, enlarged pixel by pixel; null for all of it. */
  part: Box | null;
  /** The receptive field, framed. */
  field: Box | null;
  label: string;
  /** Written below the picture, where several stand side by side. */
  title?: string;
  onPainted?: () => void;
}

/** A picture or a part of it, with a frame around the receptive field. */
export function Cutout({ bitmap, part, field, label, title, onPainted }: Props) {
  const shown = useMemo(() => (part ? cut(bitmap, part) : bitmap), [bitmap, part]);
  const [top, left] = part ?? [0, 0];
  const { height, width } = shown;
  return (
    <div class="cutout">
      <div class={`picture ${part ? "enlarged" : ""}`} style={{ aspectRatio: `${width} / ${height}` }}>
        <Canvas bitmap={shown} label={label} {...(onPainted && { onPainted })} />
        {field && (
          <svg
            class="marks"
            viewBox={`${left} ${top} ${width} ${height}`}
            preserveAspectRatio="none"
            aria-hidden="true"
          >
            <FieldMark box={field} />
          </svg>
        )}
      </div>
      {title && <small class="muted">{title}</small>}
    </div>
  );
}
