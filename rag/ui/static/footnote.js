// The page's behaviour: footnotes and articles open their source, keys lead there and back, filters are set,
// the library narrows as one types, the thread follows the answer.
// Gradio runs this when the thread is first shown; `element` is the thread, `trigger` sends an event to Python.
(() => {
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);
  const pane = () => document.getElementById("evidence-column");
  const scroller = () => document.getElementById("thread");
  const question = () => find("#question textarea");
  let opener = null; // what opened the evidence (a marker, a passage, an article), as a way to find it again

  const describe = (button) => {
    if (button.dataset.article) return { kind: "article", id: button.dataset.article };
    const turn = button.closest("[data-turn]");
    return {
      turn: Number(turn?.dataset.turn),
      kind: button.dataset.citation ? "citation" : "passage",
      number: Number(button.dataset.citation ?? button.dataset.passage),
      place: [...(turn?.querySelectorAll("button") ?? [])].indexOf(button),
    };
  };
  const listed = (id) => find(`#library [data-article="${CSS.escape(id)}"]`);
  // Found anew each time: a snapshot of the answer may have replaced the element.
  const openerElement = () => {
    if (!opener) return null;
    if (opener.kind === "article") return listed(opener.id);
    return element.querySelectorAll(`[data-turn="${opener.turn}"] button`)[opener.place];
  };

  const markOpen = () => {
    for (const old of document.querySelectorAll("#room [data-open]")) delete old.dataset.open;
    if (!opener || root.dataset.evidence !== "open") return;
    if (opener.kind === "article") {
      const button = listed(opener.id);
      if (button) button.dataset.open = "";
      return;
    }
    const same = `[data-turn="${opener.turn}"] [data-${opener.kind}="${opener.number}"]`;
    for (const button of element.querySelectorAll(same)) button.dataset.open = "";
  };

  const reveal = () => {
    const shown = pane()?.querySelector("[data-shown]");
    if (!shown || !opener || opener.kind === "article") return;
    if (shown.dataset.shown !== `${opener.turn}-${opener.kind}-${opener.number}`) return;
    const text = shown.querySelector(".evidence-text");
    const mark = text?.querySelector("mark");
    if (!mark) return;
    const first = mark.getClientRects()[0] ?? mark.getBoundingClientRect();
    const above = first.top - text.getBoundingClientRect().top + text.scrollTop;
    // A third of the pane above the quote, so that it is read with what leads up to it.
    text.scrollTop = Math.max(0, above - text.clientHeight / 3);
  };

  // Beside the conversation the evidence stays; as a sheet over it (see style.css) it goes.
  const isSheet = window.matchMedia("(max-width: 1080px)");
  const close = () => {
    const back = openerElement();
    if (isSheet.matches) delete root.dataset.evidence;
    markOpen();
    (back ?? question())?.focus();
  };

  const open = (button) => {
    opener = describe(button);
    root.dataset.evidence = "open";
    markOpen();
    trigger("select", opener);
    reveal(); // the same footnote again changes nothing in the pane
  };

  const rate = (piece, said) =>
    trigger("like", { turn: Number(piece.closest("[data-turn]")?.dataset.turn), ...said });

  // The reason for a thumb down, once it was typed: on Enter or when the field is left.
  element.addEventListener("change", (event) => {
    if (event.target.matches("[data-why]")) rate(event.target, { thumb: "down", reason: event.target.value });
  });

  // Filters: Python keeps those that are set and sends them back as chips.

  const panel = () => find("#filter-form details");
  const leavePanel = () => {
    panel().open = false;
    panel().querySelector("summary").focus();
  };
  const setFilter = (field) => {
    const value = field.validity.badInput ? null : field.value; // of 31 February a browser only says "bad"
    if (field.dataset.sent === String(value)) return;
    field.dataset.sent = String(value);
    trigger("edit", { filter: field.dataset.filter, value });
  };
  const unsetFilter = (name) => {
    const chosen = name === "all" ? "[data-filter]" : `[data-filter="${name}"]`;
    for (const field of document.querySelectorAll(`#filter-form ${chosen}`)) {
      field.value = "";
      delete field.dataset.sent;
    }
    trigger("edit", { filter: name, value: "" });
    panel().querySelector("summary").focus(); // the button that was pressed goes with its chip
  };

  const filterField = (event) => event.target.closest?.("#filter-form [data-filter]");
  // A day that is typed is another day after each figure: it counts on Enter or when the field is left.
  let typedIn = null;
  const typed = () => {
    const field = typedIn;
    typedIn = null;
    if (field) setFilter(field);
  };
  document.addEventListener("change", (event) => {
    const field = filterField(event);
    if (field && field !== typedIn) setFilter(field);
  });
  document.addEventListener("focusout", typed);

  // The library: every word that is typed must stand in the title or the outlet, whatever its case and accents.

  const plain = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const narrow = () => {
    const count = find("#library .count");
    if (!count) return;
    const words = plain(find("#library-search input")?.value ?? "").split(/\s+/).filter(Boolean);
    let left = 0;
    const items = document.querySelectorAll("#library .library > li");
    for (const item of items) {
      const names = [...item.querySelectorAll(".title, .origin > .outlet")].map((part) => part.textContent);
      const text = words.length ? plain(names.join(" ")) : "";
      const fits = words.every((word) => text.includes(word));
      if (item.hidden === fits) item.hidden = !fits;
      left += fits;
    }
    const said = words.length ? `${left.toLocaleString("en")} of ${count.dataset.count}` : count.dataset.count;
    if (count.textContent !== said) count.textContent = said;
    find("#library .no-match").hidden = left > 0;
  };
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#library-search")) narrow();
  });

  element.addEventListener("click", (event) => {
    const piece = event.target.closest("[data-citation], [data-passage]");
    if (piece) return open(piece);
    const thumb = event.target.closest("[data-thumb]");
    if (thumb) return rate(thumb, { thumb: thumb.dataset.thumb });
    const example = event.target.closest("[data-example]");
    if (example) trigger("submit", { value: example.dataset.example });
  });

  const keys = () => find("#keys dialog");
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    if (on("#evidence-column [data-close]")) close();
    if (on("#masthead [data-keys]")) keys().showModal();
    const article = on("#library [data-article]");
    if (article) open(article);
    const unset = on("#filters [data-unset]");
    if (unset) unsetFilter(unset.dataset.unset);
  });
  for (const kind of ["click", "focusin"]) {
    document.addEventListener(kind, (event) => {
      if (panel()?.open && !event.target.closest?.("#filters")) panel().open = false;
    });
  }

  const onKey = {
    "/": () => question()?.focus(),
    "?": () => keys().showModal(),
  };
  const escape = (event) => {
    if (event.target.closest?.("#filters") && panel().open) return leavePanel();
    if (event.target.matches?.("#library-search input") && event.target.value) return; // the browser empties it
    if (root.dataset.evidence === "open") close();
  };
  // Before Gradio sees them, as its text box has a meaning of its own for Enter.
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing || find("dialog[open]")) return;
      const field = filterField(event);
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.altKey) {
        event.preventDefault();
        event.stopPropagation();
        if (field) question()?.focus(); // first the filter is set, and seen
        else find("#ask")?.click();
        return;
      }
      if (field?.type === "date" && event.key === "Enter") return typed();
      if (field?.type === "date" && !/^(Tab|Escape|Shift)$/.test(event.key)) typedIn = field;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape") return escape(event);
      if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
      const number = /^[1-9]$/.test(event.key);
      const button = number && element.querySelector(`[data-last] [data-citation="${event.key}"]`);
      if (!button && !onKey[event.key]) return;
      event.preventDefault();
      if (!button) return onKey[event.key]();
      button.focus();
      open(button);
    },
    { capture: true },
  );

  // A question that failed goes back into the empty box: what was wrong is mended, not typed anew.
  let restored = 0;
  const restore = (turn) => {
    const number = Number(turn?.dataset.turn ?? 0);
    if (number < restored) restored = 0;
    if (!number || number === restored || !turn.querySelector(":scope > .answer > .error")) return;
    restored = number;
    const box = question();
    if (!box || box.value) return;
    box.value = turn.querySelector(".question").textContent;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  let turns = 0;
  const follow = () => {
    const box = scroller();
    if (!box) return;
    const all = element.querySelectorAll("[data-turn]");
    const last = all[all.length - 1];
    if (all.length > turns && last) {
      // A new question goes to the top of the thread: its answer is read from its beginning.
      box.scrollTop += last.getBoundingClientRect().top - box.getBoundingClientRect().top - 8;
    }
    if (turns && !all.length) delete root.dataset.evidence;
    turns = all.length;
    root.toggleAttribute("data-asked", turns > 0);
    root.toggleAttribute("data-running", Boolean(element.querySelector("[data-running]")));
    restore(last);
    markOpen();
  };

  const later = (work) => {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        work();
      });
    };
  };
  const watching = { childList: true, subtree: true, characterData: true };
  const watch = (target, work) => target && new MutationObserver(later(work)).observe(target, watching);
  watch(element, follow);
  watch(pane(), reveal);
  watch(document.getElementById("library"), () => {
    narrow();
    markOpen();
  });
  follow();
  narrow();

  // Gradio fixes the direction of its text box; a question may be in any script.
  question()?.setAttribute("dir", "auto");
})();
