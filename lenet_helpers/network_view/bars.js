// The answer of one network: a score and a probability for each class, and what it reads.
import { cellColor } from "./colors.js";
import { brief, element, fixed, percent, setText } from "./elements.js";
import { placeOfNumber } from "./sources.js";
import { WORDS, answerWords, joined, readingWords, say, spoken } from "./words.js";

const KEYS = { ArrowUp: -1, ArrowDown: 1 };

export function makeAnswer({ network, speaker, act }) {
  const last = network.stages.length - 1;
  const rows = network.classes.map((name) => makeRow(name));
  const board = element("div", { class: "nv-rows", tabindex: "0", role: "application" },
                        ...rows.map(({ row }) => row));
  const reading = element("p", { class: "nv-reading" });
  const whole = element("section", { class: "nv-answer" }, reading, board);
  let run = null, words = WORDS.blank, short = words, name = null, cursor = barPlace(0), plan;
  speaker.name(board, WORDS.answerRole, "aria-roledescription");

  function barPlace(column) {
    return { stage: last + 1, channel: 0, row: 0, column };
  }

  function scorePlace(index) {
    return { stage: last, ...placeOfNumber(network.stages[last], index) };
  }

  function indexOf({ stage, channel, column }) {
    return stage > last || network.stages[last].channels === 1 ? column : channel;
  }

  function arrange(height) {
    const tall = Math.max(12, Math.min(30, Math.floor(height / rows.length)));
    board.style.setProperty("--nv-row", `${tall}px`);
    plan = { scale: tall, columns: 1, across: 0, down: tall, mapLeft: 0,
             folded: network.stages[last].channels === 1 ? 1 : 0 };
  }

  // inked: there is a picture; refusal: what `refuse` said of it, or null; remarks: why there is none.
  function paint(next, reach, { inked = true, refusal = null, remarks = [] } = {}) {
    run = inked ? next : null;
    const read = run && readingWords(network, run);
    words = read?.words ?? (remarks.length ? joined(remarks, "；", "; ") : WORDS.blank);
    short = read?.short ?? words;
    rows.forEach(({ row, score, bar, share }, k) => {
      const value = run ? run.scores[k] : NaN, chance = run ? run.probabilities[k] : NaN;
      setText(score, run ? brief(value) : "");
      score.style.background = run ? cellColor(value, reach) : "";
      bar.style.transform = `scaleX(${chance >= 0 ? chance.toFixed(4) : 0})`;
      setText(share, run ? percent(chance) : "");
      row.classList.toggle("nv-best", k === read?.best);
    });
    refuse(refusal);
  }

  function refuse(refusal) {
    whole.classList.toggle("nv-refused", Boolean(run && refusal?.refused));
    whole.classList.toggle("nv-blank", !run);
    if (run && refusal?.refused) [words, short] = [refusalWords(refusal, true), refusalWords(refusal, false)];
    say(reading, name ? joined([name, short], "：", ": ") : words);
  }

  // The network's name, or null where there is only one.
  function rename(next) {
    name = next;
  }

  // What a screen reader says of the rows: what they show now.
  function describe() {
    if (!run) {
      speaker.name(board, WORDS.blank);
      return;
    }
    speaker.name(board, answerWords(network, run, words, indexOf(cursor)));
  }

  function placeOf(event) {
    const k = rows.findIndex(({ row }) => row.contains(event.target));
    if (k < 0) return null;
    return rows[k].score.contains(event.target) ? scorePlace(k) : barPlace(k);
  }

  function aim(place) {
    cursor = place;
    return cursor;
  }

  // origin: of the number that is pointed at, or null.
  function mark(place, origin) {
    const own = place && place.stage >= last ? indexOf(place) : -1;
    const isScore = place?.stage === last;
    board.classList.toggle("nv-fed", Boolean(origin) && place.stage < last);
    rows.forEach(({ row, score }, k) => {
      row.classList.toggle("nv-own", k === own && !isScore);
      row.classList.toggle("nv-fed-row", isScore);
      score.classList.toggle("nv-own", k === own && isScore);
      score.classList.toggle("nv-lit", own >= 0 && !isScore);
    });
  }

  board.addEventListener("pointermove", (event) => {
    const place = event.pointerType !== "touch" && placeOf(event);
    if (place) act.point(place);
  });
  board.addEventListener("pointerleave", () => act.leave());
  board.addEventListener("click", (event) => {
    const place = placeOf(event);
    if (place) act.pin(aim(place));
  });
  board.addEventListener("focus", () => {
    if (board.matches(":focus-visible")) act.point(cursor);
  });
  board.addEventListener("blur", () => act.leave());
  board.addEventListener("keydown", (event) => {
    const { key, ctrlKey, altKey, metaKey } = event;
    if (ctrlKey || altKey || metaKey) return;
    const next = key === "Enter" || key === " " ? cursor : neighbour(cursor, key);
    if (!next) return;
    event.preventDefault();
    act.pin(aim(next), "key");
    describe();
  });

  function neighbour(place, key) {
    const here = indexOf(place);
    if (key === "ArrowLeft") return scorePlace(here);
    if (key === "ArrowRight") return barPlace(here);
    if (!(key in KEYS)) return null;
    const next = Math.min(rows.length - 1, Math.max(0, here + KEYS[key]));
    return place.stage === last ? scorePlace(next) : barPlace(next);
  }

  return { element: whole, arrange, paint, refuse, rename, describe, aim, neighbour, mark, index: last, board,
           get plan() { return plan; }, get words() { return words; }, get cursor() { return cursor; } };
}

function makeRow(name) {
  const label = say(element("span", { class: "nv-class", title: spoken(name, "both") }), name);
  const score = element("span", { class: "nv-score" });
  const bar = element("span"), share = element("span", { class: "nv-share" });
  const row = element("div", { class: "nv-row" }, label, score,
                      element("span", { class: "nv-bar" }, bar), share);
  return { row, score, bar, share };
}

// "not a digit: like pieces pasted together (score 2.31 > 1.44)", or without the reason where there
// is little room; a remark has no score.
function refusalWords({ reason, score, threshold, isUnsure }, long) {
  const why = joined([isUnsure ? WORDS.unsure : WORDS.refused, long && reason], "：", ": ");
  if (!Number.isFinite(score)) return why;
  const odds = `${fixed(score, 2)}\u00a0>\u00a0${fixed(threshold, 2)}`;
  return long ? { zh: `${why.zh}（分数 ${odds}）`, en: `${why.en} (score ${odds})` }
    : { zh: `${why.zh}（${odds}）`, en: `${why.en} (${odds})` };
}
