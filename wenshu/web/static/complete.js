// Completion as a combobox (WAI-ARIA 1.2): what a word is stands beside it, the keyboard does everything.
export function installCompletion(input) {
  const form = input.form;
  const list = document.getElementById("completions");
  const token = document.querySelector("meta[name=csrf-token]").content;
  const kinds = JSON.parse(form.dataset.kinds);
  let timer = 0;
  let asked = 0;
  let chosen = -1;
  let found = [];

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  close();
  if (input.value && document.activeElement === input) timer = setTimeout(look, 120); // typed before this script was there

  input.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (event.isComposing) return; // pinyin on its way is not yet a word
    timer = setTimeout(look, 120);
  });
  input.addEventListener("compositionend", () => { clearTimeout(timer); timer = setTimeout(look, 60); });
  input.addEventListener("blur", () => setTimeout(close, 150));
  input.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose((chosen + (event.key === "ArrowDown" ? 1 : -1) + found.length + (chosen < 0 && event.key === "ArrowUp" ? 1 : 0)) % found.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
      event.preventDefault();
      take(found[chosen]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest("li");
    if (item) { event.preventDefault(); take(found[Number(item.dataset.n)]); }
  });
  form.addEventListener("submit", () => { clearTimeout(timer); close(); });

  async function look() {
    const text = input.value;
    if (!text.trim()) return close();
    const mine = ++asked;
    try {
      const response = await fetch(form.dataset.complete, {
        method: "POST",
        body: new URLSearchParams({ text }),
        headers: { "X-CSRF-Token": token, Accept: "application/json" },
      });
      if (!response.ok || mine !== asked || document.activeElement !== input) return;
      show((await response.json()).completions.filter((item) => replaced(item) !== item.text.length || !input.value.endsWith(item.text)));
    } catch {
      close(); // completion is a help; without it the question can still be asked
    }
  }

  function show(items) {
    found = items.slice(0, 8);
    chosen = -1;
    list.replaceChildren(...found.map((item, n) => {
      const line = document.createElement("li");
      line.id = `completion-${n}`;
      line.dataset.n = n;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      for (const [name, words] of [["what", item.label || item.text], ["is", kinds[item.kind] || ""], ["says", item.description === kinds[item.kind] ? "" : item.description || ""]]) {
        const span = document.createElement("span");
        span.className = name;
        span.textContent = words;
        line.append(span);
      }
      return line;
    }));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(!list.hidden));
    input.removeAttribute("aria-activedescendant");
  }

  function choose(n) {
    chosen = n;
    for (const line of list.children) line.setAttribute("aria-selected", String(Number(line.dataset.n) === n));
    input.setAttribute("aria-activedescendant", `completion-${n}`);
    list.children[n].scrollIntoView({ block: "nearest" });
  }

  // How many typed characters at the end the completion stands for: as the server says, else the longest end that begins it.
  function replaced(item) {
    if (Number.isInteger(item.replace)) return item.replace;
    const typed = input.value.toLowerCase();
    for (let length = Math.min(typed.length, item.text.length); length > 0; length--) {
      const end = typed.slice(-length);
      if (item.text.toLowerCase().startsWith(end) || (item.label || "").toLowerCase().startsWith(end)) return length;
    }
    return 0;
  }

  function take(item) {
    input.value = input.value.slice(0, input.value.length - replaced(item)) + item.text;
    close();
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  }

  function close() {
    asked++;
    found = [];
    chosen = -1;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }
}
