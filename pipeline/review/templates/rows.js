"use strict";
// The right side: the finding chosen, the cell enlarged, and the rows read from it.
X.showDetail = () => {
  const detail = X.$("detail");
  delete detail.dataset.shown;
  X.complete = false;
  const top = detail.scrollTop;
  const cell = X.page ? X.page.cells.find((one) => one.id === X.cell) : null;
  detail.replaceChildren();
  if (X.finding) detail.append(X.findingCard(X.finding));
  detail.append(X.el("div", { id: "form" }));
  const crop = X.crop(cell);
  if (crop) detail.append(crop);
  if (cell) detail.append(...X.cellRows(cell));
  else if (X.finding) detail.append(X.el("div", { id: "behind" }));
  else detail.append(X.el("p", { class: "empty" }, "点选左边的单元格，或列表中的一项发现。"));
  if (X.finding) X.showBehind(X.finding, cell);
  const wanted = X.finding;
  X.showLineEnds(cell).finally(() => X.finding === wanted && X.markSeen(true));
  detail.scrollTop = X.finding ? 0 : top;
};

X.findingCard = (finding) => {
  const [title] = X.state.codes[finding.code] || [finding.code];
  const settled = finding.status !== "open";
  const decide = X.el(
    "div",
    { class: "buttons editing" },
    X.el("button", { onclick: X.accept, id: "accept", disabled: settled }, "接受 (a)"),
    X.el("button", { onclick: () => X.correct(), id: "correct" }, "更正 (c)"),
    finding.queue === "document" ? X.el("button", { onclick: X.acceptMany, id: "accept-kind", disabled: settled }, "接受同类 (A)") : "",
    X.el("button", { onclick: X.toggleReviewed, id: "reviewed" }, finding.reviewed ? "取消已看 (r)" : "已看 (r)"),
  );
  return X.el(
    "div",
    { class: "card " + finding.severity },
    X.el(
      "div",
      { class: "head" },
      X.el("span", { class: "chip " + finding.severity }, X.severities[finding.severity]),
      X.el("span", { class: "chip" }, X.queues[finding.queue]),
      X.el("b", {}, title),
      settled ? X.el("span", { class: "chip done" }, X.statuses[finding.status]) : "",
      finding.reviewed ? X.el("span", { class: "chip done" }, "已看") : "",
      X.el("span", { class: "small" }, finding.id),
    ),
    X.el("div", { class: "message" }, finding.message),
    X.el("div", { class: "small" }, "处理：" + finding.remedy),
    finding.message.includes(finding.evidence) ? "" : X.el("div", { class: "small evidence", title: finding.evidence }, "所据：" + finding.evidence),
    decide,
  );
};

// The rows read from a cell: those that start in it; of an annex, those of its line of the table.
X.rowsOf = (cell) => {
  const own = X.page.rows.filter((row) => row.cell === cell.id);
  if (own.length) return own;
  const [table, row, , down] = cell.place;
  const beside = new Set(
    X.page.cells
      .filter(({ place }) => place[0] === table && place[1] < row + down && row < place[1] + place[3])
      .map((one) => one.id),
  );
  return X.page.rows.filter((one) => one.table.startsWith("annex_") && beside.has(one.cell));
};

X.cellRows = (cell) => {
  const rows = X.rowsOf(cell);
  const [, , column, down, across] = cell.place;
  const span = (down > 1 ? `，跨${down}行` : "") + (across > 1 ? `，跨${across}列` : "");
  const fix = X.el("button", { class: "editing", onclick: () => X.correct(null, cell) }, "更正单元格");
  const made = [
    X.el(
      "div",
      { class: "title" },
      X.el("span", {}, X.el("b", {}, rows.length ? `本格读出${rows.length}行` : "本格"), ` · 第${column}列${span} · 可信度${cell.confidence.toFixed(2)}`),
      fix,
    ),
    ...rows.map(X.rowCard),
  ];
  if (!rows.length) {
    made.push(X.el("div", { class: "row plain" }, X.el("div", { class: "text" }, cell.text || "（空）")));
    if (cell.continues) {
      const go = () => X.goCell(cell.continues);
      made.push(X.el("p", { class: "empty" }, "本格承接上页，其行计在", X.el("span", { class: "link", onclick: go }, "上页的单元格"), "。"));
    } else if (cell.text) made.push(X.el("p", { class: "empty" }, "没有行从本格开始（表头、续行或合并单元格）。"));
  }
  return made;
};

X.rowCard = (row) => {
  const named = X.named && X.named.has(row.table + "/" + row.id);
  const card = X.el(
    "div",
    { class: "row" + (named ? " named" : "") + (X.same(row, X.row) ? " chosen" : ""), onclick: () => X.chooseRow(row) },
    X.el(
      "div",
      { class: "line" },
      X.el("div", { class: "text" }, row.table === "entries" ? row.text : row.place || row.title),
      row.corrected ? X.el("span", { class: "chip done" }, "已更正") : "",
      row.confidence < 0.8 ? X.el("span", { class: "chip" }, row.confidence.toFixed(2)) : "",
      row.where
        ? X.el("button", { class: "editing", onclick: (event) => (event.stopPropagation(), X.correct(row)) }, "更正")
        : "",
    ),
    X.el("div", { class: "fields" }, row.table === "entries" ? X.el("span", {}, row.place) : "", ...X.fields(row)),
  );
  card.dataset.row = row.id;
  return card;
};

X.fields = (row) =>
  row.fields
    .filter(([, value]) => value !== row.text)
    .map(([name, value]) => X.el("span", {}, X.el("i", {}, name), value));

// The rows that the finding is about, wherever they stand.
X.showBehind = async (finding, cell) => {
  const found = await X.loadBehind(finding.id).catch(() => null);
  if (!found || X.finding !== finding) return;
  X.named = new Set(found.rows.map((row) => row.table + "/" + row.id));
  for (const card of X.$("detail").querySelectorAll("[data-row]"))
    card.classList.toggle("named", found.rows.some((row) => row.id === card.dataset.row));
  const elsewhere = found.rows.filter((row) => !cell || row.cell !== cell.id);
  if (!elsewhere.length) return;
  const more = found.total > found.rows.length ? `（列出${found.rows.length}行）` : "";
  const cards = elsewhere.map((row) => {
    const card = X.rowCard(row);
    card.addEventListener("click", () => X.goRow(row), true);
    return card;
  });
  X.$("detail").append(
    X.el("div", { class: "title" }, X.el("span", {}, X.el("b", {}, cell ? "所涉的其他行" : "所涉的行"), ` 共${found.total}行${more}`)),
    ...cards,
  );
};
