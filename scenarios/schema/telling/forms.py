"""How members of a union are told apart where nothing but the form of a value does so."""

# They stand among the keys that an error of pydantic names.
FORMS = ("word", "keys", "ratio", "values")
