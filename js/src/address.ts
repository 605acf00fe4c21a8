/** Units as they are written: `layer4.1.conv2:17`, or `layer4.1.conv2:17@3,5` for one neuron (row, column). */

export interface Unit {
  layer: string;
  channel: number;
  position: [y: number, x: number] | null;
}

const PATTERN = /^(?<layer>.+):(?<channel>\d+)(?:@(?<y>\d+),(?<x>\d+))?$/;

/** The unit a text names, or null where it names none. */
export function parseUnit(written: string): Unit | null {
  const groups = PATTERN.exec(written.trim())?.groups;
  if (!groups) return null;
  const position: Unit["position"] = groups.y ? [Number(groups.y), Number(groups.x)] : null;
  return { layer: groups.layer as string, channel: Number(groups.channel), position };
}

export function formatUnit({ layer, channel, position }: Unit): string {
  return `${layer}:${channel}${position ? `@${position.join(",")}` : ""}`;
}

/** The channel a neuron belongs to. */
export const wholeUnit = (unit: Unit): Unit => ({ ...unit, position: null });
