// A page of a report. A change sends the form, as it would be sent without a script; what comes back takes the place of
// the page, and its address is pushed. Everything else here is what a form cannot do.
import { keep, kept } from "./address.js";
import { chooser } from "./choose.js";
import { draw, picture, redraw } from "./chart.js";
import { open } from "./panel.js";
import { Series } from "./series.js";
import * as table from "./table.js";

const patience = 300; // ms until it shows that an answer is awaited
const narrow = 820; // px, as in the style
const main = document.getElementById("main");
let asking, series;

/** Asks for a page, and shows it in the place of this one. */
async function go(url, { body, push = true } = {}) {
  asking?.abort();
  const mine = asking = new AbortController();
  const timer = setTimeout(wait, patience);
  try {
    const response = await fetch(url, { method: body ? "POST" : "GET", body, signal: mine.signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const form = page.getElementById("report");
    if (!form && response.ok) return location.assign(response.url);
    if (!form) return complain(page.querySelector("[role=alert] p, main p")?.textContent);
    const sort = kept("sort");
    if (push) history.pushState(null, "", response.url);
    if (push && sort) keep("sort", sort);
    show(page);
  } catch (error) {
    if (error.name !== "AbortError") complain("The server could not be reached. Try again.");
  } finally {
    clearTimeout(timer);
    if (asking === mine) ready();
  }
}

function show(page) {
  const held = document.activeElement?.id, fold = main.querySelector("details.fold")?.open;
  document.title = page.title;
  main.replaceChildren(...page.getElementById("main").childNodes);
  arrive(fold);
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
}

/** The old answer stays, dimmed, until the new one is there. */
function wait() {
  const answer = document.getElementById("answer");
  if (!answer) return;
  answer.setAttribute("aria-busy", "true");
  const bar = Object.assign(document.createElement("div"), { className: "waiting" });
  const stop = Object.assign(document.createElement("button"), { type: "button", className: "btn s", textContent: "Stop" });
  stop.addEventListener("click", () => asking?.abort());
  bar.append("Counting ", document.createElement("progress"), stop);
  answer.prepend(bar);
}

function ready() {
  document.getElementById("answer")?.removeAttribute("aria-busy");
  document.querySelector("#answer > .waiting")?.remove();
}

/** Says why a change was not made; what was there stays. */
function complain(sentence = "The server did not answer this. Try again.") {
  document.getElementById("complaint")?.remove();
  const note = Object.assign(document.createElement("div"), { id: "complaint", className: "note bad", role: "alert", textContent: sentence });
  note.setAttribute("role", "alert");
  document.getElementById("report").before(note);
}

/** What only a script can make of a page that has come. */
function arrive(fold) {
  for (const hidden of main.querySelectorAll("[data-copy], [data-copy-address], [data-png], input[data-series]")) hidden.hidden = false;
  for (const details of main.querySelectorAll("details.fold")) details.open = fold ?? innerWidth > narrow;
  for (const wide of main.querySelectorAll("[data-latest]")) wide.scrollLeft = wide.scrollWidth;
  if (answer()) series = new Series(answer(), kept("hide"), (hidden) => keep("hide", hidden));
  table.begin();
  draw(answer(), series);
  const units = kept("drill");
  if (units) drill(units);
}

/** Opens who is behind a number, and keeps it in the address while it is open. */
function drill(units) {
  const form = document.getElementById("drill"), fields = new FormData(form);
  fields.set("units", units);
  const address = new URL(form.action);
  for (const [name, value] of fields) address.searchParams.set(name, value);
  keep("drill", units);
  open(address.href, () => keep("drill", null));
}

const report = () => document.getElementById("report");
const answer = () => document.getElementById("answer");
const send = (submitter) => {
  const form = report();
  go(form.action, { body: new URLSearchParams(new FormData(form, submitter)) });
};

addEventListener("submit", (event) => {
  if (event.target.id === "report") {
    event.preventDefault();
    send(event.submitter);
  } else if (event.target.id === "drill" && event.submitter) {
    event.preventDefault();
    drill(event.submitter.value);
  }
});

addEventListener("change", ({ target }) => {
  if (target.dataset?.series) return toggle(Number(target.dataset.series), target.checked);
  if (target.form?.id !== "report") return;
  const popover = target.closest("[popover]");
  if (popover) {
    // Sent when it closes, as there may be more to choose.
    if (!target.closest(".range")) popover.dataset.changed = "";
  } else if ("draw" in target.dataset) {
    keep("chart", target.value);
    for (const view of document.querySelectorAll("#save [name=view]")) view.value = `chart=${target.value}`;
    draw(answer(), series);
  } else {
    send();
  }
});

// Popovers open below what opened them, and are sent when they close.
addEventListener("toggle", ({ target, newState }) => {
  if (!target.matches?.("[popover]:not(.side)")) return;
  if (newState === "open") {
    place(target, document.querySelector(`[popovertarget="${CSS.escape(target.id)}"]`));
    if (matchMedia("(hover: hover)").matches) target.querySelector("input[type=search], input[name=name], select, [aria-current]")?.focus();
  } else if ("changed" in target.dataset && target.isConnected) {
    send();
  }
}, true);

function place(popover, button) {
  const at = button.getBoundingClientRect(), gap = 6, edge = 8;
  const below = at.bottom + gap + popover.offsetHeight <= innerHeight || at.top < popover.offsetHeight;
  popover.style.left = `${Math.max(edge, Math.min(at.left, innerWidth - popover.offsetWidth - edge))}px`;
  popover.style.top = `${below ? at.bottom + gap : at.top - popover.offsetHeight - gap}px`;
}

addEventListener("click", ({ target }) => {
  const button = target.closest?.("button");
  if (!button) return;
  if ("copy" in button.dataset) copied(button, button.dataset.copy);
  else if ("copyAddress" in button.dataset) copied(button, location.href);
  else if ("png" in button.dataset) picture(answer(), document.querySelector("h1").textContent);
  else if (button.closest(".legend")) toggle(Number(button.dataset.series), button.getAttribute("aria-pressed") !== "true");
  else if (button.parentElement.dataset.sort) table.press(button.parentElement);
});

function toggle(place, isOn) {
  series.toggle(place, isOn);
  redraw(answer());
}

// A row, or a name in the legend, that is pointed at.
addEventListener("mouseover", ({ target }) => {
  const pointed = target.closest?.("#answer tr[data-row], #answer .legend [data-series]");
  if (series?.point(Number(pointed?.dataset.row ?? pointed?.dataset.series ?? -1))) redraw(answer());
});

async function copied(button, text) {
  await navigator.clipboard.writeText(text);
  const before = [...button.childNodes];
  button.replaceChildren("Copied");
  setTimeout(() => button.replaceChildren(...before), 1500);
}

addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, select, textarea");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  document.querySelector(`#range [data-key="${CSS.escape(event.key.toUpperCase())}"]`)?.click();
});

addEventListener("popstate", () => go(location.href, { push: false }));
chooser(send);
arrive();
