"use strict";
// What several pages share: choosing one of the sections of a page, and loading data where it is looked at.
const LiveBench = (() => {
  // Data come as scripts: a page that was opened as a file may load these, and nothing else.
  const waiting = new Map();
  const arrived = new Map();

  function receive(address, content) {
    arrived.set(address, content);
  }

  /** The content of a data file, by its address in the site. */
  function load(address) {
    if (!waiting.has(address)) {
      waiting.set(address, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = document.body.dataset.root + "data/" + address + ".js";
        script.onload = () => resolve(arrived.get(address));
        script.onerror = () => { waiting.delete(address); reject(new Error(address)); };
        document.head.append(script);
      }));
    }
    return waiting.get(address);
  }

  /** The part of the address behind #: an id, then key=value pairs, each encoded by itself. */
  function readHash() {
    const plain = (text) => {
      try {
        return decodeURIComponent(text);
      } catch {
        return "";
      }
    };
    const [id, ...rest] = location.hash.slice(1).split("&");
    return { id: plain(id), ...Object.fromEntries(rest.map((pair) => pair.split(/=(.*)/s).slice(0, 2).map(plain))) };
  }

  function writeHash(id, values = {}) {
    const pairs = Object.entries(values).filter(([, value]) => value)
      .map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
    history.replaceState(null, "", "#" + [encodeURI(id), ...pairs].join("&"));
  }

  /**
   * Show one section.one at a time, by the choices of set and setting; call `shown` with it.
   * `values` gives what else the address keeps, and `arrived` is told what an address says.
   */
  function choose(shown = () => {}, values = () => ({}), arrived = () => {}) {
    const chooser = document.getElementById("chooser");
    const sections = [...document.querySelectorAll("section.one")];
    if (!chooser || !sections.length) return;
    const set = document.getElementById("set");
    const radios = [...chooser.querySelectorAll("input[name=setting]")];

    function show(section, remember) {
      for (const other of sections) other.hidden = other !== section;
      set.value = section.dataset.set;
      chooser.classList.toggle("all", !section.dataset.set);
      for (const radio of radios) {
        radio.disabled = !sections.some((other) => other.dataset.set === set.value && other.dataset.setting === radio.value);
        radio.checked = radio.value === section.dataset.setting;
      }
      if (remember) writeHash(section.id, values());
      shown(section);
    }

    function chosen() {
      const setting = radios.find((radio) => radio.checked)?.value;
      const ofSet = sections.filter((other) => other.dataset.set === set.value);
      show(ofSet.find((other) => other.dataset.setting === setting) || ofSet.at(-1), true);
    }

    function fromHash() {
      return sections.find((other) => other.id === readHash().id);
    }

    chooser.addEventListener("change", chosen);
    /** What was asked for by address, with the choices above it in sight. */
    function arrive() {
      const section = fromHash();
      arrived(readHash());
      if (!section) return;
      show(section, false);
      if (section.dataset.set) chooser.scrollIntoView();
    }

    addEventListener("hashchange", arrive);
    const first = sections.filter((other) => other.dataset.set === sections[0].dataset.set).at(-1);
    chooser.hidden = false;
    if (!fromHash()) show(first, false);
    else {
      arrive();
      // A browser that has loaded a page goes to what the address names: later than this.
      if (performance.getEntriesByType("navigation")[0]?.type === "navigate") {
        addEventListener("load", () => requestAnimationFrame(arrive), { once: true });
      }
    }
  }

  return { receive, load, readHash, writeHash, choose };
})();
