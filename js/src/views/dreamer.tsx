/** Deep dream and inversion of a person's own pictures, before and after side by side. */
import { useStore } from "./context";
import { Segments } from "./controls";
import { DreamSettingsBar } from "./dream-settings";
import { DreamStage } from "./dream-stage";
import { Footer, Header } from "./frame";
import { ImageStrip } from "./image-strip";
import { InversionBar, InversionStage } from "./inversion";

const WAYS = [
  { value: "dream", label: "deep dream", title: "Change the picture towards what the network sees in it" },
  { value: "inversion", label: "inversion", title: "What each layer remembers of the picture" },
] as const;

export function Dreamer() {
  const { traits, setTraits } = useStore();
  const inverting = traits.method.value === "inversion";
  return (
    <div class="single dreamer">
      <Header />
      <ImageStrip />
      <Segments
        label="What is made of the picture"
        options={WAYS}
        value={inverting ? "inversion" : "dream"}
        onChange={(method) => setTraits({ method })}
      />
      {inverting ? <InversionBar /> : <DreamSettingsBar />}
      {inverting ? <InversionStage /> : <DreamStage />}
      <Footer />
    </div>
  );
}
