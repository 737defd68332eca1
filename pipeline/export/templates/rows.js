// Tables of columns: reading, searching, filtering and sorting them. A row is its place in the table.

const collator = new Intl.Collator("zh", { numeric: true });

function openTables(data) {
  const keys = [];
  const keyOf = (text) => (keys[text] ??= squeeze(data.pool[text]));
  const tables = new Map();
  for (const table of data.tables) {
    table.count = table.columns[0].values.length;
    table.byCode = new Map(table.columns.map((column) => [column.code, column]));
    for (const column of table.columns) {
      const { values } = column;
      column.read = column.number ? (row) => values[row] : (row) => (values[row] === null ? null : data.pool[values[row]]);
      column.key = column.number ? (row) => String(values[row] ?? "") : (row) => (values[row] === null ? "" : keyOf(values[row]));
    }
    table.get = (row, code) => table.byCode.get(code)?.read(row) ?? null;
    table.rowOf = (key) => {
      table.rowsByKey ??= new Map(range(table.count).reverse().map((row) => [table.get(row, table.key), row]));
      return table.key === null ? Number(key) : table.rowsByKey.get(key);
    };
    tables.set(table.name, table);
  }
  return tables;
}

const range = (count) => Array.from({ length: count }, (_, at) => at);

// What a search looks into: all texts of a row that are shown without being asked for, and its codes.
function searched(table, row) {
  table.searched ??= [];
  return (table.searched[row] ??= table.columns
    .filter((column) => !column.number && !column.aside)
    .map((column) => column.key(row))
    .join("\n"));
}

// The rows that fit `wanted` (q, major, class, kind, tier, grade, doubt, sort), in order.
function select(table, wanted, majorOf, isDoubtful) {
  const tests = [];
  const equals = (code, value) => {
    const column = table.byCode.get(code);
    if (value && column) tests.push((row) => column.read(row) === value);
  };
  equals("class_code", wanted.class);
  equals("kind", wanted.kind);
  equals("tier", wanted.tier);
  if (wanted.major && table.byCode.has("major_code")) equals("major_code", wanted.major);
  else if (wanted.major && table.byCode.has("class_code"))
    tests.push((row) => majorOf.get(table.get(row, "class_code")) === wanted.major);
  const grades = table.byCode.get("grades") ?? table.byCode.get("grade");
  if (wanted.grade && grades)
    tests.push((row) => String(grades.read(row) ?? "").split("、").includes(wanted.grade));
  if (wanted.doubt) tests.push((row) => isDoubtful(table, row));
  for (const word of (wanted.q ?? "").split(/\s+/).map(squeeze).filter(Boolean))
    tests.push((row) => searched(table, row).includes(word));
  const found = [];
  for (let row = 0; row < table.count; row++) if (tests.every((fits) => fits(row))) found.push(row);
  return sorted(table, found, wanted.sort);
}

function sorted(table, rows, sort) {
  const down = sort?.startsWith("-");
  const column = table.byCode.get(sort?.replace(/^-/, ""));
  if (!column) return rows;
  let rank = (row) => column.values[row] ?? Infinity;
  if (!column.number) {
    // Texts are compared once each, not once a row.
    const texts = [...new Set(rows.map((row) => column.read(row) ?? ""))].sort(collator.compare);
    const places = new Map(texts.map((text, at) => [text, text === "" ? Infinity : at]));
    rank = (row) => places.get(column.read(row) ?? "");
  }
  const order = (one, other) => (one === other ? 0 : one === Infinity ? 1 : other === Infinity ? -1 : down ? other - one : one - other);
  return rows.map((row) => [rank(row), row]).sort((one, other) => order(one[0], other[0])).map((pair) => pair[1]);
}

// Open findings by the column and value that name their rows: entries and credentials share theirs.
function openDoubts(tables) {
  const doubts = new Map();
  const findings = tables.get("findings");
  for (let row = 0; findings && row < findings.count; row++) {
    const table = tables.get(findings.get(row, "table"));
    if (findings.get(row, "status") !== "open" || !table) continue;
    const keys = findings.get(row, "keys")?.split("\n") ?? [findings.get(row, "key")];
    for (const key of keys) {
      const place = table.key + "\n" + key;
      if (!doubts.has(place)) doubts.set(place, []);
      doubts.get(place).push(row);
    }
  }
  return (table, row) => doubts.get(table.key + "\n" + table.get(row, table.key)) ?? [];
}
