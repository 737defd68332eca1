// How a group of changes looks: its row, the folded comparison of both pages, and its line in print.
function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") node.className = value;
    else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function runsNodes(runs, tag) {
  return runs.map((text, index) => (index % 2 ? el(tag, {}, text) : text));
}

const tone = (change) => (QUIET.has(change) ? "quiet" : change.endsWith("_added") ? "added" : change.endsWith("_removed") ? "removed" : "changed");

function bothTexts(change) {
  const [before, after] = change.r;
  const lines = [];
  if (before) lines.push(el("p", { class: "text before" }, el("span", { class: "side" }, "前"), el("span", {}, ...runsNodes(before, "del"))));
  if (after) lines.push(el("p", { class: "text after" }, el("span", { class: "side" }, "后"), el("span", {}, ...runsNodes(after, "ins"))));
  return lines;
}

const pagesText = (change) => {
  const [before, after] = change.p;
  return before && after ? `${before} → ${after}` : before || after;
};

function metaNodes(change) {
  const figures = [`可信度 ${change.n.toFixed(2)}`];
  if (change.sc !== undefined) figures.push(`相似度 ${change.sc.toFixed(2)}`);
  return [
    el("p", { class: "pages" }, pagesText(change)),
    el("p", { class: change.n < 0.7 ? "figures low" : "figures" }, figures.join(" · ")),
    ...marksOf(change).map((mark) => el("p", { class: "mark" }, mark)),
  ];
}

function row(group) {
  const first = group.hits[0] || group.places[0];
  const total = group.places.length, hits = group.hits.length;
  const id = `g-${group.id}`, shows = total > 1 || first.v.some(Boolean);
  const many = total > 1 ? ` 等${total}处` + (hits < total ? `，其中${hits}处符合筛选` : "") : "";
  const article = el("article", { class: `change ${tone(first.c)}`, id, tabindex: "-1", "aria-labelledby": `${id}-kind ${id}-where`, "data-group": group.id });
  article.append(
    el("div", { class: "kind" }, el("span", { class: "badge", id: `${id}-kind` }, DATA.kinds[first.c]), total > 1 ? el("span", { class: "times" }, `${total}处`) : null),
    el("div", { class: "what" },
      el("p", { class: "where", id: `${id}-where` }, first.w + many),
      ...bothTexts(first),
      !shows ? null : el("button", { type: "button", class: "fold", "aria-expanded": "false", "aria-controls": `${id}-detail` }, total > 1 ? `各处与原页对照` : "原页对照")),
    el("div", { class: "meta" }, ...metaNodes(first)),
    el("div", { class: "sign" }),
    el("div", { class: "detail", id: `${id}-detail`, hidden: true }),
  );
  drawSign(group, article);
  return article;
}

function drawSign(group, article) {
  const box = article.querySelector(".sign"), own = mine(group), verdict = own ? own.decision : "open";
  article.dataset.state = group.state;
  box.replaceChildren(
    el("div", { class: "verdicts", role: "group", "aria-label": "签核" },
      el("button", { type: "button", class: "accept", "data-verdict": "accepted", "aria-pressed": String(verdict === "accepted") }, "认可"),
      el("button", { type: "button", class: "query", "data-verdict": "queried", "aria-pressed": String(verdict === "queried") }, "存疑"),
      el("span", { class: `state ${group.state}` }, DATA.states[group.state])),
  );
  if (verdict !== "open") {
    const input = el("textarea", { class: "comment", rows: "1", maxlength: "4000", placeholder: verdict === "queried" ? "疑问或意见" : "意见（可不填）", "aria-label": "签核意见" });
    input.value = own.comment;
    box.append(input);
  }
  for (const decision of decisionsOf(group)) {
    if (decision.decision === "open") continue;
    const others = decision !== own && decision.comment ? `：${decision.comment}` : "";
    box.append(el("p", { class: "by" }, `${decision.by} ${DATA.states[decision.decision]} ${new Date(decision.at).toLocaleDateString("zh-CN")}${others}`));
  }
}

// The pictures lie in script elements after this script, so that the page shows before they are read.
const urls = new Map();
function stripUrl(side, index) {
  const id = `strip-${DATA.albums[side]}-${index}`;
  if (!urls.has(id)) {
    const holder = document.getElementById(id);
    if (!holder) return null;
    urls.set(id, `data:image/png;base64,${holder.textContent}`);
  }
  return urls.get(id);
}

function picture(side, box, label) {
  const [index, x0, top, x1, bottom] = box;
  const [, left, above, right, below, scale] = DATA.strips[DATA.albums[side]][index];
  const px = (points) => `${(points * scale).toFixed(1)}px`;
  const image = el("img", { alt: "", src: stripUrl(side, index), width: Math.round((right - left) * scale), height: Math.round((below - above) * scale) });
  const frame = el("span", { class: "box" });
  Object.assign(frame.style, { left: px(x0 - left - 2), top: px(top - above - 1), width: px(x1 - x0 + 4), height: px(bottom - top + 2) });
  const sheet = el("div", { class: "sheet" }, image, frame);
  Object.assign(sheet.style, { width: px(right - left), height: px(below - above) });
  const view = el("div", { class: "view", tabindex: "0", role: "img", "aria-label": label }, sheet);
  view.style.height = `${Math.min(300, Math.max(90, (bottom - top + 64) * scale))}px`;
  view.centre = () => {
    view.scrollLeft = ((x0 + x1) / 2 - left) * scale - view.clientWidth / 2;
    const middle = ((top + bottom) / 2 - above) * scale - view.clientHeight / 2;
    view.scrollTop = Math.min(middle, (top - above) * scale - 24);
  };
  return view;
}

function figure(change, side) {
  const place = change.v[side], words = side ? "变更后" : "变更前", page = change.p[side];
  const caption = `${words} ${DATA.sides[side].edition} ${page || ""}`;
  let content;
  if (place && place.b && stripUrl(side, place.b[0])) content = picture(side, place.b, `${caption}：${textOf(change.r[side])}`);
  else if (place && place.b) content = el("p", { class: "absent" }, "原页图片尚在读入，请稍后再展开。");
  else if (place) content = el("div", { class: "lines" }, ...place.t.map((line, index) => el("p", {}, index === place.h ? el("mark", {}, line) : line)));
  else content = el("p", { class: "absent" }, change.r[side] ? "这一侧没有可对照的位置。" : "这一侧没有此项。");
  return el("figure", {}, el("figcaption", {}, caption), content);
}

const pairOf = (change) => el("div", { class: "figures-pair" }, figure(change, 0), figure(change, 1));
const centre = (node) => node.querySelectorAll(".view").forEach((view) => view.centre());

function drawDetail(group, detail) {
  if (detail.childElementCount) return;
  if (group.places.length === 1) {
    detail.append(pairOf(group.places[0]));
    return;
  }
  const hits = new Set(group.hits);
  group.places.forEach((change, index) => {
    const place = el("details", { class: hits.has(change) ? "place" : "place aside", open: index === 0 }, el("summary", {}, `${change.w}`, el("span", { class: "pages" }, pagesText(change))));
    const fill = () => {
      if (place.open && place.childElementCount === 1) place.append(...(textOf(change.r[0]) === textOf(group.places[0].r[0]) ? [] : bothTexts(change)), pairOf(change));
      if (place.open) centre(place);
    };
    place.addEventListener("toggle", fill);
    if (index === 0) place.append(pairOf(change));
    detail.append(place);
  });
}

function toggleFold(article) {
  const group = GROUP_BY_ID.get(article.dataset.group), detail = article.querySelector(".detail"), button = article.querySelector(".fold");
  if (!button) return;
  detail.hidden = !detail.hidden;
  button.setAttribute("aria-expanded", String(!detail.hidden));
  if (!detail.hidden) {
    drawDetail(group, detail);
    centre(detail);
  }
}

// In print: every change that the filters let through, as a table whose head repeats on every page.
function printTable(shown) {
  const body = el("tbody");
  let section = null, number = 0;
  for (const group of shown) {
    if (group.section !== section) {
      section = group.section;
      body.append(el("tr", { class: "section" }, el("th", { colspan: "6", scope: "colgroup" }, sectionTitle(section))));
    }
    const first = group.hits[0];
    const places = group.hits.map((change) => el("p", {}, change.w, " ", el("span", { class: "pages" }, pagesText(change))));
    const signed = decisionsOf(group).filter((decision) => decision.decision !== "open").map((decision) => el("p", {}, `${decision.by} ${DATA.states[decision.decision]}${decision.comment ? `：${decision.comment}` : ""}`));
    // A row of many places may be torn apart by the end of a page, others not.
    body.append(el("tr", { class: group.hits.length > 3 ? "tall" : "" },
      el("td", { class: "figure" }, String(++number)),
      el("td", {}, DATA.kinds[first.c], ...marksOf(first).map((mark) => el("p", { class: "mark" }, mark))),
      el("td", {}, ...places),
      el("td", {}, ...(first.r[0] ? runsNodes(first.r[0], "del") : ["—"])),
      el("td", {}, ...(first.r[1] ? runsNodes(first.r[1], "ins") : ["—"])),
      el("td", {}, ...(signed.length ? signed : [DATA.states.open]))));
  }
  const heads = ["序号", "变更", "位置与页码", "变更前", "变更后", "签核"];
  return el("table", { class: "print-table" }, el("thead", {}, el("tr", {}, ...heads.map((head) => el("th", { scope: "col" }, head)))), body);
}

// In print, above the table: how many changes of which kind in which major or annex.
function printSummary(found) {
  const kinds = Object.keys(DATA.kinds).filter((kind) => found.kinds[kind]);
  const rows = kinds.map((kind) => el("tr", {}, el("th", { scope: "row" }, DATA.kinds[kind]), el("td", { class: "figure" }, String(found.kinds[kind]))));
  const sections = [...SECTIONS.keys()].filter((section) => found.sections[section]);
  const more = sections.map((section) => el("tr", {}, el("th", { scope: "row" }, SECTIONS.get(section)), el("td", { class: "figure" }, String(found.sections[section]))));
  const table = (title, body) => el("table", { class: "print-summary" }, el("caption", {}, title), el("tbody", {}, ...body));
  return el("div", { class: "print-summaries" }, table("按变更种类（处）", rows), table("按专业大类与附件（处）", more));
}
