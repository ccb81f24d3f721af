// Which series are shown: in the legend, the table, the chart and the funnel's bars, and in the address.
import { keep, kept } from "./address.js";

const hidden = new Set(); // places
let pointed = -1;

/** Whether the series of a place is shown. */
export const isShown = (place) => !hidden.has(place);

/** Whether others stand back, as another one is pointed at. */
export const isDimmed = (place) => pointed >= 0 && pointed !== place;

/** Begins with a page: as its address says, else as it came. */
export function begin() {
  hidden.clear();
  pointed = -1;
  const asked = kept("hide");
  const places = asked === null
    ? [...document.querySelectorAll("#answer .legend [aria-pressed=false], #answer input[data-series]:not(:checked)")].map((off) => off.dataset.series)
    : asked.split(",").filter(Boolean);
  for (const place of places) hidden.add(Number(place));
  show();
}

/** Shows or hides one. */
export function toggle(place, isOn) {
  if (isOn) hidden.delete(place);
  else hidden.add(place);
  if (!isOn && pointed === place) point(-1);
  keep("hide", [...hidden].sort((a, b) => a - b).join(","));
  show();
}

/** Points at one, or at none; true when that is something new. */
export function point(place) {
  if (place === pointed || (place >= 0 && !isShown(place))) return false;
  pointed = place;
  for (const mark of document.querySelectorAll("#answer [data-of]")) mark.classList.toggle("back", isDimmed(Number(mark.dataset.of)));
  return true;
}

function show() {
  for (const button of document.querySelectorAll("#answer .legend [data-series]")) button.setAttribute("aria-pressed", String(isShown(Number(button.dataset.series))));
  for (const box of document.querySelectorAll("#answer input[data-series]")) box.checked = isShown(Number(box.dataset.series));
  for (const mark of document.querySelectorAll("#answer [data-of]")) mark.hidden = !isShown(Number(mark.dataset.of));
}
