// Small comforts for the console; every page works without them: the lists look for news, j and k move along them.
(() => {
  "use strict";
  const REFRESH_EVERY = 30_000;
  const KEY = "nmt-console-shortcuts";

  const list = document.querySelector("[data-refresh]");
  const news = document.querySelector("[data-news]");

  // Nothing is replaced under the hands of somebody who is filling in a form.
  const busy = (place) => {
    const focused = document.activeElement;
    const inUse = focused !== null && place.contains(focused) && !focused.matches("a.row-link");
    return inUse || place.querySelector("details[open]") !== null;
  };

  const refresh = async () => {
    const place = document.getElementById("list");
    if (!place || document.hidden || busy(place)) return;
    let answer;
    try {
      answer = await fetch(location.href, { headers: { "x-console-refresh": "1" }, redirect: "manual" });
    } catch {
      return;
    }
    if (!answer.ok) {
      if (answer.type === "opaqueredirect") location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("list");
    if (!fresh || busy(place)) return;
    const links = (where) => [...where.querySelectorAll("a.row-link")].map((link) => link.getAttribute("href"));
    const before = new Set(links(place));
    const added = links(fresh).filter((href) => !before.has(href)).length;
    const focused = document.activeElement?.closest("a.row-link")?.getAttribute("href");
    place.replaceChildren(...document.adoptNode(fresh).childNodes);
    const tabs = page.querySelector(".tabs");
    if (tabs) document.querySelector(".tabs")?.replaceChildren(...document.adoptNode(tabs).childNodes);
    if (focused) [...place.querySelectorAll("a.row-link")].find((a) => a.getAttribute("href") === focused)?.focus();
    if (added && news) news.textContent = added === 1 ? "1 new entry" : `${added} new entries`;
  };
  if (list) setInterval(refresh, REFRESH_EVERY);

  const help = document.querySelector("dialog.help");
  const choice = document.querySelector("[data-shortcuts]");
  const opener = document.querySelector("[data-help]");
  if (!help || !choice || !opener) return;
  const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
  choice.checked = stored() !== "off";
  choice.addEventListener("change", () => {
    try { localStorage.setItem(KEY, choice.checked ? "on" : "off"); } catch { /* private window: for this page only */ }
  });
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());

  document.addEventListener("keydown", (event) => {
    if (!choice.checked || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target instanceof Element && event.target.closest("input, textarea, select")) return;
    if (event.key === "?") {
      event.preventDefault();
      help.showModal();
      return;
    }
    if (event.key !== "j" && event.key !== "k") return;
    const links = [...document.querySelectorAll("#main a.row-link")];
    if (!links.length) return;
    const at = links.indexOf(document.activeElement);
    const next = event.key === "j" ? Math.min(at + 1, links.length - 1) : Math.max(at - 1, 0);
    links[next].focus();
    event.preventDefault();
  });
})();
