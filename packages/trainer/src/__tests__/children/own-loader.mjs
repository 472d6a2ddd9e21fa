/** A loader of one's own over digits: shuffles every epoch, moves every image by a drawn brightness. */
export class OwnLoader {
  #dataset;
  #position = 0;
  #order = [];
  #resumed;

  /** @param stateful Whether it has `state` and `resume`. */
  constructor(dataset, { batchSize, generator, stateful }) {
    Object.assign(this, { batchSize, generator, length: Math.ceil(dataset.length / batchSize) });
    this.#dataset = dataset;
    if (!stateful) return;
    this.state = () => ({ position: this.#position, order: [...this.#order] });
    this.resume = (state) => {
      this.#resumed = state;
    };
  }

  [Symbol.asyncIterator]() {
    this.#position = this.#resumed?.position ?? 0;
    this.#order = this.#resumed?.order ?? [...this.generator.randperm(this.#dataset.length)];
    this.#resumed = undefined;
    return {
      next: async () => {
        const indices = this.#order.slice(this.#position, this.#position + this.batchSize);
        if (indices.length === 0) return { done: true, value: undefined };
        this.#position += indices.length;
        const samples = indices.map((i) => this.#dataset.get(i));
        const brightness = this.generator.rand(samples.length);
        return {
          done: false,
          value: {
            images: Float32Array.from(
              samples.flatMap(({ image }, n) => [...image].map((pixel) => pixel / 255 + 0.1 * brightness[n])),
            ),
            labels: Int32Array.from(samples, ({ label }) => label),
            indices: Int32Array.from(indices),
            size: samples.length,
            shape: this.#dataset.shape,
          },
        };
      },
    };
  }
}
