"use strict";
// The printed lines of the chosen cell: one key splits or joins items at a line end.
X.linesOf = new Map(); // cell + finding → its lines
X.lines = null; // of the cell shown
X.gap = null; // which line end is meant

X.loadLines = (cell, finding) => {
  const key = cell + " " + (finding || "");
  if (!X.linesOf.has(key)) {
    const wanted = X.get("/api/lines/" + encodeURIComponent(cell) + "?finding=" + encodeURIComponent(finding || ""));
    wanted.catch(() => X.linesOf.delete(key));
    X.linesOf.set(key, wanted);
  }
  return X.linesOf.get(key);
};

// Lines behind the crop of a cell, and below it what a key does at the line end that is meant.
X.showLineEnds = async (cell) => {
  X.lines = X.gap = null;
  const finding = X.finding && X.finding.cell === X.cell ? X.finding.id : "";
  if (X.fixed || !cell || !X.page.rows.some((row) => row.table === "entries" && row.cell === (cell.continues || cell.id))) return;
  const answer = await X.loadLines(cell.id, finding).catch(() => null);
  if (!answer || X.cell !== cell.id || !answer.gaps.length) return;
  X.lines = answer;
  X.gap = answer.at;
  X.markGap();
};

X.moveGap = (by) => {
  if (!X.lines) return;
  X.gap = Math.min(X.lines.gaps.length - 1, Math.max(0, X.gap + by));
  X.markGap();
};

X.markGap = () => {
  const crop = X.$("detail").querySelector(".crop");
  const { lines, gaps } = X.lines;
  const gap = gaps[X.gap];
  const above = gap.line ? lines[gap.line - 1].text : "（上页）";
  const split = gap.kind === "split";
  const key = (name, act, words, on) => X.el("button", { onclick: act, disabled: !on, title: words }, words + " (" + name + ")");
  const strip = X.el(
    "div",
    { class: "gap editing", id: "gap" },
    X.el("div", { class: "pieces " + gap.kind }, X.el("span", {}, above), X.el("b", {}, split ? "同一条，在此折行" : "两条的分界"), X.el("span", {}, lines[gap.line].text)),
    X.el(
      "div",
      { class: "buttons" },
      key("s", () => X.cut("split"), "拆成两条", split),
      key("j", () => X.cut("join"), "合成一条", !split),
      X.el("span", { class: "small" }, `第${X.gap + 1}/${gaps.length}处行尾，[ ] 换一处`),
    ),
  );
  const old = X.$("gap");
  if (old) old.replaceWith(strip);
  else if (crop) crop.after(strip);
  else X.$("form").after(strip);
  const svg = crop && crop.querySelector("svg");
  if (!svg) return;
  svg.querySelectorAll(".end").forEach((one) => one.remove());
  const place = (one) => (lines[one.line].box ? lines[one.line].box[1] : null);
  gaps.forEach((one, at) => {
    if (place(one) === null) return;
    const y = one.line ? (lines[one.line - 1].box[3] + place(one)) / 2 : place(one);
    const [x0, , x1] = lines[one.line].box;
    const end = X.svg("line", { x1: x0 - 2, x2: Math.max(x1, x0 + 20) + 2, y1: y, y2: y, class: `end ${one.kind}${at === X.gap ? " meant" : ""}` });
    end.addEventListener("click", () => X.moveGap(at - X.gap));
    svg.append(end);
    if (at === X.gap) {
      const scale = svg.clientHeight / svg.viewBox.baseVal.height;
      crop.scrollTop = (y - svg.viewBox.baseVal.y) * scale - crop.clientHeight / 2;
    }
  });
};

const REASONS = { split: "对照版面，此处分为两条", join: "对照版面，此处为一条" };

// Split or join at the line end that is meant; ``everywhere``: wherever the same stands, after a look at what that changes.
X.cut = (kind, everywhere) => {
  if (X.fixed || !X.seen()) return;
  const gap = X.lines && X.lines.gaps[X.gap];
  if (!gap) return X.say("本格没有可以拆开或合并的行尾：请用更正（c）。", true);
  if (gap.kind !== kind) return X.say(kind === "split" ? "此处已经是两条的分界。" : "此处本来就是一条。", true);
  const finding = X.finding && gap.mine ? { finding: X.finding.id } : {};
  const entry = { ...gap.entry, ...finding, reason: REASONS[kind] };
  if (everywhere) return X.cutEverywhere(entry);
  X.decide("/api/correct", { entry }, "corrected");
};

X.cutEverywhere = async (entry) => {
  const preview = X.el("div", { class: "preview" });
  const write = X.el("button", { class: "main", id: "write", disabled: true }, "写入");
  const form = X.el(
    "form",
    { class: "decide" },
    X.el("b", {}, entry.action === "split" ? "凡相同的条目都在此拆开" : "凡相邻的这两条都合并"),
    X.el("div", { class: "three" }, write, X.el("button", { type: "button", onclick: X.closeForm }, "放弃")),
    preview,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    await X.decided("/api/correct", { entry, everywhere: true });
  });
  X.openForm(form);
  try {
    const answer = await X.post("/api/preview", { entry, everywhere: true });
    write.textContent = `写入（共${answer.places}处）`;
    write.disabled = false;
    write.focus();
    preview.replaceChildren(...X.changes(answer));
  } catch (failure) {
    preview.replaceChildren(X.el("div", { class: "problem" }, failure.message));
  }
};
