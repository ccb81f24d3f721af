// Choosing events and values: a search in lists that work without, and values that are suggested with their counts.

const suggested = 12; // values

/** Listens. `send` sends the form. */
export function chooser(send) {
  addEventListener("input", ({ target }) => {
    if (target.matches?.("[data-filter]")) filter(target);
    const editor = target.closest?.("[data-values]");
    if (editor && (target.name.endsWith(".typed") || target.name.endsWith(".of"))) suggest(editor);
    // What was typed was to find the value that is chosen now.
    if (editor && target.type === "checkbox" && target.checked) editor.querySelector("[name$='.typed']").value = "";
  });
  addEventListener("click", (event) => {
    const line = event.target.closest?.(".events .picks label");
    // A box adds to what is chosen; a name takes its place.
    if (!line || event.target.matches("input")) return;
    event.preventDefault();
    pick(line.querySelector("input"), send);
  });
  addEventListener("keydown", (event) => {
    const popover = event.target.closest?.(".events");
    if (!popover) return;
    const lines = [...popover.querySelectorAll(".picks li:not([hidden]) input")], at = lines.indexOf(event.target);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      (lines[at + step] ?? popover.querySelector("[data-filter]")).focus();
    } else if (event.key === "Enter" && (at >= 0 || lines.length > 0)) {
      event.preventDefault();
      pick(lines[Math.max(at, 0)], send);
    }
  });
  addEventListener("toggle", ({ target, newState }) => {
    if (newState === "open" && target.matches?.("[data-values]")) suggest(target);
    // What was typed to find something is not meant as a name.
    const search = newState === "closed" && target.querySelector?.("[data-filter]");
    if (search) { search.value = ""; filter(search); }
  }, true);
}

function filter(search) {
  const text = search.value.trim().toLowerCase();
  for (const line of search.closest("[popover]").querySelectorAll(".picks li")) {
    line.hidden = !line.querySelector("input").value.toLowerCase().includes(text);
  }
}

/** Chooses one event alone. */
function pick(box, send) {
  const popover = box.closest("[popover]");
  for (const other of popover.querySelectorAll("input[type=checkbox]")) other.checked = other === box;
  popover.querySelector("[data-filter]").value = "";
  delete popover.dataset.changed;
  popover.hidePopover();
  send();
}

/** Lists the values there are, the most frequent first, below those that are chosen. */
async function suggest(editor) {
  const subject = editor.querySelector("[name$='.of']").value, typed = editor.querySelector("[name$='.typed']");
  const list = editor.querySelector("[data-suggestions]");
  const token = editor.token = {}; // of the last question
  const found = subject ? await values(JSON.parse(subject), editor, typed.value.split(",").pop().trim()) : [];
  if (editor.token !== token) return;
  for (const line of [...list.children]) if (!line.querySelector("input").checked) line.remove();
  const chosen = new Set([...list.querySelectorAll("input")].map((box) => box.value));
  for (const { value, count } of found) {
    const json = JSON.stringify(value);
    if (chosen.has(json)) continue;
    const line = document.createElement("li"), label = document.createElement("label"), name = document.createElement("span");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", name: `${editor.dataset.values}.value`, value: json });
    box.setAttribute("form", "report");
    name.textContent = typeof value === "string" ? value : json;
    label.append(box, name);
    if (count !== undefined) label.append(Object.assign(document.createElement("span"), { className: "n", textContent: count.toLocaleString("en") }));
    line.append(label);
    list.append(line);
  }
}

async function values(subject, editor, search) {
  const form = document.getElementById("report");
  const query = new URLSearchParams(new URL(form.dataset.kept, location).search);
  query.set("limit", suggested);
  if (search) query.set("search", search);
  let path = "/api/values";
  if (subject.property !== undefined) {
    query.set("property", subject.property);
    if (subject.of === "user") query.set("of", "user");
    else if (subject.of) { query.set("of", "group"); query.set("group", subject.of.group); }
    else {
      const pointer = editor.dataset.values.replace(/\.f\.\d+$/, "");
      const events = pointer ? [...form.elements].filter((box) => box.name === `${pointer}.event` && box.checked) : [];
      if (events.length === 1 && events[0].value !== "*") query.set("event", events[0].value);
    }
  } else if (subject.group) {
    path = `/api/groups/${encodeURIComponent(subject.group)}`;
  } else {
    return [];
  }
  const response = await fetch(`${path}?${query}`);
  if (!response.ok) return [];
  const answer = await response.json();
  return answer.values ?? answer.rows.map(({ key }) => ({ value: key }));
}
