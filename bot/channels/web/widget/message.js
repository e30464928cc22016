// One message as an element: text first, then everything that helps to answer it.

import { checklistForm } from "./checklist.js";
import { h } from "./dom.js";
import { booking, buttonGroup, linkList, manyChoices, progress, sources, table, thumbs } from "./parts.js";
import { slotPicker } from "./slots.js";
import { ownText, paragraphs, plain } from "./text.js";

/** Kinds whose controls belong to one question and end with it. */
const ONE_TURN = new Set(["question", "confirm"]);

/**
 * @param {import("./conversation.js").Entry} entry
 * @param {object} context t, say, send, memory, openLists, locale, botLanguage
 * @returns {{node: HTMLElement, oneTurn: boolean, offers: (title: string) => boolean,
 *   settle: (chosen: string|null) => void}} `settle` closes a question of one turn as a whole, otherwise the one group
 *   of buttons that was used
 */
export function renderMessage(entry, context) {
  const { t } = context;
  const { author, reply } = entry;
  const meta = reply?.meta ?? {};
  const used = [];
  const use = (control) => {
    used.push(control);
    return control.node;
  };

  const parts = [];
  if (reply && meta.screening) parts.push(progress(meta.screening, context));
  parts.push(...paragraphs(reply ? ownText(reply) : entry.text || t("item.withheld")));
  if (reply) {
    if (reply.table) parts.push(table(reply.table, context));
    if (meta.booking) parts.push(booking(meta.booking, context));
    if (reply.links?.length) parts.push(linkList(reply.links, context));
    const controls = answers(reply, meta, context);
    if (reply.checklist) {
      const form = checklistForm(reply.checklist, meta.screening, context);
      // Where the reply asks "is that right?", its buttons answer that; the lines below are for changing one.
      if (meta.kind === "confirm") controls.push(form);
      else controls.unshift(form);
    }
    for (const control of controls) parts.push(use(control));
    if (meta.sources?.length) parts.push(sources(meta.sources, meta.reviewed_on, context));
    const feedback = (reply.buttons ?? []).filter((button) => isThumb(button, meta));
    if (feedback.length) parts.push(use(thumbs(feedback, context)));
  }

  const oneTurn = ONE_TURN.has(meta.kind) || Boolean(reply?.checklist || meta.screening);
  const label = h("span", { class: author === "staff" ? "author" : "unseen" }, t(`author.${author}`));
  const node = h(
    "li",
    { class: `message ${author}`, "data-kind": meta.kind ?? null },
    h("div", { class: "bubble", lang: author === "client" ? null : context.botLanguage, dir: "auto" }, label, ...parts),
    stamp(entry.at, context),
  );
  return {
    node,
    oneTurn,
    offers: (title) => used.some((control) => control.titles?.includes(title)),
    settle: (chosen) => {
      for (const control of used) if (oneTurn || control.titles?.includes(chosen)) control.settle(chosen);
    },
  };
}

/** What a screen reader hears of a new message. */
export function spoken(entry, t) {
  const { reply } = entry;
  const parts = [reply ? ownText(reply) : entry.text];
  if (reply?.checklist) parts.push(reply.checklist.prompt);
  return t("author.says", { author: t(`author.${entry.author}`), text: parts.filter(Boolean).join(" ") });
}

/** The hour of a message. */
export function stamp(at, { locale }) {
  const when = new Date(at ?? Date.now());
  if (Number.isNaN(when.getTime())) return null;
  return h("time", { class: "stamp", dir: "auto", datetime: when.toISOString() }, new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(when));
}

function answers(reply, meta, context) {
  const { t } = context;
  const followUp = meta.screening?.follow_up;
  const choices = followUp?.choices ?? [];
  const offered = (reply.buttons ?? []).filter((button) => !isThumb(button, meta));
  const groups = [];
  let buttons = offered.map(({ title, payload }) => ({ title, body: { payload } }));
  if (followUp?.multiple && choices.length) {
    // "Not sure" goes with no other choice, so it stays a button.
    const alone = new Set(offered.map(({ title }) => plain(title)).filter((title) => ["not sure", "unsure"].includes(title)));
    const boxes = choices.filter((choice) => !alone.has(plain(choice)));
    groups.push(manyChoices(boxes, context));
    buttons = buttons.filter(({ title }) => !boxes.some((choice) => plain(choice) === plain(title)));
  } else if (choices.length && !offered.length) {
    buttons = choices.map((choice) => ({ title: choice, body: { text: choice } }));
  }
  if (meta.slots?.days?.length) {
    groups.push(slotPicker(meta.slots, context));
    const shown = new Set(meta.slots.days.flatMap((day) => [day.title, ...day.times.map((time) => time.title)]).map(plain));
    buttons = buttons.filter(({ title }) => !shown.has(plain(title)));
  }
  if (buttons.length) groups.push(buttonGroup(buttons, t("buttons.label"), context, meta.kind === "confirm" ? "confirming" : ""));
  return groups;
}

/** The server says which of its buttons ask whether the answer helped. */
function isThumb({ title }, meta) {
  return meta.feedback?.includes(title) === true;
}
