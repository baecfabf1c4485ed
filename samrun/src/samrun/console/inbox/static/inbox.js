"use strict";

const POLL_MILLISECONDS = 2000;
const PAGE_SIZE = 100;

const element = (id) => document.getElementById(id);

// ---------------------------------------------------------------- Mailpit's API

const api = {
  async get(path) {
    const response = await fetch(path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  },
  async list(query, limit) {
    const parameters = new URLSearchParams({ limit, ...(query && { query }) });
    return (await api.get(`/api/v1/${query ? "search" : "messages"}?${parameters}`)).json();
  },
  async message(id) {
    return (await api.get(`/api/v1/message/${id}`)).json();
  },
  async source(id) {
    return (await api.get(`/api/v1/message/${id}/raw`)).text();
  },
  async write(method, body) {
    const response = await fetch("/api/v1/messages", { method, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} /api/v1/messages: ${response.status} ${await response.text()}`);
  },
};

// ---------------------------------------------------------------- texts

const named = ({ Name, Address }) => Name || Address;
const full = ({ Name, Address }) => (Name ? `${Name} <${Address}>` : Address);
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

function short(date) {
  return (date.toDateString() === new Date().toDateString() ? clock : day).format(date);
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : `${Math.round(bytes / 1024)} kB`;
}

// ---------------------------------------------------------------- the inbox

const inbox = {
  mails: [],
  shown: "", // the data of the list on the page; the list is rebuilt only after a change
  opened: null, // the message that the reader shows
  view: "html",
  limit: PAGE_SIZE,
  request: 0,

  get query() {
    return element("search").value.trim();
  },

  // Fetch the list. If answers overtake each other, only that of the latest request counts.
  async refresh() {
    const request = ++inbox.request;
    try {
      const list = await api.list(inbox.query, inbox.limit);
      if (request !== inbox.request) return;
      notice.hide();
      inbox.mails = list.messages;
      inbox.render(list);
    } catch {
      notice.show(GONE);
    }
  },

  render(list) {
    const shown = JSON.stringify([list, inbox.opened?.ID]);
    if (shown === inbox.shown) return;
    inbox.shown = shown;

    const focused = document.activeElement?.dataset?.id;
    element("mails").replaceChildren(...inbox.mails.map(inbox.item));
    if (focused) inbox.button(focused)?.focus({ preventScroll: true });

    const nothing = list.total === 0;
    element("empty").hidden = !nothing || Boolean(inbox.opened);
    element("none").hidden = nothing || Boolean(inbox.opened);
    element("no-match").hidden = nothing || inbox.mails.length > 0;
    element("no-match").textContent = `No mail matches “${inbox.query}”.`;
    element("more").hidden = list.messages_count <= inbox.mails.length;
    element("delete-all").disabled = nothing;
    element("unread").hidden = list.unread === 0;
    element("unread").textContent = list.unread;
    document.title = `${list.unread ? `(${list.unread}) ` : ""}Inbox · samrun`;
  },

  item(mail) {
    const item = element("mail").content.cloneNode(true);
    const button = item.querySelector("button");
    const created = new Date(mail.Created);
    button.dataset.id = mail.ID;
    button.classList.toggle("unread", !mail.Read);
    if (mail.ID === inbox.opened?.ID) button.setAttribute("aria-current", "true");
    button.querySelector(".from").textContent = named(mail.From);
    button.querySelector(".subject").textContent = mail.Subject || "(no subject)";
    button.querySelector(".to").textContent = `to ${[...mail.To, ...mail.Cc, ...mail.Bcc].map(named).join(", ")}`;
    button.querySelector("time").textContent = short(created);
    button.querySelector("time").dateTime = mail.Created;
    button.querySelector("time").title = moment.format(created);
    button.addEventListener("click", () => inbox.open(mail.ID));
    return item;
  },

  button(id) {
    return element("mails").querySelector(`[data-id="${CSS.escape(id)}"]`);
  },

  async open(id) {
    try {
      reader.show(await api.message(id));
    } catch {
      reader.close(); // somebody deleted the mail
    }
    await inbox.refresh();
    inbox.button(id)?.scrollIntoView({ block: "nearest" });
  },

  // Open the next mail (step 1) or the previous one (step -1).
  async move(step) {
    const current = inbox.mails.findIndex((mail) => mail.ID === inbox.opened?.ID);
    const next = inbox.mails[current < 0 ? 0 : current + step];
    if (next) await inbox.open(next.ID);
  },

  async remove(ids) {
    await api.write("DELETE", { IDs: ids });
    reader.close();
    await inbox.refresh();
  },

  async markUnread() {
    await api.write("PUT", { IDs: [inbox.opened.ID], Read: false });
    reader.close();
    await inbox.refresh();
  },
};

// ---------------------------------------------------------------- one mail

const reader = {
  show(message) {
    inbox.opened = message;
    element("subject").textContent = message.Subject || "(no subject)";
    element("envelope").replaceChildren(
      ...reader.row("From", [message.From]),
      ...reader.row("To", message.To),
      ...reader.row("Cc", message.Cc),
      ...reader.row("Bcc", message.Bcc),
      ...reader.row("Reply to", message.ReplyTo),
      ...reader.term("Date", moment.format(new Date(message.Date))),
    );
    element("attachments").replaceChildren(...message.Attachments.map((part) => reader.attachment(message.ID, part)));
    element("attachments").hidden = message.Attachments.length === 0;
    element("reader").querySelector('[data-view="html"]').disabled = !message.HTML;
    element("reader").hidden = false;
    history.replaceState(null, "", `/view/${message.ID}`);
    reader.render();
  },

  close() {
    inbox.opened = null;
    element("reader").hidden = true;
    element("html").removeAttribute("src");
    history.replaceState(null, "", "/inbox");
  },

  row(name, addresses) {
    return addresses.length ? reader.term(name, addresses.map(full).join(", ")) : [];
  },

  term(name, text) {
    const term = document.createElement("dt");
    const description = document.createElement("dd");
    term.textContent = name;
    description.textContent = text;
    return [term, description];
  },

  attachment(id, part) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/api/v1/message/${id}/part/${part.PartID}`;
    link.textContent = `${part.FileName || part.ContentType} · ${size(part.Size)}`;
    item.append(link);
    return item;
  },

  choose(view) {
    inbox.view = view;
    reader.render();
  },

  async render() {
    const message = inbox.opened;
    const view = inbox.view === "html" && !message.HTML ? "text" : inbox.view;
    for (const tab of document.querySelectorAll("[data-view]")) {
      tab.setAttribute("aria-selected", tab.dataset.view === view);
    }
    element("widths").hidden = view !== "html";
    element("html").hidden = view !== "html";
    element("plain").hidden = view === "html";
    if (view === "html") {
      const source = `/view/${message.ID}.html?embed=1`;
      if (element("html").getAttribute("src") !== source) element("html").src = source;
      return;
    }
    const chosen = inbox.view;
    const text = view === "text" ? message.Text : await api.source(message.ID);
    if (inbox.opened !== message || inbox.view !== chosen) return; // the reader shows something else by now
    element("plain").textContent = text;
    element("plain").scrollTop = 0;
  },

  resize(width) {
    element("view").dataset.width = width;
    for (const button of document.querySelectorAll("[data-width][aria-pressed]")) {
      button.setAttribute("aria-pressed", button.dataset.width === width);
    }
  },
};

// ---------------------------------------------------------------- keys and buttons

const KEYS = {
  j: () => inbox.move(1),
  k: () => inbox.move(-1),
  "/": () => element("search").focus(),
  Escape: () => { reader.close(); inbox.refresh(); },
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input");
  if (event.ctrlKey || event.metaKey || event.altKey || element("confirm").open || !(event.key in KEYS)) return;
  if (typing && event.key !== "Escape") return;
  event.preventDefault();
  if (typing) event.target.blur();
  else KEYS[event.key]();
});

element("search").addEventListener("input", () => { inbox.limit = PAGE_SIZE; inbox.refresh(); });
element("more").addEventListener("click", () => { inbox.limit += PAGE_SIZE; inbox.refresh(); });
element("back").addEventListener("click", KEYS.Escape);
element("delete").addEventListener("click", () => inbox.remove([inbox.opened.ID]));
element("mark-unread").addEventListener("click", inbox.markUnread);
element("delete-all").addEventListener("click", () => element("confirm").showModal());
element("keep").addEventListener("click", () => element("confirm").close());
element("confirm-delete").addEventListener("click", () => { element("confirm").close(); inbox.remove([]); });
window.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  notice.show(`That did not work. ${event.reason.message}`);
});
for (const tab of document.querySelectorAll("[data-view]")) {
  tab.addEventListener("click", () => reader.choose(tab.dataset.view));
}
for (const button of document.querySelectorAll("[data-width][aria-pressed]")) {
  button.addEventListener("click", () => reader.resize(button.dataset.width));
}

// ---------------------------------------------------------------- start

async function poll() {
  if (!document.hidden) await inbox.refresh();
  setTimeout(poll, POLL_MILLISECONDS);
}

async function start() {
  document.addEventListener("visibilitychange", inbox.refresh);
  const [, linked] = location.pathname.match(/^\/view\/([0-9a-f]+)$/) ?? [];
  if (linked) await inbox.open(linked);
  await poll();
}

start();
