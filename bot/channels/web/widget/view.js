// The list of messages: keeps it in order, scrolled to where reading goes on, and closes questions that are over.

import { h } from "./dom.js";
import { renderMessage, spoken, stamp } from "./message.js";
import { paragraphs } from "./text.js";

const NEAR_END = 120;
const TYPING_SPOKEN_AFTER = 1500;
const SENDING_SHOWN_AFTER = 1000;

/**
 * @typedef {object} Places
 * @property {HTMLElement} log the scrolling region
 * @property {HTMLElement} messages the list in it
 * @property {HTMLElement} typing
 * @property {HTMLButtonElement} jump
 */
export class View {
  #places;
  #context;
  #listeners;
  #shown = []; // {eventId, message, settled}, in the order of the list; only what came from the server
  #items = new Map(); // own messages of this page, by client message id
  #turnStart = null; // first reply since the client last wrote
  #lastDay = "";
  #atEnd = true;
  #toEndUnderWay = false;
  #typingTimer = null;
  #reading = null; // message that was scrolled to on purpose

  /**
   * @param {Places} places
   * @param {object} context t, say, send, hurry, locale, timezone
   * @param {{onEmergency: (reply: object) => boolean, onClientWrote: () => void}} listeners `onEmergency` says whether
   *   the reply is shown outside the list as well
   */
  constructor(places, context, listeners) {
    this.#places = places;
    this.#context = context;
    this.#listeners = listeners;
    places.log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // A smooth way to the end passes places that are not the end; only the client's own hand leaves it.
    // A keyboard, a banner or the card above takes room away: who was at the end stays there.
    new ResizeObserver(() => this.#atEnd && this.#toEnd("instant")).observe(places.log);
    for (const type of ["wheel", "touchmove", "pointerdown", "keydown", "scrollend"]) {
      places.log.addEventListener(type, () => (this.#toEndUnderWay = false), { passive: true });
    }
    places.jump.addEventListener("click", () => {
      this.#toEnd();
      places.log.focus({ preventScroll: true });
    });
  }

  clear() {
    this.#places.messages.replaceChildren();
    this.#shown = [];
    this.#items.clear();
    this.#turnStart = null;
    this.#lastDay = "";
    this.#atEnd = true;
    this.#places.jump.hidden = true;
  }

  /** A line that is no message. */
  append(node) {
    this.#insert(node);
    this.#toEnd();
  }

  /** The chat has come into view: what came meanwhile could not be scrolled to. */
  shown() {
    this.#atEnd ||= this.#turnStart !== null;
    this.#reveal();
  }

  /** Messages from the server; `history` when they were said before this page was opened. */
  addEntries(entries, history) {
    for (const entry of entries) this.#addEntry(entry, history);
    if (entries.length || history) this.#reveal(null, history ? "instant" : "auto");
    if (history) this.#turnStart = null;
  }

  #addEntry(entry, history) {
    const { t, say } = this.#context;
    if (entry.author === "client") this.#clientWrote(entry.text);
    const message = renderMessage(entry, this.#context);
    const shown = { eventId: entry.eventId, message, settled: false };
    const later = this.#shown.findIndex((other) => other.eventId > entry.eventId);
    if (later >= 0) {
      this.#shown[later].message.node.before(message.node);
      this.#shown.splice(later, 0, shown);
    } else {
      this.#insert(message.node);
      this.#shown.push(shown);
    }
    this.#time(entry.at, message.node);
    if (entry.author === "client") {
      this.#turnStart = null;
      return;
    }
    const pinned = entry.reply?.meta?.kind === "emergency" && this.#listeners.onEmergency(entry.reply);
    if (pinned) this.#pin(message.node);
    else this.#turnStart ??= message.node; // what the card shows need not be read a second time
    if (!history) {
      message.node.classList.add("fresh");
      if (!pinned) say(spoken(entry, t)); // the card is an alert and speaks for itself
    }
  }

  #pin(node) {
    this.#places.messages.querySelector(".pinned")?.classList.remove("pinned");
    node.classList.add("pinned");
  }

  /** Own messages that still wait stay below what is said meanwhile. */
  #insert(node) {
    const waiting = [...this.#items.values()].find(({ item }) => ["queued", "waiting"].includes(item.state));
    if (waiting) waiting.node.before(node);
    else this.#places.messages.append(node);
  }

  /** An own message, new or changed. */
  showItem(item, dropped = false) {
    let known = this.#items.get(item.id);
    if (item.state === "sending") this.#turnStart = null; // its answer begins a turn of its own
    if (dropped) {
      known?.time?.remove();
      known?.node.remove();
      this.#lastDay = "";
      this.#items.delete(item.id);
      return;
    }
    if (!known) {
      known = this.#newItem(item);
      this.#reveal(known.node);
    }
    this.#showState(known);
  }

  #newItem(item) {
    const { t } = this.#context;
    this.#clientWrote(item.body.text ?? null);
    this.#turnStart = null;
    const state = h("p", { class: "state" });
    const node = h(
      "li",
      { class: "message client" },
      h("div", { class: "bubble" }, h("span", { class: "unseen" }, t("author.client")), ...paragraphs(item.shown)),
      stamp(null, this.#context),
      state,
    );
    this.#places.messages.append(node);
    const time = this.#time(new Date().toISOString(), node);
    const known = { item, node, state, time };
    this.#items.set(item.id, known);
    return known;
  }

  #showState({ item, node, state }) {
    const { t, hurry } = this.#context;
    node.dataset.state = item.state;
    const write = (...parts) => {
      state.replaceChildren(...parts);
      if (this.#atEnd) this.#toEnd();
    };
    if (item.state === "sent") {
      state.replaceChildren();
    } else if (item.state === "refused") {
      write(item.reason ? t("item.refused", { reason: item.reason }) : t("item.refused_plain"));
    } else if (item.state === "waiting") {
      write(t("item.waiting"), " ", h("button", { type: "button", class: "text", on: { click: hurry } }, t("item.retry")));
    } else {
      setTimeout(() => {
        if (item.state === "sending" || item.state === "queued") write(t("item.sending"));
      }, SENDING_SHOWN_AFTER);
    }
  }

  /**
   * The client went on: questions of earlier turns are over, and buttons whose words were written count as used.
   * @param {string | null} text null where the client pressed something: that group has closed itself
   */
  #clientWrote(text) {
    const open = this.#shown.filter(({ settled }) => !settled);
    const used = text === null ? undefined : open.findLast(({ message }) => message.offers(text));
    for (const shown of open) {
      if (!shown.message.oneTurn && shown !== used) continue;
      shown.message.settle(shown === used ? text : null);
      shown.settled = shown.message.oneTurn;
    }
    this.#listeners.onClientWrote();
  }

  /** The day, where it begins; and no hour twice below each other. */
  #time(at, node) {
    this.#stamps(node.previousElementSibling);
    this.#stamps(node);
    const when = new Date(at ?? Date.now());
    if (Number.isNaN(when.getTime()) || when.toDateString() === this.#lastDay) return null;
    this.#lastDay = when.toDateString();
    const line = h("li", { class: "time" }, h("time", { datetime: when.toISOString() }, dayName(when, this.#context.locale)));
    node.before(line);
    return line;
  }

  #stamps(node) {
    const next = node?.nextElementSibling;
    if (!node?.classList.contains("message") || !next) return;
    const same = next.classList[1] === node.classList[1] && hour(next) === hour(node);
    node.classList.toggle("goes-on", same);
  }

  /** Three dots; spoken only when the wait is long enough to wonder. */
  busy(busy) {
    const { typing } = this.#places;
    clearTimeout(this.#typingTimer);
    typing.hidden = !busy;
    if (!busy) {
      this.#turnStart = null; // what comes later answers nothing of this turn
      return;
    }
    this.#typingTimer = setTimeout(() => this.#context.say(this.#context.t("typing")), TYPING_SPOKEN_AFTER);
    if (this.#atEnd) this.#toEnd();
  }

  // ------------------------------------------------------------------ scrolling

  #scrolled() {
    const { log, jump } = this.#places;
    if (this.#toEndUnderWay) return;
    this.#atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_END;
    if (this.#atEnd) jump.hidden = true;
  }

  /** Show what is new from its beginning, unless the client is reading further up. */
  #reveal(own = null, behavior = "auto") {
    const { log, jump } = this.#places;
    const first = own ?? this.#turnStart;
    if (!first) {
      if (this.#atEnd) this.#toEnd(behavior);
      return;
    }
    if (!own && !this.#atEnd && first !== this.#reading) {
      jump.hidden = false;
      return;
    }
    const height = log.scrollHeight - first.offsetTop;
    if (!own && height > log.clientHeight) {
      this.#reading = first;
      this.#atEnd = false;
      log.scrollTo({ top: first.offsetTop - 8, behavior });
    } else {
      this.#toEnd(behavior);
    }
  }

  #toEnd(behavior = "auto") {
    const { log, jump } = this.#places;
    this.#atEnd = true;
    this.#toEndUnderWay = log.scrollHeight - log.scrollTop - log.clientHeight > 1;
    jump.hidden = true;
    log.scrollTo({ top: log.scrollHeight, behavior });
  }
}

function hour(node) {
  return node.querySelector(":scope > .stamp")?.textContent;
}

/** "Today", "Yesterday", or the date. */
function dayName(when, locale) {
  const midnight = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate());
  const days = Math.round((midnight(when) - midnight(new Date())) / 86_400_000);
  const name =
    days === 0 || days === -1
      ? new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(days, "day")
      : new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(when);
  return name.charAt(0).toLocaleUpperCase(locale) + name.slice(1);
}
