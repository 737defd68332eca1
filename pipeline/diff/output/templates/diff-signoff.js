// Decisions: who accepted or queried which group, kept in this browser under both releases' hashes.
const STORE = `xize-signoff:${DATA.sides[0].sha256}:${DATA.sides[1].sha256}`;
const NAME_STORE = "xize-signoff-name";
const VERDICTS = new Set(["accepted", "queried", "open"]);
const decisions = new Map(); // "group\nname" → the reviewer's latest decision
const byChange = new Map(); // change id → Map(name → decision)
let reviewer = "";

const decisionKey = (group, by) => `${group}\n${by}`;

function takeDecision(decision) {
  const key = decisionKey(decision.group, decision.by);
  const known = decisions.get(key);
  if (known && Date.parse(known.at) >= Date.parse(decision.at)) return false;
  decisions.set(key, decision);
  const touched = new Set();
  const ids = new Set([...(known ? known.change_ids : []), ...decision.change_ids]);
  for (const id of ids) {
    if (!byChange.has(id)) byChange.set(id, new Map());
    const of = byChange.get(id), old = of.get(decision.by);
    if (!decision.change_ids.includes(id)) {
      if (old === known) of.delete(decision.by);
    } else if (!old || Date.parse(old.at) <= Date.parse(decision.at)) {
      of.set(decision.by, decision);
    }
    if (GROUP_OF_CHANGE.has(id)) touched.add(GROUP_OF_CHANGE.get(id));
  }
  for (const group of touched) group.state = stateOf(group);
  return true;
}

// A group is signed as far as its least signed place (as `xize diff --signoff` counts it).
function stateOf(group) {
  const states = new Set(group.places.map((place) => {
    const given = new Set();
    for (const decision of (byChange.get(place.id) || new Map()).values()) if (decision.decision !== "open") given.add(decision.decision);
    return given.size === 2 ? "conflict" : given.size ? [...given][0] : "open";
  }));
  return ["conflict", "open", "queried", "accepted"].find((state) => states.has(state));
}

function decisionsOf(group) {
  const found = new Set();
  for (const place of group.places) for (const decision of (byChange.get(place.id) || new Map()).values()) found.add(decision);
  return [...found].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

const mine = (group) => decisions.get(decisionKey(group.id, reviewer));

function decide(group, decision, comment) {
  const known = mine(group);
  // Later than the decision it replaces, even when both fall into one millisecond.
  const at = new Date(Math.max(Date.now(), known ? Date.parse(known.at) + 1 : 0)).toISOString();
  takeDecision({ group: group.id, change_ids: group.places.map((place) => place.id), decision, comment, by: reviewer, at });
  save();
}

function save() {
  try {
    localStorage.setItem(STORE, JSON.stringify([...decisions.values()]));
  } catch {
    say("浏览器不允许本页保存签核：关闭本页之前请务必导出。", true);
  }
}

function validDecision(value) {
  return value && typeof value === "object" && typeof value.group === "string" && Array.isArray(value.change_ids)
    && value.change_ids.length > 0 && value.change_ids.every((id) => typeof id === "string") && VERDICTS.has(value.decision)
    && typeof value.by === "string" && value.by.trim() !== "" && typeof value.comment === "string" && !Number.isNaN(Date.parse(value.at));
}

function loadDecisions() {
  for (const decision of DATA.decisions) takeDecision(decision);
  try {
    reviewer = localStorage.getItem(NAME_STORE) || "";
    for (const decision of JSON.parse(localStorage.getItem(STORE) || "[]")) if (validDecision(decision)) takeDecision(decision);
  } catch {
    say("读不出本机浏览器中保存的签核：可用“导入签核”恢复。", true);
  }
}

function rename(name) {
  reviewer = name.trim().slice(0, 80);
  try {
    localStorage.setItem(NAME_STORE, reviewer);
  } catch {
    // The name is asked again next time; save() has said that nothing can be kept.
  }
}

function exportSignoff() {
  const file = { format: "xize-signoff", version: 1, before: DATA.sides[0], after: DATA.sides[1], decisions: [...decisions.values()] };
  const link = document.createElement("a");
  const [before, after] = DATA.sides.map((side) => `${side.edition}-${side.release}`);
  link.href = URL.createObjectURL(new Blob([JSON.stringify(file, null, 1)], { type: "application/json" }));
  link.download = `signoff-${before}--${after}${reviewer ? `-${reviewer.replace(/[\\/:*?"<>|\s]/g, "_")}` : ""}.json`;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  say(`已导出${decisions.size}条签核。`);
}

// Returns what was wrong with the file, or "" when it was taken in.
function importSignoff(name, text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    return `${name}不是JSON文件。`;
  }
  if (!file || file.format !== "xize-signoff" || file.version !== 1 || !Array.isArray(file.decisions) || !file.decisions.every(validDecision)) return `${name}不是本页导出的签核文件。`;
  const same = ["before", "after"].every((which, index) => file[which] && file[which].sha256 === DATA.sides[index].sha256);
  if (!same) return `${name}签的是另外的版本或发布（校验和不符），未导入。`;
  const taken = file.decisions.filter(takeDecision).length;
  save();
  say(`已从${name}导入${taken}条签核。`);
  return "";
}
