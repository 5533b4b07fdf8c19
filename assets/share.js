// The share dialog: what is on screen as a live link, a frozen link, pictures, files and an embed.
(() => {
  const { status } = window.bellwether;
  const ask = (...request) => window.bellwether.ask(...request); // assets/status.js loads later
  const set_props = (id, props) => window.dash_clientside.set_props(id, props);
  const element = (id) => document.getElementById(id);
  const dialog = () => element("share");
  const isOpen = () => Boolean(dialog()?.open);
  const say = (id, text) => set_props(id, { children: text });
  const siblings = (kind) => `/${kind}?${window.bellwether.current()}`;
  const card = () => element("share-card").value;
  const EMBED = { width: 720, height: 560 };
  const SETTLED = 300; // milliseconds without a change of the view
  const pause = (time) => new Promise((done) => setTimeout(done, time));

  let anchor = "";
  function open(chosen) {
    if (!dialog() || isOpen()) return;
    if (chosen) element("share-card").value = chosen;
    anchor = chosen ? `#card-${chosen}` : ""; // the link of a card leads to it
    dialog().showModal();
    if (navigator.share) document.querySelectorAll("[data-send]").forEach((button) => (button.hidden = false));
    window.bellwether.flush(); // a number just typed belongs to the link
    drawMarks();
    filled = fill();
  }

  // Everything that follows from the view and the chosen chart.
  let filling = 0, filled = Promise.resolve();
  // What was typed last is in the view a moment after its field was left.
  const settled = async () => {
    await pause(60);
    let last;
    do await (last = filled);
    while (last !== filled); // a newer one has begun meanwhile
  };
  // What the dialog offers, by the id of its line: React may not have drawn it yet.
  const lines = new Map();
  function show(id, value) {
    lines.set(id, value);
    set_props(id, { value });
  }
  async function fill(wait = 0) {
    if (!isOpen()) return;
    const page = dialog().dataset.page, turn = ++filling;
    const chart = card(), title = element("share-card").selectedOptions[0].text;
    say("share-finding", findingOf(chart));
    // A frozen link is of the view it was made of.
    const isOfThis = frozenQuery === window.bellwether.current();
    element("share-frozen-row").hidden = element("share-secret-row").hidden = !isOfThis;
    set_props("share-freeze", { disabled: isOfThis });
    for (const form of ["png", "svg", "csv", "json"]) {
      const link = element(`share-${form}`);
      link.href = siblings(`chart/${chart}.${form}`);
      link.download = form === "json" ? "" : `${chart}.${form}`;
    }
    if (element("share-preview-panel").open) preview();
    sayLong();
    await pause(wait);
    if (turn !== filling || !isOpen()) return;
    const offer = await ask("GET", `${siblings("share")}&page=${page}`);
    if (turn !== filling) return;
    show("share-live", offer.live ? offer.live + anchor : offer.message);
    const frame = document.createElement("iframe");
    const source = new URL(siblings(`embed/${chart}`), offer.live ?? location.href).href;
    Object.assign(frame, { src: source, title, loading: "lazy", ...EMBED });
    frame.style.border = "0";
    show("share-embed", frame.outerHTML);
  }
  const findingOf = (chart) => {
    const finding = element(`finding-${chart}`)?.textContent ?? "";
    return finding && document.querySelector(".badge.sample") ? `Sample data: ${finding}` : finding;
  };
  // What is too long is left out of links, and a remark beside it says so.
  function sayLong() {
    const { lengthOf } = window.bellwether;
    const lengths = { mark: Math.max(0, ...marksNow().map(({ label }) => lengthOf(label))) };
    for (const key of ["title", "note"]) {
      const { disabled, value } = element(`control-${key}`);
      lengths[key] = disabled ? 0 : lengthOf(value);
    }
    for (const remark of dialog().querySelectorAll("[data-over]")) {
      const { of, over, most = Infinity } = remark.dataset;
      remark.hidden = lengths[of] <= Number(over) || lengths[of] > Number(most);
    }
  }
  const preview = () => {
    const source = siblings(`embed/${card()}`);
    if (element("share-preview").getAttribute("src") !== source) set_props("share-preview", { src: source });
  };

  async function copy(id, button) {
    const line = element(id), before = button.textContent;
    await settled();
    try {
      await navigator.clipboard.writeText(lines.get(id));
      button.textContent = "Copied";
    } catch {
      // No clipboard without https: the text is selected for the reader to copy.
      line.focus();
      line.select();
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = before), 2000);
  }
  const send = (id) =>
    navigator.share({ title: document.title, text: element("share-finding").textContent, url: lines.get(id) })
      .catch(() => {}); // the reader thought better of it

  // A frozen link, of the very data that are on screen.
  let secret = "", version = status.version, frozenQuery = null;
  async function freeze() {
    const token = element("share-token")?.value, days = element("share-days").value;
    set_props("share-freeze", { disabled: true });
    say("share-frozen-status", "Freezing…");
    await settled();
    const body = {
      page: dialog().dataset.page,
      query: window.bellwether.current(),
      title: element("control-title").value,
      note: element("control-note").value,
      days: days ? Number(days) : null,
      version,
    };
    const bytes = String.fromCharCode(...new TextEncoder().encode(token ?? ""));
    const made = await ask("POST", "/s", body, bytes && { Authorization: `Bearer ${bytes}` });
    set_props("share-freeze", { disabled: false });
    if (element("share-token")) set_props("share-token", { value: "" });
    if (made.status === 409) version = made.version; // told of: the next try is of these
    if (made.status !== 201) return say("share-frozen-status", made.message);
    [secret, frozenQuery] = [made.secret, body.query];
    say("share-frozen-status", "");
    show("share-frozen", made.link + anchor);
    say("share-secret", secret);
    filled = fill();
  }
  async function thaw() {
    const path = new URL(lines.get("share-frozen")).pathname;
    const answer = await ask("DELETE", path, null, { Authorization: `Bearer ${secret}` });
    say("share-frozen-status", answer.message);
    if (answer.status === 200) frozenQuery = null;
    filled = fill();
  }

  // Pictures are drawn by the server; where it cannot, by Plotly here.
  async function picture(form) {
    const chart = card();
    const answer = await fetch(siblings(`chart/${chart}.${form}`)).catch(() => null);
    if (answer?.ok) return answer.blob();
    const plot = document.querySelector(`#graph-${chart} .js-plotly-plot`);
    const why = (await answer?.text().catch(() => "")) || "The server did not answer.";
    if (!plot) throw new Error(why.trim());
    const url = await window.Plotly.toImage(plot, { format: form, width: 1200, height: 630 });
    say("share-file-status", `Drawn in your browser, without its frame. ${why.trim()}`);
    return (await fetch(url)).blob();
  }
  async function during(work) {
    say("share-file-status", "Drawing…");
    try {
      const done = await work();
      if (element("share-file-status").textContent === "Drawing…") say("share-file-status", done);
    } catch (problem) {
      say("share-file-status", problem.message);
    }
  }
  const save = (form) =>
    during(async () => {
      const url = URL.createObjectURL(await picture(form));
      Object.assign(document.createElement("a"), { href: url, download: `${card()}.${form}` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
      return "Saved.";
    });
  const copyImage = () =>
    during(async () => {
      if (!window.ClipboardItem) throw new Error("This browser copies images only with https: take the PNG instead.");
      await navigator.clipboard.write([new ClipboardItem({ "image/png": picture("png") })]);
      return "Image copied.";
    });

  // Marks: a row each, written into the view as they become complete.
  const panel = () => element("share-marks");
  const marksNow = () =>
    [...panel().children].map((row) => {
      const [first, last, label] = [...row.querySelectorAll("input")].map((input) => input.value);
      return { first, last, label: window.bellwether.clean(label.replaceAll("~", "-")) };
    });
  // Python's order: that of UTF-16 differs where there are emoji.
  const codePoints = (text) => [...text].map((sign) => sign.codePointAt().toString(16).padStart(6, "0")).join("");
  const byCodePoints = (a, b) => (codePoints(a) < codePoints(b) ? -1 : 1);
  function drawMarks() {
    panel().replaceChildren();
    window.bellwether.readMarks(new URLSearchParams(window.bellwether.current()).get("mark") ?? "").forEach(addMark);
    limitMarks();
  }
  function addMark({ first = "", last = "", label = "" } = {}) {
    const row = document.createElement("div");
    row.className = "mark";
    const field = (name, type, value, more) => {
      const input = Object.assign(document.createElement("input"), { type, value, ...more });
      input.setAttribute("aria-label", name);
      row.append(input);
      return input;
    };
    const start = field("Day, or first day", "date", first, { required: true });
    field("Last day, for a range", "date", last);
    field("Label", "text", label, { required: true, placeholder: "Label" });
    const remove = Object.assign(document.createElement("button"), { textContent: "×", className: "remove" });
    remove.setAttribute("aria-label", "Remove this mark");
    remove.addEventListener("click", () => {
      row.remove();
      sayLong();
      writeMarks();
    });
    row.append(remove);
    row.addEventListener("change", writeMarks);
    panel().append(row);
    return start;
  }
  function writeMarks() {
    for (const row of panel().children) {
      const [first, last] = row.querySelectorAll("input");
      const isBad = first.value && last.value && first.value >= last.value;
      last.setCustomValidity(isBad ? "The range must start before it ends" : "");
      if (isBad) last.reportValidity();
    }
    const { longest } = element("share-words").dataset;
    const whole = marksNow().filter(({ first, last, label }) =>
      first && label && (!last || first < last) && window.bellwether.lengthOf(label) <= longest);
    const texts = whole.map(({ first, last, label }) => `${first}${last && `..${last}`}_${label}`);
    const text = [...new Set(texts)].sort(byCodePoints).join("~");
    set_props("control-mark", { data: text });
    limitMarks();
  }
  const limitMarks = () => {
    element("share-add-mark").disabled = panel().children.length >= Number(element("share-words").dataset.most);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button, a");
    if (event.target === dialog()) return dialog().close(); // the ground beside it
    if (!button) return;
    const { copy: line, send: sent, share } = button.dataset;
    if (button.id === "share-button") open();
    else if (share) open(share);
    else if (!dialog()?.contains(button)) return;
    else if (line) copy(line, button);
    else if (sent) send(sent);
    else if (button.id === "share-close") dialog().close();
    else if (button.id === "share-freeze") freeze();
    else if (button.id === "share-delete") thaw();
    else if (button.id === "share-copy-image") copyImage();
    else if (button.id === "share-add-mark") {
      addMark().focus();
      limitMarks();
    } else if (button.id === "share-png" || button.id === "share-svg") {
      event.preventDefault();
      save(button.id.slice(6));
    }
  });
  document.addEventListener("change", ({ target }) => {
    if (target.id === "share-card") filled = fill();
  });
  document.addEventListener("input", ({ target }) => {
    if (target.closest("#share-words")) sayLong();
    // A title or a note is part of a frozen link.
    if (target.id === "control-note" || target.id === "control-title") {
      frozenQuery = null;
      set_props("share-freeze", { disabled: false });
    }
  });
  document.addEventListener("toggle", ({ target }) => {
    if (target.id === "share-preview-panel" && target.open) preview();
  }, true);
  document.addEventListener("bellwether:view", () => {
    if (isOpen()) filled = fill(SETTLED);
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest(
      "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable]");
    if (event.key === "s" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping) {
      open();
      event.preventDefault();
    }
  });
})();
