// The message box: grows with its text, Enter sends, Shift+Enter breaks the line. What is typed outlives a reload.

const LONGEST = 2000;
const COUNT_FROM = 1800;

/**
 * @param {{composer: HTMLFormElement, box: HTMLTextAreaElement, left: HTMLElement, log: HTMLElement}} part
 * @param {import("./strings.js").Translate} t
 * @param {import("./memory.js").Memory} memory
 * @param {(text: string) => void} submit
 */
export function composer({ composer: form, box, left, log }, t, memory, submit) {
  const send = form.querySelector("button");
  function fit() {
    box.style.height = "auto";
    box.style.height = `${box.scrollHeight + box.offsetHeight - box.clientHeight}px`;
    left.textContent = box.value.length >= COUNT_FROM ? t("composer.left", { count: LONGEST - box.value.length }) : "";
    form.classList.toggle("filled", Boolean(box.value.trim()));
  }
  function put(text) {
    box.value = text;
    memory.keepDraft(text);
    fit();
  }
  box.addEventListener("input", () => put(box.value));
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (!text) return;
    put("");
    box.focus();
    submit(text);
  });
  box.value = memory.draft();
  return {
    fit,
    /** On a phone the focus would open the keyboard over what was just said. */
    focus: () => (matchMedia("(pointer: coarse)").matches ? log : box).focus({ preventScroll: true }),
    restore: (text) => {
      if (!box.value) put(text);
    },
    clear: () => put(""),
    enable: (enabled) => {
      box.disabled = send.disabled = !enabled;
    },
  };
}
