// The chat API over fetch. Knows requests and answers, nothing of what is shown.

import { EventParser } from "./sse.js";

const ANSWER_WITHIN = 45_000;
const SILENCE_WITHIN = 45_000; // three heartbeats

/** The server answered, but not with what was asked for. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message fit to show, or empty
   * @param {number | null} retryAfter seconds
   */
  constructor(status, message, retryAfter) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /** The same request can succeed later. */
  get temporary() {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }

  /** The conversation is not there any more, or is not ours. */
  get gone() {
    return this.status === 401 || this.status === 404;
  }
}

/** Nothing came back. */
export class NetworkError extends Error {}

/**
 * @typedef {{id: string, token: string}} Credentials
 */
export class ChatApi {
  #base;

  /** @param {string} base address of the API, without a slash at its end */
  constructor(base) {
    this.#base = base;
  }

  /** What the page needs to know about the clinic. */
  page() {
    return this.#json("GET", "/page");
  }

  /**
   * Open a conversation. `before` is the one that it continues: an emergency hold of that one stays.
   * @param {string | undefined} locale
   * @param {Credentials | null} before
   */
  create(locale, before = null) {
    const body = { ...(locale ? { locale } : {}), ...(before ? { continues: before } : {}) };
    return this.#json("POST", "/conversations", { body });
  }

  /** Send one message; `message` carries its client_message_id, so sending it again is harmless. */
  send(credentials, message) {
    return this.#json("POST", `${path(credentials)}/messages`, { credentials, body: message });
  }

  /** Messages after an event id, oldest first. */
  async transcript(credentials, after) {
    const answer = await this.#json("GET", `${path(credentials)}/messages?after=${after}`, { credentials });
    return answer.messages;
  }

  /** The lists of the running health questions that are still open. */
  async lists(credentials) {
    const answer = await this.#json("GET", `${path(credentials)}/checklists`, { credentials });
    return answer.checklists;
  }

  /** A link, good for one use, that goes on with this conversation in Telegram. */
  telegramLink(credentials) {
    return this.#json("POST", `${path(credentials)}/telegram`, { credentials });
  }

  /** Everything the server holds about this conversation. */
  export(credentials) {
    return this.#json("GET", `${path(credentials)}/export`, { credentials });
  }

  /** Erase the conversation everywhere. */
  async erase(credentials) {
    await this.#request("DELETE", path(credentials), { credentials });
  }

  /**
   * Bot and staff messages as they happen. Yields `{open: true}` once the stream stands, then `{id, data}`.
   * Ends when the server closes the stream; throws NetworkError when it falls silent.
   * @param {Credentials} credentials
   * @param {number} after
   * @param {AbortSignal} signal
   */
  async *events(credentials, after, signal) {
    const controller = new AbortController();
    const stop = () => controller.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const asking = this.#fetch(`${path(credentials)}/events?after=${after}`, {
        headers: { Accept: "text/event-stream", Authorization: `Bearer ${credentials.token}` },
        signal: controller.signal,
      });
      const response = await beforeSilence(asking, stop);
      yield { open: true };
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new EventParser();
      for (;;) {
        const { value, done } = await beforeSilence(reader.read(), stop);
        if (done) return;
        for (const event of parser.push(value)) yield event;
      }
    } catch (error) {
      throw error instanceof ApiError ? error : new NetworkError(String(error));
    } finally {
      signal.removeEventListener("abort", stop);
      controller.abort();
    }
  }

  async #json(method, where, options) {
    const response = await this.#request(method, where, options);
    try {
      return await response.json();
    } catch (error) {
      throw new NetworkError(String(error));
    }
  }

  async #request(method, where, { credentials = null, body = null } = {}) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), ANSWER_WITHIN);
    const headers = { Accept: "application/json" };
    if (credentials) headers.Authorization = `Bearer ${credentials.token}`;
    if (body) headers["Content-Type"] = "application/json";
    try {
      return await this.#fetch(where, {
        method,
        headers,
        body: body ? JSON.stringify(body) : undefined,
        signal: controller.signal,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetch(where, options) {
    let response;
    try {
      // The token is the only credential, so no cookie travels.
      response = await fetch(this.#base + where, { ...options, credentials: "omit", cache: "no-store", redirect: "error" });
    } catch (error) {
      throw new NetworkError(String(error));
    }
    if (!response.ok) throw await apiError(response);
    return response;
  }
}

function path(credentials) {
  return `/conversations/${encodeURIComponent(credentials.id)}`;
}

async function apiError(response) {
  let message = "";
  try {
    message = (await response.json()).error?.message ?? "";
  } catch {
    // Not one of our errors, a proxy's page perhaps: nothing in it is fit to show.
  }
  const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  return new ApiError(response.status, String(message), Number.isNaN(retryAfter) ? null : retryAfter);
}

async function beforeSilence(reading, stop) {
  let timer;
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => {
      stop();
      reject(new NetworkError("silence"));
    }, SILENCE_WITHIN);
  });
  try {
    return await Promise.race([reading, silence]);
  } finally {
    clearTimeout(timer);
  }
}
