// A program and its weights: unpacked, and computed.

/** @param {string} text base64 of deflated bytes @returns {Promise<Uint8Array>} */
async function inflated(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {number} bits a number of 16 bits (IEEE 754) */
function fromHalf(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : (2 ** -14 * fraction) / 1024;
  return bits & 0x8000 ? -size : size;
}

/**
 * Return the tensors of a model by name.
 * @param {{name: string, shape: number[], bits: number, start: number}[]} index what stands where: numbers of 32 or 16
 *   bits; or of 8, after a factor in 32 bits for each place along the first axis
 * @param {Uint8Array} bytes
 */
function unpackTensors(index, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Object.fromEntries(
    index.map(({ name, shape, bits, start }) => {
      const out = empty(shape);
      const rows = bits === 8 ? shape[0] : 0;
      const length = rows ? out.data.length / rows : 0;
      const first = start + 4 * rows;
      for (let i = 0; i < out.data.length; i++) {
        if (bits === 32) out.data[i] = view.getFloat32(first + 4 * i, true);
        else if (bits === 16) out.data[i] = fromHalf(view.getUint16(first + 2 * i, true));
        else out.data[i] = view.getInt8(first + i) * view.getFloat32(start + 4 * Math.floor(i / length), true);
      }
      return [name, out];
    }),
  );
}

/** Return a shape for a number of pictures: "n" is that number, "4n" four times as many. */
const concreteShape = (shape, pictures) =>
  shape.map((length) => (typeof length === "number" ? length : (parseInt(length, 10) || 1) * pictures));

const NOT_ATTRIBUTES = new Set(["op", "inputs", "output", "shape", "layer"]);

/**
 * Compute every value of a program.
 * @param {{operations: object[], output: string}} program
 * @param {Record<string, Tensor>} tensors
 * @param {Tensor} images normalised, of shape (n, 1, 28, 28)
 * @returns {Record<string, Tensor>} by name
 */
function computeValues(program, tensors, images) {
  const values = { images };
  const operand = (each) => (typeof each === "object" ? tensors[each.tensor] : isNumber(each) ? each : values[each]);
  for (const operation of program.operations) {
    const inputs = operation.inputs.map(operand);
    const shape = concreteShape(operation.shape, images.shape[0]);
    if (operation.op === "reshape") values[operation.output] = { shape, data: inputs[0].data };
    else if (operation.op === "broadcast") {
      values[operation.output] = gathered(inputs[0], shape, broadcastStrides(inputs[0], shape));
    } else {
      const attributes = Object.fromEntries(Object.entries(operation).filter(([key]) => !NOT_ATTRIBUTES.has(key)));
      values[operation.output] = KERNELS[operation.op](...inputs, attributes);
    }
  }
  return values;
}

/** A model that answers about tiles. */
class Model {
  /** @param {object} description what mnistkit.export.html puts into the page @param {Uint8Array} bytes */
  constructor(description, bytes) {
    Object.assign(this, description);
    this.tensors = unpackTensors(description.tensors, bytes);
  }

  /** @param {ArrayLike<number>} tile 784 levels, 0 to 255 @returns {Record<string, Tensor>} */
  values(tile) {
    const images = empty([1, 1, 28, 28]);
    for (let i = 0; i < 784; i++) images.data[i] = (tile[i] / 255 - this.mean) / this.std;
    return computeValues(this.program, this.tensors, images);
  }

  /** @returns {Float32Array} one for each class */
  logits(tile) {
    return this.values(tile)[this.program.output].data;
  }

  /** @param {Float32Array} logits @returns {number[]} calibrated probabilities */
  probabilities(logits) {
    const scaled = Array.from(logits, (each) => each / this.temperature);
    const largest = Math.max(...scaled);
    const powers = scaled.map((each) => Math.exp(each - largest));
    const sum = powers.reduce((all, each) => all + each, 0);
    return powers.map((each) => each / sum);
  }
}
