// The card that stays in view when something may be urgent: what to do and whom to call.

import { h } from "./dom.js";
import { link, ownText, paragraphs, safeUrl } from "./text.js";

export class EmergencyCard {
  #alert;
  #toggle;
  #context;
  #asking = false;

  /**
   * @param {{alert: HTMLElement, toggle: HTMLButtonElement}} places mounted: an empty element with role="alert", and
   *   beside it, so that folding is not read out as a new alert, the button that folds it
   * @param {object} context t, botLanguage
   */
  constructor({ alert, toggle }, context) {
    this.#alert = alert;
    this.#toggle = toggle;
    this.#context = context;
    toggle.addEventListener("click", () => this.#fold(!this.#folded));
  }

  /**
   * Show an emergency reply. A bubble that only adds words to the emergency does not push its numbers away.
   * @returns {boolean} whether it is shown
   */
  show(reply) {
    const calls = (reply.links ?? []).filter(({ url }) => safeUrl(url));
    if (this.#shown && !reply.meta?.emergency && !calls.length) return false;
    this.#asking = reply.meta?.emergency?.asking === true;
    const { t, botLanguage: lang } = this.#context;
    const items = calls.map(({ title, url }) => h("li", {}, link(title, url, "call")));
    // The numbers come before the words: they must not be below what a small screen shows.
    this.#alert.replaceChildren(
      h("h2", {}, t("emergency.label")),
      items.length ? h("ul", { class: "calls", lang }, ...items) : "",
      h("div", { class: "emergency-text", lang, dir: "auto" }, ...paragraphs(ownText(reply))),
    );
    this.#place.ariaLabel = t("emergency.label");
    this.#toggle.hidden = false;
    this.#fold(false);
    return true;
  }

  /** The talk went on. What was only "if this happens" makes room, but its numbers stay. */
  movedOn() {
    if (this.#asking && this.#shown) this.#fold(true);
  }

  clear() {
    this.#alert.replaceChildren();
    this.#place.ariaLabel = null;
    this.#toggle.hidden = true;
  }

  /** Named, and so a landmark, only while there is something in it. */
  get #place() {
    return this.#alert.closest("section");
  }

  get #shown() {
    return this.#alert.hasChildNodes();
  }

  get #folded() {
    return this.#alert.classList.contains("folded");
  }

  #fold(folded) {
    this.#alert.classList.toggle("folded", folded);
    this.#toggle.setAttribute("aria-expanded", String(!folded));
    this.#toggle.textContent = this.#context.t(folded ? "emergency.more" : "emergency.less");
  }
}
