"use strict";

// Every view has this: the clock of the live parts, the notice if the stack is gone, and the switch of the theme.

const TICK_MILLISECONDS = 1000;
const GONE = "The local stack does not answer. Is it still running? Retrying …";

const notice = {
  show(text) {
    const element = document.getElementById("notice");
    if (element.textContent !== text) element.textContent = text;
    element.hidden = false;
  },
  hide() {
    document.getElementById("notice").hidden = true;
  },
};

// A live part of a page has hx-trigger="tick from:body". Nothing ticks while nobody sees the page.
function tick() {
  if (!document.hidden) document.body.dispatchEvent(new Event("tick"));
}

document.getElementById("theme").addEventListener("click", theme.toggle);
document.addEventListener("visibilitychange", tick);
document.body.addEventListener("htmx:sendError", () => notice.show(GONE));
document.body.addEventListener("htmx:beforeOnLoad", notice.hide);
document.body.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  notice.show(`That did not work: ${xhr.responseText.slice(0, 500) || xhr.statusText}`);
});
setInterval(tick, TICK_MILLISECONDS);

// A part that was replaced meanwhile gets an answer too late: that would also bring back what was beside it.
function ignoreLateAnswer(event) {
  if (event.detail.target === this && !this.isConnected) event.detail.shouldSwap = false;
}

htmx.onLoad((content) => {
  for (const part of [content, ...content.querySelectorAll("[hx-get]")]) {
    part.addEventListener("htmx:beforeSwap", ignoreLateAnswer);
  }
});

// What the reader has opened stays open when htmx replaces a live part.
let opened = [];
document.body.addEventListener("htmx:beforeSwap", (event) => {
  opened = [...event.detail.target.querySelectorAll("details[open][id]")].map(({ id }) => id);
});
document.body.addEventListener("htmx:afterSwap", () => {
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  opened = [];
});
