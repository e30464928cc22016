// The parts of a reply beside its text: buttons, several choices, links, table, sources, progress, booking.

import { h, icon, uniqueId } from "./dom.js";
import { link, safeUrl } from "./text.js";

/**
 * A labelled group of buttons; the first press closes the group.
 * @param {Array<{title: string, body: object}>} buttons
 * @param {string} label
 * @returns {{node: HTMLElement, settle: (chosen?: string|null) => void, titles: string[]}}
 */
export function buttonGroup(buttons, label, { t, send }, className = "") {
  const elements = buttons.map(({ title, body }) =>
    h(
      "button",
      {
        type: "button",
        class: "choice",
        "data-title": title,
        on: {
          click: () => {
            settle(title);
            send(body, title);
          },
        },
      },
      title,
    ),
  );
  const node = h("div", { class: `choices ${className}`.trim(), role: "group", "aria-label": label }, ...elements);

  function settle(chosen = null) {
    for (const element of elements) {
      element.disabled = true;
      if (element.dataset.title === chosen) {
        element.classList.add("chosen");
        element.setAttribute("aria-label", t("buttons.chosen", { title: chosen }));
      }
    }
  }
  return { node, settle, titles: buttons.map(({ title }) => title) };
}

const THUMB_UP = "M7.5 20V10.5L11.5 3c1.6 0 2.4 1 2.2 2.5L13 9.5h5.5c1.3 0 2.1 1.1 1.8 2.3l-1.5 6.5c-.2 1-1 1.7-2 1.7zM7.5 10.5H4V20h3.5";
const THUMB_DOWN = "M16.5 4v9.5L12.5 21c-1.6 0-2.4-1-2.2-2.5l.7-4H5.5c-1.3 0-2.1-1.1-1.8-2.3l1.5-6.5c.2-1 1-1.7 2-1.7zM16.5 13.5H20V4h-3.5";

/** Did the answer help? Two small buttons: the first says yes. */
export function thumbs(buttons, context) {
  const made = buttons.map(({ title, payload }) => ({ title, body: { payload } }));
  const group = buttonGroup(made, context.t("feedback.label"), context, "thumbs");
  [...group.node.children].forEach((button, index) => button.prepend(icon(index ? THUMB_DOWN : THUMB_UP)));
  return group;
}

/** Several of the choices may fit: boxes to tick, sent as words. */
export function manyChoices(choices, { t, say, send, memory }) {
  const key = choices.join();
  const boxes = choices.map((choice) => h("input", { type: "checkbox", value: choice, id: uniqueId("box") }));
  const problem = h("p", { class: "problem" });
  const fieldset = h(
    "fieldset",
    { class: "many" },
    h("legend", { class: "unseen" }, t("many.label")),
    ...boxes.map((box) => h("label", { class: "tick" }, box, h("span", {}, capital(box.value)))),
    problem,
    h("button", { type: "submit", class: "strong" }, t("many.send")),
  );
  const node = h("form", { novalidate: true, on: { submit, change } }, fieldset);
  for (const box of boxes) box.checked = memory.marks()[key]?.includes(box.value);

  function chosen() {
    return boxes.filter((box) => box.checked).map((box) => box.value);
  }
  function change() {
    problem.textContent = "";
    memory.mark(key, chosen());
  }

  function submit(event) {
    event.preventDefault();
    const text = chosen().join(", ");
    if (!text) {
      problem.textContent = t("many.empty");
      say(problem.textContent);
      boxes[0].focus();
      return;
    }
    settle();
    memory.mark(key, null);
    send({ text }, text);
  }
  function settle() {
    fieldset.disabled = true;
  }
  return { node, settle };
}

/** Numbers and pages to open. */
export function linkList(links, { t }) {
  const items = links
    .filter(({ url }) => safeUrl(url))
    .map(({ title, url }) => h("li", {}, link(title, url, "contact")));
  return items.length ? h("ul", { class: "links", "aria-label": t("links.label") }, ...items) : null;
}

/** A comparison. */
export function table({ columns, rows, caption }, { t }) {
  const named = columns[0] === "";
  const title = caption || t("table.caption", { columns: columns.filter(Boolean).join(", ") });
  const head = columns.map((column) => (column ? h("th", { scope: "col" }, column) : h("td", {})));
  const body = rows.map((cells) =>
    h("tr", {}, ...cells.map((cell, index) => (named && index === 0 ? h("th", { scope: "row" }, cell) : h("td", {}, cell)))),
  );
  const wide = columns.length > 3;
  return h(
    "div",
    { class: "table", role: wide ? "region" : null, "aria-label": wide ? title : null, tabindex: wide ? "0" : null },
    h("table", {}, h("caption", {}, title), h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body)),
  );
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Where an answer comes from. */
export function sources(list, reviewedOn, { t, locale }) {
  const items = list.map(({ title, ref, url }) => {
    const name = title || ref;
    return h("li", {}, url ? link(name, url) : name, ref && ref !== name ? h("span", { class: "ref" }, ` ${ref}`) : null);
  });
  const day = reviewedOn ? dayText(reviewedOn, locale) : null;
  return h(
    "details",
    { class: "fold" },
    h("summary", {}, t("sources.summary")),
    h("ul", {}, ...items),
    day ? h("p", {}, t("sources.reviewed", { date: day })) : null,
  );
}

function dayText(iso, locale) {
  const day = new Date(`${iso}T12:00:00Z`);
  if (Number.isNaN(day.getTime())) return iso;
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(day);
}

/** Step 2 of 6, in words and as a bar. */
export function progress({ index, total }, { t }) {
  if (!Number.isInteger(index) || !Number.isInteger(total)) return null;
  const words = t("step.of", { index, total });
  return h(
    "div",
    { class: "step" },
    h("span", {}, words),
    h("progress", { max: total, value: index, "aria-label": words }),
  );
}

/** A request or a visit: its number, state and time. */
export function booking({ reference, state, names }, { t }) {
  const lines = [];
  const add = (key, value) => value && lines.push([t(key), value]);
  add("booking.number", reference);
  add("booking.state", stateText(state, t));
  add("booking.service", names?.service);
  add("booking.therapist", names?.therapist);
  add("booking.when", names?.when); // as the text says it: in the clinic's zone
  if (!lines.length) return null;
  return h("dl", { class: "facts", "data-state": state ?? null }, ...lines.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

const STATES = ["requested", "confirmed", "provisional", "proposed", "declined", "cancelled", "expired", "completed"];

function stateText(state, t) {
  return STATES.includes(state) ? t(`booking.state.${state}`) : null;
}
