// From what was drawn to the tile of 28x28 that a model is given, made as MNIST was: a box of 20, centre of mass.

const SIDE = 28;
const BOX = 20;
/** Half the width of a stroke in pixels of the box, within the range of MNIST's. */
const RADIUS = 1.3;

/** @typedef {{x: number, y: number}[]} Stroke the points of a line, in pixels of the sheet */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Bounds */

/** @param {Stroke[]} strokes @returns {Bounds} */
function boundsOf(strokes) {
  const bounds = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const stroke of strokes) {
    for (const { x, y } of stroke) {
      bounds.left = Math.min(bounds.left, x);
      bounds.top = Math.min(bounds.top, y);
      bounds.right = Math.max(bounds.right, x);
      bounds.bottom = Math.max(bounds.bottom, y);
    }
  }
  return bounds;
}

/** Distance of a point from the line between two others. */
function distanceToLine(px, py, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const square = dx * dx + dy * dy;
  const share = square ? Math.min(1, Math.max(0, ((px - a.x) * dx + (py - a.y) * dy) / square)) : 0;
  return Math.hypot(px - a.x - share * dx, py - a.y - share * dy);
}

/**
 * Draw strokes so that they fill a box, and return how much of each pixel is ink, 0 to 1.
 * @param {Stroke[]} strokes with at least one point
 * @param {number} side the longer side of the box in pixels
 * @param {number} radius half the width of a stroke in pixels
 * @returns {{width: number, height: number, ink: Float32Array}}
 */
function rasterised(strokes, side, radius) {
  const { left, top, right, bottom } = boundsOf(strokes);
  const longer = Math.max(right - left, bottom - top, 1e-6);
  const scale = (side - 2 * radius) / longer;
  const width = Math.max(1, Math.round((right - left) * scale + 2 * radius));
  const height = Math.max(1, Math.round((bottom - top) * scale + 2 * radius));
  const ink = new Float32Array(width * height);
  const moved = ({ x, y }) => ({ x: (x - left) * scale + radius, y: (y - top) * scale + radius });
  for (const stroke of strokes) {
    const points = stroke.map(moved);
    for (let i = 0; i < points.length; i++) drawLine(ink, width, height, points[Math.max(0, i - 1)], points[i], radius);
  }
  return { width, height, ink };
}

/** Draw a line with round ends, its edge one pixel wide; of what is drawn already the darker stays. */
function drawLine(ink, width, height, a, b, radius) {
  const [inside, outside] = [Math.max(0, radius - 0.5) ** 2, (radius + 0.5) ** 2];
  const reach = radius + 1;
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const perSquare = 1 / (dx * dx + dy * dy || 1);
  const [firstX, lastX] = [Math.max(0, Math.floor(Math.min(a.x, b.x) - reach)), Math.min(width - 1, Math.ceil(Math.max(a.x, b.x) + reach))];
  const [firstY, lastY] = [Math.max(0, Math.floor(Math.min(a.y, b.y) - reach)), Math.min(height - 1, Math.ceil(Math.max(a.y, b.y) + reach))];
  for (let y = firstY; y <= lastY; y++) {
    const py = y + 0.5 - a.y;
    for (let x = firstX; x <= lastX; x++) {
      const place = y * width + x;
      if (ink[place] === 1) continue;
      const px = x + 0.5 - a.x;
      const share = Math.min(1, Math.max(0, (px * dx + py * dy) * perSquare));
      const [awayX, awayY] = [px - share * dx, py - share * dy];
      const square = awayX * awayX + awayY * awayY;
      if (square >= outside) continue;
      const covered = square <= inside ? 1 : Math.min(1, radius + 0.5 - Math.sqrt(square));
      if (covered > ink[place]) ink[place] = covered;
    }
  }
}

/**
 * Put a box of ink on a tile, its centre of mass in the middle, moved by whole pixels.
 * @returns {Uint8Array} 784 levels
 */
function centred({ width, height, ink }) {
  let [total, across, down] = [0, 0, 0];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const level = ink[y * width + x];
      total += level;
      across += level * x;
      down += level * y;
    }
  }
  const start = (moment, length) =>
    Math.min(Math.max(Math.round(SIDE / 2 - (total ? moment / total : length / 2)), 0), SIDE - length);
  const [left, top] = [start(across, width), start(down, height)];
  const tile = new Uint8Array(SIDE * SIDE);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) tile[(top + y) * SIDE + left + x] = Math.round(255 * ink[y * width + x]);
  }
  return tile;
}

/** @param {Stroke[]} strokes with at least one point @returns {Uint8Array} 784 levels, light ink on black */
const tileOfStrokes = (strokes) => centred(rasterised(strokes, BOX, RADIUS));
