"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(byId(id).textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const histograms = read("histograms-data");
  const options = {
    responsive: true,
    displaylogo: false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]], // none asks a server
    // On a narrow screen its buttons would lie on the legend.
    displayModeBar: !matchMedia("(max-width: 40rem)").matches,
  };
  // Where fingers scroll the page, dragging over a figure must not zoom it.
  const dragmode = matchMedia("(pointer: coarse)").matches ? false : "zoom";

  // Figures take their colours from the page, in the light and in the dark.
  function themed(layout) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const copy = {
      ...layout,
      dragmode,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: colour("--ink"), size: 12 },
      modebar: {
        bgcolor: "rgba(0,0,0,0)",
        color: colour("--faint"),
        activecolor: colour("--ink"), // plotly's own is white, also on white
      },
      hoverlabel: { bgcolor: colour("--card"), font: { color: colour("--ink") } },
    };
    for (const name of Object.keys(copy).filter((key) => /^[xy]axis/.test(key))) {
      const lines = { gridcolor: colour("--grid"), linecolor: colour("--line") };
      copy[name] = { ...copy[name], ...lines, zeroline: false };
    }
    return copy;
  }

  function draw(id) {
    const figure = read(`${id}-data`);
    Plotly.react(byId(id), figure.data, themed(figure.layout), options);
  }

  function drawHistogram() {
    const found = histograms[byId("layer").selectedIndex];
    const title = byId("histogram-title");
    if (!found) return;
    title.textContent = `Output of ${found.title}`;
    const bars = {
      type: "bar",
      x: found.x,
      y: found.y,
      marker: { color: "#3b8ed0" },
      hovertemplate: "%{x:.3g}: %{y:.1f} %<extra></extra>",
    };
    const layout = {
      height: 320,
      bargap: 0,
      margin: { l: 64, r: 12, t: 32, b: 48 },
      xaxis: { title: { text: "value" }, exponentformat: "power" },
      yaxis: { title: { text: "% of values" } },
    };
    Plotly.react(byId("histogram"), [bars], themed(layout), options);
    for (const row of byId("layers").tBodies[0].rows) {
      row.classList.toggle("chosen", row.dataset.layer === found.label);
    }
  }

  function drawAll() {
    draw("depth");
    draw("gradients");
    for (const id of ["outputs", "step"]) {
      if (byId(id)) draw(id); // not in every report
    }
    drawHistogram();
  }

  function filter(severity) {
    const shows = (element) =>
      severity === "all" || element.dataset.severity === severity;
    const parts = "#findings [data-severity], #layers tbody tr";
    for (const element of document.querySelectorAll(parts)) {
      element.hidden = !shows(element);
    }
    for (const button of document.querySelectorAll("[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === severity));
    }
  }

  function sort(head, column) {
    const ascending = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const key = (row) => row.cells[column].dataset.sort;
    const numeric = head.classList.contains("number");
    const body = byId("layers").tBodies[0];
    const rows = [...body.rows].sort((one, two) => {
      const [a, b] = [key(one), key(two)];
      if (a === "" || b === "") return (a === "") - (b === ""); // unknown: last
      const order = numeric ? Number(a) - Number(b) : a.localeCompare(b);
      return ascending ? order : -order;
    });
    body.append(...rows);
  }

  async function copy(button) {
    const code = button.parentNode.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code); // to be copied by hand
    }
  }

  for (const histogram of histograms) {
    byId("layer").append(new Option(histogram.label));
  }
  byId("layer").addEventListener("change", drawHistogram);
  byId("layers").tBodies[0].addEventListener("click", (event) => {
    const label = event.target.closest("tr").dataset.layer;
    const place = histograms.findIndex((found) => found.label === label);
    if (place < 0) return;
    byId("layer").selectedIndex = place;
    drawHistogram();
  });
  document.querySelectorAll("#layers th").forEach((head, column) => {
    head.firstElementChild.addEventListener("click", () => sort(head, column));
  });
  for (const button of document.querySelectorAll("[data-filter]")) {
    button.addEventListener("click", () => filter(button.dataset.filter));
  }
  for (const button of document.querySelectorAll(".copy")) {
    button.addEventListener("click", () => copy(button));
  }
  dark.addEventListener("change", drawAll);
  drawAll();
  document.documentElement.dataset.ready = "true";
})();
