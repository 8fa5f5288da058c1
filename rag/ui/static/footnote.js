// The page's behaviour: footnotes open their source, keys lead there and back, the thread follows the answer.
// Gradio runs this when the thread is first shown; `element` is the thread, `trigger` sends an event to Python.
(() => {
  const root = document.documentElement;
  const pane = () => document.getElementById("evidence-column");
  const scroller = () => document.getElementById("thread");
  let opener = null; // the marker that opened the evidence, as a way to find it again

  const describe = (button) => ({
    turn: Number(button.closest("[data-turn]")?.dataset.turn),
    kind: button.dataset.citation ? "citation" : "passage",
    number: Number(button.dataset.citation ?? button.dataset.passage),
    place: [...(button.closest("[data-turn]")?.querySelectorAll("button") ?? [])].indexOf(button),
  });
  // Found anew each time: a snapshot of the answer may have replaced the element.
  const openerElement = () =>
    opener && element.querySelectorAll(`[data-turn="${opener.turn}"] button`)[opener.place];

  const markOpen = () => {
    for (const old of element.querySelectorAll("[data-open]")) delete old.dataset.open;
    if (!opener || root.dataset.evidence !== "open") return;
    const name = opener.kind === "citation" ? "citation" : "passage";
    const same = `[data-turn="${opener.turn}"] [data-${name}="${opener.number}"]`;
    for (const button of element.querySelectorAll(same)) button.dataset.open = "";
  };

  const reveal = () => {
    const shown = pane()?.querySelector("[data-shown]");
    if (!shown || !opener) return;
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
    (back ?? document.querySelector("#question textarea"))?.focus();
  };

  const open = (button) => {
    opener = describe(button);
    root.dataset.evidence = "open";
    markOpen();
    trigger("select", { turn: opener.turn, kind: opener.kind, number: opener.number });
    reveal(); // the same footnote again changes nothing in the pane
  };

  const rate = (piece, said) =>
    trigger("like", { turn: Number(piece.closest("[data-turn]")?.dataset.turn), ...said });

  // The reason for a thumb down, once it was typed: on Enter or when the field is left.
  element.addEventListener("change", (event) => {
    if (event.target.matches("[data-why]")) rate(event.target, { thumb: "down", reason: event.target.value });
  });

  element.addEventListener("click", (event) => {
    const piece = event.target.closest("[data-citation], [data-passage]");
    if (piece) return open(piece);
    const thumb = event.target.closest("[data-thumb]");
    if (thumb) return rate(thumb, { thumb: thumb.dataset.thumb });
    const example = event.target.closest("[data-example]");
    if (example) trigger("submit", { value: example.dataset.example });
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#evidence-column [data-close]")) close();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && root.dataset.evidence === "open") return close();
    if (event.target.closest?.("input, textarea, [contenteditable]")) return;
    if (/^[1-9]$/.test(event.key)) {
      const button = element.querySelector(`[data-last] [data-citation="${event.key}"]`);
      if (button) {
        event.preventDefault();
        button.focus();
        open(button);
      }
    }
  });

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
    turns = all.length;
    root.toggleAttribute("data-asked", turns > 0);
    root.toggleAttribute("data-running", Boolean(element.querySelector("[data-running]")));
    if (!turns) delete root.dataset.evidence;
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
  new MutationObserver(later(follow)).observe(element, watching);
  if (pane()) new MutationObserver(later(reveal)).observe(pane(), watching);
  follow();

  // Gradio fixes the direction of its text box; a question may be in any script.
  document.querySelector("#question textarea")?.setAttribute("dir", "auto");
})();
