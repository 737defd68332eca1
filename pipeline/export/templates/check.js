// A pasted list is answered as `xize check --list` does: counts, nearly, or not.

const HEADERS = {
  class: ["专业类代码", "专业类", "专业类名称", "专业代码", "专业名称", "专业", "class", "class_code", "classcode"],
  name: ["证书名称", "证书", "名称", "资格名称", "证书全称", "name", "certificate", "certificatename"],
  grade: ["等级", "证书等级", "级别", "技能等级", "证书级别", "grade", "level"],
};
const ANSWERS = ["是否计入", "级次", "原文", "页码", "依据版本", "说明"];
const DIGITS = "零一二三四五";

// Rows of cells, parted by tabs (as copied from a spreadsheet) or else by commas; quotes hold a cell together.
function parseList(text) {
  const mark = text.includes("\t") ? "\t" : ",";
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    const row = rows.at(-1);
    if (quoted && char === '"' && text[at + 1] === '"') row[row.length - 1] += text[++at];
    else if (char === '"' && (quoted || row.at(-1) === "")) quoted = !quoted;
    else if (quoted) row[row.length - 1] += char;
    else if (char === mark || (mark === "," && char === "，")) row.push("");
    else if (char === "\n") rows.push([""]);
    else if (char !== "\r") row[row.length - 1] += char;
  }
  return rows.filter((row) => row.some((cell) => cell.trim()));
}

// Which column is what: by a header in the first row, else class, name, grade.
function columnsOf(first) {
  const titles = first.map((cell) => squeeze(cell).replace(/\(.*?\)/g, ""));
  const found = {};
  for (const [column, names] of Object.entries(HEADERS)) {
    const name = names.find((one) => titles.includes(one));
    if (name) found[column] = titles.indexOf(name);
  }
  const header = "class" in found && "name" in found;
  return { header, columns: header ? found : { class: 0, name: 1, grade: 2 } };
}

// One word that states a grade (5 … 1) or a level: 四级, 4, 中级工, 四级/中级工, 初级. Null for any other.
function gradeOf(word, grades) {
  const plain = squeeze(word).replace(/^国家职业资格/, "");
  const digit = /^([1-5一二三四五])(级)?(及以上)?$/.exec(plain);
  if (digit && (digit[2] || /\d/.test(digit[1]))) {
    const grade = DIGITS.includes(digit[1]) ? DIGITS.indexOf(digit[1]) : Number(digit[1]);
    return { grades: digit[3] ? range(grade).map((better) => grade - better) : [grade], level: null };
  }
  if (["初级", "中级", "高级"].includes(plain)) return { grades: [], level: plain };
  for (const [grade, label] of grades)
    if (label === plain || label.split("/").includes(plain)) return { grades: [grade], level: null };
  return null;
}

// A name that states its own grade: 农作物植保员(四级/中级工), 养老护理员(三级、二级), 公共营养师四级.
function statedIn(name, grades) {
  const plain = squeeze(name);
  const bracket = /^(.+)\(([^()]+)\)$/.exec(plain);
  const suffix = /^(.+?)([一二三四五]级)(证书)?$/.exec(plain);
  const [, head, words] = bracket ?? suffix ?? [];
  if (!head) return null;
  const whole = gradeOf(words, grades);
  const found = whole ? [whole] : words.split(/[/、,]/).map((word) => gradeOf(word, grades));
  if (found.includes(null)) return null;
  return { name: head, grades: found.flatMap((one) => one.grades), level: found.find((one) => one.level)?.level ?? null };
}

function openChecker(data, tables) {
  const credentials = tables.get("credentials");
  const entries = tables.get("entries");
  const classes = tables.get("classes");
  const byClass = new Map();
  const byName = new Map();
  for (let row = 0; row < credentials.count; row++) {
    const entry = entries.rowOf(credentials.get(row, "entry_id"));
    const one = { entry, text: entries.get(entry, "text"), page: entries.get(entry, "page") ?? null };
    for (const code of ["class_code", "class_name", "name", "issuer", "grade", "level", "tier"]) one[code] = credentials.get(row, code);
    const names = [one.text, one.name];
    if (one.issuer)
      names.push(one.issuer + one.name, `${one.issuer}:${one.name}`, `${one.name}(${one.issuer})`, one.text.replace(`${one.issuer}:`, ""));
    one.keys = new Set(names.map(squeeze));
    if (!byClass.has(one.class_code)) byClass.set(one.class_code, []);
    byClass.get(one.class_code).push(one);
    for (const key of one.keys) byName.set(key, [...(byName.get(key) ?? []), one]);
  }
  const codes = new Map();
  for (let row = 0; row < classes.count; row++)
    for (const code of ["name", "bachelor_code", "college_code", "class_code"]) {
      const key = squeeze(classes.get(row, code));
      if (!key) continue;
      if (!codes.has(key)) codes.set(key, new Set());
      codes.get(key).add(classes.get(row, "class_code"));
    }

  function answer(asked, name, gradeText) {
    const unclear = (why) => ["无法判断", "", "", "", data.name, why];
    const found = codes.get(squeeze(asked));
    if (!found) return unclear(`该版本没有专业类${asked}`);
    if (!squeeze(name)) return unclear("证书名称为空");
    const wanted = squeeze(gradeText) ? gradeOf(gradeText, data.grades) : { grades: [], level: null };
    if (!wanted) return unclear(`等级“${gradeText}”无法识别`);
    const rows = [...found].flatMap((code) => byClass.get(code) ?? []);
    let named = rows.filter((row) => row.keys.has(squeeze(name)));
    const stated = named.length ? null : statedIn(name, data.grades);
    if (stated) {
      named = rows.filter((row) => row.keys.has(stated.name));
      if (!wanted.grades.length) wanted.grades = stated.grades;
      wanted.level ??= stated.level;
    }
    const fits = named.filter((row) => fitting(row, wanted));
    if (fits.length) {
      const free = (wanted.grades.length || wanted.level) && fits.every((row) => row.grade === null && row.level === null);
      return told("是", fits, free ? "条目未写明等级，任何等级均计入" : "");
    }
    if (named.length) return told("相近", named, "名称相同，但所问等级不在其列");
    const elsewhere = byName.get(squeeze(name)) ?? [];
    const like = alike(rows, squeeze(stated?.name ?? name));
    const where = [...new Set(elsewhere.map((row) => `见于专业类${row.class_code}${row.class_name}`))].slice(0, 5);
    const near = [...elsewhere.slice(0, 5), ...like];
    return told(near.length ? "相近" : "否", near, where.join("；"));
  }

  function told(word, rows, why) {
    const tiers = word === "是" ? data.tiers.filter((tier) => rows.some((row) => row.tier === tier)) : [];
    const all = (code, mark) => [...new Set(rows.map((row) => row[code]).filter((value) => value !== null))].join(mark);
    return [word, tiers.join("、"), all("text", "；"), all("page", "、"), data.name, why];
  }

  return (text) => {
    const given = parseList(text);
    const { header, columns } = columnsOf(given[0] ?? []);
    const width = Math.max(3, ...given.map((row) => row.length));
    const titles = header ? given.shift() : ["专业类", "证书名称", "等级"];
    const wide = (row) => Array.from({ length: width }, (_, at) => row[at]?.trim() ?? "");
    const rows = given.map((row) => [...wide(row), ...answer(row[columns.class] ?? "", row[columns.name] ?? "", row[columns.grade] ?? "")]);
    return { titles: [...wide(titles), ...ANSWERS], rows, answerAt: width };
  };
}

// An entry without grade and level covers everything.
function fitting(row, wanted) {
  if (!wanted.grades.length && !wanted.level) return true;
  if (row.grade === null && row.level === null) return true;
  if (wanted.grades.length && row.grade !== null) return wanted.grades.includes(row.grade);
  return wanted.level !== null && row.level === wanted.level;
}

// The entries whose names share most pairs of characters with `name`, at least half of them.
function alike(rows, name) {
  const pairs = (text) => new Set(range(Math.max(1, text.length - 1)).map((at) => text.slice(at, at + 2)));
  const own = pairs(name);
  const scored = new Map();
  for (const row of rows) {
    const other = pairs(squeeze(row.name));
    const score = (2 * [...own].filter((pair) => other.has(pair)).length) / (own.size + other.size);
    if (score >= 0.5 && !scored.has(row.entry)) scored.set(row.entry, [score, row]);
  }
  return [...scored.values()].sort((one, two) => two[0] - one[0]).slice(0, 5).map((pair) => pair[1]);
}
