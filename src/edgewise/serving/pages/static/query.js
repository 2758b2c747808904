// Checks a query while it is written, and completes names of tables, columns and functions.

const text = document.querySelector("#text");
const checked = document.querySelector("#checked");
const choices = document.querySelector("#choices");
const known = await (await fetch("/query/words.json")).json();
let picked = 0;
let offered = [];
let waiting = 0;

function line(kind, words, hint) {
  const made = document.createElement("p");
  made.className = kind;
  made.append(words);
  if (hint) {
    const soft = document.createElement("span");
    soft.className = "soft";
    soft.textContent = ` Hint: ${hint}`;
    made.append(soft);
  }
  return made;
}

async function check() {
  const query = text.value;
  const answer = await fetch(`/query/check.json?${new URLSearchParams({ text: query })}`);
  if (!answer.ok || query !== text.value) return;
  const found = await answer.json();
  text.setAttribute("aria-invalid", String(!found.valid && query !== ""));
  if (found.valid) {
    checked.replaceChildren(line("notice", `Valid: ${found.message}.`), ...found.warnings.map((one) => line("notice warn", one)));
  } else if (!query.trim()) {
    checked.replaceChildren(line("soft", "Begin with PREDICT, or take one of the queries below."));
  } else {
    const place = document.createElement("pre");
    const mark = document.createElement("mark");
    mark.textContent = query.slice(found.start, found.end) || " ";
    place.append(query.slice(0, found.start), mark, query.slice(found.end));
    checked.replaceChildren(line("notice wrong", found.message, found.hint), place);
  }
}

// The word before the cursor, and the table before its dot if it has one.
function before() {
  const [, table, word] = /(?:([\w]+)\.)?([\w]*)$/.exec(text.value.slice(0, text.selectionStart));
  return { table, word };
}

function candidates() {
  const { table, word } = before();
  const small = word.toLowerCase();
  let all;
  if (table !== undefined) {
    const columns = known.tables[table]?.columns ?? {};
    all = [...Object.entries(columns), ["*", "rows"]];
  } else {
    if (!word) return [];
    all = [
      ...Object.keys(known.tables).map((name) => [name, "table"]),
      ...known.functions.map((name) => [name, "function"]),
      ...known.words.map((name) => [name, ""]),
    ];
  }
  return all.filter(([name]) => name.toLowerCase().startsWith(small) && name !== word).slice(0, 12);
}

function offer() {
  offered = candidates();
  picked = 0;
  choices.hidden = offered.length === 0;
  choices.replaceChildren(...offered.map(([name, what], i) => {
    const made = document.createElement("li");
    made.id = `choice-${i}`;
    made.role = "option";
    made.append(name);
    const small = document.createElement("small");
    small.textContent = what;
    made.append(small);
    made.addEventListener("mousedown", (event) => { event.preventDefault(); take(i); });
    return made;
  }));
  show();
}

function show() {
  [...choices.children].forEach((choice, i) => choice.setAttribute("aria-selected", String(i === picked)));
  if (choices.hidden) text.removeAttribute("aria-activedescendant");
  else text.setAttribute("aria-activedescendant", `choice-${picked}`);
  choices.children[picked]?.scrollIntoView({ block: "nearest" });
}

function take(i) {
  const { word } = before();
  const at = text.selectionStart;
  const name = offered[i][0];
  const after = known.functions.includes(name) ? "(" : "";
  text.setRangeText(name + after, at - word.length, at, "end");
  choices.hidden = true;
  text.focus();
  changed();
}

function changed() {
  clearTimeout(waiting);
  waiting = setTimeout(() => check().catch(() => {}), 120);
}

text.addEventListener("input", () => { offer(); changed(); });
text.addEventListener("blur", () => { choices.hidden = true; });
text.addEventListener("keydown", (event) => {
  if (choices.hidden) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    picked = (picked + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length;
    show();
  } else if (event.key === "Enter" || event.key === "Tab") {
    take(picked);
  } else if (event.key === "Escape") {
    choices.hidden = true;
    show();
  } else {
    return;
  }
  event.preventDefault();
});
text.setAttribute("aria-controls", "choices");
text.setAttribute("aria-autocomplete", "list");
document.documentElement.dataset.ready = "query";
