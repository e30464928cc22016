// A question inside the chat that has to be answered before anything else; what is behind it is inert.

import { h } from "./dom.js";

export class Dialog {
  #veil;
  #behind;
  #root;

  /**
   * @param {HTMLElement} veil empty and hidden, over the chat
   * @param {HTMLElement} behind
   * @param {Document | ShadowRoot} root
   */
  constructor(veil, behind, root) {
    this.#veil = veil;
    this.#behind = behind;
    this.#root = root;
  }

  /** Whether a question is open. */
  get open() {
    return !this.#veil.hidden;
  }

  /**
   * @param {{title: string, body: Array<Node|string>, buttons: Array<{value: string, title: string, look?: string}>}} content
   *   the first button is the harmless one: it has the focus, and Esc means it
   * @returns {Promise<string>} the value of the button that was pressed
   */
  ask({ title, body, buttons }) {
    const before = this.#root.activeElement;
    return new Promise((resolve) => {
      const finish = (value) => {
        this.#veil.hidden = true;
        this.#veil.replaceChildren();
        this.#behind.inert = false;
        before?.focus?.({ preventScroll: true });
        resolve(value);
      };
      const made = buttons.map(({ value, title: label, look = "quiet" }) =>
        h("button", { type: "button", id: `confirm-${value}`, class: look, on: { click: () => finish(value) } }, label),
      );
      const box = h(
        "div",
        { id: "confirm", class: "dialog", role: "alertdialog", "aria-modal": "true", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-body" },
        h("h2", { id: "confirm-title" }, title),
        h("div", { id: "confirm-body" }, ...body),
        h("div", { class: "dialog-buttons" }, ...made),
      );
      box.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          finish(buttons[0].value);
        }
        if (event.key !== "Tab") return;
        const stops = [...box.querySelectorAll("a[href], button")];
        const at = stops.indexOf(this.#root.activeElement);
        event.preventDefault();
        stops.at((at + (event.shiftKey ? -1 : 1)) % stops.length).focus();
      });
      this.#behind.inert = true;
      this.#veil.replaceChildren(box);
      this.#veil.hidden = false;
      made[0].focus();
    });
  }
}
