// The address bar and the controls: one state. Controls -> reduce() -> address and view;
// Back and Forward -> controls. The server reads the same query and is the authority on it.
(() => {
  const { fields, frozen, isBare, isLost } = window.bellwether;
  const { dayNumber, isoDay, monthOf, firstDay, monthText, dayText, nearestDay } = window.bellwether.dates;
  const set_props = (id, props) => window.dash_clientside.set_props(id, props);
  const skip = () => window.dash_clientside.no_update;

  // Plain text, sign for sign as view_state.clean makes it: its white space, its hidden characters.
  const clean = (text) =>
    text.replace(/[\t-\r\x1c-\x1f\x85\p{Z}]/gu, " ").replace(/\p{C}/gu, "").replace(/ +/g, " ").trim();
  // A character is a code point, as Python counts: an emoji is one, and two units of UTF-16.
  const lengthOf = (text) => [...clean(text)].length;
  const write = (field, value) => {
    const text = Array.isArray(value) ? value.join("~") : String(value ?? "");
    // The words on frozen data are their author's, and in no query.
    // What is too long for a link is left out of it; the dialog says so.
    if (field.longest) return frozen || lengthOf(text) > field.longest ? "" : clean(text);
    if (text === "") return field.key === "high" ? "all" : text;
    return field.number ? String(Number(text)) : text; // 1e1 and 010 are 10
  };
  const read = (field, text) => {
    if (field.list) return text.split("~");
    return field.key === "high" && text === "all" ? "" : text;
  };
  const toQuery = (state) =>
    ["v=1"]
      .concat(
        fields
          // On frozen data a view is written in full: none at all is the frozen one.
          .filter((field) => state[field.key] !== (frozen ? "" : field.default))
          .map((field) => `${field.key}=${encoded(state[field.key])}`),
      )
      .join("&");
  const encoded = (text) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt().toString(16).toUpperCase()}`);
  const fromQuery = (query) => {
    const given = new URLSearchParams(query || window.bellwether.query);
    const read = Object.fromEntries(fields.map((field) => [field.key, given.get(field.key) ?? field.default]));
    // The address of a frozen view names its data by its path.
    return frozen ? { ...read, frozen } : read;
  };

  // A frozen view stands at its own address, which says which data they are.
  const isFrozenPage = location.pathname.startsWith("/s/");
  const withoutFrozen = (query) => query.replace(/&frozen=\w*/, "");
  function addressOf(query) {
    if (!isFrozenPage) return `${location.pathname}?${query}`;
    return isBare && query === window.bellwether.query ? location.pathname : `?${withoutFrozen(query)}`;
  }

  let state = {};

  function valid(field) {
    const input = document.getElementById(field.id);
    return !(input instanceof HTMLInputElement) || input.type !== "number" || input.checkValidity();
  }

  function reduce(...values) {
    const next = {};
    fields.forEach((field, i) => {
      const text = write(field, values[i]);
      // A list never gets empty and a number never leaves its bounds: the last good value holds.
      const usable = (text !== "" || field.default === "") && valid(field);
      next[field.key] = usable ? text : state[field.key];
      if (field.list && text === "") set_props(field.id, { [field.property]: read(field, state[field.key]) });
    });
    if (next.align === "nyclose" && !haveNewYork(next.c)) next.align = "";
    const changed = fields.filter((field) => next[field.key] !== state[field.key]);
    if (!changed.length) return skip();
    const query = toQuery(next);
    const step = changed.some((field) => field.step);
    history[step ? "pushState" : "replaceState"](null, "", addressOf(query));
    state = next;
    reflect();
    return query;
  }

  // Whether all of these coins have New York closes: that, or none of them is shown at them.
  function haveNewYork(coins) {
    const there = document.querySelector("[data-new-york]")?.dataset.newYork.split("~") ?? [];
    return coins.split("~").every((id) => there.includes(id));
  }

  // Parts of the page that mirror the state without being controls of their own.
  function reflect() {
    const [from, to] = state.t.split("..");
    set_props("span-from", { value: from });
    set_props("span-to", { value: to === "latest" ? "" : to });
    set_props("window-slider", { value: state.w });
    if (document.getElementById("day-end")) {
      const both = haveNewYork(state.c);
      set_props("day-end", { value: state.align || (both ? "nyclose" : "utc"), disabled: !both });
    }
    if (document.getElementById("era")) set_props("era", { value: eraOf(state.t) });
    nameMonths();
    set_props("mantine", { forceColorScheme: state.theme || null });
    if (!frozen) {
      set_props("author-title", { children: state.title });
      set_props("author-note", { children: state.note });
    }
    set_props("author-marks", { children: marksText(state.mark) });
    if (isFrozenPage) document.getElementById("changed-view").hidden = addressOf(toQuery(state)) === location.pathname;
    mark();
    document.dispatchEvent(new Event("bellwether:view"));
  }

  // The author's marks: 2020-03-23_Low~2022-01-01..2022-11-21_Winter.
  const readMarks = (text) =>
    text.split("~").filter(Boolean).map((part) => {
      const [days, ...label] = part.split("_"), [first, last] = days.split("..");
      return { first, last: last ?? "", label: label.join("_") };
    });
  const marksText = (text) => {
    const words = readMarks(text).map(({ first, last, label }) =>
      `${dayText(dayNumber(first))}${last && ` to ${dayText(dayNumber(last))}`}: ${label}`);
    return words.length ? `Marked: ${words.join("; ")}` : "";
  };

  // The last day of what is selected; empty when none of it has data.
  const lastDay = () =>
    [...state.s.split("~"), ...state.c.split("~")].reduce((last, id) => {
      const day = window.bellwether.last[id] ?? "";
      return day > last ? day : last;
    }, "");
  function presetSpan(years) {
    const last = lastDay();
    if (years === "all" || !last) return "..latest";
    return `${Number(last.slice(0, 4)) - Number(years)}${last.slice(4).replace("-02-29", "-02-28")}..latest`;
  }
  // The slider holds numbers of months; read aloud they are months of a year.
  function nameMonths() {
    if (!document.getElementById("era")) return;
    eraOf(state.t).forEach((month, i) =>
      document.querySelectorAll("#era [role=slider]")[i]?.setAttribute("aria-valuetext", monthText(month)));
  }

  function mark() {
    document.querySelectorAll("[data-years]").forEach((button) =>
      button.setAttribute("aria-pressed", presetSpan(button.dataset.years) === state.t));
    document.querySelectorAll("[data-span]").forEach((button) =>
      button.setAttribute("aria-pressed", button.dataset.span === state.t));
    document.querySelectorAll("[data-window]").forEach((button) =>
      button.setAttribute("aria-pressed", button.dataset.window === state.w));
  }

  window.addEventListener("popstate", () => {
    const next = fromQuery(location.search);
    if (toQuery(next) === toQuery(state)) return; // a jump within the page
    state = next;
    fields
      .filter((field) => !(frozen && field.longest)) // the author's words stay
      .forEach((field) => set_props(field.id, { [field.property]: read(field, state[field.key]) }));
    set_props("view", { data: toQuery(state) });
    reflect();
  });

  // A zoom is a range of dates; the chart that was not touched follows at once.
  function zoom(...events) {
    const event = window.dash_clientside.callback_context.triggered[0]?.value ?? {};
    if (event["xaxis.autorange"]) return "..latest";
    if (!event["xaxis.range[0]"]) return skip();
    const [start, end] = [0, 1].map((i) => nearestDay(event[`xaxis.range[${i}]`]));
    const [from, to] = [start, Math.max(end, start + 1)].map(isoDay);
    const span = `${from}..${to >= lastDay() ? "latest" : to}`;
    if (span === state.t) return skip();
    document.querySelectorAll("#graph-overlay .js-plotly-plot, #graph-rolling-correlation .js-plotly-plot")
      .forEach((plot) => {
        if (plot.layout.xaxis.range[0] !== event["xaxis.range[0]"])
          window.Plotly.relayout(plot, { "xaxis.range": [from, to] });
      });
    return span;
  }

  // The slider of the lead-lag page holds whole months, counted from year 0.
  const eraEnds = () => document.querySelector(".era").dataset.months.split("~").map(Number);
  function eraOf(span) {
    const [min, max] = eraEnds();
    return span.split("..").map((day, i) =>
      /^\d/.test(day) ? Math.min(Math.max(monthOf(dayNumber(day)), min), max) : [min, max][i]);
  }
  window.dashMantineFunctions = { ...window.dashMantineFunctions, monthText };
  let moves = 0;
  async function era([from, to]) {
    const move = ++moves;
    await new Promise((done) => setTimeout(done, 150)); // a key held down is one move
    if (move !== moves) return skip();
    const [min, max] = eraEnds(), shown = eraOf(state.t), days = state.t.split("..");
    // An end that was not moved keeps its day.
    if (from !== shown[0]) days[0] = from <= min ? "" : isoDay(firstDay(from));
    if (to !== shown[1]) days[1] = to >= max ? "latest" : isoDay(firstDay(to + 1) - 1);
    const span = days.join("..");
    return span === state.t ? skip() : span;
  }

  // Rows of the table of breakouts: the ones chosen have their paths drawn, all while none is.
  const MOST_EVENTS = 40;
  function chooseEvent(day) {
    const chosen = new Set(state.ev ? state.ev.split("~") : []);
    if (!chosen.delete(day)) chosen.add(day);
    if (chosen.size > MOST_EVENTS) return;
    keepPlace(day);
    set_props("control-ev", { data: [...chosen].sort().join("~") });
  }
  function chooseAll() {
    keepPlace(document.querySelector("[data-event]").dataset.event);
    set_props("control-ev", { data: "" });
  }

  // Dash makes the rows anew: this one gets the focus, and the table keeps its scroll.
  function keepPlace(day) {
    const details = document.getElementById("details-breakouts");
    const row = () => details.querySelector(`[data-event="${day}"]`);
    const scroll = () => details.querySelector(".table-scroll");
    const before = row(), { scrollLeft, scrollTop } = scroll();
    new MutationObserver((_, observer) => {
      if (!row() || row() === before) return;
      observer.disconnect();
      Object.assign(scroll(), { scrollLeft, scrollTop });
      if (document.activeElement === document.body) row().focus({ preventScroll: true });
    }).observe(details, { childList: true, subtree: true });
  }

  // The pair in focus is the first small cap and the first coin.
  function focus(smallCap, coin) {
    const first = (list, id) => [id, ...list.split("~").filter((other) => other !== id)];
    set_props("control-s", { value: first(state.s, smallCap) });
    set_props("control-c", { value: first(state.c, coin) });
  }

  function focusCell(click) {
    if (click?.points?.length) focus(click.points[0].y, click.points[0].x);
    return skip();
  }

  // The table of a chart is asked for only while it is open.
  function requestTable(clicks, page, query) {
    const open = Boolean(clicks % 2);
    return [open ? { query, page } : skip(), !open, String(open)];
  }

  const dark = () => window.matchMedia("(prefers-color-scheme: dark)").matches;
  function switchTheme() {
    const system = dark() ? "dark" : "light";
    const other = (state.theme || system) === "dark" ? "light" : "dark";
    set_props("control-theme", { data: other === system ? "" : other });
  }

  // A panel closes when the reader turns elsewhere, or with Escape.
  const closePanels = (except) =>
    document.querySelectorAll(".drop[open]").forEach((panel) => {
      if (!panel.contains(except)) panel.open = false;
    });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closePanels(null);
  });

  document.addEventListener("click", (event) => {
    closePanels(event.target);
    const button = event.target.closest("button");
    if (!button) return;
    if (button.id === "try-again") location.reload();
    else if (button.id === "theme-button") switchTheme();
    else if (button.dataset.years) set_props("control-t", { data: presetSpan(button.dataset.years) });
    else if (button.dataset.span) set_props("control-t", { data: button.dataset.span });
    else if (button.id === "all-events") chooseAll();
    else if (button.dataset.event !== undefined) chooseEvent(button.dataset.event);
    else if (button.dataset.pair) focus(...button.dataset.pair.split("~"));
    else if (button.dataset.window) {
      window.bellwether.type(document.getElementById("control-w"), button.dataset.window);
      window.bellwether.settle();
    }
  });
  document.addEventListener("change", (event) => {
    const { id, value } = event.target;
    // New York's close can be chosen only where it is what a link without a choice shows.
    if (event.target.closest("#day-end"))
      return set_props("control-align", { data: value === "utc" ? value : "" });
    if (id !== "span-from" && id !== "span-to") return;
    const from = document.getElementById("span-from").value;
    const to = document.getElementById("span-to").value;
    const problem = from && to && from >= to ? "The range must start before it ends" : "";
    event.target.setCustomValidity(problem);
    if (event.target.reportValidity()) set_props("control-t", { data: `${from}..${to || "latest"}` });
  });

  // A number left out of bounds goes back to the one that holds.
  document.addEventListener("focusout", ({ target }) => {
    const field = fields.find((one) => one.id === target.id && one.number);
    if (field && (!target.checkValidity() || (!target.value && field.key !== "high")))
      window.bellwether.type(target, read(field, state[field.key]));
  });

  // The page was made for this address; what it did not use is gone from it.
  state = fromQuery(window.bellwether.query);
  // An address that shows nothing stays, so that it can be read and mended.
  if (!isLost) history.replaceState(null, "", addressOf(window.bellwether.query) + location.hash);
  new MutationObserver((_, observer) => {
    if (!document.querySelector("[data-years]")) return;
    mark();
    nameMonths();
    observer.disconnect();
  }).observe(document.body, { childList: true, subtree: true });

  // A link may name a card: the browser has looked for it before it was drawn.
  if (location.hash)
    new MutationObserver((_, observer) => {
      const card = document.getElementById(location.hash.slice(1));
      if (!card) return;
      observer.disconnect();
      setTimeout(() => card.scrollIntoView(), 300); // once the cards above have their heights
    }).observe(document.body, { childList: true, subtree: true });

  Object.assign(window.bellwether, {
    clean, lengthOf, readMarks, current: () => toQuery(state),
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    bellwether: { reduce, zoom, era, focusCell, requestTable },
  });
})();
