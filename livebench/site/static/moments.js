"use strict";
// The list of a set's moments, ordered by what two runs made of them; a part of it at a time.
(() => {
  const PART = 50;
  const videos = document.getElementById("videos");
  const set = videos.dataset.set;
  const body = document.querySelector("#list tbody");
  const more = document.getElementById("more");
  const count = document.getElementById("count");
  const controls = { find: document.getElementById("find"), category: document.getElementById("category"), order: document.getElementById("order") };
  // What the page says of each moment is all there is to know about the set.
  const moments = [...videos.children].flatMap((video) => {
    const [title] = video.children;
    return [...video.querySelectorAll(".seconds a")].map((link) => ({
      place: Number(link.hash.slice(2)), href: link.getAttribute("href"), time: link.textContent, id: link.title,
      title: title.textContent, category: video.dataset.category,
    }));
  });
  let chosen = [];
  let ranks = {};
  let shown = 0;
  let turn = 0;

  function cell(text, tag = "td") {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  }

  function add() {
    const query = Object.entries({ setting: runs.state.setting, a: runs.state.a, b: runs.state.b })
      .filter(([, value]) => value).map(([key, value]) => `&${key}=${value}`).join("");
    for (const moment of chosen.slice(shown, shown + PART)) {
      const row = document.createElement("tr");
      const link = document.createElement("a");
      link.href = moment.href + encodeURI(query);
      link.textContent = moment.time;
      link.title = moment.id;
      const first = document.createElement("th");
      first.scope = "row";
      first.append(link);
      const title = cell("");
      const name = document.createElement("bdi");
      name.textContent = moment.title;
      title.append(name);
      row.append(first, title, cell(moment.category));
      for (const key of ["a", "b"]) {
        const rank = cell(ranks[key] ? ranks[key].rank[moment.place].toFixed(1).replace(/\.0$/, "") : "–");
        rank.className = "number";
        row.append(rank);
      }
      body.append(row);
    }
    shown = Math.min(shown + PART, chosen.length);
    more.hidden = shown === chosen.length;
    count.textContent = `${shown} of ${chosen.length} moments shown`;
  }

  function list() {
    const wanted = controls.find.value.trim().toLowerCase();
    const category = controls.category.value;
    chosen = moments.filter((moment) => (!category || moment.category === category) &&
      (!wanted || `${moment.title} ${moment.id}`.toLowerCase().includes(wanted)));
    const { a, b } = ranks;
    const by = {
      place: (moment) => moment.place,
      worst: (moment) => (a ? a.rr[moment.place] : 0),
      best: (moment) => (a ? -a.rr[moment.place] : 0),
      over: (moment) => (a && b ? b.rr[moment.place] - a.rr[moment.place] : 0),
      under: (moment) => (a && b ? a.rr[moment.place] - b.rr[moment.place] : 0),
    }[controls.order.value];
    chosen.sort((moment, other) => by(moment) - by(other) || moment.place - other.place);
    body.replaceChildren();
    shown = 0;
    add();
  }

  async function load() {
    const mine = ++turn;
    const { setting } = runs.state;
    const loaded = {};
    for (const key of ["a", "b"]) {
      if (runs.state[key]) loaded[key] = await LiveBench.load(`${set}/${setting}/${runs.state[key]}`).catch(() => undefined);
    }
    if (mine !== turn) return;
    ranks = loaded;
    list();
  }

  /** Keep in the address what is chosen, but for what is so unasked. */
  function remember() {
    const own = Object.fromEntries(Object.entries(controls).map(([key, { value }]) => [key, value]));
    LiveBench.writeHash("", { ...runs.state, ...own, order: own.order === "place" ? "" : own.order });
  }

  function read() {
    const { find = "", category = "", order = "" } = LiveBench.readHash();
    controls.find.value = find;
    for (const [select, value] of [[controls.category, category], [controls.order, order]]) {
      const known = [...select.options].some((option) => option.value === value);
      select.value = known ? value : select.options[0].value;
    }
  }

  const runs = LiveBench.chooseRuns(() => { remember(); load(); });
  addEventListener("hashchange", () => { runs.read(); read(); load(); });
  for (const control of Object.values(controls)) {
    control.addEventListener("input", () => { list(); remember(); });
  }
  read();
  more.addEventListener("click", add);
  document.getElementById("filters").hidden = false;
  document.getElementById("list").hidden = false;
  videos.hidden = true;
  load();
})();
