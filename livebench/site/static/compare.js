"use strict";
// Two rows in full: difference, test, wins, and the samples where they differ most.
(() => {
  const LARGEST = 20;
  const table = document.getElementById("pairs");
  const { set, setting, metric, digits } = table.dataset;
  const rows = [...table.tBodies[0].rows];
  const selects = { a: document.getElementById("a"), b: document.getElementById("b") };
  const result = document.getElementById("result");
  const samples = document.getElementById("samples");
  let turn = 0;

  const rowOf = (key) => rows.find((row) => row.dataset.key === key);
  const nameOf = (row) => row.querySelector("bdi").textContent;
  const signed = (value) => (value >= 0 ? "+" : "−") + Math.abs(value).toFixed(digits);

  /** The pair as A less B, whichever stands higher. */
  function pairOf(a, b) {
    const [i, j] = [rows.indexOf(a), rows.indexOf(b)];
    const cell = rows[Math.min(i, j)].cells[2 + Math.max(i, j)];
    const [value, low, high, p, adjusted, s1, s2, s0, v1, v2, v0] = JSON.parse(cell.dataset.pair);
    return i < j
      ? { value, low, high, p, adjusted, samples: [s1, s2, s0], videos: [v1, v2, v0] }
      : { value: -value, low: -high, high: -low, p, adjusted, samples: [s2, s1, s0], videos: [v2, v1, v0] };
  }

  function element(tag, className, ...content) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...content);
    return made;
  }

  function svg(tag, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  /** The difference with its interval, zero in the middle. */
  function drawn(pair) {
    const reach = 1.15 * Math.max(Math.abs(pair.low), Math.abs(pair.high), 1e-6);
    const at = (value) => `${(50 + 50 * value / reach).toFixed(2)}%`;
    const picture = svg("svg", { class: "plot difference", width: "100%", height: 46, "aria-hidden": "true" });
    picture.append(
      svg("line", { class: "zero", x1: "50%", x2: "50%", y1: 0, y2: 30 }),
      svg("line", { class: "range", x1: at(pair.low), x2: at(pair.high), y1: 15, y2: 15 }),
      svg("circle", { cx: at(pair.value), cy: 15, r: 5 }),
    );
    for (const [x, anchor, text] of [["0%", "start", "← B better"], ["50%", "middle", "0"], ["100%", "end", "A better →"]]) {
      const label = svg("text", { x, y: 43, "text-anchor": anchor });
      label.textContent = text;
      picture.append(label);
    }
    return picture;
  }

  /** How many samples, or videos, each of two wins, as a bar and in words. */
  function wins(label, [first, second, equal]) {
    const total = first + second + equal;
    const picture = svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", width: "100%", height: 16, "aria-hidden": "true" });
    [["a", 0, first], ["equal", first, equal], ["b", first + equal, second]].forEach(([name, start, size]) => picture.append(
      svg("rect", { class: "win-" + name, x: 100 * start / total, y: 0, width: 100 * size / total, height: 8 })));
    return element("div", "wins", element("p", "", `${label}: A wins ${first}, B wins ${second}, ${equal} equal`), picture);
  }

  function sentence(a, b, pair) {
    const sure = pair.adjusted < 0.05;
    const less = pair.p < 0.0001 ? "p < 0.0001" : `p = ${pair.p.toFixed(4)}`;
    const verdict = sure ? (pair.value > 0 ? "is better than" : "is worse than") : "is not significantly different from";
    return element("p", "verdict", element("bdi", "", nameOf(a)), ` (${metric} ${a.dataset.value}) `, element("b", "", verdict), " ",
      element("bdi", "", nameOf(b)), ` (${b.dataset.value}): difference ${signed(pair.value)}, 95% interval ${signed(pair.low)} to ` +
      `${signed(pair.high)}, ${less}, adjusted ${pair.adjusted.toFixed(4)}.`);
  }

  /** Ranks and reciprocal ranks of each sample, the mean over the runs of a row. */
  async function ranksOf(row) {
    const runs = await Promise.all(row.dataset.runs.split(" ").map((run) => LiveBench.load(`${set}/${setting}/${run}`)));
    const mean = (key) => runs[0][key].map((_, place) => runs.reduce((sum, run) => sum + run[key][place], 0) / runs.length);
    return { rank: mean("rank"), rr: mean("rr") };
  }

  async function list(a, b) {
    const mine = ++turn;
    const [first, second, places] = await Promise.all([ranksOf(a), ranksOf(b), LiveBench.load(`${set}/places`)]);
    if (mine !== turn) return;
    const apart = first.rr.map((value, place) => Math.abs(value - second.rr[place]));
    const order = [...apart.keys()].filter((place) => apart[place] > 0)
      .sort((i, j) => apart[j] - apart[i] || i - j).slice(0, LARGEST);
    const query = encodeURI(`&setting=${setting}&a=${a.dataset.runs.split(" ")[0]}&b=${b.dataset.runs.split(" ")[0]}`);
    const shown = (value) => value.toFixed(1).replace(/\.0$/, "");
    samples.querySelector("tbody").replaceChildren(...order.map((place) => {
      const link = element("a", "", places.time[place]);
      link.href = `../moments/${set}/${places.page[place]}.html#i${place}${query}`;
      const head = element("th", "", link);
      head.scope = "row";
      return element("tr", "", head, element("td", "", element("bdi", "", places.id[place])),
        element("td", "number", shown(first.rank[place])), element("td", "number", shown(second.rank[place])));
    }));
    samples.hidden = false;
  }

  function show(remember) {
    const [a, b] = [rowOf(selects.a.value), rowOf(selects.b.value)];
    for (const row of rows) row.classList.toggle("chosen", row === a || row === b);
    if (remember) LiveBench.writeHash("", { a: selects.a.value, b: selects.b.value });
    result.hidden = false;
    if (a === b) {
      samples.hidden = true;
      result.replaceChildren(element("p", "", "Choose two different ones."));
      return;
    }
    const pair = pairOf(a, b);
    result.replaceChildren(sentence(a, b, pair), drawn(pair), wins("Samples", pair.samples), wins("Videos", pair.videos));
    list(a, b).catch(() => { samples.hidden = true; });
  }

  function read() {
    const { a, b } = LiveBench.readHash();
    // Unasked, the two best of those that are not probes.
    const models = rows.filter((row) => ["model", "baseline"].includes(row.dataset.kind));
    const [first, second] = models.length > 1 ? models : rows;
    selects.a.value = (rowOf(a) || first).dataset.key;
    selects.b.value = (rowOf(b) || (rowOf(a) === second ? first : second)).dataset.key;
    show(false);
  }

  if (rows.length < 2) return;
  for (const select of Object.values(selects)) select.addEventListener("change", () => show(true));
  document.getElementById("swap").addEventListener("click", () => {
    [selects.a.value, selects.b.value] = [selects.b.value, selects.a.value];
    show(true);
  });
  addEventListener("hashchange", read);
  document.getElementById("pair").hidden = false;
  read();
})();
