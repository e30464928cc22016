// Every sentence that the widget itself shows comes from knowledge/widget/<language>.yml.

/**
 * @typedef {(key: string, values?: Record<string, string|number>) => string} Translate
 * @param {Record<string, string>} table
 * @returns {Translate}
 */
export function translator(table) {
  return (key, values = {}) => {
    if (!(key in table)) throw new Error(`no such string: ${key}`);
    return table[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
  };
}
