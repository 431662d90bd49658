// The server's picture is already there. This draws the same spec at the reader's width with tooltips; if it can't, the picture stays.
// Vega runs its expression interpreter (ast: true), so the strict Content-Security-Policy holds.
const DRAWN_FOR = 600;

export function drawCharts(root) {
  const charts = root.matches?.("[data-chart]") ? [root] : [...root.querySelectorAll("[data-chart]:not(.live)")];
  if (!charts.length) return;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  });
  for (const chart of charts) seen.observe(chart);
}

async function draw(figure) {
  const holder = figure.querySelector(".chart-scroller");
  const picture = holder.querySelector("svg");
  const room = holder.clientWidth;
  try {
    if (!window.vegaEmbed) await import("/assets/vega.js");
    const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
    const stage = document.createElement("div");
    let factor = 1;
    for (let attempt = 0; attempt < 4; attempt++) {
      const result = await window.vegaEmbed(stage, narrowed(spec, factor, room), {
        actions: false, ast: true, defaultStyle: false, logLevel: 1, mode: "vega-lite", renderer: "svg",
        tooltip: { disableDefaultStyle: true }, loader: { load: () => Promise.reject(new Error("charts carry their data")) },
      });
      const excess = stage.querySelector("svg").viewBox.baseVal.width - room;
      if (excess <= 0 || factor <= 0.25) break;
      // Names and labels keep their size, so the whole excess comes off the drawing area.
      factor = Math.max(0.25, factor - (excess + 1) / DRAWN_FOR);
      if (attempt < 3) result.finalize();
    }
    const drawn = stage.querySelector("svg");
    for (const part of drawn.querySelectorAll("[role], [aria-label], [aria-roledescription]")) {
      for (const name of ["role", "aria-label", "aria-roledescription"]) part.removeAttribute(name);
    }
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", picture.getAttribute("aria-label"));
    picture.replaceWith(stage);
    figure.classList.add("live");
  } catch {
    // The picture shows the same.
  }
}

function narrowed(spec, factor, room) {
  if (factor === 1) return spec;
  const columns = room < 440 ? 1 : undefined;
  const walk = (node) => {
    if (Array.isArray(node)) return node.map(walk);
    if (!node || typeof node !== "object") return node;
    const copy = {};
    for (const [key, value] of Object.entries(node)) {
      if (key === "data" || key === "config" || key === "datasets") copy[key] = value;
      else if (key === "width" && typeof value === "number") copy[key] = Math.max(60, Math.round(columns && node.facet === undefined ? narrow(value, factor) : value * factor));
      else if (key === "columns" && columns && typeof value === "number") copy[key] = columns;
      else copy[key] = walk(value);
      if (key === "x" && value?.axis?.values) copy[key].axis.values = thinned(value.axis.values, DRAWN_FOR * factor);
    }
    return copy;
  };
  // Small panels that come to stand below each other may each take the whole width.
  const narrow = (value, by) => (value < DRAWN_FOR / 2 ? DRAWN_FOR * by : value * by);
  return walk(spec);
}

// So many names stand beside each other without touching; which ones are left out is even, the first stays.
function thinned(values, width) {
  const step = Math.ceil(values.length / Math.max(2, Math.floor(width / 46)));
  return values.filter((_, n) => n % step === 0);
}
