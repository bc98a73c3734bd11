// The dashboard of rocket_magic: one plain ES module, no build step, nothing loaded from elsewhere.
//
// Python (`_publisher.py`) sends what this page lacks; this page says what it shows ("show") and which
// button was pressed. All text of tasks, logs and options is untrusted: it is set as text (`h` makes text
// nodes), never as markup. Later tabs are one entry in TABS and one panel in `_panels.py`.

const ROW = 54; // px, fixed so that 10,000 tasks can be scrolled without drawing them
const WINDOW = 80; // rows asked for at a time
const PATIENCE = 1000; // ms until "waiting for the kernel…"
const RETRIES = [400, 1000, 2500, 5000, 10000]; // ms until an unanswered "show" is said again
const PING = 20000; // ms between two signs of life
const SILENCE = 10000; // ms until a sign of life that is not answered is told
const SVG = "http://www.w3.org/2000/svg";

const WORDS = {
  run: "running", success: "succeeded", fail: "failed",
  terminate: "terminated", inaction: "nothing to do", crash: "crashed",
};
const STATES = {
  running: "Running", held: "On hold", stopped: "Stopped", starting: "Starting…",
  stopping: "Stopping…", restarting: "Restarting…", crashed: "Crashed",
};
const ICONS = {
  rocket: "M12 2c3.6 2.2 5.4 5.6 5.2 9.8l2.3 3.1-.6 4.1-3.7-2.1H8.8L5.1 19l-.6-4.1 2.3-3.1C6.6 7.600 8.400 4.200 12 2zm0 6.200a1.900 1.900 0 1 0 0 3.800 1.900 1.900 0 0 0 0-3.800zM10 18.500h4L12 22.500z",
  play: "M8 5.500v13l10.500-6.500z",
  pause: "M7 5.500h3.500v13H7zM13.500 5.500H17v13h-3.500z",
  stop: "M6.500 6.500h11v11h-11z",
  power: "M11 3.500h2v8.500h-2zM7.600 6.200l1.300 1.500a5.500 5.500 0 1 0 6.200 0l1.300-1.500a7.500 7.500 0 1 1-8.800 0z",
  back: "M14.500 5.500L16 7l-5 5 5 5-1.500 1.500L8 12z",
  search: "M10.500 4a6.500 6.500 0 0 1 5.200 10.400l4.300 4.200-1.400 1.400-4.200-4.300A6.500 6.500 0 1 1 10.500 4zm0 2a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9z",
  close: "M6.400 5L12 10.600 17.600 5 19 6.400 13.400 12l5.600 5.600-1.400 1.400L12 13.400 6.400 19 5 17.600 10.600 12 5 6.400z",
  yes: "M9.500 17.300L4.200 12l1.500-1.500 3.800 3.800 8.800-8.800L19.800 7z",
  no: "M6.400 5L12 10.600 17.600 5 19 6.400 13.400 12l5.600 5.600-1.400 1.400L12 13.400 6.400 19 5 17.600 10.600 12 5 6.400z",
  unknown: "M11 16.500h2v2.200h-2zM12 5c2.500 0 4.200 1.500 4.200 3.600 0 1.600-.9 2.500-2 3.300-.9.700-1.200 1.100-1.200 2.100v.800h-2V14c0-1.800.800-2.600 1.900-3.400.8-.6 1.200-1 1.200-1.800 0-1-.8-1.700-2.100-1.700-1.300 0-2.200.8-2.300 2.100H7.600C7.700 6.600 9.500 5 12 5z",
};

// Small tools

function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "rm-icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

function button(label, { glyph, kind = "", title, bare = false, press }) {
  const element = h("button", {
    type: "button", class: `rm-button ${kind}${bare ? " rm-bare" : ""}`, title: title ?? (bare ? label : undefined),
    "aria-label": bare ? label : undefined, onclick: press,
  });
  if (glyph) element.append(icon(glyph));
  if (!bare) element.append(h("span", {}, label));
  return element;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setTitle(element, text) {
  if (text) { if (element.title !== text) element.title = text; } else element.removeAttribute("title");
}

// Characters that act instead of being seen (a name is the only text that comes unspelt).
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/g;
function visible(text) {
  return String(text).replace(UNSEEN, (c) => {
    const code = c.charCodeAt(0);
    if (c === "\n") return "\\n";
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

function span(seconds) {
  const s = Math.max(0, seconds);
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  return coarse(s);
}

function coarse(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const two = (a, unit, b, smaller) => (b ? `${a} ${unit} ${b} ${smaller}` : `${a} ${unit}`);
  if (s < 60) return `${s} s`;
  if (s < 3600) return two(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86400) return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return two(Math.floor(s / 86400), "d", Math.floor((s % 86400) / 3600), "h");
}

function ago(seconds) {
  if (seconds < 1) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

function capital(text) {
  return text ? text[0].toUpperCase() + text.slice(1) : text;
}

/** The session's time in the page: an offset to the page's clock, or where a virtual clock stands. */
class Time {
  constructor() { this.offset = 0; this.fixed = null; this.zone = undefined; this.formats = {}; }

  hear(now, clock) {
    const offset = now - Date.now() / 1000;
    // A message that was late on its way makes the offset too small: the largest one is the truest.
    if (this.fixed !== null || Math.abs(offset - this.offset) > 2 || offset > this.offset) this.offset = offset;
    this.fixed = clock === "real" ? null : now;
  }

  inZone(zone) {
    if (zone === this.zone) return;
    this.zone = zone;
    const make = (options) => {
      try { return new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }); }
      catch { return new Intl.DateTimeFormat("en-GB", options); }
    };
    const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
    this.formats = {
      clock: make(clock),
      minute: make({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
      day: make({ weekday: "short", day: "numeric", month: "short" }),
      date: make({ day: "numeric", month: "short", year: "numeric" }),
      key: make({ year: "numeric", month: "2-digit", day: "2-digit" }),
    };
  }

  now() { return this.fixed ?? Date.now() / 1000 + this.offset; }

  clock(at) { return this.formats.clock ? this.formats.clock.format(at * 1000) : ""; }

  /** "14:03:22" today, "Mon 30 Nov, 14:03" within half a year, else with the year. */
  moment(at) {
    if (!this.formats.clock) return "";
    const now = this.now() * 1000;
    const { key, day, date, minute } = this.formats;
    if (key.format(at * 1000) === key.format(now)) return this.clock(at);
    const far = Math.abs(at * 1000 - now) > 180 * 86400e3;
    return `${(far ? date : day).format(at * 1000)}, ${minute.format(at * 1000)}`;
  }
}

// What a task says of itself

function lastRun(row) {
  return row.running.length ? row.running[row.running.length - 1] : row.recent[row.recent.length - 1];
}

function mood(row) {
  if (row.running.length) return "run";
  if (row.disabled) return "disabled";
  if (row.problem && row.status !== "fail" && row.status !== "crash") return "problem";
  return row.status ?? "never";
}

function statusText(row, time) {
  if (row.running.length) {
    const [first] = row.running;
    const deaf = row.running.some((run) => /cannot be killed/.test(run.reason ?? ""));
    const text = row.running.length > 1 ? `${row.running.length} runs in flight` : deaf ? "Still running" : "Running";
    return first.start === null ? text : `${text} for ${coarse(time.now() - first.start)}`;
  }
  if (row.queued) return `${plural(row.queued, "run")} queued`;
  if (row.disabled) return "Disabled";
  return capital(WORDS[row.status] ?? "not run yet");
}

function reasonText(row) {
  if (row.running.length) return row.running.find((run) => run.reason)?.reason ?? row.description ?? "";
  return row.problem ?? (row.status === "fail" || row.status === "crash" ? row.error : row.description) ?? "";
}

function nextTexts(row, time, state) {
  if (row.disabled) return ["—", ""];
  if (row.next_at === null) return [row.next_text || "—", ""];
  const left = row.next_at - time.now();
  const at = time.moment(row.next_at);
  if (state && state.state !== "running") return [at, STATES[state.state] === "On hold" ? "on hold" : "when started"];
  if (left <= 0) return [time.fixed === null ? "now" : "due", at];
  return [`in ${coarse(Math.ceil(left))}`, at];
}

/** The last runs as bars: colour by outcome, height by duration. */
function bars(row, time) {
  const runs = [...row.recent, ...row.running].slice(-12);
  const box = h("span", { class: "rm-bars", role: "img" });
  const took = runs.map((run) => (run.start === null ? 0 : (run.end ?? time.now()) - run.start));
  const longest = Math.max(...took, 0.001);
  const count = {};
  runs.forEach((run, index) => {
    const height = 7 + Math.round(17 * Math.sqrt(Math.max(took[index], 0) / longest));
    const bar = h("span", { class: `rm-bar rm-is-${run.action}`, style: `height:${height}px` });
    const when = run.start === null ? "" : `${time.moment(run.start)} · `;
    bar.title = `${when}${WORDS[run.action] ?? run.action}${run.start === null ? "" : ` · ${span(took[index])}`}`
      + (run.reason ? `\n${run.reason}` : "");
    box.append(bar);
    const word = WORDS[run.action] ?? run.action;
    count[word] = (count[word] ?? 0) + 1;
  });
  const told = Object.entries(count).map(([word, n]) => `${n} ${word}`).join(", ");
  box.setAttribute("aria-label", told ? `last runs: ${told}` : "no runs yet");
  return box;
}

function dot(kind) {
  return h("span", { class: `rm-dot rm-is-${kind}`, "aria-hidden": "true" });
}

// The tasks tab

class TaskLine {
  constructor(app, name) {
    this.app = app;
    this.name = name;
    this.row = null;
    const open = () => app.openTask(name);
    this.dot = dot("never");
    this.title = h("button", { type: "button", class: "rm-link rm-name", onclick: open });
    setText(this.title, visible(name));
    this.title.title = visible(name);
    this.status = h("span", { class: "rm-status" });
    this.reason = h("span", { class: "rm-reason" });
    this.schedule = h("span", { class: "rm-schedule" });
    this.next = h("span", { class: "rm-next" });
    this.at = h("span", { class: "rm-minor" });
    this.bars = h("span", { class: "rm-bars" });
    this.since = h("span", { class: "rm-minor rm-since" });
    this.buttons = new TaskButtons(app, name, true);
    this.element = h("tr", { class: "rm-row" },
      h("td", { class: "rm-task" }, h("div", { class: "rm-two" },
        this.dot, h("div", { class: "rm-lines" }, this.title, h("div", { class: "rm-second" }, this.status, this.reason)))),
      h("td", {}, this.schedule),
      h("td", {}, h("div", { class: "rm-lines" }, this.next, this.at)),
      this.last = h("td", { class: "rm-last" }),
      h("td", { class: "rm-buttons" }, this.buttons.element));
    this.runs = h("div", { class: "rm-runs-cell" }, this.bars, this.since);
    this.last.append(this.runs);
  }

  update(row) {
    this.row = row;
    const { time } = this.app;
    this.dot.className = `rm-dot rm-is-${mood(row)}`;
    setText(this.schedule, row.schedule || "by hand");
    setTitle(this.schedule, row.schedule);
    this.schedule.classList.toggle("rm-faint", !row.schedule);
    const reason = reasonText(row);
    setText(this.reason, reason);
    setTitle(this.reason, reason);
    this.reason.classList.toggle("rm-bad", Boolean(row.problem || row.running.some((run) => /cannot be killed/.test(run.reason ?? "")) || (!row.running.length && row.error && /fail|crash/.test(row.status))));
    const fresh = bars(row, time);
    this.bars.replaceWith(fresh);
    this.bars = fresh;
    this.element.classList.toggle("rm-off", Boolean(row.disabled));
    this.buttons.update(row);
    this.tick();
  }

  tick() {
    if (!this.row) return;
    const { time, state } = this.app;
    setText(this.status, statusText(this.row, time));
    const [next, at] = nextTexts(this.row, time, state);
    setText(this.next, next);
    setTitle(this.next, next);
    setText(this.at, at);
    this.next.classList.toggle("rm-wrap", !at);
    const run = lastRun(this.row);
    const end = run && (run.end ?? run.start);
    setText(this.since, !run ? "no runs yet" : run.action === "run" ? "now" : end === null ? "" : ago(time.now() - end));
  }
}

class TaskButtons {
  constructor(app, name, bare) {
    this.app = app;
    const act = (command) => (event) => app.command(command, { task: name }, event.currentTarget);
    this.run = button(bare ? "Run" : "Run now", { glyph: "play", title: "Run now", kind: bare ? "rm-quiet" : "rm-main", press: act("run") });
    this.toggle = button("Disable", { glyph: "power", bare, press: (event) =>
      app.command(this.row?.disabled ? "enable" : "disable", { task: name }, event.currentTarget) });
    this.end = button("Terminate", { glyph: "stop", bare, press: act("terminate") });
    this.element = h("div", { class: "rm-group" }, this.run, this.toggle, this.end);
    this.label = visible(name);
    this.bare = bare;
    this.run.setAttribute("aria-label", `Run ${this.label} now`);
    this.end.setAttribute("aria-label", `Terminate the runs of ${this.label}`);
    this.update({ running: [] });
  }

  update(row) {
    this.row = row;
    const word = row.disabled ? "Enable" : "Disable";
    this.toggle.setAttribute("aria-label", `${word} ${this.label}`);
    this.toggle.title = word;
    this.toggle.classList.toggle("rm-lit", Boolean(row.disabled));
    if (!this.bare) setText(this.toggle.lastChild, word);
    // aria-disabled, not disabled: a button that disables itself would throw the keyboard focus away
    const idle = !row.running.length && !row.queued;
    this.end.setAttribute("aria-disabled", String(idle));
    this.end.title = idle ? "Nothing runs" : "Terminate";
  }
}

const COLUMNS = [
  ["name", "Task"], ["schedule", "Schedule"], ["next", "Next run"], ["last", "Last runs"], [null, "Actions"],
];

class TasksTab {
  constructor(app) {
    this.app = app;
    this.show = { query: "", standing: "all", sort: "defined", descending: false, offset: 0, limit: WINDOW };
    this.rows = new Map();
    this.lines = new Map();
    this.names = [];
    this.offset = 0;
    this.matched = 0;
    this.detail = new Detail(app, () => this.close());
    this.list = this.makeList();
    this.element = h("div", {}, this.list, this.detail.element);
    this.detail.element.hidden = true;
  }

  makeList() {
    this.search = h("input", { type: "search", class: "rm-input", placeholder: "Filter tasks", "aria-label": "Filter tasks by name, description or schedule", spellcheck: "false",
      oninput: () => { clearTimeout(this.typing); this.typing = setTimeout(() => this.choose({ query: this.search.value.slice(0, 200) }), 150); } });
    this.chips = h("div", { class: "rm-chips", role: "group", "aria-label": "Show" });
    this.chip = {};
    for (const [key, word] of [["all", "All"], ["running", "Running"], ["failing", "Failing"], ["disabled", "Disabled"]]) {
      const count = h("span", { class: "rm-count" });
      const chip = h("button", { type: "button", class: "rm-chip", onclick: () => this.choose({ standing: key }) }, word, count);
      this.chip[key] = { chip, count };
      this.chips.append(chip);
    }
    this.heads = {};
    const head = h("tr", {}, ...COLUMNS.map(([key, word]) => {
      if (!key) return h("th", { scope: "col", class: "rm-buttons" }, h("span", { class: "rm-hidden" }, word));
      const sorter = h("button", { type: "button", class: "rm-sorter", title: `Sort by ${word.toLowerCase()}`, onclick: () => this.sort(key) }, word, h("span", { class: "rm-arrow", "aria-hidden": "true" }));
      return (this.heads[key] = h("th", { scope: "col" }, sorter));
    }));
    this.above = h("tr", { "aria-hidden": "true", class: "rm-space" }, h("td", { colspan: 5 }));
    this.below = h("tr", { "aria-hidden": "true", class: "rm-space" }, h("td", { colspan: 5 }));
    this.body = h("tbody", {}, this.above, this.below);
    this.table = h("table", { class: "rm-table rm-tasks", "aria-label": "Tasks" }, h("thead", {}, head), this.body);
    this.scroll = h("div", { class: "rm-scroll", tabindex: "-1", onscroll: () => this.scrolled() }, this.table);
    this.empty = h("div", { class: "rm-empty" });
    this.sortMarks();
    return h("div", {},
      h("div", { class: "rm-tools" }, h("label", { class: "rm-search" }, icon("search"), this.search), this.chips),
      this.scroll, this.empty);
  }

  message() {
    return { ...this.show, ...this.detail.message() };
  }

  choose(change) {
    clearTimeout(this.scrolling); // a place in the list as it was before
    Object.assign(this.show, change);
    if (!("offset" in change)) { this.show.offset = 0; this.scroll.scrollTop = 0; }
    this.drawChips();
    this.app.sendShow();
  }

  sort(key) {
    const { sort, descending } = this.show;
    if (sort !== key) this.choose({ sort: key, descending: false });
    else if (!descending) this.choose({ descending: true });
    else this.choose({ sort: "defined", descending: false });
    this.sortMarks();
  }

  sortMarks() {
    for (const [key, head] of Object.entries(this.heads)) {
      const active = key === this.show.sort;
      head.setAttribute("aria-sort", active ? (this.show.descending ? "descending" : "ascending") : "none");
      head.querySelector(".rm-arrow").textContent = active ? (this.show.descending ? "▾" : "▴") : "";
    }
  }

  scrolled() {
    clearTimeout(this.scrolling);
    if (!this.scroll.clientHeight) return; // not on the screen
    const first = Math.floor(this.scroll.scrollTop / ROW);
    const visibleRows = Math.ceil(this.scroll.clientHeight / ROW);
    const covered = first >= this.offset && Math.min(first + visibleRows, this.matched) <= this.offset + this.names.length;
    const wanted = Math.max(0, first - Math.floor((WINDOW - visibleRows) / 2));
    if (this.matched <= this.names.length || (covered && Math.abs(wanted - this.offset) < WINDOW / 4)) return;
    if (wanted === this.show.offset && (covered || this.app.awaits("show"))) return; // else the answer was to older words
    this.scrolling = setTimeout(() => this.choose({ offset: wanted }), covered ? 150 : 40);
  }

  open(name) {
    this.detail.choose(name);
    this.list.hidden = true;
    this.detail.element.hidden = false;
    const known = this.rows.get(name);
    if (known) this.detail.hear("detail", { task: name, row: known });
    this.app.sendShow();
    this.detail.focus();
  }

  close() {
    const name = this.detail.task;
    this.detail.choose(null);
    this.detail.element.hidden = true;
    this.list.hidden = false;
    this.app.sendShow();
    (this.lines.get(name)?.title ?? this.search).focus({ preventScroll: true });
  }

  hear(panel, part) {
    if (panel !== "tasks") return this.detail.hear(panel, part);
    if (part.rows) for (const row of part.rows) this.rows.set(row.name, row);
    if (part.names) {
      this.names = part.names;
      this.offset = part.offset;
      this.matched = part.matched;
      this.counts = part.counts;
      const kept = new Set(part.names);
      for (const name of this.rows.keys()) if (!kept.has(name)) this.rows.delete(name);
      this.arrange();
      this.drawChips();
      this.scrolled(); // while the answer was on its way the list may have been scrolled on, or moved
    }
    for (const row of part.rows ?? []) this.lines.get(row.name)?.update(row);
  }

  arrange() {
    const wanted = new Set(this.names);
    for (const [name, line] of this.lines) if (!wanted.has(name)) { line.element.remove(); this.lines.delete(name); }
    let before = this.above;
    this.names.forEach((name, index) => {
      let line = this.lines.get(name);
      if (!line) {
        line = new TaskLine(this.app, name);
        this.lines.set(name, line);
        const row = this.rows.get(name);
        if (row) line.update(row);
      }
      line.element.setAttribute("aria-rowindex", this.offset + index + 2);
      if (before.nextSibling !== line.element) before.after(line.element);
      before = line.element;
    });
    this.table.setAttribute("aria-rowcount", this.matched + 1);
    this.above.firstChild.style.height = `${this.offset * ROW}px`;
    this.below.firstChild.style.height = `${Math.max(0, this.matched - this.offset - this.names.length) * ROW}px`;
    this.above.hidden = this.offset === 0;
    this.below.hidden = this.matched <= this.offset + this.names.length;
    this.table.hidden = this.matched === 0;
    this.empty.hidden = this.matched !== 0;
    this.empty.replaceChildren(...(this.counts.all
      ? [h("p", {}, "No task matches the filter.")]
      : [h("p", { class: "rm-big" }, "No tasks yet"), h("p", {}, "Turn a cell into one: begin it with ", h("code", {}, "%%task every 10 seconds"), ".")]));
  }

  drawChips() {
    for (const [key, { chip, count }] of Object.entries(this.chip)) {
      chip.setAttribute("aria-pressed", String(this.show.standing === key));
      setText(count, this.counts ? this.counts[key].toLocaleString("en") : "");
      chip.classList.toggle("rm-none", Boolean(this.counts && !this.counts[key]));
    }
  }

  tick() {
    if (this.detail.task !== null) this.detail.tick();
    else {
      for (const line of this.lines.values()) line.tick();
      this.scrolled();
    }
  }

  summary() {
    return this.counts;
  }

  /** The rows in the words of a picture that stays true: no countdown, no "ago". */
  still() {
    if (!this.counts) return null;
    const { time } = this.app;
    return this.names.slice(0, MOST_STILL).filter((name) => this.rows.has(name)).map((name) => {
      const row = this.rows.get(name);
      const status = row.running.length ? "running" : row.disabled ? "disabled" : WORDS[row.status] ?? "not run yet";
      const next = row.disabled ? "" : row.next_at === null ? row.next_text ?? "" : time.moment(row.next_at);
      return [visible(name), status, row.schedule || "by hand", next, row.problem ?? row.error ?? ""].map(String);
    });
  }
}

// One task

class Detail {
  constructor(app, close) {
    this.app = app;
    this.task = null;
    this.run = null;
    this.panel = "output";
    this.row = null;
    this.output = new OutputView(app);
    this.why = new WhyView(app);
    this.back = button("All tasks", { glyph: "back", kind: "rm-quiet", press: close });
    this.dot = dot("never");
    this.title = h("h3", { class: "rm-title", tabindex: "-1" });
    this.status = h("span", { class: "rm-minor" });
    this.actions = h("div", { class: "rm-group" });
    this.form = new RunForm(app, (open) => { if (!open) this.ask?.focus(); app.sendShow(); });
    this.note = h("div", { class: "rm-note rm-bad-note", hidden: true });
    this.facts = h("ul", { class: "rm-facts", "aria-label": "Facts" });
    this.runs = h("ul", { class: "rm-runs", "aria-label": "Runs" });
    this.parts = { output: h("button", { type: "button", class: "rm-part", onclick: () => this.turn("output") }, "Output"),
      why: h("button", { type: "button", class: "rm-part", onclick: () => this.turn("why") }, "Why") };
    this.pane = h("div", { class: "rm-pane" });
    this.element = h("section", { class: "rm-detail", "aria-label": "Task", onkeydown: (event) => {
      if (event.key !== "Escape") return;
      if (this.form.isOpen) this.form.turn(); else close();
    } },
      h("div", { class: "rm-detail-head" }, this.back),
      h("div", { class: "rm-detail-title" }, this.dot, h("div", { class: "rm-grow" }, this.title, this.status), this.actions),
      this.form.element, this.note, this.facts,
      h("div", { class: "rm-split" },
        h("div", { class: "rm-left" }, h("h4", {}, "Runs"), this.runs),
        h("div", { class: "rm-right" }, h("div", { class: "rm-parts", role: "group", "aria-label": "Show of this task" }, this.parts.output, this.parts.why), this.pane)));
    this.turnMarks();
  }

  message() {
    return this.task === null ? {} : { task: this.task, run: this.run, panel: this.panel, form: this.form.isOpen };
  }

  choose(name) {
    this.task = name;
    this.run = null;
    this.row = null;
    this.lines = new Map();
    this.runs.replaceChildren();
    this.facts.replaceChildren();
    this.status.textContent = "";
    this.note.hidden = true;
    this.output.clear();
    this.why.clear();
    this.form.choose(name);
    if (name === null) return;
    setText(this.title, visible(name));
    this.buttons = new TaskButtons(this.app, name, false);
    this.ask = button("Run with…", { title: "Run once with parameters", press: () => this.form.turn() });
    this.ask.setAttribute("aria-expanded", "false");
    this.form.opener = this.ask;
    this.actions.replaceChildren(this.ask, this.buttons.element);
  }

  focus() { this.title.focus({ preventScroll: true }); }

  turn(panel) {
    this.panel = panel;
    this.turnMarks();
    this.app.sendShow();
  }

  turnMarks() {
    for (const [name, element] of Object.entries(this.parts)) element.setAttribute("aria-pressed", String(name === this.panel));
    this.pane.replaceChildren(this.panel === "why" ? this.why.element : this.output.element);
  }

  pick(run) {
    this.run = run;
    if (this.panel !== "output") { this.panel = "output"; this.turnMarks(); }
    this.output.clear();
    this.drawRuns();
    this.app.sendShow();
  }

  hear(panel, part) {
    if (part.task !== undefined && part.task !== this.task) return;
    if (panel === "output") this.output.hear(part);
    else if (panel === "why") this.why.hear(part);
    else if (panel === "form") this.form.hear(part);
    else if (panel === "detail" && part.row === null) this.gone();
    else if (panel === "detail" && part.row) this.update(part.row);
  }

  gone() {
    this.note.hidden = false;
    setText(this.note, "This task is no longer there.");
    this.actions.replaceChildren();
    if (this.form.isOpen) this.form.turn();
  }

  update(row) {
    this.row = row;
    this.dot.className = `rm-dot rm-is-${mood(row)}`;
    this.buttons.update(row);
    const deaf = row.running.find((run) => /cannot be killed/.test(run.reason ?? ""));
    const trouble = deaf ? `A run was asked to end: ${deaf.reason}. Its thread goes on until its code returns.`
      : row.problem ?? (row.status === "fail" || row.status === "crash" ? row.error : null);
    this.note.hidden = !trouble;
    setText(this.note, trouble ?? "");
    this.facts.replaceChildren();
    const fact = (word, text) => {
      const value = h("span", {}, text);
      this.facts.append(h("li", {}, h("span", { class: "rm-minor" }, word), value));
      return value;
    };
    if (row.description) fact("Description", row.description);
    fact("Schedule", row.schedule || "by hand");
    this.next = fact("Next run", "");
    fact("Execution", row.execution);
    if (row.timeout) fact("Timeout", coarse(row.timeout));
    if (row.priority) fact("Priority", String(row.priority));
    this.drawRuns();
    this.tick();
  }

  drawRuns() {
    if (!this.row) return;
    const runs = [...this.row.recent, ...this.row.running].reverse();
    if (!runs.length) { this.runs.replaceChildren(h("li", { class: "rm-faint" }, "No runs yet.")); this.lines = new Map(); return; }
    const shown = this.run ?? runs[0].id;
    const kept = new Map();
    this.runs.replaceChildren(...runs.map((run) => {
      const line = this.lines.get(run.id) ?? this.makeRun(run.id);
      kept.set(run.id, line);
      line.update(run, run.id === shown);
      return line.element;
    }));
    this.lines = kept;
    this.output.told(runs.find((run) => run.id === shown));
  }

  makeRun(id) {
    const { time } = this.app;
    const mark = dot("run"), when = h("span", { class: "rm-run-when" }), word = h("span", { class: "rm-minor" }), took = h("span", { class: "rm-minor rm-took" });
    const element = h("li", {}, h("button", { type: "button", class: "rm-run", onclick: () => this.pick(id) }, mark, when, word, took));
    const line = { element, run: null,
      update(run, chosen) {
        line.run = run;
        mark.className = `rm-dot rm-is-${run.action}`;
        setText(when, run.start === null ? "" : time.moment(run.start));
        setText(word, (run.action === "run" && run.reason ? run.reason : WORDS[run.action] ?? run.action) + (run.attempt ? ` (retry ${run.attempt})` : ""));
        setTitle(element.firstChild, run.reason ?? "");
        if (chosen) element.firstChild.setAttribute("aria-current", "true"); else element.firstChild.removeAttribute("aria-current");
        line.tick();
      },
      tick() {
        const { run } = line;
        setText(took, run.start === null ? "" : run.end === null ? coarse(time.now() - run.start) : span(run.end - run.start));
      } };
    return line;
  }

  tick() {
    if (!this.row) return;
    const { time, state } = this.app;
    setText(this.status, statusText(this.row, time));
    const [next, at] = nextTexts(this.row, time, state);
    setText(this.next, at ? `${next} · ${at}` : next);
    for (const line of this.lines.values()) if (line.run.end === null) line.tick();
    if (this.panel === "why") this.why.tick();
  }
}

/** "Run with…": one field for each parameter; what is left empty stays as it is. */
class RunForm {
  constructor(app, turned) {
    this.app = app;
    this.turned = turned;
    this.isOpen = false;
    this.task = null;
    this.list = h("div", { class: "rm-run-fields" });
    this.error = h("div", { class: "rm-bad", role: "alert" });
    this.go = h("button", { type: "submit", class: "rm-button rm-main" }, icon("play"), h("span", {}, "Run with these"));
    this.element = h("form", { class: "rm-run-form", hidden: true, "aria-label": "Run with parameters", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h("p", { class: "rm-minor" }, "Python literals or JSON: 3, \"text\", [1, 2], {\"a\": null}. A field that is left empty keeps the value shown in it."),
      this.list, this.error, h("div", { class: "rm-group" }, this.go, button("Cancel", { press: () => this.turn() })));
  }

  choose(name) {
    this.task = name;
    this.isOpen = false;
    this.element.hidden = true;
    this.layout = null;
    this.fields = new Map();
    this.list.replaceChildren();
    this.fail(null);
  }

  turn() {
    this.isOpen = !this.isOpen;
    this.element.hidden = !this.isOpen;
    this.opener?.setAttribute("aria-expanded", String(this.isOpen));
    if (this.isOpen && this.layout) this.first();
    this.turned(this.isOpen);
  }

  first() { (this.fields.values().next().value ?? this.go).focus({ preventScroll: true }); }

  hear(part) {
    if (part.trouble) { this.fail(part.trouble); return; }
    const layout = JSON.stringify([part.fields.map((field) => [field.name, field.required]), part.open]);
    if (layout !== this.layout) {
      const fresh = this.layout === null;
      this.layout = layout;
      const typed = new Map([...this.fields].map(([name, input]) => [name, input.value]));
      this.fields = new Map();
      this.list.replaceChildren(...part.fields.map((field, index) => this.field(field, index, typed.get(field.name))));
      if (part.open) this.list.append(this.others());
      if (!part.fields.length && !part.open) this.list.append(h("p", { class: "rm-faint" }, "This task takes no parameters."));
      if (fresh && this.isOpen) this.first();
    }
    for (const field of part.fields) this.fields.get(field.name).placeholder = field.value || (field.required ? "required" : "");
  }

  field(field, index, typed) {
    const id = `rm-${this.app.view}-run-${index}`;
    const input = h("input", { id, type: "text", class: "rm-input", spellcheck: "false", autocomplete: "off", maxlength: "10000", "aria-required": field.required ? "true" : undefined, oninput: () => this.fail(null) });
    input.value = typed ?? "";
    this.fields.set(field.name, input);
    return h("label", { for: id, class: "rm-run-field" }, h("span", { class: "rm-option-name" }, visible(field.name)), input);
  }

  others() {
    this.more = h("input", { type: "text", class: "rm-input", spellcheck: "false", autocomplete: "off", placeholder: "{\"name\": value}", oninput: () => this.fail(null) });
    return h("label", { class: "rm-run-field" }, h("span", { class: "rm-option-name" }, "others (JSON)"), this.more);
  }

  fail(text, input) {
    setText(this.error, text ?? "");
    for (const one of this.fields?.values() ?? []) one.removeAttribute("aria-invalid");
    input?.setAttribute("aria-invalid", "true");
  }

  values() {
    const values = {};
    if (this.more?.isConnected && this.more.value.trim()) {
      const given = JSON.parse(this.more.value);
      if (given === null || typeof given !== "object" || Array.isArray(given)) throw new Error("not an object");
      for (const [name, value] of Object.entries(given)) values[name] = JSON.stringify(value);
    }
    for (const [name, input] of this.fields) if (input.value.trim()) values[name] = input.value;
    return values;
  }

  submit() {
    let values;
    try { values = this.values(); } catch { this.fail("others: this is no JSON object, write it like {\"name\": 3}", this.more); return; }
    this.fail(null);
    this.app.command("run_with", { task: this.task, values }, this.go, (error) => {
      if (!error) { if (this.isOpen) this.turn(); return; }
      const [name, input] = [...this.fields].find(([name]) => error.startsWith(`${name}: `)) ?? [];
      this.fail(error, input);
      if (name !== undefined) input.focus();
    });
  }
}

class OutputView {
  constructor(app) {
    this.app = app;
    this.head = h("div", { class: "rm-minor rm-output-head" });
    this.list = h("div", { class: "rm-outputs" });
    this.element = h("div", {}, this.head, this.list);
    this.clear();
  }

  clear() { this.items = []; this.known = false; this.run = null; this.list.replaceChildren(h("p", { class: "rm-faint" }, "…")); this.head.textContent = ""; }

  told(run) {
    this.run = run;
    if (!run) { setText(this.head, ""); return; }
    const when = run.start === null ? "" : ` · started ${this.app.time.moment(run.start)}`;
    this.head.title = visible(run.id);
    setText(this.head, `Run ${visible(run.id.length > 16 ? `${run.id.slice(0, 8)}…` : run.id)}${when} · ${WORDS[run.action] ?? run.action}${run.reason ? `: ${run.reason}` : ""}`);
    if (this.known && !this.items.length) this.drawEmpty();
  }

  drawEmpty() {
    const text = !this.run ? "Output of a run appears here." : this.run.action === "run" ? "No output so far." : "This run put nothing out.";
    this.list.replaceChildren(h("p", { class: "rm-faint" }, text));
  }

  hear(part) {
    if (part.trouble) { this.list.replaceChildren(h("p", { class: "rm-bad" }, part.trouble)); this.items = []; return; }
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 30;
    if (!this.items.length || part.from === 0) this.list.replaceChildren();
    this.items.length = part.from;
    while (this.list.children.length > part.from) this.list.lastChild.remove();
    for (const item of part.items) { this.items.push(item); this.list.append(this.draw(item)); }
    this.known = true;
    if (!this.items.length) this.drawEmpty();
    if (atEnd && this.run?.action === "run") this.list.scrollTop = this.list.scrollHeight;
  }

  draw(item) {
    if (item.kind === "picture") {
      const figure = h("figure", { class: "rm-figure" });
      const image = h("img", { alt: item.alt || "picture made by the task" });
      if (/^data:image\/(png|jpeg|gif|webp|svg\+xml)[;,]/.test(item.source)) image.src = item.source;
      figure.append(image);
      return figure;
    }
    const box = h("div", { class: `rm-output rm-${item.kind === "error" ? "error" : item.stream}` });
    if (item.cut) box.append(h("div", { class: "rm-minor" }, `${item.cut.toLocaleString("en")} earlier characters are left out here.`));
    if (item.text) box.append(h("pre", { tabindex: item.text.length > 2000 ? "0" : undefined }, item.text));
    if (item.more) box.append(h("div", { class: "rm-minor" }, item.more));
    if (item.html) box.append(this.frame(item.html));
    return box;
  }

  /** HTML of a task: on the user's click only, in a frame without scripts, origin or network. */
  frame(markup) {
    const open = button("Show as HTML", { kind: "rm-quiet", title: "In a frame without scripts and network", press: () => {
      const policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">";
      const frame = h("iframe", { sandbox: "", class: "rm-frame", title: "HTML output of the task", referrerpolicy: "no-referrer" });
      frame.srcdoc = `${policy}<style>body{font:13px system-ui,sans-serif;margin:8px}table{border-collapse:collapse}td,th{padding:2px 8px;text-align:right}</style>${markup}`;
      open.replaceWith(frame);
    } });
    return open;
  }
}

class WhyView {
  constructor(app) { this.app = app; this.element = h("div", { class: "rm-why" }); this.clear(); }

  clear() { this.clocks = []; this.element.replaceChildren(h("p", { class: "rm-faint" }, "…")); }

  hear(part) {
    this.clocks = [];
    if (part.error || part.trouble) { this.element.replaceChildren(h("p", { class: "rm-bad" }, part.error ?? part.trouble)); return; }
    this.element.replaceChildren(h("ul", { class: "rm-tree" }, this.node(part.tree)));
    this.tick();
  }

  node(node) {
    const kind = node.state === null ? "unknown" : node.state ? "yes" : "no";
    const word = { yes: "true", no: "false", unknown: "unknown" }[kind];
    const mark = h("span", { class: `rm-mark rm-${kind}` }, icon(kind), h("span", { class: "rm-hidden" }, `${word}: `));
    const more = h("span", { class: "rm-minor" });
    const line = h("div", { class: "rm-why-line" }, mark, h("div", { class: "rm-why-text" }, h("code", {}, node.text || "no condition"), node.reason ? h("span", { class: "rm-why-reason" }, node.reason) : null, more));
    const hints = [];
    if (node.polled && !node.children.length) hints.push("asked at each cycle");
    if (node.depends_on.length) hints.push(`changes when ${node.depends_on.join(", or ")}`);
    if (node.changes_at !== null && !node.children.length) this.clocks.push({ more, at: node.changes_at, hints });
    else setText(more, hints.join(" · "));
    const item = h("li", {}, line);
    if (node.children.length) item.append(h("ul", {}, ...node.children.map((child) => this.node(child))));
    if (node.cut) item.append(h("p", { class: "rm-minor" }, "… and more conditions"));
    return item;
  }

  tick() {
    const { time } = this.app;
    for (const { more, at, hints } of this.clocks) {
      const left = at - time.now();
      const text = left > 0 ? `may change in ${coarse(Math.ceil(left))}, at ${time.moment(at)}` : "changing now";
      setText(more, [text, ...hints].join(" · "));
    }
  }
}

// The log tab

class LogTab {
  constructor(app) {
    this.app = app;
    this.show = { log_task: "", log_action: "", log_after: null };
    this.pages = []; // where the newer pages begin
    this.opened = new Set();
    this.names = h("datalist", { id: `rm-names-${app.view}` });
    this.task = h("input", { type: "search", class: "rm-input", placeholder: "Task", "aria-label": "Show records of this task only", list: this.names.id, spellcheck: "false", autocomplete: "off",
      onchange: () => this.choose({ log_task: this.task.value }),
      oninput: () => { if (!this.task.value) this.choose({ log_task: "" }); } });
    this.action = h("select", { class: "rm-input", "aria-label": "Show records of this action only", onchange: () => this.choose({ log_action: this.action.value }) },
      h("option", { value: "" }, "All actions"), ...Object.entries(WORDS).map(([action, word]) => h("option", { value: action }, action === "run" ? "started" : word)));
    this.newer = button("Newer", { press: () => this.page(-1) });
    this.older = button("Older", { press: () => this.page(1) });
    this.where = h("span", { class: "rm-minor" });
    this.body = h("tbody");
    this.table = h("table", { class: "rm-table rm-log", "aria-label": "Task log, newest first" },
      h("thead", {}, h("tr", {}, ...["Time", "Task", "Action", "Took", "Message"].map((word) => h("th", { scope: "col" }, word)))), this.body);
    this.empty = h("div", { class: "rm-empty", hidden: true }, this.emptyText = h("p", {}, "No records."));
    this.trouble = h("p", { class: "rm-bad", hidden: true });
    this.element = h("div", {}, this.names,
      h("div", { class: "rm-tools" }, h("label", { class: "rm-search" }, icon("search"), this.task), this.action, h("span", { class: "rm-grow" }), this.where, h("div", { class: "rm-group" }, this.newer, this.older)),
      this.trouble, h("div", { class: "rm-scroll" }, this.table), this.empty);
  }

  message() { return this.show; }

  choose(change) { this.pages = []; this.go({ log_after: null, ...change }); }

  go(change) { Object.assign(this.show, change); this.app.sendShow(); }

  /** A page begins behind a record, not at a number: it stays while new records come in. */
  page(step) {
    if (step < 0 && this.pages.length) this.go({ log_after: this.pages.pop() });
    else if (step > 0 && this.more && this.last) { this.pages.push(this.show.log_after); this.go({ log_after: this.last }); }
  }

  hear(_panel, part) {
    this.trouble.hidden = !part.trouble;
    if (part.trouble) { setText(this.trouble, part.trouble); return; }
    const place = (after) => (after ? `${after.task}\n${after.run}\n${after.action}\n${after.at}` : "");
    if (place(part.after) !== place(this.show.log_after) || part.task !== this.show.log_task || part.action !== this.show.log_action) return;
    const last = part.rows[part.rows.length - 1];
    this.last = last ? { at: last.at, run: last.id, action: last.action, task: last.task } : null;
    this.more = part.more;
    this.newer.setAttribute("aria-disabled", String(!this.pages.length));
    this.older.setAttribute("aria-disabled", String(!part.more));
    setText(this.where, this.pages.length ? `page ${this.pages.length + 1}` : part.rows.length ? "newest first" : "");
    setText(this.emptyText, part.task || part.action ? "No record matches the filter." : "No records.");
    this.empty.hidden = part.rows.length > 0;
    this.table.hidden = part.rows.length === 0;
    this.names.replaceChildren(...[...new Set([...this.names.children].map((o) => o.value).concat(part.rows.map((row) => row.task)))].slice(-200).map((name) => h("option", { value: name })));
    const focus = this.body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    this.body.replaceChildren(...part.rows.flatMap((row) => this.draw(row)));
    if (focus) [...this.body.querySelectorAll("[data-key]")].find((element) => element.dataset.key === focus)?.focus({ preventScroll: true });
  }

  draw(row) {
    const { time } = this.app;
    const key = `${row.task}\n${row.id}\n${row.action}\n${row.at}`;
    const message = row.error ?? row.message ?? "";
    const cell = h("td", { class: "rm-message" });
    const line = h("tr", {},
      h("td", { class: "rm-nowrap" }, row.at === null ? "" : time.moment(row.at)),
      h("td", { class: "rm-log-task" }, h("button", { type: "button", class: "rm-link", title: visible(row.task), "data-key": `${key}\ntask`, onclick: () => this.app.openTask(row.task) }, visible(row.task))),
      h("td", { class: "rm-nowrap" }, dot(row.action), row.action === "run" ? "started" : WORDS[row.action] ?? row.action),
      h("td", { class: "rm-nowrap rm-minor" }, row.took === undefined || row.took === null ? "" : span(row.took)), cell);
    if (!row.traceback) { cell.append(h("span", { title: message }, message)); return [line]; }
    const open = this.opened.has(key);
    const trace = h("tr", { class: "rm-trace", hidden: !open }, h("td", { colspan: 5 }, h("pre", { tabindex: "0" }, row.traceback)));
    const toggle = h("button", { type: "button", class: "rm-link rm-bad", "aria-expanded": String(open), "data-key": key, title: "Show the traceback", onclick: () => {
      trace.hidden = !trace.hidden;
      toggle.setAttribute("aria-expanded", String(!trace.hidden));
      if (trace.hidden) this.opened.delete(key); else this.opened.add(key);
    } }, message);
    cell.append(toggle);
    return [line, trace];
  }

  tick() {}
}

// The configuration tab

class ConfigTab {
  constructor(app) {
    this.app = app;
    this.fields = new Map();
    this.search = h("input", { type: "search", class: "rm-input", placeholder: "Filter options", "aria-label": "Filter options", spellcheck: "false", oninput: () => this.filter() });
    this.only = h("input", { type: "checkbox", onchange: () => this.filter() });
    this.count = h("span", { class: "rm-minor" });
    this.list = h("div", { class: "rm-form" });
    this.trouble = h("p", { class: "rm-bad", hidden: true });
    this.element = h("div", {}, h("div", { class: "rm-tools" }, h("label", { class: "rm-search" }, icon("search"), this.search),
      h("label", { class: "rm-check" }, this.only, "Only changed"), h("span", { class: "rm-grow" }), this.count), this.trouble, this.list);
  }

  message() { return {}; }

  hear(_panel, part) {
    this.trouble.hidden = !part.trouble;
    if (part.trouble) { setText(this.trouble, part.trouble); return; }
    const groups = new Map();
    for (const option of part.options) {
      if (!this.fields.has(option.name)) this.fields.set(option.name, new OptionLine(this.app, option.name));
      const field = this.fields.get(option.name);
      field.update(option);
      if (!groups.has(option.group)) groups.set(option.group, []);
      groups.get(option.group).push(field.element);
    }
    const layout = part.options.map((option) => `${option.group}/${option.name}`).join();
    if (layout !== this.layout) {
      this.layout = layout;
      this.list.replaceChildren(...[...groups].map(([name, elements]) => h("section", {}, name ? h("h4", {}, name) : null, ...elements)));
    }
    const changed = part.options.filter((option) => option.changed).length;
    setText(this.count, changed ? `${plural(changed, "option")} changed` : "all at their defaults");
    this.filter();
  }

  filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const field of this.fields.values()) {
      const text = `${field.option.name} ${field.option.help}`.toLowerCase();
      field.element.hidden = (this.only.checked && !field.option.changed) || !words.every((word) => text.includes(word));
    }
    for (const section of this.list.children) section.hidden = ![...section.querySelectorAll(".rm-option")].some((element) => !element.hidden);
  }

  tick() {}
}

class OptionLine {
  constructor(app, name) {
    this.app = app;
    this.name = name;
    this.id = `rm-${app.view}-${name}`;
    this.label = h("label", { for: this.id, class: "rm-option-name" }, name);
    this.control = h("div", { class: "rm-control" });
    this.help = h("div", { class: "rm-minor", id: `${this.id}-help` });
    this.error = h("div", { class: "rm-bad", id: `${this.id}-error`, role: "alert" });
    this.was = h("span", { class: "rm-minor" });
    this.reset = button("Reset", { kind: "rm-quiet rm-small", press: () => this.send(this.option.default) });
    this.reset.setAttribute("aria-label", `Reset ${name} to its default`);
    this.changed = h("div", { class: "rm-changed", hidden: true }, this.was, this.reset);
    this.element = h("div", { class: "rm-option" }, h("div", { class: "rm-option-left" }, this.label, this.help),
      h("div", { class: "rm-option-right" }, this.control, this.error, this.changed));
  }

  update(option) {
    const before = this.option;
    this.option = option;
    if (!before || before.kind !== option.kind || String(before.choices) !== String(option.choices)) this.build();
    setText(this.help, option.fixed ? `${option.help} ${option.fixed}` : option.help);
    this.changed.hidden = !option.changed;
    this.element.classList.toggle("rm-differs", option.changed);
    const shown = option.default === true ? "on" : option.default === false ? "off" : option.default === "" ? "none" : option.default;
    setText(this.was, `default: ${shown}`);
    const editing = document.activeElement === this.input && !this.sending && before && this.read() !== before.value;
    if (!editing && !this.refused) this.write(option.value);
  }

  build() {
    const { kind, choices, fixed } = this.option;
    const send = () => { if (this.read() !== this.option.value || this.refused) this.send(this.read()); };
    const common = { id: this.id, "aria-describedby": `${this.id}-help ${this.id}-error`, onchange: send, disabled: Boolean(fixed) };
    if (kind === "switch") this.input = h("input", { type: "checkbox", role: "switch", class: "rm-switch", ...common });
    else if (kind === "choice") this.input = h("select", { class: "rm-input", ...common }, ...choices.map((choice) => h("option", { value: choice }, choice === "" ? "none" : choice)));
    else this.input = h("input", { type: "text", class: "rm-input", inputmode: kind === "number" ? "decimal" : undefined, spellcheck: "false", autocomplete: "off", placeholder: "none", ...common,
      oninput: () => { this.refused = false; this.mark(""); },
      onkeydown: (event) => { if (event.key === "Enter") send(); else if (event.key === "Escape") { this.refused = false; this.mark(""); this.write(this.option.value); } } });
    this.control.replaceChildren(this.input);
  }

  read() { return this.option.kind === "switch" ? this.input.checked : this.input.value; }

  write(value) {
    if (this.option.kind === "switch") this.input.checked = value === true;
    else if (this.input.value !== value) this.input.value = value;
  }

  mark(text) {
    setText(this.error, text);
    if (text) this.input.setAttribute("aria-invalid", "true"); else this.input.removeAttribute("aria-invalid");
    this.element.classList.toggle("rm-refused", Boolean(text));
  }

  send(value) {
    if (this.sending && this.sent === value) return; // Enter is followed by "change"
    this.sending = true;
    this.sent = value;
    this.app.command("set", { option: this.name, value: typeof value === "string" ? value.slice(0, 2000) : value }, this.input, (error) => {
      this.sending = false;
      this.refused = Boolean(error);
      this.mark(error ?? "");
      if (!error) this.write(value);
    });
  }
}

// The timeline tab

const SPANS = [["1 h", 3600], ["6 h", 21600], ["1 day", 86400], ["7 days", 604800]];
const MOST_SPAN = 366 * 86400;

class TimelineTab {
  constructor(app) {
    this.app = app;
    this.show = { timeline_span: 21600, timeline_shift: 0 };
    this.lanes = [];
    this.chosen = null;
    this.zooms = SPANS.map(([word, span]) => h("button", { type: "button", class: "rm-part", onclick: () => this.choose({ timeline_span: span }) }, word));
    const small = (word, label, press) => { const made = button(word, { kind: "rm-small", press }); made.setAttribute("aria-label", label); made.title = label; return made; };
    this.home = button("Now", { kind: "rm-small", title: "Put the present in the middle (Home)", press: () => this.choose({ timeline_shift: 0 }) });
    this.when = h("span", { class: "rm-minor" });
    this.readout = h("div", { class: "rm-minor rm-readout", role: "status" });
    this.marksBox = h("div", { class: "rm-marks" });
    this.axis = h("div", { class: "rm-axis", "aria-hidden": "true" }, this.marksBox);
    this.body = h("div", { class: "rm-lanes" });
    this.nowLine = h("div", { class: "rm-now" });
    this.plot = h("div", { class: "rm-plot", tabindex: "0", role: "application", "aria-roledescription": "timeline",
      "aria-label": "Timeline of runs. Up and down choose a task, left and right one of its runs, plus and minus zoom, page up and page down move, home goes to now.",
      onkeydown: (event) => this.key(event),
      onmouseover: (event) => { const at = event.target.dataset?.bar; if (at) this.tell(...at.split("/").map(Number)); },
      onclick: (event) => { const at = event.target.dataset?.bar; if (at) this.pick(...at.split("/").map(Number)); } },
      h("div", { class: "rm-chart" }, this.axis, this.body, this.nowLine));
    this.notes = h("ul", { class: "rm-timeline-notes rm-minor" });
    this.trouble = h("p", { class: "rm-bad", hidden: true });
    this.element = h("div", { class: "rm-timeline" },
      h("div", { class: "rm-tools" },
        h("div", { class: "rm-parts rm-flush", role: "group", "aria-label": "Span shown" }, ...this.zooms),
        h("div", { class: "rm-group" }, small("−", "Zoom out (-)", () => this.zoom(2)), small("+", "Zoom in (+)", () => this.zoom(0.5))),
        h("div", { class: "rm-group" }, small("‹", "Earlier (Page up)", () => this.pan(-0.5)), this.home, small("›", "Later (Page down)", () => this.pan(0.5))),
        h("span", { class: "rm-grow" }), this.when,
        h("span", { class: "rm-legend rm-minor" }, h("span", { class: "rm-tbar rm-is-success" }), "past", h("span", { class: "rm-tbar rm-planned rm-is-success" }), "forecast")),
      this.trouble, this.plot, this.readout, this.notes);
    this.marks();
  }

  message() { return this.show; }

  choose(change) {
    Object.assign(this.show, change);
    this.chosen = null;
    this.marks();
    this.app.sendShow();
  }

  zoom(factor) {
    this.choose({ timeline_span: Math.round(Math.min(MOST_SPAN, Math.max(60, this.show.timeline_span * factor))) });
  }

  pan(part) {
    const shift = Math.round(this.show.timeline_shift + part * this.show.timeline_span);
    this.choose({ timeline_shift: Math.max(-1e9, Math.min(1e9, shift)) });
  }

  marks() {
    SPANS.forEach(([, span], index) => this.zooms[index].setAttribute("aria-pressed", String(span === this.show.timeline_span)));
    this.home.setAttribute("aria-disabled", String(this.show.timeline_shift === 0));
  }

  hear(_panel, part) {
    this.trouble.hidden = !part.trouble;
    if (part.trouble) { setText(this.trouble, part.trouble); return; }
    this.part = part;
    const width = part.end - part.start;
    const place = (at) => (100 * (at - part.start)) / width;
    let free = -1;
    this.marksBox.replaceChildren(...part.ticks.map(([at, label, isDay]) => {
      const x = place(at);
      const fits = x >= free && x < 94;
      if (fits) free = x + Math.max(6, label.length * 0.85);
      return h("span", { class: `rm-tick${isDay ? " rm-day" : ""}`, style: `left:${x}%` }, fits ? h("span", {}, label) : null);
    }));
    this.lanes = part.lanes;
    this.body.replaceChildren(...part.lanes.map((lane, row) => h("div", { class: "rm-lane" },
      h("button", { type: "button", class: "rm-link rm-lane-name", tabindex: "-1", title: visible(lane.name), onclick: () => this.app.openTask(lane.name) }, visible(lane.name)),
      h("div", { class: "rm-track" }, ...lane.bars.map(([start, end, action, , planned], index) => {
        const left = Math.max(place(start), 0);
        const right = Math.min(place(end ?? (planned ? part.end : part.at)), 100);
        return h("span", { class: `rm-tbar rm-is-${/^[a-z]+$/.test(action) ? action : "inaction"}${planned ? " rm-planned" : ""}`, "data-bar": `${row}/${index}`,
          title: this.words(lane.name, lane.bars[index]), style: `left:${left}%;width:${Math.max(right - left, 0)}%` });
      })))));
    const now = place(part.at);
    this.nowLine.hidden = now < 0 || now > 100;
    this.nowLine.style.setProperty("--rm-at", String(now / 100));
    const { time } = this.app;
    setText(this.when, `${time.moment(part.start)} – ${time.moment(part.end)}${part.pending ? " · forecasting…" : ""}`);
    this.notes.replaceChildren(...part.notes.map((note) => h("li", {}, note)));
    if (this.chosen) this.mark();
    else if (!part.lanes.length) setText(this.readout, "No tasks yet.");
    else if (!part.lanes.some((lane) => lane.bars.length)) setText(this.readout, part.pending ? "" : "No runs in this span.");
    else if (/^No /.test(this.readout.textContent)) setText(this.readout, "");
  }

  words(name, [start, end, action, note, planned]) {
    const { time } = this.app;
    const word = planned ? (action === "run" ? "would start" : `forecast: ${WORDS[action] ?? action}`) : WORDS[action] ?? action;
    const took = end === null ? (planned ? "" : ` · for ${coarse(this.part.at - start)}`) : ` · ${span(end - start)}`;
    return `${visible(name)} · ${word} · ${time.moment(start)}${took}${note ? ` · ${note}` : ""}`;
  }

  tell(row, index) {
    const lane = this.lanes[row];
    if (lane?.bars[index]) setText(this.readout, this.words(lane.name, lane.bars[index]));
    else if (lane) setText(this.readout, `${visible(lane.name)} · ${lane.bars.length ? plural(lane.bars.length, "run") : "no runs here"}`);
  }

  pick(row, index) { this.chosen = { row, index }; this.mark(); this.tell(row, index); }

  mark() {
    for (const element of this.body.querySelectorAll(".rm-chosen")) element.classList.remove("rm-chosen");
    const { row, index } = this.chosen;
    this.body.children[row]?.classList.add("rm-chosen");
    this.body.querySelector(`[data-bar="${row}/${index}"]`)?.classList.add("rm-chosen");
    this.body.children[row]?.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== this.plot) return;
    const { row = -1, index = -1 } = this.chosen ?? {};
    const near = (lane) => { // the run nearest to now
      const bars = this.lanes[lane]?.bars ?? [];
      const first = bars.findIndex((bar) => bar[0] >= this.part.at);
      return bars.length ? (first < 1 ? bars.length - 1 : first - 1) : -1;
    };
    const turn = (to) => { const lane = Math.max(0, Math.min(this.lanes.length - 1, to)); this.pick(lane, near(lane)); };
    const along = (to) => { const lane = Math.max(row, 0); this.pick(lane, Math.max(0, Math.min((this.lanes[lane]?.bars.length ?? 0) - 1, to))); };
    const acts = {
      ArrowUp: () => turn(row - 1), ArrowDown: () => turn(row + 1), ArrowLeft: () => along(index - 1), ArrowRight: () => along(index + 1),
      "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), PageUp: () => this.pan(-0.5), PageDown: () => this.pan(0.5),
      Home: () => this.choose({ timeline_shift: 0 }), Enter: () => { if (this.lanes[row]) this.app.openTask(this.lanes[row].name); },
      1: () => this.choose({ timeline_span: SPANS[0][1] }), 2: () => this.choose({ timeline_span: SPANS[1][1] }),
      3: () => this.choose({ timeline_span: SPANS[2][1] }), 4: () => this.choose({ timeline_span: SPANS[3][1] }),
    };
    if (!acts[event.key] || !this.part) return;
    event.preventDefault();
    acts[event.key]();
  }

  tick() {}
}

// The clock tab

class ClockTab {
  constructor(app) {
    this.app = app;
    this.opened = new Set();
    const field = (label, hint, press) => h("input", { type: "text", class: "rm-input", "aria-label": label, placeholder: hint, title: label, spellcheck: "false", autocomplete: "off", maxlength: "200",
      onkeydown: (event) => { if (event.key === "Enter") press(); } });
    this.now = h("div", { class: "rm-clock-now" });
    this.where = h("div", { class: "rm-minor" });
    this.start = field("Where a virtual clock begins", "now, or 2026-03-28 22:00", () => this.goVirtual());
    this.zone = field("Zone of the virtual clock", "zone of the session", () => this.goVirtual());
    this.virtual = button("Go virtual", { kind: "rm-main", press: () => this.goVirtual() });
    this.real = button("Back to real time", { press: () => this.act("real", {}, this.real) });
    this.spanField = field("How far to step", "1 hour", () => this.step("span"));
    this.spanField.value = "1 hour";
    this.stepButton = button("Step", { kind: "rm-main", glyph: "play", press: () => this.step("span") });
    this.next = button("Next event", { title: "Go to the next instant at which something is due", press: () => this.step("next") });
    this.untilField = field("Until which moment", "2026-03-29 04:00", () => this.step("until"));
    this.until = button("Until", { press: () => this.step("until") });
    this.halt = button("Stop", { glyph: "stop", title: "Stop the step; runs in flight go on", press: () => this.act("halt", {}, this.halt) });
    this.bar = h("progress", { class: "rm-progress", max: "1", "aria-label": "Progress of the step" });
    this.doing = h("span", {});
    this.busy = h("div", { class: "rm-doing", role: "status" }, this.doing, this.bar, this.halt);
    this.error = h("div", { class: "rm-notice rm-bad-note rm-flush", role: "alert", hidden: true });
    this.steps = h("ol", { class: "rm-steps" });
    this.empty = h("p", { class: "rm-faint" }, "What each step runs is listed here.");
    this.ahead = h("input", { type: "checkbox" });
    this.aheadLabel = h("label", { class: "rm-check", title: "Like %rocket step --no-wait: timeouts and end conditions strike" }, this.ahead, "Move on while runs are in flight");
    this.moves = h("div", { class: "rm-clock-row" }, this.spanField, this.stepButton, this.next, h("span", { class: "rm-gap" }), this.untilField, this.until, this.aheadLabel);
    this.trip = h("div", { class: "rm-clock-row" }, this.start, this.zone, this.virtual, this.real);
    this.element = h("div", { class: "rm-clock" }, h("div", {}, this.now, this.where),
      h("section", { "aria-label": "Step" }, this.stepHead = h("h4", {}, "Step"), this.moves),
      h("section", { "aria-label": "Clock" }, h("h4", {}, "Clock"), this.trip, h("p", { class: "rm-minor" }, "Virtual time restarts the session on a clock that stands still until it is moved. Its log is kept apart from the real one.")),
      this.busy, this.error, h("section", { "aria-label": "Steps" }, h("h4", {}, "What the steps ran"), this.empty, this.steps));
    this.busy.hidden = true;
  }

  message() { return {}; }

  // While the clock is being moved the next press waits for its end: Enter must not be lost on a disabled button.
  act(type, fields, element) {
    const waits = type !== "halt" && this.part?.doing;
    this.later = waits ? { type, fields, element } : null;
    if (this.part) this.tellDoing();
    if (!waits) this.app.command(type, fields, element, (error) => this.fail(error));
  }

  tellDoing() {
    const { doing } = this.part;
    const then = this.later && { step: `step ${this.later.fields.text || "to the next event"}`, virtual: "a new virtual clock", real: "back to real time" }[this.later.type];
    setText(this.doing, doing ? `${doing}…${then ? ` Then: ${then}` : ""}` : "");
  }

  goVirtual() { this.act("virtual", { start: this.start.value.slice(0, 200), zone: this.zone.value.slice(0, 200) }, this.virtual); }

  step(how) {
    const text = how === "span" ? this.spanField.value : how === "until" ? this.untilField.value : "";
    this.act("step", { how, text: text.slice(0, 200), wait: !this.ahead.checked }, { span: this.stepButton, next: this.next, until: this.until }[how]);
  }

  fail(text) { this.error.hidden = !text; setText(this.error, text ?? ""); }

  hear(_panel, part) {
    if (part.trouble) { this.fail(part.trouble); return; }
    const isVirtual = part.clock === "virtual";
    const busy = Boolean(part.doing);
    if (part.error !== this.lastError || busy) this.fail(part.error);
    this.lastError = part.error;
    this.part = part;
    this.busy.hidden = !busy;
    this.tellDoing();
    if (part.progress === null) this.bar.removeAttribute("value"); else this.bar.value = part.progress;
    const off = (element, idle) => element.setAttribute("aria-disabled", String(Boolean(idle)));
    for (const element of [this.stepButton, this.next, this.until]) off(element, !isVirtual || busy);
    for (const element of [this.spanField, this.untilField, this.ahead]) element.disabled = !isVirtual;
    setText(this.stepHead, isVirtual ? "Step" : "Step (virtual time only)");
    off(this.virtual, busy);
    off(this.real, busy || part.clock === "real");
    off(this.halt, !busy);
    this.virtual.classList.toggle("rm-main", !isVirtual);
    setText(this.virtual.lastChild, isVirtual ? "Start anew" : "Go virtual");
    this.virtual.title = isVirtual ? "Another virtual clock, with a log of its own" : "";
    const words = { real: "Real time", virtual: "Virtual time: it stands still until it is moved", function: "A function of yours tells the time" };
    setText(this.where, `${words[part.clock] ?? part.clock} · ${part.zone} (${part.offset})`);
    if (part.steps) {
      this.empty.hidden = part.steps.length > 0;
      this.steps.replaceChildren(...part.steps.map((step, index) => this.line(step, index)));
    }
    this.tick();
    const { later } = this;
    if (!busy && later) {
      this.later = null;
      this.act(later.type, later.fields, later.element);
    }
  }

  line(step, index) {
    const { time } = this.app;
    const key = `${step.label} ${step.start} ${step.end}`;
    const runs = step.rows.filter((row) => row.action !== "run");
    const ended = `${plural(step.count, "record")}`;
    const more = h("details", { open: index === 0 || this.opened.has(key), ontoggle: () => { if (more.open) this.opened.add(key); else this.opened.delete(key); } },
      h("summary", {}, h("b", {}, step.label), h("span", { class: "rm-minor" }, ` ${time.moment(step.start)} → ${time.moment(step.end)} · ${step.count ? ended : "nothing was due"}`)));
    if (runs.length) more.append(h("table", { class: "rm-table rm-step-runs", "aria-label": `Runs of the step ${step.label}` }, h("tbody", {}, ...runs.map((row) => h("tr", {},
      h("td", { class: "rm-nowrap" }, time.moment(row.at)), h("td", {}, h("button", { type: "button", class: "rm-link", onclick: () => this.app.openTask(row.task) }, visible(row.task))),
      h("td", { class: "rm-nowrap" }, dot(row.action), WORDS[row.action] ?? row.action), h("td", { class: "rm-message" }, row.message ?? ""))))));
    if (step.count > step.rows.length) more.append(h("p", { class: "rm-minor" }, `${plural(step.count - step.rows.length, "later record")} of this step: see the Log tab.`));
    return h("li", {}, more);
  }

  tick() {
    const { time } = this.app;
    const now = time.now();
    setText(this.now, `${time.formats.day?.format(now * 1000) ?? ""} ${time.clock(now)}`);
  }
}

// The whole

const TABS = [
  { id: "tasks", title: "Tasks", make: TasksTab },
  { id: "timeline", title: "Timeline", make: TimelineTab },
  { id: "log", title: "Log", make: LogTab },
  { id: "config", title: "Config", make: ConfigTab },
  { id: "clock", title: "Clock", make: ClockTab },
];

class App {
  constructor(model, el) {
    this.model = model;
    this.view = `v${Math.random().toString(36).slice(2, 12)}`;
    this.time = new Time();
    this.state = null;
    this.pending = new Map();
    this.serial = 0;
    this.heard = null;
    this.dead = false;
    this.isSilent = false;
    this.tab = "tasks";
    this.notices = new Map();
    this.tabs = {};
    this.draw();
    el.append(this.root);
    this.onMessage = (message) => this.hear(message);
    this.onComm = () => this.checkComm();
    model.on("msg:custom", this.onMessage);
    model.on("comm_live_update", this.onComm);
    this.clock = setInterval(() => this.tick(), 1000);
    this.pinger = setInterval(() => this.ping(), PING);
    this.turn("tasks", { fresh: true });
  }

  close() {
    clearInterval(this.clock);
    clearInterval(this.pinger);
    clearTimeout(this.asking);
    clearTimeout(this.silence);
    for (const { timer } of this.pending.values()) clearTimeout(timer);
    this.pending.clear();
    this.model.off("msg:custom", this.onMessage);
    this.model.off("comm_live_update", this.onComm);
    if (!this.dead) this.send("bye", {}, { quiet: true });
    this.sight.disconnect();
    this.root.remove();
  }

  draw() {
    this.dot = dot("never");
    this.stateText = h("span", { class: "rm-state-word" }, "Connecting…");
    this.facts = h("span", { class: "rm-minor rm-head-facts" });
    this.chipBox = h("span", { class: "rm-head-chips" });
    this.clockText = h("span", { class: "rm-minor rm-head-clock" });
    this.go = button("Start", { glyph: "play", press: (event) => this.command(this.goes, {}, event.currentTarget) });
    this.halt = button("Stop", { glyph: "stop", press: (event) => this.command("stop", {}, event.currentTarget) });
    this.noticeBox = h("div", { class: "rm-notices" });
    this.live = h("div", { class: "rm-hidden", role: "status", "aria-live": "polite" });
    this.tabList = h("div", { class: "rm-tabs", role: "tablist", "aria-label": "Dashboard", onkeydown: (event) => this.arrow(event) });
    this.main = h("div", { class: "rm-main" });
    for (const { id, title } of TABS) {
      this.tabList.append(h("button", { type: "button", role: "tab", id: `${this.view}-tab-${id}`, "data-tab": id, "aria-controls": `${this.view}-panel-${id}`, onclick: () => this.turn(id) }, title));
    }
    this.root = h("div", { class: "rm-root", role: "region", "aria-label": "rocket_magic dashboard",
      onkeydown: (event) => event.stopPropagation() },
      h("div", { class: "rm-head" },
        h("span", { class: "rm-brand", "aria-hidden": "true" }, icon("rocket")),
        h("span", { class: "rm-state" }, this.dot, this.stateText), this.facts, this.chipBox,
        h("span", { class: "rm-head-end" }, this.clockText, h("span", { class: "rm-group" }, this.go, this.halt))),
      this.noticeBox, this.tabList, this.main, this.live);
    this.keepPlaces();
    this.drawState();
  }

  /** JupyterLab takes outputs that are out of sight out of the page, and a browser then forgets how far they were scrolled. */
  keepPlaces() {
    const places = new Map();
    this.root.addEventListener("scroll", ({ target }) => { if (target.isConnected) places.set(target, target.scrollTop); }, { capture: true, passive: true });
    this.sight = new IntersectionObserver((entries) => {
      if (!entries.at(-1).isIntersecting) return;
      for (const [box, top] of places) {
        if (!this.root.contains(box)) places.delete(box);
        else if (box.scrollTop !== top) box.scrollTop = top;
      }
    });
    this.sight.observe(this.root);
  }

  turn(id, extra = {}) {
    this.tab = id;
    if (!this.tabs[id]) {
      const tab = (this.tabs[id] = new (TABS.find((entry) => entry.id === id).make)(this));
      tab.box = h("div", { role: "tabpanel", id: `${this.view}-panel-${id}`, "aria-labelledby": `${this.view}-tab-${id}` }, tab.element);
      this.main.append(tab.box);
    }
    for (const [key, tab] of Object.entries(this.tabs)) tab.box.hidden = key !== id;
    for (const element of this.tabList.children) {
      const active = element.dataset.tab === id;
      element.setAttribute("aria-selected", String(active));
      element.tabIndex = active ? 0 : -1;
    }
    this.sendShow(extra);
  }

  arrow(event) {
    const index = TABS.findIndex((entry) => entry.id === this.tab);
    const target = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (target === undefined) return;
    const { id } = TABS[(target + TABS.length) % TABS.length];
    this.turn(id);
    this.tabList.querySelector(`[data-tab="${id}"]`).focus();
    event.preventDefault();
  }

  openTask(name) {
    if (this.tab !== "tasks") this.turn("tasks");
    this.tabs.tasks.open(name);
  }

  // Talking

  /** Say what this view shows. A view's first words may reach the kernel before JupyterLab has made the
      subshell that takes them while a cell runs: they would wait for that cell. Saying them again is free. */
  sendShow(extra = {}, attempt = 0) {
    if (extra.fresh) this.wantsAll = true;
    const id = this.send("show", { tab: this.tab, ...this.tabs[this.tab].message(), fresh: Boolean(this.wantsAll) });
    clearTimeout(this.asking);
    if (id === undefined) return;
    this.showId = id;
    if (attempt < RETRIES.length) this.asking = setTimeout(() => { if (this.pending.has(id)) this.sendShow({}, attempt + 1); }, RETRIES[attempt]);
  }

  command(type, fields, element, done) {
    if (element?.getAttribute("aria-disabled") === "true") return;
    element?.setAttribute("aria-busy", "true");
    this.send(type, fields, { done: (error) => {
      element?.removeAttribute("aria-busy");
      if (done) done(error);
      else this.notice("command", error, "bad");
      if (!error && fields.task !== undefined) this.say(`${visible(fields.task)}: ${type === "run_with" ? "run" : type} asked for`);
    } });
  }

  send(type, fields, { quiet = false, done } = {}) {
    if (this.dead) return;
    const id = ++this.serial;
    try {
      this.model.send({ type, view: this.view, id, ...fields });
    } catch {
      this.die();
      return;
    }
    if (quiet) return;
    const timer = setTimeout(() => this.notice("waiting", "Waiting for the kernel…", "calm"), PATIENCE);
    this.pending.set(id, { timer, done, type });
    return id;
  }

  awaits(type) {
    return [...this.pending.values()].some((one) => one.type === type);
  }

  checkComm() {
    this.send("ping", {}, { quiet: true });
  }

  /** A kernel that was shut down, or a server that is gone, tells nobody: its silence is all there is. */
  ping() {
    this.send("ping", {}, { quiet: true });
    clearTimeout(this.silence);
    if (this.dead) return;
    this.silence = setTimeout(() => {
      const since = this.heardAt ? `since ${this.time.clock(this.heardAt)}` : "yet";
      this.notice("waiting", `No word from the kernel ${since}: what is shown may be old. It is busy, was shut down, or the connection is lost.`, "calm");
      this.hush(true);
    }, SILENCE);
  }

  hush(isSilent) {
    this.isSilent = isSilent;
    this.root.classList.toggle("rm-silent", isSilent);
  }

  die() {
    if (this.dead) return;
    this.dead = true;
    this.root.classList.add("rm-dead");
    this.tabList.inert = this.main.inert = true;
    clearTimeout(this.silence);
    for (const { timer } of this.pending.values()) clearTimeout(timer);
    this.pending.clear();
    this.notice("waiting", null);
    this.hush(false);
    this.main.hidden = this.tabList.hidden = this.heard === null; // a saved page without kernel: there is nothing to show
    this.notice("dead", this.heard === null
      ? "Not connected: this page was saved with another kernel. Run %load_ext rocket_magic and %rocket show."
      : "Kernel restarted or shut down: this is the last state that was seen. Run %load_ext rocket_magic and %rocket show again.", "calm");
    this.drawState();
  }

  hear(message) {
    if (this.dead || !message || typeof message !== "object") return;
    clearTimeout(this.silence);
    if (this.isSilent) { this.hush(false); this.notice("waiting", null); this.sendShow({ fresh: true }); }
    if (this.heard !== null && message.n > this.heard + 1) this.sendShow({ fresh: true });
    this.heard = message.n;
    if (message.state) { this.state = message.state; this.time.inZone(message.state.zone); }
    if (message.now !== undefined && this.state) this.time.hear(message.now, this.state.clock);
    this.heardAt = this.time.now();
    if (message.state) this.drawState();
    this.notice("trouble", message.trouble ?? null, "bad");
    for (const reply of message.replies ?? []) if (reply.view === this.view) this.answered(reply);
    const parts = message.views?.[this.view];
    if (parts) for (const [panel, part] of Object.entries(parts)) this.give(panel, part);
    if (message.now !== undefined) this.drawFacts();
    if (this.time.fixed !== null && message.now !== undefined) this.tick();
  }

  give(panel, part) {
    const tab = ["tasks", "detail", "output", "why", "form"].includes(panel) ? "tasks" : panel;
    this.tabs[tab]?.hear(panel, part);
  }

  answered(reply) {
    const waiting = this.pending.get(reply.id);
    if (!waiting) { if (reply.error) this.notice("command", reply.error, "bad"); return; }
    const answered = waiting.type === "show" ? [...this.pending].filter(([id, one]) => one.type === "show" && id <= reply.id) : [[reply.id, waiting]];
    for (const [id, one] of answered) { clearTimeout(one.timer); this.pending.delete(id); }
    if (reply.id === this.showId) this.wantsAll = false;
    if (!this.pending.size) this.notice("waiting", null);
    if (waiting.done) waiting.done(reply.error ?? null);
    else if (reply.error) this.notice("command", reply.error, "bad");
  }

  say(text) { this.live.textContent = text; }

  notice(key, text, kind) {
    const old = this.notices.get(key);
    if ((old?.text ?? null) === (text || null)) return;
    if (old) { old.element.remove(); this.notices.delete(key); }
    if (!text) return;
    const element = h("div", { class: `rm-notice rm-${kind}-note`, role: kind === "bad" ? "alert" : "status" }, h("span", { class: "rm-grow" }, text));
    if (key === "command") element.append(button("Dismiss", { glyph: "close", bare: true, kind: "rm-quiet", press: () => this.notice("command", null) }));
    this.notices.set(key, { text, element });
    this.noticeBox.append(element);
  }

  // The scheduler's line

  drawState() {
    const state = this.state?.state;
    const kind = this.dead ? "never" : { running: "success", held: "terminate", stopping: "terminate", restarting: "terminate", starting: "terminate", crashed: "crash" }[state] ?? "never";
    this.dot.className = `rm-dot rm-is-${kind}`;
    const word = this.dead ? (this.heard === null ? "Not connected" : "Kernel gone") : STATES[state] ?? (state ? visible(state) : "Connecting…");
    if (this.stateText.textContent !== word) { setText(this.stateText, word); if (state) this.say(`Scheduler: ${word}`); }
    this.goes = state === "running" ? "hold" : state === "held" ? "resume" : "start";
    const words = { hold: ["Hold", "pause", "Start no runs until resumed"], resume: ["Resume", "play", "Start runs again"], start: ["Start", "play", "Start the scheduler"] }[this.goes];
    this.go.replaceChildren(icon(words[1]), h("span", {}, words[0]));
    this.go.title = words[2];
    this.halt.title = "Shut the scheduler down; runs in flight may end";
    const off = this.dead || !state;
    for (const [element, idle] of [[this.go, off || state === "stopping" || state === "restarting" || state === "starting"], [this.halt, off || state === "stopped" || state === "crashed"]]) {
      element.setAttribute("aria-disabled", String(Boolean(idle)));
    }
    this.notice("problem", this.dead ? null : this.state?.problem || null, state === "crashed" ? "bad" : "calm");
    const chip = (text, title) => h("span", { class: "rm-tag", title }, text);
    this.chipBox.replaceChildren(...[
      this.state?.lost ? chip(plural(this.state.lost, "lost record"), "Records that could not be written to the repository") : null,
      this.state?.silenced ? chip(plural(this.state.silenced, "silenced error"), "Errors that did not stop the scheduler, as the silence options say; see %rocket status") : null,
      this.state && this.state.clock !== "real" ? chip(`${this.state.clock} clock`, "Time does not flow by itself") : null,
    ].filter(Boolean));
    this.drawFacts();
  }

  drawFacts() {
    const counts = this.tabs.tasks?.summary();
    const parts = [];
    if (counts) parts.push(plural(counts.all, "task"));
    if (this.state?.in_flight) parts.push(plural(this.state.in_flight, "run in flight", "runs in flight"));
    if (counts?.failing) parts.push(`${counts.failing.toLocaleString("en")} failing`);
    setText(this.facts, parts.join(" · "));
    this.drawClock();
  }

  drawClock() {
    if (!this.state || this.dead) return;
    const now = this.time.now();
    const text = this.time.fixed === null ? this.time.clock(now) : `${this.time.formats.day?.format(now * 1000) ?? ""} ${this.time.clock(now)}`;
    setText(this.clockText, text);
    setTitle(this.clockText, `Session time, ${this.state.zone}`);
  }

  /** What a saved notebook keeps of this view; nothing before a first message. */
  picture() {
    const rows = this.tabs.tasks?.still();
    if (!rows || !this.state) return {};
    const { all } = this.tabs.tasks.summary();
    const rest = all > rows.length ? ` (the first ${rows.length} are shown)` : "";
    const seen = `${this.time.formats.day.format(this.heardAt * 1000)}, ${this.time.clock(this.heardAt)}`;
    return stillPicture(`scheduler ${visible(this.state.state)} · ${plural(all, "task")}${rest} · as of ${seen}`, rows);
  }

  tick() {
    if (this.dead || this.isSilent || document.hidden || !this.root.isConnected) return;
    this.drawClock();
    this.tabs[this.tab]?.tick();
  }
}

// The saved notebook
//
// ipywidgets saves a reference to a model that is gone with its kernel: opened again, the notebook would show
// an error in place of our table. So JupyterLab and Notebook are given the still picture alone as they save,
// of what this page saw last; a page that is loaded again beside its living kernel takes the reference back.
// Elsewhere (VS Code, Colab) the widget manager has no such context, and nothing is done.

const LIVE = "application/vnd.jupyter.widget-view+json";
const MARK = "rocket_magic"; // in the metadata of our outputs: the model's key and its id
const MOST_STILL = 100;

class SavedNotebook {
  constructor(model) {
    this.key = model.get("_key");
    this.manager = model.widget_manager;
    this.context = this.manager?.context;
    this.app = null;
    this.begin().catch((error) => console.warn("rocket_magic: the saved notebook keeps no still picture:", error));
  }

  async begin() {
    const { context } = this;
    if (!context?.saveState?.connect || !context.model?.cells?.changed) return;
    await context.ready;
    context.saveState.connect((_, state) => { if (state === "started") this.guard(() => this.still()); });
    context.model.cells.changed.connect(() => queueMicrotask(() => this.guard(() => this.revive())));
    this.guard(() => this.revive());
  }

  guard(act) {
    try { act(); } catch (error) { console.warn("rocket_magic:", error); } // a page must save, whatever becomes of us
  }

  /** Before the notebook is written: only what is written changes, what is shown stays live. */
  still() {
    for (const cell of this.context.model.cells) {
      const shared = cell.sharedModel;
      (shared?.getOutputs?.() ?? []).forEach((output, index) => {
        if (!(LIVE in (output.data ?? {})) || output.metadata?.[MARK]?.key !== this.key) return;
        const { [LIVE]: _, ...data } = output.data;
        shared.updateOutputs(index, index + 1, [{ ...output, data: { ...data, ...this.app?.picture() } }], "silent-change");
      });
    }
  }

  /** After loading or moving a cell: what is shown becomes live again while its model lives. */
  revive() {
    const { model } = this.context;
    const { dirty } = model;
    for (const cell of model.cells) {
      const outputs = cell.outputs;
      for (let index = 0; index < (outputs?.length ?? 0); index++) {
        const output = outputs.get(index).toJSON();
        const mark = output.metadata?.[MARK];
        if (mark?.key !== this.key || LIVE in (output.data ?? {}) || !this.manager.has_model(mark.model)) continue;
        const reference = { version_major: 2, version_minor: 0, model_id: mark.model };
        outputs.set(index, { ...output, data: { ...output.data, [LIVE]: reference } });
      }
    }
    model.dirty = dirty;
  }
}

/** Tasks as a table for a page without style sheet and script, and as text. */
function stillPicture(title, rows) {
  const cell = "padding:4px 14px 4px 0;text-align:left;vertical-align:top;border-bottom:1px solid rgba(128,128,128,.3)";
  const table = [["Task", "Status", "Schedule", "Next run", "Last error"], ...rows];
  const lines = table.map((texts, line) => h("tr", {}, ...texts.map((text, column) =>
    h(line ? "td" : "th", { style: cell + (line && column ? "" : ";font-weight:600") }, text))));
  const box = h("div", { style: "font-size:13px;line-height:1.4" },
    h("div", { style: "padding:4px 0 8px" }, h("b", {}, "rocket_magic"), ` · ${title}`),
    h("table", { style: "border-collapse:collapse;font-size:13px" }, h("thead", {}, lines[0]), h("tbody", {}, ...lines.slice(1))));
  const widths = table[0].map((_, column) => Math.max(...table.map((texts) => texts[column].length)));
  const text = table.map((texts) => texts.map((one, column) => one.padEnd(widths[column])).join("  ").trimEnd());
  return { "text/html": box.outerHTML, "text/plain": [`rocket_magic · ${title}`, ...text].join("\n") };
}

const saved = new WeakMap(); // by widget manager: this module is loaded once for each model

export default {
  initialize({ model }) {
    if (model.widget_manager) saved.set(model.widget_manager, new SavedNotebook(model));
  },
  render({ model, el }) {
    const app = new App(model, el);
    const notebook = saved.get(model.widget_manager);
    if (notebook) notebook.app = app;
    return () => app.close();
  },
};
