// Photos, where a server stands behind the page: it prepares them as `mnistkit predict` does, and shows every step.

/** The finding of an answer: what the ink shows, before the threshold. */
const findingOf = (verdict) => (verdict === "unsure" ? "digit" : verdict);

/** @param {Blob} file @returns {Promise<object>} the answer about a picture, as the server gives it */
async function askServer(file) {
  const response = await fetch(`predict?steps=1&top=${model.classes.length}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  }).catch(() => null);
  if (!response) throw new Error("The server does not answer.");
  const answer = await response.json().catch(() => ({ error: `The server answers with ${response.status}.` }));
  if (!response.ok) throw new Error([answer.error, answer.hint].filter(Boolean).join("; "));
  return answer.pictures[0];
}

/** @returns {Promise<Uint8Array>} the levels of a tile in a PNG */
async function tileOfPng(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const { grey } = await readPicture(new Blob([bytes], { type: "image/png" }));
  return Uint8Array.from(grey, (level) => Math.round(255 * level));
}

function stepFigure({ title, png }) {
  const figure = document.createElement("figure");
  const image = Object.assign(document.createElement("img"), { src: `data:image/png;base64,${png}`, alt: "" });
  // Few pixels are shown as such.
  image.addEventListener("load", () => image.classList.toggle("is-small", image.naturalWidth < 130));
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  figure.append(image, caption);
  return figure;
}

/** Show what the server answers about a photo: its words and numbers, not those of the model in this page. */
async function showPhoto(file) {
  showTile(null, "The photo is being read.");
  const version = state.photo;
  $("answer").textContent = "…";
  try {
    const picture = await askServer(file);
    const shares = model.classes.map((name) => picture.top.find(({ guess }) => guess === name)?.probability ?? 0);
    const tile = picture.steps.find(({ name }) => name === "tile");
    const levels = tile ? await tileOfPng(tile.png) : null;
    if (version !== state.photo) return;
    const finding = findingOf(picture.verdict);
    showTile(levels, ["A photo, prepared as mnistkit predict does.", ...picture.notes].join(" "), {
      finding,
      count: picture.count,
    });
    const isEmpty = finding === "nothing";
    $("answer").textContent = isEmpty ? "No digit in the photo" : answerText(finding, picture.count, shares);
    showBars(picture.top.length ? shares : null);
    $("steps").replaceChildren(...picture.steps.map(stepFigure));
    $("preparation").hidden = false;
  } catch (error) {
    if (version !== state.photo) return;
    showTile(null, error.message);
    $("answer").textContent = "The photo was not read";
  }
}

/** Forget the photo: something else is shown. */
function leavePhoto() {
  state.photo++;
  $("preparation").hidden = true;
}
