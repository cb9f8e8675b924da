// A picture that is dropped, pasted or chosen, prepared simply: dark or light by its rim, one threshold, one box.

const LONGEST_SIDE = 400;

/** @param {Blob} file @returns {Promise<{width: number, height: number, grey: Float32Array}>} levels from 0 to 1 */
async function readPicture(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.round(length * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const grey = new Float32Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255;
  }
  return { width, height, grey };
}

/** Make ink light on a dark ground: the rim of a picture is its ground. */
function lightOnDark({ width, height, grey }) {
  const rim = [];
  for (let x = 0; x < width; x++) rim.push(grey[x], grey[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) rim.push(grey[y * width], grey[(y + 1) * width - 1]);
  rim.sort((a, b) => a - b);
  return rim[rim.length >> 1] > 0.5 ? grey.map((level) => 1 - level) : grey;
}

/** The level between ink and ground that parts them best (Otsu 1979, "A threshold selection method"). */
function otsu(levels) {
  const counts = new Array(256).fill(0);
  for (const level of levels) counts[Math.round(255 * level)]++;
  const sum = counts.reduce((all, count, level) => all + count * level, 0);
  let [below, moment, best, found] = [0, 0, -1, 128];
  for (let level = 0; level < 255; level++) {
    below += counts[level];
    moment += counts[level] * level;
    const above = levels.length - below;
    if (!below || !above) continue;
    const between = below * above * (moment / below - (sum - moment) / above) ** 2;
    if (between > best) [best, found] = [between, level + 0.5];
  }
  return found / 255;
}

/**
 * @param {{width: number, height: number, grey: Float32Array}} picture
 * @returns {Uint8Array | null} a tile of 784 levels; null where there is no ink
 */
function tileOfPicture(picture) {
  const { width, height } = picture;
  const levels = lightOnDark(picture);
  let [darkest, lightest] = [1, 0];
  for (const level of levels) [darkest, lightest] = [Math.min(darkest, level), Math.max(lightest, level)];
  if (lightest - darkest < 0.1) return null;
  const isTile = width === SIDE && height === SIDE;
  if (isTile) return Uint8Array.from(levels, (level) => Math.round(255 * level));
  const threshold = otsu(levels);
  const box = { left: width, top: height, right: -1, bottom: -1 };
  levels.forEach((level, place) => {
    if (level <= threshold) return;
    const [x, y] = [place % width, Math.floor(place / width)];
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  });
  const soft = levels.map((level) => Math.min(1, Math.max(0, (level - threshold) / (lightest - threshold) + 0.5)));
  return centred(shrunk(soft, width, box));
}

/** Reduce a part of a picture to a box of 20 pixels along its longer side: each pixel is the mean of what it covers. */
function shrunk(levels, lineWidth, { left, top, right, bottom }) {
  const [wide, high] = [right - left + 1, bottom - top + 1];
  const scale = BOX / Math.max(wide, high);
  const [width, height] = [wide, high].map((length) => Math.max(1, Math.round(length * scale)));
  const ink = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [x0, x1] = [(x * wide) / width, ((x + 1) * wide) / width];
      const [y0, y1] = [(y * high) / height, ((y + 1) * high) / height];
      let [sum, weight] = [0, 0];
      for (let row = Math.floor(y0); row < Math.ceil(y1 - 1e-9); row++) {
        const down = Math.min(row + 1, y1) - Math.max(row, y0);
        for (let column = Math.floor(x0); column < Math.ceil(x1 - 1e-9); column++) {
          const part = down * (Math.min(column + 1, x1) - Math.max(column, x0));
          sum += part * levels[(top + row) * lineWidth + left + column];
          weight += part;
        }
      }
      ink[y * width + x] = sum / weight;
    }
  }
  return { width, height, ink };
}
