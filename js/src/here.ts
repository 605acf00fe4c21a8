/** What is seen at one place: the units of the layer that are strongest there, read from the maps in the page. */
import { byteValue } from "./draw/colour";
import { cellAt, type Place } from "./look";
import type { Result } from "./payload";

export interface Strength {
  channel: number;
  /** Known to 1/255 of the unit's own range. */
  value: number;
}

export function strongestAt({ meta, bytes }: Result<"maps">, place: Place, most: number): Strength[] {
  const { channels, height, width } = meta;
  const [row, column] = cellAt(place, [height, width]);
  const at = row * width + column;
  const found: Strength[] = Array.from({ length: channels }, (_, channel) => {
    const byte = bytes.pixels[channel * height * width + at]!;
    return { channel, value: byteValue(byte, bytes.lo[channel]!, bytes.hi[channel]!) };
  });
  return found.sort((a, b) => b.value - a.value || a.channel - b.channel).slice(0, most);
}
