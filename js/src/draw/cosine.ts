/** How alike maps are, read off the bytes that they travelled in. */

export interface ByteMaps {
  /** count·area bytes, each map stretched over its own lo … hi. */
  pixels: Uint8Array;
  lo: ArrayLike<number>;
  hi: ArrayLike<number>;
}

/**
 * Cosine of every map with one of them: ⟨a, b⟩ / (‖a‖·‖b‖), −1 … 1; NaN beside a map that is zero everywhere.
 * With v = lo + s·byte, all sums are sums over bytes.
 */
export function cosines({ pixels, lo, hi }: ByteMaps, area: number, to: number): Float32Array {
  const count = pixels.length / area;
  const step = (k: number) => (hi[k]! - lo[k]!) / 255;
  const sums = new Float64Array(count);
  const products = new Float64Array(count);
  const squares = new Float64Array(count);
  const reference = pixels.subarray(to * area, (to + 1) * area);
  for (let k = 0, i = 0; k < count; k++) {
    for (let j = 0; j < area; j++, i++) {
      const byte = pixels[i]!;
      sums[k]! += byte;
      products[k]! += byte * reference[j]!;
      squares[k]! += byte * byte;
    }
  }
  const inner = (k: number, product: number, other: number) =>
    area * lo[k]! * lo[other]! +
    lo[k]! * step(other) * sums[other]! +
    lo[other]! * step(k) * sums[k]! +
    step(k) * step(other) * product;
  const norm = (k: number) => Math.sqrt(Math.max(0, inner(k, squares[k]!, k)));
  const own = norm(to);
  return Float32Array.from({ length: count }, (_, k) => inner(k, products[k]!, to) / (norm(k) * own));
}
