"use strict";
// The page's data: inflated, its columns made readable.

async function unpack(id) {
  const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// The key under which two texts count as the same, as pipeline/text.py has it.
function squeeze(text) {
  return String(text ?? "").normalize("NFKC").replace(/\p{Cf}|\s/gu, "").toLowerCase();
}

// An element with properties, whose children are elements or plain texts.
function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A cell as CSV; what a spreadsheet would run as a formula gets an apostrophe (pipeline/text.py: neutral).
function csvCell(value) {
  let text = value === null || value === undefined ? "" : String(value);
  if (typeof value === "string" && /^[=+\-@\t\r\n]/.test(text)) text = "'" + text;
  return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function saveCsv(name, rows) {
  const text = "\ufeff" + rows.map((row) => row.map(csvCell).join(",") + "\r\n").join("");
  const link = make("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
