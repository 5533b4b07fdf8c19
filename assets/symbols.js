// Symbols that nobody has here yet: asked for in a picker or from a link, and followed until they
// are here; then the page opens with them.
(() => {
  const { ask, fields, mayAdd, most, WORKERS_AGREE } = window.bellwether;
  const EVERY = 1000, MOST_MISSES = 5;
  const KINDS = { s: "small_cap", c: "coin" };
  const KEYS = { "control-s": "s", "control-c": "c" };
  const SYMBOL = /^\^?[A-Z0-9][A-Z0-9.-]{0,14}$/;
  const FULL = `${most} are shown already: remove one first.`;
  const set_props = (id, props) => window.dash_clientside.set_props(id, props);
  const asked = [];

  function shown(key) {
    const { default: standard } = fields.find((field) => field.key === key);
    return (new URLSearchParams(location.search).get(key) ?? standard).split("~");
  }

  const isFull = (key) =>
    shown(key).length + asked.filter((one) => one.key === key && one.state !== "failed").length >= most;

  // What the picker says when nothing in its list is called what was typed.
  function offer(key, typed) {
    const symbol = typed.trim().toUpperCase();
    const source = key === "s" ? " from Yahoo Finance" : "";
    const say = (text, adds = null) => ({
      children: text,
      // Mantine moves through what looks like an option to it, and clicks it on Enter.
      role: adds && "option",
      "data-combobox-option": adds && "true",
      "data-add": adds,
      "data-key": key,
    });
    if (shown(key).includes(symbol)) return say(`${symbol} is shown already.`);
    if (!mayAdd || !SYMBOL.test(symbol)) return say("Nothing here has that name.");
    if (isFull(key)) return say(FULL);
    return say(`Add ${symbol}${source}`, symbol);
  }

  function tell(one, text, state) {
    Object.assign(one, { text, state });
    draw();
  }
  function draw() {
    document.getElementById("adding").replaceChildren(
      ...asked.map((one) => {
        const chip = document.createElement("span"), away = document.createElement("button");
        chip.className = one.state;
        chip.textContent = one.text;
        away.textContent = "×";
        away.setAttribute("aria-label", `Dismiss ${one.symbol}`);
        away.onclick = () => dismiss(one);
        chip.append(away);
        return chip;
      }),
    );
  }
  function dismiss(one) {
    asked.splice(asked.indexOf(one), 1);
    draw();
    open();
  }

  // `list` is what the link named, where the symbol comes from one.
  async function add(symbol, key, list) {
    const before = asked.find((one) => one.symbol === symbol && one.key === key);
    if (before?.state === "failed") asked.splice(asked.indexOf(before), 1);
    else if (before) return;
    const one = { symbol, key, list };
    asked.push(one);
    tell(one, `${symbol}: asking…`, "waiting");
    const answer = await ask("POST", "/symbols", { symbol, kind: KINDS[key] });
    if (!answer.id) return tell(one, `${symbol}: ${answer.message}`, "failed");
    one.id = answer.id;
    take(one, answer);
  }

  async function look(one, misses = 0) {
    if (!asked.includes(one)) return;
    const answer = await ask("GET", `/symbols/${encodeURIComponent(one.id)}`);
    if (answer.state) take(one, answer);
    else if (misses < MOST_MISSES) setTimeout(look, EVERY, one, misses + 1);
    else tell(one, `${one.symbol}: ${answer.message}`, "failed");
  }

  function take(one, { state, message }) {
    if (!asked.includes(one)) return;
    tell(one, message, state);
    if (state === "waiting") setTimeout(look, EVERY, one);
    else open();
  }

  // One step for everything that was asked for: the page opens when nothing is waited for.
  let opening = 0;
  function open() {
    clearTimeout(opening);
    opening = setTimeout(show, WORKERS_AGREE);
  }
  function show() {
    const ready = asked.filter((one) => one.state === "ready");
    if (!ready.length || asked.some((one) => one.state === "waiting")) return;
    const query = new URLSearchParams(location.search);
    for (const one of ready) {
      const list = one.list
        ? one.list.map((id) => (id === one.symbol ? one.id : id))
        : [...(query.get(one.key)?.split("~") ?? shown(one.key)), one.id];
      const ids = [...new Set(list)];
      if (ids.length > most) return tell(one, `${one.id} is here. ${FULL}`, "failed");
      query.set(one.key, ids.join("~"));
    }
    location.assign(`?${query}`);
  }

  document.addEventListener("input", ({ target }) => {
    const key = KEYS[target.id];
    if (key) set_props(`offer-${key}`, offer(key, target.value));
  });
  document.addEventListener("click", ({ target }) => {
    const { add: typed, fetch: named, key, list } = target.dataset;
    if (named) add(named, key, list.split("~"));
    if (!typed) return;
    add(typed, key);
    document.activeElement.blur();
  });
})();
