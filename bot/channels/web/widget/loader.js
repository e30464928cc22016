// /widget.js: the one tag. Shows a button; everything else comes from the network when it is pressed.
//
// A classic script, so that it knows its own address and attributes. Before the first press nothing is asked for, and
// nothing is read from or written to the browser's storage.

import { luminance, parsed } from "./light.js";

const BUILT = "__BUILT__"; // {app, style, phone, emergency, locale, languages: {en: {url, dir, label, open, failed}}}
const NAME = "nmt-chat";
const CHAT = "M4 5.5h16v11H11l-4.5 3.5v-3.5H4z";
const FOLD = "m6 9 6 6 6-6";
const ACCENT = [14, 101, 93];
const EVEN = 0.197; // on an accent of this light, white and near black are read equally well

const script = document.currentScript;
const home = new URL(script.src).origin;

class Chat extends HTMLElement {
  #root = null;
  #button = document.createElement("button");
  #words = document.createElement("span");
  #badge = document.createElement("b");
  #status = document.createElement("p");
  #place = document.createElement("div");
  #say = null; // the sentences that are known: few before the first press
  #panel = null; // promise of the loaded panel
  #tries = 0;
  #unread = 0;
  #open = false;

  connectedCallback() {
    if (this.#root) return;
    const { dataset: options } = this;
    const wanted = [options.locale, document.documentElement.lang, navigator.language, BUILT.locale];
    this.lang = wanted.map((tag) => (tag ?? "").slice(0, 2).toLowerCase()).find((tag) => tag in BUILT.languages) ?? "en";
    this.#say = BUILT.languages[this.lang];
    this.dir = options.dir || this.#say.dir;
    // Closed: what is said here is not for the other scripts of the page, for recorders of sessions least of all.
    this.#root = this.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(BUILT.style);
    this.#root.adoptedStyleSheets = [sheet];
    const button = this.#button;
    button.type = "button";
    button.setAttribute("aria-controls", "panel");
    button.addEventListener("click", () => this.toggle());
    this.#status.setAttribute("role", "status");
    this.#place.id = "panel";
    this.#place.hidden = true;
    this.#root.append(this.#place, button, this.#status);
    button.append(this.#words);
    button.style.setProperty("--accent", `rgb(${this.#accent})`);
    button.style.setProperty("--ink", luminance(this.#accent) > EVEN ? "#101817" : "#fff");
    this.#draw();
  }

  get isOpen() {
    return this.#open;
  }

  get unread() {
    return this.#unread;
  }

  toggle() {
    return this.#open ? this.close() : this.open();
  }

  /** Show the chat. The first time it is loaded. */
  async open() {
    if (this.#open) return;
    this.#open = true;
    this.#draw();
    try {
      this.#panel ??= this.#load();
      const panel = await this.#panel;
      if (!this.#open) return;
      this.#draw();
      panel.show();
      this.#tell("open");
    } catch (error) {
      this.#panel = null;
      this.#open = false;
      this.#draw(this.#say.failed.replace("{phone}", BUILT.phone), true);
      console.error(NAME, error);
    }
  }

  /** Hide the chat; it goes on listening for answers of the team. */
  async close() {
    if (!this.#open) return;
    this.#open = false;
    this.#draw();
    (await this.#panel)?.hide();
    this.#button.focus({ preventScroll: true });
    this.#tell("close");
  }

  async #load() {
    const again = this.#tries ? `?${this.#tries}` : ""; // a browser may remember that a module failed
    this.#tries += 1;
    const [app, strings] = await Promise.all([
      import(home + BUILT.app + again),
      fetch(home + this.#say.url, { credentials: "omit" }).then((answer) => answer.json()),
    ]);
    this.#say = { ...this.#say, ...strings };
    return app.mount(this.#place, {
      root: this.#root,
      home,
      strings,
      language: this.lang,
      frame: "float",
      options: this.dataset,
      accent: this.#accent,
      numbers: BUILT,
      close: () => this.close(),
      unread: (count) => this.#count(count),
    });
  }

  /** The clinic's colour, from the attribute or the custom property. */
  get #accent() {
    const { style } = this.#words;
    style.color = "";
    style.color = this.dataset.accent || getComputedStyle(this).getPropertyValue("--nmt-accent");
    const colour = style.color && parsed(getComputedStyle(this.#words).color);
    style.color = "";
    return colour || ACCENT;
  }

  #count(unread) {
    const more = unread > this.#unread && !this.#open;
    this.#unread = unread;
    this.#draw(more ? this.#say["launcher.arrived"] : "");
    this.#tell("unread", { count: unread });
  }

  #draw(news = "", failed = false) {
    const say = this.#say;
    const button = this.#button;
    const label = this.dataset.label ?? say.label;
    const count = !this.#open && this.#unread;
    const title = count ? say["launcher.open_unread"].replace("{count}", count) : (this.#open && say["launcher.close"]) || label || say.open;
    this.dataset.state = this.#open ? "open" : "closed";
    button.setAttribute("aria-expanded", this.#open);
    button.setAttribute("aria-label", failed ? news : title);
    this.#words.textContent = failed ? news : this.#open ? "" : label;
    this.#badge.textContent = count > 9 ? "9+" : count || "";
    this.#status.textContent = news;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const line = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", true);
    line.setAttribute("d", this.#open ? FOLD : CHAT);
    svg.append(line);
    button.replaceChildren(svg, this.#words, this.#badge);
  }

  /** Tells the page around; never what was said. */
  #tell(what, detail) {
    this.dispatchEvent(new CustomEvent(`nmt-${what}`, { bubbles: true, detail }));
  }
}

if (!customElements.get(NAME)) {
  customElements.define(NAME, Chat);
  const element = document.querySelector(NAME) ?? document.createElement(NAME);
  Object.assign(element.dataset, { ...script.dataset, ...element.dataset });
  window.nmtChat = element;
  const begin = () => element.isConnected || document.body.append(element);
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
  // A plain link to the chat page opens the chat in place where this script runs.
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-nmt-open]")) return;
    event.preventDefault();
    element.open();
  });
}
