/** A picture from the camera: what it sees, until a person takes the picture or closes it. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { useStore } from "./context";
import { Button } from "./controls";

const NONE = "No camera here: browsers give one to https pages and to localhost alone.";
const REFUSED: Record<string, string> = {
  NotAllowedError: "The camera was refused: allow it for this page in the browser, or give a file.",
  NotFoundError: "There is no camera on this machine: give a file.",
  NotReadableError: "The camera is in use by another program: close that, or give a file.",
};

const refusal = (error: unknown): string =>
  REFUSED[(error as DOMException).name] ?? `The camera does not start (${error}): give a file.`;

export function Camera({ disabled }: { disabled: boolean }) {
  const { uploads } = useStore();
  const stream = useSignal<MediaStream | null>(null);
  const missing = !navigator.mediaDevices?.getUserMedia;
  const start = async () => {
    uploads.troubles.value = [];
    try {
      stream.value = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
    } catch (error) {
      uploads.tell(refusal(error));
    }
  };
  const close = () => {
    for (const track of stream.peek()?.getTracks() ?? []) track.stop();
    stream.value = null;
  };
  useEffect(() => close, []);
  if (missing) {
    return (
      <Button kind="quiet" label={NONE} onClick={() => {}} disabled>
        no camera
      </Button>
    );
  }
  if (stream.value) return <Finder stream={stream.value} onClose={close} />;
  return (
    <Button label="Take a picture with the camera" onClick={start} disabled={disabled}>
      camera
    </Button>
  );
}

/** As large as the camera delivers it; JPEG and its kin would add what was not there. */
function still(video: HTMLVideoElement): Promise<Blob | null> {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function Finder({ stream, onClose }: { stream: MediaStream; onClose: () => void }) {
  const { uploads } = useStore();
  const video = useRef<HTMLVideoElement>(null);
  const live = useSignal(false);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  const take = async () => {
    const blob = video.current && (await still(video.current));
    onClose();
    const time = new Date().toLocaleTimeString();
    if (blob) await uploads.add([new File([blob], `camera ${time}.png`, { type: blob.type })]);
  };
  return (
    <figure class="finder">
      <video
        ref={video}
        autoplay
        playsInline
        muted
        aria-label="What the camera sees"
        onLoadedData={() => {
          live.value = true;
        }}
      />
      <div class="row">
        <Button kind="primary" onClick={take} disabled={!live.value}>
          take the picture
        </Button>
        <Button onClick={onClose}>close</Button>
      </div>
    </figure>
  );
}
