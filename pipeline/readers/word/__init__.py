"""Word files: the XML of a .docx (of .doc and .wps through LibreOffice) → staged cells, a paragraph a line."""
