"""rocket_magic: a scheduler that lives in a notebook."""
