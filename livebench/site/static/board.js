"use strict";
// The leaderboard: sorting, filtering, and plots of the metric that it is sorted by.
(() => {
  const filters = document.getElementById("filters");
  const sortBy = document.getElementById("sort");
  // Digits, and whether higher is better, by name of the metric.
  const METRICS = JSON.parse(sortBy.dataset.metrics);
  const HEADLINE = sortBy.dataset.headline;
  const highIsFirst = (key) => (key in METRICS ? METRICS[key].higher_is_better : key === "date");
  const state = { key: HEADLINE, down: highIsFirst(HEADLINE) };
  let current = null;

  function cellOf(row, key) {
    if (key === "name") return row.querySelector(".who");
    if (key === "evaluated") return row.querySelector(".how");
    if (key === "date" || key === "rank") return row.querySelector("." + key);
    return row.querySelector(`[data-label="${key}"]`);
  }

  function valueOf(row, key) {
    const cell = cellOf(row, key);
    if (!cell) return "";
    return cell.dataset.v === undefined ? cell.textContent.trim().toLowerCase() : Number(cell.dataset.v);
  }

  function sort(table, { key, down }) {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [valueOf(row, key), row]);
    rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
    for (const head of table.tHead.querySelectorAll("[data-key]")) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    if (key in METRICS) draw(table, key);
  }

  /** Redraw the plots of a table for a metric. */
  function draw(table, metric) {
    if (table.dataset.metric === metric) return;
    table.dataset.metric = metric;
    const { high, ticks } = JSON.parse(table.dataset.scales)[metric];
    const at = (value) => `${(100 * Math.min(Math.max(value / high, 0), 1)).toFixed(2)}%`;
    const lines = [...table.closest("section").querySelectorAll(".lines li")]
      .map((line) => JSON.parse(line.dataset.values)[table.dataset.truth][metric]);
    table.tHead.querySelector(".what").textContent = metric + (METRICS[metric].higher_is_better ? "" : " (lower is better)");
    const axis = table.tHead.querySelector(".axis");
    axis.replaceChildren(...ticks.map((tick, place) => {
      const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      text.setAttribute("x", at(tick));
      text.setAttribute("y", 13);
      text.setAttribute("text-anchor", place === 0 ? "start" : place === ticks.length - 1 ? "end" : "middle");
      text.textContent = tick;
      return text;
    }));
    for (const row of table.tBodies[0].rows) {
      const cell = cellOf(row, metric).dataset;
      // Drawn from the last line to the first: chance lies on top.
      [...row.querySelectorAll(".chance, .shortcut")].reverse().forEach((line, place) => {
        line.setAttribute("x1", at(lines[place]));
        line.setAttribute("x2", at(lines[place]));
      });
      const range = row.querySelector(".range");
      if (!range) continue;
      range.setAttribute("x1", at(cell.low));
      range.setAttribute("x2", at(cell.high));
      row.querySelector("circle").setAttribute("cx", at(cell.v));
    }
  }

  function filter(section) {
    const wanted = document.getElementById("find").value.trim().toLowerCase();
    const kinds = new Set([...filters.querySelectorAll("[name=kind]:checked")].map((box) => box.value));
    for (const table of section.querySelectorAll("table.board")) {
      for (const row of table.tBodies[0].rows) {
        const { kind, name } = row.dataset;
        row.hidden = kind !== "exact" && (!kinds.has(kind) || !name.toLowerCase().includes(wanted));
      }
    }
    const rows = [...section.querySelector("table.board").tBodies[0].rows].filter((row) => row.dataset.kind !== "exact");
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("count").textContent = `${shown} of ${rows.length} rows`;
  }

  function apply(section) {
    current = section;
    sortBy.value = [...sortBy.options].find((option) => option.value === state.key).value;
    for (const table of section.querySelectorAll("table.board")) sort(table, state);
    for (const line of section.querySelectorAll(".lines li")) {
      const metric = state.key in METRICS ? state.key : HEADLINE;
      line.querySelector(".value").textContent =
        JSON.parse(line.dataset.values).best[metric].toFixed(METRICS[metric].digits);
    }
    filter(section);
  }

  function sortedBy(key, down = highIsFirst(key)) {
    Object.assign(state, { key, down });
    apply(current);
  }

  for (const head of document.querySelectorAll("th[data-key]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const { key } = head.dataset;
      if (key === state.key) sortedBy(key, !state.down);
      else sortedBy(key);
    });
  }
  sortBy.addEventListener("change", () => sortedBy(sortBy.value));
  document.getElementById("find").addEventListener("input", () => filter(current));
  filters.addEventListener("change", (event) => { if (event.target.name === "kind") filter(current); });
  filters.hidden = false;
  LiveBench.choose(apply);
})();
