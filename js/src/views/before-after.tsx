/** Two pictures of the same thing on top of each other, with a divider between before and after. */
import { useSignal } from "@preact/signals";
import type { Bitmap } from "../draw/picture";
import { Canvas } from "./canvas";
import { OWN_KEYS } from "./controls";

interface Side {
  bitmap: Bitmap;
  /** What it is: `as it was`. */
  name: string;
}

interface Props {
  /** Shown left of the divider. */
  before: Side;
  after: Side & { onPainted?: () => void };
  /** What is compared, for assistive tools. */
  label: string;
}

const STEP = 0.02;
const PAGE = 0.2;

/** Where a key moves the divider, or null where it means something else. */
function moved(share: number, key: string): number | null {
  const by: Record<string, number> = {
    ArrowLeft: -STEP,
    ArrowDown: -STEP,
    ArrowRight: STEP,
    ArrowUp: STEP,
    PageDown: -PAGE,
    PageUp: PAGE,
    Home: -1,
    End: 1,
  };
  const step = by[key];
  return step === undefined ? null : Math.min(1, Math.max(0, share + step));
}

export function BeforeAfter({ before, after, label }: Props) {
  const share = useSignal(0.5);
  const follow = (event: PointerEvent) => {
    if (event.buttons !== 1 || !event.isPrimary) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    share.value = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const onPointerDown = (event: PointerEvent) => {
    if (!event.isPrimary) return;
    const place = event.currentTarget as HTMLElement;
    // Beyond the picture's edge, too, the divider follows until the button is let go.
    place.setPointerCapture?.(event.pointerId);
    (place.querySelector('[role="slider"]') as HTMLElement).focus({ preventScroll: true });
    event.preventDefault();
    follow(event);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = moved(share.value, event.key);
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    share.value = next;
  };
  const percent = Math.round(100 * share.value);
  const { height, width } = after.bitmap;
  return (
    <div
      class="picture before-after"
      style={{ aspectRatio: `${width} / ${height}`, "--share": `${100 * share.value}%` }}
      onPointerDown={onPointerDown}
      onPointerMove={follow}
    >
      <Canvas
        bitmap={after.bitmap}
        label={after.name}
        {...(after.onPainted && { onPainted: after.onPainted })}
      />
      <div class="before">
        <Canvas bitmap={before.bitmap} label={before.name} />
      </div>
      <span class="side-name left" hidden={percent < 12} aria-hidden="true">
        {before.name}
      </span>
      <span class="side-name right" hidden={percent > 88} aria-hidden="true">
        {after.name}
      </span>
      <div
        class="divider"
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={`${percent} percent ${before.name}, ${100 - percent} percent ${after.name}`}
        onKeyDown={onKeyDown}
        {...OWN_KEYS}
      />
    </div>
  );
}
