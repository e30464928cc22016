// What the browser keeps: the key to the conversation and messages that were not sent yet.
//
// sessionStorage comes first, so that two tabs can hold two conversations; localStorage brings a closed tab back.
// Unsent messages, the text in the box and half-answered lists rest in sessionStorage only: they can be about health
// and end with the tab.
// Where storage is refused (private windows, settings), the page works from this object alone.

const KEY = "nmt.conversation";
const OUTBOX = "nmt.outbox";
const DRAFT = "nmt.draft";
const MARKS = "nmt.marks";

function read(storage, key) {
  try {
    return JSON.parse(storage().getItem(key));
  } catch {
    return null;
  }
}

function write(storage, key, value) {
  try {
    if (value === null) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // Full or refused: this object still holds the value.
  }
}

const session = () => globalThis.sessionStorage;
const local = () => globalThis.localStorage;

function valid(credentials) {
  return Boolean(credentials && typeof credentials.id === "string" && typeof credentials.token === "string");
}

export class Memory {
  #credentials = null;

  /** @returns {{id: string, token: string} | null} */
  credentials() {
    if (this.#credentials) return this.#credentials;
    const kept = [read(session, KEY), read(local, KEY)].find(valid);
    this.#credentials = kept ?? null;
    return this.#credentials;
  }

  /** The conversation that another tab may have opened since. */
  credentialsElsewhere() {
    const kept = read(local, KEY);
    return valid(kept) && kept.token !== this.#credentials?.token ? kept : null;
  }

  keep(credentials) {
    this.#credentials = credentials;
    write(session, KEY, credentials);
    write(local, KEY, credentials);
  }

  /** @param {boolean} [draft] what is being typed stays */
  forget(draft = false) {
    const own = this.#credentials;
    this.#credentials = null;
    write(session, KEY, null);
    for (const key of [OUTBOX, MARKS, ...(draft ? [] : [DRAFT])]) write(session, key, null);
    const kept = read(local, KEY);
    // Another tab may be in another conversation; that one stays.
    if (!valid(kept) || kept.token === own?.token) write(local, KEY, null);
  }

  /** @returns {Array<{id: string, body: object, shown: string}>} */
  outbox() {
    const kept = read(session, OUTBOX);
    return Array.isArray(kept) ? kept.filter((item) => typeof item?.id === "string" && item.body) : [];
  }

  keepOutbox(items) {
    write(session, OUTBOX, items.length ? items.map(({ id, body, shown }) => ({ id, body, shown })) : null);
  }

  /** What was typed and not sent. */
  draft() {
    const kept = read(session, DRAFT);
    return typeof kept === "string" ? kept : "";
  }

  keepDraft(text) {
    write(session, DRAFT, text || null);
  }

  /** What was marked and not sent: a line's choice, the choices of a question with several. */
  marks() {
    const kept = read(session, MARKS);
    return kept && typeof kept === "object" ? kept : {};
  }

  /** @param {unknown} value null when it was sent */
  mark(key, value) {
    const marks = this.marks();
    if (value === null) delete marks[key];
    else marks[key] = value;
    write(session, MARKS, Object.keys(marks).length ? marks : null);
  }
}
