// The chat itself: puts the frame, the talk and the menu together. The same in the widget and on the page of its own.

import { Announcer } from "./announcer.js";
import { ChatApi } from "./api.js";
import { pause } from "./backoff.js";
import { composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { Dialog } from "./dialog.js";
import { h } from "./dom.js";
import { EmergencyCard } from "./emergency.js";
import { saveFile, transcriptText } from "./files.js";
import { buildFrame } from "./frame.js";
import { dress, floating } from "./looks.js";
import { Memory } from "./memory.js";
import { menu } from "./menu.js";
import { Banner, Unread } from "./notices.js";
import { translator } from "./strings.js";
import { link } from "./text.js";
import { View } from "./view.js";

const STYLE = "__STYLE__";
const WAIT_FOR_CLINIC = 1500;
const PATHS = {
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zm-7.5 8a7.5 7.5 0 0 1 15 0",
  again: "M4.5 12a7.5 7.5 0 1 0 2.3-5.4M4.5 4v4h4",
  download: "M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19.5h14",
  telegram: "m20.5 4.5-17 7 6 2.5m11-9.5-3 14-8-4.5m11-9.5-11 9.5v5.5l3-3.5",
  privacy: "M12 3.5 5.5 6v5.5c0 4.2 2.7 7.3 6.5 9 3.8-1.7 6.5-4.8 6.5-9V6z",
  erase: "M5 7h14M9.5 7V4.5h5V7m-8 0 .8 12.5h9.4L17.5 7",
};

/**
 * Put the chat into a place.
 * @param {HTMLElement} place
 * @param {object} settings
 * @param {Document | ShadowRoot} settings.root what `place` is in; gets the style sheet
 * @param {string} settings.home origin of the service
 * @param {Record<string, string>} settings.strings
 * @param {string} settings.language of the strings
 * @param {"float" | "page"} settings.frame
 * @param {Record<string, string | undefined>} settings.options title, theme, dir
 * @param {number[]} settings.accent
 * @param {{phone: string, emergency: string}} settings.numbers known before the service answers; empty where there is none
 * @param {() => void} [settings.close]
 * @param {(count: number) => void} [settings.unread]
 * @returns {{show: () => void, hide: () => void}}
 */
export function mount(place, { root, home, strings, language, frame, options, accent, numbers, close = () => {}, unread = () => {} }) {
  const t = translator(strings);
  const page = frame === "page";
  const part = buildFrame(t, page);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  part.frame.dataset.frame = frame;
  part.frame.dir = options.dir || strings.dir;
  part.frame.lang = language;
  dress(part.frame, { accent, theme: options.theme });
  place.append(part.frame);

  const api = new ChatApi(`${home}/api/v1`);
  const memory = new Memory(home);
  const asked = api.page().catch(() => ({})); // the chat works without
  const announcer = new Announcer(part.status);
  const counter = new Unread(unread);
  const dialog = new Dialog(part.veil, part.body, root);
  const banner = new Banner(part.banner, t, numbers, page ? null : `${home}/chat`);
  const conversation = new Conversation(api, memory);
  const box = composer(part, t, memory, (text) => conversation.send({ text }, text));
  let looking = page;
  let clinic = {};

  /** What a screen reader hears; nothing while the chat is closed, for others may be listening. */
  const say = (text) => looking && announcer.say(text);
  const context = {
    t,
    say,
    memory,
    locale: language,
    botLanguage: null,
    hurry: () => conversation.hurry(),
    openLists: () => conversation.openLists(),
    send: (body, shown) => {
      conversation.send(body, shown);
      box.focus();
    },
  };
  const card = new EmergencyCard({ alert: part.emergencyAlert, toggle: part.emergencyToggle }, context);
  const view = new View(part, context, {
    onEmergency: (reply) => card.show(reply),
    onClientWrote: () => card.movedOn(),
  });

  conversation.addEventListener("entries", ({ detail: { entries, history } }) => {
    view.addEntries(entries, history);
    if (history && entries.length) say(t("history.shown"));
    if (!history) counter.arrived(entries.filter(({ author }) => author !== "client").length);
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
  conversation.addEventListener("cleared", ({ detail: { draft } }) => {
    view.clear();
    card.clear();
    if (!draft) box.clear();
  });
  window.addEventListener("online", () => conversation.hurry());

  /** A line of the widget's own in the list. */
  function notice(text, ...more) {
    view.append(h("li", { class: "notice" }, h("p", {}, text), ...more));
    say(text);
  }

  const confirmed = async (prefix) =>
    (await dialog.ask({
      title: t(`${prefix}.title`),
      body: [h("p", {}, t(`${prefix}.body`))],
      buttons: [
        { value: "no", title: t(`${prefix}.no`) },
        { value: "yes", title: t(`${prefix}.yes`), look: prefix === "erase" ? "strong alarm" : "strong" },
      ],
    })) === "yes";

  async function download() {
    const form = await dialog.ask({
      title: t("download.title"),
      body: [h("p", {}, t("download.body"))],
      buttons: [
        { value: "no", title: t("download.no") },
        { value: "data", title: t("download.data") },
        { value: "text", title: t("download.text"), look: "strong" },
      ],
    });
    if (form === "no") return;
    try {
      if (form === "data") {
        saveFile(root, JSON.stringify(await conversation.export(), null, 2), "application/json", t("download.data_file"));
      } else {
        saveFile(root, transcriptText(await conversation.transcript(), clinic, context), "text/plain", t("download.text_file"));
      }
      say(t("download.done"));
    } catch {
      notice(t("download.failed"));
    }
  }

  async function startAgain() {
    if (!(await confirmed("again"))) return;
    const opening = conversation.startAgain();
    say(t("again.done"));
    box.focus();
    await opening;
  }

  async function erase() {
    if (!(await confirmed("erase"))) return;
    try {
      await conversation.erase();
    } catch {
      notice(t("erase.failed"));
      return;
    }
    // Nothing is stored again before the client asks for it.
    able(false);
    const begin = () => {
      view.clear();
      able(true);
      box.focus();
      conversation.startAgain();
    };
    const again = h("button", { type: "button", class: "strong", on: { click: begin } }, t("erase.new"));
    notice(t("erase.done"), again);
    again.focus();
  }

  async function privacy() {
    const facts = [t("privacy.body"), t("privacy.browser")];
    if (clinic.retention) facts.push(t("privacy.kept", { retention: clinic.retention }));
    facts.push(t("privacy.choices"));
    const contact = clinic.privacy_contact ? link(clinic.privacy_contact, `mailto:${clinic.privacy_contact}`) : null;
    const policy = clinic.privacy_url ? h("p", {}, link(t("privacy.policy"), clinic.privacy_url)) : null;
    await dialog.ask({
      title: t("privacy.title"),
      body: [...facts.map((text) => h("p", {}, text)), policy, contact && h("p", {}, t("privacy.contact"), " ", contact)].filter(Boolean),
      buttons: [{ value: "no", title: t("privacy.close"), look: "strong" }],
    });
  }

  async function telegram() {
    let body;
    try {
      body = [h("p", {}, t("telegram.body")), h("p", {}, link(t("telegram.open"), await conversation.telegramLink(), "contact"))];
    } catch {
      body = [h("p", {}, t("telegram.failed"))];
    }
    await dialog.ask({ title: t("menu.telegram"), body, buttons: [{ value: "no", title: t("privacy.close") }] });
  }

  const entries = [
    { id: "menu-person", path: PATHS.person, title: t("menu.person"), action: () => context.send({ text: t("menu.person_text") }, t("menu.person")) },
    { id: "menu-telegram", path: PATHS.telegram, title: t("menu.telegram"), action: telegram, hidden: true },
    { id: "menu-download", path: PATHS.download, title: t("menu.download"), action: download },
    { id: "menu-privacy", path: PATHS.privacy, title: t("menu.privacy"), action: privacy },
    { id: "menu-again", path: PATHS.again, title: t("menu.again"), action: startAgain },
    { id: "menu-erase", path: PATHS.erase, title: t("menu.erase"), action: erase },
  ];
  const listed = menu(part.menuButton, part.menuList, entries, root);

  function able(enabled) {
    box.enable(enabled);
    listed.enable(enabled);
  }

  function introduce(facts) {
    clinic = facts;
    if (options.title || clinic.clinic) part.clinic.textContent = options.title || clinic.clinic;
    if (page && clinic.clinic) document.title = t("page.title_of", { clinic: clinic.clinic });
    context.botLanguage = clinic.locale ?? null;
    if (clinic.telegram) listed.show("menu-telegram");
  }

  async function begin() {
    if (options.title) part.clinic.textContent = options.title;
    await Promise.race([asked.then(introduce), pause(WAIT_FOR_CLINIC)]);
    await conversation.open();
  }

  if (page) {
    box.fit();
    if (matchMedia("(pointer: fine)").matches) part.box.focus({ preventScroll: true });
    begin();
    return { show: () => {}, hide: () => {} };
  }

  const room = floating(part.frame, (small) => {
    part.frame.setAttribute("role", "dialog");
    part.frame.setAttribute("aria-labelledby", "clinic");
    // Only over the whole screen is the chat modal: elsewhere the page beside it stays in use.
    if (small) part.frame.setAttribute("aria-modal", "true");
    else part.frame.removeAttribute("aria-modal");
  });
  part.close.addEventListener("click", close);
  part.frame.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.stopPropagation();
      close();
    }
    if (event.key === "Tab" && room.sheet) keepInside(event, part.frame, root);
  });
  let begun = false;
  return {
    show() {
      place.hidden = false;
      looking = counter.looking = true;
      room.show(true);
      box.fit();
      view.shown();
      box.focus();
      counter.seen();
      if (!begun) begin();
      begun = true;
    },
    hide() {
      place.hidden = true;
      looking = counter.looking = false;
      room.show(false);
    },
  };
}

/** On a full screen the focus goes round inside: what is behind can't be seen. */
function keepInside(event, frame, root) {
  const stops = [...frame.querySelectorAll("a[href], button, textarea, input, summary, [tabindex='0']")].filter(
    (element) => !element.disabled && element.checkVisibility?.() !== false && !element.closest("[inert]"),
  );
  const at = stops.indexOf(root.activeElement);
  if (event.shiftKey ? at === 0 : at === stops.length - 1) {
    event.preventDefault();
    stops.at(event.shiftKey ? -1 : 0)?.focus();
  }
}
