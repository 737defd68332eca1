// What the page is about: changes, the groups they are decided in, and which of them the filters let through.
const DATA = JSON.parse(document.getElementById("data").textContent);
// Titles by section; a Map, because codes as keys of an object would lose their order.
const SECTIONS = new Map(DATA.sections);
const QUIET = new Set(DATA.quiet);
const MANY = "many";

function textOf(runs) {
  return runs ? runs.join("") : "";
}

const CHANGES = DATA.changes;
for (const change of CHANGES) {
  change.k = change.k || [];
  change.kd = change.kd || [];
  change.ti = change.ti || [];
  change.m = change.m || [];
  change.r = change.r || [null, null];
  const words = [DATA.kinds[change.c], change.w, change.f, textOf(change.r[0]), textOf(change.r[1]), SECTIONS.get(change.s)];
  for (const code of change.k) words.push(code, DATA.classes[code]);
  // A line break between the words: a search never runs from one into the next.
  change.haystack = words.filter(Boolean).map(fold).join("\n");
}

const GROUPS = (() => {
  const found = new Map();
  for (const change of CHANGES) {
    let group = found.get(change.g);
    if (!group) {
      group = { id: change.g, places: [], hits: [], state: "open" };
      found.set(change.g, group);
    }
    group.places.push(change);
  }
  const groups = [...found.values()];
  for (const group of groups) {
    const sections = new Set(group.places.map((place) => place.s));
    group.section = sections.size > 1 ? MANY : group.places[0].s;
    group.quiet = group.places.every((place) => QUIET.has(place.c));
  }
  // Changes made in many places come first: one decision settles them all.
  return [...groups.filter((group) => group.section === MANY), ...groups.filter((group) => group.section !== MANY)];
})();
// What holds for every change is said once, above the list.
const COMMON_MARKS = new Set(CHANGES.length > 1 ? CHANGES[0].m.filter((mark) => CHANGES.every((change) => change.m.includes(mark))) : []);
const marksOf = (change) => change.m.filter((mark) => !COMMON_MARKS.has(mark)).map((mark) => DATA.marks[mark] || mark);

const GROUP_OF_CHANGE = new Map();
for (const group of GROUPS) for (const place of group.places) GROUP_OF_CHANGE.set(place.id, group);

const sectionTitle = (section) => (section === MANY ? "多处相同的变更（一次决定）" : SECTIONS.get(section));

const FILTER = { terms: [], kinds: new Set(), sections: new Set(), klass: "", kd: "", tier: "", table: "", confidence: "", mark: "", state: "", quiet: false };

const CONFIDENCE = {
  sure: ["0.9及以上", (value) => value >= 0.9],
  fair: ["0.7至0.9", (value) => value >= 0.7 && value < 0.9],
  low: ["低于0.7", (value) => value < 0.7],
};

function passesRest(change, group) {
  const f = FILTER;
  if (!f.quiet && QUIET.has(change.c)) return false;
  if (f.klass && !change.k.includes(f.klass)) return false;
  if (f.kd && !change.kd.includes(f.kd)) return false;
  if (f.tier && !change.ti.includes(f.tier)) return false;
  if (f.table && change.t !== f.table) return false;
  if (f.confidence && !CONFIDENCE[f.confidence][1](change.n)) return false;
  if (f.mark && (f.mark === "none" ? change.m.length > 0 : !change.m.includes(f.mark))) return false;
  if (f.state && group.state !== f.state) return false;
  return f.terms.every((term) => change.haystack.includes(term));
}

// The groups that pass, their places that pass (group.hits), and counts by kind and section, each count as if its
// own filter were not set: it tells what a click would show.
function applyFilter() {
  const kinds = {}, sections = {};
  const shown = [];
  let places = 0;
  for (const group of GROUPS) {
    group.hits = [];
    for (const change of group.places) {
      if (!passesRest(change, group)) continue;
      const kind = FILTER.kinds.size === 0 || FILTER.kinds.has(change.c);
      const section = FILTER.sections.size === 0 || FILTER.sections.has(change.s);
      if (section) kinds[change.c] = (kinds[change.c] || 0) + 1;
      if (kind) sections[change.s] = (sections[change.s] || 0) + 1;
      if (kind && section) group.hits.push(change);
    }
    if (group.hits.length) {
      shown.push(group);
      places += group.hits.length;
    }
  }
  return { shown, places, kinds, sections };
}

function filterWords() {
  const f = FILTER, words = [];
  if (f.terms.length) words.push(`含“${f.terms.join(" ")}”`);
  for (const kind of f.kinds) words.push(DATA.kinds[kind]);
  for (const section of f.sections) words.push(SECTIONS.get(section));
  if (f.klass) words.push(`${f.klass} ${DATA.classes[f.klass]}`);
  if (f.kd) words.push(DATA.certificates[f.kd]);
  if (f.tier) words.push(f.tier);
  if (f.table) words.push(DATA.tables[f.table]);
  if (f.confidence) words.push(`可信度${CONFIDENCE[f.confidence][0]}`);
  if (f.mark) words.push(f.mark === "none" ? "无标记" : DATA.marks[f.mark]);
  if (f.state) words.push(DATA.states[f.state]);
  return words;
}
