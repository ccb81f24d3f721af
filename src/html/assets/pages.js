// What every page does: `/` leads to its search, and a choice that needs no button is sent at once.

addEventListener("keydown", (event) => {
  const isTyping = event.target.matches?.("input, select, textarea, [contenteditable]");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const within = document.querySelector("dialog[open]") ?? document.querySelector("main");
  const searches = [...within.querySelectorAll("input[type=search]")];
  const search = searches.find((search) => search.checkVisibility());
  // A search in something that opens is found by opening it.
  const opener = searches[0] && document.querySelector(`[popovertarget="${CSS.escape(searches[0].closest("[popover]")?.id ?? "")}"]`);
  if (!search && !opener) return;
  event.preventDefault();
  if (!search) opener.click();
  (search ?? searches[0]).focus();
});

addEventListener("change", (event) => {
  if (event.target.matches?.("select[data-submit]")) event.target.form.requestSubmit();
});

// What only some pages have is loaded there alone.
if (document.querySelector("[data-feed], [data-await]")) import("./feed.js");

// Buttons that copy what stands beside them; hidden where nothing can be copied.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const words = [...button.childNodes].at(-1);
    const before = words.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.parentElement.querySelector("pre").textContent);
      words.textContent = "Copied";
      setTimeout(() => { words.textContent = before; }, 2000);
    });
  }
}
