// Reads `text/event-stream` from pieces of any size.

export class EventParser {
  #rest = "";
  #data = [];
  #id = null;

  /**
   * @param {string} piece
   * @returns {Array<{id: string | null, data: unknown}>} the events that this piece completed
   */
  push(piece) {
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    const events = [];
    for (const line of lines) {
      if (line === "") {
        const event = this.#take();
        if (event) events.push(event);
      } else {
        this.#field(line);
      }
    }
    return events;
  }

  #field(line) {
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon); // an empty name is a comment: the heartbeat
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#data.push(value);
    else if (name === "id") this.#id = value;
  }

  #take() {
    const text = this.#data.join("\n");
    this.#data = [];
    if (!text) return null;
    try {
      return { id: this.#id, data: JSON.parse(text) };
    } catch {
      return null; // a named heartbeat may carry plain text
    }
  }
}
