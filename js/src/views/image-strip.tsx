import type { Store } from "../store";
import { OWN_KEYS } from "./controls";

/** One button a picture, where there are several. */
export function ImageStrip({ store }: { store: Store }) {
  const { traits, setTraits } = store;
  const images = traits._images.value;
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
          <b>{image.name}</b>
        </button>
      ))}
    </div>
  );
}
