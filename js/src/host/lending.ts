/**
 * Several outputs of one notebook share one copy of the module and of what was recorded. The first one brings both
 * and lends them to the others through the notebook's window, which all of them can reach.
 */

export interface Lent {
  module: string;
  contents: string;
}

declare global {
  interface Window {
    /** By the name of the recording; kept by the notebook's window, which outlives an output that is scrolled away. */
    nbvizLent?: Record<string, Lent>;
    /** What was borrowed for this page. */
    nbvizContents?: string;
  }
}

/** The name of the recording that this page is part of. */
export const recordingName = (): string => document.documentElement.dataset.nbvizRecording ?? "";

/** The window of the notebook, or null where this page stands alone or may not look outside. */
export function notebookWindow(): Window | null {
  try {
    const around = window.parent;
    return around !== window && around.document ? around : null;
  } catch {
    return null;
  }
}

export function lend(module: string | undefined, contents: string): void {
  const notebook = notebookWindow();
  const name = recordingName();
  if (!notebook || !name || !module) return;
  notebook.nbvizLent = { ...notebook.nbvizLent, [name]: { module, contents } };
}
