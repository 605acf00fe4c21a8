/** Numbers as people read them. */

/** Three significant digits, no trailing zeros, powers of ten beyond four digits: 3.1, 0.042, 1.2e-5. */
export function short(value: number): string {
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e4 || magnitude < 1e-3) return minus(value.toExponential(1).replace("e+", "e"));
  return minus(String(Number(value.toPrecision(magnitude >= 1000 ? 4 : 3))));
}

/** Two digits and no zero before the point, for where there is little room: 3.1, .42, −.05. */
export const brief = (value: number): string =>
  short(Number(value.toPrecision(2))).replace(/^(−?)0\./, "$1.");

/** A true minus sign aligns with digits and is read aloud as one. */
const minus = (digits: string): string => digits.replaceAll("-", "−");

export const percent = (probability: number): string =>
  probability >= 0.1
    ? `${Math.round(100 * probability)} %`
    : `${Number((100 * probability).toPrecision(2))} %`;

/** 50,000 */
export const whole = (n: number): string => n.toLocaleString("en");

export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${short(ms / 1000)} s`;
}

/** 14², or 14×20 where the map is not square. */
export const extent = (height: number, width: number): string =>
  height === width ? `${height}²` : `${height}×${width}`;

/** `completeness 0.998`, one text a number. */
export const named = (numbers: Record<string, number>): string[] =>
  Object.entries(numbers).map(([name, value]) => `${name} ${short(value)}`);

/** `SmoothGrad (samples 20, form square)`: what was set differently is part of what a picture is. */
export function withSettings(label: string, params: Record<string, unknown>): string {
  const settings = Object.entries(params).map(([name, value]) => `${name} ${value ?? "auto"}`);
  return settings.length > 0 ? `${label} (${settings.join(", ")})` : label;
}
