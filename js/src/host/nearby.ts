/** A page with many views opens as fast as the ones that are looked at: the others wait until they come near. */

const MARGIN = "600px";

/** Resolves once this page's frame is in the window, or not far from it. */
export function nearby(): Promise<void> {
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
