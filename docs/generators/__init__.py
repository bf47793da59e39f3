"""What the site is made of beside its pages: references from the program itself, and two small Sphinx extensions."""
