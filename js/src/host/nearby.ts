/** A page with many views opens as fast as the ones that are looked at: the others wait until they come near. */

import { frame } from "./surroundings";

const MARGIN = "600px";
/** Of the frame while it waits: the pictures above it say what it is going to show. */
const HEIGHT = "40px";

/** Resolves once this page's frame is in the window, or not far from it. */
export function nearby(): Promise<void> {
  const around = frame();
  if (around) around.style.height = HEIGHT;
  return new Promise((resolve) => {
    const watch = new IntersectionObserver(
      (seen) => {
        if (!seen.some(({ isIntersecting }) => isIntersecting)) return;
        watch.disconnect();
        resolve();
      },
      { rootMargin: MARGIN },
    );
    watch.observe(document.documentElement);
  });
}
