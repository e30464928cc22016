// What is shown outside the talk: the lost connection, and how many messages nobody has looked at yet.

import { link } from "./text.js";

const BANNER_AFTER = 2500;
const COUNT = /^\(\d+\+?\) /;

/** Counts what came while the chat was closed or its window hidden; the title of the window shows it. */
export class Unread {
  #count = 0;
  #changed;
  looking = true;

  /** @param {(count: number) => void} changed */
  constructor(changed) {
    this.#changed = changed;
    document.addEventListener("visibilitychange", () => this.seen());
  }

  arrived(count) {
    if (count && (document.hidden || !this.looking)) this.#set(this.#count + count);
  }

  /** Forget the count where the client is looking now. */
  seen() {
    if (!document.hidden && this.looking && this.#count) this.#set(0);
  }

  #set(count) {
    this.#count = count;
    // The page around may change its title meanwhile, so only our own part of it is replaced.
    const title = document.title.replace(COUNT, "");
    document.title = count ? `(${count}) ${title}` : title;
    this.#changed(count);
  }
}

/** Says that the connection is lost, a moment after it is: short gaps are nobody's business. */
export class Banner {
  #t;
  #element;
  #page;
  #timer = null;
  #up = true;
  #reached = false;
  #numbers;

  /**
   * @param {HTMLElement} element
   * @param {import("./strings.js").Translate} t
   * @param {{phone: string, emergency: string}} numbers
   * @param {string | null} page address of the chat's own page; it works where this site is not let in
   */
  constructor(element, t, numbers, page) {
    this.#element = element;
    this.#t = t;
    this.#numbers = numbers;
    this.#page = page;
    window.addEventListener("offline", () => this.set(false));
  }

  set(up) {
    this.#up = up;
    if (up) {
      this.#reached = true;
      clearTimeout(this.#timer);
      this.#timer = null;
      this.#element.hidden = true;
      this.#element.replaceChildren();
    } else if (this.#timer === null) {
      this.#timer = setTimeout(() => this.#show(), navigator.onLine ? BANNER_AFTER : 0);
    } else if (!navigator.onLine) {
      this.#show();
    }
  }

  #show() {
    if (this.#up) return;
    const parts = [this.#t(navigator.onLine ? "link.down" : "link.offline")];
    // Nothing that is typed now is read, so what the chat would say first stands here.
    const { phone, emergency } = this.#numbers;
    if (emergency) parts.push(" ", this.#t("link.emergency", { number: emergency }));
    if (phone) parts.push(" ", link(this.#t("link.call", { phone }), telephone(phone)));
    if (this.#page && !this.#reached && navigator.onLine) parts.push(" ", link(this.#t("link.page"), this.#page));
    this.#element.hidden = false;
    this.#element.replaceChildren(...parts);
  }
}

function telephone(phone) {
  return `tel:${phone.replace(/[^\d+]/g, "")}`;
}
