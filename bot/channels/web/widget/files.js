// Files for the client to keep: made in the browser from what the server holds.

import { h } from "./dom.js";

export function saveFile(root, text, type, name) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const anchor = h("a", { href: url, download: name, hidden: true });
  (root.body ?? root).append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The talk as a person would read it. */
export function transcriptText(messages, clinic, { t, locale }) {
  const form = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const lines = messages.map(({ author, at, text, reply }) => {
    const links = (reply?.links ?? []).map(({ title, url }) => `${title}: ${url}`);
    return [`${t(`author.${author}`)}, ${form.format(new Date(at))}`, text || t("item.withheld"), ...links].join("\n");
  });
  return [clinic.clinic ? t("page.title_of", { clinic: clinic.clinic }) : t("page.title"), ...lines].join("\n\n");
}
