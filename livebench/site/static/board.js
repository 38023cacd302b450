"use strict";
// The leaderboard: sorting, filtering, and plots of the metric that it is sorted by.
(() => {
  const filters = document.getElementById("filters");
  const sortBy = document.getElementById("sort");
  // Digits, and whether higher is better, by name of the metric.
  const METRICS = JSON.parse(sortBy.dataset.metrics);
  const controls = Object.fromEntries(["find", "weights", "training"].map((id) => [id, document.getElementById(id)]));
  const boxes = [...filters.querySelectorAll("[name=kind]")];
  const highIsFirst = (key) => (key in METRICS ? METRICS[key].higher_is_better : key === "date" || key === "size" || key.startsWith("set:"));
  // What rows are sorted by; "": what the table that is shown is sorted by of itself.
  const state = { key: "", down: true };
  let current = null;

  /** The cell of a row in the column of a key; none if there is no such column. */
  function cellOf(row, key) {
    const heads = [...row.closest("table").tHead.rows[0].cells];
    const place = heads.findIndex((head) => head.dataset.key === key);
    return place < 0 ? undefined : row.cells[place];
  }

  /** What a row is sorted by: a number, a text, or null where there is nothing. */
  function valueOf(row, key) {
    const cell = cellOf(row, key);
    const text = cell ? cell.dataset.v ?? cell.textContent.trim().toLowerCase() : row.dataset[key] ?? "";
    if (text === "") return null;
    return Number.isFinite(Number(text)) ? Number(text) : text;
  }

  /** Whether a table has such values: in a column, or as attributes of its rows. */
  function sortable(table, key) {
    return [...table.tHead.rows[0].cells].some((head) => head.dataset.key === key)
      || [...table.tBodies[0].rows].some((row) => key in row.dataset);
  }

  function sort(table, { key, down }) {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [valueOf(row, key), row]);
    rows.sort(([a], [b]) => (a === null) - (b === null) || (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1));
    body.append(...rows.map(([, row]) => row));
    for (const head of table.tHead.querySelectorAll("[data-key]")) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    if (key in METRICS && table.dataset.scales) draw(table, key);
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
    const wanted = controls.find.value.trim().toLowerCase();
    const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const is = (row, key) => !controls[key].value || row.dataset[key] === controls[key].value;
    for (const table of section.querySelectorAll("table.board")) {
      for (const row of table.tBodies[0].rows) {
        const { kind, name } = row.dataset;
        const fits = kinds.has(kind) && name.toLowerCase().includes(wanted) && is(row, "weights") && is(row, "training");
        row.hidden = kind !== "exact" && !fits;
      }
    }
    const rows = [...section.querySelector("table.board").tBodies[0].rows].filter((row) => row.dataset.kind !== "exact");
    const shown = rows.filter((row) => !row.hidden).length;
    document.getElementById("count").textContent = `${shown} of ${rows.length} rows`;
  }

  /** Show a section as `state` and the controls say. */
  function apply(section) {
    current = section;
    const tables = [...section.querySelectorAll("table.board")];
    const [{ dataset: { first } }] = tables;
    const asked = state.key && sortable(tables[0], state.key);
    const key = asked ? state.key : first;
    const down = asked ? state.down : highIsFirst(first);
    for (const option of sortBy.options) option.hidden = option.disabled = !sortable(tables[0], option.value);
    sortBy.value = key;
    for (const table of tables) sort(table, { key, down });
    for (const line of section.querySelectorAll(".lines li")) {
      const metric = key in METRICS ? key : first;
      line.querySelector(".value").textContent =
        JSON.parse(line.dataset.values).best[metric].toFixed(METRICS[metric].digits);
    }
    filter(section);
  }

  /** What the address keeps: all that is not as it is unasked. */
  function kept() {
    return {
      sort: state.key,
      order: state.key && state.down !== highIsFirst(state.key) ? "reversed" : "",
      find: controls.find.value.trim(),
      weights: controls.weights.value,
      training: controls.training.value,
      hide: boxes.filter((box) => !box.checked).map((box) => box.value).join(","),
    };
  }

  /** The other way round: state and controls as an address says. */
  function arrived({ sort: key = "", order = "", find = "", weights = "", training = "", hide = "" }) {
    state.key = [...sortBy.options].some((option) => option.value === key) ? key : "";
    state.down = state.key ? highIsFirst(state.key) !== (order === "reversed") : true;
    controls.find.value = find;
    for (const [select, value] of [[controls.weights, weights], [controls.training, training]]) {
      select.value = [...select.options].some((option) => option.value === value) ? value : "";
    }
    for (const box of boxes) box.checked = !hide.split(",").includes(box.value);
    if (find || weights || training || hide) filters.open = true;
  }

  const remember = () => LiveBench.writeHash(current.id, kept());

  function sortedBy(key, down = highIsFirst(key)) {
    Object.assign(state, { key, down });
    apply(current);
    remember();
  }

  for (const head of document.querySelectorAll("th[data-key]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const { key } = head.dataset;
      // What a table is sorted by of itself counts as chosen, too.
      if (head.hasAttribute("aria-sort")) sortedBy(key, head.getAttribute("aria-sort") === "ascending");
      else sortedBy(key);
    });
  }
  sortBy.addEventListener("change", () => sortedBy(sortBy.value));
  for (const control of [controls.find, controls.weights, controls.training, ...boxes]) {
    control.addEventListener("input", () => { filter(current); remember(); });
  }
  filters.open = matchMedia("(min-width: 46rem)").matches;
  filters.hidden = false;
  LiveBench.choose(apply, kept, arrived);
})();
