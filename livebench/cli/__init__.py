"""The commands: one file each; `main` wires them. Heavy libraries are imported inside the commands."""
