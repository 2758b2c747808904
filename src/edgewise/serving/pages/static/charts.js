// A chart as a PNG picture: drawn from its SVG file at twice its size, here in the browser.

async function picture(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(answer.statusText);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(await answer.text())}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = 2 * image.naturalWidth;
  canvas.height = 2 * image.naturalHeight;
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

async function save(button) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await picture(button.dataset.png));
  link.download = button.dataset.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function wire(within = document) {
  for (const button of within.querySelectorAll("[data-png]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      save(button).catch(() => { button.textContent = "No picture came"; });
    });
  }
}

wire();
