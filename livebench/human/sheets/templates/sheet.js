"use strict";
// One rater's sheet, of either task: ratings from 1 to 5, several on a page, or a choice among ten comments,
// one on a page. The page holds all of it; nothing is ever requested, and nothing leaves the browser but the
// CSV that the rater downloads. A "scale" is what gets one number, a rating or a choice.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const store = "livebench human-eval " + data.store;
  const pages = [...document.querySelectorAll(".page")];
  const scales = [...document.querySelectorAll("fieldset")];
  const choosing = data.levels > 5; // one scale a page, its numbers one below the other
  let place = 0;
  let storage = null;
  try {
    storage = window.localStorage;
    storage.setItem(store + " test", "1");
    storage.removeItem(store + " test");
  } catch {
    storage = null; // switched off, or full: the rater is told, and asked before the page closes
    byId("no-storage").hidden = false;
  }
  let unsaved = false;
  let saves = 0; // of this sheet in this browser, as far as the page knows: what is newer has more

  // --- ratings: the page's own radio buttons are the one place that holds them ---
  const inputs = (scale) => [...scale.querySelectorAll("input")];
  const value = (scale) => inputs(scale).findIndex((input) => input.checked) + 1; // 0: none
  const setValue = (scale, rating) => inputs(scale).forEach((input, i) => { input.checked = i + 1 === rating; });
  const valid = (rating) => Number.isInteger(rating) && rating >= 1 && rating <= data.levels;
  const name = (scale) => scale.dataset.row + " " + scale.dataset.criterion;
  const missing = (within) => within.filter((scale) => !value(scale));
  const scalesOf = (page) => [...page.querySelectorAll("fieldset")];

  function save() {
    const ratings = {};
    for (const scale of scales) if (value(scale)) ratings[name(scale)] = value(scale);
    unsaved = missing(scales).length < scales.length;
    if (storage) {
      try {
        const kept = { store, saves: ++saves, ratings, place, lang: document.documentElement.dataset.lang };
        storage.setItem(store, JSON.stringify(kept));
        remember(kept);
        unsaved = false;
        byId("saved").hidden = false;
        byId("no-storage").hidden = true;
      } catch {
        byId("saved").hidden = true;
        byId("no-storage").hidden = false;
      }
    }
    progress();
  }

  // Chromium, when busy, may show a page that is loaded again an empty storage, although nothing is lost there;
  // the next rating would replace all. So the tab keeps the ratings in its history, too.
  function remember(kept) {
    try { history.replaceState(kept, ""); } catch { /* too often at once: the next one will do */ }
  }

  // What was saved last, in the storage or in the history of the tab.
  function newest() {
    let kept = null;
    try { kept = JSON.parse(storage.getItem(store)); } catch { kept = null; }
    const own = history.state && history.state.store === store ? history.state : null;
    if (!kept || typeof kept !== "object") return own;
    return own && own.saves > (kept.saves || 0) ? own : kept;
  }

  function restore() {
    const kept = newest();
    if (!kept) return false;
    saves = Math.max(saves, kept.saves || 0);
    for (const scale of scales) {
      const rating = kept.ratings && kept.ratings[name(scale)];
      setValue(scale, valid(rating) ? rating : 0);
    }
    if (Number.isInteger(kept.place) && kept.place >= 0 && kept.place < pages.length) place = kept.place;
    if (kept.lang === "zh" || kept.lang === "en") setLanguage(kept.lang);
    return true;
  }

  function progress() {
    const left = missing(scales).length;
    const done = scales.length - left;
    byId("done").textContent = done;
    byId("bar").setAttribute("aria-valuenow", done);
    byId("bar").firstElementChild.style.width = (100 * done) / scales.length + "%";
    byId("ready").hidden = left > 0;
    byId("not-ready").hidden = left === 0;
    const first = place === 0;
    document.querySelector("#next .go").hidden = first;
    document.querySelector("#next .start").hidden = !first || done > 0;
    document.querySelector("#next .resume").hidden = !first || done === 0;
  }

  function say(what, number) {
    for (const message of document.querySelectorAll("#said [data-say]")) message.hidden = message.dataset.say !== what;
    document.querySelector("#said b").textContent = what === "" ? "" : number;
  }

  // --- moving ---
  function show(next, at) {
    place = Math.max(0, Math.min(pages.length - 1, next));
    pages.forEach((page, i) => { page.hidden = i !== place; });
    const middle = place > 0 && place < pages.length - 1;
    byId("where").textContent = middle ? place + " / " + (pages.length - 2) : "";
    byId("previous").disabled = place === 0;
    byId("next").disabled = place === pages.length - 1;
    say("", 0);
    byId("hint").textContent = "";
    window.scrollTo(0, 0);
    if (middle) {
      const here = scalesOf(pages[place]);
      focus(at || missing(here)[0] || here[0]);
    } else (place === 0 ? byId("next") : byId("download-end")).focus({ preventScroll: true });
    progress();
  }

  // What the current rating stands for, or what is asked.
  function hint(scale) {
    if (!data.anchors) return;
    const lang = document.documentElement.dataset.lang;
    const text = data.anchors[scale.dataset.criterion][lang];
    const rating = value(scale);
    const said = rating ? rating + ": " + text[rating - 1] : "1: " + text[0] + " … 5: " + text[4];
    for (const place of [scale.querySelector(".hint"), byId("hint")]) place.textContent = said;
    inputs(scale).forEach((input, i) => { input.parentElement.title = text[i]; });
  }

  function focus(scale) {
    hint(scale);
    const all = inputs(scale);
    (all[value(scale) - 1] || all[0]).focus({ preventScroll: true });
    // Before a choice, what comes first on the page is to be read; afterwards the choice is to be seen.
    if (choosing && !value(scale)) return;
    const box = (choosing ? all[value(scale) - 1].parentElement : scale).getBoundingClientRect();
    const shift = box.bottom > innerHeight - 80 ? box.bottom - innerHeight + 120 : box.top < 90 ? box.top - 120 : 0;
    if (shift) window.scrollBy(0, shift);
  }

  const current = () => document.activeElement && document.activeElement.closest("fieldset");

  function step(by) {
    const here = scalesOf(pages[place]);
    const at = here.indexOf(current());
    const next = at < 0 ? (by > 0 ? 0 : here.length - 1) : at + by;
    if (next >= here.length) byId("next").focus();
    else if (here[next]) focus(here[next]);
  }

  function rate(rating, move) {
    const here = scalesOf(pages[place]);
    const scale = current() || missing(here)[0] || (choosing && here[0]);
    if (!scale) return;
    setValue(scale, rating);
    save();
    say("", 0);
    focus(scale);
    if (move) step(1);
  }

  // The choice above or below; from none to the first or the last.
  function pick(by) {
    const scale = scalesOf(pages[place])[0];
    if (!scale) return;
    const at = value(scale);
    rate(at ? Math.max(1, Math.min(data.levels, at + by)) : by > 0 ? 1 : data.levels, false);
  }

  // Asked for a second time, it goes on although something is missing.
  function forward() {
    const left = missing(scalesOf(pages[place]));
    if (left.length && forward.warned !== place) {
      forward.warned = place;
      focus(left[0]);
      say("missing", left.length);
    } else {
      forward.warned = -1;
      turn(1);
    }
  }

  function turn(by) {
    show(place + by);
    save();
  }

  function firstMissing() {
    const scale = missing(scales)[0];
    if (scale) show(pages.indexOf(scale.closest(".page")), scale);
    else show(pages.length - 1);
  }

  function home() {
    // Help leads to the instructions and back to where the rater was.
    if (place === 0 && home.from) show(home.from);
    else { home.from = place; show(0); }
  }

  // --- CSV: the layout of the CSV sheet, to the byte ---
  const quoted = (cell) => '"' + String(cell).replaceAll('"', '""') + '"';

  function csv() {
    const ratings = {};
    for (const scale of scales) ratings[name(scale)] = value(scale) || "";
    const lines = [[...data.columns, ...data.criteria]];
    for (const row of data.rows) lines.push([...row, ...data.criteria.map((criterion) => ratings[row[data.id] + " " + criterion])]);
    return "\ufeff" + lines.map((line) => line.map(quoted).join(",") + "\r\n").join("");
  }

  function download() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv;charset=utf-8" }));
    link.download = data.file;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    unsaved = false;
    say("downloaded", missing(scales).length);
  }

  function parse(text) {
    const rows = [[""]];
    let inside = false;
    text = text.replace(/^\ufeff/, "");
    const comma = [",", ";", "\t"].find((mark) => text.split("\n", 1)[0].includes(mark)) || ",";
    for (let i = 0; i < text.length; i++) {
      const row = rows[rows.length - 1];
      const mark = text[i];
      if (inside && mark === '"' && text[i + 1] === '"') { row[row.length - 1] += '"'; i++; }
      else if (mark === '"') inside = !inside;
      else if (!inside && mark === comma) row.push("");
      else if (!inside && mark === "\n") rows.push([""]);
      else if (inside || mark !== "\r") row[row.length - 1] += mark;
    }
    return rows.filter((row) => row.length > 1);
  }

  function load(text) {
    const [header, ...rows] = parse(text);
    const known = new Map(scales.map((scale) => [name(scale), scale]));
    const found = new Map();
    const id = header ? header.indexOf(data.columns[data.id]) : -1;
    const columns = data.criteria.map((criterion) => (header ? header.indexOf(criterion) : -1));
    if (id < 0 || columns.includes(-1)) return say("refused", 1);
    for (const [i, row] of rows.entries())
      for (const [c, column] of columns.entries()) {
        const cell = (row[column] || "").trim();
        const scale = known.get(row[id] + " " + data.criteria[c]);
        if (!scale || !(cell === "" || (/^\d+$/.test(cell) && valid(Number(cell))))) return say("refused", i + 2);
        if (cell) found.set(scale, Number(cell));
      }
    for (const [scale, rating] of found) setValue(scale, rating);
    save();
    show(place);
    say("loaded", found.size);
  }

  // --- language ---
  function setLanguage(lang) {
    document.documentElement.dataset.lang = lang;
    document.documentElement.lang = lang;
    if (current()) hint(current());
  }

  function otherLanguage() {
    setLanguage(document.documentElement.dataset.lang === "zh" ? "en" : "zh");
    save();
  }

  // --- events ---
  const clicks = {
    help: home, language: otherLanguage, download, "download-end": download, missing: firstMissing,
    load: () => byId("file").click(), previous: () => turn(-1), next: forward,
  };
  for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", action);
  byId("file").addEventListener("change", async () => {
    const file = byId("file").files[0];
    if (file) load(await file.text());
    byId("file").value = "";
  });
  document.addEventListener("change", (event) => {
    if (event.target.type !== "radio") return;
    hint(event.target.closest("fieldset"));
    save();
  });
  document.addEventListener("focusin", () => { if (current()) hint(current()); });
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());

  const letters = {
    KeyN: () => turn(1), PageDown: () => turn(1), KeyP: () => turn(-1), PageUp: () => turn(-1), KeyU: firstMissing,
    KeyD: download, KeyL: otherLanguage, KeyH: home, ArrowDown: () => (choosing ? pick(1) : step(1)), ArrowUp: () => (choosing ? pick(-1) : step(-1)),
    Backspace: () => rate(0, false), Delete: () => rate(0, false),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // By the key's place: an input method that is switched on hides what it stands for.
    const pressed = /^(?:Digit|Numpad)(\d)$/.exec(event.code) || /^(\d)$/.exec(event.key);
    const digit = pressed && (choosing && pressed[1] === "0" ? 10 : Number(pressed[1]));
    const scale = current();
    let action = letters[event.code];
    if (valid(digit)) action = () => rate(digit, !choosing);
    else if (digit === 0) action = () => rate(0, false);
    else if (choosing && /^Arrow(?:Left|Right)$/.test(event.code)) action = () => pick(event.code === "ArrowLeft" ? -1 : 1);
    else if (scale && (event.code === "ArrowLeft" || event.code === "ArrowRight")) {
      const by = event.code === "ArrowLeft" ? -1 : 1;
      action = () => rate(Math.max(1, Math.min(5, value(scale) ? value(scale) + by : 3)), false);
    } else if (event.code === "Enter" || event.code === "NumpadEnter")
      action = event.target.closest("button") ? null : forward;
    if (!action || (event.shiftKey && !pressed)) return; // some keyboards have digits with shift only
    if (place === 0 && event.code.startsWith("Arrow")) return; // scrolls the instructions
    event.preventDefault();
    action();
  });
  // The same sheet in another tab: the ratings are those saved last.
  window.addEventListener("storage", (event) => {
    if (event.key !== store) return;
    const here = place;
    restore();
    place = here;
    progress();
  });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });

  setLanguage(/^zh/i.test(navigator.language || "zh") ? "zh" : "en");
  const back = storage !== null && restore();
  if (back) byId("saved").hidden = false;
  show(place);
})();
