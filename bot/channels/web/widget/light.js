// The light of a colour, as WCAG 2 counts it.

/**
 * @param {string} text a computed colour: "rgb(14, 101, 93)"
 * @returns {number[] | null} red, green, blue; null where it is written in another way
 */
export function parsed(text) {
  const found = /^rgba?\((\d+), (\d+), (\d+)/.exec(text);
  return found && found.slice(1).map(Number);
}

/** From 0, black, to 1, white. */
export function luminance(colour) {
  const [red, green, blue] = colour.map((part) => (part > 10 ? ((part / 255 + 0.055) / 1.055) ** 2.4 : part / 3295));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
