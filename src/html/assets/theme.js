// The theme: what was chosen last, or else what the system has. Runs in the head, before anything is painted.
{
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    try { return localStorage.getItem("theme"); } catch { return null; } // storage may be off
  };
  const set = (theme) => {
    root.dataset.theme = theme;
    for (const toggle of document.querySelectorAll("[data-theme-toggle]")) {
      toggle.setAttribute("aria-pressed", String(theme === "dark"));
    }
  };
  const follow = () => set(read() ?? (system.matches ? "dark" : "light"));

  follow();
  system.addEventListener("change", follow);
  addEventListener("storage", (event) => { if (event.key === "theme") follow(); });
  addEventListener("DOMContentLoaded", follow); // now the toggles are there
  addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-toggle]")) return;
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    try { localStorage.setItem("theme", theme); } catch { /* then for this page alone */ }
    set(theme);
  });
}
