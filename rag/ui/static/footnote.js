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
    const turn = Number(button.closest("[data-turn]")?.dataset.turn);
    const kind = button.dataset.citation ? "citation" : "passage";
    const number = button.dataset[kind];
    const all = [...element.querySelectorAll(`[data-turn="${turn}"] button`)];
    // From within the pane the way back leads to the same footnote in the thread.
    const same = (other) => (element.contains(button) ? other === button : other.dataset[kind] === number);
    return { turn, kind, number: Number(number), place: all.findIndex(same) };
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

  let placesOpen = false; // the list of other places below the text stays as it was left
  let removedOpen = false; // and so does that of what was removed
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.matches?.("#evidence .around")) reveal(); // there is less room for the text now, or more
    },
    { capture: true },
  );
  const keepRemovedOpen = () => {
    const removed = find("#library .removed");
    if (removed) removed.open = removedOpen;
    else removedOpen = false;
  };
  let revealed = "";
  const reveal = () => {
    root.removeAttribute("data-amending");
    const shown = pane()?.querySelector("[data-shown]");
    const isNew = shown && shown.dataset.shown !== revealed;
    if (isNew) shown.querySelector(".evidence-text")?.scrollTo(0, 0); // Gradio keeps the element, and so its place
    const places = pane()?.querySelector(".around");
    if (places && isNew) places.open = placesOpen;
    revealed = shown?.dataset.shown ?? "";
    if (revealed.startsWith("article-")) opener = { kind: "article", id: revealed.slice("article-".length) };
    markOpen();
    // The button that was pressed in the pane went with what it showed.
    if (shown && focusGone()) shown.querySelector(".evidence-text")?.focus({ preventScroll: true });
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

  const focusGone = () => paneHadFocus && (document.activeElement ?? document.body) === document.body;
  let paneHadFocus = false;
  document.addEventListener("focusin", (event) => {
    paneHadFocus = Boolean(event.target.closest?.("#evidence-column"));
  });

  // Beside the conversation the pane is emptied; as a sheet over it (see style.css) it sinks as it is.
  const isSheet = window.matchMedia("(max-width: 1080px)");
  const close = () => {
    const back = document.activeElement === question() ? question() : openerElement();
    delete root.dataset.evidence;
    if (!isSheet.matches) trigger("select", {});
    markOpen();
    quiet = true;
    (back ?? question())?.focus();
    quiet = false;
  };

  const open = (button) => {
    hideCard();
    opener = describe(button);
    root.dataset.evidence = "open";
    markOpen();
    trigger("select", opener);
    reveal(); // the same footnote again changes nothing in the pane
  };

  const rate = (piece, said) =>
    trigger("like", { turn: Number(piece.closest("[data-turn]")?.dataset.turn), ...said });

  // An answer as plain text: its sentences with their numbers, and what the numbers stand for.
  const asText = (turn) => {
    const words = (piece) => piece.textContent.replace(/\s+/g, " ").trim();
    const line = (piece, selector) =>
      [...piece.querySelectorAll(selector)]
        .map((part) => (part.matches(".marker") ? `[${part.dataset.citation}]` : part.textContent))
        .join("")
        .trim();
    const lines = [...turn.querySelectorAll(".message, .statement, .conflict caption, .conflict tr")].map((piece) => {
      if (piece.matches(".message, caption")) return words(piece);
      if (piece.matches("tr")) return `${line(piece, ".value, .marker")} ${words(piece.lastElementChild)}`;
      const day = piece.parentElement.querySelector(":scope > time");
      return `${day ? `${day.textContent}: ` : ""}${line(piece, ".words, .marker")}`;
    });
    const sources = [...turn.querySelectorAll("[data-card]")].map((card) => {
      const [title, origin, quote] = [".card-title", ".origin", ".card-quote"].map((part) => words(card.querySelector(part)));
      const marked = /[“”„«»"]/.test(quote) ? `‘${quote}’` : `“${quote}”`; // it may hold quotations itself
      return `[${card.dataset.card}] ${title} (${origin}): ${marked}`;
    });
    return [words(turn.querySelector(".question")), lines.join("\n"), sources.join("\n")].filter(Boolean).join("\n\n");
  };
  const copy = async (turn, button) => {
    const text = asText(turn);
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Browsers keep the clipboard from pages that came over plain HTTP from another machine.
      const aside = document.body.appendChild(document.createElement("textarea"));
      aside.value = text;
      aside.select();
      document.execCommand("copy");
      aside.remove();
      button.focus();
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };

  const write = (text) => {
    const box = question();
    if (!box) return;
    box.value = text;
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

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

  // What stands behind a footnote is shown beside its marker while that is pointed at or has the focus.

  let card = null;
  let waiting = 0;
  let quiet = false; // the focus was put on a marker, not moved there
  const hideCard = () => {
    clearTimeout(waiting);
    if (card?.matches(":popover-open")) card.hidePopover();
    card?.removeAttribute("id");
    card = null;
  };
  const showCard = (marker) => {
    const found = marker
      .closest("[data-turn]")
      ?.querySelector(`[data-card="${Number(marker.dataset.citation)}"]`);
    if (!found || found === card) return;
    hideCard();
    card = found;
    card.id = "card";
    marker.setAttribute("aria-describedby", "card");
    card.showPopover();
    const at = marker.getBoundingClientRect();
    const box = card.getBoundingClientRect();
    const left = at.left + at.width / 2 - box.width / 2;
    const above = at.top - box.height - 8;
    card.style.left = `${Math.max(8, Math.min(left, window.innerWidth - box.width - 8))}px`;
    card.style.top = `${above >= 8 ? above : at.bottom + 8}px`;
  };
  const soon = (work, wait) => {
    clearTimeout(waiting);
    waiting = setTimeout(work, wait);
  };
  element.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const marker = event.target.closest(".marker");
    if (marker) soon(() => showCard(marker), 150);
    else if (event.target.closest("[data-card]")) clearTimeout(waiting); // it may be pointed at itself
    else if (card) soon(hideCard, 200);
    else clearTimeout(waiting);
  });
  element.addEventListener("pointerleave", () => soon(hideCard, 200));
  element.addEventListener("focusin", (event) => {
    const marker = event.target.closest(".marker");
    if (marker?.matches(":focus-visible") && !quiet) showCard(marker);
  });
  element.addEventListener("focusout", hideCard);
  document.addEventListener("scroll", hideCard, { capture: true, passive: true });

  // The next footnote of the answer that is open, or of the last one.
  const step = (by) => {
    const shown = root.dataset.evidence === "open" && opener?.kind === "citation" ? opener : null;
    const turn = element.querySelector(shown ? `[data-turn="${shown.turn}"]` : "[data-last]");
    const first = new Map();
    for (const marker of turn?.querySelectorAll(".marker") ?? []) {
      if (!first.has(marker.dataset.citation)) first.set(marker.dataset.citation, marker);
    }
    const markers = [...first.values()];
    const here = shown ? [...first.keys()].indexOf(String(shown.number)) : by > 0 ? -1 : markers.length;
    const next = markers[here + by];
    if (!next) return;
    next.scrollIntoView({ block: "nearest" });
    next.focus();
    open(next);
  };

  // The library: Python narrows the list, which may be longer than what is shown of it.

  let narrowing = 0;
  const narrowFields = () => [...document.querySelectorAll("#library-search [data-narrow]")];
  const narrow = (wait) => {
    clearTimeout(narrowing);
    narrowing = setTimeout(() => {
      const value = (field) => (field.validity.badInput ? null : field.value);
      trigger("narrow", Object.fromEntries(narrowFields().map((field) => [field.dataset.narrow, value(field)])));
    }, wait);
  };
  document.addEventListener("input", (event) => {
    const field = event.target.closest?.("#library-search [data-narrow]");
    if (field) narrow(field.type === "date" ? 500 : 180);
  });
  const showAll = () => {
    for (const field of narrowFields()) field.value = "";
    narrow(0);
  };
  // What the list is narrowed to becomes what is asked.
  const askThese = () => {
    const changed = {};
    for (const field of narrowFields()) {
      const filter = find(`#filter-form [data-filter="${field.dataset.narrow}"]`);
      if (!filter || filter.value === field.value) continue;
      filter.value = filter.dataset.sent = changed[field.dataset.narrow] = field.value;
    }
    // In one: what comes back for each of several sent at once may come back in any order.
    if (Object.keys(changed).length) trigger("edit", { filters: changed });
    question()?.focus();
  };

  const amend = (deed) => {
    root.toggleAttribute("data-amending", true);
    root.dataset.evidence = "open"; // what came of it is said there
    trigger("amend", deed);
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-correct], [data-begin]")) return;
    event.preventDefault();
    if (form.matches("[data-begin]")) return trigger("switch", { begin: form.elements.name.value });
    const fields = [...form.querySelectorAll("[data-field]")].map((field) => [field.dataset.field, field.value]);
    amend({ do: "correct", id: form.dataset.correct, values: Object.fromEntries(fields) });
  });

  // Files may be dropped anywhere.
  const bringsFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    root.dataset.drop = "";
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) delete root.dataset.drop;
  });
  document.addEventListener("drop", (event) => {
    if (!bringsFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    delete root.dataset.drop;
    const input = find("#library-column input[type=file]");
    if (!input || !event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });

  element.addEventListener("click", (event) => {
    const piece = event.target.closest("[data-citation], [data-passage]");
    if (piece) return open(piece);
    const thumb = event.target.closest("[data-thumb]");
    if (thumb) return rate(thumb, { thumb: thumb.dataset.thumb });
    const example = event.target.closest("[data-example]");
    if (example) trigger("submit", { value: example.dataset.example });
    const deed = event.target.closest("[data-copy], [data-edit], [data-again]");
    const turn = deed?.closest("[data-turn]");
    const asked = turn?.querySelector(".question").textContent;
    if (deed?.matches("[data-copy]")) copy(turn, deed);
    if (deed?.matches("[data-edit]")) write(asked);
    if (deed?.matches("[data-again]")) trigger("submit", { value: asked, again: Number(turn.dataset.turn) });
    if (event.target.closest("[data-add]")) find("#library-column input[type=file]")?.click();
  });

  const keys = () => find("#keys dialog");
  document.addEventListener("click", (event) => {
    const on = (selector) => event.target.closest?.(selector);
    if (on("#evidence-column [data-close]")) close();
    if (on("#masthead [data-keys]")) keys().showModal();
    const article = on("#library [data-article], #evidence [data-article]");
    if (article) open(article);
    const place = on("#evidence [data-citation], #evidence [data-passage]");
    if (place) open(place);
    const deed = on("#library [data-do], #evidence [data-do]");
    if (deed) amend({ do: deed.dataset.do, id: deed.dataset.id, line: deed.dataset.line });
    const collection = on("#library-name [data-collection]");
    if (collection) trigger("switch", { collection: collection.dataset.collection });
    const places = on("#evidence .around > summary");
    if (places) placesOpen = !places.parentElement.open;
    const removed = on("#library .removed > summary");
    if (removed) removedOpen = !removed.parentElement.open;
    if (on("#library-search [data-ask-these]")) askThese();
    if (on("#library-search [data-all]")) showAll();
    const unset = on("#filters [data-unset]");
    if (unset) unsetFilter(unset.dataset.unset);
  });
  for (const kind of ["click", "focusin"]) {
    document.addEventListener(kind, (event) => {
      if (panel()?.open && !event.target.closest?.("#filters")) panel().open = false;
      const menu = find("#library-name details");
      if (menu?.open && !menu.contains(event.target)) menu.open = false;
    });
  }

  const onKey = {
    "/": () => question()?.focus(),
    "?": () => keys().showModal(),
    j: () => step(1),
    k: () => step(-1),
  };
  const escape = (event) => {
    if (card) return hideCard();
    const menu = find("#library-name details[open]");
    if (menu) {
      menu.open = false;
      return menu.querySelector("summary").focus();
    }
    if (event.target.closest?.("#filters") && panel().open) return leavePanel();
    const form = event.target.closest?.("#evidence .correct[open]");
    if (form) {
      form.open = false; // what was typed is still there when it is opened again
      return form.querySelector("summary").focus();
    }
    if (event.target.matches?.("#library-search [type=search]") && event.target.value) return; // the browser empties it
    if (root.dataset.panel) return; // the settings, which close themselves
    if (root.dataset.evidence === "open") close();
  };
  // A question may begin with a figure: what follows at once on one that opened a footnote was meant for the box.
  const PAUSE = 1000;
  let figures = { typed: "", at: -PAUSE };
  const writeOn = (key) => {
    if (!question()?.value) write(figures.typed + key);
    figures = { typed: "", at: -PAUSE };
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
      const empty = event.target === question() && !event.target.value;
      if (!empty && event.target.closest?.("input, textarea, select, [contenteditable]")) return;
      const number = /^[1-9]$/.test(event.key);
      const button = number && element.querySelector(`[data-last] [data-citation="${event.key}"]`);
      const deed = !button && (!empty || "/?".includes(event.key)) && onKey[event.key];
      const soonAfter = event.timeStamp - figures.at < PAUSE;
      if (!button && !deed) {
        if (empty || !soonAfter || event.key.length !== 1) return;
        event.preventDefault();
        return writeOn(event.key);
      }
      event.preventDefault();
      if (!button) return deed();
      if (empty || soonAfter) figures = { typed: (soonAfter ? figures.typed : "") + event.key, at: event.timeStamp };
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
      box.scrollTop += last.getBoundingClientRect().top - box.getBoundingClientRect().top + 1;
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
    keepRemovedOpen();
    markOpen();
  });
  follow();

  // Gradio fixes the direction of its text box; a question may be in any script.
  question()?.setAttribute("dir", "auto");
})();
