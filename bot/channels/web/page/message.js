// One message as an element: text first, then everything that helps to answer it.

import { checklistForm } from "./checklist.js";
import { h } from "./dom.js";
import { booking, buttonGroup, linkList, manyChoices, progress, sources, table } from "./parts.js";
import { ownText, paragraphs, plain } from "./text.js";

/** Kinds whose controls belong to one question and end with it. */
const ONE_TURN = new Set(["question", "confirm"]);

/**
 * @param {import("./conversation.js").Entry} entry
 * @param {object} context t, say, send, locale, timezone
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
  parts.push(...paragraphs(reply ? ownText(reply) : entry.text));
  if (reply) {
    if (reply.table) parts.push(table(reply.table, context));
    if (meta.booking) parts.push(booking(meta.booking, context));
    if (reply.links?.length) parts.push(linkList(reply.links, context));
    const controls = answers(reply, meta, context);
    if (reply.checklist) {
      const form = checklistForm(reply.checklist, context);
      // Where the reply asks "is that right?", its buttons answer that; the lines below are for changing one.
      if (meta.kind === "confirm") controls.push(form);
      else controls.unshift(form);
    }
    for (const control of controls) parts.push(use(control));
    if (meta.sources?.length) parts.push(sources(meta.sources, meta.reviewed_on, context));
    const thumbs = feedback(reply, context);
    if (thumbs) parts.push(use(thumbs));
  }

  const oneTurn = ONE_TURN.has(meta.kind) || Boolean(reply?.checklist || meta.screening);
  const label = h("span", { class: author === "staff" ? "author" : "unseen" }, t(`author.${author}`));
  const node = h(
    "li",
    { class: `message ${author}`, "data-kind": meta.kind ?? null },
    h("div", { class: "bubble", lang: meta.lang ?? null }, label, ...parts),
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

function answers(reply, meta, context) {
  const { t } = context;
  const thumbs = feedbackTitles(t);
  const followUp = meta.screening?.follow_up;
  const choices = followUp?.choices ?? [];
  const offered = (reply.buttons ?? []).filter((button) => !thumbs.has(button.title));
  const groups = [];
  let buttons = offered.map(({ title, payload }) => ({ title, body: { payload } }));
  if (followUp?.multiple && choices.length) {
    // "Not sure" goes with no other choice, so it stays a button.
    const alone = new Set(offered.map(({ title }) => plain(title)).filter((title) => title === plain(t("list.choice.unsure"))));
    const boxes = choices.filter((choice) => !alone.has(plain(choice)));
    groups.push(manyChoices(boxes, context));
    buttons = buttons.filter(({ title }) => !boxes.some((choice) => plain(choice) === plain(title)));
  } else if (choices.length && !offered.length) {
    buttons = choices.map((choice) => ({ title: choice, body: { text: choice } }));
  }
  if (buttons.length) groups.push(buttonGroup(buttons, t("buttons.label"), context));
  return groups;
}

function feedback(reply, context) {
  const { t } = context;
  const thumbs = feedbackTitles(t);
  const buttons = (reply.buttons ?? []).filter((button) => thumbs.has(button.title));
  if (!buttons.length) return null;
  const made = buttons.map(({ title, payload }) => ({ title, body: { payload } }));
  return buttonGroup(made, t("feedback.label"), context, "thumbs");
}

function feedbackTitles(t) {
  return new Set(t("feedback.titles").split("|"));
}
