"""The gate: what must be true of deliveries and reports before anybody sees them, and who waived it until when."""
