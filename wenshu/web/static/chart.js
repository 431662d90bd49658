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
    const spec = fitted(JSON.parse(figure.querySelector("script[type='application/json']").textContent), room);
    const stage = document.createElement("div");
    const result = await window.vegaEmbed(stage, spec, {
      actions: false, ast: true, defaultStyle: false, renderer: "svg", mode: "vega-lite",
      tooltip: { disableDefaultStyle: true }, loader: { load: () => Promise.reject(new Error("charts carry their data")) },
    });
    const drawn = stage.querySelector("svg");
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", picture.getAttribute("aria-label"));
    for (const part of drawn.querySelectorAll("[role], [aria-label]")) { part.removeAttribute("role"); part.removeAttribute("aria-label"); part.removeAttribute("aria-roledescription"); }
    picture.replaceWith(stage);
    figure.classList.add("live");
    figure.view = result.view;
  } catch {
    // The picture shows the same.
  }
}

// Narrow pages get narrower plots: text keeps its size, only the drawing area shrinks.
function fitted(spec, room) {
  const margin = 90;
  if (!room || room >= DRAWN_FOR + margin) return spec;
  const factor = Math.max(0.3, (room - margin) / DRAWN_FOR);
  const columns = room < 440 ? 1 : undefined;
  const walk = (node) => {
    if (Array.isArray(node)) return node.map(walk);
    if (!node || typeof node !== "object") return node;
    const copy = {};
    for (const [key, value] of Object.entries(node)) {
      if (key === "data" || key === "config" || key === "datasets") copy[key] = value;
      else if (key === "width" && typeof value === "number") copy[key] = Math.round(value * factor);
      else if (key === "columns" && columns && typeof value === "number") copy[key] = columns;
      else copy[key] = walk(value);
    }
    return copy;
  };
  return walk(spec);
}
