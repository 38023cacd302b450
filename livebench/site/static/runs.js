"use strict";
// Choosing a setting and one or two runs: kept in the address, so that a view can be sent to somebody.
LiveBench.chooseRuns = (changed) => {
  const box = document.getElementById("runs");
  const radios = [...box.querySelectorAll("input[name=setting]")];
  const selects = { a: document.getElementById("a"), b: document.getElementById("b") };
  const state = { setting: "", a: "", b: "" };

  function offer(option) {
    return option.dataset.settings.split(" ").includes(state.setting);
  }

  /** Only runs that took part in the setting may be chosen. */
  function settle() {
    for (const [key, select] of Object.entries(selects)) {
      for (const option of select.options) option.hidden = option.disabled = !offer(option);
      const wanted = [...select.options].find((option) => option.value === state[key] && offer(option));
      state[key] = (wanted || [...select.options].find(offer))?.value ?? "";
      select.value = state[key];
    }
    for (const radio of radios) radio.checked = radio.value === state.setting;
  }

  function read() {
    const hash = LiveBench.readHash();
    const open = radios.filter((radio) => !radio.disabled && [...selects.a.options].some((option) => option.dataset.settings.includes(radio.value)));
    const settings = open.map((radio) => radio.value);
    state.setting = settings.includes(hash.setting) ? hash.setting : state.setting || settings.at(-1) || "";
    state.a = hash.a ?? state.a;
    state.b = hash.b ?? state.b;
    for (const radio of radios) radio.disabled = !open.includes(radio);
    settle();
  }

  box.addEventListener("change", () => {
    state.setting = radios.find((radio) => radio.checked)?.value ?? state.setting;
    state.a = selects.a.value;
    state.b = selects.b.value;
    settle();
    changed(state);
  });
  read();
  box.hidden = !selects.a.options.length;
  return {
    state,
    read,
    label: (key) => selects[key].selectedOptions[0]?.textContent ?? "",
  };
};
