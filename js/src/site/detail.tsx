/** One unit: its strongest patches with their projections, how its maxima are spread, the classes they come from. */
import { short } from "../format";
import type { Index, Patch, Projection, SiteLayer, Unit } from "./records";

const NAMES: Record<string, string> = {
  deconvnet: "deconvnet",
  guided_backprop: "guided backprop",
  neuron_gradient: "gradient",
};

interface Props {
  unit: Unit;
  layer: SiteLayer;
  channel: number;
  index: Index | null;
  pictures: number;
}

export function Detail({ unit, layer, channel, index, pictures }: Props) {
  const said = (value: number | null | undefined) => (value == null ? "–" : short(value));
  const drawn = unit.projections.filter(([kind]) => kind === "visualize");
  const projected = unit.projections.filter(([kind]) => kind in NAMES);
  return (
    <>
      <h2>{unit.unit}</h2>
      <p class="muted">
        max {said(index?.high[channel])} · mean {said(index?.mean[channel])} · above zero in{" "}
        {Math.round(100 * (index?.fired[channel] ?? 0))} % of {pictures.toLocaleString("en")} pictures
        {layer.field !== "exact" && ` · receptive field: ${layer.field}`}
      </p>
      <h3>strongest patches</h3>
      {unit.patches.length === 0 && (
        <p>No picture brings this unit above everything else: there is no patch.</p>
      )}
      <div class="patches" data-patches={unit.patches.length}>
        {unit.patches.map((patch, rank) => (
          <figure key={patch.url}>
            <Shown of={patch} alt={`patch ${rank + 1}: ${captionOf(patch)}`} />
            {projected.map(
              ([kind, all]) =>
                all[rank] && <Shown key={kind} of={all[rank]} alt={`${NAMES[kind]} of patch ${rank + 1}`} />,
            )}
            <figcaption title={captionOf(patch)}>
              {short(patch.score)}
              {patch.label && <small>{patch.label}</small>}
            </figcaption>
          </figure>
        ))}
      </div>
      {projected.length > 0 && (
        <p class="muted">
          below each patch: {projected.map(([kind]) => NAMES[kind]).join(", ")}; grey is zero
        </p>
      )}
      {drawn.map(([kind, [picture]]) => picture && <Excites key={kind} picture={picture} />)}
      <Histogram edges={unit.edges} counts={unit.counts} />
      {unit.classes.length > 0 && (
        <p>classes of the patches: {unit.classes.map(([name, count]) => `${name} ${count}`).join(" · ")}</p>
      )}
    </>
  );
}

const captionOf = (patch: Patch): string =>
  [short(patch.score), patch.label, patch.name, `at ${patch.position.join(",")}`].filter(Boolean).join(" · ");

function Shown({ of, alt }: { of: { url: string; height: number; width: number }; alt: string }) {
  if (!of.url) return <span class="nothing">nothing to see</span>;
  return <img src={of.url} alt={alt} width={of.width} height={of.height} />;
}

function Excites({ picture }: { picture: Projection }) {
  const { activation, ratio, note } = picture;
  return (
    <>
      <h3>what excites it</h3>
      <Shown of={picture} alt="A synthesised picture that excites the unit" />
      <p class="muted">
        {activation !== null && `activation ${short(activation)}`}
        {ratio !== null && ` · ${short(ratio)} × the natural maximum`} {note}
      </p>
    </>
  );
}

const [WIDTH, HEIGHT] = [320, 60];

function Histogram({ edges, counts }: { edges: (number | null)[]; counts: number[] }) {
  const most = Math.max(1, ...counts);
  const bar = WIDTH / counts.length;
  const words = `Histogram of the largest activation in each picture, from ${short(edges[0] ?? 0)} to ${short(edges.at(-1) ?? 0)}`;
  return (
    <>
      <h3>largest activation in each picture</h3>
      <svg role="img" aria-label={words} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
        {counts.map((count, bin) => (
          <rect
            key={bin}
            x={bin * bar}
            width={Math.max(1, bar - 1)}
            y={HEIGHT - (HEIGHT * count) / most}
            height={HEIGHT}
          />
        ))}
      </svg>
      <p class="muted ends">
        <span>{short(edges[0] ?? 0)}</span>
        <span>{short(edges.at(-1) ?? 0)}</span>
      </p>
    </>
  );
}
