// Wiring: the list in chunks, filters, sign-off, keyboard, print.
const $ = (id) => document.getElementById(id);
const GROUP_BY_ID = new Map(GROUPS.map((group) => [group.id, group]));
const CHUNK = 40;
let found = { shown: [], places: 0, kinds: {}, sections: {} };
let chunks = [];
let chunkOfGroup = new Map();
let current = null;

function say(text, alarm = false) {
  $("status").textContent = text;
  $("status").classList.toggle("alarm", alarm);
}

// --- the list: rows come into being where the reader looks -----------------------------------------------------------
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) fill(entry.target);
}, { rootMargin: "900px 0px" });

function fill(chunk) {
  if (chunk.childElementCount) return;
  watcher.unobserve(chunk);
  chunk.style.minHeight = "";
  chunk.append(...chunk.items.map((item) => (typeof item === "string" ? el("h2", { class: "section" }, sectionTitle(item)) : row(item))));
}

function drawList() {
  watcher.disconnect();
  const items = [];
  let section = null;
  for (const group of found.shown) {
    if (group.section !== section) items.push((section = group.section));
    items.push(group);
  }
  chunks = [];
  chunkOfGroup = new Map();
  for (let start = 0; start < items.length; start += CHUNK) {
    const chunk = el("div", { class: "chunk" });
    chunk.items = items.slice(start, start + CHUNK);
    chunk.style.minHeight = `${chunk.items.length * 104}px`;
    for (const item of chunk.items) if (typeof item !== "string") chunkOfGroup.set(item, chunk);
    chunks.push(chunk);
  }
  if (chunks.length) fill(chunks[0]);
  $("list").replaceChildren(...chunks);
  for (const chunk of chunks.slice(1)) watcher.observe(chunk);
  $("none").hidden = found.shown.length > 0;
}

function countText() {
  const groups = found.shown.length, all = GROUPS.filter((group) => FILTER.quiet || !group.quiet).length;
  return `${groups === all ? "共" : `共${all}项，现列`}${groups}项${found.places !== groups ? `（${found.places}处）` : ""}`;
}

function refresh() {
  found = applyFilter();
  current = found.shown.includes(current) ? current : null;
  drawFacets();
  drawList();
  $("count").textContent = countText();
  $("filters-text").textContent = filterWords().length ? `筛选：${filterWords().join("；")}` : "";
  $("reset").disabled = filterWords().length === 0 && !FILTER.quiet;
}

function article(group) {
  const chunk = chunkOfGroup.get(group);
  if (!chunk) return null;
  fill(chunk);
  return document.getElementById(`g-${group.id}`);
}

function select(group, focus = true) {
  for (const node of document.querySelectorAll(".change.current")) node.classList.remove("current");
  current = group;
  const node = group && article(group);
  if (!node) return;
  node.classList.add("current");
  if (focus) node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest" });
}

function step(by) {
  if (!found.shown.length) return;
  const at = found.shown.indexOf(current);
  const next = at < 0 ? 0 : Math.min(found.shown.length - 1, Math.max(0, at + by));
  select(found.shown[next]);
}

// --- filters -----------------------------------------------------------------------------------------------------------
const facetButtons = { kinds: new Map(), sections: new Map() };

function makeFacet(name, titles) {
  for (const [key, title] of titles) {
    const button = el("button", { type: "button", "aria-pressed": "false", "data-key": key, onclick: () => {
      if (!FILTER[name].delete(key)) FILTER[name].add(key);
      refresh();
    } }, el("span", {}, title), el("span", { class: "figure" }));
    facetButtons[name].set(key, button);
    $(`facet-${name}`).append(button);
  }
}

function drawFacets() {
  for (const name of ["kinds", "sections"]) {
    for (const [key, button] of facetButtons[name]) {
      const count = found[name][key] || 0, pressed = FILTER[name].has(key);
      button.hidden = count === 0 && !pressed;
      button.setAttribute("aria-pressed", String(pressed));
      button.lastChild.textContent = count;
    }
  }
}

function makeSelect(id, key, options) {
  $(id).append(el("option", { value: "" }, "全部"), ...options.map(([value, title]) => el("option", { value }, title)));
  $(id).addEventListener("change", (event) => {
    FILTER[key] = event.target.value;
    refresh();
  });
}

function makeFilters() {
  const used = (of) => new Set(CHANGES.flatMap(of));
  const kinds = used((change) => [change.c]), kd = used((change) => change.kd), marks = used((change) => change.m), tiers = used((change) => change.ti);
  makeFacet("kinds", Object.entries(DATA.kinds).filter(([kind]) => kinds.has(kind)));
  makeFacet("sections", DATA.sections);
  makeSelect("f-class", "klass", Object.entries(DATA.classes).map(([code, name]) => [code, `${code} ${name}`]));
  makeSelect("f-kd", "kd", Object.entries(DATA.certificates).filter(([kind]) => kd.has(kind)));
  makeSelect("f-tier", "tier", DATA.tiers.filter((tier) => tiers.has(tier)).map((tier) => [tier, tier]));
  makeSelect("f-table", "table", Object.entries(DATA.tables));
  makeSelect("f-confidence", "confidence", Object.entries(CONFIDENCE).map(([key, [title]]) => [key, title]));
  makeSelect("f-mark", "mark", [["none", "无标记"], ...Object.entries(DATA.marks).filter(([mark]) => marks.has(mark))]);
  makeSelect("f-state", "state", Object.entries(DATA.states));
  $("quiet-label").hidden = !CHANGES.some((change) => QUIET.has(change.c));
  $("f-quiet").addEventListener("change", (event) => {
    FILTER.quiet = event.target.checked;
    refresh();
  });
  $("search").addEventListener("input", (event) => {
    FILTER.terms = event.target.value.split(/\s+/).map(fold).filter(Boolean);
    refresh();
  });
  $("reset").addEventListener("click", () => {
    Object.assign(FILTER, { terms: [], kinds: new Set(), sections: new Set(), klass: "", kd: "", tier: "", table: "", confidence: "", mark: "", state: "", quiet: false });
    for (const control of document.querySelectorAll(".filters select, #search")) control.value = "";
    $("f-quiet").checked = false;
    refresh();
  });
}

// --- sign-off ------------------------------------------------------------------------------------------------------------
function drawProgress() {
  const signed = GROUPS.filter((group) => !group.quiet), counts = { accepted: 0, queried: 0, conflict: 0, open: 0 };
  for (const group of signed) counts[group.state] += 1;
  $("progress").max = Math.max(1, signed.length);
  $("progress").value = signed.length - counts.open;
  const parts = Object.entries(DATA.states).filter(([state]) => counts[state]).map(([state, word]) => `${word}${counts[state]}`);
  $("progress-text").textContent = `已签${signed.length - counts.open} / ${signed.length}项${parts.length ? `（${parts.join("，")}）` : ""}`;
  $("reviewer").textContent = reviewer ? `签核人：${reviewer}` : "";
  $("rename").textContent = reviewer ? "更改姓名" : "填写姓名";
}

function redrawSigns() {
  for (const node of document.querySelectorAll(".change")) drawSign(GROUP_BY_ID.get(node.dataset.group), node);
  drawProgress();
}

let afterName = null;

function askName(then) {
  afterName = then;
  $("name").value = reviewer;
  $("name-dialog").showModal();
}

// At the submit itself, not at the dialog's later "close": a key typed in between would go to another row.
$("name-dialog").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = event.submitter && event.submitter.value === "cancel" ? "" : $("name").value.trim();
  $("name-dialog").close();
  if (!given) return;
  rename(given);
  redrawSigns();
  if (afterName) afterName();
});

// `named`: the name was asked for this very decision; what that name decided before is then confirmed, not taken back.
function sign(group, verdict, named = false) {
  if (!reviewer) {
    askName(() => sign(group, verdict, true));
    return;
  }
  const own = mine(group), again = !named && own && own.decision === verdict;
  decide(group, again ? "open" : verdict, again || !own ? "" : own.comment);
  const node = article(group);
  if (node) drawSign(group, node);
  drawProgress();
  select(group, false);
  if (node && verdict === "queried" && !again) node.querySelector(".comment").focus();
  else if (node) node.focus({ preventScroll: true });
}

$("list").addEventListener("click", (event) => {
  const node = event.target.closest(".change");
  if (!node) return;
  const group = GROUP_BY_ID.get(node.dataset.group), verdict = event.target.closest("[data-verdict]");
  if (verdict) sign(group, verdict.dataset.verdict);
  else if (event.target.closest(".fold")) {
    select(group, false);
    toggleFold(node);
  } else if (!event.target.closest("textarea, summary")) select(group, false);
});
$("list").addEventListener("change", (event) => {
  if (!event.target.matches(".comment")) return;
  const node = event.target.closest(".change"), group = GROUP_BY_ID.get(node.dataset.group), own = mine(group);
  if (own) decide(group, own.decision, event.target.value.trim());
});
$("list").addEventListener("input", (event) => {
  if (!event.target.matches(".comment")) return;
  event.target.style.height = "auto";
  event.target.style.height = `${event.target.scrollHeight + 2}px`;
});
$("export").addEventListener("click", () => {
  if (document.activeElement && document.activeElement.matches(".comment")) document.activeElement.blur();
  exportSignoff();
});
$("rename").addEventListener("click", () => askName(null));
$("import").addEventListener("click", () => $("import-file").click());
$("import-file").addEventListener("change", async (event) => {
  const problems = [];
  for (const file of event.target.files) problems.push(importSignoff(file.name, await file.text()));
  const wrong = problems.filter(Boolean);
  if (wrong.length) say(wrong.join(""), true);
  event.target.value = "";
  redrawSigns();
  if (FILTER.state) refresh();
});
$("help").addEventListener("click", () => $("help-dialog").showModal());
$("print").addEventListener("click", () => window.print());

// --- keyboard --------------------------------------------------------------------------------------------------------------
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input:not([type=checkbox]), textarea, select")) {
    const done = event.key === "Enter" && !event.shiftKey && event.target.matches(".comment");
    if (event.key !== "Escape" && !done) return;
    event.preventDefault();
    event.target.blur();
    if (current) select(current);
    return;
  }
  const act = { j: () => step(1), k: () => step(-1), a: () => current && sign(current, "accepted"), q: () => current && sign(current, "queried"), "/": () => $("search").focus(), "?": () => $("help-dialog").showModal() }[event.key.toLowerCase()];
  if (act) {
    event.preventDefault();
    act();
  } else if (event.key === "Enter" && current && event.target === article(current)) {
    event.preventDefault();
    toggleFold(event.target);
  }
});

// --- print ------------------------------------------------------------------------------------------------------------------
window.addEventListener("beforeprint", () => {
  const words = filterWords();
  $("print-area").replaceChildren(el("p", { class: "count" }, countText(), words.length ? `　筛选：${words.join("；")}` : ""), el("p", { class: "count" }, $("progress-text").textContent), printSummary(found), printTable(found.shown));
});
window.addEventListener("afterprint", () => $("print-area").replaceChildren());

if (COMMON_MARKS.size) $("common").textContent = `全部变更：${[...COMMON_MARKS].map((mark) => DATA.marks[mark] || mark).join("；")}。`;
loadDecisions();
makeFilters();
drawProgress();
refresh();
