// How long to wait before the next attempt.

/**
 * Twice as long each time, and by chance up to half of it less, so that workers that lost a server together do not come
 * back together.
 */
export class Backoff {
  #attempt = 0;

  /** Spans are in milliseconds; chance is from 0 up to 1. */
  constructor(
    private readonly first = 100,
    private readonly most = 5_000,
    private readonly chance: () => number = Math.random,
  ) {}

  next(): number {
    const span = Math.min(this.most, this.first * 2 ** Math.min(this.#attempt, 30));
    this.#attempt += 1;
    return span - (this.chance() * span) / 2;
  }

  reset(): void {
    this.#attempt = 0;
  }
}
