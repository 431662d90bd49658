// While a load runs the page tells how far it is, without being opened again; what is written into its forms stays.
const EVERY_MS = 1500;

async function look() {
  const shown = document.querySelector("[data-loading='running']");
  if (!shown) return;
  let next = null;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    if (answer.ok) next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-loading]");
  } catch {
    // The next time, then.
  }
  if (next) {
    shown.replaceWith(document.adoptNode(next));
    const button = document.querySelector("[data-load]");
    if (button) button.disabled = next.dataset.loading === "running";
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
