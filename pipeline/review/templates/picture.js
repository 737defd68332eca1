"use strict";
// The left side: the page picture with boxes over cells and items, the lines of a transcript, or the table itself.
X.zoom = 0; // pixels per point; 0: as wide as the pane

X.pictured = () => X.state.kind === "pdf";

X.cellClass = (cell) => "cell " + (cell.severity || (cell.confidence < 0.8 ? "low" : ""));

X.showPage = () => {
  const sheet = X.$("sheet");
  sheet.replaceChildren();
  delete sheet.dataset.shown;
  X.drawn = X.page;
  if (X.pictured()) X.showPicture(sheet);
  else if (X.page.lines) X.showLines(sheet);
  else X.showTable(sheet);
  X.layout();
  X.mark();
};

X.showPicture = (sheet) => {
  const page = X.page;
  const svg = X.svg("svg", { viewBox: `0 0 ${page.width} ${page.height}`, preserveAspectRatio: "none" });
  const image = X.image(page.n);
  const shown = () => {
    if (X.page !== page) return;
    sheet.dataset.shown = page.n;
    X.ahead(page.n); // only now: what is looked at comes first
    X.markSeen();
  };
  const boxes = X.svg("g");
  for (const cell of page.cells) {
    if (!cell.box) continue;
    const [x0, top, x1, bottom] = cell.box;
    const box = X.svg("rect", { x: x0, y: top, width: x1 - x0, height: bottom - top, class: X.cellClass(cell) });
    box.dataset.cell = cell.id;
    box.addEventListener("click", () => X.chooseCell(cell.id));
    box.addEventListener("mouseenter", () => X.hover(cell.id));
    boxes.append(box);
  }
  svg.append(boxes, X.svg("g", { id: "items" }));
  sheet.append(image, svg);
  if (image.complete && image.naturalWidth) shown();
  else image.addEventListener("load", shown, { once: true });
};

X.showLines = (sheet) => {
  const byLine = new Map();
  for (const cell of X.page.cells) {
    if (!byLine.has(cell.line)) byLine.set(cell.line, []);
    byLine.get(cell.line).push(cell);
  }
  const list = X.el("div", { class: "lines" });
  X.page.lines.forEach((raw, index) => {
    const number = X.page.first + index;
    const cells = (byLine.get(number) || []).filter((cell) => cell.text);
    const text = X.el("div", { class: "text" });
    if (!cells.length) text.append(X.el("span", { class: "raw" }, raw));
    for (const cell of cells) {
      const kind = X.cellClass(cell).replace("cell", "tcell");
      const chip = X.el(
        "span",
        { class: kind, onclick: () => X.chooseCell(cell.id), onmouseenter: () => X.hover(cell.id) },
        X.el("span", { class: "col" }, String(cell.place[2])),
        cell.text.replaceAll("\n", " / "),
      );
      chip.dataset.cell = cell.id;
      text.append(chip);
    }
    const line = X.el("div", { class: "tline" }, X.el("span", { class: "no" }, String(number)), text);
    line.dataset.line = number;
    list.append(line);
  });
  sheet.append(list);
  sheet.dataset.shown = X.page.n;
};

// A table of a Word or Excel file, as its grid is.
X.showTable = (sheet) => {
  const table = X.el("table", { class: "grid" });
  for (const cell of X.page.cells) {
    const [, row, , down, across] = cell.place;
    while (table.rows.length <= row) table.insertRow();
    const box = X.el(
      "td",
      { class: X.cellClass(cell).replace("cell", "tcell"), rowspan: down, colspan: across,
        onclick: () => X.chooseCell(cell.id), onmouseenter: () => X.hover(cell.id) },
      ...cell.text.split("\n").map((line) => X.el("div", {}, line)),
    );
    box.dataset.cell = cell.id;
    table.rows[row].append(box);
  }
  sheet.append(table);
  sheet.dataset.shown = X.page.n;
};

X.layout = () => {
  const sheet = X.$("sheet");
  if (!X.page || !X.pictured()) {
    sheet.style.width = sheet.style.height = "";
    return;
  }
  const pane = X.$("source").clientWidth - 20;
  const scale = X.zoom || pane / X.page.width;
  sheet.style.width = X.page.width * scale + "px";
  sheet.style.height = X.page.height * scale + "px";
};

X.zoomBy = (factor) => {
  const pane = X.$("source").clientWidth - 20;
  const now = X.zoom || pane / X.page.width;
  X.zoom = factor ? Math.min(4, Math.max(0.3, now * factor)) : 0;
  X.layout();
  X.reveal();
};

// What is chosen, marked on the left side.
X.mark = () => {
  for (const box of X.$("sheet").querySelectorAll("[data-cell]"))
    box.classList.toggle("chosen", box.dataset.cell === X.cell);
  for (const line of X.$("sheet").querySelectorAll(".tline")) {
    const wanted = X.row ? X.row.line : X.finding && X.finding.page === X.page.n ? X.finding.line : null;
    line.classList.toggle("chosen", wanted !== null && Number(line.dataset.line) === wanted);
  }
  const items = X.$("items");
  if (!items) return;
  items.replaceChildren();
  for (const row of X.page.rows) {
    if (row.cell !== X.cell || !row.box) continue;
    items.append(X.rect(row.box, X.same(row, X.row) ? "item chosen" : "item"));
  }
  const spot = X.finding;
  if (spot && spot.page === X.page.n && spot.box && (!X.cell || spot.cell === X.cell))
    items.append(X.rect(spot.box, "spot"));
};

X.rect = ([x0, top, x1, bottom], kind) =>
  X.svg("rect", { x: x0 - 1, y: top - 1, width: x1 - x0 + 2, height: bottom - top + 2, class: kind });

X.same = (one, other) => Boolean(one && other && one.table === other.table && one.id === other.id);

// Scroll what is chosen into view, if it is not there.
X.reveal = () => {
  const pane = X.$("source");
  const chosen =
    X.$("sheet").querySelector(".item.chosen") ||
    X.$("sheet").querySelector(".spot") ||
    X.$("sheet").querySelector("[data-cell].chosen") ||
    X.$("sheet").querySelector(".tline.chosen");
  if (!chosen) return;
  const box = chosen.getBoundingClientRect();
  const seen = pane.getBoundingClientRect();
  if (box.top < seen.top + 10 || box.bottom > seen.bottom - 10)
    pane.scrollTop += box.top - seen.top - Math.max(20, (seen.height - box.height) / 2);
  if (box.left < seen.left + 10 || box.right > seen.right - 10)
    pane.scrollLeft += box.left - seen.left - Math.max(20, (seen.width - box.width) / 2);
};

// The chosen cell, enlarged: the same picture through a smaller window.
X.crop = (cell) => {
  if (!cell || !cell.box || !X.pictured()) return null;
  const pad = 3;
  const [x0, top, x1, bottom] = [cell.box[0] - pad, cell.box[1] - pad, cell.box[2] + pad, cell.box[3] + pad];
  const width = x1 - x0;
  const wide = Math.min(X.$("detail").clientWidth - 44, width * 2.4);
  const scale = wide / width;
  const svg = X.svg("svg", {
    viewBox: `${x0} ${top} ${width} ${bottom - top}`,
    width: wide,
    height: (bottom - top) * scale,
  });
  svg.append(
    X.svg("image", {
      href: X.picture(X.page.n), x: 0, y: 0, width: X.page.width, height: X.page.height, preserveAspectRatio: "none",
    }),
  );
  const at = X.row && X.row.cell === cell.id ? X.row.box : X.finding && X.finding.cell === cell.id ? X.finding.box : null;
  if (at) svg.append(X.rect(at, X.row && X.row.cell === cell.id ? "item chosen" : "spot"));
  const holder = X.el("div", { class: "crop" });
  holder.append(svg);
  if (at) requestAnimationFrame(() => (holder.scrollTop = (at[1] - top) * scale - 60));
  return holder;
};
