"use strict";
// What is chosen, the head of the page, the keys.
X.refresh = async () => {
  X.state = await X.loadState();
  if (X.finding) X.finding = X.state.findings.find((one) => one.id === X.finding.id) || null;
  X.fillFilters();
  X.showHead();
  X.filter();
};

X.showHead = () => {
  const state = X.state;
  X.$("edition").textContent = state.edition;
  X.$("edition").title = state.title;
  X.$("release").textContent = state.release || "未发布";
  const left = Object.keys(X.queues).map((queue) => [queue, state.findings.filter((one) => one.queue === queue)]);
  const words = left.map(([queue, all]) => `${X.queues[queue]}${all.filter(X.todo).length}/${all.length}`);
  const open = state.findings.filter(X.todo).length;
  X.$("progress").textContent = `待处理${open}（${words.join("，")}） · 已看${state.pages.filter((one) => one.reviewed).length}/${state.pages.length}页`;
  for (const [queue, all] of left) {
    const bar = X.$("bar-" + queue);
    bar.max = all.length || 1;
    bar.value = all.length ? all.filter((one) => !X.todo(one)).length : 1;
  }
  X.$("undo").disabled = !state.undo;
  X.$("undo").title = state.undo ? `撤销：${state.undo}（u）` : "没有可撤销的决定";
  X.$("run").textContent = state.waiting ? `重新运行（${state.waiting}项新更正）` : "重新运行";
  X.$("run").classList.toggle("main", state.waiting > 0);
  const notice = state.problem || state.notice;
  X.$("notice").hidden = !notice;
  X.$("notice").textContent = notice;
  X.$("notice").classList.toggle("bad", Boolean(state.problem));
  const choice = X.$("page-choice");
  choice.replaceChildren(
    ...state.pages.map((one) => X.el("option", { value: one.n }, (one.reviewed ? "✓" : "") + one.label + (one.open ? ` ·${one.open}` : ""))),
  );
  if (X.page) choice.value = X.page.n;
  X.$("page-reviewed").checked = Boolean(X.page && state.pages[X.page.n - 1].reviewed);
};

X.goPage = async (number) => {
  if (number < 1 || number > X.state.pages.length) return;
  if (X.pictured()) X.image(number); // on its way while the boxes come
  const page = await X.loadPage(number);
  const other = !X.page || X.page.n !== number;
  X.page = page;
  if (other) {
    X.$("source").scrollTop = X.$("source").scrollLeft = 0;
    X.$("page-choice").value = number;
    X.$("page-reviewed").checked = X.state.pages[number - 1].reviewed;
  }
  if (X.drawn === page) X.mark();
  else X.showPage();
  if (X.$("filter-page").checked && other) X.filter();
  if (!X.pictured()) X.ahead(number);
};

// The neighbours, and what belongs to the next findings, are fetched before they are asked for.
X.ahead = (number) => {
  const at = X.finding ? X.shown.findIndex((one) => one.id === X.finding.id) : -1;
  const next = X.finding ? X.shown.slice(at + 1, at + 4) : [];
  for (const one of new Set([...next.map((finding) => finding.page), number + 1, number - 1])) {
    if (!one || one < 1 || one > X.state.pages.length || one === number) continue;
    X.loadPage(one).catch(() => null);
    if (X.pictured()) X.image(one);
  }
  if (X.fixed) return;
  for (const finding of next) {
    X.loadBehind(finding.id).catch(() => null);
    if (finding.cell && finding.table === "entries") X.loadLines(finding.cell, finding.id).catch(() => null);
  }
};

X.turn = async (by) => {
  if (!X.page) return;
  X.finding = X.cell = X.row = X.named = null;
  await X.goPage(X.page.n + by);
  X.markList();
  X.showDetail();
};

X.chooseFinding = async (finding) => {
  if (!finding) return;
  X.finding = finding;
  delete X.$("detail").dataset.shown;
  history.replaceState(null, "", "#finding=" + finding.id);
  X.named = X.row = null;
  X.cell = finding.cell;
  X.markList(true);
  try {
    if (finding.page !== null) await X.goPage(finding.page);
  } catch (failure) {
    return X.say(failure.message, true);
  }
  if (X.finding !== finding) return;
  if (finding.key && X.page)
    X.row = X.page.rows.find((row) => row.cell === X.cell && row.id === finding.key) || null;
  X.mark();
  X.showDetail();
  X.reveal();
  X.ahead(X.page ? X.page.n : 0);
};

// The finding that the address names: #finding=<id, or the beginning of its digits>.
X.linked = () => {
  const id = decodeURIComponent(new URLSearchParams(location.hash.slice(1)).get("finding") || "");
  if (!id) return null;
  const found = X.state.findings.find((one) => one.id === id || one.id.split(":")[1].startsWith(id.split(":").pop()));
  if (!found) X.say(`没有发现${id}：可能已经更正，或属于别的版本。`, true);
  return found;
};

X.follows = () => {
  const finding = X.linked();
  if (finding && finding !== X.finding) X.show(finding);
};

// Choose a finding even where the filters leave it out.
X.show = (finding) => {
  if (!X.shown.includes(finding)) {
    for (const name of ["code", "queue", "severity", "status"]) X.$("filter-" + name).value = "";
    X.$("search").value = "";
    X.$("filter-page").checked = false;
    X.filter();
  }
  return X.chooseFinding(finding);
};

X.chooseCell = (id) => {
  X.cell = id;
  X.row = null;
  const finding = X.finding;
  if (finding && finding.cell !== id) X.finding = X.named = null;
  X.mark();
  X.markList();
  X.showDetail();
};

X.chooseRow = (row) => {
  X.row = row;
  if (row.cell !== X.cell) return X.goRow(row);
  X.mark();
  X.reveal();
  for (const card of X.$("detail").querySelectorAll("[data-row]")) card.classList.toggle("chosen", card.dataset.row === row.id);
  const old = X.$("detail").querySelector(".crop");
  const crop = X.crop(X.page.cells.find((one) => one.id === X.cell));
  if (old && crop) old.replaceWith(crop);
  return undefined;
};

X.goRow = async (row) => {
  if (row.page === null) return;
  await X.goPage(row.page);
  X.cell = row.cell;
  X.row = row;
  X.mark();
  X.showDetail();
  X.reveal();
};

// A cell of another page.
X.goCell = async (id) => {
  for (const number of [X.page.n - 1, X.page.n, X.page.n - 2, X.page.n - 3]) {
    if (number < 1) continue;
    const page = await X.loadPage(number);
    if (!page.cells.some((cell) => cell.id === id)) continue;
    await X.goPage(number);
    X.chooseCell(id);
    X.reveal();
    return;
  }
};

// The cell under the pointer, named in the head of the right side without changing what is chosen.
X.hover = (id) => {
  if (X.cell || !X.page) return;
  const cell = X.page.cells.find((one) => one.id === id);
  if (!cell || X.$("form")?.children.length) return;
  X.$("detail").replaceChildren(...X.cellRows(cell));
  const crop = X.crop(cell);
  if (crop) X.$("detail").prepend(crop);
};

X.keys = {
  n: () => X.step(1), ArrowDown: () => X.step(1), b: () => X.step(-1), ArrowUp: () => X.step(-1),
  s: () => X.cut("split"), j: () => X.cut("join"), S: () => X.cut("split", true), J: () => X.cut("join", true),
  "[": () => X.moveGap(-1), "]": () => X.moveGap(1), x: () => X.toggleSelected(X.finding), A: () => X.acceptMany(),
  R: () => X.finding && (X.reasons.delete(X.finding.code), X.accept()),
  ArrowLeft: () => X.turn(-1), ArrowRight: () => X.turn(1),
  a: () => X.accept(), c: () => X.correct(), u: () => X.undo(), r: () => X.toggleReviewed(), p: () => X.togglePage(),
  "/": () => X.$("search").focus(), "?": () => X.$("help").showModal(),
  "+": () => X.zoomBy(1.25), "=": () => X.zoomBy(1.25), "-": () => X.zoomBy(0.8), 0: () => X.zoomBy(0),
  Escape: () => X.closeForm(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || X.$("help").open || X.$("dialog").open || !X.state) return;
  if (event.target.closest("input:not([type=checkbox]), textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const act = X.keys[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

X.start = async () => {
  if (location.search) history.replaceState(null, "", location.pathname + location.hash); // the token has done its work
  const on = (id, kind, act) => X.$(id).addEventListener(kind, act);
  on("page-before", "click", () => X.turn(-1));
  on("page-after", "click", () => X.turn(1));
  on("page-choice", "change", () => X.turn(Number(X.$("page-choice").value) - X.page.n));
  on("page-reviewed", "change", X.togglePage);
  on("zoom-in", "click", () => X.zoomBy(1.25));
  on("zoom-out", "click", () => X.zoomBy(0.8));
  on("zoom-fit", "click", () => X.zoomBy(0));
  on("undo", "click", X.undo);
  on("run", "click", X.run);
  on("help-open", "click", () => X.$("help").showModal());
  for (const id of ["filter-code", "filter-queue", "filter-severity", "filter-status", "filter-page"]) on(id, "change", X.filter);
  on("search", "input", X.filter);
  on("findings", "scroll", () => {
    const list = X.$("findings");
    if (list.scrollTop + list.clientHeight > list.scrollHeight - 400) X.drawMore();
  });
  window.addEventListener("resize", X.layout);
  window.addEventListener("hashchange", X.follows);
  try {
    await X.refresh();
    if (!X.fixed) X.$("by").value = X.state.by;
    if (!X.pictured()) X.$("zoom").hidden = true;
    const first = X.linked() || X.shown[0];
    await X.goPage((first && first.page) || 1);
    if (first) await X.show(first);
    else X.showDetail();
  } catch (failure) {
    X.say(failure.message, true);
  }
  document.body.dataset.ready = "1";
};
X.start();
