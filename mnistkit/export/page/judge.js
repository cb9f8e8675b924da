// What strokes show, before any network sees them: as mnistkit/imaging/finding.py and components.py judge a picture.

/** How many times larger than the box of 20 strokes are looked at. */
const ENLARGED = 6;

/** @param {Stroke[]} strokes @param {number} pen the width of the pen @returns {Stroke[][]} what is connected */
function connectedPieces(strokes, pen) {
  const owner = strokes.map((_, place) => place);
  const root = (place) => (owner[place] === place ? place : (owner[place] = root(owner[place])));
  for (let i = 0; i < strokes.length; i++) {
    for (let j = 0; j < i; j++) if (root(i) !== root(j) && doTouch(strokes[i], strokes[j], pen)) owner[root(i)] = root(j);
  }
  const pieces = new Map();
  strokes.forEach((stroke, place) => pieces.set(root(place), [...(pieces.get(root(place)) ?? []), stroke]));
  return [...pieces.values()];
}

function doTouch(one, other, pen) {
  const [a, b] = [boundsOf([one]), boundsOf([other])];
  if (a.left > b.right + pen || b.left > a.right + pen || a.top > b.bottom + pen || b.top > a.bottom + pen) return false;
  const isNear = (points, line) =>
    points.some(({ x, y }) => line.some((to, i) => distanceToLine(x, y, line[Math.max(0, i - 1)], to) <= pen));
  return isNear(one, other) || isNear(other, one);
}

const lengthOf = (box) => Math.max(box.right - box.left, box.bottom - box.top);
const overlap = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]);

function isSameGlyph(a, b, limits) {
  const [across, along] = [overlap(a, b, "left", "right"), overlap(a, b, "top", "bottom")];
  const narrow = Math.min(a.right - a.left, b.right - b.left);
  const isBeside = along >= 0.5 * Math.min(a.bottom - a.top, b.bottom - b.top);
  if (isBeside) return across > 0.35 * narrow;
  return across > 0.3 * narrow && along > -limits.near * Math.max(lengthOf(a), lengthOf(b));
}

/**
 * Put the pieces of ink together that belong to one glyph; small ones that stand alone are left out.
 * @param {Stroke[]} strokes @param {number} pen @param {object} limits of the page's description
 * @returns {Stroke[][]} the strokes of each glyph, the largest first
 */
function glyphsOf(strokes, pen, limits) {
  const pieces = connectedPieces(strokes, pen).map((lines) => {
    const box = boundsOf(lines);
    return { lines, box: { left: box.left - pen / 2, top: box.top - pen / 2, right: box.right + pen / 2, bottom: box.bottom + pen / 2 } };
  });
  pieces.sort((a, b) => lengthOf(b.box) - lengthOf(a.box));
  const longest = pieces.length ? lengthOf(pieces[0].box) : 0;
  const kept = pieces.filter(({ box }) => lengthOf(box) >= limits.speck * longest);
  const highest = Math.max(0, ...kept.map(({ box }) => box.bottom - box.top));
  const isLarge = ({ box }) => box.bottom - box.top >= limits.digit * highest;
  const groups = [];
  for (const piece of kept.filter(isLarge)) {
    const group = groups.find((others) => others.some(({ box }) => isSameGlyph(box, piece.box, limits)));
    group ? group.push(piece) : groups.push([piece]);
  }
  const isNear = (a, b) =>
    Math.min(overlap(a, b, "left", "right"), overlap(a, b, "top", "bottom")) > -limits.near * lengthOf(b);
  for (const piece of kept.filter((each) => !isLarge(each))) {
    groups.find((others) => others.some(({ box }) => isNear(piece.box, box)))?.push(piece);
  }
  return groups.map((group) => group.flatMap(({ lines }) => lines));
}

/** @returns {number} how many regions of a mask without ink are enclosed, and not smaller than `least` pixels */
function countHoles({ width, height, ink }, least) {
  const seen = new Uint8Array(width * height);
  const waiting = new Int32Array(width * height);
  let [holes, count] = [0, 0];
  const reach = (place) => {
    if (seen[place] || ink[place] > 0.5) return;
    seen[place] = 1;
    waiting[count++] = place;
  };
  for (let start = 0; start < seen.length; start++) {
    let [area, isOutside] = [0, false];
    reach(start);
    while (count) {
      const place = waiting[--count];
      const x = place % width;
      area++;
      if (x > 0) reach(place - 1);
      if (x < width - 1) reach(place + 1);
      if (place >= width) reach(place - width);
      if (place < seen.length - width) reach(place + width);
      isOutside ||= x === 0 || x === width - 1 || place < width || place >= seen.length - width;
    }
    if (area && !isOutside && area >= least) holes++;
  }
  return holes;
}

/**
 * Say what a drawing shows.
 * @param {Stroke[]} strokes @param {number} side that of the sheet @param {number} pen the width of the pen
 * @param {object} limits of the page's description
 * @returns {{finding: string, count: number, glyph: Stroke[]}} "digit", "nothing", "several" or "not-a-digit"; how many
 *   digits; and the largest glyph
 */
function judged(strokes, side, pen, limits) {
  const glyphs = strokes.length ? glyphsOf(strokes, pen, limits) : [];
  const [glyph] = glyphs;
  const found = (finding, count) => ({ finding, count, glyph: glyph ?? [] });
  if (!glyph || lengthOf(boundsOf(glyph)) < limits.shortest * side) return found("nothing", 0);
  if (glyphs.length > limits.most_groups) return found("not-a-digit", 0);
  if (glyphs.length > 1) return found("several", glyphs.length);
  const longer = BOX * ENLARGED;
  const mask = rasterised(glyph, longer, RADIUS * ENLARGED);
  const area = mask.ink.reduce((sum, each) => sum + (each > 0.5), 0);
  const path = area / (2 * RADIUS * ENLARGED * longer);
  const holes = countHoles(mask, (limits.smallest_hole * longer) ** 2);
  if (path > limits.longest_path || holes > limits.most_holes) return found("not-a-digit", 0);
  const aspect = mask.width / mask.height;
  if (aspect <= limits.broadest) return found("digit", 1);
  if (path < limits.dash) return found("not-a-digit", 0);
  return found("several", Math.max(2, Math.round(aspect / limits.digit_aspect)));
}
