// Which parts of a tile speak for an answer: what its probability loses when a patch of ground covers them.
// Zeiler and Fergus (2014), "Visualizing and understanding convolutional networks", section 4.2.

const PATCH = 5;

/**
 * @param {Model} model @param {Uint8Array} tile @param {number} place the class
 * @param {() => boolean} isStale asked between the passes; true ends it
 * @returns {Promise<Float32Array | null>} 784 numbers, what the logit's margin loses; null where it was ended
 */
async function occlusionMap(model, tile, place, isStale) {
  const margin = (values) => values[place] - Math.max(...values.filter((_, other) => other !== place));
  const whole = margin(Array.from(model.logits(tile)));
  const [sums, counts] = [new Float32Array(784), new Float32Array(784)];
  const half = PATCH >> 1;
  let rested = performance.now();
  for (let y = 0; y < SIDE; y += 2) {
    for (let x = 0; x < SIDE; x += 2) {
      const covered = tile.slice();
      const places = [];
      for (let row = Math.max(0, y - half); row <= Math.min(SIDE - 1, y + half); row++) {
        for (let column = Math.max(0, x - half); column <= Math.min(SIDE - 1, x + half); column++) {
          places.push(row * SIDE + column);
        }
      }
      if (!places.some((each) => tile[each])) continue;
      for (const each of places) covered[each] = 0;
      const loss = whole - margin(Array.from(model.logits(covered)));
      for (const each of places) [sums[each], counts[each]] = [sums[each] + loss, counts[each] + 1];
      if (performance.now() - rested > 12) {
        await new Promise((resolve) => setTimeout(resolve));
        if (isStale()) return null;
        rested = performance.now();
      }
    }
  }
  return sums.map((sum, each) => (counts[each] ? sum / counts[each] : 0));
}
