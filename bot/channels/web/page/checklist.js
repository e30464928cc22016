// A step of the health questions: each line is answered Yes, No or Not sure, and nothing is preset.
//
// "None of these" sets every line to No. It works only once the list could be read: on screen for four seconds, or
// scrolled to its end. It never turns a yes or a "not sure" into a no.

import { h, uniqueId } from "./dom.js";

const READING_TIME = 4000;
const TICK = 250;

/**
 * @param {{id: string, prompt: string, items: Array<{id: string, text: string}>, choices: string[]}} checklist
 * @param {{t: import("./strings.js").Translate, say: (text: string) => void,
 *   send: (body: object, shown: string) => void}} context
 * @returns {{node: HTMLElement, settle: () => void}} `settle` closes it when the conversation has moved on
 */
export function checklistForm(checklist, { t, say, send }) {
  const { items, choices } = checklist;
  const rows = items.map((item, index) => makeRow(item, index, choices, t));
  const sentinel = h("div", { class: "list-end", "aria-hidden": "true" });
  const list = h("div", { class: "list-rows" }, ...rows.map((row) => row.node), sentinel);

  const hintId = uniqueId("none-hint");
  const hint = h("p", { id: hintId, class: "hint" });
  const noneButton = h(
    "button",
    { type: "button", class: "choice none", "aria-disabled": "true", "aria-describedby": hintId, on: { click: chooseNone } },
    t("list.none"),
  );
  const count = h("p", { class: "hint count" });
  const problem = h("p", { class: "problem", id: uniqueId("missing"), tabindex: "-1" });
  const form = h(
    "form",
    { class: "list", novalidate: true, on: { submit: submit, change: changed } },
    checklist.prompt ? h("p", { class: "prompt" }, checklist.prompt) : null,
    list,
    choices.includes("no") ? h("div", { class: "none-line" }, noneButton, hint) : null,
    problem,
    h("div", { class: "send-line" }, h("button", { type: "submit", class: "strong" }, t("list.send")), count),
  );
  form.setAttribute("aria-label", checklist.prompt || t("list.label"));
  const node = h("div", {}, form);

  let read = false;
  const stopWatching = watchReading(list, sentinel, () => {
    read = true;
    refresh();
  });
  refresh();
  return { node, settle: () => close(null) };

  function refresh() {
    const marked = rows.some((row) => row.value() !== null && row.value() !== "no");
    const ready = read && !marked;
    noneButton.setAttribute("aria-disabled", String(!ready));
    hint.textContent = ready ? "" : t(marked ? "list.none_marked" : "list.none_wait");
    count.textContent = t("list.left", { answered: rows.filter((row) => row.value()).length, total: rows.length });
  }

  function changed(event) {
    rows.find((row) => row.node.contains(event.target))?.mark(null);
    if (rows.every((row) => !row.missing())) problem.textContent = "";
    refresh();
  }

  function chooseNone() {
    if (noneButton.getAttribute("aria-disabled") === "true") {
      say(hint.textContent);
      return;
    }
    for (const row of rows) {
      row.choose("no");
      row.mark(null);
    }
    problem.textContent = "";
    refresh();
    say(t("list.none_done"));
    form.querySelector('button[type="submit"]').focus();
  }

  function submit(event) {
    event.preventDefault();
    const open = rows.filter((row) => row.value() === null);
    for (const row of rows) row.mark(open.includes(row) ? t("list.missing_mark") : null);
    if (open.length) {
      const lines = joined(open.map((row) => row.number), t("list.and"));
      problem.textContent = t(open.length === 1 ? "list.missing_one" : "list.missing_many", { lines });
      say(problem.textContent);
      open[0].focus();
      return;
    }
    const answers = Object.fromEntries(rows.map((row) => [row.item.id, row.value()]));
    close(rows);
    send({ answers }, told(rows, t));
  }

  /** Leaves the lines to be read again, without controls. */
  function close(answered) {
    if (!form.isConnected) return;
    stopWatching();
    const lines = rows.map(({ item, value }) => {
      const choice = answered ? h("strong", {}, choiceLabel(value(), t)) : null;
      return h("li", {}, item.text, choice ? ": " : null, choice);
    });
    const title = t(answered ? "list.answered" : "list.closed");
    form.replaceWith(
      checklist.prompt ? h("p", {}, checklist.prompt) : "",
      h("details", { class: "fold" }, h("summary", {}, title), h("ol", {}, ...lines)),
    );
  }
}

function makeRow(item, index, choices, t) {
  const name = uniqueId("line");
  const number = index + 1;
  const mark = h("span", { class: "missing-mark" });
  const inputs = choices.map((choice) => h("input", { type: "radio", name, value: choice, id: uniqueId("choice") }));
  const node = h(
    "fieldset",
    { class: "row" },
    h("legend", {}, h("span", { class: "number" }, `${number}`), h("span", {}, item.text, " ", mark)),
    h(
      "div",
      { class: "three" },
      ...inputs.map((input) => h("label", { class: `pick ${input.value}` }, input, h("span", {}, choiceLabel(input.value, t)))),
    ),
  );
  return {
    item,
    node,
    number,
    value: () => inputs.find((input) => input.checked)?.value ?? null,
    choose: (choice) => {
      for (const input of inputs) input.checked = input.value === choice;
    },
    mark: (text) => {
      mark.textContent = text ?? "";
      node.classList.toggle("missing", Boolean(text));
    },
    missing: () => node.classList.contains("missing"),
    focus: () => inputs[0].focus(),
  };
}

function choiceLabel(choice, t) {
  return ["yes", "no", "unsure"].includes(choice) ? t(`list.choice.${choice}`) : choice;
}

/** What the client sees of the answers: every yes and "not sure" in full. */
function told(rows, t) {
  const noes = rows.filter((row) => row.value() === "no");
  if (noes.length === rows.length) return t("list.told_all_no", { total: rows.length });
  const answers = rows
    .filter((row) => row.value() !== "no")
    .map((row) => t("list.told_line", { choice: choiceLabel(row.value(), t), text: row.item.text }))
    .join("\n");
  return noes.length ? t("list.told_some", { answers, count: noes.length }) : t("list.told_only", { answers });
}

function joined(words, and) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${and} ${words.at(-1)}`;
}

/**
 * Calls `done` once: when at least half of the list, or of the window, was taken up by it for four seconds in all, or
 * when its end came into view by scrolling. An end that was in view from the beginning proves nothing.
 */
function watchReading(list, sentinel, done) {
  let onScreen = false;
  let endWasHidden = false;
  let seen = 0;
  const lines = new IntersectionObserver(
    ([entry]) => {
      const view = entry.rootBounds?.height ?? window.innerHeight;
      onScreen = entry.intersectionRatio >= 0.5 || entry.intersectionRect.height >= view / 2;
    },
    { threshold: Array.from({ length: 21 }, (_, step) => step / 20) },
  );
  const end = new IntersectionObserver(([entry]) => {
    if (!entry.isIntersecting) endWasHidden = true;
    else if (endWasHidden) finish();
  });
  lines.observe(list);
  end.observe(sentinel);
  const timer = setInterval(() => {
    if (!list.isConnected || document.hidden || !onScreen) return;
    seen += TICK;
    if (seen >= READING_TIME) finish();
  }, TICK);

  function stop() {
    clearInterval(timer);
    lines.disconnect();
    end.disconnect();
  }
  function finish() {
    stop();
    done();
  }
  return stop;
}
