// Questions, options, chips and changed fields are forms; here they are sent in place and the answer's piece of page is put on top.
import { drawCharts } from "./chart.js";

const answers = document.getElementById("answers");
const box = document.getElementById("ask");
let running = null;

export function installAsk(root) {
  if (!answers || !box) return;
  root.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-ask]");
    if (!form || event.defaultPrevented) return;
    event.preventDefault();
    send(form, event.submitter);
  });
}

async function send(form, submitter) {
  const fields = new FormData(form, submitter);
  // A suggestion keeps the purpose and the conversation of the question box as they are now.
  for (const name of ["conversation", "purpose"]) {
    const now = box.elements.namedItem(name)?.value;
    if (now) fields.set(name, now);
  }
  const said = fields.get("question") || fields.get("label") || "";
  running?.abort();
  const mine = (running = new AbortController());
  const waiting = placeholder(said);
  document.getElementById("welcome")?.remove();
  for (const old of answers.querySelectorAll(".waiting")) old.remove();
  answers.prepend(waiting);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: fields,
      headers: { "X-Wenshu-Fragment": "1", Accept: "text/html" },
      signal: mine.signal,
      redirect: "follow",
    });
    if (response.status === 401) return location.assign("/signin?next=" + encodeURIComponent(location.pathname));
    const piece = new DOMParser().parseFromString(await response.text(), "text/html").body.firstElementChild;
    waiting.replaceWith(piece);
    keepConversation(response.headers.get("X-Wenshu-Conversation"), said);
    drawCharts(piece);
    if (form === box && response.ok) {
      const question = box.elements.namedItem("question");
      question.value = "";
      question.placeholder = box.dataset.again;
    }
    if (form !== box) piece.scrollIntoView({ block: "nearest" });
  } catch (error) {
    if (error.name === "AbortError") return;
    waiting.classList.replace("waiting", "problem");
    waiting.querySelector(".sentence").textContent = box.dataset.offline;
  }
}

function placeholder(said) {
  const card = document.createElement("article");
  card.className = "card waiting";
  const asked = document.createElement("p");
  asked.className = "asked";
  asked.textContent = said;
  const sentence = document.createElement("p");
  sentence.className = "sentence";
  sentence.textContent = box.dataset.waiting;
  card.append(asked, sentence);
  return card;
}

function keepConversation(id, said) {
  if (!id) return;
  let field = box.elements.namedItem("conversation");
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = "conversation";
    box.append(field);
  }
  if (field.value === id) return;
  field.value = id;
  const address = "/c/" + encodeURIComponent(id);
  history.replaceState(null, "", address);
  const list = document.getElementById("conversations");
  const line = document.createElement("li");
  const link = document.createElement("a");
  const title = document.createElement("span");
  link.href = address;
  link.setAttribute("aria-current", "page");
  title.textContent = said;
  link.append(title);
  line.append(link);
  list.querySelector("[aria-current]")?.removeAttribute("aria-current");
  list.prepend(line);
  document.getElementById("no-conversations")?.remove();
}
