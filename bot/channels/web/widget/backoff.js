// How long to wait before the next try: 1, 2, 4 ... 30 seconds, each with up to a quarter more at random,
// so that many pages do not come back in the same moment.

export class Backoff {
  #attempt = 0;

  /** Milliseconds until the next try. */
  next() {
    const seconds = Math.min(30, 2 ** this.#attempt);
    this.#attempt += 1;
    return Math.min(30, seconds * (1 + Math.random() / 4)) * 1000;
  }

  reset() {
    this.#attempt = 0;
  }
}

/**
 * Wait; `wake.now` ends the wait early.
 * @param {number} milliseconds
 * @param {{now?: () => void}} wake
 */
export function pause(milliseconds, wake = {}) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake.now = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
