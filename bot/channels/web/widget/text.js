// Plain text as paragraphs and lists, and which addresses may become links.

import { h } from "./dom.js";

const ITEM = /^\s*(?:[-•]|(\d+)\.)\s+(.*)$/;

/** A line without a full stop right above a list is its heading. */
const SENTENCE = /[.:!?…]$/;

/**
 * Each line is a paragraph; lines that begin with "- " or "1. " make a list.
 * @param {string} text
 * @returns {HTMLElement[]}
 */
export function paragraphs(text) {
  const blocks = [];
  let list = null;
  let blank = true;
  for (const line of text.split(/\r?\n/)) {
    const item = ITEM.exec(line);
    if (item) {
      const tag = item[1] ? "OL" : "UL";
      if (list?.tagName !== tag) {
        const above = blocks.at(-1);
        if (above?.tagName === "P" && !blank && !SENTENCE.test(above.textContent)) above.className = "heading";
        list = h(tag, { start: item[1] && item[1] !== "1" ? item[1] : null });
        blocks.push(list);
      }
      list.append(h("li", {}, item[2]));
    } else {
      list = null;
      blank = !line.trim();
      if (!blank) blocks.push(h("p", {}, line.trim()));
    }
  }
  return blocks;
}

const LINKABLE = new Set(["https:", "tel:", "sms:", "mailto:"]);

/** Where the chat itself comes from: on the page of a clinic that is another origin than the page's. */
const HOME = new URL(import.meta.url).origin;

/**
 * The address in the form the browser will open, or null where it must not be a link.
 * @param {unknown} url
 * @returns {URL | null}
 */
export function safeUrl(url) {
  if (typeof url !== "string") return null;
  let parsed;
  try {
    parsed = new URL(url, HOME);
  } catch {
    return null;
  }
  if (LINKABLE.has(parsed.protocol)) return parsed;
  // `blob:` addresses carry our origin as well, so the scheme counts too.
  return parsed.protocol === "http:" && parsed.origin === HOME ? parsed : null;
}

/**
 * A link, or plain text where the address is not one of ours to open.
 * @param {string} title
 * @param {unknown} url
 * @param {string} [className]
 */
export function link(title, url, className) {
  const safe = safeUrl(url);
  if (!safe) return h("span", {}, title);
  const outside = safe.protocol.startsWith("http") && (safe.origin !== HOME || HOME !== location.origin);
  return h(
    "a",
    { href: safe.href, rel: "noopener noreferrer", target: outside ? "_blank" : null, class: className },
    title,
  );
}

/**
 * The text of a reply without what this page shows better. The text is complete for channels that can show nothing else,
 * so it repeats the step, the lines of a checklist, the choices of a question and the rows of a table.
 */
export function ownText(reply) {
  let lines = reply.text.split(/\r?\n/);
  const { screening } = reply.meta ?? {};
  if (screening && isStep(lines[0], screening)) lines.shift();
  if (reply.checklist) {
    const items = reply.checklist.items.map((item) => item.text);
    // What follows the lines says how to answer them by typing numbers.
    const first = lines.findIndex((line) => items.some((text) => line.includes(text)));
    if (first >= 0) lines = lines.slice(0, first);
    lines = lines.map((line) => line.replace(reply.checklist.prompt, "").trimEnd());
  }
  const offered = new Set([...(screening?.follow_up?.choices ?? []), ...titles(reply)].map(plain));
  lines = lines.filter((line) => !offered.has(plain(ITEM.exec(line)?.[2] ?? "")));
  if (reply.table) {
    const rows = reply.table.rows.map((row) => row.filter(Boolean));
    lines = lines.filter((line) => !rows.some((cells) => cells.length > 1 && cells.every((cell) => line.includes(cell))));
  }
  return lines.join("\n").trim();
}

/** "Step 2 of 6", in whatever words: a short line with just these two numbers. */
function isStep(line, { index, total }) {
  return line.length < 40 && (line.match(/\d+/g) ?? []).join(" ") === `${index} ${total}`;
}

function titles(reply) {
  return (reply.buttons ?? []).map((button) => button.title);
}

/** Labels are compared without case: a button begins with a capital where the sentence does not. */
export function plain(label) {
  return label.trim().toLowerCase();
}
