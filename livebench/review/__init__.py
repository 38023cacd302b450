"""From a folder to a row: writes a submission, checks it, and shows what it changes."""
