/** A part of a picture of the data set, with the projection of what was found there. */
import { short } from "../format";
import type { Patch } from "../protocol";
import { useStore } from "./context";
import { OWN_KEYS } from "./controls";
import { StillFile } from "./still";

interface TileProps {
  patch: Patch;
  rank: number | null;
  file: Uint8Array;
  /** Undefined while it is computed, and where there is none. */
  projection?: Uint8Array | undefined;
  method?: string;
  note?: string;
}

/** A click takes its picture in among those that are looked at. */
export function Tile({ patch, rank, file, projection, method = "", note = "" }: TileProps) {
  const { uploads } = useStore();
  const { score, name, label } = patch;
  const what = [rank === null ? "example" : `rank ${rank + 1}`, label, name].filter(Boolean).join(", ");
  return (
    <li>
      <button
        type="button"
        class="patch"
        aria-label={`${what}, activation ${short(score)}: look at the picture`}
        title={`${what}${note && `\n${note}`}`}
        onClick={() => uploads.adopt(patch.picture)}
        {...OWN_KEYS}
      >
        <StillFile file={file} type="image/webp" label="" />
        {projection && <StillFile file={projection} type="image/webp" label={method} />}
      </button>
      <small>{short(score)}</small>
      {label && <small class="muted">{label}</small>}
      {patch.note && <small class="fault">{patch.note}</small>}
    </li>
  );
}
