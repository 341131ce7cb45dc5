"""Requirements: one testable statement of an RFC each, and the catalogue that holds them."""
