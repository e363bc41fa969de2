/** Keeps the values used last, as many as weigh no more than `limit` together, and makes the others again when they are asked for. */
export class RecentlyUsed<Value> {
  readonly #limit: number;
  readonly #make: (key: number) => Value;
  readonly #weigh: (value: Value) => number;
  readonly #values = new Map<number, Value>();
  #weight = 0;
  #last: { readonly key: number; readonly value: Value } | undefined;

  /** @param weigh default: every value weighs 1 */
  constructor(limit: number, make: (key: number) => Value, weigh: (value: Value) => number = () => 1) {
    this.#limit = limit;
    this.#make = make;
    this.#weigh = weigh;
  }

  get(key: number): Value {
    if (this.#last?.key === key) return this.#last.value;
    let value = this.#values.get(key);
    if (value === undefined) {
      value = this.#make(key);
      this.#weight += this.#weigh(value);
      this.#makeRoom();
    } else this.#values.delete(key);
    this.#values.set(key, value);
    this.#last = { key, value };
    return value;
  }

  #makeRoom(): void {
    for (const [key, value] of this.#values) {
      if (this.#weight <= this.#limit) return;
      this.#values.delete(key);
      this.#weight -= this.#weigh(value);
    }
  }
}
