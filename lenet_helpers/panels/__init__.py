"""The panels: widgets over the rest of the package. They compute nothing themselves."""
