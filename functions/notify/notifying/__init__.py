"""Processing of records: what to do with each record of a batch, decided and carried out."""
