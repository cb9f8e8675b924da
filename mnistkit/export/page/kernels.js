// The operations of a program (docs/program.md), on tensors of the form {shape, data: Float32Array}.

/** @typedef {{shape: number[], data: Float32Array}} Tensor */

/** @param {number[]} shape */
const product = (shape) => shape.reduce((all, each) => all * each, 1);

/** @param {number[]} shape @returns {Tensor} */
const empty = (shape) => ({ shape, data: new Float32Array(product(shape)) });

/** @param {number[]} shape @returns {number[]} how far apart neighbours along each axis are */
function stridesOf(shape) {
  const strides = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** Call visit(place in the result, place in the source) for all of a shape, in order. */
function walk(shape, strides, start, visit) {
  const counter = new Array(shape.length).fill(0);
  const count = product(shape);
  for (let place = 0, from = start; place < count; place++) {
    visit(place, from);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++counter[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      counter[axis] = 0;
    }
  }
}

/** @returns {Tensor} the numbers at strides from a start */
function gathered(x, shape, strides, start = 0) {
  const out = empty(shape);
  walk(shape, strides, start, (place, from) => (out.data[place] = x.data[from]));
  return out;
}

/** @returns {number[]} the strides with which x is repeated to a shape */
function broadcastStrides(x, shape) {
  const own = stridesOf(x.shape);
  const missing = shape.length - x.shape.length;
  return shape.map((_, axis) => (axis < missing || x.shape[axis - missing] === 1 ? 0 : own[axis - missing]));
}

const isNumber = (x) => typeof x === "number";

function commonShape(a, b) {
  const length = Math.max(a.length, b.length);
  const at = (shape, axis) => shape[axis - length + shape.length] ?? 1;
  return Array.from({ length }, (_, axis) => (at(a, axis) === 1 ? at(b, axis) : at(a, axis)));
}

/** Whether going through the numbers of x again and again is the same as broadcasting it to a shape. */
function repeats(x, shape) {
  const own = x.shape.slice(x.shape.findIndex((length) => length !== 1));
  return x.data.length === 1 || own.every((length, axis) => length === shape[shape.length - own.length + axis]);
}

/** @returns {Tensor} a number as a tensor, and a tensor as it is */
const asTensor = (x) => (isNumber(x) ? { shape: [], data: Float32Array.of(x) } : x);

/**
 * Make an operation on pairs of numbers.
 * @param {(a: Float32Array, b: Float32Array, y: Float32Array) => void} loop fills y; the shorter of a and b is repeated.
 *   Each operation has a loop of its own: one that called a function for each number would take several times as long.
 */
function binary(loop) {
  return (left, right) => {
    const [a, b] = [asTensor(left), asTensor(right)];
    const shape = commonShape(a.shape, b.shape);
    const out = empty(shape);
    const [x, z] = [a, b].map((each) =>
      repeats(each, shape) ? each.data : gathered(each, shape, broadcastStrides(each, shape)).data);
    loop(x, z, out.data);
    return out;
  };
}

const add = binary((a, b, y) => {
  for (let i = 0, p = 0, q = 0; i < y.length; i++) {
    y[i] = a[p] + b[q];
    if (++p === a.length) p = 0;
    if (++q === b.length) q = 0;
  }
});

const subtract = binary((a, b, y) => {
  for (let i = 0, p = 0, q = 0; i < y.length; i++) {
    y[i] = a[p] - b[q];
    if (++p === a.length) p = 0;
    if (++q === b.length) q = 0;
  }
});

const multiply = binary((a, b, y) => {
  for (let i = 0, p = 0, q = 0; i < y.length; i++) {
    y[i] = a[p] * b[q];
    if (++p === a.length) p = 0;
    if (++q === b.length) q = 0;
  }
});

const divide = binary((a, b, y) => {
  for (let i = 0, p = 0, q = 0; i < y.length; i++) {
    y[i] = a[p] / b[q];
    if (++p === a.length) p = 0;
    if (++q === b.length) q = 0;
  }
});

function unary(compute) {
  return (x) => ({ shape: x.shape, data: x.data.map(compute) });
}

/** @returns {Tensor} what is above zero; with a loop of its own for the reason that binary operations have one */
function relu(x) {
  const out = empty(x.shape);
  for (let i = 0; i < x.data.length; i++) out.data[i] = x.data[i] > 0 ? x.data[i] : 0;
  return out;
}

function square(x) {
  const out = empty(x.shape);
  for (let i = 0; i < x.data.length; i++) out.data[i] = x.data[i] * x.data[i];
  return out;
}

/**
 * Write the products of rows with the rows of a weight: y[row, out] = a[row] · w[out] + bias[out].
 * @param {number} rowStep how far apart two rows of the result are @param {number} outStep likewise two outputs
 */
function products(a, w, bias, rows, ins, outs, y, start, rowStep, outStep) {
  let row = 0;
  for (; row + 4 <= rows; row += 4) fourRows(a, w, bias, row, ins, outs, y, start + row * rowStep, rowStep, outStep);
  for (; row < rows; row++) oneRow(a, w, bias, row, ins, outs, y, start + row * rowStep, outStep);
}

/** Four rows with two outputs at a time: what is read is used several times, and no sum waits for another. */
function fourRows(a, w, bias, row, ins, outs, y, start, rowStep, outStep) {
  const a0 = row * ins;
  const a1 = a0 + ins;
  const a2 = a1 + ins;
  const a3 = a2 + ins;
  for (let o = 0; o < outs; o += 2) {
    // Of an odd number the last output is computed twice and written once.
    const isPair = o + 1 < outs;
    const w0 = o * ins;
    const w1 = isPair ? w0 + ins : w0;
    let s00 = 0, s01 = 0, s10 = 0, s11 = 0, s20 = 0, s21 = 0, s30 = 0, s31 = 0;
    for (let i = 0; i < ins; i++) {
      const p = w[w0 + i];
      const q = w[w1 + i];
      let value = a[a0 + i];
      s00 += value * p;
      s01 += value * q;
      value = a[a1 + i];
      s10 += value * p;
      s11 += value * q;
      value = a[a2 + i];
      s20 += value * p;
      s21 += value * q;
      value = a[a3 + i];
      s30 += value * p;
      s31 += value * q;
    }
    const to = start + o * outStep;
    const b0 = bias ? bias[o] : 0;
    y[to] = s00 + b0;
    y[to + rowStep] = s10 + b0;
    y[to + 2 * rowStep] = s20 + b0;
    y[to + 3 * rowStep] = s30 + b0;
    if (isPair) {
      const next = to + outStep;
      const b1 = bias ? bias[o + 1] : 0;
      y[next] = s01 + b1;
      y[next + rowStep] = s11 + b1;
      y[next + 2 * rowStep] = s21 + b1;
      y[next + 3 * rowStep] = s31 + b1;
    }
  }
}

function oneRow(a, w, bias, row, ins, outs, y, start, outStep) {
  const from = row * ins;
  for (let o = 0; o < outs; o++) {
    const line = o * ins;
    // Two sums, since each addition waits for the one before it.
    let even = bias ? bias[o] : 0;
    let odd = 0;
    let i = 0;
    for (; i + 2 <= ins; i += 2) {
      even += a[from + i] * w[line + i];
      odd += a[from + i + 1] * w[line + i + 1];
    }
    if (i < ins) even += a[from + i] * w[line + i];
    y[start + o * outStep] = even + odd;
  }
}

/** @returns {Tensor} x · weightᵀ + bias over the last axis */
function linear(x, weight, bias) {
  const [outs, ins] = weight.shape;
  const out = empty([...x.shape.slice(0, -1), outs]);
  products(x.data, weight.data, bias?.data, x.data.length / ins, ins, outs, out.data, 0, outs, 1);
  return out;
}

/** @returns {Tensor} the same picture with zeros around it */
function withMargin(x, [rows, columns]) {
  const margin = [0, 0, rows, columns];
  return rows || columns ? pad(x, { before: margin, after: margin, value: 0 }) : x;
}

function conv2d(x, weight, bias, { stride, padding, dilation, groups }) {
  const padded = withMargin(x, padding);
  const [count, channels, height, width] = padded.shape;
  const [outs, ins, high, wide] = weight.shape;
  const rows = Math.floor((height - dilation[0] * (high - 1) - 1) / stride[0]) + 1;
  const columns = Math.floor((width - dilation[1] * (wide - 1) - 1) / stride[1]) + 1;
  const [area, length, own] = [rows * columns, ins * high * wide, outs / groups];
  const out = empty([count, outs, rows, columns]);
  const patches = new Float32Array(area * length);
  for (let n = 0; n < count; n++) {
    for (let group = 0; group < groups; group++) {
      const first = (n * channels + group * ins) * height * width;
      gatherPatches(padded.data, patches, { first, height, width, ins, high, wide, rows, columns, stride, dilation });
      const weights = weight.data.subarray(group * own * length, (group + 1) * own * length);
      const biases = bias?.data.subarray(group * own, (group + 1) * own);
      products(patches, weights, biases, area, length, own, out.data, (n * outs + group * own) * area, 1, area);
    }
  }
  return out;
}

/** Write what each place of the result sees, a row for each. */
function gatherPatches(data, patches, { first, height, width, ins, high, wide, rows, columns, stride, dilation }) {
  let to = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const corner = first + row * stride[0] * width + column * stride[1];
      for (let i = 0; i < ins; i++) {
        for (let ky = 0; ky < high; ky++) {
          const line = corner + i * height * width + ky * dilation[0] * width;
          for (let kx = 0; kx < wide; kx++) patches[to++] = data[line + kx * dilation[1]];
        }
      }
    }
  }
}

function layerNorm(x, weight, bias, { dimensions, epsilon }) {
  const length = product(x.shape.slice(x.shape.length - dimensions));
  const out = empty(x.shape);
  for (let start = 0; start < x.data.length; start += length) {
    let [mean, variance] = [0, 0];
    for (let i = 0; i < length; i++) mean += x.data[start + i];
    mean /= length;
    for (let i = 0; i < length; i++) variance += (x.data[start + i] - mean) ** 2;
    const scale = 1 / Math.sqrt(variance / length + epsilon);
    for (let i = 0; i < length; i++) {
      const value = (x.data[start + i] - mean) * scale;
      out.data[start + i] = value * (weight ? weight.data[i] : 1) + (bias ? bias.data[i] : 0);
    }
  }
  return out;
}

/** Call visit(start, step) for every row along an axis. */
function alongAxis(shape, axis, visit) {
  const step = product(shape.slice(axis + 1));
  const outer = product(shape.slice(0, axis));
  for (let before = 0; before < outer; before++) {
    for (let after = 0; after < step; after++) visit(before * shape[axis] * step + after, step);
  }
}

function softmax(x, { axis }) {
  const along = axis < 0 ? axis + x.shape.length : axis;
  const out = empty(x.shape);
  alongAxis(x.shape, along, (start, step) => {
    let [largest, sum] = [-Infinity, 0];
    const end = start + x.shape[along] * step;
    for (let i = start; i < end; i += step) largest = Math.max(largest, x.data[i]);
    for (let i = start; i < end; i += step) sum += out.data[i] = Math.exp(x.data[i] - largest);
    for (let i = start; i < end; i += step) out.data[i] /= sum;
  });
  return out;
}

function matmul(a, b) {
  const [rows, inner, columns] = [a.shape.at(-2), a.shape.at(-1), b.shape.at(-1)];
  const batch = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const wide = [a, b].map((x) => {
    const shape = [...batch, ...x.shape.slice(-2)];
    return gathered(x, shape, broadcastStrides(x, shape)).data;
  });
  const out = empty([...batch, rows, columns]);
  for (let n = 0; n < product(batch); n++) {
    for (let row = 0; row < rows; row++) {
      const to = (n * rows + row) * columns;
      for (let k = 0; k < inner; k++) {
        const factor = wide[0][(n * rows + row) * inner + k];
        const from = (n * inner + k) * columns;
        for (let column = 0; column < columns; column++) out.data[to + column] += factor * wide[1][from + column];
      }
    }
  }
  return out;
}

function transpose(x, { order }) {
  const strides = stridesOf(x.shape);
  return gathered(x, order.map((axis) => x.shape[axis]), order.map((axis) => strides[axis]));
}

/** Scaled dot-product attention (Vaswani et al. 2017, section 3.2.1). */
function attention(query, key, value, { scale }) {
  const axes = key.shape.map((_, axis) => axis);
  const turned = transpose(key, { order: [...axes.slice(0, -2), axes.at(-1), axes.at(-2)] });
  const scores = matmul({ shape: query.shape, data: query.data.map((each) => each * scale) }, turned);
  return matmul(softmax(scores, { axis: -1 }), value);
}

/** Call visit for the numbers of each window: combine starts at `from`, and `finish` is given their count. */
function pool(x, { kernel, stride, padding }, from, combine, finish) {
  const [count, channels, height, width] = x.shape;
  const size = (length, axis) => Math.floor((length + 2 * padding[axis] - kernel[axis]) / stride[axis]) + 1;
  const [rows, columns] = [size(height, 0), size(width, 1)];
  const out = empty([count, channels, rows, columns]);
  for (let map = 0; map < count * channels; map++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const [top, left] = [row * stride[0] - padding[0], column * stride[1] - padding[1]];
        let [value, seen] = [from, 0];
        for (let y = Math.max(0, top); y < Math.min(height, top + kernel[0]); y++) {
          for (let z = Math.max(0, left); z < Math.min(width, left + kernel[1]); z++, seen++) {
            value = combine(value, x.data[(map * height + y) * width + z]);
          }
        }
        out.data[(map * rows + row) * columns + column] = finish(value, seen);
      }
    }
  }
  return out;
}

const maxPool2d = (x, options) => pool(x, options, -Infinity, Math.max, (value) => value);
const avgPool2d = (x, options) =>
  pool(x, options, 0, (sum, each) => sum + each, (sum, seen) =>
    sum / (options.count_padding ? options.kernel[0] * options.kernel[1] : seen));

/**
 * Make a reduction over axes.
 * @param {(data: Float32Array, start: number, count: number, step: number) => number} reduce of so many numbers, step
 *   apart
 */
function reduction(reduce) {
  return (x, { axes, keep }) => {
    const gone = new Set(axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis)));
    const places = x.shape.map((_, axis) => axis);
    const [kept, reduced] = [places.filter((axis) => !gone.has(axis)), places.filter((axis) => gone.has(axis))];
    // What is reduced is brought together, unless it already is.
    const isTogether = reduced.every((axis, i) => axis === reduced[0] + i);
    const { data } = isTogether ? x : transpose(x, { order: [...kept, ...reduced] });
    const count = product(reduced.map((axis) => x.shape[axis]));
    const inner = isTogether ? product(x.shape.slice(reduced.at(-1) + 1)) : 1;
    const out = empty(keep ? x.shape.map((length, axis) => (gone.has(axis) ? 1 : length)) : kept.map((axis) => x.shape[axis]));
    for (let i = 0; i < out.data.length; i++) {
      out.data[i] = reduce(data, Math.floor(i / inner) * count * inner + (i % inner), count, inner);
    }
    return out;
  };
}

function sumOf(data, start, count, step) {
  let sum = 0;
  for (let i = 0, place = start; i < count; i++, place += step) sum += data[place];
  return sum;
}

function largestOf(data, start, count, step) {
  let largest = data[start];
  for (let i = 1, place = start + step; i < count; i++, place += step) largest = Math.max(largest, data[place]);
  return largest;
}

function concat(...parts) {
  const { axis } = parts.pop();
  const along = axis < 0 ? axis + parts[0].shape.length : axis;
  const shape = parts[0].shape.slice();
  shape[along] = parts.reduce((sum, part) => sum + part.shape[along], 0);
  const out = empty(shape);
  const inner = product(shape.slice(along + 1));
  let before = 0;
  for (const part of parts) {
    const run = part.shape[along] * inner;
    for (let outer = 0; outer < part.data.length / run; outer++) {
      out.data.set(part.data.subarray(outer * run, (outer + 1) * run), outer * shape[along] * inner + before);
    }
    before += run;
  }
  return out;
}

function slice(x, { axis, start, stop, step }) {
  const strides = stridesOf(x.shape);
  const shape = x.shape.slice();
  shape[axis] = Math.max(0, Math.ceil((Math.min(stop, x.shape[axis]) - start) / step));
  const from = start * strides[axis];
  return gathered(x, shape, strides.map((each, i) => (i === axis ? each * step : each)), from);
}

function pad(x, { before, after, value }) {
  const shape = x.shape.map((length, axis) => length + before[axis] + after[axis]);
  const strides = stridesOf(shape);
  const out = empty(shape);
  out.data.fill(value);
  const start = before.reduce((sum, length, axis) => sum + length * strides[axis], 0);
  walk(x.shape, strides, start, (place, to) => (out.data[to] = x.data[place]));
  return out;
}

// Abramowitz and Stegun (1964), "Handbook of mathematical functions", 7.1.26, as mnistkit's numpy kernels use it.
function geluErf(x) {
  const size = Math.abs(x);
  const t = 1 / (1 + (0.3275911 / Math.SQRT2) * size);
  const sum = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.max(x, 0) - 0.5 * size * sum * Math.exp(-0.5 * size * size);
}

function gelu(x, { approximate }) {
  if (approximate === "tanh") return unary(geluTanh)(x);
  const out = empty(x.shape);
  for (let i = 0; i < x.data.length; i++) out.data[i] = geluErf(x.data[i]);
  return out;
}

const geluTanh = (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const sigmoid = (x) => 0.5 * (Math.tanh(0.5 * x) + 1);

/** Every operation but "reshape" and "broadcast": called with its operands, and its attributes at the end. */
const KERNELS = {
  conv2d: (x, weight, ...rest) => conv2d(x, weight, rest.length > 1 ? rest[0] : null, rest.at(-1)),
  linear: (x, weight, ...rest) => linear(x, weight, rest.length > 1 ? rest[0] : null),
  layer_norm: (x, ...rest) => layerNorm(x, rest.length > 1 ? rest[0] : null, rest.length > 2 ? rest[1] : null, rest.at(-1)),
  softmax,
  matmul,
  attention,
  max_pool2d: maxPool2d,
  avg_pool2d: avgPool2d,
  transpose,
  concat,
  slice,
  pad,
  relu,
  gelu,
  silu: unary((x) => x * sigmoid(x)),
  sigmoid: unary(sigmoid),
  tanh: unary(Math.tanh),
  exp: unary(Math.exp),
  sqrt: unary(Math.sqrt),
  square,
  clamp: (x, { low, high }) => unary((each) => Math.min(Math.max(each, low ?? -Infinity), high ?? Infinity))(x),
  add,
  subtract,
  multiply,
  divide,
  mean: reduction((data, start, count, step) => sumOf(data, start, count, step) / count),
  sum: reduction(sumOf),
  max: reduction(largestOf),
};
