// A look at another part of a decision without leaving the page. Without this script the forms reload it.

import { wire } from "/static/charts.js";

let latest = 0;

async function show(form) {
  const turn = (latest += 1);
  const fields = new URLSearchParams(new FormData(form));
  const address = `${location.pathname}?${fields}`;
  const shown = document.querySelector("#shown");
  shown.setAttribute("aria-busy", "true");
  const answer = await fetch(address);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("#shown");
  if (turn !== latest) return;
  if (!answer.ok || !fresh) {
    location.assign(address);
    return;
  }
  shown.replaceWith(document.adoptNode(fresh));
  wire(document.querySelector("#shown"));
  said(form);
  history.replaceState(null, "", address);
}

// What a slider stands at, in the words of the page.
function said(form) {
  const words = document.querySelector("#shown [data-said]")?.dataset.said;
  for (const slider of form.querySelectorAll("input[type=range]")) {
    if (words) slider.setAttribute("aria-valuetext", words);
  }
}

for (const form of document.querySelectorAll("form[data-look]")) {
  let waiting = 0;
  const soon = (delay) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => show(form).catch(() => form.submit()), delay);
  };
  form.addEventListener("input", (event) => soon(event.target.matches("select, [type=range], [type=checkbox]") ? 40 : 300));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    soon(0);
  });
  said(form);
}
document.documentElement.dataset.ready = "decisions";
