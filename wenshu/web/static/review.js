// A brush on the timeline: press, drag, let go, and the filter has that time. Without it each bar is a link to its own time.
const chart = document.querySelector("svg[data-brush]");
if (chart) {
  const bars = [...chart.querySelectorAll("a[data-since]")];
  const cover = chart.querySelector(".brush");
  const form = document.querySelector("form.filters");
  let begun = null;
  const place = (event) => {
    const box = chart.getBoundingClientRect();
    return Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * chart.viewBox.baseVal.width;
  };
  const between = (one, two) => {
    const [low, high] = one < two ? [one, two] : [two, one];
    return bars.filter((bar) => Number(bar.dataset.x) + Number(bar.dataset.room) > low && Number(bar.dataset.x) < high);
  };
  chart.addEventListener("dragstart", (event) => event.preventDefault());
  chart.addEventListener("pointerdown", (event) => { begun = place(event); });
  addEventListener("pointermove", (event) => {
    if (begun === null) return;
    const here = place(event);
    if (Math.abs(here - begun) < 4) return;
    cover.setAttribute("x", Math.min(begun, here));
    cover.setAttribute("width", Math.abs(here - begun));
  });
  addEventListener("pointerup", (event) => {
    if (begun === null) return;
    const here = place(event), chosen = between(begun, here), moved = Math.abs(here - begun) >= 4;
    begun = null;
    cover.setAttribute("width", 0);
    if (!moved || !chosen.length || !form) return;
    chart.addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
    const set = (name, value) => {
      const field = form.elements[name];
      if (value.includes("T")) field.type = "text";
      field.value = value;
    };
    set("since", chosen[0].dataset.since);
    set("until", chosen.at(-1).dataset.until);
    form.requestSubmit();
  });
}

// Numbers that are not known yet, or a page that waits: ask now and then, and take what is there without touching what is being typed.
const late = document.querySelector("[data-waiting]");
if (late) {
  const ask = async () => {
    try {
      const answer = await fetch(late.dataset.waiting, { headers: { Accept: "application/json" } });
      if (answer.ok && (await answer.json()).ready) {
        const typing = document.activeElement?.closest?.("form.filters");
        if (!typing) { location.reload(); return; }
        late.querySelector("[data-there]")?.removeAttribute("hidden");
        return;
      }
    } catch { /* the service starts again; ask on */ }
    setTimeout(ask, 2000);
  };
  setTimeout(ask, 2000);
}
