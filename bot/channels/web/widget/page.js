// The page of its own at /chat: nothing but the chat.

import { mount } from "__APP__";

const BUILT = "__BUILT__"; // {languages: {en: {url}}, locale, phone, emergency}

async function begin() {
  const wanted = [new URLSearchParams(location.search).get("locale"), ...navigator.languages, BUILT.locale, "en"];
  const language = wanted.map((tag) => (tag ?? "").toLowerCase().split("-")[0]).find((tag) => Object.hasOwn(BUILT.languages, tag));
  const strings = await (await fetch(BUILT.languages[language].url)).json();
  document.documentElement.lang = language;
  document.documentElement.dir = strings.dir;
  mount(document.body, {
    root: document,
    home: location.origin,
    strings,
    language,
    frame: "page",
    options: {},
    accent: [14, 101, 93],
    numbers: BUILT,
  });
}

begin();
