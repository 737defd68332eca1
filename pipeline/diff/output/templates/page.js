// What the pages share: a text as a search looks at it, whatever its case, width and blanks.
const fold = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
