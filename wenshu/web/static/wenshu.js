// The page works without this. With it: answers come in place, words are completed, charts respond.
import { installAsk } from "./ask.js";
import { installCompletion } from "./complete.js";
import { drawCharts } from "./chart.js";

const question = document.getElementById("question");

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const target = question ?? document.querySelector("input[type=search]");
    if (target) {
      event.preventDefault();
      target.focus();
      target.select();
    }
  }
  if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
});

document.addEventListener("click", async (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const copyable = event.target.closest("[data-copy]");
  if (copyable && !window.getSelection().toString() && navigator.clipboard) {
    await navigator.clipboard.writeText(copyable.dataset.copy || copyable.textContent);
    copyable.classList.add("copied");
    setTimeout(() => copyable.classList.remove("copied"), 1500);
  }
});

// A metric that an address points at (#reach_rate) is opened.
const pointed = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
if (pointed instanceof HTMLDetailsElement) pointed.open = true;

installAsk(document);
if (question) installCompletion(question);
drawCharts(document);
