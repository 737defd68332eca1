"use strict";
// Corrections: the form for every kind of them, and how the rows would become.
X.actions = {
  replace: "改文字", split: "拆成几条", join: "与邻条合并", move: "移到别处", drop: "删去", add: "补一条",
  cell: "改单元格文字", set_span: "改合并范围", map_column: "改所在列",
};

// The form of a correction: about ``row``, or ``cell``, or what the chosen finding is about.
X.correct = async (row, cell) => {
  if (X.fixed || !X.page) return;
  const finding = X.finding;
  if (!row && !cell) {
    row = X.row;
    if (!row && finding) {
      const found = await X.loadBehind(finding.id).catch(() => ({ rows: [] }));
      row = found.rows.find((one) => one.cell === X.cell && one.where) || found.rows.find((one) => one.where) || null;
    }
    cell = X.page.cells.find((one) => one.id === X.cell) || null;
  } else if (!cell) cell = X.page.cells.find((one) => one.id === row.cell) || null;
  if (!row && !cell) return X.say("这项发现没有指明单元格：请先在左边点选一个单元格。", true);
  X.post("/api/warm").catch(() => null); // a file with a mistake in it is reported by the preview
  X.openForm(X.correctionForm(row, cell, finding));
  const first = X.$("form").querySelector("textarea, .made input");
  if (first) first.focus();
};

X.correctionForm = (row, cell, finding) => {
  const names = [];
  if (row && row.table === "entries") names.push("replace", "split", "join", "move", "drop", "add");
  else if (row && row.where) names.push("replace", "drop", "add");
  if (cell) names.push("cell", "set_span", "map_column");
  const action = X.el("select", { id: "action" }, ...names.map((name) => X.el("option", { value: name }, X.actions[name])));
  const usual = finding ? (X.state.codes[finding.code] || [])[1] : "replace";
  action.value = row && names.includes(usual) ? usual : names[0];
  const made = X.el("div", { class: "made" });
  const reason = X.el("input", { id: "reason", maxlength: 400, autocomplete: "off", required: true });
  reason.value = X.remember("reason");
  const preview = X.el("div", { class: "preview", id: "preview" });
  const form = X.el(
    "form",
    { class: "decide" },
    X.field("动作", action),
    made,
    X.field("理由", reason),
    X.el("div", { class: "three" }, X.el("button", { class: "main", id: "write" }, "写入更正"), X.el("button", { type: "button", onclick: X.closeForm }, "放弃")),
    preview,
  );
  const places = X.el("label", { class: "check", hidden: true }, X.el("input", { type: "checkbox", id: "everywhere" }), X.el("span", {}));
  preview.before(places);
  const everywhere = () => !places.hidden && places.firstChild.checked;
  let build = () => null;
  const about = finding && (!row || !X.named || X.named.has(row.table + "/" + row.id)) ? { finding: finding.id } : {};
  const entry = () => {
    const one = build();
    return one && { ...one, ...about };
  };
  let timer = 0;
  let latest = 0;
  const changed = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const mine = ++latest;
      const wanted = entry();
      if (!wanted) return preview.replaceChildren();
      const count = await X.preview(preview, { entry: wanted, everywhere: everywhere() }, () => mine === latest && preview.isConnected);
      places.hidden = !(count > 1);
      places.lastChild.textContent = `相同的共${count}处一并更正`;
    }, 250);
  };
  const choose = async () => {
    build = await X.inputs[action.value](made, row, cell);
    changed();
  };
  action.addEventListener("change", choose);
  made.addEventListener("input", changed);
  places.addEventListener("change", changed);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wanted = entry();
    if (!wanted) return X.say("请先填好要改成什么。", true);
    await X.decided("/api/correct", { entry: { ...wanted, reason: reason.value.trim() }, everywhere: everywhere() }, () => X.remember("reason", reason.value.trim()));
  });
  choose();
  return form;
};

const was = (text) => X.el("div", { class: "was" }, text);
const area = (text, rows) => {
  const made = X.el("textarea", { rows: rows || 2, id: "to", spellcheck: false });
  made.value = text;
  return made;
};
const choice = (options, value, id) => {
  const made = X.el("select", { id }, ...options.map(([key, label]) => X.el("option", { value: key }, label)));
  made.value = value;
  return made;
};
const siblings = (row) =>
  X.get(`/api/slot/${encodeURIComponent(row.where.class)}/${row.where.kind}/${encodeURIComponent(row.where.tier)}`);

// Per action: fills ``made`` with inputs and gives a function that makes the entry, or null while it says nothing new.
X.inputs = {
  async replace(made, row) {
    if (row.table !== "entries") return X.inputs.value(made, row);
    const to = area(row.text);
    made.replaceChildren(X.field("现为", was(row.text)), X.field("改为", to));
    return () => (to.value.trim() && to.value.trim() !== row.text ? { where: row.where, action: "replace", from: row.text, to: to.value.trim() } : null);
  },
  value(made, row) {
    const parts = row.columns.flatMap(([name, label, values]) => values.map((value) => [name, label, value]));
    const column = choice(parts.map(([, label, value], at) => [at, `${label}：${value.slice(0, 40)}`]), 0, "column");
    const to = area(parts[0][2]);
    column.addEventListener("change", () => (to.value = parts[column.value][2]));
    made.replaceChildren(X.field("哪一项", column), X.field("改为", to));
    return () => {
      const [name, , value] = parts[column.value];
      return to.value.trim() && to.value.trim() !== value ? { where: row.where, action: "replace", column: name, from: value, to: to.value.trim() } : null;
    };
  },
  async split(made, row) {
    const to = area(row.text, 4);
    made.replaceChildren(X.field("现为", was(row.text)), X.field("拆为", to, X.el("div", { class: "small" }, "在分界处按回车，每行一条。")));
    return () => {
      const parts = to.value.split("\n").map((one) => one.trim()).filter(Boolean);
      return parts.length > 1 ? { where: row.where, action: "split", from: row.text, to: parts } : null;
    };
  },
  async join(made, row) {
    const all = await siblings(row);
    const at = all.findIndex((one) => one.id === row.id);
    const options = [[at, at + 1], [at - 1, at], [at, at + 2], [at - 1, at + 1]].filter(([a, b]) => a >= 0 && b < all.length);
    if (!options.length) {
      made.replaceChildren(was("该处只有这一条，没有可合并的邻条。"));
      return () => null;
    }
    const texts = ([a, b]) => all.slice(a, b + 1).map((one) => one.text);
    const which = choice(options.map((one, index) => [index, texts(one).join(" ＋ ")]), 0, "which");
    made.replaceChildren(X.field("合并", which));
    return () => {
      const [a, b] = options[which.value];
      return { where: all[a].where, action: "join", from: texts([a, b]) };
    };
  },
  async move(made, row) {
    const major = choice(X.state.classes.map(([code, name]) => [code, code + name]), row.where.class, "to-class");
    const kind = choice(Object.entries(X.state.kinds).map(([key, one]) => [key, one.short]), row.where.kind, "to-kind");
    const tier = choice(X.state.tiers.map((one) => [one, one]), row.where.tier, "to-tier");
    made.replaceChildren(X.field("条目", was(row.text)), X.field("移到", X.el("div", { class: "three" }, major, kind, tier)));
    return () => {
      const to = {};
      if (major.value !== row.where.class) to.class = major.value;
      if (kind.value !== row.where.kind) to.kind = kind.value;
      if (tier.value !== row.where.tier) to.tier = tier.value;
      return Object.keys(to).length ? { where: row.where, action: "move", from: row.text, to } : null;
    };
  },
  async drop(made, row) {
    const text = row.columns ? (row.columns.find(([name]) => name === "name" || name === "certificate" || name === "org") || row.columns[0])[2][0] : row.text;
    made.replaceChildren(X.field("删去", was(row.text)));
    return () => ({ where: row.where, action: "drop", from: text });
  },
  async add(made, row) {
    if (row.table !== "entries") return X.inputs.newRow(made, row);
    const to = area("");
    made.replaceChildren(X.field("补在后面", was(row.text)), X.field("新条目", to));
    const { class: code, kind, tier } = row.where;
    return () => (to.value.trim() ? { where: { class: code, kind, tier }, action: "add", after: row.text, to: to.value.trim() } : null);
  },
  newRow(made, row) {
    const inputs = row.columns.map(([name, label, values]) => {
      const input = X.el("input", { autocomplete: "off" });
      if (["part", "list", "category", "group", "series", "series_no"].includes(name)) input.value = values.join("；");
      return [name, label, input];
    });
    made.replaceChildren(...inputs.map(([, label, input]) => X.field(label, input)));
    return () => {
      const to = Object.fromEntries(inputs.map(([name, , input]) => [name, input.value.trim()]).filter(([, value]) => value));
      const key = to.no || to.name || "";
      return key ? { where: { annex: row.where.annex, no: key }, action: "add", to } : null;
    };
  },
  async cell(made, row, cell) {
    const text = cell.text;
    const to = area(text, Math.min(10, Math.max(2, text.split("\n").length)));
    made.replaceChildren(X.field("单元格", to, X.el("div", { class: "small" }, "按印出的行分行；会重新整理整份文件。")));
    return () => (to.value.trim() && to.value !== text && text ? { where: { cell_id: cell.id }, action: "replace", from: text.replaceAll("\n", ""), to: to.value.trim() } : null);
  },
  async set_span(made, row, cell) {
    const [, , , down, across] = cell.place;
    const rows = X.el("input", { type: "number", min: 1, id: "row-span" });
    const columns = X.el("input", { type: "number", min: 1, id: "col-span" });
    rows.value = down;
    columns.value = across;
    made.replaceChildren(X.field("跨行", rows), X.field("跨列", columns));
    return () => {
      const from = {}, to = {};
      for (const [name, old, input] of [["row_span", down, rows], ["col_span", across, columns]]) {
        const value = Number(input.value);
        if (Number.isInteger(value) && value >= 1 && value !== old) [from[name], to[name]] = [old, value];
      }
      return Object.keys(to).length ? { where: { cell_id: cell.id }, action: "set_span", from, to } : null;
    };
  },
  async map_column(made, row, cell) {
    const column = cell.place[2];
    const to = X.el("input", { type: "number", min: 0, id: "to-column" });
    to.value = column;
    made.replaceChildren(X.field("现在列", was(String(column) + "（从0起）")), X.field("应在列", to));
    return () => {
      const value = Number(to.value);
      return to.value !== "" && Number.isInteger(value) && value >= 0 && value !== column ? { where: { cell_id: cell.id }, action: "map_column", from: column, to: value } : null;
    };
  },
};

// How the rows would become, now or (for cells) when the reading has been tidied anew.
X.preview = async (holder, wanted, current) => {
  let places = 1;
  try {
    let answer = await X.post("/api/preview", wanted);
    places = answer.places || 1;
    const question = answer.question;
    while (current() && (answer.question || answer.waiting)) {
      holder.replaceChildren(X.el("div", { class: "empty" }, "正在重新整理，稍候显示各行的变化…"));
      await new Promise((resolve) => setTimeout(resolve, 400));
      if (current()) answer = await X.get("/api/preview/" + question);
    }
    if (!current() || answer.gone) return places;
    holder.replaceChildren(...X.changes(answer));
  } catch (failure) {
    if (current()) holder.replaceChildren(X.el("div", { class: "problem" }, failure.message));
  }
  holder.dataset.ready = String(Number(holder.dataset.ready || 0) + 1);
  return places;
};

X.changes = (answer) => {
  if (!answer.total) return [X.el("div", { class: "empty" }, "各行没有变化。")];
  const more = answer.total > answer.changes.length ? `，列出${answer.changes.length}处` : "";
  return [
    X.el("div", { class: "empty" }, `更正后有${answer.total}处变化${more}：`),
    ...answer.changes.map((one) =>
      X.el("div", { class: "change" }, X.el("div", { class: "head" }, one.title), X.side(one.before, one.after, "minus"), X.side(one.after, one.before, "plus")),
    ),
  ];
};

X.side = (rows, others, kind) => {
  const gone = others.filter(([mark]) => mark === "-" || mark === "+").map(([, text]) => text);
  const side = X.el("div", { class: "side" });
  let at = 0;
  for (const [mark, text, more] of rows) {
    const changed = mark === "-" || mark === "+";
    const other = changed ? gone[at++] : undefined;
    side.append(X.el("div", { class: changed ? kind : "" }, ...X.differing(text, other), more ? X.el("small", {}, more) : ""));
  }
  return side;
};

// The part of a text in which it differs from the other, marked.
X.differing = (text, other) => {
  if (other === undefined) return [text];
  const [mine, theirs] = [[...text], [...other]];
  let start = 0;
  while (start < mine.length && start < theirs.length && mine[start] === theirs[start]) start++;
  let end = 0;
  while (end < mine.length - start && end < theirs.length - start && mine.at(-1 - end) === theirs.at(-1 - end)) end++;
  const middle = mine.slice(start, mine.length - end).join("");
  return [mine.slice(0, start).join(""), middle ? X.el("mark", {}, middle) : "", end ? mine.slice(-end).join("") : ""];
};
