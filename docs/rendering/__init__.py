"""Result pages from templates: every number on them comes from a shipped table or a JSON file, by a command."""
