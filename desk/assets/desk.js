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

  // What is typed into a letter is kept while it is typed. A page whose session has ended keeps its text: sign in beside it.
  const draft = (form) => {
    const text = form.elements.text;
    const kept = form.querySelector("[role=status]");
    let saved = text.value, timer = 0, sending = null;

    const send = (token) => fetch(form.dataset.draft, {
      method: "PUT",
      headers: { "content-type": "application/json", "x-form-token": token },
      body: JSON.stringify({ text: text.value }),
    });
    const again = async () => {
      const me = await fetch("/api/v1/me");
      if (!me.ok) return me;
      const token = (await me.json()).form_token;
      for (const field of document.querySelectorAll("input[name=form_token]")) field.value = token;
      return send(token);
    };
    const save = async () => {
      clearTimeout(timer);
      while (sending) await sending;
      const typed = text.value;
      if (typed === saved) return true;
      sending = (async () => {
        try {
          let answer = await send(form.elements.form_token.value);
          if (answer.status === 401 || answer.status === 403) answer = await again();
          if (answer.ok) saved = typed;
          const problem = answer.ok ? "" : `: ${(await answer.json()).error}`;
          return [answer.ok, problem];
        } catch (error) {
          return [false, ""];
        }
      })();
      const [ok, problem] = await sending;
      sending = null;
      kept.textContent = (ok ? form.dataset.kept : form.dataset.lost) + problem;
      kept.classList.toggle("bad", !ok);
      if (!ok) timer = setTimeout(save, 5000);
      return ok;
    };

    text.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(save, 1000);
    });
    text.addEventListener("blur", save);
    window.addEventListener("beforeunload", (event) => {
      if (text.value !== saved) event.preventDefault();
    });
    form.addEventListener("submit", (event) => {
      if (text.value === saved) return;
      event.preventDefault();
      save().then((ok) => { if (ok) form.requestSubmit(event.submitter); });
    });
  };

  for (const form of document.querySelectorAll("form[data-draft]")) draft(form);

  document.addEventListener("change", (event) => {
    const all = event.target.closest("input[data-all]");
    if (!all) return;
    for (const box of all.form.querySelectorAll(`input[name="${all.dataset.all}"]`)) box.checked = all.checked;
  });
})();
