"""What everything that people read has in common: pages and their servers, Excel workbooks."""
