// Plain text as paragraphs and lists, and which addresses may become links.

import { h } from "./dom.js";

const ITEM = /^\s*[-•]\s+(.*)$/;

/** A line without a full stop right above a list is its heading. */
const SENTENCE = /[.:!?…]$/;

/**
 * Each line is a paragraph; lines that begin with "- " make a list.
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
      if (!list) {
        const above = blocks.at(-1);
        if (above?.tagName === "P" && !blank && !SENTENCE.test(above.textContent)) above.className = "heading";
        list = h("ul");
        blocks.push(list);
      }
      list.append(h("li", {}, item[1]));
    } else {
      list = null;
      blank = !line.trim();
      if (!blank) blocks.push(h("p", {}, line.trim()));
    }
  }
  return blocks;
}

const SCHEMES = new Set(["https:", "tel:", "sms:", "mailto:"]);

/**
 * The address in the form the browser will open, or null where it must not be a link.
 * @param {unknown} url
 * @returns {URL | null}
 */
export function safeUrl(url) {
  if (typeof url !== "string") return null;
  let parsed;
  try {
    parsed = new URL(url, location.href);
  } catch {
    return null;
  }
  if (SCHEMES.has(parsed.protocol)) return parsed;
  // `blob:` addresses carry our origin as well, so the scheme counts too.
  return parsed.protocol === "http:" && parsed.origin === location.origin ? parsed : null;
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
  const outside = safe.protocol === "https:" && safe.origin !== location.origin;
  return h(
    "a",
    { href: safe.href, rel: "noopener noreferrer", target: outside ? "_blank" : null, class: className },
    title,
  );
}

/** The text of a reply without what this page shows better: the lines of a checklist and the rows of a table. */
export function ownText(reply) {
  let lines = reply.text.split(/\r?\n/);
  if (reply.checklist) {
    const items = reply.checklist.items.map((item) => item.text);
    // What follows the lines says how to answer them by typing numbers.
    const first = lines.findIndex((line) => items.some((text) => line.includes(text)));
    if (first >= 0) lines = lines.slice(0, first);
    lines = lines.map((line) => line.replace(reply.checklist.prompt, "").trimEnd());
  }
  if (reply.table) {
    const rows = reply.table.rows.map((row) => row.filter(Boolean));
    lines = lines.filter((line) => !rows.some((cells) => cells.length > 1 && cells.every((cell) => line.includes(cell))));
  }
  return lines.join("\n").trim();
}
