// Follows a fit; when it is over the page is loaded again, with the way to the report.

const name = document.querySelector("[data-fit]").dataset.fit;
const lines = document.querySelector("#lines");

async function look() {
  const answer = await fetch(`/query/fits/${encodeURIComponent(name)}/state.json`);
  if (!answer.ok) return;
  const found = await answer.json();
  lines.textContent = found.lines.join("\n");
  lines.scrollTop = lines.scrollHeight;
  if (found.state !== "running") location.reload();
}

setInterval(() => look().catch(() => {}), 1500);
