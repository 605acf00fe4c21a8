/** What is seen at one place: the units of the layer that are strongest there, read from the maps in the page. */
import { byteValue } from "./draw/colour";
import { cellAt, type Place } from "./look";
import type { Result } from "./payload";

export interface Strength {
  channel: number;
  /** Known to 1/255 of the unit's own range. */
  value: number;
}

/** The strongest units at a place; without one, those that are strongest anywhere on the picture. */
export function strongestAt({ meta, bytes }: Result<"maps">, place: Place | null, most: number): Strength[] {
  const { channels, height, width } = meta;
  const [row, column] = cellAt(place ?? { y: 0, x: 0 }, [height, width]);
  const at = row * width + column;
  const valueThere = (channel: number): number => {
    const byte = bytes.pixels[channel * height * width + at]!;
    return byteValue(byte, bytes.lo[channel]!, bytes.hi[channel]!);
  };
  const found: Strength[] = Array.from({ length: channels }, (_, channel) => ({
    channel,
    value: place ? valueThere(channel) : bytes.max[channel]!,
  }));
  return found.sort((a, b) => b.value - a.value || a.channel - b.channel).slice(0, most);
}
