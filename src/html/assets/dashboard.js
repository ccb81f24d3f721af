// A dashboard: draws the charts of its tiles, and asks for those that the page did not wait for.
import { draw, redraw } from "./chart.js";
import { Series } from "./series.js";

const cards = [...document.querySelectorAll(".tile")];
const series = new Map(); // by card

/** Puts a tile's answer in its place. */
async function load(card) {
  const told = card.querySelector("[data-later]");
  if (!told) return show(card);
  told.querySelector("[data-awaited]").hidden = false;
  told.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(told.dataset.later, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.querySelector(".tile .told");
    if (found) told.replaceChildren(...found.childNodes);
    else complain(told, page.querySelector("[role=alert] p, main p")?.textContent);
  } catch {
    complain(told);
  }
  told.removeAttribute("aria-busy");
  return show(card);
}

function show(card) {
  series.set(card, new Series(card));
  return draw(card, series.get(card));
}

function complain(told, sentence = "The server could not be reached. Load the page again.") {
  told.querySelector("[data-awaited]").textContent = sentence;
}

addEventListener("click", ({ target }) => {
  const button = target.closest?.(".tile .legend button");
  const card = button?.closest(".tile");
  if (!card) return;
  series.get(card)?.toggle(Number(button.dataset.series), button.getAttribute("aria-pressed") !== "true");
  redraw(card);
});

cards.forEach(load);
