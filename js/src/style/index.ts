/** The style sheet of the shadow root: one file a part of the page, in the order in which they count. */
import base from "./base.css";
import classes from "./classes.css";
import controls from "./controls.css";
import dialog from "./dialog.css";
import dreamer from "./dreamer.css";
import frame from "./frame.css";
import map from "./map.css";
import panels from "./panels.css";
import pictures from "./pictures.css";
import synthesis from "./synthesis.css";
import tiles from "./tiles.css";

const PARTS = [
  base,
  controls,
  frame,
  map,
  panels,
  pictures,
  synthesis,
  dreamer,
  tiles,
  classes,
  // What lies over all of it.
  dialog,
];

export default PARTS.join("");
