"use strict";

// The keys of the inbox, the width of a mail, and its theme. Everything else is links and forms.

const rows = () => [...document.querySelectorAll("#mails .mail")];

// Open the next message (step 1) or the previous one (step -1).
function move(step) {
  const all = rows();
  const current = all.findIndex((row) => row.getAttribute("aria-current"));
  const next = all[current < 0 ? 0 : current + step];
  next?.focus();
  next?.click();
}

// Move the focus only. One row is in the order of the tabulator: from there it goes to the message.
function step(row, by) {
  const all = rows();
  const next = all[all.indexOf(row) + by];
  if (!next) return;
  for (const each of all) each.tabIndex = each === next ? 0 : -1;
  next.focus();
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => document.getElementById("search").focus(),
  Escape: () => document.querySelector("#reader .back, #reader .button")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("[popover]:popover-open")) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (event.target.matches("#mails .mail") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    step(event.target, event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key in KEYS) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

document.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-width][aria-pressed]");
  if (!chosen) return;
  document.getElementById("view").dataset.width = chosen.dataset.width;
  for (const button of document.querySelectorAll("[data-width][aria-pressed]")) {
    button.setAttribute("aria-pressed", button === chosen);
  }
});

// A frame has the theme of the system. For another one, the server decides the mail's conditions. The frame is replaced:
// setting its src would be a step for the Back button.
function showTheme() {
  const frame = document.getElementById("html");
  if (!frame?.dataset.loaded) return; // while a frame loads, its own address would win
  const chosen = document.documentElement.dataset.theme ?? "";
  if (chosen === (frame.dataset.theme ?? "")) return;
  frame.dataset.theme = chosen;
  const url = new URL(frame.src);
  if (chosen) url.searchParams.set("theme", chosen);
  frame.contentWindow.location.replace(url);
}

function noteLoaded(frame) {
  if (frame) frame.dataset.loaded = "true";
  showTheme();
}

document.addEventListener("theme", showTheme);
// The load of a frame does not bubble. One that was loaded before this script ran is found in the end.
document.addEventListener("load", (event) => { if (event.target.id === "html") noteLoaded(event.target); }, true);
addEventListener("load", () => noteLoaded(document.getElementById("html")));

function showCurrentRow() {
  document.querySelector("#mails [aria-current]")?.scrollIntoView({ block: "nearest" });
}

showCurrentRow();
document.body.addEventListener("htmx:afterSettle", showCurrentRow);
