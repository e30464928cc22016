// Which scheme, which frame, how much room: everything about looks that a style sheet cannot find out by itself.

import { css, inkOn, mixed, readable } from "./colour.js";

const SCHEMES = {
  light: { surface: [255, 255, 255], ground: [250, 248, 244] },
  dark: { surface: [30, 40, 39], ground: [19, 26, 25] },
};
const SHEET = "(max-width: 480px), (max-height: 520px)";

/** Follow the wish of the page, or of the system, for light or dark; colour the accent so that it can be read. */
export function dress(frame, { accent, theme }) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function draw() {
    const name = ["light", "dark"].includes(theme) ? theme : dark.matches ? "dark" : "light";
    const { surface, ground } = SCHEMES[name];
    const light = name === "dark";
    const soft = (colour) => mixed(surface, colour, 0.12);
    const own = readable(accent, (colour) => [surface, ground, soft(colour)], light);
    const strong = mixed(own, light ? [255, 255, 255] : [16, 24, 23], 0.2);
    const values = { accent: own, "accent-strong": strong, "accent-soft": soft(own), "on-accent": inkOn(own) };
    for (const [key, colour] of Object.entries(values)) frame.style.setProperty(`--${key}`, css(colour));
    frame.dataset.scheme = name;
  }
  dark.addEventListener("change", draw);
  draw();
}

/**
 * On a small screen the chat is a sheet over the page: as large as what the keyboard leaves, and the page behind keeps
 * still. Elsewhere it floats beside the launcher.
 * @param {HTMLElement} frame
 * @param {(sheet: boolean) => void} changed
 */
export function floating(frame, changed) {
  const small = matchMedia(SHEET);
  const view = window.visualViewport;
  let shown = false;
  let scrolling = "";
  function fit() {
    const sheet = small.matches;
    frame.dataset.frame = sheet ? "sheet" : "float";
    if (sheet && shown && view) {
      frame.style.setProperty("--top", `${view.offsetTop}px`);
      frame.style.setProperty("--height", `${view.height}px`);
    }
    lock(sheet && shown);
    changed(sheet);
  }
  function lock(wanted) {
    const { style, dataset } = document.documentElement;
    if (wanted === (dataset.nmtLocked !== undefined)) return;
    if (wanted) {
      scrolling = style.overflow;
      style.overflow = "hidden";
      dataset.nmtLocked = "";
    } else {
      style.overflow = scrolling;
      delete dataset.nmtLocked;
    }
  }
  small.addEventListener("change", fit);
  view?.addEventListener("resize", fit);
  view?.addEventListener("scroll", fit);
  return {
    show: (wanted) => {
      shown = wanted;
      fit();
    },
    get sheet() {
      return small.matches;
    },
  };
}
