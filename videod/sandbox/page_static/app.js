"use strict";
// One page, three views. Every 2 seconds the shown view is fetched again; an element is rebuilt only when what it
// shows has changed, so that a film keeps playing and an open drop-down stays open.

const REFRESH_MS = 2000;
const byId = (id) => document.getElementById(id);
const main = byId("main");
const drawer = byId("drawer");
// every address is relative: the page lies behind a key in its path
const view = { videos: "videos", ledger: "ledger" }[location.pathname.split("/").pop()] || "board";
let openEntry = null;
let statuses = [];

// --- small builders

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

// Make `parent` hold one element per item, in order, reusing those whose signature is unchanged. A builder of one
// argument makes a new element, so it has to wait while a drop-down of the old one is in use; a builder of two gets the
// old element and updates it.
function keyed(parent, items, keyOf, build) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = parent.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    const signature = JSON.stringify(item);
    let child = old.get(key);
    old.delete(key);
    const busy = build.length === 1 && child && child.contains(document.activeElement) && document.activeElement.tagName === "SELECT";
    if (!child || (child.dataset.signature !== signature && !busy)) {
      const fresh = build(item, child);
      fresh.dataset.key = key;
      fresh.dataset.signature = signature;
      if (child && child !== fresh) {
        if (before === child) before = fresh;
        child.replaceWith(fresh);
      }
      child = fresh;
    }
    if (child === before) before = before.nextElementSibling;
    else parent.insertBefore(child, before);
  }
  for (const child of old.values()) child.remove();
}

const usd = (value) => (value === null || value === undefined ? "" : `$${Number(value).toFixed(2)}`);
const when = (iso) => (iso ? new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : "");

function tone(status) {
  if (!status || status === "Draft" || status === "Cancelled") return "grey";
  if (status.startsWith("Error")) return "red";
  if (status === "Quota Exceeded") return "violet";
  if (status === "Published") return "green";
  if (/(Ready|Assembly Complete)$/.test(status)) return "amber";
  return "blue";
}

function toast(message) {
  const box = byId("toast");
  box.textContent = message;
  box.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => { box.hidden = true; }, 4000);
}

async function edit(pageId, change) {
  const response = await fetch(`api/pages/${pageId}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(change),
  });
  const answer = await response.json().catch(() => ({ ok: false, message: `HTTP ${response.status}` }));
  toast(answer.ok ? "Saved in Notion" : `Not saved: ${answer.message}`);
  refresh();
}

function facts(pairs) {
  const box = byId("facts");
  const items = pairs.filter(([, value]) => value !== 0 && value !== "");
  keyed(box, items, ([name]) => name, ([name, value]) => el("span", {}, el("b", {}, String(value)), ` ${name}`));
}

function emptyPage(heading, text) {
  main.replaceChildren(el("div", { class: "empty" }, el("h2", {}, heading), el("p", {}, text)));
}

// Keep one container of this class in the page, so that its children can be reused.
function container(name) {
  const found = main.querySelector(`:scope > .${name}`);
  if (found) return found;
  const made = el("div", { class: name });
  main.replaceChildren(made);
  return made;
}

// --- the board

function showBoard(board) {
  statuses = board.statuses;
  const count = (test) => board.entries.filter((entry) => test(tone(entry.status))).length;
  facts([
    ["in work", count((t) => t === "blue")],
    ["for review", count((t) => t === "amber")],
    ["in error", count((t) => t === "red" || t === "violet")],
    ["published", count((t) => t === "green")],
    ["spent", usd(board.total_usd)],
  ]);
  if (!board.entries.length) {
    emptyPage("The board is empty", "Entries appear here as soon as the simulated Notion has a database with some.");
    return;
  }
  const names = [...statuses, null].filter((name) => board.entries.some((entry) => entry.status === name));
  const columns = names.map((name) => ({ name, entries: board.entries.filter((entry) => entry.status === name) }));
  keyed(container("board"), columns, (column) => column.name, buildColumn);
}

function buildColumn(column, before) {
  const box = before || el("section", { class: "column" }, el("div", { class: "column-head" }), el("div"));
  box.className = `column ${tone(column.name)}`;
  box.children[0].replaceChildren(
    el("span", { class: "dot" }), column.name || "No status", el("span", { class: "count" }, String(column.entries.length)),
  );
  keyed(box.children[1], column.entries, (entry) => entry.id, buildCard);
  return box;
}

function buildCard(entry) {
  const open = () => openDrawer(entry.id);
  const done = /(\d+)\s*\/\s*(\d+)/.exec(entry.progress || "");
  const share = done && Number(done[2]) ? Math.min(100, (100 * Number(done[1])) / Number(done[2])) : null;
  const bar = el("i");
  if (share !== null) bar.style.width = `${share}%`;
  return el("article", {
    class: "card", tabindex: "0", role: "button", "aria-label": entry.title, onclick: open,
    onkeydown: (event) => { if (event.key === "Enter" && event.target === event.currentTarget) open(); },
  },
  el("h3", {}, entry.title),
  el("div", { class: "line" },
    entry.channel ? el("span", { class: "tag" }, entry.channel) : null,
    entry.priority && entry.priority !== "Normal" ? el("span", { class: `tag ${entry.priority.toLowerCase()}` }, entry.priority) : null,
    el("span", { class: "right" }, usd(entry.cost_usd))),
  entry.progress ? el("div", { class: "line" }, entry.progress) : null,
  share !== null ? el("div", { class: "bar" }, bar) : null,
  entry.next_retry ? el("div", { class: "line" }, `next retry ${when(entry.next_retry)}`) : null,
  entry.youtube_url ? el("div", { class: "line" }, el("span", {}, entry.youtube_url)) : null,
  entry.error ? el("div", { class: "error" }, el("div", {}, entry.error)) : null,
  statusChooser(entry));
}

function statusChooser(entry) {
  const names = statuses.includes(entry.status) ? statuses : [entry.status, ...statuses];
  const options = names.map((name) => el("option", { value: name || "", selected: name === entry.status }, name || "No status"));
  return el("select", {
    "aria-label": `Status of ${entry.title}`,
    onclick: (event) => event.stopPropagation(),
    onkeydown: (event) => event.stopPropagation(),
    onchange: (event) => { event.target.blur(); edit(entry.id, { status: event.target.value }); },
  }, ...options);
}

// --- the drawer with an entry's assets

function openDrawer(entryId) {
  openEntry = entryId;
  byId("drawer-assets").replaceChildren();
  byId("drawer-page").replaceChildren();
  byId("drawer-title").textContent = "";
  byId("drawer-facts").textContent = "";
  byId("drawer-error").textContent = "";
  byId("drawer-status").replaceChildren();
  drawer.showModal();
  refreshDrawer();
}

async function refreshDrawer() {
  const wanted = openEntry;
  if (wanted === null) return;
  const response = await fetch(`api/entries/${wanted}`);
  if (!response.ok || wanted !== openEntry) return;
  const entry = await response.json();
  byId("drawer-title").textContent = entry.title;
  byId("drawer-facts").textContent = [entry.status, entry.channel, entry.progress, usd(entry.cost_usd)].filter(Boolean).join("  \u00b7  ");
  byId("drawer-error").textContent = entry.error || "";
  keyed(byId("drawer-status"), [{ id: entry.id, title: entry.title, status: entry.status, statuses }], (shown) => shown.id, statusChooser);
  const types = [...new Set(entry.assets.map((asset) => asset.type || "other"))];
  const groups = types.map((type) => ({ type, assets: ofType(entry.assets, type) }));
  const box = byId("drawer-assets");
  keyed(byId("drawer-page"), entry.page || [], (block) => block.id, buildBlock);
  if (!groups.length) {
    box.replaceChildren(el("p", { class: "muted", "data-key": "none" }, "Nothing has been made for this entry yet."));
    return;
  }
  keyed(box, groups, (group) => group.type, buildGroup);
}

const ofType = (assets, type) =>
  assets.filter((asset) => (asset.type || "other") === type).sort((a, b) => String(a.key).localeCompare(String(b.key)));

function buildGroup(group, before) {
  const box = before || el("section", {}, el("h3", { class: "group" }), el("div", { class: "tiles" }));
  box.children[0].replaceChildren(group.type, el("span", {}, ` ${group.assets.length}`));
  keyed(box.children[1], group.assets, (asset) => asset.id, buildTile);
  return box;
}

// A block of the entry's page, a person's own ones among them; a new take replaces the player, new words do not.
function buildBlock(block, before) {
  const tag = { heading_1: "h2", heading_2: "h2", heading_3: "h3" }[block.type] || "p";
  const words = block.text ? el(block.file ? "figcaption" : tag, {}, block.text) : null;
  if (!block.file) return el("div", { class: `block ${block.type}` }, words);
  const source = JSON.stringify(block.file);
  const media = before && before.dataset.source === source ? before.querySelector("figure").firstElementChild : player(block.file);
  return el("div", { class: `block ${block.type}`, "data-source": source }, el("figure", {}, media, words));
}

// The fragment makes the browser paint a first picture instead of black.
function film(url, poster, captions) {
  const tracks = (captions || []).map((one, place) =>
    el("track", { kind: "captions", src: one.url, srclang: one.language, label: one.language, default: place === 0 }));
  return el("video", { src: `${url}#t=0.1`, poster: poster || "", controls: true, preload: "metadata" }, ...tracks);
}

function player(file) {
  if (file.kind === "image") return el("img", { src: file.url, alt: file.name, loading: "lazy" });
  if (file.kind === "video") return film(file.url);
  if (file.kind === "audio") return el("audio", { src: file.url, controls: true, preload: "metadata" });
  return el("a", { class: "link", href: file.url, target: "_blank", rel: "noopener" }, file.name);
}

function buildTile(asset, before) {
  const media = el("div", {}, ...asset.files.map(player));
  const source = JSON.stringify(asset.files);
  const kept = before && before.dataset.source === source ? before.firstElementChild : media;
  const redo = el("input", { type: "checkbox", checked: asset.redo, onchange: (event) => edit(asset.id, { redo: event.target.checked }) });
  const revision = asset.revision > 1 ? el("span", { class: "tag" }, `revision ${asset.revision}`) : null;
  const said = asset.text ? el("p", { class: "said" }, asset.text) : null;
  const note = asset.note ? el("p", { class: "said note" }, `Note: ${asset.note}`) : null;
  const under = el("div", { class: "under" }, el("span", { title: asset.key || "" }, asset.name || "Untitled"), revision,
    asset.redo === null ? null : el("label", { title: "regenerated when you set the entry back to Generating" }, redo, "redo"));
  if (kept !== media) {
    before.replaceChildren(...[kept, under, said, note].filter(Boolean));
    return before;
  }
  return el("div", { class: "tile", "data-source": source }, media, under, said, note);
}

drawer.addEventListener("close", () => {
  openEntry = null;
  byId("drawer-assets").replaceChildren();
  byId("drawer-page").replaceChildren();
});
drawer.addEventListener("click", (event) => { if (event.target === drawer) drawer.close(); });
byId("drawer-close").addEventListener("click", () => drawer.close());

// --- the videos

function showVideos({ videos }) {
  facts([[videos.length === 1 ? "video" : "videos", videos.length]]);
  if (!videos.length) {
    emptyPage("No videos yet", "Films that are uploaded to the simulated YouTube play here.");
    return;
  }
  keyed(container("films"), videos, (video) => video.id, buildFilm);
}

function buildFilm(video) {
  const { snippet, status } = video;
  const media = video.url ? film(video.url, video.poster, video.captions) : null;
  const marks = [status.privacyStatus, status.uploadStatus, status.containsSyntheticMedia ? "AI-made, disclosed" : null, snippet.channelTitle];
  return el("article", { class: "tile film" }, media, el("div", { class: "body" },
    el("h3", {}, snippet.title || "Untitled"),
    el("p", { class: "muted" }, [video.id, when(video.uploaded_at)].filter(Boolean).join("  \u00b7  ")),
    el("div", { class: "chips" }, ...marks.filter(Boolean).map((mark) => el("span", { class: "tag" }, mark))),
    snippet.description ? el("p", { class: "description" }, snippet.description) : null,
    el("div", { class: "chips" }, ...(snippet.tags || []).map((tag) => el("span", { class: "tag" }, `#${tag}`)))));
}

// --- the ledger

const quantity = (value, unit) => `${Number(value).toLocaleString("en", { maximumFractionDigits: 2 })} ${unit}`;
const price = (value) => `$${Number(value).toFixed(4)}`;
const cells = (...texts) => texts.map((text, at) => el("td", { class: at > 1 ? "number" : null }, String(text)));
const NAMES = { elevenlabs: "ElevenLabs", gemini: "Gemini", kie: "KIE", youtube: "YouTube", notion: "Notion" };
const serviceName = (service) => NAMES[service] || service;
const heads = (...texts) => el("thead", {}, el("tr", {}, ...texts.map((text, at) => el("th", { class: at > 1 ? "number" : null }, text))));

function showLedger(ledger) {
  facts([["charges", ledger.calls], ["in all", usd(ledger.total_usd)]]);
  if (!ledger.calls) {
    emptyPage("Nothing was charged", "Every billable call to a simulated service is listed here at the price of the real one.");
    return;
  }
  const sheet = container("sheet");
  const signature = JSON.stringify(ledger);
  if (sheet.dataset.signature === signature) return;
  sheet.dataset.signature = signature;
  const sums = ledger.services.flatMap((service) => [
    el("tr", { class: "service" }, ...cells(serviceName(service.service), "", service.calls, "", price(service.usd))),
    ...service.kinds.map((kind) => el("tr", {}, ...cells("", kind.kind, kind.calls, quantity(kind.quantity, kind.unit), price(kind.usd)))),
  ]);
  const latest = ledger.latest.map((charge) => el("tr", {},
    ...cells(serviceName(charge.service), charge.kind, when(charge.at), quantity(charge.quantity, charge.unit), price(charge.usd))));
  sheet.replaceChildren(
    el("div", { class: "total" }, el("b", {}, usd(ledger.total_usd)), el("span", { class: "muted" }, "would have been billed; nothing was paid")),
    el("div", { class: "scroll" }, el("table", {}, heads("Service", "Call", "Calls", "Quantity", "USD"), el("tbody", {}, ...sums))),
    el("h3", { class: "group" }, "Latest charges"),
    el("div", { class: "scroll" }, el("table", {}, heads("Service", "Call", "Time", "Quantity", "USD"), el("tbody", {}, ...latest))));
}

// --- the loop

const SHOW = { board: showBoard, videos: showVideos, ledger: showLedger };

async function refresh() {
  try {
    const response = await fetch(`api/${view}`);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    SHOW[view](await response.json());
    await refreshDrawer();
    byId("pulse").className = "pulse";
  } catch (trouble) {
    byId("pulse").className = "pulse lost";
    byId("pulse").title = `no answer from the sandbox: ${trouble.message}`;
  }
}

async function keepFresh() {
  await refresh();
  setTimeout(keepFresh, REFRESH_MS);
}

for (const link of document.querySelectorAll("nav a")) link.classList.toggle("here", link.dataset.view === view);
document.title = { board: "Board", videos: "Videos", ledger: "Ledger" }[view] + " \u00b7 videod sandbox";
if (location.hash.length > 1) openDrawer(location.hash.slice(1));
keepFresh();
