// Keeps live parts up to date, asks before what is hard to take back, and ticks all boxes of a page.
// Everything can be read and done without it.
(() => {
  "use strict";

  const main = document.getElementById("main");

  // A part is left alone while somebody works in it.
  const isInUse = (part) => part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea");

  const refresh = (html) => {
    const fresh = new DOMParser().parseFromString(`<main>${html}</main>`, "text/html");
    for (const part of main.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next || isInUse(part) || part.innerHTML === next.innerHTML) continue;
      const open = [...part.querySelectorAll("details")].map((one) => one.open);
      part.className = next.className;
      part.replaceChildren(...next.childNodes);
      [...part.querySelectorAll("details")].forEach((one, at) => { one.open = open[at] ?? false; });
    }
  };

  const follow = (from) => {
    let source;
    const begin = () => {
      source = new EventSource(from);
      source.addEventListener("page", (event) => {
        main.classList.remove("stale");
        refresh(event.data);
      });
      source.addEventListener("trouble", () => main.classList.add("stale"));
      source.addEventListener("error", () => main.classList.add("stale"));
    };
    const end = () => source && source.close();
    // A page that nobody sees asks nothing.
    document.addEventListener("visibilitychange", () => (document.hidden ? end() : begin()));
    window.addEventListener("pagehide", end);
    begin();
  };

  if (main && main.dataset.liveFrom) follow(main.dataset.liveFrom);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-confirm]");
    if (button && !window.confirm(button.dataset.confirm)) event.preventDefault();
  });

  // A document from a file lands in the field where it can be read before it is sent.
  document.addEventListener("change", async (event) => {
    const file = event.target.closest("input[type=file][data-into]");
    if (file && file.files.length) file.form.elements[file.dataset.into].value = await file.files[0].text();
  });

  document.addEventListener("change", (event) => {
    const all = event.target.closest("input[data-all]");
    if (!all) return;
    for (const box of all.form.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
  });
})();
