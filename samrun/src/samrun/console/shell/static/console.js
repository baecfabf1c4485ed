"use strict";

// Every view has this: the clock of the live parts, the notice if the stack is gone, and the switch of the theme.

const TICK_MILLISECONDS = 1000;
const GONE = "The local stack does not answer. Its terminal says why, and samrun up starts it again. Retrying …";

// What did not work, and the id of the part of the page whose request that was: its next good answer ends the notice.
const notice = {
  of: "",
  show(text, of) {
    const element = document.getElementById("notice");
    if (element.textContent !== text) element.textContent = text;
    element.hidden = false;
    this.of = of;
  },
  answered({ detail: { elt, xhr } }) {
    const element = document.getElementById("notice");
    const isOver = xhr.status < 400 && elt.id === this.of;
    if (isOver || element.textContent === GONE) element.hidden = true;
  },
};

// A live part of a page has hx-trigger="tick from:body". Nothing ticks while nobody sees the page.
function tick() {
  if (!document.hidden) document.body.dispatchEvent(new Event("tick"));
}

document.getElementById("theme").addEventListener("click", theme.toggle);
document.addEventListener("visibilitychange", tick);
document.body.addEventListener("htmx:sendError", ({ detail }) => notice.show(GONE, detail.elt.id));
document.body.addEventListener("htmx:beforeOnLoad", (event) => notice.answered(event));
document.body.addEventListener("htmx:responseError", (event) => {
  const { xhr, elt } = event.detail;
  notice.show(`That did not work: ${xhr.responseText.slice(0, 500) || xhr.statusText}`, elt.id);
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
