// Live tuning: while a control moves, the correlation chart and its read-out are redrawn here,
// straight into the lines Plotly has drawn. On release the server draws the same figure.
(() => {
  const { statistics, frozen } = window.bellwether;
  const { dayNumber, isoDay, yearOf, dayText } = window.bellwether.dates;
  const FEWEST = 5, SETTLE = 200, RETRY = 5000;
  const PERIODS = { d: "session", w: "week", m: "month" };
  const loaded = new Map();

  const graph = () => document.querySelector("#graph-rolling-correlation .js-plotly-plot");
  const meta = () => graph()?.layout?.meta;
  const element = (id) => document.getElementById(id);

  // One request a series and content, kept by the browser's cache for good.
  function load(id, hash) {
    const key = `${id}?h=${hash}`;
    if (!loaded.has(key)) {
      const entry = { series: null };
      loaded.set(key, entry);
      fetch(`/series/${encodeURIComponent(id)}?h=${hash}${frozen && `&frozen=${frozen}`}`)
        .then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status)))
        .then((buffer) => {
          const values = new Float64Array(buffer), half = values.length / 2;
          entry.series = { days: values.subarray(0, half), closes: values.subarray(half) };
          if (waiting) redraw();
        })
        .catch(() => setTimeout(() => loaded.delete(key), RETRY));
    }
    return loaded.get(key).series;
  }

  function preload() {
    const about = meta();
    if (about) Object.entries(about.hashes).forEach(([id, hash]) => load(id, hash));
  }

  let returnsKey = "", returnsOf = new Map();
  function returns(about, pair, view) {
    const key = JSON.stringify([about.hashes, view.f, view.lag]);
    if (key !== returnsKey) [returnsKey, returnsOf] = [key, new Map()];
    const name = pair.join("~");
    if (!returnsOf.has(name)) {
      const [first, second] = pair.map((id) => load(id, about.hashes[id]));
      if (!first || !second) return null;
      const doubtful = pair.flatMap((id) => about.doubtful[id].map(dayNumber));
      returnsOf.set(name, statistics.pairedReturns(first, second, view.f, view.lag, doubtful));
    }
    return returnsOf.get(name);
  }

  const number = (v) => (Math.floor(100 * v + 0.5) / 100).toFixed(2).replace("-0.00", "0.00").replace("-", "−");
  // "now", or the day and, where the latest value was asked for, how long ago that was.
  function dated(day, { present, today }) {
    if (present && day >= dayNumber(present)) return "now";
    if (!today) return `on ${dayText(day)}`;
    const days = Math.max(dayNumber(today) - day, 0);
    const age = ["today", "yesterday"][days] ?? `${days.toLocaleString("en-US")} days ago`;
    return `on ${dayText(day)}, ${age}`;
  }
  function ordinal(value) {
    const whole = Math.floor(value + 0.5);
    const teen = [11, 12, 13].includes(whole % 100);
    return whole + ((!teen && { 1: "st", 2: "nd", 3: "rd" }[whole % 10]) || "th");
  }

  function windowName(view, dayEnd) {
    const n = statistics.observations(view.w, view.f), unit = PERIODS[view.f];
    const method = {
      pearson: "", spearman: "Spearman ", ewma: `EWMA (λ = ${statistics.ewmaLambda(n).toFixed(3)}) `,
    }[view.m];
    const period = view.f === "d" ? "" : ` of ${unit}ly returns`;
    const steps = Math.abs(view.lag), leader = view.lag > 0 ? "small caps" : "crypto";
    const lag = steps ? ` with ${leader} leading by ${steps} ${unit}${steps === 1 ? "" : "s"}` : "";
    return `${n}-${unit} ${method}correlation${period}${dayEnd}${lag}`;
  }

  // Everything the chart shows for one setting of the controls.
  function compute(about, view) {
    const n = statistics.observations(view.w, view.f);
    const [from, to] = about.span.map(dayNumber);
    if (n < FEWEST) {
      const text =
        `A window of ${view.w} sessions holds fewer than ${FEWEST} ${PERIODS[view.f]}ly returns. ` +
        "Choose a longer window or daily returns.";
      return { lines: [], text };
    }
    // Spearman has no fast form: beyond a few pairs only the focus pair follows the pointer.
    const pairs = view.m === "spearman" ? about.pairs.slice(0, 1) : about.pairs;
    const lines = [];
    for (const pair of pairs) {
      const data = returns(about, pair, view);
      if (!data) return null;
      const r = statistics.kernels[view.m](data.x, data.y, n);
      let first = 0, last = data.days.length;
      while (first < last && data.days[first] < from) first++;
      while (last > first && data.days[last - 1] > to) last--;
      lines.push({ pair, data, first, last, days: data.days.slice(first, last), r: r.subarray(first, last) });
    }
    return { lines, ...aboutFocus(about, lines[0], n, view) };
  }

  function aboutFocus(about, { data, days, r, first, last }, n, view) {
    const whole = view.m === "spearman" ? "spearman" : "pearson";
    const count = last - first;
    data.overall ??= {};
    const key = `${whole}${first}${last}`;
    data.overall[key] ??= count > 1
      ? statistics.kernels[whole](data.x.subarray(first, last), data.y.subarray(first, last), count)[count - 1]
      : NaN;
    const overall = data.overall[key];
    const low = new Float64Array(count), high = new Float64Array(count);
    for (let i = 0; i < count; i++) [low[i], high[i]] = statistics.fisherInterval(r[i], n, view.m);
    const envelope = statistics.fisherInterval(overall, n, view.m);
    const at = [...r.keys()].filter((i) => !Number.isNaN(r[i]));
    const name = windowName(view, about.day_end);
    if (!at.length) {
      const text = `${name} is undefined in the dates shown: ${count} shared returns, ${n} needed.`;
      return { low, high, envelope, text };
    }
    const now = at[at.length - 1];
    const when = dated(days[now], about);
    let text =
      `${name} ${when}${when.includes(",") ? "," : ""} ${number(r[now])} ` +
      `(95% ${number(low[now])} to ${number(high[now])}), N = ${n}`;
    if (at.length < 2 * n) {
      text += "; too few windows to compare it with.";
      return { low, high, envelope, text };
    }
    const rank = (100 * at.filter((i) => r[i] <= r[now]).length) / at.length;
    const outside = (100 * at.filter((i) => r[i] < envelope[0] || r[i] > envelope[1]).length) / at.length;
    const since = yearOf(days[at[0]]);
    text +=
      `, ${ordinal(rank)} percentile since ${since}. ${Math.floor(outside + 0.5)}% of windows fall ` +
      "outside the grey band, which would hold 95% of them if correlation were a constant " +
      `${number(overall)} and returns independent and normal.`;
    return { low, high, envelope, text };
  }

  // Draws through (days, values) into an SVG path. Of the points that share a pixel column only the
  // lowest and highest are drawn: the eye loses nothing, and drawing is what costs.
  function trace(days, values, { left, perDay, top, perUnit }) {
    const runs = [];
    let run = null, column = NaN, low = 0, high = 0;
    const y = (i) => Math.round((top + values[i] * perUnit) * 10) / 10;
    const flush = () => {
      if (!run) return;
      const [first, second] = low < high ? [low, high] : [high, low];
      run.push([column, y(first)]);
      if (second !== first) run.push([column, y(second)]);
    };
    for (let i = 0; i < days.length; i++) {
      if (Number.isNaN(values[i])) {
        flush();
        run = null;
        continue;
      }
      const x = Math.round((left + days[i] * perDay) * 2) / 2;
      if (run && x === column) {
        if (values[i] < values[low]) low = i;
        if (values[i] > values[high]) high = i;
        continue;
      }
      flush();
      if (!run) runs.push((run = []));
      column = x;
      low = high = i;
    }
    flush();
    return runs;
  }
  const line = (runs) => runs.map((run) => `M${run.join("L")}`).join("") || "M0,0";
  const area = (lower, upper) =>
    upper.map((run, i) => `M${run.concat(lower[i].toReversed()).join("L")}Z`).join("") || "M0,0";

  function paint(plot, drawn) {
    const { xaxis, yaxis } = plot._fullLayout;
    // Positions come rounded to a hundredth of a pixel: the slope is taken across the whole span.
    const edges = meta().span.map(dayNumber);
    const [start, end] = edges.map((day) => xaxis.d2p(isoDay(day)));
    const perDay = (end - start) / (edges[1] - edges[0]);
    const top = yaxis.c2p(0);
    const axes = { left: start - edges[0] * perDay, perDay, top, perUnit: yaxis.c2p(1) - top };
    const put = (uid, kind, d) =>
      plot.querySelector(`.trace${CSS.escape(uid)} path.js-${kind}`)?.setAttribute("d", d);
    for (const { pair, days, r } of drawn.lines) put(`line-${pair.join("-")}`, "line", line(trace(days, r, axes)));
    if (!drawn.low) return;
    const band = [drawn.low, drawn.high].map((edge) => trace(drawn.lines[0].days, edge, axes));
    put("band-low", "fill", area(...band));
    const [low, high] = drawn.envelope.map((edge) => trace(edges, [edge, edge], axes));
    put("envelope-low", "line", line(low));
    put("envelope", "line", line(high));
    put("envelope-low", "fill", area(low, high));
  }

  // What the controls say now, or null while a number is half typed.
  function tuned() {
    const w = element("control-w"), lag = element("control-lag");
    if (!w.checkValidity() || !lag.checkValidity() || !w.value || !lag.value) return null;
    const about = meta();
    return about && { m: about.m, f: about.f, w: Number(w.value), lag: Number(lag.value) };
  }

  // What is not redrawn here waits, dimmed, for the server's figure.
  function dim(plot, view) {
    const card = element("card-rolling-correlation"), matrix = element("card-matrix");
    if (!plot.bellwetherClears) {
      plot.bellwetherClears = () => {
        card.classList.remove("pending", "blank");
        matrix?.classList.remove("pending");
      };
      plot.on("plotly_afterplot", plot.bellwetherClears);
    }
    card.classList.toggle("pending", view.m === "spearman" && meta().pairs.length > 1);
    matrix?.classList.add("pending");
    document.querySelectorAll("[data-window]").forEach((button) =>
      button.setAttribute("aria-pressed", button.dataset.window === String(view.w)));
  }

  let frame = 0, waiting = false;
  function redraw() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (!element("card-rolling-correlation")) return;
      const plot = graph(), view = tuned();
      if (!meta()) say("message", "Let go to draw this window.");
      if (!plot || !view) return;
      const drawn = compute(meta(), view);
      waiting = !drawn; // for a series on its way
      if (waiting) return;
      dim(plot, view);
      element("card-rolling-correlation").classList.toggle("blank", !drawn.lines.length);
      paint(plot, drawn);
      say("finding", drawn.text);
    });
  }

  // Past React, which would cost a render a move; settle() tells it afterwards.
  function say(part, text) {
    const node = element(`${part}-rolling-correlation`).firstChild;
    if (node) node.nodeValue = text;
  }

  let settling = 0;
  function settle() {
    clearTimeout(settling);
    settling = setTimeout(flush, SETTLE);
  }

  // Hand what was tuned to the controls, and so to the link and the server.
  function flush() {
    clearTimeout(settling);
    const set = window.dash_clientside.set_props;
    // React learns what was written past it, so that its next text is compared with this one.
    for (const part of ["finding", "message"]) {
      const id = `${part}-rolling-correlation`;
      if (element(id)) set(id, { children: element(id).textContent });
    }
    for (const id of ["control-w", "window-slider", "control-lag"]) {
      if (element(id).reportValidity?.()) set(id, { value: element(id).value });
    }
  }

  // Sets an input as if typed: React would undo a plain assignment at its next render.
  const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
  function type(input, value) {
    setValue.call(input, value);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const twins = { "window-slider": "control-w", "control-w": "window-slider" };

  document.addEventListener("input", (event) => {
    const { id, value } = event.target;
    if (!(id in twins || id === "control-lag")) return;
    const twin = element(twins[id]);
    if (twin && value && event.target.checkValidity() && twin.value !== value) type(twin, value);
    redraw();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id in twins || event.target.id === "control-lag") settle();
  });
  document.addEventListener("pointerover", preload);
  document.addEventListener("focusin", preload);

  Object.assign(window.bellwether, { compute, settle, flush, type });
})();
