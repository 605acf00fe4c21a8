/** The pictures to choose from, small and by name, where there are several. */
import { useMemo } from "preact/hooks";
import { lutOf } from "../draw/colour";
import { type Bitmap, paintBytes } from "../draw/picture";
import type { Shown } from "../slot";
import { Canvas } from "./canvas";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";
import { Panel, usePaintLog } from "./panel";

/** By the content's key: a picture never carries the thumbnail of one that was in its place before. */
function bitmapsOf({ meta, bytes, want }: Shown<"thumbnails">): Map<string, Bitmap> {
  const keys = want.about.keys as string[];
  const bitmaps = meta.sizes.map(([h, w], i) => paintBytes(bytes[i]!, h, w, 3, lutOf("", false)));
  return new Map(bitmaps.map((bitmap, i) => [keys[i] ?? "", bitmap]));
}

export function ImageStrip() {
  const { traits, slots, setTraits } = useStore();
  const log = usePaintLog();
  const images = traits._images.value;
  const shown = slots.thumbnails.shown.value;
  const bitmaps = useMemo(() => (shown ? bitmapsOf(shown) : new Map<string, Bitmap>()), [shown]);
  if (images.length < 2) return null;
  const chosen = traits.image_index.value;
  const onKeyDown = (event: KeyboardEvent) => {
    const next = chosen + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0);
    if (next === chosen || next < 0 || next >= images.length) return;
    event.preventDefault();
    setTraits({ image_index: next });
    ((event.currentTarget as HTMLElement).children[next] as HTMLElement).focus({ preventScroll: true });
  };
  return (
    <Panel name="thumbnails" label="Pictures" slot={slots.thumbnails} log={log}>
      <div
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
    </Panel>
  );
}

function Thumbnail({ bitmap, onPainted }: { bitmap: Bitmap | undefined; onPainted: () => void }) {
  return bitmap ? <Canvas bitmap={bitmap} label="" onPainted={onPainted} /> : null;
}
