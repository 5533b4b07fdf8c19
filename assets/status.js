// What the server says about its data: how far the first load is, and whether there is newer.
(() => {
  const SOON = 3000, LATER = 60000;
  // A worker may know up to a second later than another what has arrived.
  const WORKERS_AGREE = 1500;
  const { status: shown, isLive } = window.bellwether;
  const set_props = (id, props) => window.dash_clientside.set_props(id, props);
  const element = (id) => document.getElementById(id);

  // An answer in JSON, with its status: 0 where there is none.
  async function ask(method, path, body, headers = {}) {
    if (body) headers = { "Content-Type": "application/json", ...headers };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(() => null);
    const said = await answer?.json().catch(() => null);
    return { ...(said ?? { message: "The server did not answer." }), status: answer?.status ?? 0 };
  }

  const reload = () => setTimeout(() => location.reload(), WORKERS_AGREE);

  let timer = 0, progress = shown.progress;
  async function look() {
    clearTimeout(timer);
    const now = await ask("GET", "/status");
    if (now.status === 200) tell(now);
    wait();
  }
  function wait() {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, progress ? SOON : LATER);
  }

  function tell(now) {
    progress = now.progress;
    set_props("progress", { children: progress && `Live prices: ${progress}` });
    if (element("series")) set_props("series-request", { data: Date.now() });
    // Never from under a reader who is typing the token.
    if (shown.is_sample && !now.is_sample && !element("token")?.value) reload();
    else if (now.version !== shown.version && !progress && !element("series")) element("newer").hidden = false;
  }

  // The token goes with one request and is forgotten.
  async function refresh() {
    const button = element("refresh"), token = element("token")?.value;
    const bytes = String.fromCharCode(...new TextEncoder().encode(token ?? ""));
    set_props("refresh", { disabled: true });
    set_props("refreshed", { children: "Asking…" });
    const answer = await ask("POST", "/refresh", {}, bytes && { Authorization: `Bearer ${bytes}` });
    set_props("refreshed", { children: answer.message });
    set_props("refresh", { disabled: false });
    if (element("token")) set_props("token", { value: "" });
    look();
  }

  // The view may have changed since the page was written, and its links with it.
  function follow(event) {
    const { frozen, current } = window.bellwether;
    // From frozen data the other pages are reached as the server has written them: live.
    const link = event.target.closest(frozen ? "a.values" : "nav a, a.values");
    if (link) link.search = current();
  }
  document.addEventListener("mousedown", follow);
  document.addEventListener("click", (event) => {
    follow(event);
    const { id } = event.target;
    if (id === "refresh") refresh();
    else if (id === "show-newer") location.reload();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.id === "token" && event.key === "Enter") refresh();
  });

  if (isLive) {
    document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
    wait();
  }
  Object.assign(window.bellwether, { ask, WORKERS_AGREE });
})();
