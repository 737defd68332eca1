"use strict";
// The findings in the order of the work, filtered; the list grows as it is scrolled.
X.shown = [];
const STEP = 150;
let drawn = 0;

X.todo = (finding) => finding.status === "open" && !finding.reviewed;

X.filter = () => {
  const words = X.$("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const [code, queue, severity, status] = ["code", "queue", "severity", "status"].map((name) => X.$("filter-" + name).value);
  const here = X.$("filter-page").checked && X.page ? X.page.n : null;
  X.shown = X.state.findings.filter((one) => {
    if (code && one.code !== code) return false;
    if (queue && one.queue !== queue) return false;
    if (severity && one.severity !== severity) return false;
    if (status === "todo" && !X.todo(one)) return false;
    if (status === "reviewed" && !(one.reviewed && one.status === "open")) return false;
    if (["open", "accepted", "corrected"].includes(status) && one.status !== status) return false;
    if (here !== null && one.page !== here) return false;
    const text = (one.message + " " + one.evidence + " " + one.id).toLowerCase();
    return words.every((word) => text.includes(word));
  });
  X.drawList();
};

X.drawList = () => {
  const list = X.$("findings");
  list.replaceChildren();
  drawn = 0;
  X.drawMore();
  if (!X.shown.length) list.append(X.el("li", { class: "more" }, "没有符合条件的发现。"));
  X.$("count").textContent = `${X.shown.length}项`;
  X.markList(true);
};

X.drawMore = () => {
  const list = X.$("findings");
  for (const finding of X.shown.slice(drawn, drawn + STEP)) list.append(X.listItem(finding));
  drawn = Math.min(X.shown.length, drawn + STEP);
};

X.place = (finding) =>
  finding.page === null ? "" : X.pictured() ? `第${finding.page}页` : finding.line === null ? `表${finding.page}` : `第${finding.line}${X.state.kind === "docx" ? "段" : "行"}`;

X.listItem = (finding) => {
  const settled = finding.status !== "open";
  const mark = settled ? X.statuses[finding.status] : finding.reviewed ? "已看" : "";
  const item = X.el(
    "li",
    { class: settled || finding.reviewed ? "settled" : "", onclick: (event) => (event.ctrlKey || event.metaKey ? X.toggleSelected(finding) : X.chooseFinding(finding)) },
    X.el(
      "div",
      { class: "head" },
      X.el("span", { class: "chip " + finding.severity, title: X.severities[finding.severity] }, X.queues[finding.queue]),
      (X.state.codes[finding.code] || [finding.code])[0],
      mark ? X.el("span", { class: "chip done" }, mark) : "",
      X.el("span", { class: "where" }, (finding.rows > 1 ? `${finding.rows}行 ` : "") + X.place(finding)),
    ),
    X.el("div", { class: "message" }, finding.message),
  );
  item.dataset.id = finding.id;
  return item;
};

X.markList = (scroll) => {
  if (X.finding) {
    const index = X.shown.findIndex((one) => one.id === X.finding.id);
    while (index >= drawn && drawn < X.shown.length) X.drawMore();
  }
  for (const item of X.$("findings").children) {
    const chosen = Boolean(X.finding) && item.dataset.id === X.finding.id;
    item.classList.toggle("chosen", chosen);
    item.classList.toggle("selected", X.selected.has(item.dataset.id));
    if (chosen && scroll) item.scrollIntoView({ block: "nearest" });
  }
};

// What comes behind the chosen finding in the order of now (else before it), once those that ``gone`` names have left.
X.after = (gone) => {
  const at = X.shown.findIndex((one) => X.finding && one.id === X.finding.id);
  const left = (one) => !gone.has(one.id);
  return X.shown.slice(at + 1).find(left) || X.shown.slice(0, Math.max(0, at)).reverse().find(left) || null;
};

// The next (1) or previous (-1) finding of the list.
X.step = (by) => {
  if (!X.shown.length) return;
  const index = X.finding ? X.shown.findIndex((one) => one.id === X.finding.id) + by : 0;
  X.chooseFinding(X.shown[Math.min(X.shown.length - 1, Math.max(0, index))]);
};

X.fillFilters = () => {
  const kept = X.$("filter-code").value;
  const counts = new Map();
  for (const one of X.state.findings) counts.set(one.code, (counts.get(one.code) || 0) + 1);
  const options = [...counts].sort((a, b) => b[1] - a[1]);
  X.$("filter-code").replaceChildren(
    X.el("option", { value: "" }, "种类不限"),
    ...options.map(([code, count]) =>
      X.el("option", { value: code }, `${(X.state.codes[code] || [code])[0]}（${count}）`),
    ),
  );
  X.$("filter-code").value = counts.has(kept) ? kept : "";
};
