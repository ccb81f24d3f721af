// The panel at the right: who is behind a number. It shows the list's own page, without what is around it.

const panel = () => document.getElementById("panel");

/** Opens the list at an address; `closed` is called when it is closed. */
export async function open(url, closed) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const dialog = panel(), head = document.createElement("header"), words = document.createElement("div");
  const title = document.createElement("h2");
  title.textContent = page.querySelector("h1")?.textContent ?? "No answer";
  words.append(title, ...page.querySelectorAll(".panel-head .sub"));
  const close = Object.assign(document.createElement("button"), { type: "button", className: "btn quiet", textContent: "Close" });
  close.addEventListener("click", () => dialog.close());
  head.append(words, close);
  const list = page.querySelector(".list") ?? page.querySelector("main .card");
  const wasSearched = dialog.contains(document.activeElement) && document.activeElement.type === "search";
  dialog.replaceChildren(head, ...(list?.childNodes ?? []));
  if (wasSearched) dialog.querySelector("input[type=search]")?.focus();
  if (dialog.open) return;
  dialog.showModal();
  dialog.addEventListener("close", closed, { once: true });
}

addEventListener("submit", (event) => {
  const form = event.target.closest?.("#panel form[role=search]");
  if (!form) return;
  event.preventDefault();
  const address = new URL(form.action);
  for (const [name, value] of new FormData(form)) address.searchParams.set(name, value);
  open(address.href);
});

addEventListener("click", (event) => {
  const dialog = panel();
  if (event.target === dialog) return dialog.close(); // beside it
  const link = event.target.closest?.("#panel .pager a");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  open(link.href);
});
