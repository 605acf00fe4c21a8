/** Files dropped anywhere on the widget. */

const carriesFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") ?? false;

/** Take dropped files while `life` lasts; the element carries `data-drop` while some are held over it. */
export function acceptFiles(place: HTMLElement, take: (files: File[]) => void, life: AbortSignal): void {
  const hold = (event: DragEvent) => {
    if (!carriesFiles(event) || !event.dataTransfer) return;
    // The notebook around must not take them, nor the browser leave the page for the file.
    event.preventDefault();
    event.stopPropagation();
    event.dataTransfer.dropEffect = "copy";
    place.dataset.drop = "held";
  };
  const leave = (event: DragEvent) => {
    if (!place.contains(event.relatedTarget as Node | null)) delete place.dataset.drop;
  };
  const drop = (event: DragEvent) => {
    delete place.dataset.drop;
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    take([...(event.dataTransfer?.files ?? [])]);
  };
  place.addEventListener("dragenter", hold, { signal: life });
  place.addEventListener("dragover", hold, { signal: life });
  place.addEventListener("dragleave", leave, { signal: life });
  place.addEventListener("drop", drop, { signal: life });
}
