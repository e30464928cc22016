// The frame around the talk as elements: header, banner, place of the emergency card, list, message box.

import { h, icon } from "./dom.js";

const MENU = "M4 6.5h16M4 12h16M4 17.5h16";
const CLOSE = "M6 6l12 12M18 6 6 18";
const DOWN = "M12 5v13m-6-6 6 6 6-6";
const UP = "M12 19V5m-6 6 6-6 6 6";
const WAVE = "M3.5 14.5c2.3 0 2.6-5.5 4.8-5.5s2.3 7 4.5 7 1.9-3.2 3.4-3.8";

/**
 * @param {import("./strings.js").Translate} t
 * @param {boolean} page whether this is the page of its own
 */
export function buildFrame(t, page) {
  const part = {};
  const made = (name, element) => (part[name] = element);
  const name = made("clinic", h(page ? "h1" : "h2", { id: "clinic" }, t("page.title")));
  // The website around has its own banner.
  const header = h(
    page ? "header" : "div",
    { class: "top" },
    h(
      "div",
      { class: "top-inner" },
      h("span", { class: "mark" }, icon(WAVE)),
      h("div", { class: "who" }, name, h("p", {}, t("page.role"))),
      h(
        "div",
        { class: "menu" },
        made(
          "menuButton",
          h(
            "button",
            { type: "button", id: "menu-button", class: "round", "aria-expanded": "false", "aria-controls": "menu-list", "aria-label": t("menu.open"), title: t("menu.open") },
            icon(MENU),
          ),
        ),
        made("menuList", h("ul", { id: "menu-list", hidden: true, "aria-label": t("menu.label") })),
      ),
      page
        ? null
        : made(
            "close",
            h("button", { type: "button", id: "close", class: "round", "aria-label": t("page.close"), title: t("page.close") }, icon(CLOSE)),
          ),
    ),
  );
  made("banner", h("div", { id: "banner", class: "banner", role: "status", hidden: true }));
  made("emergencyAlert", h("div", { id: "emergency-alert", role: "alert" }));
  made("emergencyToggle", h("button", { type: "button", id: "emergency-toggle", class: "quiet", "aria-controls": "emergency-alert", hidden: true }));
  const emergency = h(
    "section",
    { id: "emergency", class: "emergency" },
    h("div", { class: "emergency-inner" }, part.emergencyAlert, part.emergencyToggle),
  );
  made("messages", h("ol", { id: "messages", role: "list" }));
  made("typing", h("div", { id: "typing", class: "typing", hidden: true, "aria-hidden": "true" }, h("i"), h("i"), h("i")));
  made("log", h("div", { id: "log", role: "log", "aria-live": "off", tabindex: "0", "aria-label": t("page.log") }, part.messages, part.typing));
  made("jump", h("button", { type: "button", id: "jump", class: "jump", hidden: true }, icon(DOWN), t("page.jump")));
  made(
    "box",
    h("textarea", { id: "composer-text", rows: "1", maxlength: "2000", enterkeyhint: "send", placeholder: t("composer.placeholder"), "aria-describedby": "composer-left" }),
  );
  made("left", h("p", { id: "composer-left", class: "left" }));
  made(
    "composer",
    h(
      "form",
      { id: "composer", class: "composer", autocomplete: "off", novalidate: true },
      h("label", { class: "unseen", for: "composer-text" }, t("composer.label")),
      part.box,
      h("button", { type: "submit", class: "send", "aria-label": t("composer.send"), title: t("composer.send") }, icon(UP)),
      part.left,
    ),
  );
  made("status", h("div", { id: "status", class: "unseen", role: "status", "aria-live": "polite", "aria-atomic": "false", "aria-relevant": "additions" }));
  made("chat", h(page ? "main" : "div", { id: "chat", class: "chat" }, part.log, part.jump, part.composer));
  made("veil", h("div", { class: "veil", hidden: true }));
  made(
    "body",
    h(
      "div",
      { class: "body" },
      page ? h("a", { class: "skip", href: "#composer-text" }, t("page.skip")) : null,
      header,
      part.banner,
      emergency,
      part.chat,
    ),
  );
  made("frame", h("div", { class: "nmt" }, part.body, part.veil, part.status));
  return part;
}
