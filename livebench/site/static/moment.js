"use strict";
// A page of moments: one at a time, its candidates as one or two runs ranked them.
(() => {
  const FIRST = 20;
  const holder = document.getElementById("moments");
  const { set } = holder.dataset;
  const shard = Number(holder.dataset.shard);
  const sections = [...holder.children];
  const links = [...document.querySelectorAll(".picker a")];
  const decoded = new Map();
  let current = 0;
  let turn = 0;

  /** Twice the rank of each candidate of a moment, as a run ranked them. */
  async function ranksOf(run, place) {
    const address = `${set}/${runs.state.setting}/${run}-${Math.floor(place / shard)}`;
    if (!decoded.has(address)) {
      const text = atob(await LiveBench.load(address));
      decoded.set(address, Uint8Array.from(text, (mark) => mark.charCodeAt(0)));
    }
    const start = (place % shard) * 100;
    return decoded.get(address).subarray(start, start + 100);
  }

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // The page lists candidates by type.
  const kindOf = (item) => item.parentElement.dataset.kind;
  const colourOf = (item) => item.parentElement.className.replace("candidates ", "");

  /** Ties stand in no order: by a number that knows nothing of their types. */
  const lot = (item) => (item * 61 + 17) % 101;

  const written = (halves) => (halves % 2 ? (halves / 2).toFixed(1) : String(halves / 2));

  /** The 100 candidates from first to last as a strip of their types. */
  function strip(order, items, tied) {
    const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    drawn.setAttribute("class", "strip");
    drawn.setAttribute("viewBox", "0 0 100 10");
    drawn.setAttribute("preserveAspectRatio", "none");
    drawn.setAttribute("aria-hidden", "true");
    order.forEach((item, place) => {
      const part = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      const correct = kindOf(items[item]) === "correct";
      part.setAttribute("class", colourOf(items[item]) + (tied(item) ? " tied" : ""));
      part.setAttribute("x", place + 0.08);
      part.setAttribute("y", correct ? 0 : 3);
      part.setAttribute("width", 0.84);
      part.setAttribute("height", correct ? 10 : 7);
      drawn.append(part);
    });
    return drawn;
  }

  function column(key, ranks, other, items) {
    const box = element("div", "column");
    const order = [...ranks.keys()].sort((a, b) => ranks[a] - ranks[b] || lot(a) - lot(b));
    const tied = (item) => ranks.indexOf(ranks[item]) !== ranks.lastIndexOf(ranks[item]);
    const best = order.find((item) => kindOf(items[item]) === "correct");
    const heading = element("h3", "", "");
    heading.append(element("b", "", key.toUpperCase()), " ", element("bdi", "", runs.label(key)));
    box.append(heading, element("p", "facts", `best correct candidate at rank ${written(ranks[best])}${tied(best) ? ", tied (pale)" : ""}`), strip(order, items, tied));
    const list = element("ol", "ranking");
    order.forEach((item, place) => {
      const source = items[item];
      const row = element("li", colourOf(source));
      row.dataset.item = item;
      row.hidden = place >= FIRST;
      const badge = element("abbr", "kind", kindOf(source).slice(0, 2));
      badge.title = kindOf(source);
      const text = element("span", "text");
      text.append(...[...source.childNodes].map((node) => node.cloneNode(true)));
      row.append(element("span", "r", (tied(item) ? "=" : "") + written(ranks[item])), badge, text);
      if (other) row.append(element("span", "o", `${key === "a" ? "B" : "A"} ${written(other[item])}`));
      list.append(row);
    });
    const more = element("button", "", "Show all 100");
    more.type = "button";
    more.addEventListener("click", () => {
      for (const row of list.children) row.hidden = false;
      list.children[FIRST].tabIndex = -1;
      list.children[FIRST].focus();
      more.remove();
    });
    box.append(list, more);
    return box;
  }

  /** Pointing at a candidate marks it in both columns. */
  function pointed(event) {
    const box = event.currentTarget;
    const item = event.type === "mouseover" ? event.target.closest("[data-item]")?.dataset.item : undefined;
    for (const row of box.querySelectorAll("[data-item]")) row.classList.toggle("same", row.dataset.item === item);
  }

  async function show(place, remember) {
    const mine = ++turn;
    current = Math.min(Math.max(place, 0), sections.length - 1);
    const section = sections[current];
    for (const other of sections) other.hidden = other !== section;
    links.forEach((link, number) => {
      if (number === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    if (remember) LiveBench.writeHash(section.id, runs.state);
    const box = section.querySelector(".ranked");
    const all = section.querySelector("details.all");
    const items = [...all.querySelectorAll("li")];
    const number = Number(section.dataset.place);
    const { a, b } = runs.state;
    const [first, second] = await Promise.all([a, b].map((run) => (run ? ranksOf(run, number).catch(() => null) : null)));
    if (mine !== turn) return;
    box.replaceChildren();
    if (first) box.append(column("a", first, second, items));
    if (second) box.append(column("b", second, first, items));
    box.classList.toggle("two", Boolean(first && second));
    box.hidden = !box.children.length;
    all.open = box.hidden;
  }

  function fromHash() {
    const place = sections.findIndex((section) => section.id === LiveBench.readHash().id);
    return Math.max(place, 0);
  }

  for (const section of sections) {
    const box = section.querySelector(".ranked");
    box.addEventListener("mouseover", pointed);
    box.addEventListener("mouseleave", pointed);
  }
  links.forEach((link, number) => link.addEventListener("click", (event) => {
    event.preventDefault();
    show(number, true);
  }));
  const runs = LiveBench.chooseRuns(() => show(current, true));
  addEventListener("hashchange", () => { runs.read(); show(fromHash(), false); });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "n" && current < sections.length - 1) show(current + 1, true);
    else if (event.key === "p" && current > 0) show(current - 1, true);
    else if (event.key === "n") leave("after");
    else if (event.key === "p") leave("before");
  });

  /** Go on to the next video, with the same choices. */
  function leave(id) {
    const link = document.getElementById(id);
    if (!link) return;
    const pairs = Object.entries(runs.state).filter(([, value]) => value).map(([key, value]) => `${key}=${value}`);
    location.href = link.getAttribute("href") + "#" + encodeURI(["", ...pairs].join("&"));
  }

  for (const id of ["before", "after"]) {
    document.getElementById(id)?.addEventListener("click", (event) => { event.preventDefault(); leave(id); });
  }
  document.querySelector(".keys").hidden = false;
  show(fromHash(), false);
})();
