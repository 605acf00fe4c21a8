/**
 * Several outputs of one notebook share one copy of the module and of what was recorded. The first one brings both
 * and lends them to the others through the notebook's window, which all of them can reach. What no view needs to open
 * lies beside its frame: inside, it would be parsed and copied once more.
 */
import { found } from "./waiting";

export interface Lent {
  module: string;
  /** The contents that the views need to open. */
  opening: string;
  /** The others, once they are there. */
  rest?: string;
}

declare global {
  interface Window {
    /** By the name of the recording; kept by the notebook's window, which outlives an output that is scrolled away. */
    nbvizLent?: Record<string, Lent>;
    /** What was borrowed for this page. */
    nbvizContents?: string;
  }
}

/** The name of the recording that this page is part of; empty where it stands alone. */
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

/** What is lent for the recording of this page. */
export const lent = (): Lent | undefined => notebookWindow()?.nbvizLent?.[recordingName()];

export function lend(module: string | undefined, opening: string): void {
  const notebook = notebookWindow();
  const name = recordingName();
  if (!notebook || !name || !module) return;
  const lending: Lent = { module, opening };
  notebook.nbvizLent = { ...notebook.nbvizLent, [name]: lending };
  const { frameElement } = window;
  const look = () => {
    const beside = frameElement?.nextElementSibling as HTMLElement | null;
    return beside?.dataset.nbvizRest;
  };
  found(look, notebook.document).then(
    (rest) => {
      lending.rest = rest;
    },
    () => {}, // whoever asks for it is told
  );
}

/** The contents that no view needs to open. */
export async function restOfContents(): Promise<string> {
  const notebook = notebookWindow();
  if (!notebook) throw new Error("it lies beside this view, where the page around it lets nobody look");
  return found(() => lent()?.rest, notebook.document);
}
