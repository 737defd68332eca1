"""Words of the field that readers and tidying both need: headings, catalogue header words, annex tables."""
