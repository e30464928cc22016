// The card that stays in view when something may be urgent: what to do and whom to call.

import { h } from "./dom.js";
import { link, paragraphs, safeUrl } from "./text.js";

/**
 * @param {HTMLElement} place a mounted element with role="alert"
 * @param {import("./strings.js").Translate} t
 */
export class EmergencyCard {
  #place;
  #t;
  #toggle = null;
  #asking = false;

  constructor(place, t) {
    this.#place = place;
    this.#t = t;
  }

  /**
   * Show an emergency reply. A bubble that only adds words to the emergency does not push its numbers away.
   * @returns {boolean} whether it is shown
   */
  show(reply) {
    const t = this.#t;
    const calls = (reply.links ?? []).filter(({ url }) => safeUrl(url));
    if (this.#toggle && !reply.meta?.emergency && !calls.length) return false;
    this.#asking = reply.meta?.emergency?.asking === true;
    this.#toggle = h("button", { type: "button", class: "quiet", on: { click: () => this.#fold(!this.#folded) } });
    this.#place.replaceChildren(
      h(
        "div",
        { class: "emergency-inner" },
        h("div", { class: "emergency-head" }, h("h2", {}, t("emergency.label")), this.#toggle),
        h("div", { class: "emergency-text" }, ...paragraphs(reply.text)),
        calls.length ? h("ul", { class: "calls" }, ...calls.map(({ title, url }) => h("li", {}, link(title, url, "call")))) : null,
      ),
    );
    this.#fold(false);
    return true;
  }

  /** The talk went on. What was only "if this happens" makes room, but its numbers stay. */
  movedOn() {
    if (this.#asking && this.#toggle) this.#fold(true);
    return false;
  }

  clear() {
    this.#place.replaceChildren();
    this.#toggle = null;
  }

  get #folded() {
    return this.#place.classList.contains("folded");
  }

  #fold(folded) {
    this.#place.classList.toggle("folded", folded);
    this.#toggle.setAttribute("aria-expanded", String(!folded));
    this.#toggle.textContent = this.#t(folded ? "emergency.more" : "emergency.less");
  }
}
