// The committee's pages work without this. With it: the text changes with the fields, texts are checked while being typed, a report says how far it is.
const token = document.querySelector("meta[name=csrf-token]")?.content ?? "";
const post = (address, body) => fetch(address, { method: "POST", body, headers: { "X-CSRF-Token": token, Accept: "application/json" } });
const verdict = document.getElementById("verdict");

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function tell(found) {
  if (!verdict) return;
  if (found.problem) return verdict.replaceChildren(element("p", found.problem, "wrong"));
  if (found.ok) return verdict.replaceChildren(element("p", verdict.dataset.good, "quiet"));
  const list = element("ul");
  for (const item of found.problems) {
    const line = element("li");
    line.append(element("code", item.where), ` ${item.message}`);
    list.append(line);
  }
  verdict.replaceChildren(list);
}

/** Calls `look` a moment after the last change; an answer that was overtaken by a newer change is dropped. */
function whileChanging(form, address, told) {
  let waiting = 0, turn = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const mine = ++turn;
      const answer = await post(address, new FormData(form)).catch(() => null);
      if (answer?.headers.get("Content-Type")?.includes("json") && mine === turn) {
        const found = await answer.json();
        if (mine === turn) told(answer.ok ? found : { problem: found.detail });
      }
    }, 400);
  });
}

/** Says of each golden question what it is read as; a line with an empty query shows the one it would get. */
function tellGolden(golden) {
  for (const line of document.querySelectorAll("[data-golden]")) {
    const read = golden.read[golden.rows.indexOf(Number(line.dataset.golden))], said = line.querySelector(".read");
    said.textContent = read?.said ?? "";
    said.className = `read ${read ? (read.passes ? "passes" : "fails") : ""}`;
    const query = line.querySelector("textarea");
    if (read?.query && !query.value) query.placeholder = read.query;
  }
  document.querySelector("[data-lacking]").textContent = golden.lacking;
}

const fields = document.querySelector("form[data-preview]");
if (fields) whileChanging(fields, fields.dataset.preview, (found) => {
  tell(found);
  if (found.golden) tellGolden(found.golden);
  if (!found.lines) return;
  document.getElementById("beside").replaceChildren(...found.lines.map((line) => {
    const row = element("li", undefined, [line.new && "new", line.problem && "bad"].filter(Boolean).join(" "));
    row.value = line.number;
    row.append(element("code", line.text));
    if (line.problem) row.append(element("p", line.problem));
    return row;
  }));
});

const typed = document.querySelector("form[data-check]");
if (typed) {
  const area = typed.elements.text, gutter = typed.querySelector(".gutter");
  const number = (marks) => {
    const count = area.value.split("\n").length;
    area.rows = Math.max(count + 1, 12);
    gutter.replaceChildren(...Array.from({ length: count }, (_, index) => {
      const mark = element("span", index + 1, marks.get(index + 1) ? "bad" : "");
      if (marks.get(index + 1)) mark.title = marks.get(index + 1);
      return mark;
    }));
  };
  whileChanging(typed, typed.dataset.check, (found) => {
    tell(found);
    number(new Map([...(found.warnings ?? []), ...(found.problems ?? [])].filter((item) => item.line).map((item) => [item.line, item.message])));
  });
}

function follow(measure) {
  const step = measure.dataset.then;
  if (!step) return location.reload();
  const chosen = element("input");
  Object.assign(chosen, { type: "hidden", name: "step", value: step });
  measure.append(chosen);
  measure.submit();
}

// A form with `data-then` takes that step once its report is made.
for (const measure of document.querySelectorAll("form[data-impact]")) measure.addEventListener("submit", async (event) => {
  event.preventDefault();
  const bar = measure.querySelector("progress"), said = measure.querySelector("[data-progress]"), button = measure.querySelector("button");
  const body = new FormData(measure);
  button.disabled = true;
  bar.hidden = false;
  try {
    const answer = await post(measure.dataset.impact, body);
    if (!answer.ok) throw new Error((await answer.json()).detail);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines.filter(Boolean).map((text) => JSON.parse(text))) {
        if (line.problem) throw new Error(line.problem);
        if (line.done) return follow(measure);
        bar.value = line.share;
        said.textContent = `${Math.round(line.share * 100)}%`;
      }
    }
    throw new Error("");
  } catch (error) {
    said.textContent = error.message;
    button.disabled = false;
    bar.hidden = true;
  }
});

/** An address that names a chapter opens it. */
const chapter = location.hash && document.getElementById(location.hash.slice(1))?.closest("details.chapter");
if (chapter) chapter.open = true;
