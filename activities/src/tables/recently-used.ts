/** Keeps the values used last, at most `limit` of them, and makes the others again when they are asked for. */
export class RecentlyUsed<Value> {
  readonly #limit: number;
  readonly #make: (key: number) => Value;
  readonly #values = new Map<number, Value>();

  constructor(limit: number, make: (key: number) => Value) {
    this.#limit = limit;
    this.#make = make;
  }

  get(key: number): Value {
    let value = this.#values.get(key);
    if (value === undefined) {
      value = this.#make(key);
      if (this.#values.size >= this.#limit) this.#values.delete(this.#values.keys().next().value as number);
    } else this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }
}
