// Runs before Dash: hands it the layout that came with the page, instead of two requests for it.
(() => {
  const boot = JSON.parse(document.getElementById("boot").textContent);
  const answers = { "_dash-layout": boot.layout, "_dash-dependencies": boot.dependencies };
  const request = window.fetch.bind(window);
  window.fetch = (resource, options) => {
    const name = new URL(resource.url ?? resource, location.href).pathname.split("/").pop();
    if (name === "_dash-update-component") return watched(request(resource, options));
    if (!(name in answers)) return request(resource, options);
    const body = JSON.stringify(answers[name]);
    delete answers[name];
    return Promise.resolve(
      new Response(body, { status: 200, headers: { "Content-Type": "application/json" } }),
    );
  };
  // When the server stops answering the charts, the page keeps what it shows and says so.
  async function watched(answer) {
    const offline = document.getElementById("offline");
    const failed = await answer.then((response) => response.status >= 500, () => true);
    if (offline) offline.hidden = !failed;
    return answer;
  }

  window._dashPlotlyJSURL = boot.plotly;
  window.bellwether = boot.page;
})();
