// The page: what is drawn goes through tile, judgement and model, and what comes of it is shown.

const SHEET = 280;
const PEN = 18;
const KEY_STEP = 7;
/** Milliseconds after which an answer is said. */
const SETTLED = 700;

const $ = (id) => document.getElementById(id);

/** What is on the page now. */
const state = {
  /** @type {Stroke[]} */
  strokes: [],
  /** @type {Uint8Array | null} */
  tile: null,
  finding: { finding: "nothing", count: 0 },
  cursor: { x: SHEET / 2, y: SHEET / 2 },
  isPenDown: false,
  isExplained: false,
  version: 0,
  photo: 0,
};

/** @type {Model} */
let model;

/** A probability in words, as the command line has it. */
function percent(share) {
  const text = `${(100 * share).toFixed(1)} %`;
  if (share < 1 && text === "100.0 %") return ">99.9 %";
  return share > 0 && text === "0.0 %" ? "<0.1 %" : text;
}

/** Draw the strokes, and the pen of the keyboard while the sheet has the focus. */
function paintSheet() {
  const canvas = $("sheet");
  const context = canvas.getContext("2d");
  const ratio = canvas.width / SHEET;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, SHEET, SHEET);
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = PEN;
  context.strokeStyle = getComputedStyle(canvas).color;
  for (const stroke of state.strokes) {
    context.beginPath();
    stroke.forEach(({ x, y }, i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (stroke.length === 1) context.lineTo(stroke[0].x + 0.01, stroke[0].y);
    context.stroke();
  }
  if (document.activeElement === canvas && canvas.matches(":focus-visible")) {
    context.lineWidth = 2;
    context.strokeStyle = getComputedStyle($("explain")).getPropertyValue("--accent");
    context.beginPath();
    context.arc(state.cursor.x, state.cursor.y, state.isPenDown ? PEN / 2 : PEN / 2 + 4, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Paint levels from 0 to 1, of rows and columns, into a canvas of that size. */
function paintLevels(canvas, width, height, colour) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...colour(i), 255], 4 * i);
  context.putImageData(image, 0, 0);
}

const grey = (level) => [level, level, level];

function paintTile(canvas, tile) {
  paintLevels(canvas, SIDE, SIDE, (i) => grey(tile ? tile[i] : 0));
}

/** Red where a number speaks for the answer, blue where it speaks against it, over the faint tile. */
function paintMap(map, tile) {
  const largest = Math.max(1e-6, ...map.map(Math.abs));
  paintLevels($("map"), SIDE, SIDE, (i) => {
    const share = map[i] / largest;
    const base = tile[i] * 0.35;
    return [base + 165 * Math.max(0, share), base, base + 165 * Math.max(0, -share)];
  });
}

/** The rows of the bars, made once. */
function makeBars() {
  $("bars").replaceChildren(
    ...model.classes.map((name) => {
      const row = document.createElement("div");
      row.className = "bar";
      row.append(...["name", "track", "share"].map((part) => Object.assign(document.createElement("span"), { className: part })));
      row.children[0].textContent = name;
      row.children[1].append(Object.assign(document.createElement("div"), { className: "filled" }));
      return row;
    }),
  );
}

function showBars(shares) {
  const first = shares ? shares.indexOf(Math.max(...shares)) : -1;
  [...$("bars").children].forEach((row, place) => {
    row.classList.toggle("is-first", place === first);
    row.querySelector(".filled").style.width = shares ? `${100 * shares[place]}%` : "0";
    row.children[2].textContent = shares ? percent(shares[place]) : "";
  });
}

/** The answer in words, by the same rules as `mnistkit predict`. */
function answerText(finding, count, shares) {
  if (finding === "nothing") return state.strokes.length ? "Too small to read" : "Nothing drawn yet";
  if (finding === "several") return `Several digits (${count}): draw one`;
  if (finding === "not-a-digit") return "No digit";
  const best = shares.indexOf(Math.max(...shares));
  if (shares[best] < model.threshold) return `Unsure; perhaps ${model.classes[best]}, ${percent(shares[best])}`;
  return `${model.classes[best]}, ${percent(shares[best])}`;
}

/** Tell a screen reader the answer, but not each of those on the way to it. */
function sayWhenSettled(text) {
  clearTimeout(state.timer);
  state.timer = setTimeout(() => ($("said").textContent = text), SETTLED);
}

/** Ask the model about the tile, and show everything that follows from it. */
function show() {
  const { tile } = state;
  const { finding, count } = state.finding;
  state.version++;
  paintTile($("tile"), tile);
  const started = performance.now();
  const isAsked = tile && (finding === "digit" || finding === "not-a-digit");
  const values = isAsked ? model.values(tile) : null;
  const shares = values ? model.probabilities(values[model.program.output].data) : null;
  $("speed").textContent = values ? `· ${(performance.now() - started).toFixed(1)} ms` : "";
  showBars(shares);
  const text = answerText(finding, count, shares ?? []);
  $("answer").textContent = text;
  sayWhenSettled(text);
  if (values && $("layers").open) showActivations(values);
  showExplanation(shares);
}

/** Take the strokes through judgement and tile; at most once for each picture of the screen. */
function drawingChanged() {
  if (state.isWaiting) return;
  state.isWaiting = true;
  requestAnimationFrame(() => {
    state.isWaiting = false;
    paintSheet();
    const { glyph, ...found } = judged(state.strokes, SHEET, PEN, model.limits);
    state.finding = found;
    state.tile = glyph.length && found.finding !== "nothing" ? tileOfStrokes(glyph) : null;
    $("hint").hidden = true;
    if (model.served) leavePhoto();
    show();
  });
}

/** Show a tile that was not drawn; `found` is what is known of it. */
function showTile(tile, hint, found = { finding: tile ? "digit" : "nothing", count: tile ? 1 : 0 }) {
  state.strokes = [];
  paintSheet();
  state.tile = tile;
  state.finding = found;
  if (model.served) leavePhoto();
  $("hint").textContent = hint;
  $("hint").hidden = false;
  show();
}

async function showExplanation(shares) {
  $("map").hidden = $("explained").hidden = !(state.isExplained && shares);
  if ($("map").hidden) return;
  const { version, tile } = state;
  const map = await occlusionMap(model, tile, shares.indexOf(Math.max(...shares)), () => version !== state.version);
  if (map) paintMap(map, tile);
}

/** The maps of a layer's output: those of a convolution stand first, those of a linear map last. */
function mapsOf({ shape, data }) {
  if (shape.length === 4) {
    const isLast = shape[1] === shape[2] && shape[2] !== shape[3];
    const [channels, height, width] = isLast ? [shape[3], shape[1], shape[2]] : [shape[1], shape[2], shape[3]];
    const area = height * width;
    const at = isLast ? (map, i) => data[i * channels + map] : (map, i) => data[map * area + i];
    return { channels, height, width, at };
  }
  const width = shape.at(-1);
  const height = data.length / width;
  return { channels: 1, height, width, at: (_, i) => data[i] };
}

function showActivations(values) {
  const layers = new Map();
  for (const { layer, output } of model.program.operations) layers.set(layer || "output", output);
  $("activations").replaceChildren(
    ...[...layers].map(([name, output]) => {
      const { channels, height, width, at } = mapsOf(values[output]);
      const canvas = document.createElement("canvas");
      const columns = Math.max(1, Math.min(channels, Math.floor(320 / (width + 1))));
      const rows = Math.ceil(channels / columns);
      const [wide, high] = [columns * (width + 1) - 1, rows * (height + 1) - 1];
      const largest = Math.max(1e-6, ...values[output].data.map(Math.abs));
      paintLevels(canvas, wide, high, (i) => {
        const [x, y] = [i % wide, Math.floor(i / wide)];
        const map = Math.floor(y / (height + 1)) * columns + Math.floor(x / (width + 1));
        const [inX, inY] = [x % (width + 1), y % (height + 1)];
        if (inX === width || inY === height || map >= channels) return [70, 70, 80];
        const share = at(map, inY * width + inX) / largest;
        return share >= 0 ? [255 * share, 200 * share, 90 * share] : [-60 * share, -130 * share, -255 * share];
      });
      const zoom = height === 1 ? Math.max(1, Math.floor(320 / wide)) : 2;
      canvas.style.width = `${wide * zoom}px`;
      canvas.style.height = height === 1 ? "10px" : `${high * zoom}px`;
      const row = Object.assign(document.createElement("div"), { className: "layer" });
      const caption = Object.assign(document.createElement("span"), { className: "name" });
      caption.textContent = `${name} · ${values[output].shape.slice(1).join("×")}`;
      row.append(caption, canvas);
      return row;
    }),
  );
}

/** Where a pointer is on the sheet, in its own units. */
function placeOf(event) {
  const box = $("sheet").getBoundingClientRect();
  return { x: ((event.clientX - box.left) * SHEET) / box.width, y: ((event.clientY - box.top) * SHEET) / box.height };
}

function listenToPointers() {
  const sheet = $("sheet");
  let drawing = null;
  const end = (event, isCancelled) => {
    if (!drawing || event.pointerId !== drawing.id) return;
    if (isCancelled) state.strokes = state.strokes.filter((stroke) => stroke !== drawing.stroke);
    drawing = null;
    drawingChanged();
  };
  sheet.addEventListener("pointerdown", (event) => {
    if (drawing || event.button !== 0) return;
    sheet.setPointerCapture(event.pointerId);
    drawing = { id: event.pointerId, stroke: [placeOf(event)] };
    state.strokes.push(drawing.stroke);
    state.isPenDown = false;
    drawingChanged();
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!drawing || event.pointerId !== drawing.id) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) drawing.stroke.push(placeOf(each));
    drawingChanged();
  });
  sheet.addEventListener("pointerup", (event) => end(event, false));
  sheet.addEventListener("pointercancel", (event) => end(event, true));
  sheet.addEventListener("lostpointercapture", (event) => end(event, false));
}

function undo() {
  state.strokes.pop();
  state.isPenDown = false;
  drawingChanged();
}

function clear() {
  state.strokes = [];
  state.isPenDown = false;
  drawingChanged();
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function listenToKeys() {
  $("sheet").addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const step = event.shiftKey ? 2 : KEY_STEP;
      const moved = (axis) => Math.min(SHEET, Math.max(0, state.cursor[axis ? "y" : "x"] + step * arrow[axis]));
      state.cursor = { x: moved(0), y: moved(1) };
      if (state.isPenDown) state.strokes.at(-1).push(state.cursor);
    } else if (event.key === " ") {
      state.isPenDown = !state.isPenDown;
      if (state.isPenDown) state.strokes.push([state.cursor]);
    } else if (event.key === "Escape") state.isPenDown = false;
    else if (event.key.toLowerCase() === "z") return undo();
    else if (event.key === "Delete" || event.key === "Backspace") return clear();
    else return;
    event.preventDefault();
    drawingChanged();
  });
  for (const kind of ["focus", "blur"]) $("sheet").addEventListener(kind, paintSheet);
}

async function takePicture(file) {
  if (model.served) return showPhoto(file);
  try {
    const tile = tileOfPicture(await readPicture(file));
    const advice = "Prepared simply: one threshold, one box. For photos, 'mnistkit serve' and 'mnistkit predict' do better.";
    showTile(tile, tile ? advice : "There is no ink in that picture.");
  } catch {
    showTile(null, "That file is no picture that this browser can read.");
  }
}

function listenToFiles() {
  for (const input of document.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      const [file] = input.files;
      if (file) takePicture(file);
      input.value = "";
    });
  }
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
    if (file) takePicture(file);
  });
  const mark = (isTarget) => document.body.classList.toggle("is-target", isTarget);
  document.addEventListener("dragover", (event) => (event.preventDefault(), mark(true)));
  document.addEventListener("dragleave", () => mark(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    const [file] = event.dataTransfer.files;
    if (file) takePicture(file);
  });
}

function saveTile() {
  if (!state.tile) return;
  const link = document.createElement("a");
  link.href = $("tile").toDataURL("image/png");
  link.download = "digit.png";
  link.click();
}

/** Show the tiles that the model gets wrong; they stand behind the weights. */
function makeGallery(bytes) {
  if (!model.gallery.length) return;
  $("gallery").replaceChildren(
    ...model.gallery.map(({ index, label, answer, start }) => {
      const tile = bytes.slice(start, start + SIDE * SIDE);
      const button = Object.assign(document.createElement("button"), { type: "button" });
      const canvas = document.createElement("canvas");
      paintTile(canvas, tile);
      const caption = document.createElement("span");
      caption.textContent = `${label} → ${answer}`;
      button.setAttribute("aria-label", `Test image ${index}, a ${label}, taken for a ${answer}`);
      button.append(canvas, caption);
      button.addEventListener("click", () => showTile(tile, `Test image ${index}: a ${label}, taken for a ${answer}.`));
      return button;
    }),
  );
}

async function start() {
  const bytes = await inflated($("weights").textContent.trim());
  model = new Model(JSON.parse($("model").textContent), bytes);
  const sheet = $("sheet");
  sheet.width = sheet.height = Math.round(SHEET * Math.min(3, Math.max(1, devicePixelRatio)) * 1.4);
  makeBars();
  makeGallery(bytes);
  listenToPointers();
  listenToKeys();
  listenToFiles();
  $("undo").addEventListener("click", undo);
  $("clear").addEventListener("click", clear);
  $("save").addEventListener("click", saveTile);
  $("explain").addEventListener("click", () => {
    state.isExplained = !state.isExplained;
    $("explain").setAttribute("aria-pressed", String(state.isExplained));
    show();
  });
  $("layers").addEventListener("toggle", show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintSheet);
  drawingChanged();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  $("answer").textContent = `This page needs a browser of 2023 or later: ${error.message}`;
});
