// A dashboard: draws the charts of its tiles, and asks for those that the page did not wait for.
import { draw, toggle } from "./chart.js";

const cards = [...document.querySelectorAll(".tile")];

/** Puts a tile's answer in its place. */
async function load(card) {
  const told = card.querySelector("[data-later]");
  if (!told) return draw(card);
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
  return draw(card);
}

function complain(told, sentence = "The server could not be reached. Load the page again.") {
  told.querySelector("[data-awaited]").textContent = sentence;
}

addEventListener("click", ({ target }) => {
  const button = target.closest?.(".tile .legend button");
  if (button) toggle(button.closest(".tile"), Number(button.dataset.series), button.getAttribute("aria-pressed") !== "true");
});

cards.forEach(load);
