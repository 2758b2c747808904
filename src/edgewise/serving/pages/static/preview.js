// Events without leaving the page: what came is marked, and said aloud. Without this script the forms work as forms.

const sides = () => document.querySelector("#sides");
const keys = () => new Set([...document.querySelectorAll("[data-key]")].map((card) => card.dataset.key));

async function send(form, button) {
  const fields = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(button?.hasAttribute("formaction") ? button.formAction : form.action, { method: "POST", body: fields });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const said = document.querySelector("#said");
  if (!answer.ok || !page.querySelector("#sides")) {
    said.textContent = page.querySelector("[role=alert]")?.textContent ?? "The service did not answer.";
    return;
  }
  const before = keys();
  const scrolled = [...document.querySelectorAll(".cards")].map((list) => list.scrollLeft);
  sides().replaceWith(document.adoptNode(page.querySelector("#sides")));
  document.querySelectorAll(".cards").forEach((list, i) => { list.scrollLeft = scrolled[i] ?? 0; });
  const after = keys();
  let came = 0;
  for (const card of document.querySelectorAll("[data-key]")) {
    if (!before.has(card.dataset.key)) {
      card.classList.add("came");
      came += 1;
    }
  }
  const left = [...before].filter((key) => !after.has(key)).length;
  said.textContent = `${page.querySelector("#said").textContent} ${came} of ${after.size} things are new on the page, ${left} left it.`;
  history.replaceState(null, "", withoutSaid(answer.url));
  wire();
  focusAgain(form);
}

function focusAgain(form) {
  const key = form.elements.key?.value;
  const kind = form.elements.kind?.value;
  const card = key && document.querySelector(`[data-key="${CSS.escape(`${kind}/${key}`)}"] summary`);
  (card || document.querySelector("#main")).focus({ preventScroll: true });
}

function withoutSaid(address) {
  const url = new URL(address);
  url.searchParams.delete("said");
  return url;
}

async function suggest(input) {
  const answer = await fetch(`/preview/users.json?q=${encodeURIComponent(input.value)}`);
  if (!answer.ok) return;
  const { users } = await answer.json();
  input.list.replaceChildren(...users.map((user) => new Option(user, user)));
}

function wire() {
  for (const input of document.querySelectorAll("[data-users]")) {
    let waiting = 0;
    input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(suggest, 120, input); });
    input.addEventListener("focus", () => suggest(input), { once: true });
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-does]")) return;
  event.preventDefault();
  sides().setAttribute("aria-busy", "true");
  send(form, event.submitter).catch(() => form.submit()).finally(() => sides().removeAttribute("aria-busy"));
});
wire();
