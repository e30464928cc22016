// Free times: the days in a row, and below them the times of the chosen day. Sent in words, as if they had been typed.

import { h, uniqueId } from "./dom.js";

/**
 * @param {{days: Array<{date: string, title: string, times: Array<{title: string}>}>, chosen?: string}} slots
 * @param {object} context t, say, send, botLanguage
 * @returns {{node: HTMLElement, settle: () => void}}
 */
export function slotPicker({ days, chosen }, { t, send, botLanguage }) {
  const times = h("div", { class: "times", role: "group" });
  const buttons = days.map((day) => dayButton(day));
  const strip = h("div", { class: "days", role: "group", "aria-label": t("slots.days") }, ...buttons);
  const zone = h("p", { class: "hint" }, t("slots.zone"));
  const node = h("div", { class: "slots" }, strip, times, zone);
  choose(Math.max(0, days.findIndex((day) => day.date === chosen)));
  return { node, settle };

  function dayButton(day) {
    const when = new Date(`${day.date}T12:00:00Z`);
    const part = (form) => new Intl.DateTimeFormat(botLanguage ?? undefined, { ...form, timeZone: "UTC" }).format(when);
    return h(
      "button",
      { type: "button", class: "day", "aria-label": day.title, on: { click: () => choose(days.indexOf(day)) } },
      h("span", {}, part({ weekday: "short" })),
      h("strong", {}, part({ day: "numeric" })),
      h("span", {}, part({ month: "short" })),
    );
  }

  function choose(at) {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === at)));
    const day = days[at];
    const title = h("p", { class: "prompt", id: uniqueId("day") }, day.title);
    times.setAttribute("aria-labelledby", title.id);
    const free = day.times.map((time) =>
      h("button", { type: "button", class: "choice", on: { click: () => take(day, time) } }, time.title),
    );
    times.replaceChildren(title, h("div", { class: "choices" }, ...free));
  }

  function take(day, time) {
    settle();
    const text = t("slots.words", { day: day.title, time: time.title });
    send({ text }, text);
  }

  /** What was chosen stands in the next message; the times themselves would soon be wrong. */
  function settle() {
    node.remove();
  }
}
