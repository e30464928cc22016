// Speaks new messages once, in order, through a live region that is in the page from the start.

import { h } from "./dom.js";

const KEEP = 15_000;
const AFTER_FOCUS = 150; // what the focus moves to is read first, and would cut this off

export class Announcer {
  #region;

  /** @param {HTMLElement} region a mounted element with role="status" */
  constructor(region) {
    this.#region = region;
  }

  say(text) {
    if (!text) return;
    const line = h("p", {}, text);
    setTimeout(() => this.#region.append(line), AFTER_FOCUS);
    setTimeout(() => line.remove(), KEEP);
  }
}
