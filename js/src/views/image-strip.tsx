/** The pictures: to choose from, small and by name, where there are several; and the ways to add one. */
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { lutOf } from "../draw/colour";
import { type Bitmap, paintBytes } from "../draw/picture";
import type { Shown } from "../slot";
import { AddPicture, Arrivals } from "./add-picture";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";
import { type PaintLog, Panel, usePaintLog } from "./panel";
import { Still } from "./still";

/** By the content's key: a picture never carries the thumbnail of one that was in its place before. */
function bitmapsOf({ meta, bytes, want }: Shown<"thumbnails">): Map<string, Bitmap> {
  const keys = want.about.keys as string[];
  const bitmaps = meta.sizes.map(([h, w], i) => paintBytes(bytes[i]!, h, w, 3, lutOf("", false)));
  return new Map(bitmaps.map((bitmap, i) => [keys[i] ?? "", bitmap]));
}

export function ImageStrip() {
  const { traits, slots } = useStore();
  const log = usePaintLog();
  const several = traits._images.value.length > 1;
  return (
    <Panel name="thumbnails" label="Pictures" slot={slots.thumbnails} log={log}>
      <div class="pictures">
        {several && <Strip log={log} />}
        <AddPicture />
        <Arrivals />
      </div>
    </Panel>
  );
}

function Strip({ log }: { log: PaintLog }) {
  const { traits, slots, setTraits } = useStore();
  const images = traits._images.value;
  const shown = slots.thumbnails.shown.value;
  const bitmaps = useMemo(() => (shown ? bitmapsOf(shown) : new Map<string, Bitmap>()), [shown]);
  const chosen = traits.image_index.value;
  const row = useRef<HTMLDivElement>(null);
  useScrolledTo(row, chosen, images.length);
  const onKeyDown = (event: KeyboardEvent) => {
    const next = chosen + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0);
    if (next === chosen || next < 0 || next >= images.length) return;
    event.preventDefault();
    setTraits({ image_index: next });
    (row.current?.children[next] as HTMLElement | undefined)?.focus({ preventScroll: true });
  };
  return (
    <div
      ref={row}
      class="line inner strip"
      role="listbox"
      aria-label="Pictures"
      aria-orientation="horizontal"
      onKeyDown={onKeyDown}
    >
      {images.map((image, i) => (
        <button
          key={image.key}
          type="button"
          role="option"
          aria-selected={i === chosen}
          tabIndex={i === chosen ? 0 : -1}
          title={image.name}
          onClick={() => setTraits({ image_index: i })}
          {...OWN_KEYS}
        >
          <Thumbnail
            bitmap={bitmaps.get(image.key)}
            onPainted={() => log.painted(shown, shown?.result.key ?? "")}
          />
          <b>{image.name}</b>
        </button>
      ))}
    </div>
  );
}

/** Keep the chosen picture in view, by scrolling this row alone. */
function useScrolledTo(row: RefObject<HTMLElement | null>, chosen: number, count: number): void {
  useEffect(() => {
    const option = row.current?.children[chosen] as HTMLElement | undefined;
    if (!row.current || !option) return;
    const middle = option.offsetLeft + option.offsetWidth / 2 - row.current.offsetLeft;
    row.current.scrollLeft = middle - row.current.clientWidth / 2;
  }, [row, chosen, count]);
}

function Thumbnail({ bitmap, onPainted }: { bitmap: Bitmap | undefined; onPainted: () => void }) {
  return bitmap ? <Still bitmap={bitmap} onPainted={onPainted} /> : null;
}
