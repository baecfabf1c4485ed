"use strict";

// The theme of every page and of the mails in it: the one that was chosen here, or else that of the system.
// A change is announced to the page as the event "theme".
const theme = {
  get isDark() {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },
  restore() {
    const chosen = localStorage.getItem("theme");
    if (chosen) document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
  },
  toggle() {
    localStorage.setItem("theme", theme.isDark ? "light" : "dark");
    theme.restore();
    theme.announce();
  },
  announce() {
    document.dispatchEvent(new CustomEvent("theme", { detail: { isDark: theme.isDark } }));
  },
};

theme.restore();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme.announce);
// Another tab has chosen.
addEventListener("storage", () => { theme.restore(); theme.announce(); });
