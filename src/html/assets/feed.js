// The events that arrived last, as they come: asked for every two seconds while the page is seen, until it is paused.

const EVERY_MS = 2000;

/** A moment as the server tells it, up to a day. */
const ago = (time, now = Date.now()) => {
  const seconds = Math.floor((now - Date.parse(time)) / 1000);
  if (!(seconds >= 0 && seconds < 86_400)) return null;
  if (seconds < 60) return "just now";
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min ago` : `${Math.floor(seconds / 3600)} h ago`;
};

const element = (name, className, text) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
};

/** A link to a page below another, which may carry the workspace in its query. */
const link = (base, parts, text, className) => {
  const [path, query] = base.split("?");
  const made = element("a", className, text);
  made.href = [path, ...parts.map(encodeURIComponent)].join("/") + (query ? `?${query}` : "");
  return made;
};

const row = ({ events, users, groups }, event) => {
  const made = element("li");
  const who = element("span", "who");
  who.append(link(users, [event.distinct_id], event.distinct_id, "trunc"));
  const [group] = Object.entries(event.groups).sort(([a], [b]) => (a < b ? -1 : 1));
  if (group) {
    const dot = element("span", "", "·");
    dot.ariaHidden = "true";
    who.append(dot, link(groups, group, group[1], "trunc"));
  }
  const time = element("time", "", ago(event.timestamp) ?? event.timestamp.slice(0, 10));
  time.dateTime = time.title = event.timestamp;
  made.append(link(events, [event.event], event.event, "mono trunc"), who, time);
  return made;
};

const ask = async (address, since) => {
  const response = await fetch(`${address}&since=${since}`);
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
};

/** Keeps a feed up to date. */
function follow(feed) {
  const card = feed.closest("section");
  const [live, pause] = [card.querySelector(".live"), card.querySelector("[data-pause]")];
  const said = live.querySelector("span");
  const list = feed.querySelector("ul");
  const shown = Number(new URL(feed.dataset.feed, location.href).searchParams.get("limit"));
  let isPaused = false;
  live.hidden = pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    live.classList.toggle("off", isPaused);
    said.textContent = isPaused ? "paused" : "as they arrive";
  });
  const look = async () => {
    if (isPaused || document.hidden) return;
    try {
      const { events, next } = await ask(feed.dataset.feed, feed.dataset.since);
      feed.dataset.since = next;
      list.prepend(...events.map((event) => row(feed.dataset, event)));
      while (list.children.length > shown) list.lastElementChild.remove();
      for (const time of list.querySelectorAll("time")) time.textContent = ago(time.dateTime) ?? time.textContent;
      said.textContent = "as they arrive";
    } catch {
      said.textContent = "not reached";
    }
  };
  setInterval(look, EVERY_MS);
}

/** Leads to the home of a workspace as soon as it has an event. */
function wait(steps) {
  const live = steps.closest("section").querySelector(".live");
  live.hidden = false;
  setInterval(async () => {
    if (document.hidden) return;
    try {
      if ((await ask(steps.dataset.await, 0)).events.length) location.reload();
    } catch { /* the server may be starting again */ }
  }, EVERY_MS);
}

for (const feed of document.querySelectorAll("[data-feed]")) follow(feed);
for (const steps of document.querySelectorAll("[data-await]")) wait(steps);
