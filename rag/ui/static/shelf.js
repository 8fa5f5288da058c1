// Kept conversations and settings. Python keeps both and shows them; here is said what was done.
// It runs after footnote.js, in the same place: `element` is the thread, `trigger` sends an event to Python.
(() => {
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);

  // Which conversation this tab shows outlives a reload of it.
  const TAB = "footnote-conversation";
  const remember = () => {
    const current = find("#shelf [data-current]")?.dataset.current;
    if (current) sessionStorage.setItem(TAB, current);
    else if (current === "") sessionStorage.removeItem(TAB);
  };
  const keep = (deed, id = "", value = "") => trigger("shelve", { do: deed, id, value });
  let seeking = 0;
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.("#shelf-name [data-seek]")) return;
    clearTimeout(seeking);
    seeking = setTimeout(() => keep("seek", "", event.target.value), 200);
  });

  const isOpen = () => root.dataset.panel === "open";
  const show = () => {
    root.dataset.panel = "open";
    trigger("set_up", { do: "show" });
  };
  const close = () => {
    delete root.dataset.panel;
    find("#masthead [data-settings]")?.focus();
  };
  // Focus follows into the panel once it is there.
  let entered = false;
  const enter = () => {
    if (isOpen() && !entered) find("#settings [data-settings]")?.focus({ preventScroll: true });
    entered = isOpen();
  };

  document.addEventListener("change", (event) => {
    const { rename, model, setting } = event.target.dataset ?? {};
    if (rename) keep("rename", rename, event.target.value);
    if (model) trigger("set_up", { do: "model", name: model });
    if (!setting) return;
    const value = event.target.type === "checkbox" ? (event.target.checked ? "yes" : "no") : event.target.value;
    trigger("set_up", { do: "set", name: setting, value });
  });

  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    const kept = on("#shelf button");
    if (kept?.dataset.keep) keep("open", kept.dataset.keep);
    if (kept?.dataset.delete) keep("delete", kept.dataset.delete);
    if (kept?.dataset.restore) keep("restore", kept.dataset.restore);
    if (on("#shelf-name [data-new]")) {
      keep("new");
      find("#question textarea")?.focus();
    }
    const asked = on("#masthead [data-settings], #settings [data-settings]");
    if (asked) return isOpen() ? close() : show();
    const measured = on("#settings [data-measure]");
    if (measured) trigger("try_out", { do: "measure", name: measured.dataset.measure });
    if (on("#settings [data-check]")) trigger("try_out", { do: "check" });
    // A click elsewhere closes it; not one on something that has gone meanwhile.
    if (isOpen() && document.contains(event.target) && !on("#settings")) delete root.dataset.panel;
  });

  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      if (event.target.matches?.("[data-rename]")) {
        event.target.value = event.target.defaultValue;
        event.target.closest("details").open = false;
        event.stopPropagation();
      } else if (isOpen()) close();
    },
    { capture: true },
  );

  const watching = { childList: true, subtree: true, attributes: true };
  const watch = (selector, work) => {
    const target = find(selector);
    if (target) new MutationObserver(() => requestAnimationFrame(work)).observe(target, watching);
  };
  watch("#shelf", remember);
  watch("#settings", enter);

  trigger("arrive", { conversation: sessionStorage.getItem(TAB) ?? "" });
})();
