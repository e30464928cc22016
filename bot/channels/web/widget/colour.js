// Keeps a clinic's own colour readable: 4.5:1 between a text and every ground it stands on (WCAG 1.4.3).

import { luminance } from "./light.js";

const ENOUGH = 4.5;

/** The contrast of two colours, from 1 to 21. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** White or near black, whatever is read better on this ground. */
export function inkOn(ground) {
  const white = [255, 255, 255];
  const black = [16, 24, 23];
  return contrast(white, ground) >= contrast(black, ground) ? white : black;
}

export function mixed(one, other, share) {
  return one.map((part, index) => Math.round(part + (other[index] - part) * share));
}

/** The same colour with more light, or less: grey only as far as it must be. */
function moved(colour, share, light) {
  if (!light) return mixed(colour, [16, 24, 23], share);
  const brighter = colour.map((part) => 255 * (part / 255) ** (1 - share));
  return mixed(brighter, [255, 255, 255], share / 3);
}

/**
 * The colour, made lighter or darker by as little as makes it readable on all grounds.
 * @param {number[]} colour
 * @param {(colour: number[]) => number[][]} groundsOf the grounds that this colour stands on
 * @param {boolean} light whether to make it lighter
 */
export function readable(colour, groundsOf, light) {
  for (let step = 0; step < 20; step += 1) {
    const own = moved(colour, step / 20, light);
    if (groundsOf(own).every((ground) => contrast(own, ground) >= ENOUGH)) return own;
  }
  return light ? [255, 255, 255] : [16, 24, 23];
}

export function css(colour) {
  return `rgb(${colour.join(" ")})`;
}
