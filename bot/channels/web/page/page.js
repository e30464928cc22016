// The page around the chat: header, menu, message box, banner. The conversation itself knows none of this.

import { Announcer } from "./announcer.js";
import { ChatApi } from "./api.js";
import { pause } from "./backoff.js";
import { Conversation } from "./conversation.js";
import { h } from "./dom.js";
import { EmergencyCard } from "./emergency.js";
import { Memory } from "./memory.js";
import { loadStrings } from "./strings.js";
import { link } from "./text.js";
import { View } from "./view.js";

const LANGUAGE = "en";
const LONGEST = 2000;
const COUNT_FROM = 1800;
const BANNER_AFTER = 2500;
const WAIT_FOR_CLINIC = 1500;

const byId = (id) => document.getElementById(id);

/** Put the strings into the markup. */
function translate(t) {
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
  for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = t(element.dataset.placeholder);
}

/** Name, phone and locale of the clinic; the chat works without them. */
async function clinicOf(api) {
  try {
    return await api.page();
  } catch {
    return {};
  }
}

/** The title of the window, with the number of messages that came while it was not looked at. */
class Title {
  #t;
  #title;
  #unread = 0;

  constructor(t) {
    this.#t = t;
    this.#title = t("page.title");
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#show(0);
    });
  }

  name(title) {
    this.#title = title;
    this.#show(this.#unread);
  }

  arrived(count) {
    if (document.hidden) this.#show(this.#unread + count);
  }

  #show(unread) {
    this.#unread = unread;
    document.title = unread ? this.#t("page.unread", { count: unread, title: this.#title }) : this.#title;
  }
}

/** Says that the connection is lost, a moment after it is: short gaps are nobody's business. */
class Banner {
  #t;
  #timer = null;
  #up = true;
  phone = null;
  emergencyNumber = null;

  constructor(t) {
    this.#t = t;
    window.addEventListener("offline", () => this.set(false));
  }

  set(up) {
    const banner = byId("banner");
    this.#up = up;
    if (up) {
      clearTimeout(this.#timer);
      this.#timer = null;
      banner.hidden = true;
      banner.replaceChildren();
    } else if (this.#timer === null) {
      this.#timer = setTimeout(() => this.#show(), navigator.onLine ? BANNER_AFTER : 0);
    } else if (!navigator.onLine) {
      this.#show();
    }
  }

  #show() {
    if (this.#up) return;
    const words = this.#t(navigator.onLine ? "link.down" : "link.offline");
    const parts = [words];
    // Nothing that is typed now is read, so what the chat would say first stands here.
    if (this.emergencyNumber) parts.push(" ", this.#t("link.emergency", { number: this.emergencyNumber }));
    if (this.phone) parts.push(" ", link(this.#t("link.call", { phone: this.phone }), telephone(this.phone)));
    byId("banner").hidden = false;
    byId("banner").replaceChildren(...parts);
  }
}

function telephone(phone) {
  return `tel:${phone.replace(/[^\d+]/g, "")}`;
}

/** A list under a button; Esc and a press elsewhere close it. */
function menu() {
  const button = byId("menu-button");
  const list = byId("menu-list");
  const open = (wanted) => {
    list.hidden = !wanted;
    button.setAttribute("aria-expanded", String(wanted));
  };
  button.addEventListener("click", () => open(list.hidden));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      open(false);
      button.focus();
    }
  });
  document.addEventListener("pointerdown", (event) => {
    if (!list.hidden && !event.target.closest(".menu")) open(false);
  });
  list.parentElement.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !list.parentElement.contains(event.relatedTarget)) open(false);
  });
  return (id, action) =>
    byId(id).addEventListener("click", () => {
      open(false);
      button.focus();
      action();
    });
}

/** Ask before something that cannot be undone. */
function confirm(t, prefix) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = t(`${prefix}.title`);
  byId("confirm-body").textContent = t(`${prefix}.body`);
  byId("confirm-yes").textContent = t(`${prefix}.yes`);
  byId("confirm-no").textContent = t(`${prefix}.no`);
  dialog.returnValue = "no";
  dialog.showModal();
  byId("confirm-no").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** The message box: grows with its text, Enter sends, Shift+Enter breaks the line. */
function composer(t, submit) {
  const form = byId("composer");
  const box = byId("composer-text");
  const left = byId("composer-left");
  const fit = () => {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
    const count = LONGEST - box.value.length;
    left.textContent = box.value.length >= COUNT_FROM ? t("composer.left", { count }) : "";
  };
  box.addEventListener("input", fit);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    fit();
    box.focus();
    submit(text);
  });
  return {
    /** On a phone the focus would open the keyboard over what was just said. */
    focus: () => (matchMedia("(pointer: coarse)").matches ? byId("log") : box).focus({ preventScroll: true }),
    restore: (text) => {
      if (box.value) return;
      box.value = text;
      fit();
    },
    enable: (enabled) => {
      for (const control of form.elements) control.disabled = !enabled;
    },
  };
}

function saveFile(data, name) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }));
  const anchor = h("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function main() {
  const t = await loadStrings(LANGUAGE);
  translate(t);
  const api = new ChatApi();
  const asked = clinicOf(api);
  const announcer = new Announcer(byId("status"));
  const say = (text) => announcer.say(text);
  const title = new Title(t);
  const banner = new Banner(t);
  const conversation = new Conversation(api, new Memory());
  const card = new EmergencyCard({ alert: byId("emergency-alert"), toggle: byId("emergency-toggle") }, t);
  const box = composer(t, (text) => conversation.send({ text }, text));

  const context = {
    t,
    say,
    locale: navigator.language,
    timezone: null,
    hurry: () => conversation.hurry(),
    send: (body, shown) => {
      conversation.send(body, shown);
      box.focus();
    },
  };
  const places = { log: byId("log"), messages: byId("messages"), typing: byId("typing"), jump: byId("jump") };
  const view = new View(places, context, {
    onEmergency: (reply) => card.show(reply),
    onClientWrote: () => card.movedOn(),
  });

  conversation.addEventListener("entries", ({ detail: { entries, history } }) => {
    view.addEntries(entries, history);
    if (history && entries.length) say(t("history.shown"));
    if (!history) title.arrived(entries.filter(({ author }) => author !== "client").length);
  });
  conversation.addEventListener("item", ({ detail: { item, dropped } }) => {
    view.showItem(item, dropped);
    if (item.state !== "refused") return;
    say(item.reason ? t("item.refused", { reason: item.reason }) : t("item.refused_plain"));
    if (typeof item.body.text === "string") box.restore(item.body.text);
  });
  conversation.addEventListener("busy", ({ detail: { busy } }) => view.busy(busy));
  conversation.addEventListener("link", ({ detail: { up } }) => banner.set(up));
  conversation.addEventListener("opened", ({ detail: { replaced } }) => {
    if (replaced) notice(t("chat.replaced"));
  });
  conversation.addEventListener("cleared", () => {
    view.clear();
    card.clear();
  });
  window.addEventListener("online", () => conversation.hurry());

  /** A line of the page's own in the list. */
  function notice(text, ...more) {
    places.messages.append(h("li", { class: "notice" }, h("p", {}, text), ...more));
    say(text);
  }

  const onMenu = menu();
  onMenu("menu-person", () => context.send({ text: t("menu.person_text") }, t("menu.person_text")));
  onMenu("menu-download", async () => {
    try {
      saveFile(await conversation.export(), t("menu.file"));
      say(t("download.done"));
    } catch {
      notice(t("download.failed"));
    }
  });
  onMenu("menu-again", async () => {
    if (!(await confirm(t, "again"))) return;
    const opening = conversation.startAgain();
    say(t("again.done"));
    box.focus();
    await opening;
  });
  onMenu("menu-erase", async () => {
    if (!(await confirm(t, "erase"))) return;
    try {
      await conversation.erase();
    } catch {
      notice(t("erase.failed"));
      return;
    }
    erased();
  });

  /** Nothing is stored again before the client asks for it. */
  function erased() {
    const controls = ["menu-person", "menu-download", "menu-again", "menu-erase"].map(byId);
    const enable = (enabled) => {
      box.enable(enabled);
      for (const control of controls) control.disabled = !enabled;
    };
    enable(false);
    const begin = () => {
      places.messages.replaceChildren();
      enable(true);
      box.focus();
      conversation.startAgain();
    };
    const again = h("button", { type: "button", class: "strong", on: { click: begin } }, t("erase.new"));
    notice(t("erase.done"), again);
    again.focus();
  }

  const knownBy = asked.then(introduce);
  if (matchMedia("(pointer: fine)").matches) byId("composer-text").focus({ preventScroll: true });
  await Promise.race([knownBy, pause(WAIT_FOR_CLINIC)]);
  await conversation.open();

  function introduce(clinic) {
    if (clinic.clinic) {
      byId("clinic").textContent = clinic.clinic;
      document.querySelector('meta[name="clinic"]').content = clinic.clinic;
      title.name(t("page.title_of", { clinic: clinic.clinic }));
    }
    banner.phone = clinic.phone ?? null;
    banner.emergencyNumber = clinic.emergency_number ?? null;
    context.locale = clinic.locale || context.locale;
    context.timezone = clinic.timezone ?? null;
  }
}

main();
