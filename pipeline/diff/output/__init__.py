"""What a reviewer of changes is given: the diff page, the workbook, the notice, and reading sign-offs back."""
