// The health questions: each line is answered Yes, No or Not sure, and nothing is preset. One list, or all that are left.
//
// "None of these" sets every line of a list to No. It works only once the list could be read: on screen for four
// seconds, or scrolled to its end. It never turns a yes or a "not sure" into a no.

import { h, icon, uniqueId } from "./dom.js";

const READING_TIME = 4000;
const TICK = 250;
const CHECK = "m5 12.5 4.5 4.5L19 7.5";

/**
 * @typedef {{id: string, prompt: string, items: Array<{id: string, text: string}>, choices: string[], urgent?: boolean}} List
 * @param {List} checklist
 * @param {object} screening what `meta.screening` says; may be undefined
 * @param {object} context t, say, send, memory, openLists
 * @returns {{node: HTMLElement, settle: () => void}} `settle` closes it when the conversation has moved on
 */
export function checklistForm(checklist, screening, context) {
  const { t, say, send, memory, openLists } = context;
  const node = h("div");
  let stop = () => {};
  let lists = [checklist];
  let rows = [];
  let form = null;
  show();
  return { node, settle: () => close(null) };

  function show() {
    stop();
    const kept = memory.marks();
    const sections = lists.map((list) => section(list));
    rows = sections.flatMap((made) => made.rows);
    for (const row of rows) if (kept[markKey(row)]) row.choose(kept[markKey(row)]);
    const count = h("p", { class: "hint count" });
    const problem = h("p", { class: "problem", tabindex: "-1" });
    const early = h("div", { class: "early", role: "alert" });
    form = h(
      "form",
      { class: "list", novalidate: true, on: { submit, change, keydown } },
      lists.length > 1 ? h("p", { class: "hint" }, t("list.whole_hint")) : null,
      ...sections.map((made) => made.node),
      early,
      problem,
      h("div", { class: "send-line" }, h("button", { type: "submit", class: "strong" }, t("list.send")), count),
      lists.length === 1 && screening?.index < screening?.total - 1 ? wholeButton() : null,
    );
    form.setAttribute("aria-label", lists.length > 1 ? t("list.label") : checklist.prompt || t("list.label"));
    node.replaceChildren(form);
    stop = () => sections.forEach((made) => made.stop());
    form.refresh = () => {
      for (const made of sections) made.refresh();
      const answered = rows.filter((row) => row.value()).length;
      count.textContent = t("list.left", { answered, total: rows.length });
      form.classList.toggle("complete", answered === rows.length);
      if (rows.every((row) => !row.missing())) problem.textContent = "";
      warn(early, sections);
    };
    form.problem = problem;
    form.refresh();
  }

  /** One list with its own "None of these". */
  function section(list) {
    const made = list.items.map((item, index) => makeRow(item, index, list.choices, t));
    const sentinel = h("div", { class: "list-end", "aria-hidden": "true" });
    const lines = h("div", { class: "list-rows" }, ...made.map((row) => row.node), sentinel);
    const hint = h("p", { id: uniqueId("none-hint"), class: "hint" });
    const none = h(
      "button",
      { type: "button", class: "choice none", "aria-disabled": "true", "aria-describedby": hint.id, on: { click: chooseNone } },
      t("list.none"),
    );
    const title = h("p", { class: "prompt", id: uniqueId("prompt") }, list.prompt);
    let read = false;
    const stopWatching = watchReading(lines, sentinel, () => {
      read = true;
      refresh();
    });

    function refresh() {
      const marked = made.some((row) => row.value() !== null && row.value() !== "no");
      const ready = read && !marked;
      none.setAttribute("aria-disabled", String(!ready));
      hint.textContent = ready ? "" : t(marked ? "list.none_marked" : "list.none_wait");
    }
    function chooseNone() {
      if (none.getAttribute("aria-disabled") === "true") {
        say(hint.textContent);
        return;
      }
      for (const row of made) {
        row.choose("no");
        row.mark(null);
      }
      keep();
      form.refresh();
      say(t("list.none_done"));
      const open = rows.find((row) => row.value() === null);
      (open ?? { focus: () => form.querySelector('button[type="submit"]').focus() }).focus();
    }
    return {
      list,
      rows: made,
      stop: stopWatching,
      refresh,
      node: h(
        "div",
        { class: "section", role: lists.length > 1 ? "group" : null, "aria-labelledby": lists.length > 1 ? title.id : null },
        list.prompt ? title : null,
        lines,
        list.choices.includes("no") ? h("div", { class: "none-line" }, none, hint) : null,
      ),
    };
  }

  /** A warning sign must not wait until a long page is filled in: this is said right below its line. */
  function warn(place, sections) {
    const { list, rows: signs } = sections[0];
    const sign = sections.length > 1 && list.urgent && signs.find((row) => row.value() === "yes");
    if (Boolean(sign) === place.hasChildNodes()) return;
    if (!sign) {
      place.replaceChildren();
      return;
    }
    sign.node.after(place);
    place.append(
      h("p", {}, t("list.early")),
      h("button", { type: "button", class: "strong", on: { click: () => deliver(rows.filter((row) => row.value())) } }, t("list.early_send")),
    );
  }

  function wholeButton() {
    const button = h("button", { type: "button", class: "text whole", on: { click: whole } }, t("list.whole"));
    async function whole() {
      button.disabled = true;
      try {
        const open = await openLists();
        if (!form.isConnected) return;
        if (open.length > 1) {
          lists = open;
          show();
          rows[0].focus();
          say(t("list.whole_hint"));
          return;
        }
      } catch {
        say(t("list.whole_failed"));
        form.problem.textContent = t("list.whole_failed");
      }
      button.disabled = false;
    }
    return button;
  }

  function markKey(row) {
    return `${screening?.id ?? ""}/${row.item.id}`;
  }

  /** Half a list outlives a reload, and all lists do when they are shown one by one again. */
  function keep() {
    for (const row of rows) if (row.value()) memory.mark(markKey(row), row.value());
  }

  function change(event) {
    rows.find((row) => row.node.contains(event.target))?.mark(null);
    keep();
    form.refresh();
  }

  /** 1, 2, 3 answer a line and go on to the next one that is open. */
  function keydown(event) {
    const at = rows.findIndex((row) => row.node.contains(event.target));
    const choice = at >= 0 && /^[1-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (!choice || !rows[at].choices[event.key - 1]) return;
    event.preventDefault();
    rows[at].choose(rows[at].choices[event.key - 1]);
    rows[at].mark(null);
    keep();
    form.refresh();
    const next = rows.slice(at + 1).find((row) => row.value() === null);
    (next ?? { focus: () => form.querySelector('button[type="submit"]').focus() }).focus();
  }

  function submit(event) {
    event.preventDefault();
    const open = rows.filter((row) => row.value() === null);
    for (const row of rows) row.mark(open.includes(row) ? t("list.missing_mark") : null);
    if (!open.length) {
      deliver(rows);
      return;
    }
    const lines = joined(open.map((row) => row.number), t("list.and"));
    const key = lists.length > 1 ? "list.missing_count" : open.length === 1 ? "list.missing_one" : "list.missing_many";
    form.problem.textContent = t(key, { lines, count: open.length });
    say(form.problem.textContent);
    open[0].focus();
  }

  function deliver(answered) {
    const answers = Object.fromEntries(answered.map((row) => [row.item.id, row.value()]));
    close(answered);
    for (const row of answered) memory.mark(markKey(row), null);
    send({ answers }, told(answered, t));
  }

  /** Leaves the lines to be read again, without controls. */
  function close(answered) {
    if (!node.contains(form)) return;
    stop();
    const lines = rows.map((row) => {
      const choice = answered?.includes(row) ? h("strong", {}, choiceLabel(row.value(), t)) : null;
      return h("li", {}, row.item.text, choice ? ": " : null, choice);
    });
    const title = t(answered ? "list.answered" : "list.closed");
    node.replaceChildren(
      lists.length === 1 && checklist.prompt ? h("p", {}, checklist.prompt) : "",
      h("details", { class: "fold" }, h("summary", {}, title), h("ol", {}, ...lines)),
    );
  }
}

function makeRow(item, index, choices, t) {
  const name = uniqueId("line");
  const number = index + 1;
  const mark = h("span", { class: "missing-mark" });
  const inputs = choices.map((choice) => h("input", { type: "radio", name, value: choice, id: uniqueId("choice") }));
  const place = h("span", { class: "number", id: uniqueId("number") }, `${number}`);
  const text = h("span", { id: uniqueId("line-text") }, item.text, mark);
  const node = h(
    "div",
    { class: "row", role: "radiogroup", "aria-labelledby": `${place.id} ${text.id}` },
    h("p", { class: "line" }, place, text),
    h(
      "div",
      { class: "three" },
      ...inputs.map((input) =>
        h("label", { class: `pick ${input.value}` }, input, h("span", {}, icon(CHECK), choiceLabel(input.value, t))),
      ),
    ),
  );
  return {
    item,
    node,
    number,
    choices,
    value: () => inputs.find((input) => input.checked)?.value ?? null,
    choose: (choice) => {
      for (const input of inputs) input.checked = input.value === choice;
    },
    mark: (text) => {
      mark.textContent = text ?? "";
      node.classList.toggle("missing", Boolean(text));
    },
    missing: () => node.classList.contains("missing"),
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus(),
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
  return noes.length ? t("list.told_some", { answers, count: noes.length }) : answers;
}

function joined(words, and) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${and} ${words.at(-1)}`;
}

/**
 * Calls `done` once: when at least half of the list was in view, or half of the view was taken up by it, for four seconds in all, or
 * when its end came into view by scrolling. An end that was in view from the beginning proves nothing.
 */
function watchReading(list, sentinel, done) {
  let onScreen = false;
  let endWasHidden = false;
  let seen = 0;
  const lines = new IntersectionObserver(
    ([entry]) => {
      const view = list.closest("#log")?.clientHeight ?? window.innerHeight;
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
