// One conversation: what was said, what waits to be sent, and the connection. Shows nothing itself.
//
// Delivery. A message gets its id before the first try and keeps it, so the server takes it once however often it is
// sent. Replies come back with the answer to it and again on the event stream; `event_id` tells them apart. The server
// is the truth: after a reload everything comes from the transcript.

import { ApiError, NetworkError } from "./api.js";
import { Backoff, pause } from "./backoff.js";

const NEW_CONVERSATION_AT_MOST_EVERY = 60_000;
const LASTED = 10_000;

/**
 * @typedef {{eventId: number|null, author: "client"|"bot"|"staff", at: string|null, text: string, reply: object|null}} Entry
 * @typedef {{id: string, body: object, shown: string, state: "queued"|"sending"|"waiting"|"sent"|"refused", reason: string,
 *   restored: boolean, before: number|null}} Item a message of this client; `before` is the event id of its first reply
 *
 * Events: `entries` {entries, history}, `item` {item}, `busy` {busy}, `link` {up}, `opened` {replaced}, `cleared` {draft}.
 */
export class Conversation extends EventTarget {
  #api;
  #memory;
  #locale;
  #before = null; // the conversation that the next one continues
  #credentials = null;
  #items = []; // of this client, in order; those not sent yet are the outbox
  #seen = new Set();
  #cursor = 0; // every message up to here has come by transcript or stream
  #sending = false;
  #life = null; // AbortController of everything that belongs to the present conversation
  #wakeSend = {};
  #wakeFollow = {};
  #opened = 0;
  #renewals = new Backoff();

  /**
   * @param {import("./api.js").ChatApi} api
   * @param {import("./memory.js").Memory} memory
   * @param {string | null} [locale]
   */
  constructor(api, memory, locale = null) {
    super();
    this.#api = api;
    this.#memory = memory;
    this.#locale = locale;
  }

  /** Go on where this browser left off, or begin. Keeps trying until the server answers. */
  async open() {
    const life = this.#begin();
    this.#credentials = this.#memory.credentials();
    for (const kept of this.#memory.outbox()) this.#add({ ...kept, restored: true });
    await this.#establish(life);
  }

  /** Say something. `body` holds one of text, payload, answers; `shown` is what the client sees of it. */
  send(body, shown) {
    const item = this.#add({ id: newId(), body, shown, restored: false });
    this.#drain(this.#life);
    return item;
  }

  /** Do not wait any longer: the network is back, or the client asked for it. */
  hurry() {
    this.#wakeSend.now?.();
    this.#wakeFollow.now?.();
  }

  /** Leave this conversation on the server as it is and begin another one. */
  async startAgain() {
    this.#before = this.#credentials;
    this.#clear();
    await this.#establish(this.#begin());
  }

  /** The lists of the running health questions that are still open. */
  async openLists() {
    return this.#api.lists(this.#credentials);
  }

  /** An address, good for one use, that goes on with this conversation in Telegram. */
  async telegramLink() {
    return (await this.#api.telegramLink(this.#credentials)).url;
  }

  /** What was said, oldest first. */
  async transcript() {
    return this.#wholeTranscript();
  }

  /** Everything the server holds. */
  async export() {
    return this.#api.export(this.#credentials);
  }

  /** Erase the conversation on the server and in this browser; nothing runs afterwards until `startAgain`. */
  async erase() {
    if (this.#credentials) {
      try {
        await this.#api.erase(this.#credentials);
      } catch (error) {
        if (!(error instanceof ApiError && error.gone)) throw error;
      }
    }
    this.#clear();
  }

  // ------------------------------------------------------------------ opening and closing

  #begin() {
    this.#life = new AbortController();
    return this.#life.signal;
  }

  #clear(draft = false) {
    this.#life?.abort();
    this.hurry();
    this.#memory.forget(draft);
    this.#credentials = null;
    this.#items = [];
    this.#seen.clear();
    this.#cursor = 0;
    this.#sending = false;
    this.#emit("busy", { busy: false });
    this.#emit("cleared", { draft });
  }

  async #establish(life, replaced = false) {
    const backoff = new Backoff();
    while (!life.aborted) {
      try {
        if (this.#credentials) await this.#resume(life);
        else await this.#create(life, replaced);
        if (life.aborted) return;
        this.#emit("link", { up: true });
        this.#drain(life);
        this.#follow(life);
        return;
      } catch (error) {
        if (life.aborted) return;
        if (error instanceof ApiError && error.gone && this.#credentials) {
          await this.#renew(life);
          return;
        }
        this.#hold();
        this.#emit("link", { up: false });
        await pause(waitAfter(error, backoff), this.#wakeFollow);
      }
    }
  }

  async #create(life, replaced) {
    const opened = await this.#api.create(this.#locale, this.#before);
    if (life.aborted) return;
    this.#before = null;
    this.#credentials = { id: opened.id, token: opened.token };
    this.#opened = Date.now();
    this.#memory.keep(this.#credentials);
    this.#emit("opened", { replaced });
    this.#take(opened.replies.map(fromReply));
    this.#cursor = Math.max(0, ...opened.replies.map((reply) => reply.event_id));
  }

  async #resume(life) {
    // Messages that an earlier page could not send go first: the transcript then holds them once, in their place.
    for (const item of this.#outbox().filter((waiting) => waiting.restored)) {
      try {
        await this.#api.send(this.#credentials, { client_message_id: item.id, ...item.body });
      } catch (error) {
        if (!(error instanceof ApiError) || error.temporary || error.gone) throw error;
        this.#refuse(item, error.message);
        continue;
      }
      if (life.aborted) return;
      this.#items = this.#items.filter((other) => other !== item);
      this.#memory.keepOutbox(this.#outbox());
      this.#emit("item", { item, dropped: true });
    }
    const messages = await this.#wholeTranscript();
    if (life.aborted) return;
    this.#memory.keep(this.#credentials);
    this.#emit("opened", { replaced: false });
    this.#take(messages.map(fromMessage), { history: true });
    this.#cursor = Math.max(0, ...messages.map((message) => message.event_id));
  }

  /** A long transcript comes in parts. */
  async #wholeTranscript() {
    const messages = [];
    for (;;) {
      const part = await this.#api.transcript(this.#credentials, messages.at(-1)?.event_id ?? 0);
      if (!part.length) return messages;
      messages.push(...part);
    }
  }

  /** The server does not know this conversation any more. Free text is carried over; answers to old questions are not. */
  async #renew(life) {
    if (life.aborted) return;
    const carried = this.#outbox().filter((item) => typeof item.body.text === "string");
    const elsewhere = this.#memory.credentialsElsewhere();
    const soon = Date.now() - this.#opened < NEW_CONVERSATION_AT_MOST_EVERY;
    this.#clear(true); // nobody asked for this: what is being typed stays
    const next = this.#begin();
    if (soon) await pause(this.#renewals.next(), this.#wakeFollow);
    else this.#renewals.reset();
    if (next.aborted) return;
    if (elsewhere) this.#credentials = elsewhere;
    for (const { id, body, shown } of carried) this.#add({ id, body, shown, restored: false });
    await this.#establish(next, true);
  }

  // ------------------------------------------------------------------ sending

  #outbox() {
    return this.#items.filter((item) => item.state !== "sent" && item.state !== "refused");
  }

  #add(item) {
    const held = this.#outbox().some((other) => other.state === "waiting");
    const full = { ...item, state: held ? "waiting" : "queued", reason: "", before: null };
    this.#items.push(full);
    this.#memory.keepOutbox(this.#outbox());
    this.#emit("item", { item: full });
    return full;
  }

  /** Nothing can be sent just now. */
  #hold() {
    for (const item of this.#outbox()) {
      item.state = "waiting";
      this.#emit("item", { item });
    }
  }

  async #drain(life) {
    if (this.#sending || !this.#credentials || life.aborted) return;
    this.#sending = true;
    const backoff = new Backoff();
    try {
      for (let item = this.#outbox()[0]; item && !life.aborted; item = this.#outbox()[0]) {
        item.state = "sending";
        this.#emit("item", { item });
        this.#emit("busy", { busy: true });
        try {
          const answer = await this.#api.send(this.#credentials, { client_message_id: item.id, ...item.body });
          if (life.aborted) return;
          backoff.reset();
          this.#sent(item, answer.replies.map(fromReply));
        } catch (error) {
          if (life.aborted) return;
          this.#emit("busy", { busy: false });
          if (error instanceof ApiError && error.gone) {
            this.#renew(life);
            return;
          }
          if (error instanceof ApiError && !error.temporary) {
            this.#refuse(item, error.message);
            continue;
          }
          this.#hold();
          if (error instanceof NetworkError) this.#emit("link", { up: false });
          await pause(waitAfter(error, backoff), this.#wakeSend);
        }
      }
    } finally {
      if (!life.aborted) {
        this.#sending = false;
        this.#emit("busy", { busy: false });
      }
    }
  }

  #sent(item, replies) {
    item.state = "sent";
    item.before = replies[0]?.eventId ?? null;
    this.#memory.keepOutbox(this.#outbox());
    this.#emit("link", { up: true });
    this.#emit("item", { item });
    this.#take(replies);
  }

  #refuse(item, reason) {
    item.state = "refused";
    item.reason = reason;
    this.#memory.keepOutbox(this.#outbox());
    this.#emit("item", { item });
  }

  // ------------------------------------------------------------------ hearing

  async #follow(life) {
    const backoff = new Backoff();
    while (!life.aborted) {
      let failure = null;
      const begun = Date.now();
      try {
        for await (const event of this.#api.events(this.#credentials, this.#cursor, life)) {
          if (life.aborted) return;
          if (event.open) this.#emit("link", { up: true });
          else await this.#heard(event);
        }
      } catch (error) {
        failure = error;
      }
      if (life.aborted) return;
      if (failure instanceof ApiError && failure.gone) {
        this.#renew(life);
        return;
      }
      if (failure) this.#emit("link", { up: false });
      // A stream that is cut at once, again and again, must not be asked for every second.
      if (Date.now() - begun > LASTED) backoff.reset();
      await pause(waitAfter(failure, backoff), this.#wakeFollow);
      if (life.aborted) return;
      try {
        // Also where a proxy lets no stream through: then this is how messages arrive.
        await this.#catchUp(life);
      } catch {
        // The next try of the stream says what is wrong.
      }
    }
  }

  async #heard(event) {
    const entry = fromEvent(event);
    if (entry === null) return;
    // A bot's reply that answers nothing of ours answers another tab: fetch what was said there as well.
    const foreign = entry.author === "bot" && !this.#seen.has(entry.eventId) && !this.#outbox().length;
    if (foreign) {
      try {
        await this.#catchUp(this.#life.signal);
      } catch {
        // The reply itself is here.
      }
    }
    this.#take([entry]);
    this.#cursor = Math.max(this.#cursor, entry.eventId);
  }

  async #catchUp(life) {
    const messages = await this.#api.transcript(this.#credentials, this.#cursor);
    if (life.aborted) return;
    this.#emit("link", { up: true });
    this.#take(this.#notOurs(messages.map(fromMessage)));
    this.#cursor = Math.max(this.#cursor, ...messages.map((message) => message.event_id));
  }

  /** Without the messages of this page, which are on screen already: the last one before each first reply. */
  #notOurs(entries) {
    if (this.#outbox().length) return entries.filter((entry) => entry.author !== "client");
    const own = new Set();
    for (const item of this.#items) {
      if (item.before === null) continue;
      const earlier = entries.filter((entry) => entry.author === "client" && entry.eventId < item.before);
      if (earlier.length) own.add(earlier.at(-1));
    }
    return entries.filter((entry) => !own.has(entry));
  }

  #take(entries, { history = false } = {}) {
    const fresh = entries.filter((entry) => !this.#seen.has(entry.eventId));
    for (const entry of fresh) this.#seen.add(entry.eventId);
    if (fresh.length || history) this.#emit("entries", { entries: fresh, history });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** A random UUID, also where the page around is not served over https. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function waitAfter(error, backoff) {
  const own = backoff.next();
  return error instanceof ApiError && error.retryAfter ? Math.max(own, error.retryAfter * 1000) : own;
}

function fromReply(reply) {
  return { eventId: reply.event_id, author: "bot", at: new Date().toISOString(), text: reply.text, reply };
}

function fromMessage(message) {
  const { event_id: eventId, author, at, text, reply } = message;
  return { eventId, author, at, text, reply: reply ?? null };
}

/** The stream sends a message as the transcript shows it; a bare reply is taken for one of the bot's. */
function fromEvent({ id, data }) {
  if (typeof data !== "object" || data === null) return null;
  const eventId = Number(data.event_id ?? id);
  if (!Number.isInteger(eventId) || typeof data.text !== "string") return null;
  return data.author ? fromMessage({ ...data, event_id: eventId }) : fromReply({ ...data, event_id: eventId });
}
