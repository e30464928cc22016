// The list under the button in the header. Esc and a press elsewhere close it; the arrow keys walk through it.

import { h, icon } from "./dom.js";

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} list
 * @param {Array<{id: string, title: string, path: string, action: () => void, hidden?: boolean}>} entries
 * @param {Document | ShadowRoot} root
 */
export function menu(button, list, entries, root) {
  const around = list.parentElement;
  const buttons = entries.map(({ id, title, path, action, hidden }) =>
    h("button", { type: "button", id, hidden, on: { click: () => chosen(action) } }, icon(path), title),
  );
  list.append(...buttons.map((entry) => h("li", {}, entry)));

  function open(wanted) {
    list.hidden = !wanted;
    button.setAttribute("aria-expanded", String(wanted));
  }
  function chosen(action) {
    open(false);
    button.focus();
    action();
  }
  button.addEventListener("click", () => open(list.hidden));
  around.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "Escape") {
      event.stopPropagation(); // only the menu closes, not the chat
      open(false);
      button.focus();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const able = buttons.filter((entry) => !entry.disabled && !entry.hidden);
    const at = able.findIndex((entry) => entry.matches(":focus"));
    able.at((at + step + (at < 0 && step < 0 ? 1 : 0)) % able.length)?.focus();
  });
  root.addEventListener("pointerdown", (event) => {
    if (!list.hidden && !event.composedPath().includes(around)) open(false);
  });
  // Seen from the document, every press inside a shadow root is one on its host.
  document.addEventListener("pointerdown", (event) => {
    if (!list.hidden && root !== document && event.target !== root.host) open(false);
  });
  around.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !around.contains(event.relatedTarget)) open(false);
  });
  return {
    show: (id) => {
      buttons.find((entry) => entry.id === id).hidden = false;
    },
    enable: (enabled) => {
      for (const entry of buttons) entry.disabled = !enabled;
    },
  };
}
