// Filters and opens cases. It never builds content from data: details of a big run wait, already escaped, in <noscript>.
"use strict";
(() => {
  const form = document.getElementById("filter");
  const cases = [...document.querySelectorAll("details.case")];
  const texts = new Map(cases.map((one) => [one, haystack(one)]));
  const shown = document.getElementById("shown");
  const OPEN_AT_ONCE = 200;

  function haystack(one) {
    return `${one.firstElementChild.textContent} ${one.dataset.requirements}`.toLowerCase();
  }

  function unfold(one) {
    const waiting = one.querySelector(":scope > noscript");
    if (waiting) {
      const holder = document.createElement("template");
      holder.innerHTML = waiting.textContent;
      waiting.replaceWith(holder.content);
    }
    one.querySelectorAll("button.copy[hidden]").forEach((button) => { button.hidden = false; });
  }

  function readFilter() {
    const data = new FormData(form);
    return {
      outcomes: data.getAll("outcome"),
      protocol: data.get("protocol"),
      section: data.get("section"),
      words: data.get("q").toLowerCase().split(/\s+/).filter(Boolean),
      q: data.get("q"),
    };
  }

  function matches(one, filter) {
    const data = one.dataset;
    return (!filter.outcomes.length || filter.outcomes.includes(data.outcome))
      && (!filter.protocol || data.protocol === filter.protocol)
      && (!filter.section || data.sections.split(" ").includes(filter.section))
      && filter.words.every((word) => texts.get(one).includes(word));
  }

  function apply() {
    const filter = readFilter();
    let count = 0;
    for (const one of cases) {
      one.hidden = !matches(one, filter);
      count += !one.hidden;
    }
    shown.textContent = count === cases.length ? `All ${count} cases` : `${count} of ${cases.length} cases`;
    for (const list of document.querySelectorAll("[data-list]")) {
      const within = list.querySelectorAll(":scope > details:not([hidden])").length;
      const label = list.previousElementSibling.querySelector(".count");
      label.textContent = within === list.children.length ? within : `${within} of ${list.children.length}`;
    }
    return filter;
  }

  function remember() {
    const filter = apply();
    const state = new URLSearchParams();
    if (filter.outcomes.length) state.set("outcome", filter.outcomes.join(","));
    for (const name of ["protocol", "section", "q"]) if (filter[name]) state.set(name, filter[name]);
    const hash = state.toString().replaceAll("%2C", ",");
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function restore(state) {
    const outcomes = (state.get("outcome") || "").split(",");
    for (const box of form.querySelectorAll("[name=outcome]")) box.checked = outcomes.includes(box.value);
    for (const name of ["protocol", "section", "q"]) form.elements[name].value = state.get(name) || "";
    apply();
  }

  function showCase(anchor) {
    const row = anchor.lastIndexOf(":");
    const one = document.getElementById(anchor) || document.getElementById(row < 0 ? anchor : anchor.slice(0, row));
    const parent = one && one.closest("details.case");
    if (!parent) return;
    if (parent.hidden) { form.reset(); apply(); }
    unfold(parent);
    parent.open = true;
    (document.getElementById(anchor) || parent).scrollIntoView();
  }

  function followHash() {
    let hash = location.hash.slice(1);
    try { hash = decodeURIComponent(hash); } catch { /* a hash that was typed by hand may be anything */ }
    if (!hash) { apply(); return; }
    if (/^(outcome|protocol|section|q)=/.test(hash)) {
      restore(new URLSearchParams(location.hash.slice(1)));
      document.getElementById("cases").scrollIntoView();
    } else {
      apply();
      showCase(hash);
    }
  }

  function openShown() {
    const visible = cases.filter((one) => !one.hidden).slice(0, OPEN_AT_ONCE);
    for (const one of visible) { unfold(one); one.open = true; }
  }

  function step(by) {
    const visible = cases.filter((one) => !one.hidden);
    const now = visible.indexOf(document.activeElement && document.activeElement.closest("details.case"));
    const next = visible[now < 0 ? 0 : Math.min(visible.length - 1, Math.max(0, now + by))];
    if (next) next.firstElementChild.focus();
  }

  async function copy(button) {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
  }

  form.hidden = false;
  form.addEventListener("input", remember);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => queueMicrotask(remember));
  document.getElementById("open-shown").addEventListener("click", openShown);
  document.getElementById("close-all").addEventListener("click", () => cases.forEach((one) => { one.open = false; }));
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.case") && event.target.open) unfold(event.target);
  }, true);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
    const link = event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) followHash();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "/") { event.preventDefault(); form.elements.q.focus(); }
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  addEventListener("hashchange", followHash);
  followHash();
})();
