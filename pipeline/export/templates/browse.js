// The page itself: what the address says is what is shown.

const $ = (id) => document.getElementById(id);
const FILTERS = ["q", "major", "class", "kind", "tier", "grade", "doubt"];
const CHUNK = 100;

function start(data) {
  const tables = openTables(data);
  const doubtsOf = openDoubts(tables);
  const isDoubtful = (table, row) => doubtsOf(table, row).length > 0;
  const classes = tables.get("classes");
  const majorOf = new Map(range(classes.count).map((row) => [classes.get(row, "class_code"), classes.get(row, "major_code")]));
  const added = {}; // columns that the reader asked for or put away, by table
  let state = {};
  let table = null;
  let found = [];
  let shown = 0;
  let checker = null;
  let answered = null;

  function fromAddress() {
    const [name, rest] = location.hash.slice(1).split("?");
    const asked = new URLSearchParams(rest ?? "");
    state = Object.fromEntries([...FILTERS, "sort", "row"].map((code) => [code, asked.get(code) ?? ""]));
    state.table = tables.has(name) ? name : "entries";
  }

  function address(changes) {
    const wanted = { ...state, ...changes };
    const asked = new URLSearchParams([...FILTERS, "sort", "row"].map((code) => [code, wanted[code]]).filter((pair) => pair[1]));
    return `#${wanted.table}${asked.size ? "?" + asked : ""}`;
  }

  function go(changes) {
    history.replaceState(null, "", address(changes));
    show();
  }

  function options(select, pairs) {
    select.replaceChildren(make("option", { value: "" }, "全部"), ...pairs.map(([value, label]) => make("option", { value }, label)));
  }

  function fillFilters() {
    const has = (code) => table.byCode.has(code);
    const usable = { major: has("class_code") || has("major_code"), class: has("class_code"), kind: has("kind"), tier: has("tier"),
      grade: has("grades") || has("grade"), doubt: range(table.count).some((row) => isDoubtful(table, row)) };
    for (const [id, on] of Object.entries(usable)) $(id).closest("label").hidden = !on;
    const majors = tables.get("majors");
    options($("major"), range(majors.count).map((row) => [majors.get(row, "major_code"), majors.get(row, "major_code") + majors.get(row, "name")]));
    const own = range(classes.count).filter((row) => !state.major || classes.get(row, "major_code") === state.major);
    options($("class"), own.map((row) => [classes.get(row, "class_code"), classes.get(row, "class_code") + classes.get(row, "name")]));
    if (usable.kind) {
      const kinds = new Map(range(table.count).map((row) => [table.get(row, "kind"), table.get(row, "kind_label")]));
      options($("kind"), [...kinds]);
    }
    options($("tier"), data.tiers.map((tier) => [tier, tier]));
    options($("grade"), data.grades.map(([grade, label]) => [String(grade), label]));
    $("doubt").checked = state.doubt === "1";
    for (const code of FILTERS.filter((one) => one !== "doubt")) if ($(code).value !== state[code]) $(code).value = state[code];
    $("table").value = state.table;
  }

  function columns() {
    return table.columns.filter((column) => {
      const asked = added[table.name]?.[column.code];
      return asked ?? (!column.aside && column.values.some((value) => value !== null));
    });
  }

  function show() {
    const began = performance.now();
    fromAddress();
    table = tables.get(state.table);
    fillFilters();
    found = select(table, state, majorOf, isDoubtful);
    for (const link of $("tables").children) link.ariaCurrent = link.dataset.table === table.name ? "page" : null;
    $("count").textContent = `${table.title}：${found.length}行` + (found.length < table.count ? `（共${table.count}行）` : "");
    $("meaning").textContent = table.about;
    showHead();
    $("rows").tBodies[0].replaceChildren();
    shown = 0;
    more();
    if (state.row) detail(table, table.rowOf(state.row));
    document.body.dataset.took = (performance.now() - began).toFixed(1);
  }

  function showHead() {
    const heads = columns().map((column) => {
      const way = state.sort === column.code ? "ascending" : state.sort === "-" + column.code ? "descending" : "none";
      const mark = { ascending: " ▲", descending: " ▼", none: "" }[way];
      const button = make("button", { type: "button", title: column.about }, column.title + mark);
      button.onclick = () => go({ sort: way === "ascending" ? "-" + column.code : way === "descending" ? "" : column.code });
      return make("th", { scope: "col", ariaSort: way, className: column.number ? "number" : "" }, button);
    });
    $("rows").tHead.replaceChildren(make("tr", {}, make("th", { scope: "col" }, "疑点"), ...heads));
    const ticks = table.columns.map((column) => {
      const box = make("input", { type: "checkbox", checked: columns().includes(column) });
      box.onchange = () => { (added[table.name] ??= {})[column.code] = box.checked; show(); };
      return make("li", {}, make("label", {}, box, ` ${column.title}`), make("span", { className: "quiet" }, ` ${column.code}：${column.about}`));
    });
    $("columns").querySelector("ul").replaceChildren(...ticks);
  }

  function rowOf(row, chosen) {
    const doubts = doubtsOf(table, row);
    const findings = tables.get("findings");
    const why = doubts.map((one) => findings.get(one, "message")).join("\n");
    const mark = make("td", { className: "mark", title: why }, doubts.length ? "● 有疑点" : "");
    mark.dataset.title = "疑点";
    const cells = chosen.map((column) => {
      const cell = make("td", { className: column.number ? "number" : "" }, String(column.read(row) ?? ""));
      cell.dataset.title = column.title;
      return cell;
    });
    const made = make("tr", { tabIndex: 0 }, mark, ...cells);
    made.onclick = () => { if (!String(getSelection())) detail(table, row); };
    made.onkeydown = (event) => { if (event.key === "Enter") detail(table, row); };
    return made;
  }

  function more(count = CHUNK) {
    const chosen = columns();
    const next = found.slice(shown, shown + count);
    $("rows").tBodies[0].append(...next.map((row) => rowOf(row, chosen)));
    shown += next.length;
    $("more").textContent = shown < found.length ? `还有${found.length - shown}行，向下滚动即显示……` : found.length ? "" : "没有符合条件的行。";
  }

  function related(of, row) {
    const links = [];
    const to = (name, key, words) => {
      const other = tables.get(name);
      if (!other || key === null || other.rowOf(key) === undefined || (other === of && other.rowOf(key) === row)) return;
      const link = make("a", { href: `#${name}?row=${encodeURIComponent(key)}` }, `${other.title}：${words ?? key}`);
      link.onclick = (event) => { event.preventDefault(); detail(other, other.rowOf(key)); };
      links.push(make("li", {}, link));
    };
    const id = of.get(row, "entry_id");
    if (id && of.name !== "entries" && tables.get("entries").rowOf(id) !== undefined) to("entries", id, tables.get("entries").get(tables.get("entries").rowOf(id), "text"));
    if (of.name === "links") to(of.get(row, "table"), of.get(row, "row_id"));
    if (of.name === "findings") for (const key of of.get(row, "keys")?.split("\n") ?? [of.get(row, "key")]) to(of.get(row, "table"), key);
    const annexes = tables.get("links");
    if (of.name === "entries" && annexes)
      for (let at = 0; at < annexes.count; at++) if (annexes.get(at, "entry_id") === id) to(annexes.get(at, "table"), annexes.get(at, "row_id"));
    if (of.name !== "classes") to("classes", of.get(row, "class_code"), of.get(row, "class_name"));
    if (id) {
      const asked = encodeURIComponent(`${of.get(row, "name")} ${of.get(row, "class_code")}`);
      links.push(make("li", {}, make("a", { href: `../../index.html#${asked}` }, "历年情况（在发布所在的文件夹中）")));
    }
    return links.length ? make("div", {}, make("h3", {}, "相关"), make("ul", {}, ...links)) : null;
  }

  function detail(of, row) {
    if (row === undefined || Number.isNaN(row) || row >= of.count) return;
    const findings = tables.get("findings");
    const doubts = doubtsOf(of, row).map((one) =>
      make("p", { className: "finding " + findings.get(one, "severity") }, `${findings.get(one, "severity_label") ?? ""}：${findings.get(one, "message")}`));
    const terms = of.columns.filter((column) => column.read(row) !== null).flatMap((column) =>
      [make("dt", { title: column.about }, column.title), make("dd", {}, String(column.read(row)))]);
    const place = make("div", {});
    const box = ["page", "x0", "top", "x1", "bottom"].map((code) => of.get(row, code));
    if (!box.includes(null)) drawCrop(data.crops, box).then((canvas) => { if (canvas) place.append(make("h3", {}, `原件第${box[0]}页`), canvas); });
    const copy = make("button", { type: "button" }, "复制这一行的链接");
    const own = `#${of.name}?row=${encodeURIComponent(of.key === null ? row : of.get(row, of.key))}`;
    copy.onclick = () => copyText(location.href.split("#")[0] + own, copy);
    const body = $("detail").querySelector("div");
    const fields = make("dl", {}, ...terms);
    body.replaceChildren(...[make("h2", {}, of.title), ...doubts, place, fields, related(of, row), make("p", { className: "bar" }, copy)].filter(Boolean));
    if (!$("detail").open) $("detail").showModal();
    $("detail").scrollTop = 0;
  }

  function copyText(text, button) {
    const said = button.textContent;
    const done = (words) => { button.textContent = words; setTimeout(() => { button.textContent = said; }, 1500); };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => done("已复制"), () => prompt("链接：", text));
    else prompt("链接：", text);
  }

  function saveShown() {
    const chosen = columns();
    const findings = tables.get("findings");
    const doubts = (row) => doubtsOf(table, row).map((one) => findings.get(one, "message")).join("\n");
    const rows = found.map((row) => [...chosen.map((column) => column.read(row)), doubts(row)]);
    saveCsv(`${data.name}-${table.name}.csv`, [[...chosen.map((column) => column.title), "疑点"], ...rows]);
  }

  function judge() {
    checker ??= openChecker(data, tables);
    answered = checker($("given").value);
    const counts = new Map();
    const words = { 是: "yes", 否: "no" };
    const rows = answered.rows.map((row) => {
      counts.set(row[answered.answerAt], (counts.get(row[answered.answerAt]) ?? 0) + 1);
      return make("tr", {}, ...row.map((value, at) => {
        const cell = make("td", { className: at === answered.answerAt ? words[value] ?? "near" : "" }, value);
        cell.dataset.title = answered.titles[at];
        return cell;
      }));
    });
    const head = make("thead", {}, make("tr", {}, ...answered.titles.map((title) => make("th", { scope: "col" }, title))));
    $("judged").replaceChildren(rows.length ? make("table", {}, head, make("tbody", {}, ...rows)) : "");
    $("verdicts").textContent = `共${rows.length}行` + [...counts].map(([word, count]) => `，${word}${count}`).join("");
    $("answers").hidden = rows.length === 0;
  }

  for (const one of tables.values()) {
    const link = make("a", { href: `#${one.name}` }, make("span", {}, one.title), make("span", {}, String(one.count)));
    link.dataset.table = one.name;
    $("tables").append(link);
    $("table").append(make("option", { value: one.name }, `${one.title}（${one.count}）`));
  }
  $("table").onchange = () => { location.hash = $("table").value; };
  $("filters").onsubmit = (event) => event.preventDefault();
  for (const code of FILTERS) {
    const control = $(code);
    control.oninput = () => go({ [code]: code === "doubt" ? (control.checked ? "1" : "") : control.value, ...(code === "major" ? { class: "" } : {}) });
  }
  $("clear").onclick = () => { $("q").value = ""; go(Object.fromEntries([...FILTERS, "sort"].map((code) => [code, ""]))); };
  $("csv").onclick = saveShown;
  $("link").onclick = () => copyText(location.href, $("link"));
  $("print").onclick = () => print();
  $("list").onclick = () => $("check").showModal();
  $("judge").onclick = judge;
  $("answers").onclick = () => saveCsv(`${data.name}-核对.csv`, [answered.titles, ...answered.rows]);
  $("detail").onclose = () => { if (state.row) { history.replaceState(null, "", address({ row: "" })); state.row = ""; } };
  addEventListener("hashchange", show);
  addEventListener("beforeprint", () => more(found.length));
  new IntersectionObserver((seen) => { if (seen[0].isIntersecting && shown < found.length) more(); }, { rootMargin: "600px" }).observe($("more"));
  $("notice").hidden = true;
  $("page").hidden = false;
  show();
  document.body.dataset.ready = "1";
}

if (typeof DecompressionStream === "undefined") $("notice").textContent = "浏览器过旧，打不开本页：请用2023年5月以后的Chrome、Edge、Firefox或Safari。";
else unpack("data").then(start, (error) => { $("notice").textContent = `本页的数据打不开（${error.message}）：请重新取得该文件。`; });
