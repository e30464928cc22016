// Every sentence the page itself shows stands in strings.<language>.json.

/**
 * @typedef {(key: string, values?: Record<string, string|number>) => string} Translate
 * @param {string} language
 * @returns {Promise<Translate>}
 */
export async function loadStrings(language) {
  const response = await fetch(new URL(`strings.${language}.json`, import.meta.url));
  if (!response.ok) throw new Error(`strings.${language}.json: ${response.status}`);
  const table = await response.json();
  return (key, values = {}) => {
    if (!(key in table)) throw new Error(`no such string: ${key}`);
    return table[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}
